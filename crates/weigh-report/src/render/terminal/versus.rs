//! Two configurations run against each other: both sides, the ratio, and what it says in plain words.

use super::many;
use super::panel::{Panel, Row, TEXT};
use super::rows::processed;
use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{rate, share, time};
use crate::render::verdicts::{is_rate, is_versus, outputs, verdict};
use crate::report::{Comparison, ComparisonVerdict};

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for comparison in report.comparisons.iter().filter(|comparison| is_versus(comparison)) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(one(comparison, ink));
    }
    lines
}

fn one(comparison: &Comparison, ink: &Ink) -> Vec<Line> {
    let rated = is_rate(comparison);
    let mut grid = Grid::new(vec![
        Column::left("A/B"),
        Column::left("model").shrinks_to(12).rank(2),
        Column::left("setting").shrinks_to(12),
        Column::right("min").rank(1),
        Column::right(ink.name(&comparison.metric, 24)),
    ]);
    let amount = |value: Option<f64>| match value {
        Some(value) if rated => format!("{}/s", rate(value)),
        Some(value) => ink.text(&time(value)),
        None => "?".to_owned(),
    };
    let sides = [
        ("a", &comparison.a, &comparison.a_setting, comparison.a_min, comparison.a_value),
        ("b", &comparison.b, &comparison.b_setting, comparison.b_min, comparison.b_value),
    ];
    for (side, name, setting, min, value) in sides {
        grid.row(vec![
            (Role::Title, side.to_owned()),
            (Role::Plain, ink.name(name, ink.width)),
            (Role::Plain, ink.name(setting.as_deref().unwrap_or_default(), ink.width)),
            (Role::Plain, min.map(|min| amount(Some(min))).unwrap_or_default()),
            (Role::Value, amount(value)),
        ]);
    }
    let mut lines = grid.lines(ink);
    lines.extend(findings(comparison, ink));
    lines
}

/// The verdict, the ratio, what could have been seen, the outputs, remarks.
fn findings(comparison: &Comparison, ink: &Ink) -> Vec<Line> {
    let role = match comparison.verdict {
        Some(ComparisonVerdict::Faster) => Role::Good,
        Some(ComparisonVerdict::Slower) => Role::Bad,
        Some(ComparisonVerdict::Same) => Role::Value,
        Some(ComparisonVerdict::Unclear) | None => Role::Warn,
    };
    let mut panel = Panel { heading: "", subject: Vec::new(), rows: Vec::new() };
    panel.rows.push(Row::text("verdict", role, ink.text(&verdict(comparison))));
    if let Some(ratio) = comparison.ratio {
        let mut facts = vec![format!("{ratio:.4}")];
        facts.extend(comparison.ci.map(|[low, high]| format!("[{low:.4}, {high:.4}]")));
        facts.extend(comparison.pairs.map(|pairs| many(pairs, "pair")));
        facts.extend(comparison.processes.map(|processes| processed(processes.into())));
        facts.extend(comparison.detectable.map(|least| format!("could see {}", share(least))));
        let room = ink.width.saturating_sub(TEXT);
        panel.rows.extend(Row::paragraph("b / a", Role::Plain, ink.all_facts(&facts, room)));
    }
    panel.rows.extend(outputs(comparison).map(|text| Row::text("outputs", Role::Plain, ink.text(&text))));
    let room = ink.width.saturating_sub(TEXT);
    let notes = comparison.notes.iter();
    panel.rows.extend(notes.flat_map(|note| Row::paragraph("note", Role::Warn, ink.sentence(note, room))));
    panel.lines(ink, ink.width)
}
