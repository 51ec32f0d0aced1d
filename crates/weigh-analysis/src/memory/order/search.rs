//! A search for the best order of a segment: states in the order of the peak that leads to them.
//!
//! What has run decides what is alive, however it came about. So the best order to each set of tasks is all that
//! needs keeping, and the first time that all tasks have run, the order is a best one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use foldhash::{HashMap, HashMapExt};
use smallvec::SmallVec;

use super::segments::Segment;
use super::state::State;

/// Segments of more tasks than this are not searched.
const MAX_TASKS: usize = 256;

/// What a search came to.
pub(super) enum Answer {
    /// The best order of tasks, with its peak.
    Found(i128, Vec<u16>),
    /// No order has a smaller peak than the one that was known.
    NothingBelow,
    /// There was too much to look at.
    GaveUp,
}

/// How a state was reached.
struct Reached {
    from: usize,
    by: SmallVec<[u16; 4]>,
    peak: i128,
    /// Taken away when the search goes on from it.
    state: Option<State>,
}

/// The search under way.
struct Search<'s> {
    segment: &'s Segment,
    reached: Vec<Reached>,
    /// By smallest peak; of equals the one that has run most tasks, then the latest.
    open: BinaryHeap<(Reverse<i128>, usize, usize)>,
    best: HashMap<SmallVec<[u64; 2]>, i128>,
}

/// Looks for an order whose peak is below `known`. What is below `bound` counts as no better than it. Takes the
/// states that it reaches from `states`.
pub(super) fn below(segment: &Segment, bound: i128, known: i128, states: &mut usize) -> Answer {
    if segment.tasks.len() > MAX_TASKS {
        return Answer::GaveUp;
    }
    let mut search = Search { segment, reached: Vec::new(), open: BinaryHeap::new(), best: HashMap::new() };
    search.reach(0, None, State::new(segment), bound.max(segment.start));
    while let Some((Reverse(peak), _, from)) = search.open.pop() {
        let Some(state) = search.reached[from].state.take() else { continue };
        if state.count == segment.tasks.len() {
            return Answer::Found(peak, search.way_to(from));
        }
        if search.best.get(&state.done).is_some_and(|best| *best < peak) {
            continue;
        }
        for task in &state.ready {
            let next = peak.max(state.alive + state.rise(segment, usize::from(*task)).hill);
            if next >= known || !search.is_better(state.done_with(*task), next) {
                continue;
            }
            let Some(left) = states.checked_sub(1) else { return Answer::GaveUp };
            *states = left;
            let mut state = state.clone();
            state.run(segment, usize::from(*task));
            search.reach(from, Some(*task), state, next);
        }
    }
    Answer::NothingBelow
}

impl Search<'_> {
    /// Notes that these tasks have run with this peak, unless they were reached as well before.
    fn is_better(&mut self, done: SmallVec<[u64; 2]>, peak: i128) -> bool {
        let best = self.best.entry(done).or_insert(i128::MAX);
        let is_better = peak < *best;
        *best = peak.min(*best);
        is_better
    }

    /// Notes a state, with all that may as well run at once, unless it was reached as well before.
    fn reach(&mut self, from: usize, by: Option<u16>, mut state: State, peak: i128) {
        let mut by: SmallVec<[u16; 4]> = by.into_iter().collect();
        let mut is_better = true;
        while let Some(task) = state.free_task(self.segment, peak) {
            state.run(self.segment, usize::from(task));
            by.push(task);
            is_better = false;
        }
        if is_better || self.is_better(state.done.clone(), peak) {
            self.open.push((Reverse(peak), state.count, self.reached.len()));
            self.reached.push(Reached { from, by, peak, state: Some(state) });
        }
    }

    /// The tasks that led to a state.
    fn way_to(&self, state: usize) -> Vec<u16> {
        let mut parts = vec![&self.reached[state]];
        let mut at = state;
        while at != 0 {
            at = self.reached[at].from;
            parts.push(&self.reached[at]);
        }
        debug_assert!(parts.windows(2).all(|pair| pair[1].peak <= pair[0].peak));
        parts.iter().rev().flat_map(|part| part.by.iter().copied()).collect()
    }
}
