//! One row per model that is compared: exact counts in the units that titles name, times and ratios, `_low` and `_high` the
//! ends of an interval. Ratios are to the baseline.

use super::{row, word};
use crate::render::compared::{self, name};
use crate::report::{Comparison, Count, Report, Totals};

type Field = fn(&Report) -> Option<String>;

const COLUMNS: &[(&str, Field)] = &[
    ("model", |report| Some(name(report).to_owned())),
    ("baseline", |report| Some(report.comparisons.first()?.a.clone())),
    ("parameters", |report| total(report, |totals| totals.parameters.as_ref())),
    ("buffers", |report| total(report, |totals| totals.buffers.as_ref())),
    ("model_size_bytes", |report| total(report, |totals| totals.model_size.stored_bytes.as_ref())),
    ("macs", |report| total(report, |totals| totals.macs.as_ref())),
    ("flops", |report| total(report, |totals| totals.flops.as_ref())),
    ("other_ops", |report| total(report, |totals| totals.other_ops.as_ref())),
    ("bytes_moved", |report| total(report, |totals| totals.bytes_moved.as_ref())),
    ("peak_activation_bytes", |report| {
        total(report, |totals| totals.activations.as_ref()?.peak.as_ref().map(|peak| &peak.bytes))
    }),
    ("device_bytes", |report| total(report, |totals| totals.device_bytes.as_ref())),
    ("compute_complete", |report| Some(report.totals.as_ref()?.complete.compute.to_string())),
    ("memory_complete", |report| Some(report.totals.as_ref()?.complete.memory.to_string())),
    ("latency_ms", |report| number(found(report, "latency")?.b_value)),
    ("latency_low_ms", |report| number(found(report, "latency")?.b_ci.map(|[low, _]| low))),
    ("latency_high_ms", |report| number(found(report, "latency")?.b_ci.map(|[_, high]| high))),
    ("latency_basis", |report| found(report, "latency").and_then(basis)),
    ("latency_device", |report| found(report, "latency")?.device.clone()),
    ("throughput_per_second", |report| number(found(report, "throughput")?.b_value)),
    ("energy_mj", |report| number(found(report, "energy")?.b_value)),
    ("parameters_ratio", |report| number(found(report, "parameters")?.ratio)),
    ("model_size_ratio", |report| number(found(report, "model_size")?.ratio)),
    ("macs_ratio", |report| number(found(report, "macs")?.ratio)),
    ("peak_activation_ratio", |report| number(found(report, "peak_activations")?.ratio)),
    ("latency_ratio", |report| number(found(report, "latency")?.ratio)),
    ("latency_ratio_low", |report| number(found(report, "latency")?.ci.map(|[low, _]| low))),
    ("latency_ratio_high", |report| number(found(report, "latency")?.ci.map(|[_, high]| high))),
    ("verdict", |report| word(found(report, "latency")?.verdict?)),
    ("throughput_ratio", |report| number(found(report, "throughput")?.ratio)),
    ("energy_ratio", |report| number(found(report, "energy")?.ratio)),
    ("dominated_by", |report| report.dominated_by.clone()),
    ("notes", |report| Some(notes(report))),
];

/// Whether the reports are of models beside a baseline.
pub(super) fn are_all(reports: &[Report]) -> bool {
    compared::of(reports).is_some()
}

/// The heading and a row for each report.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.iter().map(|(title, _)| (*title).to_owned()));
    let line = |report: &Report| row(COLUMNS.iter().map(|(_, field)| field(report).unwrap_or_default()));
    std::iter::once(heading).chain(reports.iter().map(line)).collect()
}

fn total(report: &Report, count: fn(&Totals) -> Option<&Count>) -> Option<String> {
    Some(count(report.totals.as_ref()?)?.exact())
}

/// The first comparison of a metric: of this machine, where there is one.
fn found<'r>(report: &'r Report, metric: &str) -> Option<&'r Comparison> {
    report.comparisons.iter().find(|found| found.metric == metric)
}

fn number(value: Option<f64>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn basis(found: &Comparison) -> Option<String> {
    word(found.basis?)
}

fn notes(report: &Report) -> String {
    let each = report
        .comparisons
        .iter()
        .flat_map(|found| found.notes.iter().map(|note| format!("{}: {note}", found.metric)));
    each.collect::<Vec<_>>().join("; ")
}
