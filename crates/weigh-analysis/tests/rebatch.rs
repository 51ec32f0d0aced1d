//! Models with a fixed batch given another one: what changes with it, and who does not let it.

mod net;

use net::{Net, node};
use weigh_analysis::{Change, ChangeKind, Options, Refusal, analyze, rebatch};
use weigh_ir::{DType, Expr, Shape, TensorId};
use weigh_ops::{Cell, Expand, Ints, MatMul, Movement, Query, Recurrent, Reduce, View};

fn reshape(net: &mut Net, x: TensorId, extents: &[i64]) -> TensorId {
    let target = net.ints(extents);
    net.node(View::Reshape { shape: Ints::Input(1), zero_is_empty: false }, &[x, target])
}

fn transpose(net: &mut Net, x: TensorId, order: &[i64]) -> TensorId {
    net.node(Movement::Transpose { order: Some(order.to_vec()) }, &[x])
}

fn linear(net: &mut Net, x: TensorId, inputs: i64, outputs: i64) -> TensorId {
    let w = net.stored(DType::F32, &[inputs, outputs]);
    net.node(MatMul::PLAIN, &[x, w])
}

/// The lists of extents that change, as `before -> after`.
fn changes(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| format!("{:?} -> {:?}", change.from, change.to)).collect()
}

#[test]
fn a_graph_without_written_shapes_just_takes_it() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 8]);
    let y = linear(&mut net, x, 8, 4);
    net.output(y);
    let found = rebatch(&mut net.0, 5).expect("nothing pins it");
    assert_eq!((found.from, found.to), (1, 5));
    assert_eq!((found.inputs[0].axis, found.inputs[0].extent), (0, 5));
    assert_eq!(
        (found.outputs[0].name.as_str(), found.outputs[0].axis, found.outputs[0].extent),
        ("t2", 0, 5)
    );
    assert!(found.changes.is_empty() && found.mixing.is_empty());
}

#[test]
fn a_flattening_to_one_row_becomes_one_to_many() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 4, 2, 2]);
    let flat = reshape(&mut net, x, &[1, -1]);
    let y = linear(&mut net, flat, 16, 3);
    net.output(y);
    let found = rebatch(&mut net.0, 6).expect("the row is the batch");
    assert_eq!(changes(&found.changes), ["[1, -1] -> [6, -1]"]);
    assert_eq!((found.changes[0].node.as_str(), found.changes[0].input), ("n0", 1));
    // The graph has the change: with six samples it is priced, 6·16·3.
    let input_shapes = [("t0".to_owned(), Shape::of(&[6, 4, 2, 2]))].into();
    let facts = analyze(&net.0, &Options { input_shapes, ..Options::default() }).expect("analysed");
    assert_eq!(facts.totals.macs, Expr::Int(288));
}

#[test]
fn a_target_that_two_nodes_share_stays_for_the_other() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 2, 3]);
    let target = net.ints(&[1, 6]);
    let op = || View::Reshape { shape: Ints::Input(1), zero_is_empty: false };
    let y = net.node(op(), &[x, target]);
    let table = net.stored(DType::F32, &[3, 2]);
    let row = net.node(op(), &[table, target]);
    let sum = net.function("Add", &[y, row]);
    net.output(sum);
    let found = rebatch(&mut net.0, 4).expect("one of the two changes");
    assert_eq!(changes(&found.changes), ["[1, 6] -> [4, 6]"]);
    assert_eq!(net.0.graph.nodes[1].inputs[1], Some(target));
    assert_ne!(net.0.graph.nodes[0].inputs[1], Some(target));
}

#[test]
fn attention_with_the_batch_between_steps_and_features() {
    // 5 steps, the batch, 6 features: 2 heads of 3. The batch goes to the heads: [5, 2·b, 3]. Back it comes by
    // way of [5·b, 6], where it is the fast part of the first axis: the stride of a sample is one row.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 5, 6]);
    let steps = transpose(&mut net, x, &[1, 0, 2]);
    let heads = reshape(&mut net, steps, &[5, 2, 3]);
    let q = transpose(&mut net, heads, &[1, 0, 2]);
    let k = transpose(&mut net, heads, &[1, 2, 0]);
    let scores = net.node(MatMul::PLAIN, &[q, k]);
    let mixed = net.node(MatMul::PLAIN, &[scores, q]);
    let back = transpose(&mut net, mixed, &[1, 0, 2]);
    let rows = reshape(&mut net, back, &[5, 6]);
    let rows = linear(&mut net, rows, 6, 6);
    let whole = reshape(&mut net, rows, &[5, 1, 6]);
    let y = transpose(&mut net, whole, &[1, 0, 2]);
    net.output(y);
    let found = rebatch(&mut net.0, 4).expect("the samples keep to themselves");
    assert_eq!(
        changes(&found.changes),
        ["[5, 2, 3] -> [5, 8, 3]", "[5, 6] -> [20, 6]", "[5, 1, 6] -> [5, 4, 6]"]
    );
    assert_eq!((found.outputs[0].axis, found.outputs[0].extent), (0, 4));
}

#[test]
fn windows_of_an_image_are_samples_of_their_own() {
    // 4 windows of 4 pixels: the batch is the slowest part of the first axis.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 4, 4, 3]);
    let cut = reshape(&mut net, x, &[1, 2, 2, 2, 2, 3]);
    let windows = transpose(&mut net, cut, &[0, 1, 3, 2, 4, 5]);
    let windows = reshape(&mut net, windows, &[4, 4, 3]);
    let done = linear(&mut net, windows, 3, 3);
    let y = reshape(&mut net, done, &[1, 16, 3]);
    net.output(y);
    let found = rebatch(&mut net.0, 3).expect("windows do not meet");
    assert_eq!(
        changes(&found.changes),
        ["[1, 2, 2, 2, 2, 3] -> [3, 2, 2, 2, 2, 3]", "[4, 4, 3] -> [12, 4, 3]", "[1, 16, 3] -> [3, 16, 3]"]
    );
}

#[test]
fn a_class_token_is_there_for_each_sample() {
    // Expanded by a node whose target says one sample.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 4, 8]);
    let (token, target) = (net.stored(DType::F32, &[1, 1, 8]), net.ints(&[1, 1, 8]));
    let token = net.node(Expand { shape: Ints::Input(1) }, &[token, target]);
    let all = net.node(Movement::Concat { axis: 1 }, &[token, x]);
    net.output(all);
    let found = rebatch(&mut net.0, 7).expect("the target changes");
    assert_eq!(changes(&found.changes), ["[1, 1, 8] -> [7, 1, 8]"]);
    assert_eq!(found.changes[0].kind, ChangeKind::Target);

    // Stored as it is.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 4, 8]);
    let token = net.stored(DType::F32, &[1, 1, 8]);
    let all = net.node(Movement::Concat { axis: 1 }, &[token, x]);
    net.output(all);
    let found = rebatch(&mut net.0, 7).expect("the token is expanded");
    assert_eq!(changes(&found.changes), ["[1, 1, 8] -> [7, 1, 8]"]);
    assert_eq!((found.changes[0].kind, found.changes[0].input), (ChangeKind::Repeated, 0));
    assert_eq!(net.0.graph.nodes[0].op.name(), "Expand");
}

/// Three steps of one sample through a recurrent layer with a state.
fn recurrent(net: &mut Net, x: TensorId, state: TensorId) {
    let (w, r) = (net.stored(DType::F32, &[1, 4, 2]), net.stored(DType::F32, &[1, 4, 4]));
    let made = net.tensor();
    let op = Recurrent {
        cell: Cell::Simple,
        hidden_size: Some(4),
        bidirectional: false,
        batch_first: false,
        activations: Vec::new(),
        quantized: false,
    };
    let mut layer = node("rnn".into(), op, &[x, w, r, x, x, state], &[made], Vec::new());
    layer.inputs[3] = None;
    layer.inputs[4] = None;
    net.0.graph.nodes.push(layer);
    net.output(made);
}

#[test]
fn states_go_along() {
    // As an input, [layers, batch, units].
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 3, 2]);
    let state = net.input(DType::F32, &[1, 1, 4]);
    let steps = transpose(&mut net, x, &[1, 0, 2]);
    recurrent(&mut net, steps, state);
    let found = rebatch(&mut net.0, 2).expect("the state is for as many");
    let axes: Vec<(&str, usize)> = found.inputs.iter().map(|input| (&*input.name, input.axis)).collect();
    assert_eq!(axes, [("t0", 0), ("t1", 1)]);

    // Stored zeros are expanded.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 3, 2]);
    let state = net.stored(DType::F32, &[1, 1, 4]);
    let steps = transpose(&mut net, x, &[1, 0, 2]);
    recurrent(&mut net, steps, state);
    let found = rebatch(&mut net.0, 2).expect("the state is expanded");
    assert_eq!(changes(&found.changes), ["[1, 1, 4] -> [1, 2, 4]"]);
}

#[track_caller]
fn refused(net: &mut Net, batch: i64) -> Refusal {
    let (nodes, tensors) = (net.0.graph.nodes.len(), net.0.tensors.len());
    let refusal = rebatch(&mut net.0, batch).expect_err("it is pinned");
    assert_eq!((net.0.graph.nodes.len(), net.0.tensors.len()), (nodes, tensors), "the model is as it was");
    refusal
}

#[test]
fn what_pins_the_batch_is_named() {
    // Rows for the file's own batch.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[2, 8]);
    let table = net.stored(DType::F32, &[2, 8]);
    let y = net.function("Add", &[x, table]);
    net.output(y);
    let refusal = refused(&mut net, 3);
    assert!(matches!(&refusal, Refusal::Pinned { node, .. } if node == "n0"), "{refusal}");

    // Samples that are summed up.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 8]);
    let sum = Reduce::named("ReduceSum", Ints::Fixed(vec![0]), true, false).expect("a reduction");
    let y = net.node(sum, &[x]);
    net.output(y);
    let refusal = refused(&mut net, 3);
    assert!(matches!(&refusal, Refusal::Pinned { node, .. } if node == "n0"), "{refusal}");

    // Samples that are held against their mean: the batch is there again behind it.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 8]);
    let mean = Reduce::named("ReduceMean", Ints::Fixed(vec![0]), true, false).expect("a reduction");
    let mean = net.node(mean, &[x]);
    let y = net.function("Sub", &[x, mean]);
    net.output(y);
    let refusal = refused(&mut net, 3);
    assert!(matches!(&refusal, Refusal::Pinned { node, .. } if node == "n0"), "{refusal}");

    // Samples that all meet: x · xᵀ.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 8]);
    let turned = transpose(&mut net, x, &[1, 0]);
    let y = net.node(MatMul::PLAIN, &[x, turned]);
    net.output(y);
    let refusal = refused(&mut net, 3);
    assert!(matches!(&refusal, Refusal::Pinned { node, .. } if node == "n1"), "{refusal}");

    // An output that is only a shape.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 8]);
    let y = net.node(Query::Shape { start: 0, end: None }, &[x]);
    net.output(y);
    assert_eq!(refused(&mut net, 3).to_string(), "output 't1' is [2] with the new batch");
}

#[test]
fn what_has_no_fixed_batch() {
    let mut net = Net::new();
    let x = net.input_of(DType::F32, Shape::new([Expr::symbol("batch"), Expr::Int(8)]));
    let y = net.relu(x);
    net.output(y);
    assert_eq!(refused(&mut net, 3), Refusal::Open { symbol: "batch".to_owned() });
    let mut net = Net::new();
    let x = net.input(DType::F32, &[]);
    let y = net.relu(x);
    net.output(y);
    assert_eq!(refused(&mut net, 3), Refusal::NoBatch);
    let mut net = pixel();
    assert_eq!(refused(&mut net, 0).to_string(), "a batch of 0");
    assert_eq!(refused(&mut net, 1).to_string(), "the batch is 1 already");
}

fn pixel() -> Net {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 8]);
    let y = net.relu(x);
    net.output(y);
    net
}
