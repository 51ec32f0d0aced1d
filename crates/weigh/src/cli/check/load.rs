//! What a path holds: a model, or saved reports.

use std::fs::{self, File};
use std::io::Read;

use anyhow::Context;
use weigh::{Options, Report};

use super::super::models::{self, Weighed};

/// What was found at a path.
pub(super) enum Loaded {
    Model(Box<Weighed>),
    Reports(Vec<Report>),
}

/// Opens a model and analyses it, or reads saved reports.
pub(super) fn load(path: &str, options: &Options) -> anyhow::Result<Loaded> {
    if !is_report(path) {
        return Ok(Loaded::Model(Box::new(models::weigh_one(path, options)?)));
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let mut reports = Report::read_all(&text).with_context(|| format!("{path} is no report"))?;
    reports.iter_mut().for_each(|report| report.verdicts.clear());
    Ok(Loaded::Reports(reports))
}

/// A report is JSON, and no model begins with a brace.
fn is_report(path: &str) -> bool {
    let mut start = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let text = start[..read].strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start[..read]);
    text.trim_ascii_start().starts_with(b"{")
}
