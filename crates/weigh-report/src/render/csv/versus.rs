//! One row per pair of sides that were run against each other, values in the unit of a column of its own; `_low` and `_high`
//! are the ends of an interval. A ratio is b / a.

use super::{row, word};
use crate::render::verdicts::{is_rate, is_versus};
use crate::report::{Comparison, Interval, Report};

type Field = fn(&Comparison) -> Option<String>;

const COLUMNS: &[(&str, Field)] = &[
    ("a", |found| Some(found.a.clone())),
    ("a_setting", |found| found.a_setting.clone()),
    ("b", |found| Some(found.b.clone())),
    ("b_setting", |found| found.b_setting.clone()),
    ("metric", |found| Some(found.metric.clone())),
    ("unit", |found| Some(if is_rate(found) { "/s" } else { "ms" }.to_owned())),
    ("a_value", |found| text(found.a_value?)),
    ("a_low", |found| end(found.a_ci, 0)),
    ("a_high", |found| end(found.a_ci, 1)),
    ("a_min", |found| text(found.a_min?)),
    ("b_value", |found| text(found.b_value?)),
    ("b_low", |found| end(found.b_ci, 0)),
    ("b_high", |found| end(found.b_ci, 1)),
    ("b_min", |found| text(found.b_min?)),
    ("ratio", |found| text(found.ratio?)),
    ("ratio_low", |found| end(found.ci, 0)),
    ("ratio_high", |found| end(found.ci, 1)),
    ("verdict", |found| word(found.verdict?)),
    ("band", |found| text(found.band?)),
    ("detectable", |found| text(found.detectable?)),
    ("pairs", |found| text(found.pairs?)),
    ("processes", |found| text(found.processes?)),
    ("output_difference", |found| text(found.output_difference?)),
    ("relative_output_difference", |found| text(found.relative_output_difference?)),
    ("notes", |found| Some(found.notes.join("; "))),
];

/// Whether there is nothing to write but such pairs.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| report.comparisons.iter().any(is_versus))
        && reports.iter().all(|report| report.layers.is_empty() && report.measurements.is_empty())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.iter().map(|(title, _)| (*title).to_owned()));
    let line = |found: &Comparison| row(COLUMNS.iter().map(|(_, field)| field(found).unwrap_or_default()));
    let found = reports.iter().flat_map(|report| &report.comparisons).filter(|found| is_versus(found));
    std::iter::once(heading).chain(found.map(line)).collect()
}

fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

fn end(interval: Option<Interval>, end: usize) -> Option<String> {
    interval?.get(end).map(f64::to_string)
}
