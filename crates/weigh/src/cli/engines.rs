//! `weigh engines`: what runs models here, where it was found, and what is missing for the rest.

use std::path::PathBuf;
use std::process::ExitCode;

use weigh::Report;
use weigh_engine::Engine;

use super::{Hinted, Outcome, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Output format
    #[arg(long, default_value = "table", value_parser = output::formats())]
    format: String,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let report = Report { engines: weigh::engines(), ..Report::default() };
    output::Args::plain(&args.format, args.output.clone()).show(&[report])?;
    Ok(ExitCode::SUCCESS)
}

/// What commands that run models take for an engine.
pub(crate) fn names() -> clap::builder::PossibleValuesParser {
    let names = weigh_engine::engines().iter().map(|engine| engine.name());
    std::iter::once("auto").chain(names).map(clap::builder::PossibleValue::new).collect::<Vec<_>>().into()
}

/// The engine of that name, where it is usable.
pub(crate) fn named(name: &str) -> anyhow::Result<&'static dyn Engine> {
    let found = if name == "auto" { Some(weigh_engine::automatic()) } else { weigh_engine::engine(name) };
    let engine = found.ok_or_else(|| Hinted::new(format!("no engine '{name}'"), "see `weigh engines`"))?;
    match engine.installation() {
        Ok(_) => Ok(engine),
        Err(missing) => {
            Err(Hinted::new(format!("{name} is not usable here: {}", missing.reason), missing.hint).into())
        }
    }
}
