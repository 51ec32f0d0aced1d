//! What a model has learned may stand in attributes: it becomes stored tensors that the node reads.

mod wire;

use weigh_formats::{Surroundings, read};
use weigh_ir::{DType, Shape};
use wire::{Dim, Wire};

fn floats(name: &str, count: usize) -> Wire {
    (0..count).fold(Wire::new().text(1, name), |attribute, _| attribute.float(7, 0.5)).int(20, 6)
}

#[test]
fn each_list_is_a_tensor_at_its_place() {
    // 3 classes of 4 features; no intercepts.
    let classifier = wire::node("LinearClassifier", "node", &["x"], &["class", "scores"])
        .text(7, "ai.onnx.ml")
        .message(5, floats("coefficients", 12));
    let graph = Wire::new()
        .message(1, classifier)
        .text(2, "graph")
        .message(11, wire::value_info("x", 1, Some(&[Dim::Named("batch"), Dim::Of(4)])))
        .message(12, wire::value_info("scores", 1, None));
    let bytes = wire::model(graph, 21);
    let model = read(&bytes, &Surroundings { external_size: &|_| None }).expect("a model");
    let node = model.graph.nodes.first().expect("the node");
    assert_eq!(node.inputs.len(), 3);
    assert_eq!(node.inputs[2], None);
    let coefficients = model.tensor(node.inputs[1].expect("coefficients"));
    assert_eq!(&*coefficients.name, "node/coefficients");
    let stored = coefficients.stored.as_ref().expect("stored");
    assert_eq!((stored.dtype, &stored.shape, stored.bytes), (DType::F32, &Shape::of(&[12]), 48));
}
