//! A training step: what it computes, what it keeps in memory, and what checkpoints would change.

use super::many;
use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{self, Kind, number};
use crate::report::{CheckpointPlan, Checkpointing, Count, Training};

/// How many placements of the curve are shown.
const POINTS: usize = 6;

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    let Some(training) = &report.training else { return Vec::new() };
    let mut lines = amounts(training, ink);
    if training.peak_bytes.is_none() && training.complete {
        let text = "  no peak and no checkpoints while sizes are formulas: bind every dim with --dim";
        lines.push(Line::new(Role::Dim, ink.text(text)));
    }
    if let Some(checkpointing) = &training.checkpointing {
        lines.push(Line::default());
        lines.extend(placements(checkpointing, ink));
    }
    lines
}

/// FLOPs and bytes, one above the other.
fn amounts(training: &Training, ink: &Ink) -> Vec<Line> {
    let title = format!("TRAINING  {}, {} precision", training.optimizer, training.precision);
    let mut grid = Grid::new(vec![
        Column::left(ink.text(&title)),
        Column::right(""),
        Column::left("").rank(1).shrinks_to(20),
    ]);
    let least = if training.complete { "" } else { "≥ " };
    let mut row = |name: &str, count: &Option<Count>, kind: Kind, least: &str, note: &str| {
        let Some(count) = count.as_ref().filter(|count| count.number() != Some(0)) else { return };
        let value = format!("{least}{}", numbers::count(count, kind));
        grid.row(vec![
            (Role::Plain, ink.text(name)),
            (Role::Value, ink.text(&value)),
            (Role::Dim, ink.text(note)),
        ]);
    };
    row("FLOPs forward", &training.forward_flops, Kind::Count, "", "");
    row("FLOPs backward", &training.backward_flops, Kind::Count, least, "of activations and of parameters");
    row("FLOPs of a step", &training.step_flops, Kind::Count, least, "");
    row("parameters", &training.parameter_bytes, Kind::Bytes, "", "with buffers");
    row("float32 copy", &training.master_bytes, Kind::Bytes, "", "that the optimiser updates");
    row("gradients", &training.gradient_bytes, Kind::Bytes, "", "");
    row("optimiser", &training.optimizer_bytes, Kind::Bytes, "", "");
    row("activations kept", &training.saved_activation_bytes, Kind::Bytes, least, "for the backward pass");
    let peak = training.peak_bytes.and_then(|bytes| i64::try_from(bytes).ok()).map(Count::from);
    row("peak of a step", &peak, Kind::Bytes, "", "everything kept");
    let mut lines = grid.lines(ink);
    for unknown in &training.unknown {
        let text = format!("  ! backward pass of {} unknown: {}", many(unknown.count, "node"), unknown.op);
        lines.push(Line::new(Role::Warn, ink.text(&text)));
    }
    lines
}

fn placements(checkpointing: &Checkpointing, ink: &Ink) -> Vec<Line> {
    let mut grid = Grid::new(vec![
        Column::left(format!("CHECKPOINTS  {}", many(checkpointing.blocks, "block"))),
        Column::right("step needs"),
        Column::right("FLOPs"),
        Column::right("recomputed").rank(1),
    ]);
    let mut row = |name: &str, plan: &CheckpointPlan| {
        let segments = match plan.segments.len() {
            0 => String::new(),
            count => many(count as u64, "segment"),
        };
        grid.row(vec![
            (Role::Plain, ink.text(name)),
            (Role::Value, ink.text(&number(plan.peak_bytes as f64, Kind::Bytes))),
            (Role::Value, format!("+{:.1} %", plan.overhead * 100.0)),
            (Role::Dim, segments),
        ]);
    };
    if let Some(plan) = &checkpointing.stored {
        row("everything kept", plan);
    }
    if let Some(plan) = &checkpointing.square_root {
        row("rule of the square root", plan);
    }
    if let (Some(plan), Some(limit)) = (&checkpointing.within_limit, checkpointing.limit_bytes) {
        let best = if checkpointing.within_limit_is_optimal == Some(true) { "best" } else { "found" };
        row(&format!("{best} within {}", number(limit as f64, Kind::Bytes)), plan);
    }
    let best = if checkpointing.curve_is_optimal { "best" } else { "found" };
    for (at, plan) in spread(&checkpointing.curve) {
        let is_last = at + 1 == checkpointing.curve.len();
        row(if is_last { "least memory" } else { best }, plan);
    }
    if let Some(plan) = checkpointing.recursive.last() {
        row("least memory, recursive", plan);
    }
    let mut lines = grid.lines(ink);
    if let (Some(limit), None, Some(least)) =
        (checkpointing.limit_bytes, &checkpointing.within_limit, checkpointing.curve.last())
    {
        let (limit, least) =
            (number(limit as f64, Kind::Bytes), number(least.peak_bytes as f64, Kind::Bytes));
        let text = format!("  no placement fits in {limit}: the least is {least}");
        lines.push(Line::new(Role::Bad, ink.text(&text)));
    }
    lines
}

/// A few placements of the curve, the last among them, evenly apart.
fn spread(curve: &[CheckpointPlan]) -> impl Iterator<Item = (usize, &CheckpointPlan)> {
    let count = curve.len();
    let is_shown = move |at: usize| count <= POINTS || (at * POINTS / count != (at + 1) * POINTS / count);
    curve.iter().enumerate().filter(move |(at, _)| is_shown(*at))
}
