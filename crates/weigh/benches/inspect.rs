//! How long static analysis takes, from file to facts, in process: `cargo bench -p weigh`.
//!
//! `cargo xtask speed` sets these beside the ONNX package's shape inference on the same files.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use smallvec::smallvec;
use weigh::Options;
use weigh::ir::{DType, Graph, Model, Node, Shape, Tensor, TensorId};
use weigh_formats::onnx::{Weights, WriteOptions, write};
use weigh_ops::Elementwise;

/// A chain of elementwise functions.
fn chain(nodes: usize) -> Model {
    let tensor = |index: usize| Tensor {
        dtype: Some(DType::F32),
        declared: (index == 0 || index == nodes).then(|| Shape::of(&[8, 16])),
        ..Tensor::named(format!("t{index}"))
    };
    let id = |index: usize| TensorId::new(index).expect("few tensors");
    let op = Arc::new(Elementwise::named("Relu").expect("a function"));
    let node = |index: usize| Node {
        name: format!("n{index}").into(),
        scope: "".into(),
        op: op.clone(),
        inputs: smallvec![Some(id(index))],
        outputs: smallvec![Some(id(index + 1))],
        bodies: Vec::new(),
    };
    Model {
        tensors: (0..=nodes).map(tensor).collect(),
        graph: Graph { inputs: vec![id(0)], outputs: vec![id(nodes)], nodes: (0..nodes).map(node).collect() },
        ..Model::default()
    }
}

fn file(folder: &std::path::Path, name: &str, model: &Model) -> PathBuf {
    let path = folder.join(format!("{name}.onnx"));
    let bytes = write(model, &WriteOptions { weights: Weights::Zero }).expect("the zoo can be written");
    std::fs::write(&path, bytes).expect("the folder can be written to");
    path
}

fn inspect(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let zoo = |name: &str| (weigh_zoo::find(name).expect("in the zoo").build)(&weigh_zoo::Options::default());
    let models =
        [("resnet50", zoo("resnet50")), ("bert_base", zoo("bert_base")), ("chain-10000", chain(10_000))];
    for (name, model) in models {
        let path = file(folder.path(), name, &model);
        let path = path.to_str().expect("a plain path");
        criterion.bench_function(&format!("read {name}"), |bencher| {
            bencher.iter(|| black_box(weigh::open(path).expect("readable")));
        });
        criterion.bench_function(&format!("inspect {name}"), |bencher| {
            bencher.iter(|| {
                let opened = weigh::open(path).expect("readable");
                black_box(weigh::analyze(&opened.model, &Options::default()).expect("analysable"))
            });
        });
    }
}

criterion_group!(benches, inspect);
criterion_main!(benches);
