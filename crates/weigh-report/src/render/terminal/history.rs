//! Measurements of other days: of each series its trend, its changes and its runs; or a list of what there is.

use super::panel::{Panel, Row, TEXT};
use super::{many, trend};
use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::history::{self, FIGURES};
use crate::render::ink::{Ink, Line, Role};
use crate::report::{History, HistorySeries};

/// Columns for the name of a model.
const NAME: usize = 60;

pub(super) fn sections(report: &Report, ink: &Ink) -> Vec<Vec<Line>> {
    let Some(history) = &report.history else { return Vec::new() };
    match &history.metric {
        None => vec![list(history, ink)],
        Some(metric) => history.series.iter().flat_map(|found| series(found, metric, history, ink)).collect(),
    }
}

/// What there is, a row for each series.
fn list(history: &History, ink: &Ink) -> Vec<Line> {
    if history.series.is_empty() {
        return vec![Line::new(Role::Plain, "nothing is kept")];
    }
    let mut grid = Grid::new(vec![
        Column::left("HISTORY").shrinks_to(20),
        Column::left("settings").shrinks_to(20).rank(2),
        Column::left("machine").shrinks_to(16).rank(3),
        Column::right("runs"),
        Column::left("last"),
    ]);
    for found in &history.series {
        let machines: Vec<String> = found.machines.iter().map(history::machine).collect();
        grid.row(vec![
            (Role::Value, ink.name(&found.model, NAME)),
            (Role::Plain, ink.name(&history::settings(found).join(ink.dot()), NAME)),
            (Role::Dim, ink.name(&machines.join("; "), 40)),
            (Role::Plain, found.kept.to_string()),
            (Role::Plain, ink.name(&history::moment(&found.last_at), 20)),
        ]);
    }
    grid.lines(ink)
}

fn series(found: &HistorySeries, metric: &str, history: &History, ink: &Ink) -> Vec<Vec<Line>> {
    vec![
        head(found, metric, ink),
        trend::lines(found, history, ink),
        changes(found, history, ink),
        runs(found, history, ink),
        notes(found, ink),
    ]
}

/// What the series is of, and what there is to say of it.
fn head(found: &HistorySeries, metric: &str, ink: &Ink) -> Vec<Line> {
    let room = ink.width.saturating_sub(TEXT);
    let mut panel = Panel::new("HISTORY");
    panel.subject = vec![metric.to_owned()];
    panel.rows.push(Row::text("model", Role::Value, ink.name(&found.model, room)));
    let mut say = |label, role, facts: &[String]| {
        panel.rows.extend(Row::paragraph(label, role, ink.all_facts(facts, room)));
    };
    say("settings", Role::Plain, &history::settings(found));
    let machines: Vec<String> = found.machines.iter().map(history::machine).collect();
    say("machine", Role::Plain, &machines);
    let ends = [found.runs.first(), found.runs.last()].map(|run| run.map(|run| history::moment(&run.at)));
    let [first, last] = ends.map(Option::unwrap_or_default);
    say("runs", Role::Plain, &[many(found.runs.len() as u64, "run"), format!("{first} to {last}")]);
    panel.rows.extend(Row::paragraph("level", Role::Value, ink.sentence(&history::verdict(found), room)));
    panel.lines(ink, ink.width)
}

/// The changes, numbered as beneath the chart, and what else was another.
fn changes(found: &HistorySeries, history: &History, ink: &Ink) -> Vec<Line> {
    if found.changes.is_empty() && found.marks.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("CHANGES"),
        Column::left("between").shrinks_to(12),
        Column::right("before").rank(3),
        Column::right("after").rank(2),
        Column::left("").shrinks_to(30),
    ]);
    for (index, change) in found.changes.iter().enumerate() {
        let role = if change.better { Role::Good } else { Role::Bad };
        grid.row(vec![
            (role, (index + 1).to_string()),
            (Role::Plain, ink.name(&history::between(found, change.last_before, change.at), 40)),
            (Role::Plain, ink.text(&history::value(Some(change.before), history))),
            (Role::Plain, ink.text(&history::value(Some(change.after), history))),
            (role, ink.text(&history::change(change))),
        ]);
    }
    for mark in &found.marks {
        let between = history::between(found, mark.at.saturating_sub(1), mark.at);
        grid.row(vec![
            (Role::Warn, ink.text("┊")),
            (Role::Plain, ink.name(&between, 40)),
            (Role::Plain, String::new()),
            (Role::Plain, String::new()),
            (Role::Plain, ink.name(&history::mark(mark), 76)),
        ]);
    }
    grid.lines(ink)
}

fn runs(found: &HistorySeries, history: &History, ink: &Ink) -> Vec<Line> {
    let title = |index: usize, title: &'static str| if index == 0 { "RUNS" } else { title };
    let mut columns: Vec<Column> = (FIGURES.iter().enumerate())
        .map(|(index, figure)| {
            let title = title(index, figure.title);
            let column = if figure.word { Column::left(title) } else { Column::right(title) };
            column.rank(figure.rank)
        })
        .collect();
    columns.push(Column::left("").shrinks_to(10).rank(6));
    let mut grid = Grid::new(columns);
    for (index, run) in found.runs.iter().enumerate() {
        let cells = FIGURES.iter().map(|figure| {
            let role =
                if figure.title == "p50" || figure.title == "value" { Role::Value } else { Role::Plain };
            (role, ink.name(&(figure.value)(run, history), 28))
        });
        let events = history::events(found, index).join("; ");
        grid.row(cells.chain([(Role::Warn, ink.name(&events, 50))]).collect());
    }
    grid.lines(ink)
}

fn notes(found: &HistorySeries, ink: &Ink) -> Vec<Line> {
    let room = ink.width.saturating_sub(TEXT);
    let mut panel = Panel::new("");
    for note in &found.notes {
        panel.rows.extend(Row::paragraph("note", Role::Warn, ink.sentence(note, room)));
    }
    panel.lines(ink, ink.width)
}
