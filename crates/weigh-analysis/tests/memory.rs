//! Activations over time: against a plain recomputation by the definitions, on random graphs, and by hand.

mod net;

use std::collections::{BTreeMap, BTreeSet};

use net::{Net, int};
use proptest::prelude::*;
use weigh_analysis::{Activations, Analysis, Extent, Placement};
use weigh_ir::{DType, Expr, Shape, TensorId};
use weigh_ops::{Conv, Ints, Movement, Split, View, Window};

/// What is known of a tensor by construction.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    elements: i64,
    dtype: DType,
    /// Whether it is there in every inference: neither stored nor made of stored tensors only.
    activation: bool,
}

impl Known {
    fn bytes(self) -> i64 {
        self.elements * i64::from(self.dtype.bits().expect("a width")) / 8
    }
}

/// One step by construction.
#[derive(Clone, Debug)]
struct Step {
    reads: Vec<TensorId>,
    makes: Vec<TensorId>,
    /// Inputs that it may write over, in order of preference.
    overwrites: Vec<TensorId>,
    runs: bool,
}

/// A random graph and what is known of it.
#[derive(Debug)]
struct Sketch {
    net: Net,
    known: BTreeMap<TensorId, Known>,
    steps: Vec<Step>,
}

/// What a random graph is made from: small numbers that shrink well.
#[derive(Clone, Debug)]
struct Seed {
    inputs: Vec<(u8, u8)>,
    steps: Vec<(u8, u16, u16)>,
    outputs: Vec<u16>,
}

fn seeds(most_steps: usize) -> impl Strategy<Value = Seed> {
    let inputs = prop::collection::vec((1u8..40, 0u8..3), 1..4);
    let steps = prop::collection::vec((0u8..9, any::<u16>(), any::<u16>()), 0..=most_steps);
    let outputs = prop::collection::vec(any::<u16>(), 0..4);
    (inputs, steps, outputs).prop_map(|(inputs, steps, outputs)| Seed { inputs, steps, outputs })
}

impl Sketch {
    fn new(seed: &Seed) -> Sketch {
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

    fn activations(&self) -> impl Iterator<Item = TensorId> {
        self.known.iter().filter(|(_, known)| known.activation).map(|(id, _)| *id)
    }

    fn is_output(&self, id: TensorId) -> bool {
        self.net.0.graph.outputs.contains(&id)
    }

    /// From the step that makes it (0 for an input) to the last that needs it; none where nothing ever does.
    fn life(&self, id: TensorId) -> Option<(usize, usize)> {
        let made = self.steps.iter().position(|step| step.makes.contains(&id));
        let last_read = self.steps.iter().rposition(|step| step.reads.contains(&id));
        let end = if self.is_output(id) { self.steps.len().checked_sub(1) } else { None };
        Some((made.unwrap_or(0), end.max(last_read).max(made)?))
    }

    /// By the definition: elements and bytes of what is alive in a step.
    fn live(&self, step: usize) -> (i64, i64) {
        let alive = self
            .activations()
            .filter(|id| self.life(*id).is_some_and(|(first, last)| first <= step && step <= last));
        sum(alive.map(|id| self.known[&id]))
    }

    fn running(&self) -> impl Iterator<Item = usize> {
        (0..self.steps.len()).filter(|step| self.steps[*step].runs)
    }

    fn peak(&self) -> (i64, i64) {
        largest(self.running().map(|step| self.live(step)))
    }

    fn largest_step(&self) -> (i64, i64) {
        largest(self.running().map(|step| {
            let ids: BTreeSet<TensorId> =
                self.steps[step].reads.iter().chain(&self.steps[step].makes).copied().collect();
            sum(ids.into_iter().map(|id| self.known[&id]))
        }))
    }

    /// Buffers after writing in place: which tensors share each.
    fn in_place(&self) -> Vec<Vec<TensorId>> {
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

    fn in_place_peak(&self) -> (i64, i64) {
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
    fn best_of_all_orders(&self) -> i64 {
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
    fn peak_in(&self, order: &[usize]) -> i64 {
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

fn sum(tensors: impl Iterator<Item = Known>) -> (i64, i64) {
    tensors.fold((0, 0), |sum, known| (sum.0 + known.elements, sum.1 + known.bytes()))
}

fn largest(extents: impl Iterator<Item = (i64, i64)>) -> (i64, i64) {
    extents.fold((0, 0), |most, extent| (most.0.max(extent.0), most.1.max(extent.1)))
}

fn pair(extent: &Extent) -> (i64, i64) {
    (int(&extent.elements), int(&extent.bytes))
}

fn optional(extent: &Option<Extent>) -> (i64, i64) {
    extent.as_ref().map_or((0, 0), pair)
}

fn check(sketch: &Sketch) {
    let facts = sketch.net.facts();
    let found = &facts.totals.activations;
    assert!(found.complete);
    let everything = sketch.activations().map(|id| sketch.known[&id]);
    assert_eq!(pair(&found.total), sum(everything), "the total");
    assert_eq!(pair(&found.peak), sketch.peak(), "the peak");
    assert_eq!(optional(&found.lower_bound), sketch.largest_step(), "the largest step");
    for (step, layer) in facts.layers.iter().enumerate() {
        let expected = sketch.steps[step].runs.then(|| sketch.live(step).1);
        assert_eq!(layer.live_bytes.as_ref().map(int), expected, "alive in step {step}");
    }
    let in_place = sketch.in_place();
    assert_eq!(
        pair(&found.in_place_total),
        sum(in_place.iter().map(|buffer| sketch.known[&buffer[0]])),
        "the total in place"
    );
    assert_eq!(pair(&found.in_place_peak), sketch.in_place_peak(), "the peak in place");
    bounds(found);
    best_order(sketch, &facts);
    arena(sketch, &facts);
}

/// The best order has every step once, in a valid order, and the peak that is claimed.
fn best_order(sketch: &Sketch, facts: &Analysis) {
    let found = &facts.totals.activations;
    let running: Vec<usize> = sketch.running().collect();
    let Some(order) = &facts.best_order else { return assert_eq!(running, []) };
    let steps: BTreeSet<usize> = order.iter().copied().collect();
    assert_eq!((order.len(), steps.into_iter().collect()), (running.len(), running.clone()));
    assert_eq!(sketch.peak_in(order), optional(&found.best_order_peak).1);
    assert_eq!(found.best_order == Some("file"), *order == running);
    assert!(found.best_order != Some("exact") || found.best_order_is_optimal);
}

/// What holds between the figures whatever the graph.
fn bounds(found: &Activations) {
    let (total, peak, lower) = (pair(&found.total), pair(&found.peak), optional(&found.lower_bound));
    let (in_place_total, in_place_peak) = (pair(&found.in_place_total), pair(&found.in_place_peak));
    let best = optional(&found.best_order_peak);
    assert!(lower.0 <= peak.0 && lower.1 <= peak.1, "{lower:?} <= {peak:?}");
    assert!(peak.0 <= total.0 && peak.1 <= total.1, "{peak:?} <= {total:?}");
    assert!(in_place_total.1 <= total.1 && in_place_peak.1 <= peak.1);
    assert!(in_place_peak.1 <= in_place_total.1);
    assert!(lower.0 <= best.0 && lower.1 <= best.1 && best.1 <= peak.1, "{lower:?} <= {best:?} <= {peak:?}");
    assert_eq!(found.best_order.is_some(), found.best_order_peak.is_some());
}

/// Every activation has a place for as long as it lives, and no two that live together overlap.
fn arena(sketch: &Sketch, facts: &Analysis) {
    let plan = facts.arena.as_ref().expect("a plan: all sizes are plain");
    assert_eq!(facts.totals.activations.arena_bytes, Some(plan.bytes));
    assert!(plan.bytes as i64 >= sketch.peak().1, "an arena of {} below the peak", plan.bytes);
    assert!(plan.placements.iter().all(|placed| placed.offset + placed.bytes <= plan.bytes));
    let placed: BTreeMap<usize, &Placement> =
        plan.placements.iter().map(|placed| (placed.tensor.expect("no bodies"), placed)).collect();
    assert_eq!(placed.len(), plan.placements.len(), "each tensor once");
    for id in sketch.activations() {
        let expected = sketch.life(id).map(|life| (life, sketch.known[&id].bytes() as u64));
        let found = placed.get(&id.index()).map(|placed| ((placed.first, placed.last), placed.bytes));
        assert_eq!(found, expected, "tensor {}", id.index());
    }
    for (index, a) in plan.placements.iter().enumerate() {
        for b in &plan.placements[index + 1..] {
            let together = a.first <= b.last && b.first <= a.last;
            let overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
            assert!(!(together && overlap), "{a:?} and {b:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_graphs(seed in seeds(24)) {
        check(&Sketch::new(&seed));
    }

    /// Small enough to try every order there is.
    #[test]
    fn no_order_is_better_than_the_best(seed in seeds(10)) {
        let sketch = Sketch::new(&seed);
        let found = sketch.net.facts().totals.activations;
        if let Some(best) = &found.best_order_peak {
            prop_assert!(found.best_order_is_optimal, "{found:?} {}", sketch.best_of_all_orders());
            prop_assert_eq!(int(&best.bytes), sketch.best_of_all_orders());
        }
    }

    /// With an open axis behind the one that the graph works on, every figure is a formula that binds to the
    /// numbers of the closed one.
    #[test]
    fn formulas_bind_to_the_numbers(elements in 1i64..40, extent in 1i64..1000) {
        let mut net = Net::new();
        let shape = Shape::new([Expr::Int(elements), Expr::symbol("width")]);
        let x = net.input_of(DType::F32, shape);
        let y = net.relu(x);
        let z = net.node(Movement::Concat { axis: 0 }, &[y, x]);
        let w = net.relu(z);
        net.output(w);
        let at = |value: Option<i64>| {
            let mut options = weigh_analysis::Options::default();
            options.bindings.extend(value.map(|value| (weigh_ir::Symbol::new("width"), value)));
            weigh_analysis::analyze(&net.0, &options).expect("it can be analysed")
        };
        let (free, bound) = (at(None), at(Some(extent)));
        let bindings = [(weigh_ir::Symbol::new("width"), extent)].into_iter().collect();
        let (formula, number) = (&free.totals.activations, &bound.totals.activations);
        prop_assert_eq!(formula.total.bytes.bind(&bindings), number.total.bytes.clone());
        prop_assert_eq!(formula.peak.bytes.bind(&bindings), number.peak.bytes.clone());
        prop_assert_eq!(formula.in_place_total.bytes.bind(&bindings), number.in_place_total.bytes.clone());
        prop_assert_eq!(formula.best_order_peak.clone(), None);
        prop_assert!(free.arena.is_none() && bound.arena.is_some());
    }
}

#[test]
fn a_residual_block() {
    // x [100] -> relu -> a -> relu -> b -> relu -> c; add(c, x) -> y. While b becomes c, x waits: three of 100.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[100]);
    let a = net.relu(x);
    let b = net.relu(a);
    let c = net.relu(b);
    let y = net.function("Add", &[c, x]);
    net.output(y);
    let facts = net.facts();
    let found = &facts.totals.activations;
    assert_eq!(pair(&found.total), (500, 2000));
    let alive: Vec<i64> =
        facts.layers.iter().filter_map(|layer| layer.live_bytes.as_ref()).map(int).collect();
    // {x, a}, {x, a, b}, {x, b, c}, {x, c, y}
    assert_eq!(alive, [800, 1200, 1200, 1200]);
    assert_eq!(pair(&found.peak), (300, 1200));
    assert_eq!(found.peak_at.as_deref(), Some("n1"));
    // In place: x and one buffer that becomes a, b, c and y. Relu of x may not overwrite it, Add may.
    assert_eq!(pair(&found.in_place_total), (200, 800));
    assert_eq!(pair(&found.in_place_peak), (200, 800));
    // There is but one order.
    assert_eq!(optional(&found.best_order_peak), (300, 1200));
    assert_eq!(found.best_order, Some("file"));
    assert_eq!(optional(&found.lower_bound), (300, 1200));
}

#[test]
fn an_order_that_saves_memory() {
    // Two branches: x -> wide (concat of four x) -> Split keeps 1/4. In the file both wide tensors come first.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[100]);
    let wide: Vec<TensorId> = (0..2).map(|_| net.node(Movement::Concat { axis: 0 }, &[x, x, x, x])).collect();
    let narrow: Vec<TensorId> = wide
        .iter()
        .map(|wide| {
            let sizes = Ints::Fixed(vec![1, 399]);
            net.nodes(Split { axis: 0, sizes }, &[*wide], 2)[0]
        })
        .collect();
    let y = net.function("Add", &narrow);
    net.output(y);
    let facts = net.facts();
    let found = &facts.totals.activations;
    // In the file: step 1 {x, wide, wide} = 900; step 2 {wide, wide, 1, 399} = 1200; step 3 {wide, 1, 1, 399} = 801.
    assert_eq!(int(&found.peak.elements), 1200);
    // One branch after the other: {x, wide} 500, {x, wide, 1, 399} 900, {x, wide, 1} 501, {wide, 1, 1, 399} 801.
    assert_eq!(optional(&found.best_order_peak).0, 900);
    assert_eq!((found.best_order, found.best_order_is_optimal), (Some("exact"), true));
    assert_eq!(facts.best_order, Some(vec![0, 2, 1, 3, 4]));
    // The largest step by itself reads a wide tensor and makes both parts: 800.
    assert_eq!(optional(&found.lower_bound).0, 800);
}

#[test]
fn an_output_that_nobody_reads() {
    // Both halves are made; one is read, the other only takes room while its node runs.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    let halves = net.nodes(Split { axis: 0, sizes: Ints::Fixed(vec![4, 6]) }, &[x], 2);
    let y = net.relu(halves[0]);
    net.output(y);
    let facts = net.facts();
    let alive: Vec<i64> =
        facts.layers.iter().filter_map(|layer| layer.live_bytes.as_ref()).map(int).collect();
    assert_eq!(alive, [4 * (10 + 10), 4 * (4 + 4)]);
    assert_eq!(pair(&facts.totals.activations.total), (24, 96));
}

#[test]
fn a_graph_without_nodes() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    net.output(x);
    let facts = net.facts();
    let found = &facts.totals.activations;
    // There is no step in which anything could be alive; the input is an activation all the same.
    assert_eq!(pair(&found.total), (10, 40));
    assert_eq!(pair(&found.peak), (0, 0));
    assert_eq!(found.best_order_peak, None);
    assert_eq!(found.lower_bound, None);
    assert_eq!(found.peak_at, None);
    let nothing = Net::new().facts();
    assert_eq!(pair(&nothing.totals.activations.total), (0, 0));
    assert_eq!(nothing.layers.len(), 0);
}

#[test]
fn views_in_a_chain_take_no_room_in_place() {
    // x [6] -> Reshape -> Identity -> Unsqueeze -> Flatten -> relu: five nodes, one buffer.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[6]);
    let shape = net.ints(&[2, 3]);
    let a = net.node(View::Reshape { shape: Ints::Input(1), zero_is_empty: false }, &[x, shape]);
    let b = net.node(View::Identity, &[a]);
    let c = net.node(View::Unsqueeze { axes: Ints::Fixed(vec![0]) }, &[b]);
    let d = net.node(View::Flatten { axis: 1 }, &[c]);
    let y = net.relu(d);
    net.output(y);
    let facts = net.facts();
    let found = &facts.totals.activations;
    assert_eq!(pair(&found.total), (36, 144));
    assert_eq!(pair(&found.peak), (12, 48));
    assert_eq!(pair(&found.in_place_total), (6, 24));
    assert_eq!(pair(&found.in_place_peak), (6, 24));
    // Views move nothing; the relu reads and writes 24 bytes.
    assert_eq!(int(&facts.totals.bytes_moved), 48);
}

#[test]
fn an_input_that_nothing_reads() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    net.input(DType::F32, &[1000]);
    let y = net.relu(x);
    net.output(y);
    let found = net.facts().totals.activations;
    // It is an input of the model, so it is in the total; no step reads it, so it is alive in none.
    assert_eq!(pair(&found.total), (1020, 4080));
    assert_eq!(pair(&found.peak), (20, 80));
}

#[test]
fn an_output_that_is_also_an_input() {
    // x is handed back: it is alive to the end, and nothing may write over it.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    let a = net.relu(x);
    let y = net.relu(a);
    net.output(y);
    net.output(x);
    let facts = net.facts();
    let found = &facts.totals.activations;
    let alive: Vec<i64> =
        facts.layers.iter().filter_map(|layer| layer.live_bytes.as_ref()).map(int).collect();
    assert_eq!(alive, [80, 120]);
    // a takes a buffer of its own, y is written over a.
    assert_eq!(pair(&found.in_place_total), (20, 80));
    assert_eq!(pair(&found.in_place_peak), (20, 80));
}

#[test]
fn what_is_made_at_load_is_no_activation() {
    let mut net = Net::new();
    let (x, w) = (net.input(DType::F32, &[10]), net.stored(DType::F32, &[10]));
    let made = net.relu(w);
    let y = net.function("Add", &[x, made]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(pair(&facts.totals.activations.total), (20, 80));
    assert_eq!(facts.layers[0].live_bytes, None);
    assert_eq!(int(&facts.totals.other_ops), 10);
    let placed = facts.arena.expect("a plan").placements;
    assert_eq!(placed.len(), 2);
}

#[test]
fn blocks_are_independent() {
    // Forty times: x -> wide (4 of x), wide -> 1/4 of it, on two branches that an addition joins. Any order of a
    // block holds for each, and what one block needs is what all need.
    let mut net = Net::new();
    let mut x = net.input(DType::F32, &[100]);
    for _ in 0..40 {
        let wide: Vec<TensorId> =
            (0..2).map(|_| net.node(Movement::Concat { axis: 0 }, &[x, x, x, x])).collect();
        let sizes = || Ints::Fixed(vec![100, 300]);
        let narrow: Vec<TensorId> =
            wide.iter().map(|wide| net.nodes(Split { axis: 0, sizes: sizes() }, &[*wide], 2)[0]).collect();
        x = net.function("Add", &narrow);
    }
    net.output(x);
    let found = net.facts().totals.activations;
    // In the file {x, wide, wide} 900, {wide, wide, 100, 300} 1200. One after the other: {x, wide, 100, 300} 900,
    // {x, 100, wide} 600, {100, wide, 100, 300} 900.
    assert_eq!((int(&found.peak.elements), optional(&found.best_order_peak).0), (1200, 900));
    assert_eq!((found.best_order, found.best_order_is_optimal), (Some("exact"), true));
}

#[test]
fn a_graph_too_wide_to_search() {
    // Three hundred branches of different widths that come together at the end: no proof, but a good order, and
    // never one worse than the file's, where all wide tensors are made first.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    let wide: Vec<TensorId> =
        (0..300).map(|branch| net.node(Movement::Concat { axis: 0 }, &vec![x; 2 + branch % 7])).collect();
    let ends: Vec<TensorId> = wide
        .iter()
        .enumerate()
        .map(|(branch, wide)| {
            let sizes = Ints::Fixed(vec![1, 10 * (2 + branch as i64 % 7) - 1]);
            net.nodes(Split { axis: 0, sizes }, &[*wide], 2)[0]
        })
        .collect();
    let y = net.node(Movement::Concat { axis: 0 }, &ends);
    net.output(y);
    let found = net.facts().totals.activations;
    // In the file 300 wide tensors of 50 on average. One branch after the other the widest needs 10 + 2·80, and
    // up to 299 narrow ones stand beside it; the last step reads 300 and makes 300.
    assert!(int(&found.peak.elements) > 14_000);
    assert!(optional(&found.best_order_peak).0 <= 10 + 160 + 299 + 300, "{found:?}");
}

#[test]
fn what_a_device_needs() {
    // Of bytes: x [1, 3, 8, 8] -> 3×3 convolution to 4 channels -> relu -> 1×1 convolution to 2.
    let mut net = Net::new();
    let x = net.input(DType::U8, &[1, 3, 8, 8]);
    let (wide, narrow) = (net.stored(DType::U8, &[4, 3, 3, 3]), net.stored(DType::U8, &[2, 4, 1, 1]));
    let a = net.node(Conv::plain(Window::square(3, 1, 1), 1), &[x, wide]);
    let b = net.relu(a);
    let y = net.node(Conv::plain(Window::square(1, 1, 0), 1), &[b, narrow]);
    net.output(y);
    let facts = net.facts();
    // Alive: 192 + 256, 256 + 256, 256 + 128 elements. The first step needs 27·64 columns as well.
    let needed: Vec<(i64, i64)> = facts
        .steps
        .iter()
        .map(|step| {
            let bytes = |expr: &Option<Expr>| int(expr.as_ref().expect("known"));
            (bytes(&step.live_bytes), bytes(&step.workspace.bytes))
        })
        .collect();
    assert_eq!(needed, [(448, 1728), (512, 0), (384, 0)]);
    let needs = &facts.totals.needs;
    assert_eq!((int(&needs.workspace), int(&needs.bytes)), (1728, 448 + 1728));
    assert_eq!((needs.at.as_deref(), needs.complete), (Some("n0"), true));
    assert_eq!(needs.workspace_of, Some(("n0".to_owned(), "im2col")));
    // 108 + 8 weights.
    assert_eq!(int(&facts.totals.device_bytes()), 116 + 448 + 1728);
}
