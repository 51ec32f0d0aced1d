//! One row per engine.

use super::row;
use crate::report::Report;

const COLUMNS: [&str; 7] = ["engine", "usable", "default", "version", "providers", "library", "reason"];

/// Whether there is nothing but engines to write.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| !report.engines.is_empty())
        && reports.iter().all(|report| report.layers.is_empty() && report.measurements.is_empty())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.map(str::to_owned));
    let rows = reports.iter().flat_map(|report| &report.engines).map(|engine| {
        row([
            engine.name.clone(),
            engine.usable.to_string(),
            engine.default.to_string(),
            engine.version.clone().unwrap_or_default(),
            engine.providers.join(" "),
            engine.library.clone().unwrap_or_default(),
            engine.reason.clone().unwrap_or_default(),
        ])
    });
    std::iter::once(heading).chain(rows).collect()
}
