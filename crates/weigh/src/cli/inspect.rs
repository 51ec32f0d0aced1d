//! `weigh inspect`: what can be known without running a model.

use std::process::ExitCode;

use super::{FAILED, Outcome, models, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    models: models::Args,

    /// Show memory over the steps: what is alive when, and in JSON a plan with an offset for every tensor
    #[arg(long, help_heading = "Output")]
    memory: bool,

    #[command(flatten)]
    output: output::Args,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let (reports, all_good) = models::weigh_all(&args.models, |weighed| weigh::Report {
        memory: args.memory.then(|| weigh::describe_memory(&weighed.opened, &weighed.facts)),
        ..weigh::describe(&weighed.opened, &weighed.facts)
    })?;
    if !reports.is_empty() {
        args.output.show(&reports)?;
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
