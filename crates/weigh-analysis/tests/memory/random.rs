//! What the analysis tells of random graphs, beside the definitions.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use weigh_analysis::{Activations, Analysis, Placement};
use weigh_ir::{DType, Expr, Shape};
use weigh_ops::Movement;

use crate::net::{Net, int};
use crate::sketch::{Sketch, seeds, sum};
use crate::{optional, pair};

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
