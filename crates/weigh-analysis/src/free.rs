//! Fixed extents of inputs made symbols, to ask how cost grows with them; and whether the graph lets them vary.
//!
//! Inference cannot be asked what it took for granted: an extent that meets a stored table of 197 rows is 197 from
//! then on. So the graph is tried at other sizes. Inference must succeed there at every node where it did at the
//! file's own size, and every figure must be what the formulas say; the first node where that is not so pins the
//! symbol.

use std::collections::BTreeSet;

use weigh_ir::{Bindings, Diagnostic, Expr, Model, Severity, Shape, Symbol};

use crate::layers::Layer;
use crate::memory::Detail;
use crate::scaling::Scaling;
use crate::{AnalysisError, Given, Pass, Question};

/// A fixed extent of an input that is to be a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeDim {
    /// The input; may be left out where the model has one.
    pub input: Option<String>,
    /// The axis; a negative one counts from the end.
    pub axis: i64,
    /// The symbol.
    pub symbol: Symbol,
}

/// Which axis of which input, by position, became which symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freed {
    /// The position of the input.
    pub input: usize,
    /// The axis.
    pub axis: usize,
    /// The symbol.
    pub symbol: Symbol,
    /// The extent in the file.
    pub extent: i64,
}

/// Puts symbols in place of fixed extents.
pub(crate) fn open(
    model: &Model,
    dims: &[FreeDim],
    inputs: &mut [Given],
) -> Result<Vec<Freed>, AnalysisError> {
    let names: Vec<String> = model.graph.inputs.iter().map(|id| model.tensor(*id).name.to_string()).collect();
    let mut freed: Vec<Freed> = Vec::new();
    let taken = symbols_of(model, inputs);
    for dim in dims {
        let refuse = |why: String| AnalysisError::CannotFree { symbol: dim.symbol.to_string(), why };
        let input = match &dim.input {
            Some(name) => names
                .iter()
                .position(|known| known == name)
                .ok_or_else(|| AnalysisError::NoSuchInput { name: name.clone(), known: names.clone() })?,
            None if names.len() == 1 => 0,
            None => {
                return Err(refuse(format!("the model has {} inputs: {}", names.len(), names.join(", "))));
            }
        };
        let (Some(given), Some(id)) = (inputs.get_mut(input), model.graph.inputs.get(input)) else {
            continue;
        };
        let Some(shape) = given.shape.as_ref().or(model.tensor(*id).declared.as_ref()) else {
            return Err(refuse("the rank of the input is unknown".to_owned()));
        };
        let axis = shape.axis(dim.axis).map_err(|stop| refuse(stop.to_string()))?;
        let extent = match shape.dims().get(axis) {
            Some(Expr::Int(extent)) => *extent,
            open => {
                return Err(refuse(format!("that extent is open: {}", open.cloned().unwrap_or_default())));
            }
        };
        if taken.contains(&dim.symbol) {
            return Err(refuse("the model has a dim of that name".to_owned()));
        }
        if let Some(other) = freed.iter().find(|other| other.symbol == dim.symbol && other.extent != extent) {
            return Err(refuse(format!("it would be both {} and {extent}", other.extent)));
        }
        given.shape = Some(shape.with(axis, Expr::symbol(dim.symbol.as_str())));
        freed.push(Freed { input, axis, symbol: dim.symbol.clone(), extent });
    }
    Ok(freed)
}

fn symbols_of(model: &Model, inputs: &[Given]) -> BTreeSet<Symbol> {
    let mut symbols = BTreeSet::new();
    for (id, given) in model.graph.inputs.iter().zip(inputs) {
        let shape = given.shape.as_ref().or(model.tensor(*id).declared.as_ref());
        for dim in shape.into_iter().flat_map(Shape::dims) {
            dim.for_each_symbol(&mut |symbol| {
                symbols.insert(symbol.clone());
            });
        }
    }
    symbols
}

/// Refuses symbols that the graph pins. Multiples of the file's own sizes must pass; which smaller steps do is
/// said in a remark where not all do.
pub(crate) fn check(
    model: &Model,
    question: &Question,
    numbers: &Pass,
    open: &Pass,
) -> Result<Option<Diagnostic>, AnalysisError> {
    let trials = Trials { model, question, numbers, open };
    let sizes = question.freed.iter().map(|freed| {
        let symbol = freed.symbol.clone();
        let size = question.bound.get(&symbol).copied().unwrap_or(freed.extent);
        (symbol, size)
    });
    let sizes: Bindings = sizes.collect();
    let scaled = |factor: i64, only: Option<&Symbol>| -> Bindings {
        let scale = |(symbol, size): (&Symbol, &i64)| {
            let varies = only.is_none_or(|only| only == symbol);
            (symbol.clone(), if varies { size.max(&1).saturating_mul(factor) } else { *size })
        };
        sizes.iter().map(scale).collect()
    };
    let alone = sizes.keys().map(|symbol| scaled(2, Some(symbol)));
    for trial in alone.chain([scaled(2, None), scaled(3, None)]) {
        if let Some(pin) = trials.pin(&trial) {
            let varied = trial.iter().filter(|(symbol, size)| sizes.get(*symbol) != Some(size));
            let names: Vec<&str> = varied.map(|(symbol, _)| symbol.as_str()).collect();
            return Err(pin.error(names.join(", "), told(&trial)));
        }
    }
    if let Some(pin) = trials.wrong_figure(numbers, &sizes) {
        return Err(pin.error(told_names(&sizes), "its own size".to_owned()));
    }
    Ok(trials.steps(&sizes))
}

/// `h = 448, w = 448`
fn told(sizes: &Bindings) -> String {
    sizes.iter().map(|(symbol, size)| format!("{symbol} = {size}")).collect::<Vec<_>>().join(", ")
}

fn told_names(sizes: &Bindings) -> String {
    sizes.keys().map(Symbol::as_str).collect::<Vec<_>>().join(", ")
}

/// The node that does not go along, and why.
struct Pin {
    node: String,
    why: String,
    /// Whether it does not take the size; else it does, but has no formula for it.
    pins: bool,
}

impl Pin {
    fn error(self, symbols: String, sizes: String) -> AnalysisError {
        let Pin { node, why, pins } = self;
        match pins {
            true => AnalysisError::Pinned { symbols, node, sizes, why },
            false => AnalysisError::NoFormula { symbols, node, sizes, why },
        }
    }
}

struct Trials<'t> {
    model: &'t Model,
    question: &'t Question,
    /// At the file's own sizes.
    numbers: &'t Pass,
    /// With the symbols free.
    open: &'t Pass,
}

impl Trials<'_> {
    /// What pins the symbols, seen from these sizes.
    fn pin(&self, sizes: &Bindings) -> Option<Pin> {
        let mut bound = self.question.bound.clone();
        bound.extend(sizes.iter().map(|(symbol, size)| (symbol.clone(), *size)));
        let trial = Pass::run(self.model, &self.question.inputs, &bound, Detail::Sums);
        self.contradiction(&trial).or_else(|| self.wrong_figure(&trial, sizes))
    }

    /// The first contradiction that the file's own sizes do not have.
    fn contradiction(&self, trial: &Pass) -> Option<Pin> {
        let known: BTreeSet<_> = self.numbers.types.diagnostics.iter().map(|found| &found.node).collect();
        let errors = trial.types.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        let found = errors.into_iter().find(|found| !known.contains(&found.node))?;
        Some(Pin { node: found.node.clone().unwrap_or_default(), why: found.message.clone(), pins: true })
    }

    /// The first node with a figure that is not what its formula gives.
    fn wrong_figure(&self, trial: &Pass, sizes: &Bindings) -> Option<Pin> {
        let mut bound = self.question.bound.clone();
        bound.extend(sizes.iter().map(|(symbol, size)| (symbol.clone(), *size)));
        let layers = self.open.layers.layers.iter().zip(&trial.layers.layers);
        let mut nodes = self.model.graph.nodes.iter().zip(layers);
        let wrong = nodes.find(|(_, (open, trial))| !layer_agrees(open, trial, &bound));
        if let Some((node, (open, trial))) = wrong {
            let shapes = open.output_shapes.iter().zip(&trial.output_shapes);
            let mut made = shapes.filter(|(formula, number)| bound_shape(formula, &bound) != **number);
            let why = match (trial.unpriced, made.next()) {
                (Some(why), _) => why.to_owned(),
                (None, Some((_, Some(number)))) => format!("makes {number}, which no formula gives"),
                _ => "has a cost that no formula gives".to_owned(),
            };
            return Some(Pin {
                node: node.name.to_string(),
                why: format!("{} {why}", node.op.name()),
                pins: false,
            });
        }
        let agrees = Scaling::of(self.open).agrees(&bound, &Scaling::of(trial));
        (!agrees).then(|| Pin {
            node: String::new(),
            why: "the totals have no closed form".to_owned(),
            pins: false,
        })
    }

    /// The smallest step, a power of two, between sizes that pass, where it is not 1.
    fn steps(&self, sizes: &Bindings) -> Option<Diagnostic> {
        let next = |step: i64, count: i64| -> Bindings {
            sizes.iter().map(|(symbol, size)| (symbol.clone(), (size / step + count) * step)).collect()
        };
        let refused = self.pin(&next(1, 1))?;
        let largest = sizes.values().copied().min().unwrap_or(1);
        let powers = (1..32).map(|power| 1i64 << power).take_while(|step| *step < largest);
        let step = powers
            .into_iter()
            .find(|step| [1, 3].into_iter().all(|count| self.pin(&next(*step, count)).is_none()));
        let passes = match step {
            Some(step) => format!("multiples of {step} pass"),
            None => "multiples of the file's own sizes pass".to_owned(),
        };
        let message = format!(
            "not every size passes: at {} {}; {passes}, and the formulas are for these",
            told(&next(1, 1)),
            refused.why
        );
        let mut found = Diagnostic::new(Severity::Note, "free-sizes", message);
        found.node = Some(refused.node).filter(|node| !node.is_empty());
        Some(found)
    }
}

fn layer_agrees(open: &Layer, trial: &Layer, bound: &Bindings) -> bool {
    let agrees = |formula: &Option<Expr>, number: &Option<Expr>| {
        formula.as_ref().map(|formula| formula.bind(bound)) == *number
    };
    open.output_shapes.iter().map(|shape| bound_shape(shape, bound)).eq(trial.output_shapes.iter().cloned())
        && agrees(&open.macs, &trial.macs)
        && agrees(&open.other_ops, &trial.other_ops)
        && agrees(&open.bytes_moved, &trial.bytes_moved)
        && agrees(&open.output_bytes, &trial.output_bytes)
}

fn bound_shape(shape: &Option<Shape>, bound: &Bindings) -> Option<Shape> {
    shape.as_ref().map(|shape| Shape::new(shape.dims().iter().map(|dim| dim.bind(bound))))
}
