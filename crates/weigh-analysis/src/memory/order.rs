//! Execution orders, and which of those tried needs the least memory.

use std::collections::BTreeSet;

use super::Extent;
use super::timeline::Timeline;

/// Graphs of more steps than this are taken in file order only.
const MAX_STEPS: usize = 20_000;
/// Of the steps that could run next, no more than this many are compared.
const MAX_CHOICES: usize = 64;

/// An order and its peak.
pub(super) struct Best {
    pub name: &'static str,
    pub peak: Extent,
}

/// Plain sizes of a timeline.
struct Sizes {
    elements: Vec<i128>,
    bytes: Vec<i128>,
    inner: Vec<(i128, i128)>,
}

/// The best of the orders tried: the file's, and a greedy one that always runs the step that leaves the least
/// alive. `None` where sizes are formulas.
pub(super) fn best(timeline: &Timeline) -> Option<Best> {
    let plain =
        |extent: &Extent| Some((i128::from(extent.elements.as_int()?), i128::from(extent.bytes.as_int()?)));
    let lives: Vec<(i128, i128)> =
        timeline.lives.iter().map(|life| plain(&life.extent)).collect::<Option<_>>()?;
    let sizes = Sizes {
        elements: lives.iter().map(|pair| pair.0).collect(),
        bytes: lives.iter().map(|pair| pair.1).collect(),
        inner: timeline.steps.iter().map(|step| plain(&step.inner)).collect::<Option<_>>()?,
    };
    let steps: Vec<usize> = (0..timeline.steps.len()).filter(|step| timeline.steps[*step].runs).collect();
    if steps.is_empty() {
        return None;
    }
    let file = peak_of(timeline, &steps, &sizes);
    let mut best = ("file", file);
    let own = |at: &usize| {
        let step = &timeline.steps[*at];
        step.reads.iter().chain(&step.makes).map(|life| sizes.bytes[*life]).sum::<i128>() + sizes.inner[*at].1
    };
    // No order can be better than its largest step.
    let is_optimal = steps.iter().map(own).max() == Some(file.1);
    if !is_optimal && steps.len() <= MAX_STEPS {
        let peak = peak_of(timeline, &greedy(timeline, &sizes), &sizes);
        if peak.1 < file.1 {
            best = ("greedy", peak);
        }
    }
    let expr = |value: i128| {
        i64::try_from(value).map_or(weigh_ir::Expr::Invalid(weigh_ir::Invalid::Overflow), weigh_ir::Expr::Int)
    };
    Some(Best { name: best.0, peak: Extent { elements: expr(best.1.0), bytes: expr(best.1.1) } })
}

/// How many steps of an order still read each life.
fn reader_counts(timeline: &Timeline) -> Vec<usize> {
    let mut counts = vec![0; timeline.lives.len()];
    for life in timeline.steps.iter().filter(|step| step.runs).flat_map(|step| &step.reads) {
        counts[*life] += 1;
    }
    counts
}

/// The peak of an order, in elements and in bytes.
fn peak_of(timeline: &Timeline, order: &[usize], sizes: &Sizes) -> (i128, i128) {
    let mut readers = reader_counts(timeline);
    let from_start =
        |life: &usize| timeline.lives[*life].made.is_none() && timeline.lives[*life].last.is_some();
    let inputs = (0..timeline.lives.len()).filter(from_start);
    let mut alive =
        inputs.fold((0, 0), |sum, life| (sum.0 + sizes.elements[life], sum.1 + sizes.bytes[life]));
    let mut peak = (0, 0);
    for at in order {
        let step = &timeline.steps[*at];
        for life in &step.makes {
            alive = (alive.0 + sizes.elements[*life], alive.1 + sizes.bytes[*life]);
        }
        let (elements, bytes) = sizes.inner[*at];
        peak = (peak.0.max(alive.0 + elements), peak.1.max(alive.1 + bytes));
        // Each life is read at most once in a step and never after its last reader, so it is freed once.
        step.reads.iter().for_each(|life| readers[*life] -= 1);
        for life in step.reads.iter().chain(&step.makes) {
            if readers[*life] == 0 && !timeline.lives[*life].is_output {
                alive = (alive.0 - sizes.elements[*life], alive.1 - sizes.bytes[*life]);
            }
        }
    }
    peak
}

/// Always the ready step after which the least is alive; of equals the one with the smaller step itself, then
/// the first in the file.
fn greedy(timeline: &Timeline, sizes: &Sizes) -> Vec<usize> {
    let mut waiting = vec![0usize; timeline.steps.len()];
    let mut consumers: Vec<Vec<usize>> = vec![Vec::new(); timeline.lives.len()];
    let mut ready = BTreeSet::new();
    for (at, step) in timeline.steps.iter().enumerate().filter(|(_, step)| step.runs) {
        for life in &step.reads {
            consumers[*life].push(at);
            waiting[at] += usize::from(timeline.lives[*life].made.is_some());
        }
        if waiting[at] == 0 {
            ready.insert(at);
        }
    }
    let mut readers = reader_counts(timeline);
    let mut order = Vec::with_capacity(timeline.steps.len());
    while !ready.is_empty() {
        let growth = |at: &usize| {
            let step = &timeline.steps[*at];
            let made: i128 = step.makes.iter().map(|life| sizes.bytes[*life]).sum();
            let kept = |life: &&usize| readers[**life] > 0 || timeline.lives[**life].is_output;
            let made_to_stay: i128 = step.makes.iter().filter(kept).map(|life| sizes.bytes[*life]).sum();
            let freed =
                step.reads.iter().filter(|life| readers[**life] == 1 && !timeline.lives[**life].is_output);
            (
                made_to_stay - freed.map(|life| sizes.bytes[*life]).sum::<i128>(),
                made + sizes.inner[*at].1,
                *at,
            )
        };
        let Some(next) = ready.iter().take(MAX_CHOICES).min_by_key(|at| growth(at)).copied() else { break };
        ready.remove(&next);
        order.push(next);
        let step = &timeline.steps[next];
        step.reads.iter().for_each(|life| readers[*life] -= 1);
        for consumer in step.makes.iter().flat_map(|life| &consumers[*life]) {
            waiting[*consumer] -= 1;
            if waiting[*consumer] == 0 {
                ready.insert(*consumer);
            }
        }
    }
    order
}
