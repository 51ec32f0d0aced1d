//! The chain of blocks that a graph is in training: cut where everything that has a gradient goes through one
//! tensor, as activation checkpointing needs it. Each block's memory comes from following its nodes forward and back.
//!
//! Sizes are bytes. Gradients are as large as their tensors. A gradient that is merely passed on shares memory with
//! the one it comes from; a second contribution to a gradient needs a buffer of its own until it is added.

use std::ops::Range;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use weigh_ir::{Node, TensorId};

use super::checkpoint::{Block, Chain};
use super::gradients::{Gradients, Step};
use crate::layers::Layer;

/// Makes the chain; `None` where a size is not a number, or something about gradients is unknown.
pub(super) fn chain(gradients: &Gradients<'_>, layers: &[Layer]) -> Option<Chain> {
    let mut walk = Walk::new(gradients, layers)?;
    let cuts = walk.cuts();
    walk.note_staying(&cuts);
    let mut blocks = Vec::with_capacity(cuts.len() + 1);
    let mut from = 0;
    let mut input = None;
    for (until, output) in
        cuts.into_iter().map(|(at, owner)| (at, Some(owner))).chain([(walk.steps.len(), None)])
    {
        blocks.push(walk.block(from..until, input, output));
        (from, input) = (until, output);
    }
    Some(Chain { blocks, always: walk.always(&gradients.model.graph.inputs) })
}

/// The steps that run, with sizes as numbers.
struct Walk<'g> {
    gradients: &'g Gradients<'g>,
    steps: Vec<(&'g Node, &'g Step)>,
    /// Multiply-accumulates and other operations of each, forward.
    costs: Vec<(u64, u64)>,
    bytes: HashMap<TensorId, u64>,
    extra: Vec<u64>,
    /// The last step that reads each owner of memory.
    last_read: HashMap<TensorId, usize>,
    /// The step that makes it.
    made: HashMap<TensorId, usize>,
    /// The first and the last step that it is kept for.
    kept_for: HashMap<TensorId, (usize, usize)>,
    /// Owners of memory with a gradient.
    with_gradient: HashSet<TensorId>,
    /// Activations without a gradient that are needed again, wherever that is: masks, positions.
    staying: HashSet<TensorId>,
}

impl<'g> Walk<'g> {
    fn new(gradients: &'g Gradients<'g>, layers: &[Layer]) -> Option<Walk<'g>> {
        let graph = &gradients.model.graph;
        let steps: Vec<_> = graph.nodes.iter().zip(&gradients.steps).filter(|(_, step)| step.runs).collect();
        if steps.iter().any(|(_, step)| step.unknown.is_some()) {
            return None;
        }
        let number = |size: &weigh_ir::Expr| u64::try_from(size.as_int()?).ok();
        let extra = steps.iter().map(|(_, step)| number(&step.extra)).collect::<Option<Vec<_>>>()?;
        let running = layers.iter().zip(&gradients.steps).filter(|(_, step)| step.runs);
        let cost = |layer: &Layer| Some((number(layer.macs.as_ref()?)?, number(layer.other_ops.as_ref()?)?));
        let costs = running.map(|(layer, _)| cost(layer)).collect::<Option<Vec<_>>>()?;
        let mut walk = Walk {
            gradients,
            extra,
            costs,
            bytes: HashMap::new(),
            last_read: HashMap::new(),
            made: HashMap::new(),
            kept_for: HashMap::new(),
            with_gradient: HashSet::new(),
            staying: HashSet::new(),
            steps,
        };
        let outputs = walk.steps.iter().flat_map(|(node, _)| node.outputs.iter().flatten());
        for id in outputs.chain(&graph.inputs) {
            walk.bytes.insert(*id, number(&gradients.bytes(*id)?)?);
        }
        for (at, (node, step)) in walk.steps.iter().enumerate() {
            for id in node.inputs.iter().flatten() {
                walk.last_read.insert(gradients.owner(*id), at);
            }
            for id in node.outputs.iter().flatten() {
                let owner = gradients.owner(*id);
                walk.made.entry(owner).or_insert(at);
                if gradients.is_reached(*id) {
                    walk.with_gradient.insert(owner);
                }
            }
            for owner in &step.saved {
                walk.kept_for.entry(*owner).or_insert((at, at)).1 = at;
            }
        }
        Some(walk)
    }

    fn size(&self, id: TensorId) -> u64 {
        self.bytes.get(&id).copied().unwrap_or(0)
    }

    /// Activations without a gradient that a block keeps, or another block reads, count as there all the time.
    fn note_staying(&mut self, cuts: &[(usize, TensorId)]) {
        let crosses = |made: usize, last: usize| cuts.iter().any(|(at, _)| made < *at && *at <= last);
        for (owner, made) in &self.made {
            let last = self.last_read.get(owner).copied().unwrap_or(*made);
            let is_needed = self.kept_for.contains_key(owner) || crosses(*made, last);
            if is_needed && !self.with_gradient.contains(owner) {
                self.staying.insert(*owner);
            }
        }
    }

    /// Bytes that are there in the whole step: the model's inputs, and what stays.
    fn always(&self, inputs: &[TensorId]) -> u64 {
        self.staying.iter().chain(inputs).map(|id| self.size(*id)).sum()
    }

    /// The places between steps where one owner of memory with a gradient crosses, the first of those with the same.
    fn cuts(&self) -> Vec<(usize, TensorId)> {
        let mut cuts: Vec<(usize, TensorId)> = Vec::new();
        let mut ends: Vec<Vec<TensorId>> = vec![Vec::new(); self.steps.len()];
        let mut crossing: Vec<TensorId> = Vec::new();
        for owner in &self.with_gradient {
            if let Some(last) = self.last_read.get(owner) {
                ends[*last].push(*owner);
            }
        }
        for (at, ends) in ends.iter().enumerate() {
            let begins = self.steps[at].0.outputs.iter().flatten().map(|id| self.gradients.owner(*id));
            for owner in begins {
                let goes_on = self.last_read.get(&owner).is_some_and(|last| *last > at);
                if goes_on && self.with_gradient.contains(&owner) && !crossing.contains(&owner) {
                    crossing.push(owner);
                }
            }
            crossing.retain(|owner| !ends.contains(owner));
            if let ([owner], true) = (crossing.as_slice(), at + 1 < self.steps.len())
                && cuts.last().is_none_or(|(_, last)| last != owner)
            {
                cuts.push((at + 1, *owner));
            }
        }
        cuts
    }

    fn block(&self, range: Range<usize>, input: Option<TensorId>, output: Option<TensorId>) -> Block {
        let steps = &self.steps[range.clone()];
        let is_boundary = |id: &TensorId| Some(*id) == input || Some(*id) == output;
        let mut kept: HashSet<TensorId> = HashSet::new();
        let saved = steps.iter().flat_map(|(_, step)| &step.saved);
        kept.extend(saved.filter(|id| self.with_gradient.contains(*id)));
        let inner: u64 = kept.iter().filter(|id| !is_boundary(id)).map(|id| self.size(*id)).sum();
        let extra: u64 = self.extra[range.clone()].iter().sum();
        let saved_at_all = |id: TensorId| self.kept_for.contains_key(&id);
        let name =
            |step: Option<&(&Node, &Step)>| step.map_or_else(String::new, |(node, _)| node.name.to_string());
        Block {
            first: name(steps.first()),
            last: name(steps.last()),
            steps: range.clone(),
            macs: self.costs[range.clone()].iter().map(|cost| cost.0).sum(),
            other_ops: self.costs[range.clone()].iter().map(|cost| cost.1).sum(),
            kept: inner + extra,
            output: output.map_or(0, |id| self.size(id)),
            output_is_kept: output.is_some_and(saved_at_all),
            forward_peak: self.forward(
                range.clone(),
                input.filter(|id| !saved_at_all(*id)),
                Some(&kept),
                input,
            ),
            bare_peak: self.forward(range.clone(), None, None, input),
            backward_peak: self.backward(range, input, output, &kept),
        }
    }

    /// The most bytes alive while a block runs forward and keeps some tensors. `waiting` is the input where it is
    /// there only until its last reader.
    fn forward(
        &self,
        range: Range<usize>,
        waiting: Option<TensorId>,
        kept: Option<&HashSet<TensorId>>,
        input: Option<TensorId>,
    ) -> u64 {
        let mut alive: HashMap<TensorId, u64> = HashMap::new();
        alive.extend(waiting.map(|id| (id, self.size(id))));
        let (mut live, mut peak): (u64, u64) = (alive.values().sum(), 0);
        for at in range.clone() {
            let (node, _) = self.steps[at];
            for id in node.outputs.iter().flatten() {
                let owner = self.gradients.owner(*id);
                if Some(owner) != input
                    && self.made.get(&owner) == Some(&at)
                    && !self.staying.contains(&owner)
                {
                    let size = self.size(owner);
                    alive.insert(owner, size);
                    live += size;
                }
            }
            live += self.extra[at];
            peak = peak.max(live);
            if kept.is_none() {
                live -= self.extra[at];
            }
            alive.retain(|id, size| {
                let is_done = self.last_read.get(id).is_none_or(|last| *last <= at);
                let goes = is_done && !kept.is_some_and(|kept| kept.contains(id)) && at + 1 < range.end;
                live -= if goes { *size } else { 0 };
                !goes
            });
        }
        peak
    }

    /// The most bytes alive while a block runs backward: what it keeps, without its input, and gradients.
    fn backward(
        &self,
        range: Range<usize>,
        input: Option<TensorId>,
        output: Option<TensorId>,
        kept: &HashSet<TensorId>,
    ) -> u64 {
        let mut saved: HashMap<TensorId, u64> =
            kept.iter().filter(|id| Some(**id) != input).map(|id| (*id, self.size(*id))).collect();
        let mut live: u64 = saved.values().sum::<u64>() + self.extra[range.clone()].iter().sum::<u64>();
        let mut buffers = Buffers::default();
        // What comes from further on: the output's gradient, under all the names the output has.
        if let Some(output) = output {
            live += buffers.begin(output, self.size(output));
        }
        for id in &self.gradients.model.graph.outputs {
            let made = self.made.get(&self.gradients.owner(*id));
            if self.gradients.is_reached(*id) && made.is_some_and(|at| range.contains(at)) {
                live += buffers.begin(*id, self.size(*id));
            }
        }
        let mut peak = live;
        for at in range.clone().rev() {
            let (node, step) = self.steps[at];
            let from = node.outputs.iter().flatten().find_map(|id| {
                let known = |id: &TensorId| buffers.of.contains_key(id).then_some(*id);
                known(id).or_else(|| output.filter(|output| self.gradients.owner(*id) == *output))
            });
            let mut second = 0;
            for (id, is_same) in &step.passes {
                let size = self.size(*id);
                match (buffers.of.contains_key(id), from.filter(|_| *is_same)) {
                    (true, _) => second += size,
                    (false, Some(from)) => buffers.share(*id, from),
                    (false, None) => live += buffers.begin(*id, size),
                }
            }
            peak = peak.max(live + second);
            for id in node.outputs.iter().flatten().chain(from.as_ref()) {
                live -= buffers.end(*id);
            }
            live -= self.extra[at];
            saved.retain(|id, size| {
                let is_done = self.kept_for.get(id).is_some_and(|(first, _)| *first >= at);
                live -= if is_done { *size } else { 0 };
                !is_done
            });
        }
        peak
    }
}

/// Gradients under way: several names may share a buffer.
#[derive(Default)]
struct Buffers {
    of: HashMap<TensorId, usize>,
    /// Bytes and names of each buffer.
    buffers: Vec<(u64, usize)>,
}

impl Buffers {
    /// A buffer of its own, if there is none; the bytes that adds.
    fn begin(&mut self, id: TensorId, bytes: u64) -> u64 {
        if self.of.contains_key(&id) {
            return 0;
        }
        self.of.insert(id, self.buffers.len());
        self.buffers.push((bytes, 1));
        bytes
    }

    fn share(&mut self, id: TensorId, with: TensorId) {
        if let Some(buffer) = self.of.get(&with).copied() {
            self.of.insert(id, buffer);
            self.buffers[buffer].1 += 1;
        }
    }

    /// Gives up a name; the bytes that frees.
    fn end(&mut self, id: TensorId) -> u64 {
        let Some(buffer) = self.of.remove(&id) else { return 0 };
        let (bytes, names) = &mut self.buffers[buffer];
        *names -= 1;
        if *names == 0 { *bytes } else { 0 }
    }
}
