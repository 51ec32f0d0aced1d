//! One row per technique, with costs before and after in base units.

use super::row;
use crate::render::advised;
use crate::report::{Advice, Count, Report};

const COLUMNS: [&str; 25] = [
    "model",
    "technique",
    "goal",
    "gain",
    "predicted_gain",
    "basis",
    "needs",
    "refused",
    "macs_before",
    "macs_after",
    "parameters_before",
    "parameters_after",
    "bytes_before",
    "bytes_after",
    "peak_bytes_before",
    "peak_bytes_after",
    "device_bytes_before",
    "device_bytes_after",
    "latency_ms_before",
    "latency_ms_after",
    "measured_ratio",
    "relative_output_difference",
    "layers",
    "command",
    "notes",
];

/// Whether there is nothing but advice to write.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| !report.advice.is_empty())
        && reports.iter().all(|report| report.layers.is_empty())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.map(str::to_owned));
    let rows = reports.iter().flat_map(|report| {
        let model = report.model.as_ref().map_or("", |model| &model.name);
        report.advice.iter().map(move |advice| line(model, advice))
    });
    std::iter::once(heading).chain(rows).collect()
}

fn line(model: &str, advice: &Advice) -> String {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let exact = |count: &Option<Count>| count.as_ref().map(Count::exact).unwrap_or_default();
    let (before, after) = (&advice.before, &advice.after);
    let measured = advice.measured.as_ref();
    row([
        model.to_owned(),
        advice.technique.clone(),
        advice.goal.clone(),
        number(advice.gain),
        number(advice.predicted_gain),
        advice.basis.name().to_owned(),
        advised::effort(advice.needs).to_owned(),
        advice.refused.to_string(),
        exact(&before.macs),
        exact(&after.macs),
        exact(&before.parameters),
        exact(&after.parameters),
        exact(&before.bytes),
        exact(&after.bytes),
        exact(&before.peak_bytes),
        exact(&after.peak_bytes),
        exact(&before.device_bytes),
        exact(&after.device_bytes),
        number(before.latency_ms),
        number(after.latency_ms),
        number(measured.and_then(|measured| measured.ratio)),
        number(measured.and_then(|measured| measured.relative_output_difference)),
        advice.applies_to.join(" "),
        advice.command.clone().unwrap_or_default(),
        advice.notes.join("; "),
    ])
}
