//! What to change: a row for each technique, then what cannot be done.

use super::parts::{item, table};
use super::plain;
use crate::Report;
use crate::render::advised::{self, change, changed, effort, metric};
use crate::report::Advice;

pub(super) fn tables(report: &Report) -> String {
    let Some(first) = report.advice.first() else { return String::new() };
    let metric = metric(&first.goal);
    let (refused, done): (Vec<&Advice>, Vec<&Advice>) = report.advice.iter().partition(|row| row.refused);
    let title = format!(">{}", metric.name);
    let titles = [
        "technique",
        &title,
        ">change",
        ">size",
        ">MACs",
        ">time",
        ">measured time",
        "takes",
        "basis",
        "command",
    ];
    let beside = |row: &Advice, of| changed(row, of).unwrap_or_default();
    let ratio = |row: &Advice| row.measured.as_ref().and_then(|measured| measured.ratio);
    let rows = done.iter().map(|row| {
        vec![
            plain(&row.technique),
            plain(&metric.amount(&row.after)),
            row.gain.map_or("?".to_owned(), change),
            beside(row, advised::size),
            beside(row, advised::macs),
            beside(row, advised::latency),
            ratio(row).map(change).unwrap_or_default(),
            effort(row.needs).to_owned(),
            row.basis.words().to_owned(),
            row.command
                .as_ref()
                .map(|command| format!("`{}`", command.replace('`', "'")))
                .unwrap_or_default(),
        ]
    });
    let mut page = format!("\nAdvice for {}:\n", plain(&first.goal));
    page.push_str(&table(&titles, rows));
    let notes = done.iter().flat_map(|row| row.notes.iter().map(|note| format!("{}: {note}", row.technique)));
    let lists: String = notes.map(|note| item(&note)).collect();
    page.push_str(&if lists.is_empty() { String::new() } else { format!("\n{lists}") });
    if !refused.is_empty() {
        page.push_str("\nNot done:\n\n");
        let why = |row: &&Advice| row.notes.first().cloned().unwrap_or_default();
        page.extend(refused.iter().map(|row| item(&format!("{}: {}", row.technique, why(row)))));
    }
    page
}
