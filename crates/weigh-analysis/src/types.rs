//! The type of every tensor: one walk over the nodes in order, subgraphs where they are called.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use smallvec::SmallVec;
use weigh_ir::{
    Bindings, Bodies, Diagnostic, Expr, Graph, Inference, Members, Model, NoBodies, Node, Severity, Shape,
    Stop, Symbol, TensorId, TensorType, bytes_of,
};

/// What inference found.
#[derive(Debug)]
pub(crate) struct Types {
    /// The type of every tensor of the model.
    pub types: Vec<TensorType>,
    /// The size of every tensor, computed once.
    sizes: Vec<Size>,
    /// The bound symbols that occurred in some shape.
    pub bound_symbols: BTreeSet<Symbol>,
    /// Contradictions, with the nodes at fault.
    pub diagnostics: Vec<Diagnostic>,
    /// The bodies that can run, by the address of their graph: a branch that a known condition rules out is
    /// never looked at.
    reached: HashSet<usize>,
}

/// The size of a tensor, in both units where they are known.
#[derive(Debug)]
pub(crate) struct Size {
    pub elements: Option<Expr>,
    pub bytes: Option<Expr>,
}

impl Types {
    /// The size of a tensor.
    pub fn size(&self, id: TensorId) -> &Size {
        &self.sizes[id.index()]
    }

    /// The sum of the sizes in bytes; `None` where one is unknown.
    pub fn bytes_of_all<'i>(&self, ids: impl IntoIterator<Item = &'i Option<TensorId>>) -> Option<Expr> {
        ids.into_iter().flatten().map(|id| self.size(*id).bytes.as_ref()).sum::<Option<Expr>>()
    }

    /// The type of a tensor.
    pub fn of(&self, id: TensorId) -> &TensorType {
        &self.types[id.index()]
    }

    /// The bodies of a node that can run.
    pub fn reached<'n>(&self, node: &'n Node) -> impl Iterator<Item = &'n Graph> {
        node.bodies.iter().filter(|body| self.reached.contains(&address(body)))
    }

    /// Whether this body of a node can run.
    pub fn is_reached(&self, body: &Graph) -> bool {
        self.reached.contains(&address(body))
    }

    /// The types of optional tensors, as operators take them.
    pub fn of_all(&self, ids: &[Option<TensorId>]) -> SmallVec<[Option<&TensorType>; 4]> {
        ids.iter().map(|id| id.map(|id| self.of(id))).collect()
    }
}

fn address(graph: &Graph) -> usize {
    std::ptr::from_ref(graph).addr()
}

/// Infers the types of all tensors, with symbols bound and inputs reshaped as said.
pub(crate) fn infer(model: &Model, inputs: &[Option<Shape>], bindings: &Bindings) -> Types {
    let types = model.tensors.iter().map(|tensor| match &tensor.stored {
        Some(stored) => {
            TensorType::new(Some(stored.dtype), stored.shape.clone()).with_value(stored.value.clone())
        }
        None => TensorType::unknown(tensor.dtype),
    });
    let mut walk = Walk {
        model,
        bindings,
        reshaped: inputs.iter().any(Option::is_some),
        found: Types {
            types: types.collect(),
            sizes: Vec::new(),
            bound_symbols: BTreeSet::new(),
            diagnostics: Vec::new(),
            reached: HashSet::new(),
        },
    };
    for (id, given) in model.graph.inputs.iter().zip(inputs) {
        let tensor = model.tensor(*id);
        let typed = match given {
            Some(shape) => TensorType::new(tensor.dtype, shape.clone()),
            None => tensor.declared_type(),
        };
        walk.set(*id, typed);
    }
    walk.graph(&model.graph);
    let size = |typed: &TensorType| {
        let elements = typed.elements();
        let bytes = match &typed.sequence {
            Some(_) => typed.bytes(),
            None => {
                elements.as_ref().zip(typed.dtype).and_then(|(elements, dtype)| bytes_of(elements, dtype))
            }
        };
        Size { elements, bytes }
    };
    walk.found.sizes = walk.found.types.iter().map(size).collect();
    walk.found
}

struct Walk<'m> {
    model: &'m Model,
    bindings: &'m Bindings,
    /// Whether the user gave shapes: declared shapes of intermediate tensors may then be wrong.
    reshaped: bool,
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
            let bodies = &mut WalkBodies { walk: self, bodies: &node.bodies };
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
    bodies: &'w [Graph],
}

impl Bodies for WalkBodies<'_, '_> {
    fn infer(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        let body = self.bodies.get(index).ok_or(Stop::Unknown("the node has no such body"))?;
        for (position, id) in body.inputs.iter().enumerate() {
            let mut typed = inputs.get(position).cloned().unwrap_or_default();
            let tensor = self.walk.model.tensor(*id);
            typed.dtype = typed.dtype.or(tensor.dtype);
            if typed.shape.is_none() && typed.sequence.is_none() {
                typed = TensorType { value: typed.value, ..tensor.declared_type() };
            }
            self.walk.set(*id, typed);
        }
        self.walk.found.reached.insert(address(body));
        self.walk.graph(body);
        Ok(body.outputs.iter().map(|id| self.walk.found.of(*id).clone()).collect())
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
