//! Techniques as rows: what each would leave of what the goal is measured by, and what it takes.

use super::{Cell, Column, Sheet};
use crate::Report;
use crate::render::advised::{self, change, changed, effort, metric};
use crate::report::{Advice, Costs};

/// A row for each technique that can be done.
pub(in crate::render) fn advice(report: &Report) -> Sheet {
    let rows: Vec<&Advice> = report.advice.iter().filter(|row| !row.refused).collect();
    let metric = metric(report.advice.first().map_or("", |first| first.goal.as_str()));
    let text = |text: Option<String>| text.map_or(Cell::Nothing, Cell::Text);
    let beside = |title: &str, of: fn(&Costs) -> Option<f64>| {
        Column::figures(title, rows.iter().map(|row| text(changed(row, of))))
    };
    let ratio = |row: &Advice| row.measured.as_ref().and_then(|measured| measured.ratio);
    let code = |row: &&Advice| row.command.clone().map_or(Cell::Nothing, Cell::Code);
    Sheet::new([
        Column::words("technique", rows.iter().map(|row| Some(row.technique.clone()))),
        Column::figures(metric.name, rows.iter().map(|row| Cell::Text(metric.amount(&row.after)))),
        Column::figures(
            "change",
            rows.iter().map(|row| row.gain.map_or(Cell::Unknown, |gain| Cell::Text(change(gain)))),
        ),
        beside("size", advised::size),
        beside("MACs", advised::macs),
        beside("time", advised::latency),
        Column::figures("measured time", rows.iter().map(|row| text(ratio(row).map(change)))),
        Column::words("takes", rows.iter().map(|row| Some(effort(row.needs).to_owned()))),
        Column::words("basis", rows.iter().map(|row| Some(row.basis.words().to_owned()))),
        Column { title: "command".into(), right: false, cells: rows.iter().map(code).collect() },
    ])
}
