//! Reports that were saved as JSON.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use weigh::Report;

use super::Hinted;

/// Whether a path is one of saved reports and not of a model: by its ending, or because it holds JSON, which no model
/// begins with.
pub(crate) fn is_report(path: &str) -> bool {
    let has_ending = Path::new(path).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    has_ending || begins_with_brace(path)
}

fn begins_with_brace(path: &str) -> bool {
    let mut start = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let text = start[..read].strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start[..read]);
    text.trim_ascii_start().starts_with(b"{")
}

/// The reports in a file.
pub(crate) fn read(path: &str) -> anyhow::Result<Vec<Report>> {
    let refuse = |error: &dyn std::error::Error| {
        let causes: Vec<String> =
            std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
        let hint = "a report is what commands write with --format json -o FILE";
        anyhow::Error::from(Hinted::new(format!("{path} is no report: {}", causes.join(": ")), hint))
    };
    let text = fs::read_to_string(path).map_err(|error| refuse(&error))?;
    Report::read_all(&text).map_err(|error| refuse(&error))
}
