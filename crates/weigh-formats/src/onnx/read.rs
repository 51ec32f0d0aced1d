//! ONNX messages as borrowed structs: names point into the file, graphs and tensors are walked on demand.

use smallvec::SmallVec;
use weigh_ir::{DType, Expr, Shape, Symbol};

use super::dtype;
use crate::FormatError;
use crate::protobuf::Message;

/// `ModelProto`.
#[derive(Default)]
pub(super) struct ModelProto<'a> {
    pub ir_version: i64,
    pub producer: &'a str,
    pub graph: Option<Message<'a>>,
    /// Domain and version; the standard's domain is the empty one.
    pub opsets: Vec<(&'a str, i64)>,
    pub functions: Vec<FunctionProto<'a>>,
}

/// `FunctionProto`.
#[derive(Default)]
pub(super) struct FunctionProto<'a> {
    pub name: &'a str,
    pub domain: &'a str,
    pub overload: &'a str,
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    pub nodes: Vec<Message<'a>>,
    pub opsets: Vec<(&'a str, i64)>,
    /// Attributes with a default.
    pub defaults: Vec<AttributeProto<'a>>,
}

/// `NodeProto`.
#[derive(Default)]
pub(super) struct NodeProto<'a> {
    pub inputs: SmallVec<[&'a str; 4]>,
    pub outputs: SmallVec<[&'a str; 2]>,
    pub name: &'a str,
    pub op_type: &'a str,
    pub domain: &'a str,
    pub overload: &'a str,
    pub attributes: SmallVec<[AttributeProto<'a>; 4]>,
    /// The exporter's list of enclosing modules, where it wrote one.
    pub name_scopes: Option<&'a str>,
}

/// `AttributeProto`.
#[derive(Clone)]
pub(super) struct AttributeProto<'a> {
    pub name: &'a str,
    pub value: AttributeValue<'a>,
}

/// The value of an attribute.
#[derive(Clone)]
pub(super) enum AttributeValue<'a> {
    Int(i64),
    Float(f32),
    Text(&'a [u8]),
    Tensor(Message<'a>),
    Graph(Message<'a>),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Texts(Vec<&'a [u8]>),
    /// The attribute of this name of the enclosing function.
    Reference(&'a str),
    /// A kind that no supported operator has.
    Other,
}

/// `ValueInfoProto`, as far as tensors and sequences of tensors go.
#[derive(Default)]
pub(super) struct ValueInfo<'a> {
    pub name: &'a str,
    pub dtype: Option<DType>,
    pub shape: Option<Vec<Dimension<'a>>>,
    /// Whether it is a sequence; element type and shape are those of its members.
    pub is_sequence: bool,
}

/// One declared extent.
pub(super) enum Dimension<'a> {
    Value(i64),
    Name(&'a str),
    Unknown,
}

impl<'a> ModelProto<'a> {
    pub fn parse(message: Message<'a>) -> Result<ModelProto<'a>, FormatError> {
        let mut model = ModelProto::default();
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => model.ir_version = field.int()?,
                2 => model.producer = field.text()?,
                7 => model.graph = Some(field.message()?),
                8 => model.opsets.push(opset(field.message()?)?),
                25 => model.functions.push(FunctionProto::parse(field.message()?)?),
                _ => {}
            }
        }
        Ok(model)
    }
}

fn opset(message: Message<'_>) -> Result<(&str, i64), FormatError> {
    let (mut domain, mut version) = ("", 0);
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => domain = field.text()?,
            2 => version = field.int()?,
            _ => {}
        }
    }
    Ok((standard_domain(domain), version))
}

/// The standard's domain has two spellings.
pub(super) fn standard_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

impl<'a> FunctionProto<'a> {
    fn parse(message: Message<'a>) -> Result<FunctionProto<'a>, FormatError> {
        let mut function = FunctionProto::default();
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => function.name = field.text()?,
                4 => function.inputs.push(field.text()?),
                5 => function.outputs.push(field.text()?),
                7 => function.nodes.push(field.message()?),
                9 => function.opsets.push(opset(field.message()?)?),
                10 => function.domain = standard_domain(field.text()?),
                11 => function.defaults.push(AttributeProto::parse(field.message()?)?),
                13 => function.overload = field.text()?,
                _ => {}
            }
        }
        Ok(function)
    }
}

impl<'a> NodeProto<'a> {
    pub fn parse(message: Message<'a>) -> Result<NodeProto<'a>, FormatError> {
        let mut node = NodeProto::default();
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => node.inputs.push(field.text()?),
                2 => node.outputs.push(field.text()?),
                3 => node.name = field.text()?,
                4 => node.op_type = field.text()?,
                5 => node.attributes.push(AttributeProto::parse(field.message()?)?),
                7 => node.domain = standard_domain(field.text()?),
                8 => node.overload = field.text()?,
                9 => {
                    let (key, value) = string_entry(field.message()?)?;
                    if key == "pkg.torch.onnx.name_scopes" {
                        node.name_scopes = Some(value);
                    }
                }
                _ => {}
            }
        }
        Ok(node)
    }
}

/// `StringStringEntryProto`.
pub(super) fn string_entry(message: Message<'_>) -> Result<(&str, &str), FormatError> {
    let (mut key, mut value) = ("", "");
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => key = field.text()?,
            2 => value = field.text()?,
            _ => {}
        }
    }
    Ok((key, value))
}

impl<'a> AttributeProto<'a> {
    fn parse(message: Message<'a>) -> Result<AttributeProto<'a>, FormatError> {
        let (mut name, mut kind, mut reference) = ("", None, None);
        let (mut int, mut float) = (0, 0.0);
        let mut text: &[u8] = &[];
        let (mut tensor, mut graph) = (None, None);
        let (mut ints, mut floats, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        // Files from before the `type` field: the field that is there tells.
        let mut guess = AttributeValue::Other;
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => name = field.text()?,
                2 => float = field.float()?,
                3 => int = field.int()?,
                4 => text = field.message()?.bytes,
                5 => tensor = Some(field.message()?),
                6 => graph = Some(field.message()?),
                7 => field.extend_floats(&mut floats)?,
                8 => field.extend_ints(&mut ints)?,
                9 => texts.push(field.message()?.bytes),
                20 => kind = Some(field.int()?),
                21 => reference = Some(field.text()?).filter(|name| !name.is_empty()),
                _ => {}
            }
            match field.number {
                2 => guess = AttributeValue::Float(0.0),
                3 => guess = AttributeValue::Int(0),
                4 => guess = AttributeValue::Text(&[]),
                7 => guess = AttributeValue::Floats(Vec::new()),
                8 => guess = AttributeValue::Ints(Vec::new()),
                9 => guess = AttributeValue::Texts(Vec::new()),
                _ => {}
            }
        }
        let kind = kind.filter(|kind| *kind != 0).unwrap_or(match (guess, tensor, graph) {
            (_, Some(_), _) => 4,
            (_, _, Some(_)) => 5,
            (AttributeValue::Float(_), ..) => 1,
            (AttributeValue::Int(_), ..) => 2,
            (AttributeValue::Text(_), ..) => 3,
            (AttributeValue::Floats(_), ..) => 6,
            (AttributeValue::Ints(_), ..) => 7,
            (AttributeValue::Texts(_), ..) => 8,
            _ => 0,
        });
        let value = match (reference, kind, tensor, graph) {
            (Some(reference), ..) => AttributeValue::Reference(reference),
            (_, 1, ..) => AttributeValue::Float(float),
            (_, 2, ..) => AttributeValue::Int(int),
            (_, 3, ..) => AttributeValue::Text(text),
            (_, 4, Some(tensor), _) => AttributeValue::Tensor(tensor),
            (_, 5, _, Some(graph)) => AttributeValue::Graph(graph),
            (_, 6, ..) => AttributeValue::Floats(floats),
            (_, 7, ..) => AttributeValue::Ints(ints),
            (_, 8, ..) => AttributeValue::Texts(texts),
            _ => AttributeValue::Other,
        };
        Ok(AttributeProto { name, value })
    }
}

impl<'a> ValueInfo<'a> {
    pub fn parse(message: Message<'a>) -> Result<ValueInfo<'a>, FormatError> {
        let mut info = ValueInfo::default();
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => info.name = field.text()?,
                2 => info.read_type(field.message()?, MAX_TYPE_DEPTH)?,
                _ => {}
            }
        }
        Ok(info)
    }

    /// `TypeProto`: tensors, sequences of them, and optionals, which are taken for what they may hold. Of
    /// sequences of other things nothing is known but that they are sequences.
    fn read_type(&mut self, message: Message<'a>, depth: usize) -> Result<(), FormatError> {
        for field in message.fields() {
            let field = field?;
            match field.number {
                TYPE_TENSOR | TYPE_SPARSE_TENSOR => self.read_tensor_type(field.message()?)?,
                TYPE_SEQUENCE | TYPE_OPTIONAL if depth > 0 => {
                    for part in field.message()?.fields() {
                        let part = part?;
                        if part.number == 1 {
                            self.read_type(part.message()?, depth - 1)?;
                        }
                    }
                    if field.number == TYPE_SEQUENCE && self.is_sequence {
                        (self.dtype, self.shape) = (None, None);
                    }
                    self.is_sequence |= field.number == TYPE_SEQUENCE;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `TypeProto.Tensor` or `TypeProto.SparseTensor`, which have the same fields.
    fn read_tensor_type(&mut self, message: Message<'a>) -> Result<(), FormatError> {
        for part in message.fields() {
            let part = part?;
            match part.number {
                1 => self.dtype = dtype::from_number(part.int()?),
                2 => self.shape = Some(dimensions(part.message()?)?),
                _ => {}
            }
        }
        Ok(())
    }

    /// The declared shape, with names of extents as symbols. An extent without a name gets one from `stem`
    /// and its axis. The second value tells whether a negative extent was taken for an unknown one.
    pub fn to_shape(&self, stem: &str) -> Option<(Shape, bool)> {
        let mut negative = false;
        let dims = self.shape.as_ref()?.iter().enumerate().map(|(axis, dim)| match dim {
            Dimension::Value(value) if *value >= 0 => Expr::Int(*value),
            Dimension::Name(name) => {
                name.parse::<Expr>().unwrap_or_else(|_| Expr::symbol(Symbol::new(name).as_str()))
            }
            other => {
                negative |= matches!(other, Dimension::Value(_));
                Expr::symbol(&format!("{stem}_{axis}"))
            }
        });
        Some((Shape::new(dims.collect::<Vec<_>>()), negative))
    }
}

/// `TensorShapeProto`.
fn dimensions<'a>(message: Message<'a>) -> Result<Vec<Dimension<'a>>, FormatError> {
    let mut dims = Vec::new();
    for field in message.fields() {
        let field = field?;
        if field.number != 1 {
            continue;
        }
        let mut dim = Dimension::Unknown;
        for part in field.message()?.fields() {
            let part = part?;
            match part.number {
                1 => dim = Dimension::Value(part.int()?),
                // "" and "?" are no names: two of them are not the same extent.
                2 => {
                    let name = part.text()?;
                    let is_name = name.contains(|c: char| c.is_alphanumeric());
                    dim = if is_name { Dimension::Name(name) } else { Dimension::Unknown };
                }
                _ => {}
            }
        }
        dims.push(dim);
        if dims.len() > MAX_RANK {
            return Err(FormatError::Corrupt {
                offset: field.offset,
                problem: format!("a tensor of more than {MAX_RANK} axes"),
            });
        }
    }
    Ok(dims)
}

/// The kinds of `TypeProto`.
const TYPE_TENSOR: u32 = 1;
const TYPE_SEQUENCE: u32 = 4;
const TYPE_SPARSE_TENSOR: u32 = 8;
const TYPE_OPTIONAL: u32 = 9;

/// Types within types are followed this deep: an optional sequence of optional tensors.
const MAX_TYPE_DEPTH: usize = 4;

/// No real tensor has more axes.
pub(super) const MAX_RANK: usize = 1024;
