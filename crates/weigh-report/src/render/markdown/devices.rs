//! Devices: one with every figure, several as a table.

use super::parts::table;
use super::plain;
use crate::Report;
use crate::render::devices;
use crate::report::DeviceInfo;

pub(super) fn tables(report: &Report) -> String {
    match report.devices.as_slice() {
        [] => String::new(),
        [device] => one(device),
        several => overview(several),
    }
}

fn overview(several: &[DeviceInfo]) -> String {
    let rows = several.iter().map(|device| {
        let name = [plain(&device.name), plain(&device.class)];
        let cells = devices::cells(device).map(|cell| plain(&cell.unwrap_or_default()));
        name.into_iter().chain(cells).collect()
    });
    let figures = devices::COLUMNS.map(|title| format!(">{title}"));
    let titles: Vec<&str> =
        ["device", "class"].into_iter().chain(figures.iter().map(String::as_str)).collect();
    table(&titles, rows)
}

fn one(device: &DeviceInfo) -> String {
    let facts: Vec<String> = devices::facts(device).iter().map(|fact| plain(fact)).collect();
    let rows = devices::rows(device).into_iter().map(|row| {
        let note = row.grounds.note.as_deref().map(plain).unwrap_or_default();
        let basis = row.grounds.basis.name().to_owned();
        vec![plain(&row.label), plain(&row.shown), basis, plain(&devices::origin(row.grounds)), note]
    });
    let table = table(&["figure", ">value", "basis", "source", "note"], rows);
    let unknown =
        device.unknown.iter().map(|(field, why)| format!("\n- {} is unknown: {}", plain(field), plain(why)));
    let unknown: String = unknown.collect();
    let end = if unknown.is_empty() { "" } else { "\n" };
    format!("## {}\n\n{}\n{table}{unknown}{end}", plain(&device.title), facts.join(", "))
}
