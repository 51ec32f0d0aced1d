//! What stored data counts as: parameters, buffers, constants, or nothing; each storage once, at its origin.

mod net;

use net::{Net, int, node};
use weigh_analysis::Analysis;
use weigh_ir::{DType, Graph, Place, Shape, Stored, TensorId, Value};
use weigh_ops::{
    Cast, Constant, Conv, Dequantize, Gemm, Generated, Granularity, If, Ints, MatMul, Movement, Norm,
    Normalization, View, Window,
};

/// Parameters, buffers (both in elements) and bytes of constants.
fn sums(facts: &Analysis) -> (i64, i64, i64) {
    let totals = &facts.totals;
    (int(&totals.parameters), int(&totals.buffers), int(&totals.constant_bytes))
}

/// The parameters of each node.
fn of_layers(facts: &Analysis) -> Vec<i64> {
    facts.layers.iter().map(|layer| int(&layer.parameters)).collect()
}

/// x [2, 4] times some constant matrix [4, 3]: 24 multiply-accumulates whatever the matrix was made of.
fn times(mut net: Net, matrix: TensorId) -> Analysis {
    let x = net.input(DType::F32, &[2, 4]);
    let y = net.node(MatMul::PLAIN, &[x, matrix]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(int(&facts.totals.macs), 24);
    assert!(facts.coverage.is_complete());
    // What is made of constants alone is made once, at load.
    assert_eq!(int(&facts.totals.other_ops), 0);
    assert_eq!(int(&facts.totals.activations.total.elements), 8 + 6);
    facts
}

#[test]
fn a_tensor_that_two_nodes_read_is_counted_once() {
    let mut net = Net::new();
    let (x, w) = (net.input(DType::F32, &[2, 4]), net.stored(DType::F32, &[4, 4]));
    let a = net.node(MatMul::PLAIN, &[x, w]);
    let b = net.node(MatMul::PLAIN, &[a, w]);
    net.output(b);
    let facts = net.facts();
    assert_eq!(sums(&facts), (16, 0, 0));
    assert_eq!(facts.totals.stored_bytes, 64);
    // The first reader has it; both work with it and read it.
    assert_eq!(of_layers(&facts), [16, 0]);
    assert_eq!(int(&facts.totals.macs), 2 * 2 * 4 * 4);
    assert_eq!(int(&facts.totals.bytes_moved), 2 * 4 * (8 + 16 + 8));
}

#[test]
fn a_tensor_that_is_read_directly_and_through_a_transpose_is_counted_once() {
    // As language models tie the embedding table [10, 4] and the last matrix [4, 10].
    let mut net = Net::new();
    let (ids, table) = (net.input(DType::I64, &[3]), net.stored(DType::F32, &[10, 4]));
    let x = net.node(Movement::Gather { axis: 0 }, &[table, ids]);
    let head = net.node(Movement::Transpose { order: None }, &[table]);
    let y = net.node(MatMul::PLAIN, &[x, head]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(sums(&facts), (40, 0, 0));
    assert_eq!(of_layers(&facts), [40, 0, 0]);
}

#[test]
fn two_names_of_one_place_are_counted_once() {
    let at = |offset| Place::External { path: "weights.bin".into(), offset };
    for (second, expected) in [(at(64), 16), (at(128), 32)] {
        let mut net = Net::new();
        let x = net.input(DType::F32, &[2, 4]);
        let w = net.stored_at(DType::F32, &[4, 4], at(64), None);
        let v = net.stored_at(DType::F32, &[4, 4], second, None);
        let a = net.node(MatMul::PLAIN, &[x, w]);
        let b = net.node(MatMul::PLAIN, &[a, v]);
        net.output(b);
        let facts = net.facts();
        assert_eq!(sums(&facts), (expected, 0, 0));
        assert_eq!(facts.totals.stored_bytes, 4 * expected as u64);
        assert_eq!(of_layers(&facts), [16, expected - 16]);
    }
}

#[test]
fn of_several_names_of_one_place_the_one_that_is_read_counts() {
    // The first name is read by nobody, the second only as an output, the third as a matrix.
    let place = || Place::External { path: "weights.bin".into(), offset: 64 };
    let mut net = Net::new();
    let x = net.input(DType::F32, &[2, 4]);
    net.stored_at(DType::F32, &[4, 4], place(), None);
    let handed_out = net.stored_at(DType::F32, &[4, 4], place(), None);
    let w = net.stored_at(DType::F32, &[4, 4], place(), None);
    let y = net.node(MatMul::PLAIN, &[x, w]);
    net.output(y);
    net.output(handed_out);
    let facts = net.facts();
    assert_eq!(sums(&facts), (16, 0, 0));
    assert_eq!(facts.totals.stored_bytes, 64);
    assert_eq!(of_layers(&facts), [16]);
    assert!(facts.diagnostics.is_empty(), "{:?}", facts.diagnostics);
}

#[test]
fn an_empty_tensor_hides_none_that_begins_where_it_does() {
    let place = || Place::External { path: "weights.bin".into(), offset: 64 };
    let mut net = Net::new();
    let x = net.input(DType::F32, &[2, 4]);
    let empty = net.stored_at(DType::F32, &[0, 4], place(), None);
    let w = net.stored_at(DType::F32, &[4, 4], place(), None);
    let a = net.node(Movement::Concat { axis: 0 }, &[x, empty]);
    let y = net.node(MatMul::PLAIN, &[a, w]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(sums(&facts), (16, 0, 0));
    assert_eq!(of_layers(&facts), [0, 16]);
}

#[test]
fn tensors_of_a_graph_built_by_code_are_no_ties() {
    // Both lie "in memory", which is no place that two could share.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[2, 4]);
    let w = net.stored_at(DType::F32, &[4, 4], Place::Memory, None);
    let v = net.stored_at(DType::F32, &[4, 4], Place::Memory, None);
    let a = net.node(MatMul::PLAIN, &[x, w]);
    let b = net.node(MatMul::PLAIN, &[a, v]);
    net.output(b);
    assert_eq!(sums(&net.facts()), (32, 0, 0));
}

#[test]
fn through_a_transpose() {
    let mut net = Net::new();
    let w = net.stored(DType::F32, &[3, 4]);
    let turned = net.node(Movement::Transpose { order: None }, &[w]);
    let facts = times(net, turned);
    assert_eq!(sums(&facts), (12, 0, 0));
    assert_eq!(of_layers(&facts), [0, 12]);
    // The product reads 32 + 48 bytes and writes 24; the transpose moves nothing in an inference.
    assert_eq!(int(&facts.totals.bytes_moved), 104);
}

#[test]
fn through_a_reshape_whose_shape_is_a_constant() {
    let mut net = Net::new();
    let (w, shape) = (net.stored(DType::F32, &[2, 6]), net.ints(&[4, 3]));
    let seen = net.node(View::Reshape { shape: Ints::Input(1), zero_is_empty: false }, &[w, shape]);
    let facts = times(net, seen);
    assert_eq!(sums(&facts), (12, 0, 16));
    assert_eq!(facts.totals.stored_bytes, 48 + 16);
}

#[test]
fn through_a_cast() {
    let mut net = Net::new();
    let w = net.stored(DType::F16, &[4, 3]);
    let wide = net.node(Cast { to: Some(DType::F32) }, &[w]);
    let facts = times(net, wide);
    assert_eq!(sums(&facts), (12, 0, 0));
    // At the stored type, not at the one it is converted to.
    assert_eq!(int(&facts.totals.parameter_bytes), 24);
    assert_eq!(facts.totals.parameters_by_dtype.keys().collect::<Vec<_>>(), [&DType::F16]);
}

#[test]
fn through_a_dequantisation() {
    // 12 weights of 8 (or 4) bits, one scale and one zero point for each of 3 columns.
    for (dtype, bytes) in [(DType::I8, 12), (DType::I4, 6)] {
        let mut net = Net::new();
        let w = net.stored(dtype, &[4, 3]);
        let (scale, zero) = (net.stored(DType::F32, &[3]), net.stored(DType::I8, &[3]));
        let granularity = Granularity { axis: 1, block_size: 0 };
        let real = net.node(Dequantize { granularity, to: None }, &[w, scale, zero]);
        let facts = times(net, real);
        assert_eq!(sums(&facts), (12, 0, 3 * 4 + 3));
        assert_eq!(int(&facts.totals.parameter_bytes), bytes);
        assert_eq!(facts.totals.stored_bytes, bytes as u64 + 15);
    }
}

#[test]
fn through_a_concatenation() {
    let mut net = Net::new();
    let (a, b) = (net.stored(DType::F32, &[1, 3]), net.stored(DType::F32, &[3, 3]));
    let whole = net.node(Movement::Concat { axis: 0 }, &[a, b]);
    let facts = times(net, whole);
    assert_eq!(sums(&facts), (12, 0, 0));
    assert_eq!(of_layers(&facts), [0, 12]);
}

#[test]
fn through_a_chain_of_nodes_that_read_the_last_one_twice() {
    // There are two to the power of two hundred ways back to the weight.
    let mut net = Net::new();
    let mut square = net.stored(DType::F32, &[4, 4]);
    for _ in 0..200 {
        square = net.node(MatMul::PLAIN, &[square, square]);
    }
    let last = net.stored(DType::F32, &[4, 3]);
    let matrix = net.node(MatMul::PLAIN, &[square, last]);
    assert_eq!(sums(&times(net, matrix)), (16 + 12, 0, 0));
}

#[test]
fn through_all_of_them_in_a_chain() {
    // 6 and 6 weights of 8 bits -> real -> one after the other -> [3, 4] -> turned -> named again.
    let mut net = Net::new();
    let scale = net.stored(DType::F32, &[]);
    let granularity = Granularity { axis: 1, block_size: 0 };
    let halves: Vec<TensorId> = (0..2)
        .map(|_| {
            let w = net.stored(DType::I8, &[6]);
            net.node(Dequantize { granularity, to: None }, &[w, scale])
        })
        .collect();
    let flat = net.node(Movement::Concat { axis: 0 }, &halves);
    let shape = Ints::Fixed(vec![3, -1]);
    let matrix = net.node(View::Reshape { shape, zero_is_empty: false }, &[flat]);
    let turned = net.node(Movement::Transpose { order: None }, &[matrix]);
    let again = net.node(View::Identity, &[turned]);
    let facts = times(net, again);
    assert_eq!(sums(&facts), (12, 0, 4));
    assert_eq!(int(&facts.totals.parameter_bytes), 12);
    assert_eq!(of_layers(&facts), [0, 0, 0, 0, 0, 0, 12]);
}

#[test]
fn a_shape_filled_with_a_value_is_a_weight_where_a_convolution_reads_it() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 3, 8, 8]);
    let shape = net.ints(&[5, 3, 3, 3]);
    let w = net.node(Generated::Fill { dtype: DType::F32, value: Some(0.0) }, &[shape]);
    let y = net.node(Conv::plain(Window::square(3, 1, 1), 1), &[x, w]);
    net.output(y);
    let facts = net.facts();
    // 5·3·3·3 weights that no byte of the file holds, and four extents that do.
    assert_eq!(sums(&facts), (135, 0, 32));
    assert_eq!(int(&facts.totals.parameter_bytes), 540);
    assert_eq!(facts.totals.stored_bytes, 32);
    assert_eq!(of_layers(&facts), [0, 135]);
    assert_eq!(int(&facts.totals.macs), 135 * 64);
}

#[test]
fn running_statistics_are_buffers() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 7, 2, 2]);
    let stored: Vec<TensorId> = (0..4).map(|_| net.stored(DType::F32, &[7])).collect();
    let y = net.node(Normalization(Norm::Batch), &[x, stored[0], stored[1], stored[2], stored[3]]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(sums(&facts), (14, 14, 0));
    assert_eq!(int(&facts.totals.buffer_bytes), 56);
    assert_eq!(facts.totals.stored_bytes, 4 * 28);
}

#[test]
fn an_embedding_table_is_a_parameter_and_stored_indices_are_constants() {
    let mut net = Net::new();
    let (ids, table) = (net.input(DType::I64, &[1, 3]), net.stored(DType::F32, &[10, 4]));
    let tokens = net.node(Movement::Gather { axis: 0 }, &[table, ids]);
    // Position codes: a table of its own, selected from with stored indices.
    let (places, at) = (net.stored(DType::F32, &[8, 4]), net.ints(&[0, 1, 2]));
    let positions = net.node(Movement::Gather { axis: 0 }, &[places, at]);
    let y = net.function("Add", &[tokens, positions]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(sums(&facts), (40 + 32, 0, 24));
    assert_eq!(of_layers(&facts), [40, 0, 32]);
    // A look-up reads three rows, not the table: 12 elements in, 12 out, 3 indices of 8 bytes.
    assert_eq!(facts.layers[0].bytes_moved.as_ref().map(int), Some(48 + 48 + 24));
}

#[test]
fn a_quantised_table_is_a_parameter_though_rows_are_looked_up_before_they_become_real() {
    // An int8 table [10, 4], its scale and zero point; what is looked up is a view away from being dequantised.
    let mut net = Net::new();
    let (ids, table) = (net.input(DType::I64, &[1, 3]), net.stored(DType::I8, &[10, 4]));
    let (scale, zero) = (net.stored(DType::F32, &[]), net.stored(DType::I8, &[]));
    let rows = net.node(Movement::Gather { axis: 0 }, &[table, ids]);
    let axes = net.ints(&[0]);
    let rows = net.node(View::Unsqueeze { axes: Ints::Input(1) }, &[rows, axes]);
    let y = net.node(
        Dequantize { granularity: Granularity { axis: 0, block_size: 0 }, to: None },
        &[rows, scale, zero],
    );
    net.output(y);
    let facts = net.facts();
    // Constants: the scale (4 bytes), the zero point (1), the axis (8).
    assert_eq!(sums(&facts), (40, 0, 13));
    assert_eq!(of_layers(&facts), [40, 0, 0]);
}

#[test]
fn integer_tensors_that_shape_others_are_constants() {
    let mut net = Net::new();
    let (x, shape) = (net.input(DType::F32, &[2, 6]), net.ints(&[3, 4]));
    let a = net.node(View::Reshape { shape: Ints::Input(1), zero_is_empty: false }, &[x, shape]);
    let axes = net.ints(&[0]);
    let b = net.node(View::Unsqueeze { axes: Ints::Input(1) }, &[a, axes]);
    net.output(b);
    assert_eq!(sums(&net.facts()), (0, 0, 24));
}

#[test]
fn an_integer_operand_is_no_parameter() {
    let mut net = Net::new();
    let (x, one) = (net.input(DType::I64, &[5]), net.ints(&[1, 2, 3, 4, 5]));
    let y = net.function("Add", &[x, one]);
    net.output(y);
    assert_eq!(sums(&net.facts()), (0, 0, 40));
}

#[test]
fn numbers_of_a_formula_are_constants() {
    let scalar = |net: &mut Net, dims: &[i64], spelled_out: bool| {
        let id = net.stored(DType::F32, dims);
        if spelled_out {
            // A node of the graph that holds the value, in place of an initialiser.
            let stored: std::sync::Arc<Stored> = net.0.tensor(id).stored.clone().expect("stored");
            net.push(Constant(stored), &[], &[id], Vec::new());
        }
        id
    };
    // x · 0.5, however the 0.5 is written, but a stored tensor of one element is learned.
    for (dims, spelled_out, parameters) in [
        (&[][..], false, 0),
        (&[], true, 0),
        (&[1], true, 0),
        (&[1], false, 1),
        (&[5], true, 5),
        (&[5], false, 5),
    ] {
        let mut net = Net::new();
        let x = net.input(DType::F32, &[2, 5]);
        let half = scalar(&mut net, dims, spelled_out);
        let y = net.function("Mul", &[x, half]);
        net.output(y);
        let elements: i64 = dims.iter().product();
        let constant_bytes = if parameters == 0 { 4 * elements } else { 0 };
        assert_eq!(sums(&net.facts()), (parameters, 0, constant_bytes), "{dims:?} {spelled_out}");
    }
}

#[test]
fn what_no_node_reads_is_noted_and_not_counted() {
    let mut net = Net::new();
    let (x, w) = (net.input(DType::F32, &[2, 4]), net.stored(DType::F32, &[3, 4]));
    net.stored(DType::F32, &[1000]);
    let dead = net.stored(DType::F32, &[50]);
    // Read by a node that nobody reads in turn.
    net.relu(dead);
    let y = net.node(Gemm::LINEAR, &[x, w]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(sums(&facts), (12, 0, 0));
    assert_eq!(facts.totals.stored_bytes, 48 + 4000 + 200);
    let notes: Vec<&str> = facts.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(notes, ["unused-tensors"]);
    assert!(facts.diagnostics[0].message.contains("'t2'"), "{}", facts.diagnostics[0]);
}

#[test]
fn both_branches_of_a_condition_share_a_weight() {
    let mut net = Net::new();
    let condition = net.input(DType::Bool, &[]);
    let (x, w) = (net.input(DType::F32, &[2, 4]), net.stored(DType::F32, &[4, 4]));
    let bodies: Vec<Graph> = (0..2)
        .map(|index| {
            let y = net.tensor();
            let inner = node(format!("branch{index}").into(), MatMul::PLAIN, &[x, w], &[y], Vec::new());
            Graph { inputs: Vec::new(), outputs: vec![y], nodes: vec![inner] }
        })
        .collect();
    let y = net.tensor();
    net.push(If, &[condition], &[y], bodies);
    net.output(y);
    let facts = net.facts();
    assert_eq!(sums(&facts), (16, 0, 0));
    assert_eq!(of_layers(&facts), [16]);
    // One of the branches runs.
    assert_eq!(int(&facts.totals.macs), 2 * 4 * 4);
}

#[test]
fn a_stored_output_is_no_parameter() {
    let mut net = Net::new();
    let value = Some(Value::ints([1, 2]));
    let stored = net.stored_at(DType::I64, &[2], Place::File { offset: 1 }, value);
    net.output(stored);
    let facts = net.facts();
    assert_eq!(sums(&facts), (0, 0, 16));
    assert!(facts.diagnostics.is_empty(), "{:?}", facts.diagnostics);
    assert_eq!(facts.outputs[0].shape, Some(Shape::of(&[2])));
}
