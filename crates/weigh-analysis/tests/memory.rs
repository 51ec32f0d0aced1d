//! Activations over time: against a plain recomputation by the definitions, on random graphs, and by hand.

mod net;

use std::collections::{BTreeMap, BTreeSet};

use net::{Net, int};
use proptest::prelude::*;
use weigh_analysis::{Activations, Analysis, Extent, Placement};
use weigh_ir::{DType, Expr, Shape, TensorId};
use weigh_ops::{Ints, Movement, Split, View};

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

    /// The smallest peak in bytes over all orders that the graph allows.
    fn best_of_all_orders(&self) -> i64 {
        let steps: Vec<usize> = self.running().collect();
        let mut best = i64::MAX;
        self.orders(&steps, &mut Vec::new(), 0, &mut best);
        best
    }

    fn orders(&self, steps: &[usize], done: &mut Vec<usize>, peak: i64, best: &mut i64) {
        if peak >= *best {
            return;
        }
        if done.len() == steps.len() {
            *best = peak;
            return;
        }
        for at in steps {
            let made_before = |id: &TensorId| {
                let maker = self.steps.iter().position(|step| step.makes.contains(id));
                maker.is_none_or(|maker| done.contains(&maker))
            };
            if done.contains(at) || !self.steps[*at].reads.iter().all(made_before) {
                continue;
            }
            // Alive: made by now (or an input), and still to be read, an output, or touched by this step.
            let waits_for = |id: TensorId| {
                let read_later =
                    steps.iter().any(|step| !done.contains(step) && self.steps[*step].reads.contains(&id));
                read_later || self.is_output(id) || self.steps[*at].makes.contains(&id)
            };
            let is_there = |id: TensorId| made_before(&id) || self.steps[*at].makes.contains(&id);
            let live = sum(self
                .activations()
                .filter(|id| is_there(*id) && waits_for(*id))
                .map(|id| self.known[&id]));
            done.push(*at);
            self.orders(steps, done, peak.max(live.1), best);
            done.pop();
        }
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
    arena(sketch, &facts);
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
    fn no_order_is_better_than_the_best(seed in seeds(6)) {
        let sketch = Sketch::new(&seed);
        let found = sketch.net.facts().totals.activations;
        if let Some(best) = &found.best_order_peak {
            let possible = sketch.best_of_all_orders();
            prop_assert!(int(&best.bytes) >= possible, "{} below {possible}", best.bytes);
            let lower = optional(&found.lower_bound).1;
            prop_assert!(possible >= lower);
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
    assert_eq!(found.best_order, Some("greedy"));
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
