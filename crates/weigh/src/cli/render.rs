//! `weigh render`: reports that were saved as JSON, shown again in any format.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use weigh::Report;

use super::{Outcome, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Saved reports
    #[arg(value_name = "REPORT", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    output: output::Args,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut reports = Vec::new();
    for file in &args.files {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        reports.extend(Report::read_all(&text).with_context(|| format!("{} is no report", file.display()))?);
    }
    args.output.show(&reports)?;
    Ok(ExitCode::SUCCESS)
}
