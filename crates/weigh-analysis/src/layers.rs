//! The price of every node, and the sums.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use weigh_ir::units::si;
use weigh_ir::{Cost, Diagnostic, Expr, Graph, Model, Node, Operands, Severity, Stop, TensorId, Traffic};

use crate::Coverage;
use crate::memory::Memory;
use crate::runs::View;
use crate::weights::Weights;
use crate::work::{self, Work};

/// The figures of one node of the main graph, in the order of its nodes. What is not known is `None`.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What tells the node from others of its kind: `3×3 64→128`.
    pub detail: String,
    /// The extents of its outputs; `None` where the rank is unknown.
    pub output_shapes: Vec<Option<weigh_ir::Shape>>,
    /// Elements of the parameters that it is the first to read.
    pub parameters: Expr,
    /// Multiply-accumulates.
    pub macs: Option<Expr>,
    /// Other operations.
    pub other_ops: Option<Expr>,
    /// Why it has no price.
    pub unpriced: Option<&'static str>,
    /// Bytes read and written.
    pub bytes_moved: Option<Expr>,
    /// Elements of its outputs.
    pub output_elements: Option<Expr>,
    /// Bytes of its outputs.
    pub output_bytes: Option<Expr>,
    /// Bytes of the activations alive in its step; `None` for a node that runs only once, at load.
    pub live_bytes: Option<Expr>,
    /// What its work looks like to hardware; `None` where an extent is open, and for a node that runs only once.
    pub work: Option<Work>,
}

/// All nodes priced.
pub(crate) struct Layers {
    pub layers: Vec<Layer>,
    pub macs: Expr,
    pub other_ops: Expr,
    pub bytes_moved: Expr,
    pub coverage: Coverage,
    /// Which branches were priced where a condition is not known.
    pub diagnostics: Vec<Diagnostic>,
}

/// Prices the nodes of a model.
pub(crate) fn price(model: &Model, types: View<'_>, weights: &Weights, memory: &Memory) -> Layers {
    let mut pricer = Pricer { weights, inside: HashMap::new(), diagnostics: Vec::new() };
    let mut coverage = Coverage::default();
    let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = |node, outcome: Outcome| outcome.count(node, &mut coverage, &mut unknown);
    let mut seen: HashSet<TensorId> = HashSet::new();
    let mut sums = (Expr::ZERO, Expr::ZERO, Expr::ZERO);
    let mut layers = Vec::with_capacity(model.graph.nodes.len());
    for (step, node) in model.graph.nodes.iter().enumerate() {
        let (cost, bodies) = pricer.node(node, types);
        count(node, Outcome::of(node, &cost, types));
        let inputs = types.of_all(&node.inputs);
        let outputs = types.of_all(&node.outputs);
        let operands = Operands { inputs: &inputs, outputs: &outputs, bodies: &bodies };
        let is_constant = weights.is_constant_node(node);
        let bytes_moved = if is_constant { Some(Expr::ZERO) } else { traffic(node, &operands, types) };
        let parameters = match is_constant {
            true => Expr::ZERO,
            false => {
                let read = weights.parameters_of(node).into_iter();
                read.filter(|(id, _)| seen.insert(*id)).map(|(_, elements)| elements).sum()
            }
        };
        let (macs, other_ops, unpriced) = match &cost {
            Ok(cost) => (Some(cost.macs.clone()), Some(cost.other_ops.clone()), None),
            Err(Stop::Unknown(why)) => (None, None, Some(*why)),
            Err(Stop::Contradiction(_)) => (None, None, Some("its inputs contradict each other")),
        };
        let add = |sum: &mut Expr, more: &Option<Expr>| {
            if let Some(more) = more {
                *sum += more;
            }
        };
        add(&mut sums.0, &macs);
        add(&mut sums.1, &other_ops);
        add(&mut sums.2, &bytes_moved);
        layers.push(Layer {
            work: match is_constant {
                true => None,
                false => work::of(node, &operands, macs.as_ref(), types, weights),
            },
            detail: node.op.detail(&operands),
            output_shapes: outputs.iter().map(|typed| typed.and_then(|typed| typed.shape.clone())).collect(),
            parameters,
            macs,
            other_ops,
            unpriced,
            bytes_moved,
            output_elements: elements_of(&node.outputs, types),
            output_bytes: types.bytes_of_all(&node.outputs),
            live_bytes: memory.live_bytes(step),
        });
    }
    pricer.inside.values().for_each(|(node, outcome)| count(node, *outcome));
    let mut unknown: Vec<(String, usize)> =
        unknown.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    unknown.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let coverage = Coverage { unknown, ..coverage };
    let (macs, other_ops, bytes_moved) = sums;
    Layers { layers, macs, other_ops, bytes_moved, coverage, diagnostics: pricer.diagnostics }
}

/// What is known of a node.
#[derive(Clone, Copy)]
struct Outcome {
    shaped: bool,
    priced: bool,
}

impl Outcome {
    fn of(node: &Node, cost: &Result<Cost, Stop>, types: View<'_>) -> Outcome {
        let mut outputs = node.outputs.iter().flatten().map(|id| types.of(*id));
        let shaped = outputs.all(|typed| typed.shape.is_some() || typed.sequence.is_some());
        Outcome { shaped, priced: cost.is_ok() }
    }

    fn and(self, other: Outcome) -> Outcome {
        Outcome { shaped: self.shaped && other.shaped, priced: self.priced && other.priced }
    }

    fn count<'m>(self, node: &'m Node, coverage: &mut Coverage, unknown: &mut BTreeMap<&'m str, usize>) {
        coverage.nodes += 1;
        coverage.shaped += usize::from(self.shaped);
        coverage.priced += usize::from(self.priced);
        if !self.priced {
            *unknown.entry(node.op.name()).or_default() += 1;
        }
    }
}

struct Pricer<'m> {
    weights: &'m Weights,
    /// The nodes of bodies by their address: what is known of them in all runs.
    inside: HashMap<usize, (&'m Node, Outcome)>,
    diagnostics: Vec<Diagnostic>,
}

impl<'m> Pricer<'m> {
    /// The cost of a node and of each of its bodies.
    fn node(&mut self, node: &'m Node, types: View<'_>) -> (Result<Cost, Stop>, Vec<Result<Cost, Stop>>) {
        let bodies: Vec<_> = node.bodies.iter().map(|body| self.body(body, types)).collect();
        // What is made of constants alone is made once, at load: it costs an inference nothing.
        if self.weights.is_constant_node(node) {
            return (Ok(Cost::FREE), bodies);
        }
        let followed = node.bodies.iter().position(|body| types.runs(body).is_some());
        let cost = match followed.and_then(|index| bodies.get(index)) {
            Some(all_runs) => all_runs.clone(),
            None => {
                let (inputs, outputs) = (types.of_all(&node.inputs), types.of_all(&node.outputs));
                node.op.cost(&Operands { inputs: &inputs, outputs: &outputs, bodies: &bodies })
            }
        };
        let cost = cost.and_then(possible);
        if let (Ok(cost), true) = (&cost, types.reached(node).count() > 1) {
            self.diagnostics.extend(alternatives(node, cost, &bodies));
        }
        (cost, bodies)
    }

    /// The cost of one run of a body, or of all runs where they were followed one by one.
    fn body(&mut self, body: &'m Graph, types: View<'_>) -> Result<Cost, Stop> {
        match types.runs(body) {
            Some(runs) => {
                // Every run is looked at, for the coverage, even where one has no price.
                let mut total = Ok(Cost::FREE);
                for run in runs {
                    let cost = self.graph(body, types.during(run));
                    total = plus(total, cost);
                }
                total
            }
            None if types.is_reached(body) => self.graph(body, types),
            None => Err(Stop::NEVER_RUNS),
        }
    }

    fn graph(&mut self, graph: &'m Graph, types: View<'_>) -> Result<Cost, Stop> {
        let mut total = Ok(Cost::FREE);
        for node in &graph.nodes {
            let said = self.diagnostics.len();
            let (cost, _) = self.node(node, types);
            let outcome = Outcome::of(node, &cost, types);
            let known = self.inside.entry(std::ptr::from_ref(node).addr());
            let mut is_first = true;
            known
                .and_modify(|known| {
                    is_first = false;
                    known.1 = known.1.and(outcome)
                })
                .or_insert((node, outcome));
            if !is_first {
                self.diagnostics.truncate(said);
            }
            total = plus(total, cost);
        }
        total
    }
}

fn plus(a: Result<Cost, Stop>, b: Result<Cost, Stop>) -> Result<Cost, Stop> {
    let (a, b) = (a?, b?);
    Ok(Cost { macs: a.macs + b.macs, other_ops: a.other_ops + b.other_ops })
}

/// What a node costs by its branches, where they differ and no condition tells which of them runs.
fn alternatives(node: &Node, cost: &Cost, bodies: &[Result<Cost, Stop>]) -> Option<Diagnostic> {
    const NAMES: [&str; 2] = ["then", "else"];
    let branches: Vec<(&str, &Cost)> =
        NAMES.into_iter().zip(bodies).filter_map(|(name, cost)| Some((name, cost.as_ref().ok()?))).collect();
    let [first, second] = branches.as_slice() else { return None };
    let (unit, count): (&str, fn(&Cost) -> &Expr) = match (first.1.macs == second.1.macs, first.1 == second.1)
    {
        (_, true) => return None,
        (false, _) => ("MACs", |cost| &cost.macs),
        (true, _) => ("other operations", |cost| &cost.other_ops),
    };
    let text =
        |cost: &Cost| count(cost).as_int().map_or_else(|| count(cost).to_string(), |count| si(count as f64));
    let (taken, other) = match (first.1 == cost, second.1 == cost) {
        (true, _) => (first, second),
        (_, true) => (second, first),
        _ => {
            let message = format!(
                "the condition is not known; priced as the larger of its {} branch, {} {unit}, and its {} branch, {}",
                first.0,
                text(first.1),
                second.0,
                text(second.1)
            );
            return Some(Diagnostic::new(Severity::Note, "branch-assumed", message).at(&*node.name));
        }
    };
    let message = format!(
        "the condition is not known; priced as its {} branch, {} {unit}; the {} branch costs {}",
        taken.0,
        text(taken.1),
        other.0,
        text(other.1)
    );
    Some(Diagnostic::new(Severity::Note, "branch-assumed", message).at(&*node.name))
}

/// Refuses a cost below zero: some attribute of the node is one that it cannot have.
fn possible(cost: Cost) -> Result<Cost, Stop> {
    let is_negative = |count: &Expr| count.as_int().is_some_and(|count| count < 0);
    match is_negative(&cost.macs) || is_negative(&cost.other_ops) {
        true => Err(Stop::contradiction("its cost would be negative")),
        false => Ok(cost),
    }
}

fn elements_of(ids: &[Option<TensorId>], types: View<'_>) -> Option<Expr> {
    ids.iter().flatten().map(|id| types.size(*id).elements.as_ref()).sum::<Option<Expr>>()
}

/// Bytes that a node reads and writes at the stored types: all its inputs and outputs, unless it says that it
/// touches less.
fn traffic(node: &Node, operands: &Operands<'_>, types: View<'_>) -> Option<Expr> {
    let written = types.bytes_of_all(&node.outputs);
    match node.op.memory(operands).traffic {
        Traffic::Nothing => Some(Expr::ZERO),
        Traffic::All => Some(types.bytes_of_all(&node.inputs)? + written?),
        Traffic::Selected(from) => {
            let others = node.inputs.iter().enumerate().filter(|(index, _)| *index != from).map(|(_, id)| id);
            let written = written?;
            Some(types.bytes_of_all(others)? + &written + written)
        }
    }
}
