//! One row per figure of each device, in base units.

use super::row;
use crate::render::devices;
use crate::report::{DeviceInfo, Report};

const COLUMNS: [&str; 13] = [
    "device",
    "title",
    "class",
    "vendor",
    "released",
    "figure",
    "value",
    "unit",
    "basis",
    "source",
    "publisher",
    "date",
    "note",
];

/// Whether there is nothing but devices to write.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| !report.devices.is_empty())
        && reports.iter().all(|report| report.layers.is_empty() && report.measurements.is_empty())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.map(str::to_owned));
    let rows = reports.iter().flat_map(|report| &report.devices).flat_map(figures);
    std::iter::once(heading).chain(rows).collect()
}

fn figures(device: &DeviceInfo) -> Vec<String> {
    let line = |figure: devices::Row<'_>| {
        let grounds = figure.grounds;
        let place = grounds.place.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
        row([
            device.name.clone(),
            device.title.clone(),
            device.class.clone(),
            device.vendor.clone().unwrap_or_default(),
            device.released.map(|year| year.to_string()).unwrap_or_default(),
            figure.label,
            figure.value.to_string(),
            figure.unit.to_owned(),
            grounds.basis.name().to_owned(),
            format!("{}{place}", grounds.source),
            grounds.publisher.clone().unwrap_or_default(),
            grounds.date.clone(),
            grounds.note.clone().unwrap_or_default(),
        ])
    };
    devices::rows(device).into_iter().map(line).collect()
}
