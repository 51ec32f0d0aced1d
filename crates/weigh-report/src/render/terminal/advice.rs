//! What to change: the techniques by what they bring to this model, each with the command that does or checks it.

use super::panel::TEXT;
use crate::Report;
use crate::render::advised::{self, change, changed, effort, metric};
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::report::Advice;

/// Under a technique's name.
const INDENT: usize = 4;

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    let Some(first) = report.advice.first() else { return Vec::new() };
    let (refused, done): (Vec<&Advice>, Vec<&Advice>) = report.advice.iter().partition(|row| row.refused);
    let mut lines = heading(&first.goal, &done, ink);
    lines.extend(table(&first.goal, &done, ink));
    lines.extend(impossible(&refused, ink));
    lines
}

/// What is to get better, and how much it is now.
fn heading(goal: &str, done: &[&Advice], ink: &Ink) -> Vec<Line> {
    let metric = metric(goal);
    let now = done.first().map(|row| format!("  {} now {}", metric.name, metric.amount(&row.before)));
    vec![
        Line::new(Role::Heading, "ADVICE")
            .with(Role::Plain, format!("  for {}", ink.name(goal, 16)))
            .with(Role::Dim, ink.text(&now.unwrap_or_default())),
    ]
}

fn table(goal: &str, done: &[&Advice], ink: &Ink) -> Vec<Line> {
    if done.is_empty() {
        return vec![Line::new(Role::Plain, "  nothing that was tried can be done to this model")];
    }
    let metric = metric(goal);
    let is_metric = |name: &str| metric.name == name;
    let mut grid = Grid::new(vec![
        Column::left("").shrinks_to(24),
        Column::right(metric.name),
        Column::right("change"),
        Column::right(if is_metric("size") { "" } else { "size" }).rank(1),
        Column::right(if is_metric("MACs") { "" } else { "MACs" }).rank(2),
        Column::right(if is_metric("latency") { "" } else { "time" }).rank(1),
        Column::left("takes").rank(1),
        Column::left("basis").rank(3),
    ]);
    for row in done {
        let beside = |name: &str, of| match is_metric(name) {
            true => String::new(),
            // Of a column that nothing is known for there is none.
            false if done.iter().all(|row| changed(row, of).is_none()) => String::new(),
            false => changed(row, of).unwrap_or_else(|| "?".to_owned()),
        };
        let role = match row.gain {
            Some(gain) if (gain < 0.995) == (goal != "throughput") && (gain - 1.0).abs() > 0.005 => {
                Role::Good
            }
            Some(gain) if (gain - 1.0).abs() > 0.005 => Role::Bad,
            _ => Role::Dim,
        };
        grid.row(vec![
            (Role::Title, ink.name(&row.technique, 56)),
            (Role::Value, ink.text(&metric.amount(&row.after))),
            (role, row.gain.map_or("?".to_owned(), change)),
            (Role::Plain, beside("size", advised::size)),
            (Role::Plain, beside("MACs", advised::macs)),
            (Role::Plain, beside("latency", advised::latency)),
            (Role::Plain, effort(row.needs).to_owned()),
            (Role::Dim, row.basis.words().to_owned()),
        ]);
    }
    let mut rows = grid.lines(ink).into_iter();
    let mut lines: Vec<Line> = rows.next().into_iter().collect();
    for (line, row) in rows.zip(done) {
        lines.push(line);
        lines.extend(details(row, ink));
    }
    lines
}

/// Where it applies, what was measured, what to know, and how it is done.
fn details(row: &Advice, ink: &Ink) -> Vec<Line> {
    let room = ink.width.saturating_sub(INDENT);
    let indented = |role, text: String| Line::new(role, format!("{:INDENT$}{text}", ""));
    let mut lines = Vec::new();
    if !row.applies_to.is_empty() {
        lines.push(indented(Role::Dim, ink.name(&format!("in {}", advised::place(row)), room)));
    }
    let measured = advised::measured(row);
    let said =
        measured.iter().map(|text| (Role::Plain, text)).chain(row.notes.iter().map(|note| (Role::Dim, note)));
    for (role, text) in said {
        lines.extend(ink.sentence(text, room).into_iter().map(|line| indented(role, line)));
    }
    let command = row.command.as_ref().map(|command| format!("$ {command}"));
    lines.extend(command.map(|command| indented(Role::Dim, ink.name(&command, room))));
    lines
}

/// What cannot be done, and why.
fn impossible(refused: &[&Advice], ink: &Ink) -> Vec<Line> {
    let mut lines = Vec::new();
    for row in refused {
        let name = ink.name(&row.technique, 40);
        let why = row.notes.first().map_or("", String::as_str);
        let mut line = Line::new(Role::Plain, format!("  {name}"));
        line.pad_to(TEXT.max(crate::render::text::width(&name) + 4));
        let column = line.width();
        for (at, text) in ink.sentence(why, ink.width.saturating_sub(column)).into_iter().enumerate() {
            match at {
                0 => lines.push(line.clone().with(Role::Dim, text)),
                _ => lines.push(Line::new(Role::Dim, format!("{:column$}{text}", ""))),
            }
        }
    }
    if !lines.is_empty() {
        lines.insert(0, Line::new(Role::Heading, "NOT DONE"));
        lines.insert(0, Line::default());
    }
    lines
}
