//! Good orders of a segment without a proof.

use std::cmp::Reverse;

use foldhash::{HashSet, HashSetExt};
use smallvec::SmallVec;

use super::segments::Segment;
use super::state::{MAX_CHOICES, State};

/// States kept times tasks: what a beam may cost.
const BEAM_WORK: usize = 200;
/// The widest beam.
const MAX_WIDTH: usize = 64;

/// One branch after the other, those first that need most beyond what they leave (Sethi, Ullman 1970; Liu 1987,
/// for trees). Returns the peak and the order.
pub(super) fn depth_first(segment: &Segment) -> (i128, Vec<u16>) {
    let count = segment.tasks.len();
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, task) in segment.tasks.iter().enumerate() {
        task.after.iter().for_each(|next| before[usize::from(*next)].push(at));
    }
    let fresh = State::new(segment);
    let left_by = |task: usize| -> i128 { fresh.rise(segment, task).net.max(0) };
    // What each task needs with all that leads to it, as if it shared nothing. Tasks stand in a valid order.
    let mut needs = vec![0i128; count];
    for at in 0..count {
        before[at].sort_by_key(|task| (Reverse(needs[*task] - left_by(*task)), *task));
        let mut held = 0;
        for task in &before[at] {
            needs[at] = needs[at].max(held + needs[*task]);
            held += left_by(*task);
        }
        needs[at] = needs[at].max(held + fresh.rise(segment, at).hill);
    }
    let mut ends: Vec<usize> = (0..count).filter(|task| segment.tasks[*task].after.is_empty()).collect();
    ends.sort_by_key(|task| (Reverse(needs[*task] - left_by(*task)), *task));
    let order = post_order(&ends, &before);
    let mut state = fresh.clone();
    let peak = order.iter().map(|task| state.run(segment, usize::from(*task))).max();
    (peak.unwrap_or(0), order)
}

/// Every task after those before it, in the order given.
fn post_order(ends: &[usize], before: &[Vec<usize>]) -> Vec<u16> {
    let mut order = Vec::with_capacity(before.len());
    let mut is_begun = vec![false; before.len()];
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for end in ends {
        stack.push((*end, 0));
        while let Some((task, at)) = stack.pop() {
            match before[task].get(at) {
                Some(first) => {
                    stack.push((task, at + 1));
                    if !std::mem::replace(&mut is_begun[*first], true) {
                        stack.push((*first, 0));
                    }
                }
                None => order.push(task as u16),
            }
        }
    }
    order
}

/// A task that could run next in one of the states kept.
struct Choice {
    peak: i128,
    alive: i128,
    state: usize,
    task: u16,
}

impl Choice {
    /// The tasks that have run once it has.
    fn done(&self, kept: &[Kept]) -> SmallVec<[u64; 2]> {
        kept[self.state].state.done_with(self.task)
    }
}

/// One of the states kept.
#[derive(Clone)]
struct Kept {
    peak: i128,
    state: State,
    /// The last link of the way that led to it.
    way: Option<usize>,
}

/// Always the task that keeps the peak lowest, and of equals leaves the least alive; so many states side by side
/// as the size of the segment allows. Returns the peak and the order.
pub(super) fn beam(segment: &Segment) -> (i128, Vec<u16>) {
    let count = segment.tasks.len();
    let width = (BEAM_WORK / count.max(1)).clamp(1, MAX_WIDTH);
    let mut kept = vec![Kept { peak: 0, state: State::new(segment), way: None }];
    let mut ways: Vec<(Option<usize>, u16)> = Vec::new();
    let mut seen: HashSet<SmallVec<[u64; 2]>> = HashSet::new();
    for _ in 0..count {
        let mut choices: Vec<Choice> =
            kept.iter().enumerate().flat_map(|(at, kept)| choices(segment, kept, at)).collect();
        choices.sort_by_key(|choice| (choice.peak, choice.alive, choice.state, choice.task));
        seen.clear();
        choices.retain(|choice| seen.len() < width && seen.insert(choice.done(&kept)));
        let mut from: Vec<Option<Kept>> = kept.into_iter().map(Some).collect();
        kept = Vec::with_capacity(choices.len());
        for (at, choice) in choices.iter().enumerate() {
            let is_needed = choices[at + 1..].iter().any(|later| later.state == choice.state);
            let slot = &mut from[choice.state];
            let Some(Kept { mut state, way, .. }) = (if is_needed { slot.clone() } else { slot.take() })
            else {
                continue;
            };
            state.run(segment, usize::from(choice.task));
            ways.push((way, choice.task));
            kept.push(Kept { peak: choice.peak, state, way: Some(ways.len() - 1) });
        }
    }
    let Some(best) = kept.into_iter().next() else { return (i128::MAX, Vec::new()) };
    let mut order = Vec::with_capacity(count);
    let mut way = best.way;
    while let Some((before, task)) = way.and_then(|way| ways.get(way)) {
        order.push(*task);
        way = *before;
    }
    order.reverse();
    (best.peak, order)
}

/// What could run next: a task that may as well run at once, or else all that are ready.
fn choices(segment: &Segment, kept: &Kept, at: usize) -> Vec<Choice> {
    let choice = |task: u16| {
        let rise = kept.state.rise(segment, usize::from(task));
        let (peak, alive) = (kept.peak.max(kept.state.alive + rise.hill), kept.state.alive + rise.net);
        Choice { peak, alive, state: at, task }
    };
    let choices: Vec<Choice> = kept.state.ready.iter().take(MAX_CHOICES).map(|task| choice(*task)).collect();
    let is_free = |choice: &Choice| choice.peak == kept.peak && choice.alive <= kept.state.alive;
    match choices.iter().position(is_free) {
        Some(at) => choices.into_iter().skip(at).take(1).collect(),
        None => choices,
    }
}
