//! The worked example of a dense convolution made separable, and what is left alone.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::sync::Arc;

use weigh_analysis::{Options, analyze};
use weigh_ir::{DType, Model, Node, Place, Shape, Stored, Tensor, TensorId};
use weigh_ops::{Conv, Window};
use weigh_rewrite::{Refusal, separable};

/// One convolution 32→64 of a window at 224×224, padded to keep the size.
fn convolution(kernel: i64) -> Model {
    let stored = |dims: &[i64]| {
        let shape = Shape::of(dims);
        let bytes = 4 * shape.elements().as_int().unwrap() as u64;
        Some(Arc::new(Stored { dtype: DType::F32, shape, bytes, value: None, place: Place::Memory }))
    };
    let tensor = |name: &str, declared: Option<Shape>, stored| Tensor {
        dtype: Some(DType::F32),
        declared,
        stored,
        ..Tensor::named(name)
    };
    let id = |index| TensorId::new(index).unwrap();
    let mut model = Model {
        tensors: vec![
            tensor("x", Some(Shape::of(&[1, 32, 224, 224])), None),
            tensor("w", None, stored(&[64, 32, kernel, kernel])),
            tensor("y", None, None),
        ],
        ..Model::default()
    };
    model.graph.inputs.push(id(0));
    model.graph.outputs.push(id(2));
    model.graph.nodes.push(Node {
        name: "conv".into(),
        scope: "".into(),
        op: Arc::new(Conv::plain(Window::square(kernel, 1, kernel / 2), 1)),
        inputs: [Some(id(0)), Some(id(1))].into_iter().collect(),
        outputs: [Some(id(2))].into_iter().collect(),
        bodies: Vec::new(),
    });
    model
}

/// 32·64·9 = 18,432 parameters become 32·9 + 32·64 = 2,336, and 924,844,032 multiply-accumulates 117,211,136: both 87.3 %
/// fewer.
#[test]
fn a_dense_convolution_becomes_two_thin_ones() {
    let model = convolution(3);
    let options = Options::default();
    let before = analyze(&model, &options).unwrap();
    let made = separable(&model, &before, &options, &|_| true).unwrap();
    let counts = |totals: &weigh_analysis::Totals| {
        (totals.parameters.as_int().unwrap(), totals.macs.as_int().unwrap())
    };
    assert_eq!(counts(&before.totals), (18_432, 924_844_032));
    assert_eq!(counts(&made.facts.totals), (2_336, 117_211_136));
    for (after, before) in [(2_336.0, 18_432.0), (117_211_136.0, 924_844_032.0)] {
        assert_eq!(format!("{:.1} %", 100.0 * (1.0 - after / before)), "87.3 %");
    }
    let names: Vec<&str> = made.model.graph.nodes.iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["conv/depthwise", "conv/pointwise"]);
}

#[test]
fn a_pointwise_convolution_is_left_alone() {
    let model = convolution(1);
    let options = Options::default();
    let before = analyze(&model, &options).unwrap();
    assert!(matches!(separable(&model, &before, &options, &|_| true), Err(Refusal::Nothing(_))));
}
