//! How sure the ratios of latencies are: a table of its own, a row for each model and place.

use super::{Cell, Column, Compared, elsewhere, name, ratio_text, text};
use crate::render::ink::Role;
use crate::render::{numbers, verdicts};
use crate::report::{Basis, Comparison, ComparisonVerdict};

impl Compared<'_> {
    /// The columns of a second table: how sure the ratios of latencies are, a row for each model and place.
    pub(in crate::render) fn latency_ratios(&self) -> Vec<Column> {
        let others = self.reports.iter().filter(|report| name(report) != self.baseline);
        let rows: Vec<&Comparison> = others
            .flat_map(|report| &report.comparisons)
            .filter(|found| found.metric == "latency" && found.ratio.is_some())
            .collect();
        if rows.is_empty() {
            return Vec::new();
        }
        let column = |title: &str, rank: u8, cell: fn(&Comparison) -> (Role, String)| {
            text(title, rank, rows.iter().map(|found| cell(found)))
        };
        let ratio = |found: &&Comparison| {
            (Role::Value, found.ratio.map_or(Cell::Nothing, |ratio| Cell::digits(ratio_text(ratio))))
        };
        let interval = |found: &&Comparison| {
            let ends = found.ci.map(|ends| Cell::Interval(ends.map(|end| format!("{end:.2}"))));
            (Role::Dim, ends.unwrap_or(Cell::Nothing))
        };
        let detectable = |found: &Comparison| {
            let least = found.detectable.map(|least| format!("could see {}", numbers::share(least)));
            (Role::Dim, least.unwrap_or_default())
        };
        let outputs = |found: &Comparison| {
            let outputs = verdicts::outputs(found).map(|text| format!("outputs {text}"));
            (Role::Dim, outputs.unwrap_or_default())
        };
        vec![
            column("latency", 0, |found| (Role::Plain, found.b.clone())),
            Column::new("× baseline".into(), true, 0, rows.iter().map(ratio)),
            Column::new("95 % CI".into(), false, 1, rows.iter().map(interval)),
            column("", 0, |found| verdict(found.verdict)),
            column("", 2, |found| (Role::Dim, how(found))),
            column("", 3, detectable),
            column("", 4, outputs),
        ]
    }
}

/// How a latency was compared.
fn how(found: &Comparison) -> String {
    match (found.pairs, found.basis, elsewhere(found)) {
        (Some(pairs), _, _) => format!("in turns, {pairs} pairs"),
        (None, Some(Basis::Predicted), Some(device)) => format!("predicted on {device}"),
        (None, Some(Basis::Predicted), None) => "predicted".to_owned(),
        (None, _, _) => "measured apart".to_owned(),
    }
}

fn verdict(verdict: Option<ComparisonVerdict>) -> (Role, String) {
    let (role, word) = match verdict {
        Some(ComparisonVerdict::Faster) => (Role::Good, "faster"),
        Some(ComparisonVerdict::Slower) => (Role::Bad, "slower"),
        Some(ComparisonVerdict::Same) => (Role::Plain, "same"),
        Some(ComparisonVerdict::Unclear) => (Role::Warn, "unclear"),
        None => (Role::Plain, ""),
    };
    (role, word.to_owned())
}
