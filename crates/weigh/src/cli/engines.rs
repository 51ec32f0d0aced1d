//! `weigh engines`: what runs models here, where it was found, and what is missing for the rest.

use std::path::PathBuf;
use std::process::ExitCode;

use weigh::Report;

use super::{Outcome, output};

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
