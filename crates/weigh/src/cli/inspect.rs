//! `weigh inspect`: what can be known without running a model.

use std::process::ExitCode;

use super::{FAILED, Outcome, conventions, models, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    models: models::Args,

    #[command(flatten)]
    output: output::Args,

    #[command(flatten)]
    conventions: conventions::Args,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let options = args.models.assume.options()?;
    let (reports, all_good) = models::weigh_all(&args.models, |weighed| {
        let mut report = weigh::describe(&weighed.opened, &weighed.facts);
        args.conventions.add_to(&mut report, &weighed.opened, &options);
        report
    })?;
    if !reports.is_empty() {
        args.output.show(&reports)?;
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
