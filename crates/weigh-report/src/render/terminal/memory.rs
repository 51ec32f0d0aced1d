//! Memory over the steps: as a line of blocks on the ticket, or as a skyline with the largest tensors alive at the peak.

use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{Kind, number};
use crate::render::text::width;
use crate::report::{Count, Memory, Placement};

use super::blocks;
use super::panel::TEXT;

/// Rows of the skyline.
const HEIGHT: usize = 6;
/// How many of the tensors at the peak are named.
const TENSORS: usize = 5;
/// The least of a node's name that says something.
const LEAST_NAME: usize = 12;
/// Fewer steps than this have no course.
const LEAST: usize = 8;

/// Memory over the steps in a line, with the step at the peak marked below: for pages that do not show more of it.
pub(super) fn steps(report: &Report, ink: &Ink) -> Vec<Line> {
    let complete = report.totals.as_ref().is_some_and(|totals| totals.complete.memory);
    if report.memory.is_some() || !complete || report.layers.len() < LEAST {
        return Vec::new();
    }
    // Nodes that run only at load hold nothing; a formula has no height.
    let counts = report.layers.iter().map(|layer| layer.live_bytes.as_ref().map_or(Some(0), Count::number));
    let Some(alive) = counts.map(|bytes| bytes.map(|bytes| bytes as f64)).collect::<Option<Vec<f64>>>()
    else {
        return Vec::new();
    };
    let Some(peak) = Peak::of(&alive) else { return Vec::new() };
    let room = ink.width.saturating_sub(TEXT);
    let columns = blocks::columns(&alive, room);
    let mut line = Line::new(Role::Heading, "OVER STEPS");
    line.pad_to(TEXT);
    line.push(Role::Bar, blocks::row(&columns, ink));
    let node = report.layers.get(peak.at).map_or("", |layer| &layer.name);
    let column = TEXT + peak.at / alive.len().div_ceil(columns.len().max(1));
    vec![line, marked(column, ink, |room| peak.words(alive.len(), node, room, ink))]
}

/// Words after a mark at a column or before it, wherever there is more room; without a mark where that is too little.
fn marked(column: usize, ink: &Ink, words: impl Fn(usize) -> String) -> Line {
    let (before, after) = (column.saturating_sub(3), ink.width.saturating_sub(column + 2));
    let words = words(before.max(after));
    let mut line = Line::default();
    if width(&words) > before.max(after) {
        line.pad_to(TEXT);
        return line.with(Role::Plain, words);
    }
    if after >= before {
        line.pad_to(column);
        return line.with(Role::Bar, ink.text("└")).with(Role::Plain, format!(" {words}"));
    }
    line.pad_to(column - width(&words) - 1);
    line.with(Role::Plain, format!("{words} ")).with(Role::Bar, ink.text("┘"))
}

/// The first step at which most is alive.
struct Peak {
    at: usize,
    bytes: f64,
}

impl Peak {
    fn of(alive: &[f64]) -> Option<Peak> {
        let bytes = alive.iter().copied().fold(0.0, f64::max);
        let at = alive.iter().position(|other| *other == bytes).filter(|_| bytes > 0.0)?;
        Some(Peak { at, bytes })
    }

    /// The peak in words; the node's name has the room that is left.
    fn words(&self, steps: usize, node: &str, room: usize, ink: &Ink) -> String {
        let bytes = ink.text(&number(self.bytes, Kind::Bytes));
        let words = format!("peak {bytes} in step {} of {steps}, ", self.at + 1);
        let name = ink.name(node, room.saturating_sub(width(&words)).max(LEAST_NAME));
        words + &name
    }
}

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    let Some(memory) = &report.memory else { return Vec::new() };
    let alive: Vec<f64> = memory.steps.iter().map(|step| bytes(&step.live_bytes)).collect();
    let Some(Peak { at, bytes: most }) = Peak::of(&alive) else { return Vec::new() };
    let mut lines = vec![Line::new(Role::Heading, "MEMORY OVER STEPS")];
    lines.extend(skyline(&blocks::columns(&alive, ink.width.saturating_sub(4)), most, ink));
    let node = memory.steps.get(at).map_or("", |step| &step.node);
    let peak = Peak { at, bytes: most }.words(alive.len(), node, ink.width.saturating_sub(2), ink);
    lines.push(Line::new(Role::Plain, format!("  {peak}")));
    lines.extend(tensors(memory, at, most, ink));
    lines
}

fn bytes(count: &Option<Count>) -> f64 {
    count.as_ref().and_then(Count::number).unwrap_or(0) as f64
}

/// A bar for each column, the highest row first.
fn skyline(columns: &[f64], most: f64, ink: &Ink) -> Vec<Line> {
    let eighths: Vec<usize> =
        columns.iter().map(|bytes| (bytes / most * (8 * HEIGHT) as f64).ceil() as usize).collect();
    let row = |row: usize| {
        let cell = |eighths: &usize| blocks::block(eighths.saturating_sub(8 * row));
        let text: String = eighths.iter().map(cell).collect();
        Line::new(Role::Bar, format!("  {}", ink.text(&text)))
    };
    (0..HEIGHT).rev().map(row).collect()
}

/// The largest tensors alive in a step.
fn tensors(memory: &Memory, at: usize, most: f64, ink: &Ink) -> Vec<Line> {
    let Some(arena) = &memory.arena else { return Vec::new() };
    let is_alive =
        |placed: &&Placement| (placed.first..=placed.last).contains(&(at as u64)) && placed.bytes > 0;
    let mut alive: Vec<&Placement> = arena.placements.iter().filter(is_alive).collect();
    alive.sort_by_key(|placed| (std::cmp::Reverse(placed.bytes), placed.first, placed.offset));
    let mut grid = Grid::new(vec![
        Column::left("alive at the peak").shrinks_to(32),
        Column::right("bytes"),
        Column::right("steps").rank(2),
        Column::left("").rank(1),
    ]);
    for placed in alive.iter().take(TENSORS) {
        let name = placed.tensor.as_deref().unwrap_or("(in the bodies of the node)");
        grid.row(vec![
            (Role::Plain, ink.name(name, ink.width)),
            (Role::Value, ink.text(&number(placed.bytes as f64, Kind::Bytes))),
            (Role::Dim, ink.text(&format!("{} to {}", placed.first + 1, placed.last + 1))),
            (Role::Bar, ink.bar(placed.bytes as f64 / most, super::layers::BAR)),
        ]);
    }
    let mut lines = grid.lines(ink);
    let rest = &alive[alive.len().min(TENSORS)..];
    if !rest.is_empty() {
        let bytes = number(rest.iter().map(|placed| placed.bytes as f64).sum(), Kind::Bytes);
        lines.push(Line::new(Role::Dim, format!("  and {} more, {}", rest.len(), ink.text(&bytes))));
    }
    lines
}
