//! Random graphs of which everything is known by construction, and the definitions worked out plainly on them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use weigh_ir::{DType, TensorId};
use weigh_ops::{Ints, Movement, Split, View};

use crate::net::Net;

/// What is known of a tensor by construction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Known {
    pub elements: i64,
    pub dtype: DType,
    /// Whether it is there in every inference: neither stored nor made of stored tensors only.
    pub activation: bool,
}

impl Known {
    pub(crate) fn bytes(self) -> i64 {
        self.elements * i64::from(self.dtype.bits().expect("a width")) / 8
    }
}

/// One step by construction.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub reads: Vec<TensorId>,
    pub makes: Vec<TensorId>,
    /// Inputs that it may write over, in order of preference.
    pub overwrites: Vec<TensorId>,
    pub runs: bool,
}

/// A random graph and what is known of it.
#[derive(Debug)]
pub(crate) struct Sketch {
    pub net: Net,
    pub known: BTreeMap<TensorId, Known>,
    pub steps: Vec<Step>,
}

/// What a random graph is made from: small numbers that shrink well.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    inputs: Vec<(u8, u8)>,
    steps: Vec<(u8, u16, u16)>,
    outputs: Vec<u16>,
}

pub(crate) fn seeds(most_steps: usize) -> impl Strategy<Value = Seed> {
    let inputs = prop::collection::vec((1u8..40, 0u8..3), 1..4);
    let steps = prop::collection::vec((0u8..9, any::<u16>(), any::<u16>()), 0..=most_steps);
    let outputs = prop::collection::vec(any::<u16>(), 0..4);
    (inputs, steps, outputs).prop_map(|(inputs, steps, outputs)| Seed { inputs, steps, outputs })
}

impl Sketch {
    pub(crate) fn new(seed: &Seed) -> Sketch {
        let mut sketch = Sketch { net: Net::new(), known: BTreeMap::new(), steps: Vec::new() };
        for (elements, kind) in &seed.inputs {
            let dtype = [DType::F32, DType::F32, DType::F16][usize::from(*kind)];
            let elements = i64::from(*elements);
            let id = sketch.net.input(dtype, &[elements]);
            sketch.known.insert(id, Known { elements, dtype, activation: true });
        }
        for step in &seed.steps {
            sketch.step(*step);
        }
        for pick in &seed.outputs {
            let id = sketch.pick(*pick);
            sketch.net.output(id);
        }
        sketch
    }

    fn pick(&self, pick: u16) -> TensorId {
        // The latest tensors more often, so that graphs grow deep.
        let ids: Vec<TensorId> = self.known.keys().rev().copied().collect();
        let range = if pick.is_multiple_of(2) { ids.len() } else { ids.len().min(3) };
        ids[usize::from(pick / 2) % range]
    }

    fn step(&mut self, (kind, first, second): (u8, u16, u16)) {
        let (a, b) = (self.pick(first), self.pick(second));
        let (of_a, of_b) = (self.known[&a], self.known[&b]);
        let elements = of_a.elements;
        match kind {
            0 | 1 => {
                let made = self.net.relu(a);
                self.made(&[a], &[a], &[(made, elements)]);
            }
            2 => {
                let made = self.net.node(View::Identity, &[a]);
                self.made(&[a], &[a], &[(made, elements)]);
            }
            3 | 4 if of_a.elements == of_b.elements && of_a.dtype == of_b.dtype => {
                let made = self.net.function("Add", &[a, b]);
                self.made(&[a, b], &[a, b], &[(made, elements)]);
            }
            5 if elements >= 2 => {
                let sizes = [elements / 2, elements - elements / 2];
                let op = Split { axis: 0, sizes: Ints::Fixed(sizes.to_vec()) };
                let made = self.net.nodes(op, &[a], 2);
                self.made(&[a], &[], &[(made[0], sizes[0]), (made[1], sizes[1])]);
            }
            6 => {
                // What is made of stored data alone is made once, at load.
                let weight = self.net.stored(DType::F32, &[elements]);
                self.known.insert(weight, Known { elements, dtype: DType::F32, activation: false });
                let made = self.net.relu(weight);
                self.made(&[weight], &[weight], &[(made, elements)]);
            }
            7 => {
                let op = View::Reshape { shape: Ints::Fixed(vec![-1]), zero_is_empty: false };
                let made = self.net.node(op, &[a]);
                self.made(&[a], &[a], &[(made, elements)]);
            }
            _ => {
                let made = self.net.node(Movement::Concat { axis: 0 }, &[a, b]);
                self.made(&[a, b], &[], &[(made, elements + of_b.elements)]);
            }
        }
    }

    fn made(&mut self, reads: &[TensorId], overwrites: &[TensorId], makes: &[(TensorId, i64)]) {
        let runs = reads.iter().any(|id| self.known[id].activation);
        let dtype = self.known[&reads[0]].dtype;
        for (id, elements) in makes {
            self.known.insert(*id, Known { elements: *elements, dtype, activation: runs });
        }
        let activations = |ids: &[TensorId]| -> Vec<TensorId> {
            ids.iter().filter(|id| self.known[id].activation).copied().collect()
        };
        let step = Step {
            reads: activations(reads),
            makes: makes.iter().filter(|(id, _)| self.known[id].activation).map(|(id, _)| *id).collect(),
            overwrites: activations(overwrites),
            runs,
        };
        self.steps.push(step);
    }

    pub(crate) fn activations(&self) -> impl Iterator<Item = TensorId> {
        self.known.iter().filter(|(_, known)| known.activation).map(|(id, _)| *id)
    }

    fn is_output(&self, id: TensorId) -> bool {
        self.net.0.graph.outputs.contains(&id)
    }

    /// From the step that makes it (0 for an input) to the last that needs it; none where nothing ever does.
    pub(crate) fn life(&self, id: TensorId) -> Option<(usize, usize)> {
        let made = self.steps.iter().position(|step| step.makes.contains(&id));
        let last_read = self.steps.iter().rposition(|step| step.reads.contains(&id));
        let end = if self.is_output(id) { self.steps.len().checked_sub(1) } else { None };
        Some((made.unwrap_or(0), end.max(last_read).max(made)?))
    }

    /// By the definition: elements and bytes of what is alive in a step.
    pub(crate) fn live(&self, step: usize) -> (i64, i64) {
        let alive = self
            .activations()
            .filter(|id| self.life(*id).is_some_and(|(first, last)| first <= step && step <= last));
        sum(alive.map(|id| self.known[&id]))
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = usize> {
        (0..self.steps.len()).filter(|step| self.steps[*step].runs)
    }

    pub(crate) fn peak(&self) -> (i64, i64) {
        largest(self.running().map(|step| self.live(step)))
    }

    pub(crate) fn largest_step(&self) -> (i64, i64) {
        largest(self.running().map(|step| {
            let ids: BTreeSet<TensorId> =
                self.steps[step].reads.iter().chain(&self.steps[step].makes).copied().collect();
            sum(ids.into_iter().map(|id| self.known[&id]))
        }))
    }

    /// Buffers after writing in place: which tensors share each.
    pub(crate) fn in_place(&self) -> Vec<Vec<TensorId>> {
        let mut buffers: Vec<Vec<TensorId>> = self.net.0.graph.inputs.iter().map(|id| vec![*id]).collect();
        for (at, step) in self.steps.iter().enumerate() {
            for (index, id) in step.makes.iter().enumerate() {
                let is_free = |old: &&TensorId| {
                    index == 0
                        && self.life(**old).is_some_and(|(_, last)| last == at)
                        && !self.is_output(**old)
                        && self.known[old].elements == self.known[id].elements
                };
                let reused = step.overwrites.iter().find(is_free);
                match reused.and_then(|old| buffers.iter().position(|buffer| buffer.contains(old))) {
                    Some(buffer) => buffers[buffer].push(*id),
                    None => buffers.push(vec![*id]),
                }
            }
        }
        buffers
    }

    pub(crate) fn in_place_peak(&self) -> (i64, i64) {
        let buffers: Vec<(Known, (usize, usize))> = self
            .in_place()
            .iter()
            .filter_map(|buffer| {
                let lives: Vec<(usize, usize)> = buffer.iter().filter_map(|id| self.life(*id)).collect();
                let first = lives.iter().map(|life| life.0).min()?;
                Some((self.known[&buffer[0]], (first, lives.iter().map(|life| life.1).max()?)))
            })
            .collect();
        largest(self.running().map(|step| {
            let alive = buffers.iter().filter(|(_, (first, last))| *first <= step && step <= *last);
            sum(alive.map(|(known, _)| *known))
        }))
    }

    /// The smallest peak in bytes over all orders that the graph allows: over all sets of steps that can have
    /// run, the best way to get there.
    pub(crate) fn best_of_all_orders(&self) -> i64 {
        let steps: Vec<&Step> = self.running().map(|at| &self.steps[at]).collect();
        let bits = |touches: &dyn Fn(&Step) -> bool| -> usize {
            (0..steps.len()).filter(|at| touches(steps[*at])).map(|at| 1 << at).sum()
        };
        // Bytes, the step that makes it, those that read it, whether it is an output.
        let tensors: Vec<(i64, usize, usize, bool)> = self
            .activations()
            .map(|id| {
                let made = bits(&|step| step.makes.contains(&id));
                let read = bits(&|step| step.reads.contains(&id));
                (self.known[&id].bytes(), made, read, self.is_output(id))
            })
            .collect();
        let mut best = vec![i64::MAX; 1 << steps.len()];
        best[0] = 0;
        for done in 0..best.len() {
            for step in (0..steps.len()).map(|at| 1 << at).filter(|step| done & step == 0) {
                let after = done | step;
                let is_early =
                    |(_, made, read, _): &(i64, usize, usize, bool)| read & step != 0 && made & !done != 0;
                if best[done] == i64::MAX || tensors.iter().any(is_early) {
                    continue;
                }
                let alive = tensors.iter().filter(|(_, made, read, output)| {
                    made & !after == 0 && (*output || read & !done != 0 || made & step != 0)
                });
                let peak = best[done].max(alive.map(|tensor| tensor.0).sum());
                best[after] = best[after].min(peak);
            }
        }
        best[best.len() - 1]
    }

    /// The peak in bytes of one order, by the definition. Fails if a step reads what is not there yet.
    pub(crate) fn peak_in(&self, order: &[usize]) -> i64 {
        let mut there: BTreeSet<TensorId> = self.net.0.graph.inputs.iter().copied().collect();
        let mut peak = 0;
        for (place, at) in order.iter().enumerate() {
            let step = &self.steps[*at];
            assert!(step.reads.iter().all(|id| there.contains(id)), "step {at} runs too early in {order:?}");
            there.extend(&step.makes);
            let needed = |id: &&TensorId| {
                let read_later = || order[place..].iter().any(|later| self.steps[*later].reads.contains(id));
                step.makes.contains(id) || self.is_output(**id) || read_later()
            };
            peak = peak.max(there.iter().filter(needed).map(|id| self.known[id].bytes()).sum());
        }
        peak
    }
}

pub(crate) fn sum(tensors: impl Iterator<Item = Known>) -> (i64, i64) {
    tensors.fold((0, 0), |sum, known| (sum.0 + known.elements, sum.1 + known.bytes()))
}

fn largest(extents: impl Iterator<Item = (i64, i64)>) -> (i64, i64) {
    extents.fold((0, 0), |most, extent| (most.0.max(extent.0), most.1.max(extent.1)))
}
