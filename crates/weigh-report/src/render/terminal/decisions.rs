//! What follows from the facts: comparisons, advice.

use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{self, Kind, share, time};
use crate::render::verdicts::is_versus;
use crate::report::{Basis, ComparisonVerdict, Costs};

/// Comparisons of facts; those that were run against each other have a section of their own.
pub(super) fn comparisons(report: &Report, ink: &Ink) -> Vec<Line> {
    let compared: Vec<_> = report.comparisons.iter().filter(|comparison| !is_versus(comparison)).collect();
    if compared.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("COMPARISON").shrinks_to(20),
        Column::left("").shrinks_to(12),
        Column::right("ratio"),
        Column::left("95 % CI").rank(1),
        Column::left(""),
        Column::left("").rank(2),
    ]);
    for comparison in compared {
        let pair = format!("{} : {}", ink.name(&comparison.b, 28), ink.name(&comparison.a, 28));
        let ratio = comparison.ratio.map_or("?".to_owned(), |ratio| format!("{ratio:.3}"));
        let (role, verdict) = match comparison.verdict {
            Some(ComparisonVerdict::Faster) => (Role::Good, "faster"),
            Some(ComparisonVerdict::Slower) => (Role::Bad, "slower"),
            Some(ComparisonVerdict::Same) => (Role::Plain, "same"),
            Some(ComparisonVerdict::Unclear) => (Role::Warn, "unclear"),
            None => (Role::Plain, ""),
        };
        let detectable = comparison.detectable.map(|change| format!("could see {}", share(change)));
        grid.row(vec![
            (Role::Plain, pair),
            (Role::Dim, ink.name(&comparison.metric, 32)),
            (Role::Value, ratio),
            (
                Role::Dim,
                comparison.ci.map(|[low, high]| format!("[{low:.3}, {high:.3}]")).unwrap_or_default(),
            ),
            (role, verdict.to_owned()),
            (Role::Dim, detectable.unwrap_or_default()),
        ]);
    }
    grid.lines(ink)
}

pub(super) fn advice(report: &Report, ink: &Ink) -> Vec<Line> {
    if report.advice.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("ADVICE").shrinks_to(24),
        Column::left("helps").rank(2),
        Column::left("changes"),
        Column::left("basis").rank(1),
        Column::left("where").shrinks_to(10).rank(3),
    ]);
    for advice in &report.advice {
        let basis = match advice.basis {
            Basis::Measured => "measured",
            Basis::Computed => "computed",
            Basis::Predicted => "predicted",
            Basis::Given => "given",
            Basis::Rule => "rule of thumb",
        };
        let place = match advice.applies_to.as_slice() {
            [] => "the whole model".to_owned(),
            [only] => ink.name(only, 28),
            [first, rest @ ..] => format!("{} and {} more", ink.name(first, 20), rest.len()),
        };
        grid.row(vec![
            (Role::Plain, ink.name(&advice.technique, 40)),
            (Role::Dim, ink.name(&advice.goal, 12)),
            (Role::Value, ink.text(&changes(&advice.changes, ink))),
            (Role::Dim, basis.to_owned()),
            (Role::Dim, place),
        ]);
    }
    grid.lines(ink)
}

/// `MACs -810.4 M · size -16.10 KiB`
fn changes(costs: &Costs, ink: &Ink) -> String {
    let signed = |text: String| if text.starts_with('-') { text } else { format!("+{text}") };
    let counts = [
        ("MACs", &costs.macs, Kind::Count),
        ("parameters", &costs.parameters, Kind::Count),
        ("memory", &costs.bytes, Kind::Bytes),
    ];
    let mut parts: Vec<String> = (counts.into_iter())
        .filter_map(|(name, count, kind)| {
            Some(format!("{name} {}", signed(numbers::count(count.as_ref()?, kind))))
        })
        .collect();
    parts.extend(costs.latency_ms.map(|change| format!("latency {}", signed(time(change)))));
    parts.join(ink.dot())
}
