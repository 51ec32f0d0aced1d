//! From ONNX messages to the neutral graph: names become numbered tensors, local functions are inlined,
//! subgraphs become bodies, operators are translated by the table in [`operators`](super::operators).
//!
//! A graph is walked twice: first for what it declares, then for its nodes. Nodes are translated one by one
//! and then forgotten, so memory follows what the graph keeps. A name may be read before the node that makes
//! it appears; such graphs are sorted at the end.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use smallvec::SmallVec;
use weigh_ir::{
    DType, Diagnostic, Graph, Model, Node, Place, Severity, Shape, Stored, Tensor, TensorId, Value,
};
use weigh_ops::{Constant, Opaque, View};

use super::attributes::NodeView;
use super::read::{AttributeProto, AttributeValue, FunctionProto, ModelProto, NodeProto, ValueInfo};
use super::{MAX_DEPTH, MAX_NODES, MAX_TENSORS, at_node, blocked, operators, order, scope, tensor};
use crate::protobuf::Message;
use crate::{FormatError, Surroundings};

/// Reads a model file.
pub(super) fn read(bytes: &[u8], surroundings: &Surroundings<'_>) -> Result<Model, FormatError> {
    let proto = ModelProto::parse(Message::file(bytes))?;
    let Some(message) = proto.graph else {
        return Err(FormatError::Model("the file has no graph".to_owned()));
    };
    let mut lowering = Lowering::new(&proto);
    let graph = lowering.main_graph(message, &proto)?;
    let opset = proto.opsets.iter().find(|(domain, _)| domain.is_empty()).map_or(0, |(_, version)| *version);
    lowering.note_external_data(surroundings);
    let mut model = lowering.model;
    model.graph = graph;
    model.format = if opset > 0 { format!("ONNX opset {opset}") } else { "ONNX".to_owned() };
    Ok(model)
}

/// For every node of the main graph that [`read`] makes, the place of the file's node that it is from: the nodes of an
/// inlined function are from the one that calls it.
pub(super) fn origins(bytes: &[u8]) -> Result<Vec<usize>, FormatError> {
    let proto = ModelProto::parse(Message::file(bytes))?;
    let Some(message) = proto.graph else { return Ok(Vec::new()) };
    let mut lowering = Lowering::new(&proto);
    lowering.main_graph(message, &proto)?;
    Ok(lowering.origins)
}

struct Lowering<'p, 'a> {
    model: Model,
    functions: HashMap<(&'a str, &'a str, &'a str), &'p FunctionProto<'a>>,
    /// For each file of external data, how many bytes it must have.
    external: BTreeMap<Box<str>, u64>,
    nodes: usize,
    depth: usize,
    /// Whether some name was read before it was made.
    unsorted: bool,
    /// For every node of the main graph, the place of the file's node that it is from.
    origins: Vec<usize>,
}

/// What the nodes of one graph or function body have in common.
struct Context<'c, 'a> {
    opsets: &'c [(&'a str, i64)],
    /// Put before the names of nodes: where functions are called.
    prefix: &'c str,
    /// The attributes of the enclosing function call, and the defaults of the function.
    call: Option<(&'c [AttributeProto<'a>], &'c [AttributeProto<'a>])>,
}

/// The names visible at some place, innermost graph last.
#[derive(Default)]
struct Scopes<'a> {
    stack: Vec<HashMap<&'a str, Name>>,
}

/// What a name stands for.
#[derive(Clone)]
struct Name {
    /// `None`: an optional input of a function that the caller left out.
    id: Option<TensorId>,
    /// The first node that reads the name, as long as no node makes it.
    awaited_by: Option<Box<str>>,
}

impl<'a> Scopes<'a> {
    fn find(&self, name: &str) -> Option<&Name> {
        self.stack.iter().rev().find_map(|names| names.get(name))
    }

    fn bind(&mut self, name: &'a str, id: Option<TensorId>, awaited_by: Option<Box<str>>) {
        if let Some(names) = self.stack.last_mut() {
            names.insert(name, Name { id, awaited_by });
        }
    }
}

impl<'p, 'a> Lowering<'p, 'a> {
    fn new(proto: &'p ModelProto<'a>) -> Lowering<'p, 'a> {
        let functions = proto
            .functions
            .iter()
            .map(|function| ((function.domain, function.name, function.overload), function));
        Lowering {
            model: Model::default(),
            functions: functions.collect(),
            external: BTreeMap::new(),
            nodes: 0,
            depth: 0,
            unsorted: false,
            origins: Vec::new(),
        }
    }

    fn main_graph(&mut self, message: Message<'a>, proto: &ModelProto<'a>) -> Result<Graph, FormatError> {
        let context = Context { opsets: &proto.opsets, prefix: "", call: None };
        self.graph(message, &mut Scopes::default(), &context)
    }

    fn new_tensor(&mut self, name: &str) -> Result<TensorId, FormatError> {
        if self.model.tensors.len() >= MAX_TENSORS {
            return Err(FormatError::TooLarge { what: "tensors", limit: MAX_TENSORS });
        }
        self.model.tensors.push(Tensor::named(name));
        TensorId::new(self.model.tensors.len() - 1)
            .ok_or(FormatError::TooLarge { what: "tensors", limit: MAX_TENSORS })
    }

    fn tensor_mut(&mut self, id: TensorId) -> &mut Tensor {
        &mut self.model.tensors[id.index()]
    }

    /// Makes a name of the innermost graph stand for a tensor that now exists.
    fn define(&mut self, scopes: &mut Scopes<'a>, name: &'a str) -> Result<TensorId, FormatError> {
        if let Some(known) = scopes.stack.last_mut().and_then(|names| names.get_mut(name)) {
            return match (known.awaited_by.take(), known.id) {
                (Some(_), Some(id)) => Ok(id),
                _ => Err(FormatError::Model(format!("two tensors have the name '{name}'"))),
            };
        }
        let id = self.new_tensor(name)?;
        scopes.bind(name, Some(id), None);
        Ok(id)
    }

    /// The tensor that a node reads by name.
    fn resolve(
        &mut self,
        scopes: &mut Scopes<'a>,
        name: &'a str,
        reader: &str,
    ) -> Result<Option<TensorId>, FormatError> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(known) = scopes.find(name) {
            return Ok(known.id);
        }
        let id = self.new_tensor(name)?;
        scopes.bind(name, Some(id), Some(reader.into()));
        self.unsorted = true;
        Ok(Some(id))
    }

    /// Translates a `GraphProto` within the given scopes.
    fn graph(
        &mut self,
        message: Message<'a>,
        scopes: &mut Scopes<'a>,
        context: &Context<'_, 'a>,
    ) -> Result<Graph, FormatError> {
        self.enter("subgraphs")?;
        scopes.stack.push(HashMap::new());
        let mut graph = Graph::default();
        let mut inputs = Vec::new();
        for field in message.fields() {
            let field = field?;
            match field.number {
                2 if scopes.stack.len() == 1 => self.model.name = field.text()?.to_owned(),
                5 => self.initializer(tensor::parse(field.message()?)?, scopes)?,
                11 => inputs.push(field.message()?),
                15 => self.sparse_initializer(field.message()?, scopes)?,
                _ => {}
            }
        }
        for input in inputs {
            let info = ValueInfo::parse(input)?;
            // Before IR version 4 initialisers were listed among the inputs too.
            let stored = scopes.stack.last().and_then(|names| names.get(info.name)?.id);
            let is_initializer = stored.is_some_and(|id| self.model.tensors[id.index()].stored.is_some());
            if is_initializer {
                continue;
            }
            let id = self.define(scopes, info.name)?;
            self.declare(id, &info);
            graph.inputs.push(id);
        }
        let mut origins = Vec::new();
        let nodes = message.fields().filter(|field| field.as_ref().map_or(true, |field| field.number == 1));
        for (place, field) in nodes.enumerate() {
            let node = NodeProto::parse(field?.message()?)?;
            self.node(node, scopes, context, &mut graph.nodes)?;
            origins.resize(graph.nodes.len(), place);
        }
        for field in message.fields() {
            let field = field?;
            if field.number == 12 || field.number == 13 {
                let info = ValueInfo::parse(field.message()?)?;
                let id = match field.number {
                    12 => self.resolve(scopes, info.name, "the graph's output")?,
                    _ => scopes.stack.last().and_then(|names| names.get(info.name)?.id),
                };
                if let Some(id) = id {
                    self.declare(id, &info);
                    if field.number == 12 {
                        graph.outputs.push(id);
                    }
                }
            }
        }
        let order = self.close(&mut graph, scopes)?;
        let sorted = |order: Vec<usize>| order.iter().filter_map(|at| origins.get(*at).copied()).collect();
        self.origins = order.map(sorted).unwrap_or(origins);
        self.depth -= 1;
        Ok(graph)
    }

    fn enter(&mut self, what: &str) -> Result<(), FormatError> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(FormatError::Model(format!("{what} are nested more than {MAX_DEPTH} deep"))),
            false => Ok(()),
        }
    }

    /// Leaves a graph: names still awaited belong further out; at the outermost level nobody makes them. Where the nodes
    /// had to be sorted, returns where each of them was before.
    fn close(
        &mut self,
        graph: &mut Graph,
        scopes: &mut Scopes<'a>,
    ) -> Result<Option<Vec<usize>>, FormatError> {
        let names = scopes.stack.pop().unwrap_or_default();
        let mut awaited: Vec<_> = names.into_iter().filter(|(_, name)| name.awaited_by.is_some()).collect();
        awaited.sort_by_key(|(_, name)| name.id);
        for (text, name) in awaited {
            match scopes.stack.last_mut() {
                Some(outer) => {
                    outer.insert(text, name);
                }
                None => {
                    let reader = name.awaited_by.unwrap_or_default();
                    return Err(at_node(
                        &reader,
                        format!("it reads '{text}', which no node, input or initialiser makes"),
                    ));
                }
            }
        }
        let order = if self.unsorted { Some(order::sort(graph)?) } else { None };
        blocked::settle(graph, &self.model.tensors);
        Ok(order)
    }

    fn declare(&mut self, id: TensorId, info: &ValueInfo<'a>) {
        let Some((shape, negative)) = info
            .to_shape(info.name)
            .map_or(Some((None, false)), |(shape, negative)| Some((Some(shape), negative)))
        else {
            return;
        };
        if negative {
            let message =
                format!("'{}' is declared with a negative extent: taken for an unknown one", info.name);
            self.model.diagnostics.push(Diagnostic::new(Severity::Warning, "negative-extent", message));
        }
        let tensor = self.tensor_mut(id);
        tensor.dtype = tensor.dtype.or(info.dtype);
        tensor.is_sequence |= info.is_sequence && tensor.stored.is_none();
        if tensor.declared.is_none() {
            tensor.declared = shape;
        }
    }

    fn initializer(
        &mut self,
        proto: tensor::TensorProto<'a>,
        scopes: &mut Scopes<'a>,
    ) -> Result<(), FormatError> {
        if let (Some(end), Place::External { path, .. }) = (proto.external_end, &proto.stored.place) {
            let needed = self.external.entry(path.clone()).or_default();
            *needed = end.max(*needed);
        }
        let id = self.define(scopes, proto.name)?;
        self.store(id, Arc::new(proto.stored));
        Ok(())
    }

    /// `SparseTensorProto`: the values and where they go; the tensor's name is the values'.
    fn sparse_initializer(
        &mut self,
        message: Message<'a>,
        scopes: &mut Scopes<'a>,
    ) -> Result<(), FormatError> {
        let (mut values, mut index_bytes, mut dims) = (None, 0, Vec::new());
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => values = Some(tensor::parse(field.message()?)?),
                2 => index_bytes = tensor::parse(field.message()?)?.stored.bytes,
                3 => field.extend_ints(&mut dims)?,
                _ => {}
            }
        }
        if let Some(mut values) = values {
            values.stored.shape = Shape::of(&dims);
            values.stored.bytes = values.stored.bytes.saturating_add(index_bytes);
            values.stored.value = None;
            self.initializer(values, scopes)?;
        }
        Ok(())
    }

    fn store(&mut self, id: TensorId, stored: Arc<Stored>) {
        let tensor = self.tensor_mut(id);
        tensor.dtype = Some(stored.dtype);
        tensor.declared = Some(stored.shape.clone());
        tensor.stored = Some(stored);
    }

    /// Translates a node and appends it, or the nodes of the function that it calls.
    fn node(
        &mut self,
        mut proto: NodeProto<'a>,
        scopes: &mut Scopes<'a>,
        context: &Context<'_, 'a>,
        into: &mut Vec<Node>,
    ) -> Result<(), FormatError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(FormatError::TooLarge { what: "nodes, functions inlined", limit: MAX_NODES });
        }
        let name = match proto.name {
            "" => format!("{}{}_{}", context.prefix, proto.op_type, self.nodes - 1),
            name => format!("{}{name}", context.prefix),
        };
        if proto.op_type.is_empty() {
            return Err(at_node(&name, "the node has no operator type"));
        }
        resolve_references(&mut proto.attributes, context);
        let row = operators::find(proto.domain, proto.op_type);
        if row.is_none()
            && let Some(function) =
                self.functions.get(&(proto.domain, proto.op_type, proto.overload)).copied()
        {
            return self.call(&proto, function, &name, scopes, into);
        }
        let mut inputs: SmallVec<[Option<TensorId>; 4]> = SmallVec::with_capacity(proto.inputs.len());
        for input in &proto.inputs {
            inputs.push(self.resolve(scopes, input, &name)?);
        }
        let opset = context
            .opsets
            .iter()
            .find(|(domain, _)| *domain == proto.domain)
            .map_or(i64::MAX, |(_, version)| *version);
        let mut bodies = Vec::new();
        for body in row.map_or(&[][..], |row| row.bodies) {
            let attribute = proto.attributes.iter().find(|attribute| attribute.name == *body);
            match attribute.map(|attribute| &attribute.value) {
                Some(AttributeValue::Graph(message)) => bodies.push(self.graph(*message, scopes, context)?),
                None if row.is_some_and(|row| row.bodies_are_optional) => {}
                _ => {
                    let problem = format!("attribute '{body}' of {} should be a graph", proto.op_type);
                    return Err(at_node(&name, problem));
                }
            }
        }
        let runs_to_the_end = bodies.first().is_some_and(|body| self.keeps_its_condition(body));
        let view = NodeView::new(&proto, &name, opset, runs_to_the_end);
        for attribute in row.map_or(&[][..], |row| row.stored) {
            let stored = view.stored(attribute)?;
            inputs.push(stored.map(|stored| self.model_numbers(&name, attribute, stored)).transpose()?);
        }
        let stored = if (proto.domain, proto.op_type) == ("", "Constant") { constant(&view)? } else { None };
        let op: Arc<dyn weigh_ir::Operator> = match (&stored, row) {
            (Some(stored), _) => Arc::new(Constant(stored.clone())),
            (None, Some(row)) => (row.lower)(&view)?,
            (None, None) => Arc::new(Opaque { name: qualified(&proto) }),
        };
        let mut outputs: SmallVec<[Option<TensorId>; 1]> = SmallVec::with_capacity(proto.outputs.len());
        for output in &proto.outputs {
            outputs.push(if output.is_empty() { None } else { Some(self.define(scopes, output)?) });
        }
        if let (Some(stored), Some(Some(id))) = (stored, outputs.first()) {
            self.store(*id, stored);
        }
        let scope = scope::path(&name, proto.name_scopes).into();
        into.push(Node { name: name.into(), scope, op, inputs, outputs, bodies });
        Ok(())
    }

    /// A tensor for the numbers that an attribute holds.
    fn model_numbers(
        &mut self,
        node: &str,
        attribute: &str,
        stored: Arc<Stored>,
    ) -> Result<TensorId, FormatError> {
        let id = self.new_tensor(&format!("{node}/{attribute}"))?;
        self.store(id, stored);
        Ok(id)
    }

    /// Whether a loop's body always asks for another round: it returns its own condition, or a constant true.
    fn keeps_its_condition(&self, body: &Graph) -> bool {
        let (Some(asked), Some(given)) = (body.outputs.first(), body.inputs.get(1)) else { return false };
        let is_identity =
            |node: &&Node| matches!((&*node.op as &dyn Any).downcast_ref(), Some(View::Identity));
        let maker =
            body.nodes.iter().filter(is_identity).find(|node| node.outputs.first() == Some(&Some(*asked)));
        let origin = maker.and_then(|node| *node.inputs.first()?).unwrap_or(*asked);
        let stored =
            self.model.tensor(origin).stored.as_ref().and_then(|stored| stored.value.as_ref()?.as_ints());
        origin == *given || stored.is_some_and(|value| value == [1])
    }

    /// Inlines the body of a local function.
    fn call(
        &mut self,
        proto: &NodeProto<'a>,
        function: &FunctionProto<'a>,
        name: &str,
        scopes: &mut Scopes<'a>,
        into: &mut Vec<Node>,
    ) -> Result<(), FormatError> {
        self.enter("functions (perhaps a function calls itself)")?;
        let mut inner = Scopes { stack: vec![HashMap::new()] };
        for (index, formal) in function.inputs.iter().enumerate() {
            let actual = proto.inputs.get(index).copied().unwrap_or("");
            let id = self.resolve(scopes, actual, name)?;
            inner.bind(formal, id, None);
        }
        // The body makes the caller's tensors.
        let mut passed_through = Vec::new();
        for (actual, formal) in proto.outputs.iter().zip(&function.outputs) {
            if actual.is_empty() {
                continue;
            }
            let id = self.define(scopes, actual)?;
            match inner.find(formal) {
                Some(Name { id: Some(input), .. }) => passed_through.push((*input, id)),
                _ => inner.bind(formal, Some(id), Some(name.into())),
            }
        }
        let prefix = format!("{name}/");
        let opsets = if function.opsets.is_empty() { &[][..] } else { &function.opsets };
        let context =
            Context { opsets, prefix: &prefix, call: Some((&proto.attributes, &function.defaults)) };
        for message in &function.nodes {
            let node = NodeProto::parse(*message)?;
            self.node(node, &mut inner, &context, into)?;
        }
        for (input, output) in passed_through {
            let scope = scope::path(name, proto.name_scopes).into();
            let inputs = SmallVec::from_slice(&[Some(input)]);
            let outputs = SmallVec::from_slice(&[Some(output)]);
            into.push(Node {
                name: name.into(),
                scope,
                op: Arc::new(View::Identity),
                inputs,
                outputs,
                bodies: Vec::new(),
            });
        }
        let unmade = inner
            .stack
            .iter()
            .flatten()
            .filter(|(_, name)| name.awaited_by.is_some())
            .map(|(text, _)| *text)
            .min();
        if let Some(unmade) = unmade {
            return Err(at_node(name, format!("function {} never makes '{unmade}'", function.name)));
        }
        self.depth -= 1;
        Ok(())
    }

    /// Looks for the files of external data. Their absence is no error: sizes are known without them.
    fn note_external_data(&mut self, surroundings: &Surroundings<'_>) {
        for (path, needed) in &self.external {
            let leaves = path.starts_with(['/', '\\'])
                || path.split(['/', '\\']).any(|part| part == "..")
                || path.contains(':');
            let (code, message) = if path.is_empty() || leaves {
                (
                    "external-data-outside",
                    format!("external data '{path}' lies outside the model's folder: not looked at"),
                )
            } else {
                match (surroundings.external_size)(path) {
                    None => (
                        "external-data-missing",
                        format!("external data '{path}' is not beside the model: sizes are as declared"),
                    ),
                    Some(found) if found < *needed => (
                        "external-data-short",
                        format!("external data '{path}' has {found} bytes, the model refers to {needed}"),
                    ),
                    Some(_) => continue,
                }
            };
            let severity = if code == "external-data-missing" { Severity::Note } else { Severity::Warning };
            self.model.diagnostics.push(Diagnostic::new(severity, code, message));
        }
    }
}

/// Replaces references to a function's attributes by what the call gives, or the default.
fn resolve_references<'a>(attributes: &mut SmallVec<[AttributeProto<'a>; 4]>, context: &Context<'_, 'a>) {
    let Some((given, defaults)) = context.call else { return };
    attributes.retain(|attribute| {
        let AttributeValue::Reference(reference) = attribute.value else { return true };
        match given.iter().chain(defaults).find(|outer| outer.name == reference) {
            Some(outer) => {
                attribute.value = outer.value.clone();
                true
            }
            None => false,
        }
    });
}

fn qualified(proto: &NodeProto<'_>) -> String {
    if proto.domain.is_empty() {
        proto.op_type.to_owned()
    } else {
        format!("{}.{}", proto.domain, proto.op_type)
    }
}

/// The value of a `Constant` node, in whichever of its attributes it stands.
fn constant(view: &NodeView<'_, '_>) -> Result<Option<Arc<Stored>>, FormatError> {
    let stored = |dtype: DType, shape: Shape, bytes: usize, value: Value| {
        Some(Arc::new(Stored { dtype, shape, bytes: bytes as u64, value: Some(value), place: Place::Memory }))
    };
    let floats = |values: Vec<f32>| Value::Floats(values.into_iter().map(f64::from).collect());
    if let Some(tensor) = view.tensor("value")? {
        return Ok(Some(tensor));
    }
    if let Some(value) = view.int("value_int")? {
        return Ok(stored(DType::I64, Shape::scalar(), 8, Value::ints([value])));
    }
    if let Some(values) = view.ints_if_any("value_ints")? {
        let shape = Shape::of(&[values.len() as i64]);
        return Ok(stored(DType::I64, shape, 8 * values.len(), Value::ints(values)));
    }
    if view.has("value_float") {
        let value = view.float_or("value_float", 0.0)?;
        return Ok(stored(DType::F32, Shape::scalar(), 4, floats(vec![value])));
    }
    if let Some(values) = view.floats_if_any("value_floats")? {
        let shape = Shape::of(&[values.len() as i64]);
        return Ok(stored(DType::F32, shape, 4 * values.len(), floats(values)));
    }
    let texts =
        |shape: Shape| Stored { dtype: DType::String, shape, bytes: 0, value: None, place: Place::Memory };
    if let Some(count) = view.text_count("value_strings")? {
        return Ok(Some(Arc::new(texts(Shape::of(&[count as i64])))));
    }
    Ok(view.has("value_string").then(|| Arc::new(texts(Shape::scalar()))))
}
