//! How much of the model the totals cover, and what was remarked on the way.

use super::many;
use super::panel::{Panel, Row, TEXT};
use crate::Report;
use crate::render::ink::{Ink, Line, Role};
use crate::report::Severity;

/// More remarks than this are counted, not shown.
const SHOWN: usize = 3;

/// Nodes shaped and priced, and the operators that could not be.
pub(super) fn nodes(report: &Report, ink: &Ink) -> Vec<Line> {
    let Some(coverage) = &report.coverage else { return Vec::new() };
    let all = |count| if count < coverage.nodes { Role::Warn } else { Role::Good };
    let mut heading = Line::new(Role::Heading, "COVERAGE");
    heading.pad_to(TEXT);
    heading.push(all(coverage.shaped), format!("{}/{}", coverage.shaped, coverage.nodes));
    heading.push(Role::Plain, format!(" nodes shaped{}", ink.dot()));
    heading.push(all(coverage.priced), format!("{}/{}", coverage.priced, coverage.nodes));
    heading.push(Role::Plain, " priced");
    if coverage.unknown.is_empty() {
        return vec![heading];
    }
    let unknown: Vec<String> = (coverage.unknown.iter())
        .map(|unknown| format!("{} × {}", unknown.count, ink.name(&unknown.op, 32)))
        .collect();
    let shown = ink.facts(&unknown, ink.width - TEXT);
    vec![heading, row(Row::text("unknown", Role::Warn, shown), ink)]
}

/// How many remarks there are, and the gravest.
pub(super) fn remarks(report: &Report, ink: &Ink) -> Vec<Line> {
    if report.diagnostics.is_empty() {
        return Vec::new();
    }
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let mut sorted: Vec<_> = report.diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    let count =
        |severity| report.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let counts: Vec<String> = (kinds.iter())
        .map(|(severity, name)| (count(*severity), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| many(count as u64, name))
        .collect();
    let mut heading = Line::new(Role::Heading, "REMARKS");
    heading.pad_to(TEXT);
    heading.push(Role::Plain, counts.join(ink.dot()));
    let mut lines = vec![heading];
    for diagnostic in sorted.iter().take(SHOWN) {
        let (role, label) = match diagnostic.severity {
            Severity::Error => (Role::Bad, "error"),
            Severity::Warning => (Role::Warn, "warning"),
            Severity::Note => (Role::Dim, "note"),
        };
        let room = ink.width.saturating_sub(TEXT);
        let at =
            diagnostic.node.as_ref().map(|node| format!(" ({})", ink.name(node, room.saturating_sub(2))));
        let message = ink.cut(&ink.text(&diagnostic.message), 2 * room) + &at.unwrap_or_default();
        let rows = Row::paragraph(label, role, ink.sentence(&message, room));
        lines.extend(rows.into_iter().map(|line| row(line, ink)));
    }
    if report.diagnostics.len() > SHOWN {
        let more = report.diagnostics.len() - SHOWN;
        lines.push(row(Row::text("", Role::Dim, format!("and {more} more: --format json")), ink));
    }
    lines
}

fn row(row: Row, ink: &Ink) -> Line {
    let panel = Panel { heading: "", subject: Vec::new(), rows: vec![row] };
    panel.lines(ink, ink.width).pop().unwrap_or_default()
}
