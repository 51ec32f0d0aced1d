//! The type of every tensor: one walk over the nodes in order, subgraphs where they are called.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use smallvec::SmallVec;
use weigh_ir::{
    Bindings, Bodies, Diagnostic, Expr, Graph, Inference, Members, Model, NoBodies, Node, Severity, Shape,
    Stop, Symbol, TensorId, TensorType, bytes_of,
};
use weigh_ops::held;

use crate::runs::{Reached, Run, View, address};
use crate::symbols::Given;

/// How many nodes of bodies are inferred, over and over, while their runs are followed one by one.
const MAX_FOLLOWED: usize = 100_000;
/// How many nodes of bodies are inferred in all. Bodies inside bodies multiply.
const MAX_INSIDE: usize = 1 << 20;

/// What inference found.
#[derive(Debug)]
pub(crate) struct Types {
    /// The type of every tensor of the model, as last inferred.
    types: Vec<TensorType>,
    /// The size of every tensor, computed once.
    sizes: Vec<Size>,
    /// The bound symbols that occurred in some shape.
    pub bound_symbols: BTreeSet<Symbol>,
    /// Contradictions, with the nodes at fault.
    pub diagnostics: Vec<Diagnostic>,
    /// The bodies that can run.
    pub reached: Reached,
}

/// The size of a tensor, in both units where they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub elements: Option<Expr>,
    pub bytes: Option<Expr>,
}

impl Size {
    fn of(typed: &TensorType) -> Size {
        let elements = typed.elements();
        let bytes = match &typed.sequence {
            Some(_) => typed.bytes(),
            None => {
                elements.as_ref().zip(typed.dtype).and_then(|(elements, dtype)| bytes_of(elements, dtype))
            }
        };
        Size { elements, bytes }
    }
}

impl Types {
    /// The type of a tensor.
    pub fn of(&self, id: TensorId) -> &TensorType {
        &self.types[id.index()]
    }

    /// The size of a tensor.
    pub fn size(&self, id: TensorId) -> &Size {
        &self.sizes[id.index()]
    }

    /// The types of optional tensors, as operators take them.
    pub fn of_all(&self, ids: &[Option<TensorId>]) -> SmallVec<[Option<&TensorType>; 4]> {
        View::new(self).of_all(ids)
    }
}

/// Infers the types of all tensors, with symbols bound and inputs reshaped as said.
pub(crate) fn infer(model: &Model, inputs: &[Given], bindings: &Bindings) -> Types {
    let types = model.tensors.iter().map(|tensor| match &tensor.stored {
        Some(stored) => {
            TensorType::new(Some(stored.dtype), stored.shape.clone()).with_value(stored.value.clone())
        }
        None => TensorType::unknown(tensor.dtype),
    });
    let mut walk = Walk {
        model,
        bindings,
        reshaped: inputs.iter().any(|given| given.shape.is_some()),
        inside: 0,
        followed: 0,
        found: Types {
            types: types.collect(),
            sizes: Vec::new(),
            bound_symbols: BTreeSet::new(),
            diagnostics: Vec::new(),
            reached: Reached::default(),
        },
    };
    for (id, given) in model.graph.inputs.iter().zip(inputs) {
        let tensor = model.tensor(*id);
        let typed = match &given.shape {
            Some(shape) => TensorType::new(tensor.dtype, shape.clone()),
            None => tensor.declared_type(),
        };
        walk.set(*id, typed.with_value(given.value.clone()));
    }
    walk.graph(&model.graph);
    walk.found.sizes = walk.found.types.iter().map(Size::of).collect();
    walk.found
}

struct Walk<'m> {
    model: &'m Model,
    bindings: &'m Bindings,
    /// Whether the user gave shapes: declared shapes of intermediate tensors may then be wrong.
    reshaped: bool,
    /// Nodes of bodies inferred so far.
    inside: usize,
    /// Those of them in runs that were followed.
    followed: usize,
    found: Types,
}

impl Walk<'_> {
    fn graph(&mut self, graph: &Graph) {
        for node in &graph.nodes {
            self.node(node);
        }
    }

    fn set(&mut self, id: TensorId, mut typed: TensorType) {
        if !self.bindings.is_empty() {
            bind(&mut typed, self.bindings, &mut self.found.bound_symbols);
        }
        if let (Some(value), Some(dtype)) = (&typed.value, typed.dtype) {
            typed.value = held(value, dtype);
        }
        if let Some(extent) = negative_extent(&typed) {
            let message = format!("tensor '{}' would have an extent of {extent}", self.model.tensor(id).name);
            self.found.diagnostics.push(Diagnostic::new(Severity::Error, "shape-contradiction", message));
            typed = TensorType::unknown(typed.dtype);
        }
        self.found.types[id.index()] = typed;
    }

    fn node(&mut self, node: &Node) {
        let stem = symbol_stem(&node.name);
        let outputs = if node.bodies.is_empty() {
            let inputs = self.found.of_all(&node.inputs);
            let output_count = node.outputs.len();
            node.op.infer(&mut Inference {
                inputs: &inputs,
                output_count,
                symbol_stem: &stem,
                bodies: &mut NoBodies,
            })
        } else {
            let owned: Vec<Option<TensorType>> =
                node.inputs.iter().map(|id| id.map(|id| self.found.of(id).clone())).collect();
            let inputs: SmallVec<[Option<&TensorType>; 4]> = owned.iter().map(Option::as_ref).collect();
            let output_count = node.outputs.len();
            let first_diagnostic = self.found.diagnostics.len();
            let bodies = &mut WalkBodies { walk: self, node, first_diagnostic, found: SmallVec::new() };
            node.op.infer(&mut Inference { inputs: &inputs, output_count, symbol_stem: &stem, bodies })
        };
        let contradicted = match &outputs {
            Err(Stop::Contradiction(message)) => {
                let message = format!("{}: {message}", node.op.name());
                let found = Diagnostic::new(Severity::Error, "shape-contradiction", message).at(&*node.name);
                self.found.diagnostics.push(found);
                true
            }
            _ => false,
        };
        let mut inferred = outputs.unwrap_or_default().into_iter();
        for output in &node.outputs {
            let typed = inferred.next().unwrap_or_default();
            if let Some(id) = output {
                let typed = if contradicted { typed } else { self.fill_from_declared(*id, typed, &stem) };
                self.set(*id, typed);
            }
        }
    }

    /// What inference left open is taken from what the file declares.
    fn fill_from_declared(&self, id: TensorId, mut typed: TensorType, stem: &str) -> TensorType {
        let tensor = self.model.tensor(id);
        if tensor.is_sequence {
            return if typed == TensorType::default() { tensor.declared_type() } else { typed };
        }
        typed.dtype = typed.dtype.or(tensor.dtype);
        let declared = tensor.declared.as_ref().filter(|_| !self.reshaped && typed.sequence.is_none());
        match (&mut typed.shape, declared) {
            (None, Some(declared)) => typed.shape = Some(declared.clone()),
            // An extent that only data decides may be declared all the same.
            (Some(shape), Some(declared)) if shape.rank() == declared.rank() => {
                for (dim, declared) in shape.0.iter_mut().zip(declared.dims()) {
                    let data_decides =
                        dim.as_symbol().is_some_and(|symbol| symbol.as_str().starts_with(stem));
                    if data_decides && declared.as_int().is_some() {
                        *dim = declared.clone();
                    }
                }
            }
            _ => {}
        }
        typed
    }
}

/// The bodies of one node during its inference.
struct WalkBodies<'w, 'm> {
    walk: &'w mut Walk<'m>,
    node: &'w Node,
    /// How many diagnostics there were before.
    first_diagnostic: usize,
    /// For each body as last inferred, in that order, which diagnostics it brought.
    found: SmallVec<[(usize, Range<usize>); 2]>,
}

impl WalkBodies<'_, '_> {
    /// One inference of a body.
    fn once(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        let node = self.node;
        let body = node.bodies.get(index).ok_or(Stop::Unknown("the node has no such body"))?;
        if self.walk.inside >= MAX_INSIDE {
            return Err(Stop::Unknown("too many bodies inside bodies"));
        }
        self.walk.inside += body.nodes.len() + 1;
        for (position, id) in body.inputs.iter().enumerate() {
            let mut typed = inputs.get(position).cloned().unwrap_or_default();
            let tensor = self.walk.model.tensor(*id);
            typed.dtype = typed.dtype.or(tensor.dtype);
            if typed.shape.is_none() && typed.sequence.is_none() {
                typed = TensorType { value: typed.value, ..tensor.declared_type() };
            }
            self.walk.set(*id, typed);
        }
        self.walk.found.reached.bodies.insert(address(body));
        self.walk.graph(body);
        Ok(body.outputs.iter().map(|id| self.walk.found.of(*id).clone()).collect())
    }

    /// Where the diagnostics are that the last inference of a body brought.
    fn diagnostics(&self, index: usize) -> Range<usize> {
        let found = self.found.iter().find(|(body, _)| *body == index);
        found.map_or(0..0, |(_, range)| range.clone())
    }
}

impl Bodies for WalkBodies<'_, '_> {
    /// Forgets what earlier inferences of the body found out.
    fn infer(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        let node = self.node;
        if let Some(body) = node.bodies.get(index) {
            self.walk.found.reached.runs.remove(&address(body));
            drop(self.walk.found.reached.take_inside(body));
        }
        if self.found.iter().any(|(body, _)| *body == index) {
            self.found.clear();
            self.walk.found.diagnostics.truncate(self.first_diagnostic);
        }
        let before = self.walk.found.diagnostics.len();
        let outputs = self.once(index, inputs);
        self.found.push((index, before..self.walk.found.diagnostics.len()));
        outputs
    }

    fn run(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        const TOO_MANY: Stop = Stop::Unknown("too many runs to follow");
        let node = self.node;
        let body = node.bodies.get(index).ok_or(TOO_MANY)?;
        let before = self.walk.found.diagnostics.len();
        let inside = self.walk.inside;
        drop(self.walk.found.reached.take_inside(body));
        let outputs = self.once(index, inputs)?;
        self.walk.followed += self.walk.inside - inside;
        if self.walk.followed > MAX_FOLLOWED {
            return Err(TOO_MANY);
        }
        let found = self.walk.found.diagnostics.get(before..).unwrap_or_default();
        let contradicts = found.iter().any(|found| found.severity == Severity::Error);
        // What every run brings up is said once.
        if contradicts || self.walk.found.reached.runs.contains_key(&address(body)) {
            self.walk.found.diagnostics.truncate(before);
        }
        if contradicts {
            return Err(Stop::Unknown("a run contradicts itself"));
        }
        let mut run = Run { bodies: self.walk.found.reached.take_inside(body), ..Run::default() };
        for_each_tensor(body, &mut |id| {
            let typed = self.walk.found.of(id).clone();
            let size = Size::of(&typed);
            run.tensors.insert(id, (typed, size));
        });
        self.walk.found.reached.runs.entry(address(body)).or_default().push(run);
        Ok(outputs)
    }

    fn is_certain(&self, index: usize) -> bool {
        self.node.bodies.get(index).is_some_and(|body| self.walk.is_certain(body))
    }

    fn contradicts(&self, index: usize) -> bool {
        let found = self.walk.found.diagnostics.get(self.diagnostics(index));
        found.unwrap_or_default().iter().any(|found| found.severity == Severity::Error)
    }

    fn rule_out(&mut self, index: usize) {
        if let Some(body) = self.node.bodies.get(index) {
            self.walk.found.reached.bodies.remove(&address(body));
        }
        let range = self.diagnostics(index);
        let found = self.walk.found.diagnostics.get_mut(range).unwrap_or_default();
        for found in found.iter_mut().filter(|found| found.severity == Severity::Error) {
            found.severity = Severity::Note;
            found.code = "branch-ruled-out";
            found.message =
                format!("'{}' never takes this branch with these shapes: {}", self.node.name, found.message);
        }
    }
}

impl Walk<'_> {
    /// Whether all shapes that nodes of a body make are known, and not by symbols that those nodes invented.
    fn is_certain(&self, body: &Graph) -> bool {
        let mut stems = HashSet::new();
        body.for_each_node(&mut |node| {
            stems.insert(symbol_stem(&node.name).into_owned());
        });
        let invented = |symbol: &Symbol| {
            let mut parts = symbol.as_str().rsplitn(3, '_');
            parts.nth(2).is_some_and(|stem| stems.contains(stem))
        };
        let is_certain = |typed: &TensorType| {
            let mut certain = typed.shape.is_some();
            for dim in typed.shape.iter().flat_map(Shape::dims) {
                dim.for_each_symbol(&mut |symbol| certain &= !invented(symbol));
            }
            certain
        };
        let mut all = true;
        for_each_tensor(body, &mut |id| all &= is_certain(self.found.of(id)));
        all
    }
}

/// Calls `visit` with the inputs of a body and with what its nodes and the bodies inside them make.
fn for_each_tensor(body: &Graph, visit: &mut dyn FnMut(TensorId)) {
    body.inputs.iter().for_each(|id| visit(*id));
    for node in &body.nodes {
        node.outputs.iter().flatten().for_each(|id| visit(*id));
        node.bodies.iter().for_each(|inner| for_each_tensor(inner, visit));
    }
}

/// The stem of symbols for extents that only a node's data decides: the node's name as an identifier.
fn symbol_stem(name: &str) -> Cow<'_, str> {
    match name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        true => Cow::Borrowed(name),
        false => Cow::Owned(Symbol::new(name).as_str().to_owned()),
    }
}

/// An extent that no tensor can have, the members of a sequence included.
fn negative_extent(typed: &TensorType) -> Option<i64> {
    let own = typed.shape.iter().flat_map(Shape::dims).filter_map(Expr::as_int).find(|extent| *extent < 0);
    own.or_else(|| typed.sequence.iter().flat_map(|members| members.known()).find_map(negative_extent))
}

/// Replaces bound symbols in shape, value and members, and notes which occurred.
fn bind(typed: &mut TensorType, bindings: &Bindings, seen: &mut BTreeSet<Symbol>) {
    let mut bind_one = |expr: &mut Expr| {
        if !matches!(expr, Expr::Formula(_)) {
            return;
        }
        let mut any = false;
        expr.for_each_symbol(&mut |symbol| {
            if bindings.contains_key(symbol) {
                any = true;
                seen.insert(symbol.clone());
            }
        });
        if any {
            *expr = expr.bind(bindings);
        }
    };
    if let Some(shape) = &mut typed.shape {
        shape.0.iter_mut().for_each(&mut bind_one);
    }
    if let Some(weigh_ir::Value::Ints(values)) = &mut typed.value
        && values.iter().any(|value| matches!(value, Expr::Formula(_)))
    {
        let mut bound = values.to_vec();
        bound.iter_mut().for_each(&mut bind_one);
        *values = bound.into();
    }
    if let Some(Members::Each(members)) = &mut typed.sequence {
        let mut bound = members.to_vec();
        bound.iter_mut().for_each(|member| bind(member, bindings, seen));
        *members = bound.into();
    }
}
