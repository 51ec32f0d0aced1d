//! `weigh inspect`: what can be known without running a model.

use std::process::ExitCode;

use super::{FAILED, Outcome, models, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    models: models::Args,

    #[command(flatten)]
    output: output::Args,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let (reports, all_good) =
        models::weigh_all(&args.models, |weighed| weigh::describe(&weighed.opened, &weighed.facts))?;
    if !reports.is_empty() {
        args.output.show(&reports)?;
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
