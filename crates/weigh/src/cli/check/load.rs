//! What a path holds: a model, or saved reports.

use weigh::{Options, Report};

use super::super::models::{self, Weighed};
use super::super::reports;

/// What was found at a path.
pub(super) enum Loaded {
    Model(Box<Weighed>),
    Reports(Vec<Report>),
}

/// Opens a model and analyses it, or reads saved reports.
pub(super) fn load(path: &str, options: &Options) -> anyhow::Result<Loaded> {
    if !reports::is_report(path) {
        return Ok(Loaded::Model(Box::new(models::weigh_one(path, options)?)));
    }
    let mut reports = reports::read(path)?;
    reports.iter_mut().for_each(|report| report.verdicts.clear());
    Ok(Loaded::Reports(reports))
}
