//! One row per verdict, in the unit of a column of its own; an interval is two columns.

use super::row;
use crate::render::requirements::{causes, word};
use crate::report::{Basis, Report, Verdict};

const COLUMNS: [&str; 17] = [
    "model",
    "requirement",
    "metric",
    "source",
    "configuration",
    "status",
    "actual",
    "actual_low",
    "actual_high",
    "actual_is_lower_bound",
    "limit",
    "baseline",
    "unit",
    "margin",
    "capacity_per_second",
    "basis",
    "remarks",
];

/// Whether there is nothing but verdicts to write.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| !report.verdicts.is_empty())
        && reports.iter().all(|report| {
            report.layers.is_empty() && report.measurements.is_empty() && report.predictions.is_empty()
        })
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.map(str::to_owned));
    let rows =
        reports.iter().flat_map(|report| report.verdicts.iter().map(move |verdict| line(report, verdict)));
    std::iter::once(heading).chain(rows).collect()
}

fn line(report: &Report, verdict: &Verdict) -> String {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let remarks: Vec<String> = verdict.notes.iter().cloned().chain(causes(verdict)).collect();
    row([
        report.model.as_ref().map(|model| model.name.clone()).unwrap_or_default(),
        verdict.requirement.clone(),
        verdict.metric.clone(),
        verdict.source.clone().unwrap_or_default(),
        verdict.configuration.clone().unwrap_or_default(),
        word(verdict.status).to_owned(),
        number(verdict.actual),
        number(verdict.actual_ci.map(|[low, _]| low)),
        number(verdict.actual_ci.map(|[_, high]| high)),
        verdict.actual_is_lower_bound.to_string(),
        number(verdict.limit),
        number(verdict.baseline),
        verdict.unit.clone(),
        number(verdict.margin),
        number(verdict.capacity_per_second),
        verdict.basis.map(Basis::name).unwrap_or_default().to_owned(),
        remarks.join("; "),
    ])
}
