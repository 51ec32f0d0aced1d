//! Whatever a node of a known operator looks like, it is translated or refused, and then answers every question.
//! None of it may panic: attributes that contradict each other, inputs that are missing, of the wrong rank, of
//! an unknown or a senseless extent, bodies that give back something else than was asked for.

mod wire;

use std::time::{Duration, Instant};

use smallvec::SmallVec;
use weigh_formats::onnx::spellings;
use weigh_formats::{FormatError, Surroundings, read};
use weigh_ir::{
    Bodies, Cost, DType, Expr, Inference, Model, Operands, Operator, Shape, Stop, TensorType, Value,
};
use wire::{Dim, Random, Wire};

/// Nodes for each operator type.
const NODES_EACH: usize = 160;
/// What one node may take at most: no formula may explode.
const PATIENCE: Duration = Duration::from_secs(5);

const NAMES: [&str; 6] = ["x0", "x1", "x2", "x3", "x4", "x5"];
const OUTPUTS: [&str; 4] = ["y0", "y1", "y2", "y3"];
const OPSETS: [i64; 12] = [1, 6, 7, 9, 10, 11, 12, 13, 15, 18, 21, 23];

fn read_back(bytes: &[u8]) -> Result<Model, FormatError> {
    read(bytes, &Surroundings { external_size: &|_| None })
}

/// A file with one node of this operator type. Its bodies, where there are any, have the same few inputs and
/// outputs whatever the operator asks for.
fn file(random: &mut Random, domain: &str, op_type: &str, plain: bool) -> Vec<u8> {
    let inputs: Vec<&str> = (0..random.below(6))
        .map(|index| if !plain && random.once_in(6) { "" } else { NAMES[index] })
        .collect();
    let outputs = &OUTPUTS[..1 + random.below(if plain { 1 } else { 4 })];
    let mut node = wire::node(op_type, "node", &inputs, outputs).text(7, domain);
    if !plain {
        for _ in 0..random.below(6) {
            node = node.message(5, wire::random_attribute(random));
        }
        for name in ["then_branch", "else_branch", "body"] {
            if !random.once_in(20) {
                node = node.message(5, Wire::new().text(1, name).message(6, body(random)).int(20, 5));
            }
        }
    }
    let mut graph = Wire::new().message(1, node).text(2, "graph");
    for name in NAMES {
        graph = match random.below(4) {
            0 => graph.message(5, wire::random_tensor(random, name)),
            _ => graph.message(11, wire::value_info(name, 1, None)),
        };
    }
    wire::model(graph.message(12, wire::value_info("y0", 1, None)), random.pick(&OPSETS))
}

fn body(random: &mut Random) -> Wire {
    let (inputs, outputs) = (random.below(4), 1 + random.below(3));
    let mut graph = Wire::new().text(2, "body");
    for name in &["i0", "i1", "i2"][..inputs] {
        graph = graph.message(11, wire::value_info(name, 1, Some(&[Dim::Of(2), Dim::Open])));
    }
    for name in &["o0", "o1", "o2"][..outputs] {
        let from = if inputs > 0 { "i0" } else { "x0" };
        graph = graph.message(1, wire::node("Relu", "", &[from], &[name]));
        graph = graph.message(12, wire::value_info(name, 1, None));
    }
    graph
}

fn dim(random: &mut Random) -> Expr {
    let symbol = Expr::symbol(random.pick(&["batch", "seq", "past"]));
    match random.below(12) {
        0..=5 => Expr::Int(random.pick(&[0, 1, 1, 2, 3, 4, 7, 8, 16, 64, 224])),
        6 => Expr::Int(random.pick(&[1 << 32, i64::MAX, 1 << 62, -1, i64::MIN])),
        7..=8 => symbol,
        9 => symbol * 2 + 1,
        10 => symbol.floor_div(&Expr::Int(random.pick(&[2, 3, 0]))) - 1,
        _ => symbol.larger(&(Expr::symbol("seq") - 3)),
    }
}

fn dtype(random: &mut Random) -> Option<DType> {
    let all: Vec<DType> = DType::all().collect();
    match random.below(6) {
        0 => None,
        1..=2 => Some(DType::F32),
        3..=4 => Some(DType::I64),
        _ => Some(random.pick(&all)),
    }
}

/// A type that a tensor may turn out to have: plain, open, unknown, with known elements, a sequence.
fn typed(random: &mut Random) -> TensorType {
    let rank = random.pick(&[0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 6, 9]);
    match random.below(10) {
        0 => TensorType::unknown(dtype(random)),
        1 => TensorType::sequence_of((0..random.below(4)).map(|_| {
            let rank = random.below(4);
            TensorType::new(dtype(random), Shape::new((0..rank).map(|_| dim(random))))
        })),
        2..=4 => {
            let count = random.below(7);
            let elements: Vec<Expr> = (0..count)
                .map(|_| if random.once_in(4) { dim(random) } else { Expr::Int(random.pick(wire::INTEGERS)) })
                .collect();
            let shape = match count {
                1 if random.once_in(2) => Shape::scalar(),
                _ => Shape::of(&[count as i64]),
            };
            let value = match random.below(4) {
                0 => Value::Floats(
                    (0..count).map(|_| random.pick(&[0.0, 0.5, -2.0, f64::NAN, 1e300])).collect(),
                ),
                _ => Value::exprs(elements),
            };
            TensorType::new(dtype(random), shape).with_value(Some(value))
        }
        _ => TensorType::new(dtype(random), Shape::new((0..rank).map(|_| dim(random)))),
    }
}

fn optional_types(random: &mut Random, count: usize) -> Vec<Option<TensorType>> {
    (0..count).map(|_| if random.once_in(8) { None } else { Some(typed(random)) }).collect()
}

/// Bodies that answer anything: what goes in, other types, too few, or nothing.
struct AnyBodies<'r>(&'r mut Random);

impl Bodies for AnyBodies<'_> {
    fn infer(&mut self, _: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        match self.0.below(6) {
            0 => Err(Stop::Unknown("nobody knows")),
            1 => Err(Stop::contradiction("impossible")),
            2..=3 => Ok(inputs),
            _ => Ok((0..self.0.below(6)).map(|_| typed(self.0)).collect()),
        }
    }

    fn run(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        self.infer(index, inputs)
    }

    fn is_certain(&self, _: usize) -> bool {
        false
    }

    fn contradicts(&self, index: usize) -> bool {
        index == 1
    }

    fn rule_out(&mut self, _: usize) {}
}

/// Asks a node's operator everything. Returns whether types were inferred and a price was found.
fn ask(
    random: &mut Random,
    op: &dyn Operator,
    inputs: &[Option<TensorType>],
    outputs: usize,
) -> (bool, bool) {
    let inputs: SmallVec<[Option<&TensorType>; 4]> = inputs.iter().map(Option::as_ref).collect();
    let inferred = op.infer(&mut Inference {
        inputs: &inputs,
        output_count: outputs,
        symbol_stem: "node",
        bodies: &mut AnyBodies(random),
    });
    let is_inferred = inferred.is_ok();
    let mut made: Vec<Option<TensorType>> = match inferred {
        Ok(types) => types.into_iter().map(Some).collect(),
        Err(_) => Vec::new(),
    };
    // As the analysis does it: as many as the node names, unknown where inference had none.
    made.resize(outputs, Some(TensorType::default()));
    let asked_for_all = !random.once_in(8);
    if !asked_for_all {
        made = optional_types(random, random.clone().below(4));
    }
    let made: Vec<Option<&TensorType>> = made.iter().map(Option::as_ref).collect();
    let price = Cost { macs: dim(random), other_ops: dim(random) };
    let bodies: Vec<Result<Cost, Stop>> = (0..random.below(3))
        .map(|_| if random.once_in(4) { Err(Stop::Unknown("no price")) } else { Ok(price.clone()) })
        .collect();
    let operands = Operands { inputs: &inputs, outputs: &made, bodies: &bodies };
    let is_priced = op.cost(&operands).is_ok();
    let memory = op.memory(&operands);
    assert!(memory.overwrites.len() <= inputs.len().max(1), "{} overwrites {memory:?}", op.name());
    let backward = op.backward(&operands);
    if let Ok(backward) = &backward {
        let inputs_of = |gradient: &weigh_ir::InputGradient| gradient.input;
        let mut reached: Vec<usize> = backward.gradients.iter().map(inputs_of).collect();
        reached.dedup();
        assert_eq!(reached.len(), backward.gradients.len(), "{} has an input twice: {backward:?}", op.name());
    }
    assert!(!op.name().is_empty());
    let detail = op.detail(&operands);
    assert!(detail.chars().count() <= 1000, "{}: {detail}", op.name());
    for index in 0..8 {
        let _ = op.role(index);
    }
    // Nothing of it depends on anything else than the operands.
    assert_eq!(op.detail(&operands), detail);
    assert_eq!(op.memory(&operands), memory);
    assert_eq!(op.backward(&operands), backward);
    (is_inferred, is_priced)
}

#[test]
fn a_node_without_attributes_is_translated_or_refused_by_name() {
    let mut random = Random(1);
    let mut translated = 0;
    for spelling in spellings() {
        let mut any = false;
        for _ in 0..12 {
            match read_back(&file(&mut random, spelling.domain, spelling.op_type, true)) {
                Ok(model) => {
                    let node = model.graph.nodes.last().expect("the node");
                    assert!(!node.op.name().is_empty());
                    any = true;
                }
                Err(FormatError::Node { node, problem }) => {
                    assert_eq!(node, "node");
                    assert!(
                        problem.contains(spelling.op_type) || problem.contains('\''),
                        "{spelling:?}: {problem}"
                    );
                }
                Err(other) => panic!("{spelling:?}: {other}"),
            }
        }
        translated += usize::from(any);
    }
    // All but those that cannot do without an attribute: bodies, an equation, a target type, ...
    let all = spellings().len();
    assert!(translated * 10 > all * 8, "only {translated} of {all}");
}

#[test]
fn random_nodes_answer_every_question() {
    let (mut nodes, mut refused, mut inferred, mut priced) = (0, 0, 0, 0);
    for (number, spelling) in spellings().into_iter().enumerate() {
        for round in 0..NODES_EACH {
            let mut random = Random((number * NODES_EACH + round) as u64);
            let bytes = file(&mut random, spelling.domain, spelling.op_type, false);
            let start = Instant::now();
            nodes += 1;
            match read_back(&bytes) {
                Err(error) => {
                    assert!(!error.to_string().is_empty() && !error.hint().is_empty());
                    refused += 1;
                }
                Ok(model) => {
                    let node = model.graph.nodes.last().expect("the node");
                    let inputs = optional_types(&mut random, node.inputs.len());
                    let (types, price) = ask(&mut random, &*node.op, &inputs, node.outputs.len());
                    inferred += usize::from(types);
                    priced += usize::from(price);
                }
            }
            let took = start.elapsed();
            assert!(took < PATIENCE, "{spelling:?} in round {round} took {took:?}");
        }
    }
    assert!(nodes >= 20_000, "{nodes} nodes");
    // The numbers are random enough to get everywhere.
    assert!(refused < nodes / 2, "{refused} of {nodes} refused");
    assert!(inferred > nodes / 5, "{inferred} of {nodes} inferred");
    assert!(priced > nodes / 10, "{priced} of {nodes} priced");
}
