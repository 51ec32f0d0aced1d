//! Activation checkpointing of a chain of blocks: which boundaries to keep, and what is recomputed for it.
//!
//! A *segment* is a run of blocks. It is *stored* if the forward pass keeps all that the backward pass needs, else
//! *recomputed*: only its input is kept, and the backward pass begins by running it forward once more (Chen et al.,
//! arXiv 1604.06174). A *placement* divides the chain into segments. [`Chain::evaluate`] says what a placement takes;
//! `plan` finds the best one by dynamic programming over boundaries.

mod plan;
mod recursive;

use std::ops::Range;

pub use plan::Curve;

/// A part of the network between two tensors that everything goes through. Sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The name of its first node.
    pub first: String,
    /// The name of its last node.
    pub last: String,
    /// Its nodes, of those that run in a step.
    pub steps: Range<usize>,
    /// Multiply-accumulates of running it forward.
    pub macs: u64,
    /// Other operations of running it forward.
    pub other_ops: u64,
    /// What it keeps for the backward pass, its input and output apart.
    pub kept: u64,
    /// Its output; 0 for the last block, whose output the loss takes.
    pub output: u64,
    /// Whether something keeps its output anyway.
    pub output_is_kept: bool,
    /// The most alive while it runs forward and keeps what it has to; its input apart where that is kept.
    pub forward_peak: u64,
    /// The most alive while it runs forward and keeps nothing, its input apart.
    pub bare_peak: u64,
    /// The most alive while it runs backward: what it keeps, its output where it keeps that, and gradients.
    pub backward_peak: u64,
}

impl Block {
    /// Bytes of its output that are kept where both sides are stored.
    fn kept_output(&self) -> u64 {
        if self.output_is_kept { self.output } else { 0 }
    }

    /// What running it forward takes, as placements are compared: FLOPs and other operations.
    fn work(&self) -> u64 {
        self.macs.saturating_mul(2).saturating_add(self.other_ops)
    }
}

/// Blocks, each of which reads the output of the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// In the order of the forward pass.
    pub blocks: Vec<Block>,
    /// Bytes that are there in the whole step beside weights, gradients and optimiser: the model's inputs.
    pub always: u64,
}

/// A run of blocks that is stored or recomputed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Which blocks.
    pub blocks: Range<usize>,
    /// Whether only its input is kept.
    pub is_recomputed: bool,
}

/// What a placement takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// The most bytes of activations and their gradients alive at a time.
    pub peak: u64,
    /// Multiply-accumulates of the forward pass that are done twice.
    pub macs: u64,
    /// Other operations that are done twice.
    pub other_ops: u64,
}

impl Price {
    /// FLOPs and other operations that are done twice.
    pub fn work(&self) -> u64 {
        self.macs.saturating_mul(2).saturating_add(self.other_ops)
    }
}

/// Segments that cover the chain, and what they take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The segments in order. Neighbours that are stored stand apart.
    pub segments: Vec<Segment>,
    /// What it takes.
    pub price: Price,
}

impl Placement {
    /// The blocks at whose beginning a recomputed segment begins.
    pub fn checkpoints(&self) -> impl Iterator<Item = usize> {
        self.segments.iter().filter(|segment| segment.is_recomputed).map(|segment| segment.blocks.start)
    }
}

impl Chain {
    /// Everything stored, as frameworks do unless told otherwise.
    pub fn stored(&self) -> Placement {
        let stored = |block: usize| Segment { blocks: block..block + 1, is_recomputed: false };
        self.placed((0..self.blocks.len()).map(stored).collect())
    }

    /// The rule of the square root (Chen et al., section 4.2): of n blocks, ⌊√n⌋ segments of as equal a number of
    /// blocks as can be, recomputed but for the last, after which the backward pass begins anyway.
    pub fn square_root(&self) -> Placement {
        let count = self.blocks.len();
        let segments = count.isqrt().max(1);
        let bounds = |at: usize| at * count / segments;
        let mut placed: Vec<Segment> = (0..segments - 1)
            .map(|at| Segment { blocks: bounds(at)..bounds(at + 1), is_recomputed: true })
            .collect();
        let last = bounds(segments - 1)..count;
        placed.extend(last.map(|block| Segment { blocks: block..block + 1, is_recomputed: false }));
        self.placed(placed)
    }

    fn placed(&self, segments: Vec<Segment>) -> Placement {
        let price = self.evaluate(&segments);
        Placement { segments, price }
    }

    /// The input of a block as a checkpoint; the model's own inputs are there anyway.
    fn checkpoint(&self, block: usize) -> u64 {
        block.checked_sub(1).and_then(|before| self.blocks.get(before)).map_or(0, |block| block.output)
    }

    /// The input of a block where it is kept because something needs it.
    fn kept_input(&self, block: usize) -> u64 {
        block.checked_sub(1).and_then(|before| self.blocks.get(before)).map_or(0, Block::kept_output)
    }

    /// What a segment leaves in memory when the forward pass has gone on.
    fn retained(&self, segment: &Segment) -> u64 {
        match segment.is_recomputed {
            true => self.checkpoint(segment.blocks.start),
            false => segment.blocks.clone().map(|at| self.kept_input(at) + self.blocks[at].kept).sum(),
        }
    }

    /// The most that is alive while a segment runs forward or backward, beside what earlier ones left.
    fn peak_within(&self, segment: &Segment) -> u64 {
        let blocks = segment.blocks.clone();
        let Some(last) = blocks.clone().last() else { return 0 };
        let first = blocks.start;
        let mut kept = match segment.is_recomputed {
            true => self.checkpoint(first),
            false => self.kept_input(first),
        };
        let mut peak = 0;
        for at in blocks {
            let block = &self.blocks[at];
            if segment.is_recomputed {
                // The first time forward nothing is kept but the checkpoint; the second time the gradient of the
                // segment's output waits.
                let input = if at > first { self.checkpoint(at) } else { 0 };
                peak = peak.max(self.checkpoint(first) + input + block.bare_peak);
                peak = peak.max(kept + block.forward_peak + self.blocks[last].output);
            } else {
                peak = peak.max(kept + block.forward_peak);
            }
            peak = peak.max(kept + block.backward_peak);
            kept += block.kept + if at < last { block.kept_output() } else { 0 };
        }
        peak
    }

    /// What a placement takes: segments that cover the chain in order.
    pub fn evaluate(&self, segments: &[Segment]) -> Price {
        let mut price = Price::default();
        let mut left = self.always;
        for segment in segments {
            price.peak = price.peak.max(left.saturating_add(self.peak_within(segment)));
            left = left.saturating_add(self.retained(segment));
            if segment.is_recomputed {
                for block in &self.blocks[segment.blocks.clone()] {
                    price.macs = price.macs.saturating_add(block.macs);
                    price.other_ops = price.other_ops.saturating_add(block.other_ops);
                }
            }
        }
        price
    }
}
