//! Loops whose runs differ, branches that nothing decides, and values of inputs.

mod net;

use net::Net;
use weigh_analysis::{Analysis, AnalysisError, Options, analyze};
use weigh_ir::{DType, Expr, Graph, Place, Shape, TensorId, Value};
use weigh_ops::{If, Loop, MatMul, Movement};

/// Makes a body of the nodes from `first` on.
fn body(net: &mut Net, first: usize, inputs: &[TensorId], outputs: &[TensorId]) -> Graph {
    let nodes = net.0.graph.nodes.split_off(first);
    Graph { inputs: inputs.to_vec(), outputs: outputs.to_vec(), nodes }
}

fn scalar(net: &mut Net, dtype: DType, value: i64) -> TensorId {
    let offset = 5000 + net.0.tensors.len() as u64;
    net.stored_at(dtype, &[], Place::File { offset }, Some(Value::ints([value])))
}

fn facts(net: &Net, options: &Options) -> Analysis {
    analyze(&net.0, options).expect("facts")
}

/// A loop that adds a row of 4 to what it carries and multiplies all by a matrix of 4 × 8.
fn growing(trips: i64) -> Net {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[1, 4]);
    let row = net.input(DType::F32, &[1, 4]);
    let (count, go) = (scalar(&mut net, DType::I64, trips), scalar(&mut net, DType::Bool, 1));
    let w = net.stored(DType::F32, &[4, 8]);
    let first = net.0.graph.nodes.len();
    let (run, go_on, carried) = (net.tensor(), net.tensor(), net.tensor());
    let longer = net.node(Movement::Concat { axis: 0 }, &[carried, row]);
    net.node(MatMul::PLAIN, &[longer, w]);
    let body = body(&mut net, first, &[run, go_on, carried], &[go_on, longer]);
    let made = net.tensor();
    net.push(Loop { runs_to_the_end: true }, &[count, go, x], &[made], vec![body]);
    net.0.graph.outputs.push(made);
    net
}

#[test]
fn a_growing_loop_costs_what_its_runs_cost() {
    let facts = facts(&growing(3), &Options::default());
    assert_eq!(facts.outputs[0].shape, Some(Shape::of(&[4, 4])));
    // Rows of 2, 3 and 4: (2 + 3 + 4) · 4 · 8 multiply-accumulates.
    assert_eq!(facts.totals.macs, Expr::Int(288));
    assert!(facts.coverage.is_complete());
    assert_eq!(facts.coverage.nodes, 3);
    // The last run holds 16 numbers of rows, 32 products and the condition, beside both inputs and the 16 numbers
    // that are returned.
    assert_eq!(facts.totals.activations.peak.elements, Expr::Int(4 + 4 + 16 + 16 + 32 + 1));
}

#[test]
fn a_loop_that_grows_too_long_to_follow_has_no_price() {
    let facts = facts(&growing(1000), &Options::default());
    assert_eq!(facts.layers[0].unpriced, Some("shapes change from run to run"));
    assert_eq!(facts.totals.macs, Expr::ZERO);
}

#[test]
fn loops_inside_loops_are_bounded() {
    // Six loops of 64 runs, one inside the other, around the square roots of 4 numbers: 64⁶ · 4.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[4]);
    let (count, go) = (scalar(&mut net, DType::I64, 64), scalar(&mut net, DType::Bool, 1));
    let start = scalar(&mut net, DType::I64, 0);
    let mut inner: Option<Graph> = None;
    for _ in 0..6 {
        let first = net.0.graph.nodes.len();
        let (run, go_on, counter) = (net.tensor(), net.tensor(), net.tensor());
        let next = match inner.take() {
            None => {
                net.function("Sqrt", &[x]);
                net.function("Add", &[counter, run])
            }
            Some(graph) => {
                let made = net.tensor();
                net.push(Loop { runs_to_the_end: true }, &[count, go, counter], &[made], vec![graph]);
                made
            }
        };
        inner = Some(body(&mut net, first, &[run, go_on, counter], &[go_on, next]));
    }
    let made = net.tensor();
    net.push(Loop { runs_to_the_end: true }, &[count, go, start], &[made], inner.into_iter().collect());
    let facts = facts(&net, &Options::default());
    // Each run adds to the counter, too.
    assert_eq!(facts.totals.other_ops, Expr::Int(64i64.pow(6) * 5));
}

/// A branch that multiplies rows of 4 by a matrix of 4 × 8, or by one of `columns` rows and 2 columns.
fn branches(columns: i64) -> (Net, String) {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[3, 4]);
    let rate = net.input(DType::I64, &[]);
    let wanted = scalar(&mut net, DType::I64, 16_000);
    let condition = net.function("Equal", &[rate, wanted]);
    let mut branch = |rows: i64, columns: i64| {
        let w = net.stored(DType::F32, &[rows, columns]);
        let first = net.0.graph.nodes.len();
        let made = net.node(MatMul::PLAIN, &[x, w]);
        body(&mut net, first, &[], &[made])
    };
    let bodies = vec![branch(4, 8), branch(columns, 2)];
    let made = net.tensor();
    net.push(If, &[condition], &[made], bodies);
    net.0.graph.outputs.push(made);
    let name = net.0.tensor(rate).name.to_string();
    (net, name)
}

#[test]
fn the_dearer_branch_is_said() {
    let (net, _) = branches(4);
    let facts = facts(&net, &Options::default());
    assert_eq!(facts.totals.macs, Expr::Int(3 * 4 * 8));
    let said: Vec<_> = facts.diagnostics.iter().map(|found| found.message.as_str()).collect();
    let expected = "the condition is not known; priced as its then branch, 96 MACs; the else branch costs 24";
    assert_eq!(said, [expected]);
    assert_eq!(facts.layers[1].detail, "priced as then");
}

#[test]
fn a_branch_that_contradicts_itself_does_not_run() {
    let (net, _) = branches(5);
    let facts = facts(&net, &Options::default());
    assert_eq!(facts.totals.macs, Expr::Int(3 * 4 * 8));
    assert_eq!(facts.outputs[0].shape, Some(Shape::of(&[3, 8])));
    let said: Vec<_> = facts.diagnostics.iter().map(|found| (found.severity.name(), found.code)).collect();
    assert_eq!(said, [("note", "branch-ruled-out")]);
    assert!(facts.coverage.is_complete());
}

#[test]
fn a_value_decides_the_branch() {
    let (net, rate) = branches(4);
    let given = |value: Value| Options { input_values: [(rate.clone(), value)].into(), ..Options::default() };
    let of = |rate: i64| facts(&net, &given(Value::ints([rate])));
    let (then, otherwise) = (of(16_000), of(8_000));
    assert_eq!((then.totals.macs, then.diagnostics), (Expr::Int(96), vec![]));
    assert_eq!((otherwise.totals.macs, otherwise.diagnostics), (Expr::Int(24), vec![]));
    let wrong = |value: Value| match analyze(&net.0, &given(value)) {
        Err(AnalysisError::WrongValue { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(Value::ints([1, 2])), "takes 1 elements, 2 were given");
    assert_eq!(wrong(Value::Floats([0.5].into())), "takes elements of type int64");
}
