//! Tables of a training step and of the placements of checkpoints.

use super::{formula, plain};
use crate::render::numbers::{self, Kind, number};
use crate::report::{CheckpointPlan, Checkpointing, Count, Report, Training};

pub(super) fn tables(report: &Report) -> String {
    let Some(training) = &report.training else { return String::new() };
    let mut page = amounts(training);
    if let Some(checkpointing) = &training.checkpointing {
        page.push_str(&placements(checkpointing));
    }
    page
}

fn amounts(training: &Training) -> String {
    let (optimizer, precision) = (plain(&training.optimizer), plain(&training.precision));
    let mut page =
        format!("\n| training with {optimizer}, {precision} precision | value | exact |\n|---|--:|--:|\n");
    let least = if training.complete { "" } else { "≥ " };
    let peak = training.peak_bytes.and_then(|bytes| i64::try_from(bytes).ok()).map(Count::from);
    let rows = [
        ("FLOPs, forward", &training.forward_flops, Kind::Count, ""),
        ("FLOPs, gradients of activations", &training.backward_data_flops, Kind::Count, least),
        ("FLOPs, gradients of parameters", &training.backward_weights_flops, Kind::Count, least),
        ("FLOPs of a step", &training.step_flops, Kind::Count, least),
        ("parameters and buffers", &training.parameter_bytes, Kind::Bytes, ""),
        ("float32 copy of parameters", &training.master_bytes, Kind::Bytes, ""),
        ("gradients", &training.gradient_bytes, Kind::Bytes, ""),
        ("optimiser", &training.optimizer_bytes, Kind::Bytes, ""),
        ("activations kept", &training.saved_activation_bytes, Kind::Bytes, least),
        ("peak of a step", &peak, Kind::Bytes, ""),
    ];
    for (name, count, kind, least) in rows {
        let Some(count) = count else { continue };
        let (value, exact) = (numbers::count(count, kind), formula(count));
        page.push_str(&format!("| {name} | {least}{} | {exact} |\n", plain(&value)));
    }
    let unknown: Vec<String> = training
        .unknown
        .iter()
        .map(|unknown| format!("{} × {}", unknown.count, plain(&unknown.op)))
        .collect();
    if !unknown.is_empty() {
        page.push_str(&format!("\nbackward pass unknown: {}\n", unknown.join(", ")));
    }
    page
}

fn placements(checkpointing: &Checkpointing) -> String {
    let mut page = format!(
        "\n| checkpoints, {} blocks | step needs | more FLOPs | segments recomputed |\n|---|--:|--:|--:|\n",
        checkpointing.blocks
    );
    let mut row = |name: &str, plan: &CheckpointPlan| {
        let (needs, more) = (number(plan.peak_bytes as f64, Kind::Bytes), plan.overhead * 100.0);
        page.push_str(&format!("| {name} | {needs} | {more:.1} % | {} |\n", plan.segments.len()));
    };
    let named = [
        ("everything kept", &checkpointing.stored),
        ("rule of the square root", &checkpointing.square_root),
        ("within the limit", &checkpointing.within_limit),
    ];
    for (name, plan) in named {
        if let Some(plan) = plan {
            row(name, plan);
        }
    }
    let name = if checkpointing.curve_is_optimal { "best for its memory" } else { "found for its memory" };
    checkpointing.curve.iter().for_each(|plan| row(name, plan));
    if let Some(plan) = checkpointing.recursive.last() {
        row("least memory, recursive", plan);
    }
    page
}
