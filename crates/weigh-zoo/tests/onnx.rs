//! Every architecture survives being written as ONNX and read again.

use weigh_formats::onnx::{Weights, WriteOptions, write};
use weigh_formats::{Surroundings, read};
use weigh_ir::{DType, Expr, Model, Shape};
use weigh_zoo::{Batch, ENTRIES, Options};

fn round_trip(model: &Model, weights: Weights) -> Model {
    let bytes = write(model, &WriteOptions { weights }).expect("it can be written");
    read(&bytes, &Surroundings { external_size: &|_| None }).expect("it can be read")
}

/// Stored tensors without known elements.
fn weights(model: &Model) -> Vec<(String, Shape)> {
    let unknown = |stored: &&std::sync::Arc<weigh_ir::Stored>| stored.value.is_none();
    let stored = model.tensors.iter().filter(|tensor| tensor.stored.as_ref().filter(unknown).is_some());
    stored.map(|tensor| (tensor.name.to_string(), tensor.declared.clone().unwrap_or_default())).collect()
}

type End = (String, Option<DType>, Option<Shape>);

fn ends(model: &Model) -> Vec<End> {
    let ids = model.graph.inputs.iter().chain(&model.graph.outputs);
    ids.map(|id| model.tensor(*id))
        .map(|tensor| (tensor.name.to_string(), tensor.dtype, tensor.declared.clone()))
        .collect()
}

/// Name, scope, operator and its setting of every node but those that make weights.
fn nodes(model: &Model) -> Vec<(String, String, String)> {
    let kept = model.graph.nodes.iter().filter(|node| node.op.name() != "ConstantOfShape");
    kept.map(|node| (node.name.to_string(), node.scope.to_string(), format!("{:?}", node.op))).collect()
}

#[test]
fn with_zero_weights() {
    for entry in ENTRIES {
        let model = (entry.build)(&Options::default());
        let back = round_trip(&model, Weights::Zero);
        let made = weights(&model).len();
        assert_eq!(back.tensors.len(), model.tensors.len() + made, "{}", entry.name);
        assert_eq!(back.graph.node_count(), model.graph.node_count() + made, "{}", entry.name);
        assert_eq!(ends(&back), ends(&model), "{}", entry.name);
        assert_eq!(nodes(&back), nodes(&model), "{}", entry.name);
        assert!(back.diagnostics.is_empty(), "{}: {:?}", entry.name, back.diagnostics);
    }
}

#[test]
fn with_random_weights() {
    for entry in ENTRIES {
        let model = (entry.build)(&Options { batch: Batch::Fixed(2) });
        let stored = weights(&model);
        let elements: Option<i64> = stored.iter().map(|(_, shape)| shape.elements()).sum::<Expr>().as_int();
        if elements.is_none_or(|elements| elements > 5_000_000) {
            continue;
        }
        let back = round_trip(&model, Weights::Random { seed: 1 });
        assert_eq!(back.tensors.len(), model.tensors.len(), "{}", entry.name);
        assert_eq!(ends(&back), ends(&model), "{}", entry.name);
        assert_eq!(nodes(&back), nodes(&model), "{}", entry.name);
    }
}

#[test]
fn absurd_batches_build_and_write() {
    for entry in ENTRIES {
        for batch in [0, 1, i64::MAX] {
            let model = (entry.build)(&Options { batch: Batch::Fixed(batch) });
            assert!(write(&model, &WriteOptions::default()).is_ok(), "{} at {batch}", entry.name);
        }
    }
}
