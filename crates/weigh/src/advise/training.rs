//! Techniques that make a training step need less memory.

use weigh_analysis::training::checkpoint::Placement;
use weigh_analysis::training::{Precision, Recipe, StepMemory, Training, train};
use weigh_ir::{DType, units};
use weigh_report::Count;
use weigh_report::report::Costs;

use super::ground::{Changed, Ground, Tried};
use super::price::Priced;

/// The most of a step's FLOPs that the cheaper placement may do twice.
const CHEAP: f64 = 0.1;

/// Which activations to compute again, by dynamic programming: the least memory, and the least for [`CHEAP`].
pub(super) fn checkpointing(ground: &Ground<'_>) -> Vec<Tried> {
    let Some(recipe) = ground.request.training else { return Vec::new() };
    let (training, memory) = match trained(ground, recipe) {
        Ok(found) => found,
        Err(why) => return vec![Tried::refused(why)],
    };
    let macs = &training.forward.macs + &training.backward_data.macs + &training.backward_weights.macs;
    let Some(macs) = macs.as_int().filter(|macs| *macs > 0) else {
        return vec![Tried::refused("what a step computes is not known")];
    };
    let overhead = |placement: &Placement| placement.price.macs as f64 / macs as f64;
    let least = |most: f64| {
        let affordable = memory.curve.placements.iter().filter(|placement| overhead(placement) <= most);
        let best = affordable.min_by_key(|placement| (placement.price.peak, placement.price.work()));
        best.filter(|best| best.price.peak < memory.stored.price.peak)
    };
    let mut placements: Vec<&Placement> =
        [least(f64::INFINITY), least(CHEAP)].into_iter().flatten().collect();
    placements.dedup();
    if placements.is_empty() {
        return vec![Tried::refused("the graph has no places between which to compute again")];
    }
    let row = |placement: &Placement| {
        let recomputed = placement.segments.iter().filter(|segment| segment.is_recomputed);
        let places = recomputed.filter_map(|segment| {
            let blocks = memory.chain.blocks.get(segment.blocks.clone())?;
            Some(format!("{} to {}", blocks.first()?.first, blocks.last()?.last))
        });
        let bytes = memory.bytes(&placement.price);
        let (before, after) = (step(&memory, memory.bytes(&memory.stored.price)), step(&memory, bytes));
        let changed = Changed { applies_to: places.collect(), ..Changed::new(before, after) };
        let limit = bytes.div_ceil(1 << 20);
        let command = format!("weigh inspect {} --training --memory-limit {limit}MiB", ground.named());
        let way = format!("{} more FLOPs", units::percent(overhead(placement)));
        Tried::changed(changed).in_way(way).by(command)
    };
    placements.into_iter().map(row).collect()
}

/// The same step in 16 bits.
pub(super) fn mixed_precision(ground: &Ground<'_>) -> Vec<Tried> {
    let Some(recipe) = ground.request.training else { return Vec::new() };
    let mixed = Recipe { precision: Precision::Mixed(DType::BF16), ..recipe };
    if recipe.precision == mixed.precision {
        return vec![Tried::refused("it is trained so already")];
    }
    let both = trained(ground, recipe).and_then(|before| Ok((before.1, trained(ground, mixed)?.1)));
    let (before, after) = match both {
        Ok(found) => found,
        Err(why) => return vec![Tried::refused(why)],
    };
    let stored = |memory: &StepMemory| step(memory, memory.bytes(&memory.stored.price));
    let changed = Changed::new(stored(&before), stored(&after));
    vec![
        Tried::changed(changed)
            .by(format!("weigh inspect {} --training --mixed-precision bf16", ground.named())),
    ]
}

fn trained(ground: &Ground<'_>, recipe: Recipe) -> Result<(Training, StepMemory), String> {
    let training = train(ground.model(), &ground.options, recipe).map_err(|error| error.to_string())?;
    let unknown = || match training.unknown.first() {
        Some((op, _)) => format!("the backward pass of {op} is not known"),
        None => "the memory of a training step is not known".to_owned(),
    };
    let memory = training.memory.clone().ok_or_else(unknown)?;
    Ok((training, memory))
}

/// A training step's memory in the place of an inference's.
fn step(memory: &StepMemory, bytes: u64) -> Priced {
    let count = |bytes: u64| i64::try_from(bytes).ok().map(Count::from);
    let costs = Costs {
        device_bytes: count(bytes),
        peak_bytes: count(bytes.saturating_sub(memory.state_bytes)),
        ..Costs::default()
    };
    Priced { costs, ..Priced::default() }
}
