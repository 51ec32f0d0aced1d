//! Requirements and whether they are met; beneath each what it rests on, why it is unknown, what brought it.

use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::requirements::{actual, amount, causes, facts, interval, margin, title};
use crate::report::{Status, Verdict};

/// How far what stands beneath a verdict is indented.
const INDENT: usize = 6;

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    if report.verdicts.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("REQUIREMENTS").shrinks_to(20),
        Column::left(""),
        Column::right("actual"),
        Column::left("interval").rank(3),
        Column::right("limit"),
        Column::right("margin").rank(1),
        Column::left("").rank(2),
    ]);
    for verdict in &report.verdicts {
        let (role, status) = match verdict.status {
            Status::Met => (Role::Good, "✓ met"),
            Status::Missed => (Role::Bad, "✗ missed"),
            Status::Unknown => (Role::Warn, "? unknown"),
        };
        let limit = verdict.limit.map_or("?".to_owned(), |limit| amount(limit, &verdict.unit));
        grid.row(vec![
            (Role::Plain, ink.name(&title(verdict), ink.width)),
            (role, ink.text(status)),
            (Role::Value, ink.text(&actual(verdict))),
            (Role::Dim, ink.text(&interval(verdict).unwrap_or_default())),
            (Role::Plain, ink.text(&limit)),
            (Role::Dim, margin(verdict).unwrap_or_default()),
            (Role::Dim, verdict.basis.map(|rests| rests.words().to_owned()).unwrap_or_default()),
        ]);
    }
    let mut rows = grid.lines(ink).into_iter();
    let mut lines: Vec<Line> = rows.next().into_iter().collect();
    for (row, verdict) in rows.zip(&report.verdicts) {
        lines.push(row);
        lines.extend(beneath(verdict, ink));
    }
    lines
}

fn beneath(verdict: &Verdict, ink: &Ink) -> Vec<Line> {
    let room = ink.width.saturating_sub(INDENT);
    let indented = |role: Role, text: String| Line::new(role, format!("{}{text}", " ".repeat(INDENT)));
    let role = if verdict.status == Status::Met { Role::Dim } else { Role::Warn };
    let facts = ink.all_facts(&facts(verdict), room).into_iter().map(|text| indented(Role::Dim, text));
    let notes = verdict.notes.iter().flat_map(|note| ink.sentence(note, room));
    let notes = notes.map(|text| indented(role, text)).collect::<Vec<_>>();
    let causes = causes(verdict);
    let brought = Some(indented(Role::Dim, "brought by".to_owned())).filter(|_| !causes.is_empty());
    let causes = causes.into_iter().map(|cause| {
        indented(Role::Plain, format!("  {}", ink.cut(&ink.text(&cause), room.saturating_sub(2))))
    });
    facts.chain(notes).chain(brought).chain(causes).collect()
}
