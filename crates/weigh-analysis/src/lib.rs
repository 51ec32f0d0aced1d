//! From a graph to facts: what a model holds, computes and keeps in memory.
//!
//! [`analyze`] follows one path: bind the symbols (`symbols`), infer every tensor's type
//! (`types`), tell what stored data means (`weights`), price every node
//! (`layers`), then follow tensors through memory (`memory`). It does so once with
//! the symbols bound, for numbers, and once more with them free, for formulas; the formulas are kept only
//! where they give the same numbers.
#![forbid(unsafe_code)]

pub mod conventions;
mod correspondence;
mod free;
mod layers;
mod memory;
mod modules;
mod ports;
mod rebatch;
mod runs;
mod scaling;
mod symbols;
pub mod training;
mod types;
mod weights;
mod work;

use std::collections::BTreeMap;

use memory::Detail;
use runs::View;
use weigh_ir::{Bindings, DType, Diagnostic, Expr, Invalid, Model, Severity, Shape, Symbol, TensorId, Value};

pub use correspondence::{Attribution, Correspondence, Group, attribute, correspond};
pub use free::{FreeDim, Freed};
pub use layers::Layer;
pub use memory::{Activations, Arena, Extent, Needs, Placement, StepMemory};
pub use modules::{Module, module_tree};
pub use ports::{Member, Port, index_limits};
pub use rebatch::{BatchAxis, Change, ChangeKind, Rebatch, Refusal, rebatch};
pub use scaling::Scaling;
pub use symbols::{Given, Question};
pub use work::{Contraction, Work};

/// What to assume about a model.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What symbols stand for, as the user says.
    pub bindings: Bindings,
    /// Shapes of inputs, by name, in place of those the file declares.
    pub input_shapes: BTreeMap<String, Shape>,
    /// Elements of inputs, by name, in row-major order: what decides shapes or branches.
    pub input_values: BTreeMap<String, Value>,
    /// Fixed extents of inputs that are to be symbols in formulas; numbers keep the extents.
    pub free: Vec<FreeDim>,
}

/// Why a model has no facts at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnalysisError {
    /// The user bound something that the model does not have.
    #[error("the model has no dim '{name}'")]
    NoSuchSymbol {
        /// What was bound.
        name: String,
        /// What could be.
        known: Vec<String>,
    },
    /// The user shaped an input that the model does not have.
    #[error("the model has no input '{name}'")]
    NoSuchInput {
        /// What was shaped.
        name: String,
        /// What could be.
        known: Vec<String>,
    },
    /// The user gave an input elements that it cannot have.
    #[error("input '{name}' {problem}")]
    WrongValue {
        /// Which input.
        name: String,
        /// What it takes, and what was given.
        problem: String,
    },
    /// An extent that cannot be made a symbol.
    #[error("'{symbol}' cannot be freed: {why}")]
    CannotFree {
        /// The symbol.
        symbol: String,
        /// Why not.
        why: String,
    },
    /// A symbol that the user freed and the graph does not let vary.
    #[error("node '{node}' pins {symbols}: at {sizes}, {why}")]
    Pinned {
        /// The symbols that were varied.
        symbols: String,
        /// The first node that does not go along; empty where it is none by itself.
        node: String,
        /// At which sizes.
        sizes: String,
        /// What is wrong there.
        why: String,
    },
    /// A symbol that the user freed and that may vary, but in which a node has no formula.
    #[error("no formula in {symbols} for node '{node}': at {sizes}, {why}")]
    NoFormula {
        /// The symbols that were varied.
        symbols: String,
        /// The first node without a formula; empty where it is none by itself.
        node: String,
        /// At which sizes.
        sizes: String,
        /// What is so there.
        why: String,
    },
    /// A size that no machine can hold.
    #[error("{what} of {tensor}: {why}")]
    Size {
        /// Which quantity.
        what: &'static str,
        /// Of which tensor or node.
        tensor: String,
        /// Why it has no value.
        why: Invalid,
    },
}

/// Everything known about a model without running it.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// What every symbol stands for in the numbers below, given or assumed.
    pub bindings: Bindings,
    /// Which of them were assumed: leading dims of inputs are 1 unless said otherwise.
    pub assumed: Vec<Symbol>,
    /// Fixed extents that the user made symbols.
    pub freed: Vec<Freed>,
    /// The symbols left; totals are formulas in them.
    pub unbound: Vec<Symbol>,
    /// The inputs with bound shapes.
    pub inputs: Vec<Port>,
    /// The outputs with bound shapes.
    pub outputs: Vec<Port>,
    /// The sums.
    pub totals: Totals,
    /// The sums as formulas in every symbol the user did not bind, where there are such symbols.
    pub scaling: Option<Scaling>,
    /// How much of the graph the totals cover.
    pub coverage: Coverage,
    /// The figures of each node of the main graph, in its order.
    pub layers: Vec<Layer>,
    /// A plan of memory with an offset for every activation, where the sizes are numbers.
    pub arena: Option<Arena>,
    /// Memory in each node's step, in the order of the nodes.
    pub steps: Vec<StepMemory>,
    /// The nodes that run, in the order with the smallest peak of those tried.
    pub best_order: Option<Vec<usize>>,
    /// What is worth knowing.
    pub diagnostics: Vec<Diagnostic>,
}

/// Sums over the model, by the definitions of the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Elements of learned tensors.
    pub parameters: Expr,
    /// Elements of stored tensors that are state but not learned.
    pub buffers: Expr,
    /// Bytes of parameters at their stored types.
    pub parameter_bytes: Expr,
    /// Bytes of buffers at their stored types.
    pub buffer_bytes: Expr,
    /// Bytes of stored constants: shapes, axes, indices, scales, zero points.
    pub constant_bytes: Expr,
    /// Bytes of all stored tensors, used or not.
    pub stored_bytes: u64,
    /// Parameters by their stored element type.
    pub parameters_by_dtype: BTreeMap<DType, Expr>,
    /// Multiply-accumulates of the nodes that are priced.
    pub macs: Expr,
    /// Other operations of the nodes that are priced.
    pub other_ops: Expr,
    /// Bytes that nodes read and write, of the nodes that are shaped.
    pub bytes_moved: Expr,
    /// Activations.
    pub activations: Activations,
    /// What an inference needs beside the weights.
    pub needs: Needs,
}

impl Totals {
    /// Bytes of the weights: the stored tensors, or what counts as weights where nodes generate it.
    pub fn weight_bytes(&self) -> Expr {
        let counted = &self.parameter_bytes + &self.buffer_bytes + &self.constant_bytes;
        let stored = i64::try_from(self.stored_bytes).map_or(Expr::Invalid(Invalid::Overflow), Expr::Int);
        stored.larger(&counted)
    }

    /// Bytes that a device needs: weights, and activations and workspace where these are most.
    pub fn device_bytes(&self) -> Expr {
        self.weight_bytes() + &self.needs.bytes
    }

    /// FLOPs: twice the multiply-accumulates.
    pub fn flops(&self) -> Expr {
        &self.macs * 2
    }
}

/// How much of the graph is understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Nodes, those of subgraphs included.
    pub nodes: usize,
    /// Nodes whose outputs all have a known rank.
    pub shaped: usize,
    /// Nodes whose cost is known.
    pub priced: usize,
    /// The operator types without a price, with the number of nodes, most first.
    pub unknown: Vec<(String, usize)>,
}

impl Coverage {
    /// Whether every total covers every node.
    pub fn is_complete(&self) -> bool {
        self.shaped == self.nodes && self.priced == self.nodes
    }
}

/// Analyses a model.
///
/// # Errors
/// See [`AnalysisError`]. What is merely unknown is no error: it is counted in the coverage.
pub fn analyze(model: &Model, options: &Options) -> Result<Analysis, AnalysisError> {
    let question = Question::new(model, options)?;
    let numbers = Pass::run(model, question.inputs_for_numbers(), &question.bound, Detail::All);
    let mut diagnostics = model.diagnostics.clone();
    diagnostics.extend(numbers.types.diagnostics.iter().chain(&numbers.layers.diagnostics).cloned());
    question.check_used(&numbers.types)?;
    let scaling = scaling::formulas(model, &question, &numbers, &mut diagnostics)?;
    let unbound = numbers.unbound(&question);
    note_unused(model, &numbers.weights, &mut diagnostics);
    let arena = numbers.memory.arena();
    let mut activations = numbers.memory.activations.clone();
    activations.arena_bytes = arena.as_ref().map(|arena| arena.bytes);
    let totals = numbers.totals(activations, numbers.memory.needs(model));
    check_sizes(model, &totals, &numbers)?;
    Ok(Analysis {
        assumed: question.assumed.clone(),
        freed: question.freed.clone(),
        unbound,
        inputs: ports::ports(model, &numbers.types, &model.graph.inputs),
        outputs: ports::ports(model, &numbers.types, &model.graph.outputs),
        totals,
        scaling,
        coverage: numbers.layers.coverage.clone(),
        layers: numbers.layers.layers,
        arena,
        steps: numbers.memory.steps(),
        best_order: numbers.memory.best_order.clone(),
        bindings: question.bound,
        diagnostics,
    })
}

/// One walk over the model with some symbols bound.
struct Pass {
    types: types::Types,
    weights: weights::Weights,
    layers: layers::Layers,
    memory: memory::Memory,
}

impl Pass {
    fn run(model: &Model, inputs: &[Given], bindings: &Bindings, detail: Detail) -> Pass {
        let types = types::infer(model, inputs, bindings);
        let weights = weights::find(model, &types);
        let view = View::new(&types);
        let memory = memory::follow(model, view, &weights, detail);
        let layers = layers::price(model, view, &weights, &memory);
        Pass { types, weights, layers, memory }
    }

    fn totals(&self, activations: Activations, needs: Needs) -> Totals {
        let sums = &self.weights.sums;
        Totals {
            parameters: sums.parameters.clone(),
            buffers: sums.buffers.clone(),
            parameter_bytes: sums.parameter_bytes.clone(),
            buffer_bytes: sums.buffer_bytes.clone(),
            constant_bytes: sums.constant_bytes.clone(),
            stored_bytes: sums.stored_bytes,
            parameters_by_dtype: sums.parameters_by_dtype.clone(),
            macs: self.layers.macs.clone(),
            other_ops: self.layers.other_ops.clone(),
            bytes_moved: self.layers.bytes_moved.clone(),
            activations,
            needs,
        }
    }

    /// The symbols that are still in the totals or the shapes of inputs.
    fn unbound(&self, question: &Question) -> Vec<Symbol> {
        let mut symbols = std::collections::BTreeSet::new();
        let mut note = |expr: &Expr| {
            expr.for_each_symbol(&mut |symbol| {
                symbols.insert(symbol.clone());
            });
        };
        [&self.layers.macs, &self.layers.other_ops, &self.layers.bytes_moved].into_iter().for_each(&mut note);
        note(&self.memory.activations.total.bytes);
        symbols.extend(question.free.iter().filter(|symbol| !question.bound.contains_key(*symbol)).cloned());
        symbols.into_iter().collect()
    }
}

/// Stored tensors that nothing reads are part of the file, not of the model.
fn note_unused(model: &Model, weights: &weights::Weights, diagnostics: &mut Vec<Diagnostic>) {
    let Some(first) = weights.unused.first() else { return };
    let (count, name) = (weights.unused.len(), &model.tensor(*first).name);
    let message = format!(
        "{count} stored tensor(s) that no node reads, '{name}' for one: in the size, not in the parameters"
    );
    diagnostics.push(Diagnostic::new(Severity::Note, "unused-tensors", message));
}

/// Refuses sizes that do not fit in 64 bits, naming the first tensor or node at fault. A formula that is too
/// complex is no reason to refuse: it is shown as such.
fn check_sizes(model: &Model, totals: &Totals, numbers: &Pass) -> Result<(), AnalysisError> {
    for (index, tensor) in model.tensors.iter().enumerate() {
        let Some(id) = TensorId::new(index) else { continue };
        let size = numbers.types.size(id);
        if let Some(why) = size.bytes.as_ref().or(size.elements.as_ref()).and_then(impossible) {
            return Err(AnalysisError::Size {
                what: "the size",
                tensor: format!("tensor '{}'", tensor.name),
                why,
            });
        }
    }
    for (node, layer) in model.graph.nodes.iter().zip(&numbers.layers.layers) {
        let invalid = |expr: &Option<Expr>| expr.as_ref().and_then(impossible);
        if let Some(why) = invalid(&layer.macs).or(invalid(&layer.other_ops)).or(invalid(&layer.bytes_moved))
        {
            return Err(AnalysisError::Size {
                what: "the cost",
                tensor: format!("node '{}'", node.name),
                why,
            });
        }
    }
    let sums = [
        &totals.parameters,
        &totals.macs,
        &totals.other_ops,
        &totals.bytes_moved,
        &totals.activations.total.bytes,
        &totals.activations.peak.bytes,
    ];
    match sums.into_iter().find_map(impossible).or(impossible(&totals.flops())) {
        Some(why) => Err(AnalysisError::Size { what: "the total", tensor: "the model".to_owned(), why }),
        None => Ok(()),
    }
}

/// Why no machine can hold a size, if that is so.
fn impossible(size: &Expr) -> Option<Invalid> {
    size.invalid().filter(|why| *why != Invalid::TooComplex)
}
