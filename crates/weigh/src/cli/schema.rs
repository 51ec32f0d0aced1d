//! `weigh schema`: the JSON schema of reports.

use std::process::ExitCode;

use super::{Outcome, output};

pub(crate) fn run() -> Outcome {
    let schema = serde_json::to_value(weigh::report::schema())?;
    output::write(None, format!("{schema:#}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
