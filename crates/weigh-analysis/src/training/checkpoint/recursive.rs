//! Checkpoints within what is recomputed: a segment that is run again may keep checkpoints of its own, and so on.
//!
//! The recursion is that of Griewank and Walther (revolve, ACM TOMS 799, 2000; for networks Gruslys et al., arXiv
//! 1606.03401), for blocks of different sizes and with the choice to keep all that a block needs (Beaumont et al.,
//! arXiv 1911.13214): with the input of block s in memory, blocks s to t run backward either
//! - by running s forward, keeping all that it needs, then s + 1 to t, then s backward; or
//! - by running s to k − 1 forward, keeping the input of k only, then k to t, then s to k − 1 with that memory again.
//!
//! Memory is counted in slots, sizes rounded up: what is found holds, and is the best up to that rounding.

use super::{Block, Chain, Price};

/// Into how many slots the memory of a step is divided at most.
const SLOTS: u64 = 512;
/// How many choices may be weighed in all: chains of many blocks get fewer slots.
const CHOICES: u64 = 12_000_000;

/// What is done first with a run of blocks in so many slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// They do not fit.
    None,
    /// All that the first block needs is kept.
    Keep,
    /// The input of this block is kept, and what is before it runs again.
    Checkpoint(u16),
}

/// The best choice for every run of blocks and every amount of memory.
pub(super) struct Recursion<'c> {
    chain: &'c Chain,
    /// Bytes of a slot.
    unit: u64,
    slots: usize,
    /// By first and last block: the work and the choice for each number of slots.
    table: Vec<Vec<Vec<(u64, Choice)>>>,
}

impl<'c> Recursion<'c> {
    /// For up to so many bytes of activations, in slots of so many.
    pub(super) fn new(chain: &'c Chain, most: u64, unit: u64) -> Recursion<'c> {
        let count = chain.blocks.len();
        let slots = usize::try_from(most / unit.max(1)).unwrap_or(0);
        let mut recursion = Recursion { chain, unit: unit.max(1), slots, table: vec![Vec::new(); count] };
        for first in (0..count).rev() {
            for last in first..count {
                let row = recursion.row(first, last);
                recursion.table[first].push(row);
            }
        }
        recursion
    }

    fn slots_of(&self, bytes: u64) -> usize {
        usize::try_from(bytes.div_ceil(self.unit)).unwrap_or(usize::MAX)
    }

    fn at(&self, first: usize, last: usize, slots: usize) -> (u64, Choice) {
        self.table[first][last - first].get(slots).copied().unwrap_or((u64::MAX, Choice::None))
    }

    /// Work and choice for each number of slots.
    fn row(&self, first: usize, last: usize) -> Vec<(u64, Choice)> {
        let blocks = &self.chain.blocks;
        let block = &blocks[first];
        // The gradient of the last output waits all the time.
        let waiting = blocks[last].output;
        let alone = self.slots_of(block.backward_peak.max(block.forward_peak + waiting));
        let kept = self.slots_of(block.kept + block.output);
        // For each place of a checkpoint: the slots it needs on the way, those of the checkpoint, and the work.
        let mut way: Vec<(usize, usize, u64)> = Vec::new();
        let (mut most, mut work, mut input) = (0, 0u64, 0);
        for before in &blocks[first..last] {
            most = most.max(input + before.bare_peak + waiting);
            work = work.saturating_add(before.work());
            input = before.output;
            way.push((self.slots_of(most), self.slots_of(before.output), work));
        }
        let mut row = vec![(u64::MAX, Choice::None); self.slots + 1];
        for (slots, best) in row.iter_mut().enumerate() {
            if alone <= slots {
                let rest = match last - first {
                    0 => Some(0),
                    _ => slots.checked_sub(kept).map(|left| self.at(first + 1, last, left).0),
                };
                let rest = rest.filter(|rest| *rest < u64::MAX);
                if let Some(rest) = rest {
                    *best = (block.work().saturating_add(rest), Choice::Keep);
                }
            }
            for (at, (needs, checkpoint, work)) in way.iter().enumerate() {
                let place = first + at + 1;
                if *needs > slots || *checkpoint > slots {
                    continue;
                }
                // What is before runs when all after it is done and gone.
                let after = self.at(place, last, slots - checkpoint).0;
                let before = self.at(first, place - 1, slots).0;
                let total = work.saturating_add(after).saturating_add(before);
                if total < best.0 {
                    *best = (total, Choice::Checkpoint(u16::try_from(place).unwrap_or(u16::MAX)));
                }
            }
        }
        row
    }

    /// What the best way within so many slots takes; `None` where none fits.
    fn price(&self, slots: usize) -> Option<Price> {
        let mut runs = vec![0u64; self.chain.blocks.len()];
        let last = self.chain.blocks.len().checked_sub(1)?;
        self.count(0, last, slots, &mut runs)?;
        let more = |what: fn(&Block) -> u64| {
            let again = self.chain.blocks.iter().zip(&runs);
            again.fold(0u64, |sum, (block, runs)| sum.saturating_add(what(block).saturating_mul(runs - 1)))
        };
        let peak = self.chain.always.saturating_add(self.unit.saturating_mul(slots as u64));
        Some(Price { peak, macs: more(|block| block.macs), other_ops: more(|block| block.other_ops) })
    }

    /// How often each block runs forward.
    fn count(&self, first: usize, last: usize, slots: usize, runs: &mut [u64]) -> Option<()> {
        match self.at(first, last, slots).1 {
            Choice::None => None,
            Choice::Keep => {
                runs[first] += 1;
                let block = &self.chain.blocks[first];
                let kept = self.slots_of(block.kept + block.output);
                if first < last {
                    self.count(first + 1, last, slots.checked_sub(kept)?, runs)
                } else {
                    Some(())
                }
            }
            Choice::Checkpoint(place) => {
                let place = usize::from(place);
                runs[first..place].iter_mut().for_each(|runs| *runs += 1);
                let checkpoint = self.slots_of(self.chain.blocks[place - 1].output);
                self.count(place, last, slots.checked_sub(checkpoint)?, runs)?;
                self.count(first, place - 1, slots, runs)
            }
        }
    }

    /// The points where more memory means less work, from the most memory to the least.
    fn curve(&self) -> Vec<Price> {
        let Some(last) = self.chain.blocks.len().checked_sub(1) else { return Vec::new() };
        let mut points: Vec<Price> = Vec::new();
        let mut least = u64::MAX;
        for slots in 0..=self.slots {
            let work = self.at(0, last, slots).0;
            if work < least {
                least = work;
                points.extend(self.price(slots));
            }
        }
        points.reverse();
        points
    }
}

impl Chain {
    /// The best ways with checkpoints within what is recomputed, from the most memory to the least; peaks are
    /// rounded up. Empty where the chain is too long to try.
    pub fn recursive_curve(&self) -> Vec<Price> {
        let blocks = self.blocks.len() as u64;
        let most = self.stored().price.peak.saturating_sub(self.always);
        let slots = (CHOICES * 6 / blocks.pow(3).max(1)).min(SLOTS);
        if blocks == 0 || slots < 32 {
            return Vec::new();
        }
        Recursion::new(self, most, most.div_ceil(slots)).curve()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binomial(n: u64, k: u64) -> u64 {
        (0..k.min(n)).fold(1, |product, at| product * (n - at) / (at + 1))
    }

    /// Forward steps of revolve before those that keep everything: r·n − C(c + r, r − 1) for n steps and c
    /// checkpoints, the input among them, where C(c + r − 1, c) < n ≤ C(c + r, c) (Griewank and Walther 2000,
    /// proposition 1).
    fn revolve(n: u64, c: u64) -> u64 {
        let r = (0..).find(|r| n <= binomial(c + r, c)).expect("a number of repetitions");
        if r == 0 { 0 } else { r * n - binomial(c + r, r - 1) }
    }

    #[test]
    fn homogeneous_chains_are_reversed_with_the_binomial_number_of_steps() {
        // Outputs of 1, and blocks that need 100 to run backward and their output's gradient: there is never room
        // to keep two. The model's input costs nothing here, the input of the block that runs does.
        let block = Block {
            macs: 1,
            kept: 99,
            output: 1,
            output_is_kept: true,
            forward_peak: 100,
            backward_peak: 101,
            ..Block::default()
        };
        for n in 1..=12u64 {
            let chain = Chain { blocks: vec![block.clone(); n as usize], always: 0 };
            for c in 1..=4u64 {
                let recursion = Recursion::new(&chain, 101 + c, 1);
                let price = recursion.price(recursion.slots).expect("it fits");
                assert_eq!(price.macs, revolve(n, c), "{n} steps, {c} checkpoints");
            }
            assert!(Recursion::new(&chain, 100, 1).price(100).is_none());
        }
        // The bound itself: with c checkpoints and every step repeated at most r times, C(c + r, c) steps.
        assert_eq!((binomial(5, 3), revolve(10, 3)), (10, 2 * 10 - binomial(5, 1)));
    }
}
