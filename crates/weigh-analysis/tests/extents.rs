//! Extents that no tensor has: they end as unknown with a diagnostic, never in a negative size or a panic.

mod net;

use net::Net;
use weigh_analysis::{Analysis, Options, analyze};
use weigh_ir::{DType, Expr, Place, Shape, Symbol, Value};
use weigh_ops::{Cell, Conv, Ints, Movement, Recurrent, View, Window};

fn contradictions(facts: &Analysis) -> Vec<String> {
    let found = facts.diagnostics.iter().filter(|found| found.code == "shape-contradiction");
    found.map(|found| found.message.clone()).collect()
}

#[test]
fn a_negative_number_of_copies() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[4]);
    let tiled = net.node(Movement::Tile { repeats: Ints::Fixed(vec![-3]) }, &[x]);
    let y = net.relu(tiled);
    net.output(y);
    let facts = net.facts();
    assert_eq!(contradictions(&facts), ["tensor 't1' would have an extent of -12"]);
    assert_eq!((facts.coverage.nodes, facts.coverage.shaped, facts.coverage.priced), (2, 0, 1));
    assert!(!facts.totals.activations.complete);
    // What is known is the input.
    assert_eq!(facts.totals.activations.total.bytes, Expr::Int(16));
    assert_eq!(facts.arena, None);
}

#[test]
fn a_formula_that_is_bound_too_low() {
    let mut net = Net::new();
    let x = net.input_of(DType::F32, Shape::new([Expr::symbol("seq") - 3]));
    let y = net.relu(x);
    net.output(y);
    let at = |value| {
        let bindings = [(Symbol::new("seq"), value)].into_iter().collect();
        analyze(&net.0, &Options { bindings, ..Options::default() }).expect("facts")
    };
    assert_eq!(at(5).totals.activations.total.elements, Expr::Int(4));
    assert_eq!(at(3).totals.activations.total.elements, Expr::Int(0));
    assert_eq!(contradictions(&at(1)), ["tensor 't0' would have an extent of -2"]);
    assert_eq!(at(1).totals.activations.total.elements, Expr::Int(0));
    assert!(!at(1).totals.activations.complete);
}

#[test]
fn weights_without_axes() {
    // Nothing is known of the input, the file declares the output: only the price shows that it cannot be.
    let mut net = Net::new();
    let (x, w) = (net.input(DType::F32, &[]), net.input(DType::F32, &[]));
    net.0.tensors[x.index()].declared = None;
    let y = net.node(Conv::plain(Window::square(3, 1, 1), 1), &[x, w]);
    net.0.tensors[y.index()].declared = Some(Shape::of(&[1, 8, 4, 4]));
    net.output(y);
    let facts = net.facts();
    assert_eq!((facts.coverage.shaped, facts.coverage.priced), (1, 0));
    assert_eq!(facts.coverage.unknown, [("Conv".to_owned(), 1)]);
}

#[test]
fn an_empty_tensor_with_huge_other_extents() {
    let mut net = Net::new();
    let dims = [0, 1, i64::MAX, 8];
    let empty = net.stored_at(DType::F32, &[0], Place::File { offset: 1 }, Some(Value::ints([])));
    let whole = net.node(View::Reshape { shape: Ints::Fixed(dims.to_vec()), zero_is_empty: true }, &[empty]);
    let fixed = |value| Ints::Fixed(vec![value]);
    let slice = Movement::Slice { starts: fixed(0), ends: fixed(1), axes: fixed(1), steps: fixed(1) };
    let part = net.node(slice, &[whole]);
    net.output(part);
    assert_eq!(net.facts().outputs[0].shape, Some(Shape::of(&dims)));
}

#[test]
fn a_negative_width() {
    let mut net = Net::new();
    let (x, w, r) = (
        net.input(DType::F32, &[8, 2, 4]),
        net.stored(DType::F32, &[1, 12, 4]),
        net.stored(DType::F32, &[1, 12, 4]),
    );
    let op = Recurrent {
        cell: Cell::Gru { linear_before_reset: false },
        hidden_size: Some(-2),
        bidirectional: false,
        batch_first: false,
        activations: Vec::new(),
        quantized: false,
    };
    let y = net.node(op, &[x, w, r]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(contradictions(&facts).len(), 1);
    assert_eq!((facts.coverage.shaped, facts.coverage.priced), (0, 0));
    assert_eq!((facts.totals.macs, facts.totals.other_ops), (Expr::ZERO, Expr::ZERO));
}
