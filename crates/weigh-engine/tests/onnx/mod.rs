//! Tiny ONNX models, written as protobuf by hand: field numbers are those of onnx.proto.
#![allow(dead_code, clippy::unwrap_used)] // not every test uses all of it

use weigh_engine::{Input, Session, TensorData};

/// `TensorProto.DataType` of the types the tests use.
pub const FLOAT: u64 = 1;
pub const INT64: u64 = 7;

/// A model of one graph with these nodes, each `(operator, name, inputs, outputs)`, and inputs and outputs, each
/// `(name, type, shape)`.
pub fn model(
    nodes: &[(&str, &str, &[&str], &[&str])],
    inputs: &[(&str, u64, &[u64])],
    outputs: &[(&str, u64, &[u64])],
) -> Vec<u8> {
    let mut graph = graph_of(nodes, inputs);
    outputs.iter().for_each(|value| bytes(&mut graph, 12, &value_info(value)));
    whole(&graph)
}

/// `list = [x, x]`: a model whose output `list` is a sequence of tensors.
pub fn model_with_sequence_output() -> Vec<u8> {
    let mut graph = graph_of(&[("SequenceConstruct", "pack", &["x", "x"], &["list"])], &[("x", FLOAT, &[3])]);
    let (mut sequence, mut kind, mut info) = (Vec::new(), Vec::new(), Vec::new());
    bytes(&mut sequence, 1, &tensor_type(FLOAT, &[3]));
    bytes(&mut kind, 4, &sequence);
    bytes(&mut info, 1, b"list");
    bytes(&mut info, 2, &kind);
    bytes(&mut graph, 12, &info);
    whole(&graph)
}

/// `y = x + w` over vectors of 3, where the elements of `w` are the first 12 bytes of a file beside the model.
pub fn model_with_weights_in(file: &str) -> Vec<u8> {
    let mut graph = graph_of(&[("Add", "add", &["x", "w"], &["y"])], &[("x", FLOAT, &[3])]);
    bytes(&mut graph, 12, &value_info(&("y", FLOAT, &[3])));
    let mut weights = Vec::new();
    integer(&mut weights, 1, 3); // dims
    integer(&mut weights, 2, FLOAT);
    bytes(&mut weights, 8, b"w");
    for (key, value) in [("location", file), ("offset", "0"), ("length", "12")] {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, key.as_bytes());
        bytes(&mut entry, 2, value.as_bytes());
        bytes(&mut weights, 13, &entry);
    }
    integer(&mut weights, 14, 1); // data_location: EXTERNAL
    bytes(&mut graph, 5, &weights);
    whole(&graph)
}

/// `GraphProto` without outputs.
fn graph_of(nodes: &[(&str, &str, &[&str], &[&str])], inputs: &[(&str, u64, &[u64])]) -> Vec<u8> {
    let mut graph = Vec::new();
    for (operator, name, inputs, outputs) in nodes {
        let mut node = Vec::new();
        inputs.iter().for_each(|input| bytes(&mut node, 1, input.as_bytes()));
        outputs.iter().for_each(|output| bytes(&mut node, 2, output.as_bytes()));
        bytes(&mut node, 3, name.as_bytes());
        bytes(&mut node, 4, operator.as_bytes());
        bytes(&mut graph, 1, &node);
    }
    bytes(&mut graph, 2, b"graph");
    inputs.iter().for_each(|value| bytes(&mut graph, 11, &value_info(value)));
    graph
}

/// `ModelProto` around a graph.
fn whole(graph: &[u8]) -> Vec<u8> {
    let mut opset = Vec::new();
    integer(&mut opset, 2, 17);
    let mut model = Vec::new();
    integer(&mut model, 1, 8); // ir_version
    bytes(&mut model, 7, graph);
    bytes(&mut model, 8, &opset);
    model
}

/// `ValueInfoProto`: a name and a `TypeProto` of a tensor type.
fn value_info((name, dtype, shape): &(&str, u64, &[u64])) -> Vec<u8> {
    let mut info = Vec::new();
    bytes(&mut info, 1, name.as_bytes());
    bytes(&mut info, 2, &tensor_type(*dtype, shape));
    info
}

/// `TypeProto` of a tensor.
fn tensor_type(dtype: u64, shape: &[u64]) -> Vec<u8> {
    let (mut dims, mut tensor, mut kind) = (Vec::new(), Vec::new(), Vec::new());
    for &size in shape {
        let mut dim = Vec::new();
        integer(&mut dim, 1, size);
        bytes(&mut dims, 1, &dim);
    }
    integer(&mut tensor, 1, dtype);
    bytes(&mut tensor, 2, &dims);
    bytes(&mut kind, 1, &tensor);
    kind
}

/// A field of wire type 2: its length, then its bytes.
fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// A field of wire type 0.
fn integer(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// `difference = relu(a - b)` and `sum = a + b`, over vectors of 3. The second node has that name.
pub fn two_outputs(relu: &str) -> Vec<u8> {
    model(
        &[
            ("Sub", "sub", &["a", "b"], &["raw"]),
            ("Relu", relu, &["raw"], &["difference"]),
            ("Add", "add", &["a", "b"], &["sum"]),
        ],
        &[("a", FLOAT, &[3]), ("b", FLOAT, &[3])],
        &[("difference", FLOAT, &[3]), ("sum", FLOAT, &[3])],
    )
}

pub fn floats(name: &str, values: &[f32]) -> Input {
    Input::new(name, vec![values.len()], TensorData::F32(values.to_vec())).unwrap()
}

/// What every engine makes of [`two_outputs`] with two threads.
pub fn computes_all_outputs(session: &mut dyn Session) {
    assert_eq!(session.inputs(), ["a", "b"]);
    assert_eq!(session.outputs(), ["difference", "sum"]);
    assert_eq!(session.threads().get(), 2);

    // Given in another order than the model's: names decide.
    session.prepare(&[floats("b", &[5.0, 1.0, 1.0]), floats("a", &[1.0, 2.0, 4.0])]).unwrap();
    for _ in 0..3 {
        let outputs = session.run_with_outputs().unwrap();
        assert_eq!(outputs[0].0, "difference");
        assert_eq!(outputs[0].1.data(), &TensorData::F32(vec![0.0, 1.0, 3.0]));
        assert_eq!(outputs[1].0, "sum");
        assert_eq!(outputs[1].1.data(), &TensorData::F32(vec![6.0, 3.0, 5.0]));
    }
    session.run().unwrap();

    session.prepare(&[floats("a", &[0.0; 3]), floats("b", &[-1.0; 3])]).unwrap();
    assert_eq!(session.run_with_outputs().unwrap()[0].1.data(), &TensorData::F32(vec![1.0; 3]));
}
