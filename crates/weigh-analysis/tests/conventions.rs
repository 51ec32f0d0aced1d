//! What other tools would count: the weights on small graphs, by hand, and the page that lists them.
#![allow(clippy::expect_used)] // a test may fail by panicking, its helper functions too

mod net;

use net::{Net, int};
use weigh_analysis::Options;
use weigh_analysis::conventions::{CONVENTIONS, Call, Convention, Kind, Ledger, Quantity, Unit, ledger};
use weigh_ir::{DType, TensorId};
use weigh_ops::{Cell, Conv, Gemm, MatMul, Norm, Normalization, Recurrent, Window};

const F32: DType = DType::F32;

fn terms(net: &Net) -> Ledger {
    ledger(&net.0, &Options::default()).expect("it can be analysed")
}

fn count(ledger: &Ledger, tool: &str) -> i64 {
    int(&ledger.count(Convention::named(tool).expect("a convention")).total)
}

/// Puts the node that made a tensor into a module.
fn within(net: &mut Net, scope: &str, made: TensorId) -> TensorId {
    let maker = net.0.graph.nodes.iter_mut().find(|node| node.outputs.contains(&Some(made)));
    maker.expect("a node").scope = scope.into();
    made
}

fn check(ledger: &Ledger, expected: &[(&str, i64)]) {
    for (tool, number) in expected {
        assert_eq!(count(ledger, tool), *number, "{tool}: {ledger:#?}");
    }
}

#[test]
fn a_convolution_a_norm_and_an_activation() {
    let mut net = Net::new();
    let x = net.input(F32, &[1, 3, 4, 4]);
    let (weights, bias) = (net.stored(F32, &[8, 3, 3, 3]), net.stored(F32, &[8]));
    let x = net.node(Conv::plain(Window::square(3, 1, 1), 1), &[x, weights, bias]);
    let channels: Vec<TensorId> = (0..4).map(|_| net.stored(F32, &[8])).collect();
    let x = net.node(Normalization(Norm::Batch), &[&[x], channels.as_slice()].concat());
    let x = net.relu(x);
    net.output(x);
    // 8·27·16 = 3456 MACs; 8·16 = 128 outputs, each with a bias; 8 + 8 learned numbers of the norm.
    check(
        &terms(&net),
        &[
            ("weigh", 3456),
            ("torchvision", 3456),
            ("fvcore", 3456 + 2 * 128),
            ("timm", 3456 + 2 * 128),
            ("ptflops", 3456 + 128 + 2 * 128 + 2 * 128),
            ("thop", 3456 + 4 * 128),
            ("torchinfo", 3456 + 128 + 16),
            ("deepspeed", 2 * 3456 + 128 + 2 * 128 + 128),
        ],
    );
}

#[test]
fn a_file_without_norms_may_have_lost_them() {
    let mut net = Net::new();
    let x = net.input(F32, &[1, 3, 4, 4]);
    let (weights, bias) = (net.stored(F32, &[8, 3, 3, 3]), net.stored(F32, &[8]));
    let x = net.node(Conv::plain(Window::square(3, 1, 1), 1), &[x, weights, bias]);
    net.output(x);
    let ledger = terms(&net);
    let difference = |tool: &str| {
        let counted = ledger.count(Convention::named(tool).expect("a convention"));
        let note = counted.notes.into_iter().find(|note| note.message.contains("batch normalisation"));
        note.and_then(|note| note.difference).map(|difference| int(&difference))
    };
    // 128 outputs: the norm comes in, the bias goes.
    assert_eq!(difference("fvcore"), Some(2 * 128));
    assert_eq!(difference("ptflops"), Some(2 * 128 - 128));
    assert_eq!(difference("torchinfo"), Some(16 - 128));
    assert_eq!(difference("torchvision"), None);
}

/// Projection, attention and softmax of width 8 over 5 steps; the queries and keys both scaled, or neither.
fn attention(fused: bool) -> Ledger {
    let mut net = Net::new();
    let x = net.input(F32, &[1, 5, 8]);
    let weights = net.stored(F32, &[8, 8]);
    let bias = net.stored(F32, &[8]);
    let product = net.node(MatMul::PLAIN, &[x, weights]);
    let x = net.function("Add", &[product, bias]);
    let number = net.stored(F32, &[]);
    let (mut q, mut k) = (x, x);
    if fused {
        (q, k) = (net.function("Mul", &[x, number]), net.function("Mul", &[x, number]));
    }
    let product_of = MatMul { transpose_b: true, ..MatMul::PLAIN };
    let scores = net.node(product_of, &[q, k]);
    let scores = net.node(Normalization(Norm::Softmax), &[scores]);
    let y = net.node(MatMul::PLAIN, &[scores, x]);
    net.output(y);
    for node in &mut net.0.graph.nodes {
        node.scope = "attention".into();
    }
    terms(&net)
}

#[test]
fn attention_as_one_call() {
    // 5·8·8 = 320 MACs of projection, with 40 biases; 2·5·5·8 = 400 of attention; 25 scores; 40 queries.
    let ledger = attention(true);
    let expected = [
        ("weigh", 720),
        ("torchvision", 720),
        ("fvcore", 320),
        ("ptflops", 320 + 40 + 400 + 25 + 40),
        ("thop", 0),
        ("torchinfo", 0),
        ("deepspeed", 1440),
    ];
    check(&ledger, &expected);
    let fvcore = ledger.count(Convention::named("fvcore").expect("a convention"));
    assert!(fvcore.notes.iter().any(|note| note.message.contains("fused attention")), "{:?}", fvcore.notes);
}

#[test]
fn attention_written_out() {
    // The projection is a function beside the attention; 25 elements of softmax.
    let ledger = attention(false);
    let expected =
        [("weigh", 720), ("fvcore", 720), ("ptflops", 400 + 25), ("thop", 0), ("deepspeed", 1440 + 25)];
    check(&ledger, &expected);
    let fvcore = ledger.count(Convention::named("fvcore").expect("a convention"));
    let differences: Vec<i64> =
        fvcore.notes.iter().filter_map(|note| note.difference.as_ref()).map(int).collect();
    assert_eq!(differences, [-400]);
}

#[test]
fn modules_and_functions() {
    let mut net = Net::new();
    let x = net.input(F32, &[1, 10]);
    let (weights, bias) = (net.stored(F32, &[4, 10]), net.stored(F32, &[4]));
    let x = net.node(Gemm::LINEAR, &[x, weights, bias]);
    within(&mut net, "fc", x);
    let x = net.relu(x);
    within(&mut net, "act", x);
    let x = net.relu(x);
    net.output(x);
    let ledger = terms(&net);
    let relu =
        |call| Kind::Relu.terms().find(|term| term.call == call).and_then(|term| ledger.terms.get(&term));
    assert_eq!((relu(Call::Module).map(int), relu(Call::Function).map(int)), (Some(4), Some(4)));
    // 40 MACs and 4 biases; ptflops counts the module's ReLU twice and the function once.
    check(&ledger, &[("ptflops", 40 + 4 + 8 + 4), ("torchinfo", 44), ("deepspeed", 80 + 8)]);
}

#[test]
fn a_recurrent_layer() {
    let mut net = Net::new();
    let x = net.input(F32, &[5, 2, 3]);
    let stored = [net.stored(F32, &[1, 16, 3]), net.stored(F32, &[1, 16, 4]), net.stored(F32, &[1, 32])];
    let op = Recurrent {
        cell: Cell::Lstm,
        hidden_size: None,
        bidirectional: false,
        batch_first: false,
        activations: Vec::new(),
        quantized: false,
    };
    let y = net.node(op, &[&[x], stored.as_slice()].concat());
    net.output(y);
    // 10 runs of 16·(3 + 4) = 112 MACs, 32 biases and 4 units.
    let expected = [
        ("weigh", 1120),
        ("torchvision", 0),
        ("fvcore", 0),
        ("ptflops", 10 * (112 + 32 + 10 * 4)),
        ("thop", 10 * (112 + 32 + 8 * 4)),
        ("torchinfo", 10 * (112 + 32)),
        ("deepspeed", 10 * (2 * 112 + 32 + 2 * 4)),
    ];
    check(&terms(&net), &expected);
}

#[test]
fn rules_are_reachable_and_unambiguous() {
    for convention in CONVENTIONS {
        for (index, rule) in convention.rules.iter().enumerate() {
            let what = format!("{}: {:?} {:?}", convention.name, rule.kind, rule.quantity);
            assert!(rule.kind.terms().any(|term| term.quantity == rule.quantity), "{what} never occurs");
            let overlaps = |other: &&weigh_analysis::conventions::Rule| {
                other.kind == rule.kind
                    && other.quantity == rule.quantity
                    && (other.call == rule.call || other.call.is_none() || rule.call.is_none())
            };
            assert_eq!(convention.rules.iter().skip(index + 1).find(overlaps).map(|_| &what), None);
            assert!(!rule.source.is_empty() && rule.weight != 0, "{what}");
        }
    }
}

const BEGIN: &str = "--test conventions -->\n";

#[test]
fn every_weight_is_documented() {
    documentation::keep_part("conventions.md", BEGIN, &list());
}

/// The tools, then a row for every kind of work, with the quantities that tools count of it.
fn list() -> String {
    let mut page =
        "\n| tool | version | its number is called | and counts | read from |\n|---|---|---|---|---|\n"
            .to_owned();
    for convention in CONVENTIONS {
        let Convention { name, version, label, unit, source, .. } = convention;
        let unit = if *unit == Unit::Macs { "MACs" } else { "FLOPs" };
        let version = if *name == "weigh" { "" } else { version };
        page.push_str(&format!("| {name} | {version} | {label} | {unit} | {source} |\n"));
    }
    page.push_str("\n| work | counted |");
    CONVENTIONS.iter().for_each(|convention| page.push_str(&format!(" {} |", convention.name)));
    page.push_str(&format!("\n|---|---|{}\n", "--:|".repeat(CONVENTIONS.len())));
    let mut rows: Vec<(Kind, Quantity)> = CONVENTIONS
        .iter()
        .flat_map(|convention| convention.rules)
        .map(|rule| (rule.kind, rule.quantity))
        .collect();
    rows.sort_unstable();
    rows.dedup();
    for (kind, quantity) in rows {
        page.push_str(&format!("| {} | {} |", kind.word(), quantity.word()));
        for convention in CONVENTIONS {
            let weight = |call| convention.weight(kind, call, quantity);
            let cell = match (weight(Call::Module), weight(Call::Function)) {
                (0, 0) => String::new(),
                (same, other) if same == other => same.to_string(),
                (module, 0) => format!("{module} m"),
                (0, function) => format!("{function} f"),
                (module, function) => format!("{module} m, {function} f"),
            };
            page.push_str(&format!(" {cell} |"));
        }
        page.push('\n');
    }
    page.push('\n');
    page
}
