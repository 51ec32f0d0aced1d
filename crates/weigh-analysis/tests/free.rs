//! Fixed extents made symbols: the formulas that come of it, and the graphs that do not let an extent vary.

mod net;

use net::Net;
use weigh_analysis::{Analysis, AnalysisError, FreeDim, Options, analyze};
use weigh_ir::{Bindings, DType, Expr, Shape, Symbol};
use weigh_ops::{Ints, Movement, View};

fn free(net: &Net, dims: &[(i64, &str)], bound: &[(&str, i64)]) -> Result<Analysis, AnalysisError> {
    let free =
        dims.iter().map(|(axis, name)| FreeDim { input: None, axis: *axis, symbol: Symbol::new(name) });
    let bindings: Bindings = bound.iter().map(|(name, value)| (Symbol::new(name), *value)).collect();
    analyze(&net.0, &Options { free: free.collect(), bindings, ..Options::default() })
}

fn fixed(values: &[i64]) -> Ints {
    Ints::Fixed(values.to_vec())
}

/// One image, and nothing but a function of each pixel.
fn pixels() -> Net {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 3, 64, 64]);
    let y = net.relu(x);
    net.output(y);
    net
}

#[test]
fn numbers_stay_and_formulas_come() {
    let plain = pixels().facts();
    let facts = free(&pixels(), &[(2, "h"), (-1, "w")], &[]).expect("it may vary");
    assert_eq!(facts.totals, plain.totals);
    assert_eq!(facts.bindings, [(Symbol::new("h"), 64), (Symbol::new("w"), 64)].into());
    assert!(facts.assumed.is_empty() && facts.unbound.is_empty());
    let scaling = facts.scaling.expect("formulas");
    // In and out, 3 channels of 4 bytes each.
    assert_eq!(scaling.activation_bytes, Expr::symbol("h") * Expr::symbol("w") * 24);
    assert_eq!(
        facts.freed.iter().map(|freed| (freed.axis, freed.extent)).collect::<Vec<_>>(),
        [(2, 64), (3, 64)]
    );

    let larger = free(&pixels(), &[(2, "h")], &[("h", 100)]).expect("it may vary");
    assert_eq!(larger.totals.activations.total.bytes, Expr::Int(24 * 100 * 64));
    assert_eq!(larger.scaling.expect("formulas").activation_bytes, Expr::symbol("h") * (24 * 64));
}

#[test]
fn what_cannot_be_freed() {
    let why = |dims: &[(i64, &str)]| free(&pixels(), dims, &[]).expect_err("refused").to_string();
    assert_eq!(why(&[(4, "h")]), "'h' cannot be freed: axis 4 is outside a tensor of rank 4");
    assert_eq!(why(&[(1, "s"), (2, "s")]), "'s' cannot be freed: it would be both 3 and 64");
    let mut net = Net::new();
    let x = net.input_of(DType::F32, Shape::new([Expr::symbol("batch"), Expr::Int(8)]));
    let y = net.relu(x);
    net.output(y);
    let why = |dims: &[(i64, &str)]| free(&net, dims, &[]).expect_err("refused").to_string();
    assert_eq!(why(&[(0, "n")]), "'n' cannot be freed: that extent is open: batch");
    assert_eq!(why(&[(1, "batch")]), "'batch' cannot be freed: the model has a dim of that name");
}

fn pin(net: &Net, dims: &[(i64, &str)]) -> (String, String) {
    match free(net, dims, &[]) {
        Err(AnalysisError::Pinned { symbols, node, .. }) => (symbols, node),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_node_that_pins_is_named() {
    // A stored table of the file's own size is added.
    let mut net = Net::new();
    let (x, table) = (net.input(DType::F32, &[1, 3, 64, 64]), net.stored(DType::F32, &[64, 1]));
    let y = net.relu(x);
    let y = net.function("Add", &[y, table]);
    net.output(y);
    assert_eq!(pin(&net, &[(2, "h"), (3, "w")]), ("h".to_owned(), "n1".to_owned()));
    assert!(free(&net, &[(3, "w")], &[]).is_ok());

    // A reshape to constants.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 3, 64, 64]);
    let y = net.node(View::Reshape { shape: fixed(&[1, 3, 4096]), zero_is_empty: false }, &[x]);
    net.output(y);
    assert_eq!(pin(&net, &[(3, "w")]), ("w".to_owned(), "n0".to_owned()));

    // Rows that must be as many as columns.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[64, 64]);
    let turned = net.node(Movement::Transpose { order: Some(vec![1, 0]) }, &[x]);
    let y = net.function("Add", &[x, turned]);
    net.output(y);
    assert_eq!(pin(&net, &[(0, "h"), (1, "w")]), ("h".to_owned(), "n1".to_owned()));
    assert!(free(&net, &[(0, "s"), (1, "s")], &[]).is_ok());
}

#[test]
fn steps_between_sizes_that_pass() {
    // Every second row, twice: 2·⌈h/2⌉ rows, which meet h rows where h is even.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 3, 64, 64]);
    let slice = Movement::Slice {
        starts: fixed(&[0]),
        ends: fixed(&[1 << 40]),
        axes: fixed(&[2]),
        steps: fixed(&[2]),
    };
    let half = net.node(slice, &[x]);
    let whole = net.node(Movement::Tile { repeats: fixed(&[1, 1, 2, 1]) }, &[half]);
    let y = net.function("Add", &[x, whole]);
    net.output(y);
    let facts = free(&net, &[(2, "h")], &[]).expect("even numbers of rows pass");
    let note = facts.diagnostics.iter().find(|found| found.code == "free-sizes").expect("a remark");
    assert_eq!(note.node.as_deref(), Some("n2"));
    assert!(
        note.message.contains("at h = 65") && note.message.contains("multiples of 2 pass"),
        "{}",
        note.message
    );
    let bytes = facts.scaling.expect("formulas").activation_bytes;
    // In, out and the whole have 3·64·h elements, the half 3·64·h/2.
    let at = |rows| bytes.bind(&[(Symbol::new("h"), rows)].into());
    assert_eq!(at(128), Expr::Int(4 * (3 * 3 * 64 * 128 + 3 * 64 * 64)));
}
