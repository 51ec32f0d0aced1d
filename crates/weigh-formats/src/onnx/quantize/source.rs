//! The model file as quantisation sees it: nodes, stored tensors, and who reads what.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use weigh_ir::{DType, Place};

use super::QuantizeError;
use crate::FormatError;
use crate::onnx::copy::for_each_field;
use crate::onnx::read::{AttributeValue, ModelProto, NodeProto, ValueInfo};
use crate::onnx::{MAX_DEPTH, MAX_NODES, MAX_TENSORS, tensor};
use crate::protobuf::Message;

/// A model file, its main graph taken apart.
pub(super) struct Source<'a> {
    pub bytes: &'a [u8],
    pub ir_version: i64,
    /// The version of the standard's operators.
    pub opset: i64,
    pub has_functions: bool,
    pub nodes: Vec<SourceNode<'a>>,
    pub tensors: Vec<StoredTensor<'a>>,
    /// Stored tensors by name.
    pub stored: HashMap<&'a str, usize>,
    pub readers: HashMap<&'a str, Vec<Reader>>,
    /// Names of values that nodes make.
    pub made: HashSet<&'a str>,
    pub outputs: HashSet<&'a str>,
    /// Every name of a value, in subgraphs too.
    pub names: HashSet<&'a str>,
}

/// A node of the main graph.
pub(super) struct SourceNode<'a> {
    pub message: Message<'a>,
    pub range: Range<usize>,
    pub proto: NodeProto<'a>,
}

/// Who reads a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// This input of this node.
    Input { node: usize, input: usize },
    /// A subgraph of this node.
    Nested { node: usize },
}

/// A tensor with data.
pub(super) struct StoredTensor<'a> {
    pub name: &'a str,
    pub dtype: DType,
    pub dims: Vec<i64>,
    pub elements: u64,
    pub bytes: u64,
    /// The `TensorProto`.
    pub message: Message<'a>,
    /// Where in another file the data lies, if it does.
    pub external: Option<(Box<str>, u64)>,
    pub origin: Origin,
}

/// What a stored tensor is in the file.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// A field of the graph.
    Initializer { field: Range<usize> },
    /// The value of a `Constant` node.
    Constant { node: usize },
}

impl<'a> Source<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Source<'a>, QuantizeError> {
        let model = ModelProto::parse(Message::file(bytes))?;
        let graph = model.graph.ok_or_else(|| FormatError::Model("the file has no graph".to_owned()))?;
        let opset =
            model.opsets.iter().find(|(domain, _)| domain.is_empty()).map_or(1, |(_, version)| *version);
        let mut source = Source {
            bytes,
            ir_version: model.ir_version,
            opset,
            has_functions: !model.functions.is_empty(),
            nodes: Vec::new(),
            tensors: Vec::new(),
            stored: HashMap::new(),
            readers: HashMap::new(),
            made: HashSet::new(),
            outputs: HashSet::new(),
            names: HashSet::new(),
        };
        source.graph(graph)?;
        Ok(source)
    }

    fn graph(&mut self, graph: Message<'a>) -> Result<(), QuantizeError> {
        for_each_field(graph, &mut |field, range| {
            match field.number {
                1 => {
                    let message = field.message()?;
                    let proto = NodeProto::parse(message)?;
                    self.nodes.push(SourceNode { message, range, proto });
                    bounded(self.nodes.len(), MAX_NODES, "nodes")?;
                }
                5 => self.tensor(field.message()?, None, Origin::Initializer { field: range })?,
                11 => drop(self.names.insert(ValueInfo::parse(field.message()?)?.name)),
                12 => drop(self.outputs.insert(ValueInfo::parse(field.message()?)?.name)),
                _ => {}
            }
            Ok(())
        })?;
        for index in 0..self.nodes.len() {
            self.node(index)?;
        }
        Ok(())
    }

    fn tensor(
        &mut self,
        message: Message<'a>,
        name: Option<&'a str>,
        origin: Origin,
    ) -> Result<(), FormatError> {
        let parsed = tensor::parse(message)?;
        let name = name.unwrap_or(parsed.name);
        let stored = parsed.stored;
        let dims = stored.shape.as_ints().unwrap_or_default();
        let elements = stored.shape.elements().as_int().and_then(|count| u64::try_from(count).ok());
        let external = match stored.place {
            Place::External { path, offset } => Some((path, offset)),
            _ => None,
        };
        let found = StoredTensor {
            name,
            dtype: stored.dtype,
            dims,
            elements: elements.unwrap_or(0),
            bytes: stored.bytes,
            message,
            external,
            origin,
        };
        if self.stored.insert(name, self.tensors.len()).is_some() {
            return Err(FormatError::Model(format!("two stored tensors are called '{name}'")));
        }
        self.names.insert(name);
        self.tensors.push(found);
        bounded(self.tensors.len(), MAX_TENSORS, "tensors")
    }

    /// What a node reads and makes, and the tensor that it is if it is a `Constant`.
    fn node(&mut self, index: usize) -> Result<(), QuantizeError> {
        let Some(node) = self.nodes.get(index) else { return Ok(()) };
        let proto = &node.proto;
        for (input, name) in proto.inputs.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            self.names.insert(name);
            self.readers.entry(name).or_default().push(Reader::Input { node: index, input });
        }
        for name in proto.outputs.iter().filter(|name| !name.is_empty()) {
            self.names.insert(name);
            self.made.insert(name);
        }
        let mut nested = Nested::default();
        let is_constant = proto.op_type == "Constant" && proto.domain.is_empty();
        let mut value = None;
        for attribute in &proto.attributes {
            match &attribute.value {
                AttributeValue::Tensor(tensor) if is_constant && attribute.name == "value" => {
                    value = proto.outputs.first().map(|name| (*tensor, *name));
                }
                AttributeValue::Tensor(tensor) => nested.tensor(*tensor)?,
                AttributeValue::Graph(graph) => nested.graph(*graph, MAX_DEPTH)?,
                _ => {}
            }
        }
        if nested.is_external {
            return Err(QuantizeError::Nested(self.label(index)));
        }
        for name in nested.read {
            self.readers.entry(name).or_default().push(Reader::Nested { node: index });
        }
        self.names.extend(nested.made);
        if let Some((tensor, name)) = value {
            self.tensor(tensor, Some(name), Origin::Constant { node: index })?;
        }
        Ok(())
    }

    /// The readers of a value.
    pub fn readers_of(&self, name: &str) -> &[Reader] {
        self.readers.get(name).map_or(&[], Vec::as_slice)
    }

    /// What to call a node: its name, or its first output's.
    pub fn label(&self, node: usize) -> String {
        let Some(node) = self.nodes.get(node) else { return String::new() };
        let first = node.proto.outputs.first().copied().unwrap_or("");
        (if node.proto.name.is_empty() { first } else { node.proto.name }).to_owned()
    }
}

fn bounded(count: usize, limit: usize, what: &'static str) -> Result<(), FormatError> {
    if count > limit { Err(FormatError::TooLarge { what, limit }) } else { Ok(()) }
}

/// What subgraphs read and make.
#[derive(Default)]
struct Nested<'a> {
    read: HashSet<&'a str>,
    made: HashSet<&'a str>,
    is_external: bool,
}

impl<'a> Nested<'a> {
    fn tensor(&mut self, message: Message<'a>) -> Result<(), FormatError> {
        for field in message.fields() {
            let field = field?;
            self.is_external |= field.number == 14 && field.int()? == 1;
        }
        Ok(())
    }

    fn graph(&mut self, graph: Message<'a>, depth: usize) -> Result<(), FormatError> {
        if depth == 0 {
            return Err(FormatError::Model(format!("subgraphs nested deeper than {MAX_DEPTH}")));
        }
        for field in graph.fields() {
            let field = field?;
            match field.number {
                1 => self.node(NodeProto::parse(field.message()?)?, depth)?,
                5 => {
                    let message = field.message()?;
                    self.tensor(message)?;
                    self.made.insert(tensor::parse(message)?.name);
                }
                // A subgraph may give back what its surroundings made.
                12 => drop(self.read.insert(ValueInfo::parse(field.message()?)?.name)),
                _ => {}
            }
        }
        Ok(())
    }

    fn node(&mut self, node: NodeProto<'a>, depth: usize) -> Result<(), FormatError> {
        self.read.extend(node.inputs.iter().filter(|name| !name.is_empty()));
        self.made.extend(node.outputs.iter().filter(|name| !name.is_empty()));
        for attribute in &node.attributes {
            match &attribute.value {
                AttributeValue::Tensor(tensor) => self.tensor(*tensor)?,
                AttributeValue::Graph(graph) => self.graph(*graph, depth - 1)?,
                _ => {}
            }
        }
        Ok(())
    }
}
