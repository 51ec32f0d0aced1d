//! `weigh render`: reports that were saved as JSON, shown again in any format.

use std::process::ExitCode;

use super::{Outcome, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Saved reports
    #[arg(value_name = "REPORT", required = true)]
    files: Vec<String>,

    #[command(flatten)]
    output: output::Args,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut reports = Vec::new();
    for file in &args.files {
        reports.extend(super::reports::read(file)?);
    }
    args.output.show(&reports)?;
    Ok(ExitCode::SUCCESS)
}
