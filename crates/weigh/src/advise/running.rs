//! Techniques that leave the graph as it is and run it otherwise.

use weigh_analysis::{StepMemory, analyze};
use weigh_ir::{Expr, units};
use weigh_report::Count;

use super::ground::{Changed, Ground, Tried};
use super::price::{Candidate, Priced, Way};
use crate::benchmark::batch_symbol;

/// Batches that are tried, in multiples of the model's own.
const MULTIPLES: [u64; 6] = [2, 4, 8, 16, 32, 64];

/// A batch that brings less than this above a smaller one is not worth its latency.
const WORTH: f64 = 1.05;

/// The batch beyond which throughput grows little.
pub(super) fn larger_batch(ground: &Ground<'_>) -> Vec<Tried> {
    let Some(symbol) = batch_symbol(&ground.facts) else {
        return vec![Tried::refused("the file fixes its batch: export it with an open one")];
    };
    let own = ground.batch();
    let mut best: Option<(u64, Priced)> = None;
    let mut why = "no larger batch brings more".to_owned();
    for batch in MULTIPLES.map(|multiple| own.saturating_mul(multiple)) {
        let Ok(extent) = i64::try_from(batch) else { break };
        let mut options = ground.options.clone();
        options.bindings.insert(symbol.clone(), extent);
        let facts = match analyze(ground.model(), &options) {
            Ok(facts) => facts,
            Err(error) => {
                why = error.to_string();
                break;
            }
        };
        let priced = ground.target.price(&Candidate::new(ground.opened, &options, &facts), Way::Engine);
        let before = best.as_ref().map_or(&ground.before, |(_, priced)| priced);
        let score = |priced: &Priced| {
            let goal = ground.request.goal;
            goal.of(&priced.costs).map(|value| goal.improvement(value))
        };
        match score(&priced).zip(score(before)) {
            Some((after, before)) if after >= before * WORTH => best = Some((batch, priced)),
            Some(_) => break,
            None => {
                why = priced.notes.first().cloned().unwrap_or(why);
                break;
            }
        }
    }
    let Some((batch, after)) = best else { return vec![Tried::refused(why)] };
    let time = after.costs.latency_ms.map_or("?".to_owned(), units::milliseconds);
    let notes = vec![format!("an inference of {batch} takes {time}")];
    let changed = Changed { notes, ..Changed::new(ground.before.clone(), after) };
    let path = &ground.opened.path;
    vec![
        Tried::changed(changed)
            .in_way(format!("{batch} samples"))
            .by(format!("weigh measure {path} --batch {own},{batch}")),
    ]
}

/// The order of the smallest peak, and the arena that it is planned in.
pub(super) fn best_order(ground: &Ground<'_>) -> Vec<Tried> {
    let totals = &ground.facts.totals;
    let peak = &totals.activations.peak.bytes;
    let Some(best) = &totals.activations.best_order_peak else {
        return vec![Tried::refused("no order was searched: some sizes are not known")];
    };
    let proof = match totals.activations.best_order_is_optimal {
        true => "proved",
        false => "not proved",
    };
    if best.bytes == *peak {
        return vec![Tried::refused(format!("the file's own order has the smallest peak ({proof})"))];
    }
    let saved = peak - &best.bytes;
    let mut after = ground.before.clone();
    after.costs.peak_bytes = Some(Count(best.bytes.clone()));
    // Weights stay; the workspace of the step at the peak stays too.
    after.costs.device_bytes = after.costs.device_bytes.map(|bytes| Count(&bytes.0 - &saved));
    let notes =
        vec![format!("{} order, {proof} the smallest", totals.activations.best_order.unwrap_or("another"))];
    let changed =
        Changed { before: ground.before.clone(), after, applies_to: Vec::new(), notes, runnable: None };
    vec![Tried::changed(changed).by(format!("weigh inspect {} --memory --format json", ground.named()))]
}

/// The first layers in tiles: what is alive there is then a tile's share, and what comes after decides the peak.
pub(super) fn patches(ground: &Ground<'_>) -> Vec<Tried> {
    let steps = &ground.facts.steps;
    let live = |step: &StepMemory| step.live_bytes.as_ref().and_then(Expr::as_int);
    let running: Vec<(usize, i64)> =
        steps.iter().enumerate().filter_map(|(at, step)| Some((at, live(step)?))).collect();
    let Some(peak) = running.iter().map(|(_, bytes)| *bytes).max() else {
        return vec![Tried::refused("what is alive in its steps is not known")];
    };
    // The largest step after each step.
    let mut later = vec![0; running.len() + 1];
    for at in (0..running.len()).rev() {
        later[at] = later[at + 1].max(running[at].1);
    }
    let is_early = |at: usize| at * 2 < running.len();
    // As few layers as bring the peak to half or less: every layer in tiles computes its borders more than once.
    let end = (1..running.len()).find(|&at| is_early(at) && later[at] * 2 <= peak);
    let Some(end) = end else {
        let at = running.iter().find(|(_, bytes)| *bytes == peak).map_or(0, |(at, _)| *at);
        let name = ground.model().graph.nodes.get(at).map_or("", |node| &*node.name);
        return vec![Tried::refused(format!("the peak is not in the early layers alone: it is at '{name}'"))];
    };
    if has_no_space(ground) {
        return vec![Tried::refused("only images have tiles")];
    }
    let saved = peak - later[end];
    let mut after = ground.before.clone();
    after.costs.peak_bytes = Some(Count::from(later[end]));
    after.costs.device_bytes = after.costs.device_bytes.map(|bytes| Count(&bytes.0 - &Expr::Int(saved)));
    let names = running[..end].iter().filter_map(|(at, _)| ground.model().graph.nodes.get(*at));
    let changed = Changed {
        applies_to: names.map(|node| node.name.to_string()).collect(),
        notes: vec!["a bound: the tile in work and the borders that neighbours share come on top".to_owned()],
        ..Changed::new(ground.before.clone(), after)
    };
    vec![Tried::changed(changed).by(format!("weigh inspect {} --memory", ground.named()))]
}

/// Whether no input is an image or a volume.
fn has_no_space(ground: &Ground<'_>) -> bool {
    let rank = |id: &weigh_ir::TensorId| {
        ground.model().tensor(*id).declared.as_ref().map_or(0, weigh_ir::Shape::rank)
    };
    ground.model().graph.inputs.iter().all(|id| rank(id) < 4)
}
