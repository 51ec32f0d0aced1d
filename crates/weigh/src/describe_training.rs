//! What training takes, at its place in the document.

use weigh_analysis::training::checkpoint::{Chain, Placement, Price};
use weigh_analysis::training::{Recipe, StepMemory, Training, TrainingLayer, train};
use weigh_analysis::{AnalysisError, Options};
use weigh_ir::{Cost, Expr, Node};
use weigh_report::{Count, report};

use crate::Opened;

/// What training a model takes, for [`Report::training`](crate::Report).
///
/// # Errors
/// Those of [`analyze`](crate::analyze).
pub fn describe_training(
    opened: &Opened,
    options: &Options,
    recipe: Recipe,
) -> Result<report::Training, AnalysisError> {
    let training = train(&opened.model, options, recipe)?;
    let (data, weights) = (&training.backward_data, &training.backward_weights);
    let backward = &data.macs + &weights.macs;
    let step_flops = (&training.forward.macs + &backward) * 2;
    let some = |expr: Expr| Some(Count(expr));
    let memory = training.memory.as_ref();
    Ok(report::Training {
        optimizer: recipe.optimizer.name().to_owned(),
        precision: recipe.precision.name().to_owned(),
        parameters: some(training.parameters.clone()),
        forward_flops: flops(&training.forward),
        backward_data_flops: flops(data),
        backward_weights_flops: flops(weights),
        backward_flops: some(backward * 2),
        step_flops: some(step_flops.clone()),
        forward_other_ops: some(training.forward.other_ops.clone()),
        backward_other_ops: some(&data.other_ops + &weights.other_ops),
        parameter_bytes: some(training.parameter_bytes.clone()),
        master_bytes: some(training.master_bytes.clone()),
        gradient_bytes: some(training.gradient_bytes.clone()),
        optimizer_bytes: some(training.optimizer_bytes.clone()),
        saved_activation_bytes: some(training.saved_bytes.clone()),
        peak_bytes: memory.map(|memory| memory.bytes(&memory.stored.price)),
        complete: is_complete(&training),
        unknown: (training.unknown.iter())
            .map(|(op, count)| report::UnknownOp { op: op.clone(), count: *count as u64 })
            .collect(),
        layers: opened.model.graph.nodes.iter().zip(&training.layers).map(layer).collect(),
        checkpointing: memory.map(|memory| checkpointing(memory, recipe, &step_flops)),
    })
}

/// Whether the forward price, the backward pass and what is kept are known of every node.
fn is_complete(training: &Training) -> bool {
    let is_known = |layer: &TrainingLayer| layer.forward.is_some() && layer.saved_bytes.is_some();
    training.unknown.is_empty() && training.layers.iter().all(is_known)
}

fn flops(cost: &Cost) -> Option<Count> {
    Some(Count(&cost.macs * 2))
}

fn layer((node, layer): (&Node, &TrainingLayer)) -> report::TrainingLayer {
    report::TrainingLayer {
        node: node.name.to_string(),
        forward_flops: layer.forward.as_ref().and_then(flops),
        backward_data_flops: layer.backward_data.as_ref().and_then(flops),
        backward_weights_flops: layer.backward_weights.as_ref().and_then(flops),
        saved_bytes: layer.saved_bytes.clone().map(Count),
        unknown: layer.unknown.map(str::to_owned),
    }
}

fn checkpointing(memory: &StepMemory, recipe: Recipe, step_flops: &Expr) -> report::Checkpointing {
    let of_step = step_flops.as_int().unwrap_or(0) as f64;
    let plan = |placement: &Placement| plan(memory, placement, of_step);
    report::Checkpointing {
        blocks: memory.chain.blocks.len() as u64,
        limit_bytes: recipe.memory_limit,
        stored: Some(plan(&memory.stored)),
        square_root: Some(plan(&memory.square_root)),
        within_limit: memory.within_limit.as_ref().map(|(placement, _)| plan(placement)),
        within_limit_is_optimal: memory.within_limit.as_ref().map(|(_, is_optimal)| *is_optimal),
        curve: memory.curve.placements.iter().map(plan).collect(),
        curve_is_optimal: memory.curve.is_exact,
        recursive: memory.recursive.iter().map(|price| priced(memory, price, of_step, Vec::new())).collect(),
    }
}

fn plan(memory: &StepMemory, placement: &Placement, step_flops: f64) -> report::CheckpointPlan {
    priced(memory, &placement.price, step_flops, segments(&memory.chain, placement))
}

fn priced(
    memory: &StepMemory,
    price: &Price,
    step_flops: f64,
    segments: Vec<report::CheckpointSegment>,
) -> report::CheckpointPlan {
    let recomputed = price.macs.saturating_mul(2);
    report::CheckpointPlan {
        peak_bytes: memory.bytes(price),
        activation_bytes: price.peak,
        recomputed_flops: recomputed,
        recomputed_other_ops: price.other_ops,
        overhead: if step_flops > 0.0 { recomputed as f64 / step_flops } else { 0.0 },
        segments,
    }
}

fn segments(chain: &Chain, placement: &Placement) -> Vec<report::CheckpointSegment> {
    let recomputed = placement.segments.iter().filter(|segment| segment.is_recomputed);
    let ends = recomputed.filter_map(|segment| {
        let blocks = chain.blocks.get(segment.blocks.clone())?;
        let (first, last) = (blocks.first()?, blocks.last()?);
        Some(report::CheckpointSegment { first: first.first.clone(), last: last.last.clone() })
    });
    ends.collect()
}
