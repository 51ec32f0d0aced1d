//! What to change: a row for each technique, then what cannot be done.

use super::parts::{item, sheet};
use super::plain;
use crate::Report;
use crate::render::sheets;
use crate::report::Advice;

pub(super) fn tables(report: &Report) -> String {
    let Some(first) = report.advice.first() else { return String::new() };
    let (refused, done): (Vec<&Advice>, Vec<&Advice>) = report.advice.iter().partition(|row| row.refused);
    let mut page = format!("\nAdvice for {}:\n", plain(&first.goal));
    page.push_str(&sheet(&sheets::advice(report)));
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
