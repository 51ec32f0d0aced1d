//! `weigh inspect --annotate`: a copy of a model's file with its figures in it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use weigh::{Annotated, Options};

use super::{Hinted, Outcome, models, output};

/// Writes the copy of the one model and says what is in it.
pub(super) fn run(paths: &[String], options: &Options, to: Option<&Path>) -> Outcome {
    let ([path], Some(to)) = (paths, to) else {
        return Err(Hinted::new("--annotate writes one file", "name one MODEL, and -o FILE").into());
    };
    let opened = models::weigh_one(path, options)?.opened;
    let annotated =
        weigh::annotate(&opened, options, to).with_context(|| format!("{path} was not annotated"))?;
    output::write(None, said(&annotated, to).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn said(annotated: &Annotated, to: &Path) -> String {
    let Annotated { report, nodes, left_behind } = annotated;
    let mut lines = vec![format!("{}: figures of the model and of its {nodes} nodes", to.display())];
    lines.extend(report.bindings.iter().map(|(symbol, value)| {
        let assumed = if report.assumed.contains(symbol) { " (assumed)" } else { "" };
        format!("counted at {symbol} = {value}{assumed}")
    }));
    lines.extend(report.coverage.iter().filter(|coverage| coverage.priced < coverage.nodes).map(
        |coverage| {
            let unpriced = coverage.nodes.saturating_sub(coverage.priced);
            format!("{unpriced} nodes have no known cost: theirs is left out, and totals are lower bounds")
        },
    ));
    lines.extend(left_behind.iter().map(|name| {
        format!(
            "weights stay in {name}, which is not beside the copy: it cannot be run before that lies there"
        )
    }));
    lines.iter().map(|line| output::visible(line) + "\n").collect()
}
