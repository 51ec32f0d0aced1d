//! The best placement for a memory limit, by dynamic programming over the boundaries of a chain.
//!
//! What a segment needs while it runs depends on the segments before it only by the bytes they left, so placements
//! of the first blocks are compared by two numbers: bytes left and work to repeat. Of each number of blocks the
//! placements that none beats in both are kept. That is exact; where there are more than [`WIDEST`] of them, only
//! some go on, and what is found is a placement that holds but may not be the best.

use super::{Chain, Placement, Segment};

/// How many placements of the first blocks are followed at most.
const WIDEST: usize = 256;
/// How many points a curve has at most.
const POINTS: u64 = 24;

/// Memory against recomputation: placements of which none has both less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Curve {
    /// From everything stored to the least memory.
    pub placements: Vec<Placement>,
    /// Whether every limit asked for was answered exactly.
    pub is_exact: bool,
}

/// A placement of the first blocks that no other beats.
#[derive(Clone, Copy, Debug)]
struct State {
    /// Bytes that its segments left in memory.
    left: u64,
    /// Work to repeat.
    work: u64,
    /// Where its last segment begins, which state that continues, and whether it is recomputed.
    from: usize,
    before: usize,
    is_recomputed: bool,
}

/// What every segment takes, computed once.
struct Table {
    /// For each end, each beginning before it: peak, retained bytes and work of the recomputed segment.
    recomputed: Vec<Vec<(u64, u64, u64)>>,
    /// For each block alone: peak and retained bytes where it is stored.
    stored: Vec<(u64, u64)>,
}

impl Chain {
    fn table(&self) -> Table {
        let count = self.blocks.len();
        let row = |end: usize| {
            let of = |begin: usize| {
                let segment = Segment { blocks: begin..end, is_recomputed: true };
                let work = self.blocks[begin..end].iter().map(super::Block::work).sum();
                (self.peak_within(&segment), self.retained(&segment), work)
            };
            (0..end).map(of).collect()
        };
        let alone = |block: usize| {
            let segment = Segment { blocks: block..block + 1, is_recomputed: false };
            (self.peak_within(&segment), self.retained(&segment))
        };
        Table { recomputed: (0..=count).map(row).collect(), stored: (0..count).map(alone).collect() }
    }

    /// The placement with the least work to repeat whose peak is within a limit, and of equals the one with the
    /// smallest peak found; and whether it is proved that none is better. `None` where no placement is within it.
    pub fn best_within(&self, limit: u64) -> Option<(Placement, bool)> {
        self.search(&self.table(), limit)
    }

    fn search(&self, table: &Table, limit: u64) -> Option<(Placement, bool)> {
        let count = self.blocks.len();
        let first = State { left: self.always, work: 0, from: 0, before: 0, is_recomputed: false };
        let mut fronts: Vec<Vec<State>> = vec![vec![first]];
        let mut is_exact = true;
        for end in 1..=count {
            let mut found: Vec<State> = Vec::new();
            let mut go_on = |from: usize, is_recomputed: bool, (peak, retained, work): (u64, u64, u64)| {
                for (before, state) in fronts[from].iter().enumerate() {
                    if state.left.saturating_add(peak) <= limit {
                        let left = state.left.saturating_add(retained);
                        let work = state.work.saturating_add(work);
                        found.push(State { left, work, from, before, is_recomputed });
                    }
                }
            };
            let (peak, retained) = table.stored[end - 1];
            go_on(end - 1, false, (peak, retained, 0));
            for (from, row) in table.recomputed[end].iter().enumerate() {
                go_on(from, true, *row);
            }
            found.sort_by_key(|state| (state.left, state.work));
            let mut least = u64::MAX;
            found.retain(|state| {
                let is_better = state.work < least;
                least = least.min(state.work);
                is_better
            });
            if found.len() > WIDEST {
                is_exact = false;
                let (last, count) = (found.len() - 1, found.len());
                let mut at = 0;
                found.retain(|_| {
                    let is_picked = at == last || at * WIDEST / count != (at + 1) * WIDEST / count;
                    at += 1;
                    is_picked
                });
            }
            fronts.push(found);
        }
        let last = fronts[count].iter().enumerate().min_by_key(|(_, state)| state.work)?.0;
        Some((self.trace(&fronts, last), is_exact))
    }

    fn trace(&self, fronts: &[Vec<State>], last: usize) -> Placement {
        let mut segments = Vec::new();
        let (mut end, mut at) = (self.blocks.len(), last);
        while end > 0 {
            let state = fronts[end][at];
            segments.push(Segment { blocks: state.from..end, is_recomputed: state.is_recomputed });
            (end, at) = (state.from, state.before);
        }
        segments.reverse();
        self.placed(segments)
    }

    /// The least peak of any placement.
    pub fn least_peak(&self) -> u64 {
        let table = self.table();
        let count = self.blocks.len();
        // Within a limit, the fewest bytes that any placement of the first blocks leaves.
        let is_feasible = |limit: u64| {
            let mut fewest: Vec<Option<u64>> = vec![Some(self.always)];
            for end in 1..=count {
                let go_on = |from: usize, peak: u64, retained: u64| {
                    let left = fewest[from].filter(|left| left.saturating_add(peak) <= limit)?;
                    Some(left.saturating_add(retained))
                };
                let stored = go_on(end - 1, table.stored[end - 1].0, table.stored[end - 1].1);
                let recomputed = table.recomputed[end].iter().enumerate();
                let recomputed = recomputed.filter_map(|(from, row)| go_on(from, row.0, row.1));
                let best = stored.into_iter().chain(recomputed).min();
                fewest.push(best);
            }
            fewest[count].is_some()
        };
        let (mut below, mut enough) = (0, self.stored().price.peak);
        while below < enough {
            let middle = below + (enough - below) / 2;
            if is_feasible(middle) { enough = middle } else { below = middle + 1 }
        }
        enough
    }

    /// Placements from everything stored to the least memory, each the best for its peak.
    pub fn curve(&self) -> Curve {
        let table = self.table();
        let (stored, least) = (self.stored(), self.least_peak());
        let stride = (stored.price.peak - least) / POINTS;
        let mut curve = Curve { placements: Vec::new(), is_exact: true };
        let mut limit = stored.price.peak;
        while let Some((placement, is_exact)) = self.search(&table, limit) {
            curve.is_exact &= is_exact;
            let peak = placement.price.peak;
            // Of two with the same work to repeat the one found later has the smaller peak.
            let is_same = |last: &mut Placement| last.price.work() == placement.price.work();
            curve.placements.pop_if(is_same);
            curve.placements.push(placement);
            if peak <= least {
                break;
            }
            limit = (peak - 1).min(limit.saturating_sub(stride)).max(least);
        }
        curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::checkpoint::{Block, Price};
    use proptest::prelude::*;

    /// Every way to divide the chain into segments and to store or recompute each.
    fn every_placement(chain: &Chain) -> Vec<Price> {
        fn extend(chain: &Chain, from: usize, segments: &mut Vec<Segment>, prices: &mut Vec<Price>) {
            if from == chain.blocks.len() {
                prices.push(chain.evaluate(segments));
                return;
            }
            for end in from + 1..=chain.blocks.len() {
                for is_recomputed in [false, true] {
                    // Stored segments of several blocks are those blocks stored one by one.
                    if is_recomputed || end == from + 1 {
                        segments.push(Segment { blocks: from..end, is_recomputed });
                        extend(chain, end, segments, prices);
                        segments.pop();
                    }
                }
            }
        }
        let mut prices = Vec::new();
        extend(chain, 0, &mut Vec::new(), &mut prices);
        prices
    }

    /// A block that keeps `kept` inside and has an output and gradients of one unit.
    fn block(kept: u64, macs: u64, output_is_kept: bool) -> Block {
        Block {
            macs,
            kept,
            output: 1,
            output_is_kept,
            forward_peak: kept + 1,
            bare_peak: 2,
            backward_peak: kept + 2,
            ..Block::default()
        }
    }

    fn homogeneous(count: usize) -> Chain {
        Chain { blocks: vec![block(1, 1, true); count], always: 0 }
    }

    #[test]
    fn nothing_beats_the_plan_on_homogeneous_chains() {
        for count in 1..=10 {
            let chain = homogeneous(count);
            let all = every_placement(&chain);
            for limit in 0..=chain.stored().price.peak {
                let best = all.iter().filter(|price| price.peak <= limit).map(Price::work).min();
                let found = chain.best_within(limit);
                assert_eq!(
                    found.as_ref().map(|(placement, _)| placement.price.work()),
                    best,
                    "{count} {limit}"
                );
                assert!(found.is_none_or(|(placement, is_exact)| is_exact && placement.price.peak <= limit));
            }
            assert_eq!(Some(chain.least_peak()), all.iter().map(|price| price.peak).min());
        }
    }

    #[test]
    fn the_rule_of_the_square_root() {
        // 16 blocks in 4 segments of 4, the last stored; the first segment's input is the model's, and free. When
        // the last block runs backward there are the inputs of the second and third segment, 2·3 of the blocks
        // before it in its segment (an input and what each keeps), its own input, and 3: 12. When the last block of
        // the third segment does, there are 2 checkpoints, 2·3, and 3: 11.
        let chain = homogeneous(16);
        let rule = chain.square_root();
        assert_eq!(rule.price, Price { peak: 12, macs: 12, other_ops: 0 });
        // Stored: of 15 blocks what each keeps, 15 inputs, and 3 of the last block.
        assert_eq!(chain.stored().price, Price { peak: 33, macs: 0, other_ops: 0 });
        let (best, _) = chain.best_within(rule.price.peak).expect("the rule is a placement");
        assert!(best.price.work() <= rule.price.work());
    }

    proptest! {
        #[test]
        fn nothing_beats_the_plan(
            blocks in prop::collection::vec((0u64..20, 1u64..9, any::<bool>()), 1..9),
            limit in 0u64..120,
        ) {
            let blocks = blocks.into_iter().map(|(kept, macs, is_kept)| block(kept, macs, is_kept)).collect();
            let chain = Chain { blocks, always: 3 };
            let all = every_placement(&chain);
            let best = all.iter().filter(|price| price.peak <= limit).map(Price::work).min();
            let found = chain.best_within(limit).map(|(placement, _)| placement.price.work());
            prop_assert_eq!(found, best);
            prop_assert_eq!(Some(chain.least_peak()), all.iter().map(|price| price.peak).min());
            let curve = chain.curve();
            prop_assert!(curve.is_exact);
            for pair in curve.placements.windows(2) {
                prop_assert!(pair[0].price.peak > pair[1].price.peak);
                prop_assert!(pair[0].price.work() < pair[1].price.work());
            }
            for placement in &curve.placements {
                prop_assert_eq!(chain.evaluate(&placement.segments), placement.price);
            }
        }
    }
}
