//! From a graph to facts: what a model holds, computes and keeps in memory.
//!
//! [`analyze`] follows one path: bind the symbols (`symbols`), infer every tensor's type
//! (`types`), tell what stored data means (`weights`), price every node
//! (`layers`), then follow tensors through memory (`memory`). It does so once with
//! the symbols bound, for numbers, and once more with them free, for formulas; the formulas are kept only
//! where they give the same numbers.
#![forbid(unsafe_code)]

pub mod conventions;
mod layers;
mod memory;
mod modules;
mod ports;
mod symbols;
mod types;
mod weights;

use std::collections::BTreeMap;

use memory::Detail;
use weigh_ir::{Bindings, DType, Diagnostic, Expr, Invalid, Model, Severity, Shape, Symbol, TensorId};

pub use layers::Layer;
pub use memory::{Activations, Arena, Extent, Placement};
pub use modules::{Module, module_tree};
pub use ports::{Port, index_limits};
pub use symbols::Question;

/// What to assume about a model.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What symbols stand for, as the user says.
    pub bindings: Bindings,
    /// Shapes of inputs, by name, in place of those the file declares.
    pub input_shapes: BTreeMap<String, Shape>,
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
}

impl Totals {
    /// FLOPs: twice the multiply-accumulates.
    pub fn flops(&self) -> Expr {
        &self.macs * 2
    }
}

/// The totals that vary, as formulas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// Multiply-accumulates.
    pub macs: Expr,
    /// Other operations.
    pub other_ops: Expr,
    /// Bytes moved.
    pub bytes_moved: Expr,
    /// Bytes of all activations.
    pub activation_bytes: Expr,
    /// Bytes of activations alive at once, in file order.
    pub peak_activation_bytes: Expr,
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
    let numbers = Pass::run(model, &question.inputs, &question.bound, Detail::All);
    let mut diagnostics = model.diagnostics.clone();
    diagnostics.extend(numbers.types.diagnostics.iter().cloned());
    let scaling = match question.free.is_empty() {
        true => None,
        false => formulas(model, &question, &numbers, &mut diagnostics),
    };
    question.check_used(&numbers.types)?;
    let unbound = numbers.unbound(&question);
    note_unused(model, &numbers.weights, &mut diagnostics);
    let arena = numbers.memory.arena();
    let mut activations = numbers.memory.activations.clone();
    activations.arena_bytes = arena.as_ref().map(|arena| arena.bytes);
    let totals = numbers.totals(activations);
    check_sizes(model, &totals, &numbers)?;
    Ok(Analysis {
        assumed: question.assumed.clone(),
        unbound,
        inputs: ports::ports(model, &numbers.types, &model.graph.inputs),
        outputs: ports::ports(model, &numbers.types, &model.graph.outputs),
        totals,
        scaling,
        coverage: numbers.layers.coverage.clone(),
        layers: numbers.layers.layers,
        arena,
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
    fn run(model: &Model, inputs: &[Option<Shape>], bindings: &Bindings, detail: Detail) -> Pass {
        let types = types::infer(model, inputs, bindings);
        let weights = weights::find(model, &types);
        let memory = memory::follow(model, &types, &weights, detail);
        let layers = layers::price(model, &types, &weights, &memory);
        Pass { types, weights, layers, memory }
    }

    fn totals(&self, activations: Activations) -> Totals {
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

/// The totals with every unbound symbol free. They must give the bound numbers back: where they do not, the
/// graph does not allow a symbol to vary, and that is said.
fn formulas(
    model: &Model,
    question: &Question,
    numbers: &Pass,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Scaling> {
    let free = Pass::run(model, &question.inputs, &question.given, Detail::Sums);
    let of = |pass: &Pass| Scaling {
        macs: pass.layers.macs.clone(),
        other_ops: pass.layers.other_ops.clone(),
        bytes_moved: pass.layers.bytes_moved.clone(),
        activation_bytes: pass.memory.activations.total.bytes.clone(),
        peak_activation_bytes: pass.memory.activations.peak.bytes.clone(),
    };
    let (scaling, expected) = (of(&free), of(numbers));
    let agrees = |formula: &Expr, number: &Expr| {
        formula.invalid().is_none() && formula.bind(&question.bound) == *number
    };
    let pairs = [
        (&scaling.macs, &expected.macs),
        (&scaling.other_ops, &expected.other_ops),
        (&scaling.bytes_moved, &expected.bytes_moved),
        (&scaling.activation_bytes, &expected.activation_bytes),
        (&scaling.peak_activation_bytes, &expected.peak_activation_bytes),
    ];
    let covered = free.layers.coverage.priced == numbers.layers.coverage.priced;
    if covered && pairs.into_iter().all(|(formula, number)| agrees(formula, number)) {
        return Some(scaling);
    }
    let culprit = free.types.diagnostics.iter().find(|found| found.severity == Severity::Error);
    let names: Vec<&str> = question.free.iter().map(Symbol::as_str).collect();
    let message = match culprit {
        Some(found) => format!("no formula in {}: the graph pins it ({})", names.join(", "), found.message),
        None => format!(
            "no formula in {}: shapes depend on it in a way that has no closed form",
            names.join(", ")
        ),
    };
    let mut diagnostic = Diagnostic::new(Severity::Note, "no-formula", message);
    diagnostic.node = culprit.and_then(|found| found.node.clone());
    diagnostics.push(diagnostic);
    None
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
