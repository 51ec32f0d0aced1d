//! Memory over the steps as a skyline, with the step at the peak and the largest tensors alive in it.

use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{Kind, number};
use crate::report::{Memory, Placement};

/// Rows of the skyline.
const HEIGHT: usize = 6;
/// How many of the tensors at the peak are named.
const TENSORS: usize = 5;
/// Parts of a character cell, from empty to full.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    let Some(memory) = &report.memory else { return Vec::new() };
    let alive: Vec<f64> = memory.steps.iter().map(|step| bytes(&step.live_bytes)).collect();
    let most = alive.iter().copied().fold(0.0, f64::max);
    let Some(at) = alive.iter().position(|bytes| *bytes == most).filter(|_| most > 0.0) else {
        return Vec::new();
    };
    let mut lines = vec![Line::new(Role::Heading, "MEMORY OVER STEPS")];
    lines.extend(skyline(&columns(&alive, ink.width.saturating_sub(4)), most, ink));
    let step = memory.steps.get(at).map(|step| ink.name(&step.node, 48)).unwrap_or_default();
    let peak = number(most, Kind::Bytes);
    let text = format!("  peak {} in step {} of {}, {step}", ink.text(&peak), at + 1, alive.len());
    lines.push(Line::new(Role::Plain, text));
    lines.extend(tensors(memory, at, most, ink));
    lines
}

fn bytes(count: &Option<crate::report::Count>) -> f64 {
    count.as_ref().and_then(crate::report::Count::number).unwrap_or(0) as f64
}

/// The most of each group of neighbouring steps, where there are more steps than columns.
fn columns(alive: &[f64], room: usize) -> Vec<f64> {
    let group = alive.len().div_ceil(room.max(1)).max(1);
    alive.chunks(group).map(|steps| steps.iter().copied().fold(0.0, f64::max)).collect()
}

/// A bar for each column, the highest row first.
fn skyline(columns: &[f64], most: f64, ink: &Ink) -> Vec<Line> {
    let eighths: Vec<usize> =
        columns.iter().map(|bytes| (bytes / most * (8 * HEIGHT) as f64).ceil() as usize).collect();
    let row = |row: usize| {
        let cell = |eighths: &usize| EIGHTHS[eighths.saturating_sub(8 * row).min(8)];
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
        Column::left("alive at the peak").shrinks_to(20),
        Column::right("bytes"),
        Column::right("steps").rank(2),
        Column::left("").rank(1),
    ]);
    for placed in alive.iter().take(TENSORS) {
        let name = placed.tensor.as_deref().unwrap_or("(in the bodies of the node)");
        grid.row(vec![
            (Role::Plain, ink.name(name, 60)),
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
