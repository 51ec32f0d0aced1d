//! What training takes, over the architectures of the zoo.

use weigh_analysis::Options;
use weigh_analysis::training::{Recipe, Training, train};
use weigh_ir::{Bindings, Expr, Model, Symbol};
use weigh_zoo::ENTRIES;

/// Whether an input of the model has this dim.
fn has(model: &Model, symbol: &Symbol) -> bool {
    let mut found = false;
    for id in &model.graph.inputs {
        for dim in model.tensor(*id).declared.iter().flat_map(|shape| shape.dims()) {
            dim.for_each_symbol(&mut |known| found |= known == symbol);
        }
    }
    found
}

fn trained(name: &str, batch: i64) -> Training {
    let entry = weigh_zoo::find(name).expect("an architecture");
    let model = (entry.build)(&weigh_zoo::Options::default());
    let chosen = [("batch", batch), ("seq", 128), ("past", 64)].map(|(name, size)| (Symbol::new(name), size));
    let bindings: Bindings = chosen.into_iter().filter(|(symbol, _)| has(&model, symbol)).collect();
    train(&model, &Options { bindings, ..Options::default() }, Recipe::default()).expect("facts")
}

#[test]
fn everything_can_be_trained() {
    for entry in ENTRIES {
        let training = trained(entry.name, 2);
        assert!(training.unknown.is_empty(), "{}: {:?}", entry.name, training.unknown);
        let memory = training.memory.expect("everything is known and a number");
        let stored = memory.stored.price.peak;
        let saved = training.saved_bytes.as_int().and_then(|bytes| u64::try_from(bytes).ok());
        assert!(saved.is_some_and(|saved| saved <= stored), "{}", entry.name);
        assert!(memory.chain.least_peak() <= stored, "{}", entry.name);
        let mut last = u64::MAX;
        for placement in &memory.curve.placements {
            assert!(placement.price.peak < last, "{}", entry.name);
            last = placement.price.peak;
        }
    }
}

#[test]
fn the_backward_pass_has_twice_the_products_less_the_first_layer() {
    let training = trained("vgg16", 1);
    // The first convolution: 64·224·224·27; its input, the image, wants no gradient.
    let first = 64 * 224 * 224 * 27;
    let forward = training.forward.macs.as_int().expect("a number");
    assert_eq!(training.backward_data.macs, Expr::Int(forward - first));
    assert_eq!(training.backward_weights.macs, Expr::Int(forward));
    assert_eq!(training.parameters, Expr::Int(138_357_544));
}

#[test]
fn checkpoints_of_resnet50_are_not_worse_than_the_rule_of_the_square_root() {
    let memory = trained("resnet50", 32).memory.expect("everything is known");
    let rule = memory.square_root.price;
    let (best, is_exact) = memory.chain.best_within(rule.peak).expect("the rule itself is within");
    assert!(is_exact && best.price.peak <= rule.peak && best.price.work() <= rule.work());
    // In fact less than half of the recomputation, and at the rule's recomputation less memory.
    assert!(best.price.macs * 2 < rule.macs, "{:?} {rule:?}", best.price);
    let as_dear = memory.curve.placements.iter().rfind(|placement| placement.price.work() <= rule.work());
    assert!(as_dear.is_some_and(|placement| placement.price.peak < rule.peak));
    // Checkpoints within what is recomputed reach lower still.
    let least = memory.recursive.last().expect("a short chain");
    assert!(least.peak <= memory.chain.least_peak());
}
