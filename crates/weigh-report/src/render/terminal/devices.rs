//! Devices: one with every figure and where it is from, several as a table for each class.

use super::panel::{Panel, Row, TEXT};
use crate::Report;
use crate::render::devices;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::report::{DeviceInfo, FigureBasis};

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    match report.devices.as_slice() {
        [] => Vec::new(),
        [device] => one(device, ink),
        several => table(several, ink),
    }
}

/// A grid for each class, in the order in which classes come.
fn table(several: &[DeviceInfo], ink: &Ink) -> Vec<Line> {
    let mut lines = Vec::new();
    for group in several.chunk_by(|a, b| a.class == b.class) {
        let class =
            group.first().map(|device| ink.name(&device.class.to_uppercase(), 20)).unwrap_or_default();
        // Where there is no room the price gives way first, then the rent, the power, the bandwidth, int8.
        let ranks = [0, 0, 1, 0, 2, 3, 5, 4];
        let columns = devices::COLUMNS.into_iter().zip(ranks);
        let columns = columns.map(|(title, rank)| Column::right(title).rank(rank));
        let mut grid = Grid::new([Column::left(class).shrinks_to(24)].into_iter().chain(columns).collect());
        for device in group {
            let cell = |cell: Option<String>| match cell {
                Some(value) => (Role::Plain, ink.text(&value)),
                None => (Role::Dim, "-".to_owned()),
            };
            let name = (Role::Plain, ink.name(&device.name, ink.width));
            grid.row([name].into_iter().chain(devices::cells(device).map(cell)).collect());
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(grid.lines(ink));
    }
    let legend =
        "rates are operations per second on dense matrices, a multiply-accumulate as two; - is no figure";
    lines.push(Line::default());
    lines.extend(ink.sentence(legend, ink.width).into_iter().map(|line| Line::new(Role::Dim, line)));
    lines
}

/// Every figure, then the notes on figures, then what is unknown on purpose.
fn one(device: &DeviceInfo, ink: &Ink) -> Vec<Line> {
    let mut lines = vec![Line::new(Role::Title, ink.name(&device.title, ink.width))];
    let facts = ink.all_facts(&devices::facts(device), ink.width.saturating_sub(2));
    lines.extend(facts.into_iter().map(|facts| Line::new(Role::Dim, format!("  {facts}"))));
    lines.push(Line::default());
    let rows = devices::rows(device);
    let mut grid = Grid::new(vec![
        Column::left("FIGURE").shrinks_to(20),
        Column::right("value"),
        Column::left("basis"),
        Column::left("source").shrinks_to(20),
    ]);
    for row in &rows {
        let role = match row.grounds.basis {
            FigureBasis::Estimate => Role::Warn,
            _ => Role::Plain,
        };
        grid.row(vec![
            (Role::Plain, ink.name(&row.label, ink.width)),
            (Role::Value, ink.text(&row.shown)),
            (role, row.grounds.basis.name().to_owned()),
            (Role::Dim, ink.name(&devices::origin(row.grounds), 120)),
        ]);
    }
    lines.extend(grid.lines(ink));
    let mut panel = Panel { heading: "", subject: Vec::new(), rows: Vec::new() };
    let room = ink.width.saturating_sub(TEXT);
    // Size and bandwidth of a memory share a note: once is enough.
    let mut said = None;
    for row in &rows {
        let Some(note) = row.grounds.note.as_deref() else { continue };
        if said.replace(note) != Some(note) {
            let text = format!("{}: {note}", row.label);
            panel.rows.extend(Row::paragraph("note", Role::Plain, ink.sentence(&text, room)));
        }
    }
    for (field, why) in &device.unknown {
        let text = format!("{field}: {why}");
        panel.rows.extend(Row::paragraph("unknown", Role::Warn, ink.sentence(&text, room)));
    }
    lines.extend(panel.lines(ink, ink.width));
    lines
}
