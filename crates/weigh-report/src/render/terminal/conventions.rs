//! What other tools would count: one by its terms, or several side by side.

use weigh_ir::Expr;

use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{self, Kind};
use crate::render::text;
use crate::report::{Convention, ConventionUnit, Count};

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    match report.conventions.as_slice() {
        [] => Vec::new(),
        [only] => one(only, report, ink),
        several => side_by_side(several, ink),
    }
}

/// The terms of one tool's number, and how it differs from the headline.
fn one(convention: &Convention, report: &Report, ink: &Ink) -> Vec<Line> {
    let version = convention.version.as_deref().unwrap_or_default();
    let title = format!("{} {version}", convention.name).to_uppercase();
    let mut grid = Grid::new(vec![
        Column::left(ink.name(title.trim(), ink.width)).shrinks_to(16),
        Column::right("in the model"),
        Column::right("counted"),
        Column::right("makes"),
    ]);
    for term in &convention.terms {
        grid.row(vec![
            (Role::Plain, ink.name(&term.term, ink.width)),
            (Role::Dim, ink.text(&numbers::count(&term.count, Kind::Count))),
            (Role::Dim, ink.text(&format!("× {}", term.weight))),
            (Role::Plain, ink.text(&numbers::count(&term.total, Kind::Count))),
        ]);
    }
    grid.row(vec![
        (Role::Value, ink.name(&format!("{} {}", convention.name, convention.label), 60)),
        (Role::Plain, String::new()),
        (Role::Plain, String::new()),
        (Role::Value, ink.text(&total(convention))),
    ]);
    let mut lines = grid.lines(ink);
    lines.extend(against(convention, report).map(|sentence| paragraph(&sentence, ink)).unwrap_or_default());
    lines.extend(remarks(std::slice::from_ref(convention), ink));
    lines
}

/// `33.33 M more than the 4.089 G MACs above.`
fn against(convention: &Convention, report: &Report) -> Option<String> {
    let totals = report.totals.as_ref()?;
    let (ours, unit) = match convention.unit {
        ConventionUnit::Macs => (totals.macs.as_ref()?, "MACs"),
        ConventionUnit::Flops => (totals.flops.as_ref()?, "FLOPs"),
    };
    let theirs = convention.total.as_ref()?;
    let difference = &theirs.0 - &ours.0;
    let shown = |expr: Expr| numbers::count(&Count(expr), Kind::Count);
    let how = match difference.as_int() {
        Some(0) => "exactly".to_owned(),
        Some(less) if less < 0 => format!("{} less than", shown(difference * -1)),
        _ => format!("{} more than", shown(difference)),
    };
    Some(format!("{how} the {} {unit} above", shown(ours.0.clone())))
}

/// Kinds of work as rows, tools as columns, numbers as sums.
fn side_by_side(conventions: &[Convention], ink: &Ink) -> Vec<Line> {
    let mut kinds: Vec<&str> = Vec::new();
    for term in conventions.iter().flat_map(|convention| &convention.terms) {
        if !kinds.contains(&term.kind.as_str()) {
            kinds.push(&term.kind);
        }
    }
    let mut columns = vec![Column::left("COUNTED BY").shrinks_to(12)];
    columns.extend(conventions.iter().map(|convention| Column::right(ink.name(&convention.name, 12))));
    let mut grid = Grid::new(columns);
    for kind in kinds {
        let cell = |convention: &Convention| {
            let of_kind = convention.terms.iter().filter(|term| term.kind == kind);
            let sum: Expr = of_kind.map(|term| term.total.0.clone()).sum();
            let shown = numbers::count(&Count(sum.clone()), Kind::Count);
            (Role::Plain, if sum == Expr::ZERO { ink.text("·") } else { ink.text(&shown) })
        };
        let mut row = vec![(Role::Plain, ink.name(kind, 28))];
        row.extend(conventions.iter().map(cell));
        grid.row(row);
    }
    let mut closing = |title: &str, role: Role, cell: &dyn Fn(&Convention) -> String| {
        let mut row = vec![(role, title.to_owned())];
        row.extend(conventions.iter().map(|convention| (role, ink.text(&cell(convention)))));
        grid.row(row);
    };
    closing("total", Role::Value, &total);
    closing("which counts", Role::Dim, &|convention| unit(convention).to_owned());
    closing("and is called", Role::Dim, &|convention| convention.label.replace("Total ", ""));
    let mut lines = grid.lines(ink);
    lines.extend(remarks(conventions, ink));
    lines
}

fn unit(convention: &Convention) -> &'static str {
    match convention.unit {
        ConventionUnit::Macs => "MACs",
        ConventionUnit::Flops => "FLOPs",
    }
}

fn total(convention: &Convention) -> String {
    let least = if convention.unknown.is_empty() { "" } else { "≥ " };
    let shown = convention.total.as_ref().map(|total| numbers::count(total, Kind::Count));
    format!("{least}{}", shown.unwrap_or_else(|| "?".to_owned()))
}

/// What is unknown, and the notes; those that tools share once, with what they mean to each.
fn remarks(conventions: &[Convention], ink: &Ink) -> Vec<Line> {
    let mut shared: Vec<(String, Vec<String>)> = Vec::new();
    let mut remark = |message: String, tool: String| match shared.iter_mut().find(|row| row.0 == message) {
        Some((_, tools)) => tools.push(tool),
        None => shared.push((message, vec![tool])),
    };
    for convention in conventions {
        let unknown = convention.unknown.iter().map(|unknown| format!("{} × {}", unknown.count, unknown.op));
        let unknown = unknown.collect::<Vec<_>>().join(", ");
        if !unknown.is_empty() {
            remark(format!("not counted, as nobody knows how: {unknown}"), convention.name.clone());
        }
        for note in &convention.notes {
            let difference = note.difference.as_ref().map(|difference| format!(" {}", signed(difference)));
            remark(note.message.clone(), format!("{}{}", convention.name, difference.unwrap_or_default()));
        }
    }
    let sentences = shared.into_iter().map(|(message, tools)| format!("{message}: {}", tools.join(", ")));
    sentences.flat_map(|sentence| paragraph(&sentence, ink)).collect()
}

fn signed(difference: &Count) -> String {
    match numbers::count(difference, Kind::Count) {
        negative if negative.starts_with('-') => negative,
        positive => format!("+{positive}"),
    }
}

/// A sentence over as many lines as it needs.
fn paragraph(sentence: &str, ink: &Ink) -> Vec<Line> {
    let (room, sentence) = (ink.width.saturating_sub(4), ink.text(sentence));
    let mut lines: Vec<String> = Vec::new();
    for word in sentence.split(' ') {
        match lines.last_mut().filter(|line| text::width(line) + 1 + text::width(word) <= room) {
            Some(line) => line.push_str(&format!(" {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    let indent = |index: usize| if index == 0 { "  " } else { "    " };
    let line = |(index, line): (usize, String)| Line::new(Role::Dim, format!("{}{line}", indent(index)));
    lines.into_iter().enumerate().map(line).collect()
}
