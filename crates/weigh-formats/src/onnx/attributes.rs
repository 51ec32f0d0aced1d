//! A node's attributes, checked for their type when they are asked for.

use std::sync::Arc;

use weigh_ir::{DType, Place, Shape, Stored};

use super::read::{AttributeProto, AttributeValue, NodeProto};
use super::{at_node, dtype, tensor};
use crate::FormatError;

/// A node as the rows of the operator table see it.
pub(super) struct NodeView<'n, 'a> {
    /// The name for messages.
    pub name: &'n str,
    /// The type as spelled.
    pub op_type: &'a str,
    /// The attributes, references to a function's own resolved.
    pub attributes: &'n [AttributeProto<'a>],
    /// The version of the operator set that the node's domain is imported at.
    pub opset: i64,
    /// How many inputs are listed, empty ones included.
    pub input_count: usize,
    /// Of a loop: whether its body never asks to stop.
    pub runs_to_the_end: bool,
}

impl<'n, 'a> NodeView<'n, 'a> {
    pub fn new(
        node: &'n NodeProto<'a>,
        name: &'n str,
        opset: i64,
        runs_to_the_end: bool,
    ) -> NodeView<'n, 'a> {
        let input_count = node.inputs.len();
        NodeView {
            name,
            op_type: node.op_type,
            attributes: &node.attributes,
            opset,
            input_count,
            runs_to_the_end,
        }
    }

    fn find(&self, name: &str) -> Option<&'n AttributeValue<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }

    fn wrong(&self, name: &str, wanted: &str) -> FormatError {
        at_node(self.name, format!("attribute '{name}' of {} should be {wanted}", self.op_type))
    }

    /// Whether the attribute is there.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// An integer.
    pub fn int(&self, name: &str) -> Result<Option<i64>, FormatError> {
        match self.find(name) {
            None => Ok(None),
            Some(AttributeValue::Int(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong(name, "an integer")),
        }
    }

    /// An integer with a default.
    pub fn int_or(&self, name: &str, default: i64) -> Result<i64, FormatError> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// A flag: an integer that is 0 or not.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, FormatError> {
        Ok(self.int_or(name, i64::from(default))? != 0)
    }

    /// A list of integers, empty if absent.
    pub fn ints(&self, name: &str) -> Result<Vec<i64>, FormatError> {
        Ok(self.ints_if_any(name)?.unwrap_or_default())
    }

    /// A list of integers.
    pub fn ints_if_any(&self, name: &str) -> Result<Option<Vec<i64>>, FormatError> {
        match self.find(name) {
            None => Ok(None),
            Some(AttributeValue::Ints(values)) => Ok(Some(values.clone())),
            Some(_) => Err(self.wrong(name, "a list of integers")),
        }
    }

    /// A number with a default.
    pub fn float_or(&self, name: &str, default: f32) -> Result<f32, FormatError> {
        match self.find(name) {
            None => Ok(default),
            Some(AttributeValue::Float(value)) => Ok(*value),
            Some(_) => Err(self.wrong(name, "a number")),
        }
    }

    /// A list of numbers.
    pub fn floats_if_any(&self, name: &str) -> Result<Option<Vec<f32>>, FormatError> {
        match self.find(name) {
            None => Ok(None),
            Some(AttributeValue::Floats(values)) => Ok(Some(values.clone())),
            Some(_) => Err(self.wrong(name, "a list of numbers")),
        }
    }

    /// Text with a default.
    pub fn text_or(&self, name: &str, default: &'static str) -> Result<&'a str, FormatError> {
        match self.find(name) {
            None => Ok(default),
            Some(AttributeValue::Text(bytes)) => {
                std::str::from_utf8(bytes).map_err(|_| self.wrong(name, "text in UTF-8"))
            }
            Some(_) => Err(self.wrong(name, "text")),
        }
    }

    /// A list of texts, empty if absent; those that are not UTF-8 read as empty.
    pub fn texts(&self, name: &str) -> Result<Vec<&'a str>, FormatError> {
        match self.find(name) {
            None => Ok(Vec::new()),
            Some(AttributeValue::Texts(texts)) => {
                Ok(texts.iter().map(|text| std::str::from_utf8(text).unwrap_or_default()).collect())
            }
            Some(_) => Err(self.wrong(name, "a list of texts")),
        }
    }

    /// How many texts a list has.
    pub fn text_count(&self, name: &str) -> Result<Option<usize>, FormatError> {
        match self.find(name) {
            None => Ok(None),
            Some(AttributeValue::Texts(texts)) => Ok(Some(texts.len())),
            Some(_) => Err(self.wrong(name, "a list of texts")),
        }
    }

    /// A tensor.
    pub fn tensor(&self, name: &str) -> Result<Option<Arc<Stored>>, FormatError> {
        match self.find(name) {
            None => Ok(None),
            Some(AttributeValue::Tensor(message)) => Ok(Some(Arc::new(tensor::parse(*message)?.stored))),
            Some(_) => Err(self.wrong(name, "a tensor")),
        }
    }

    /// The numbers of a model: a list or a tensor as stored data, unless there are none. They decide no shape.
    pub fn stored(&self, name: &str) -> Result<Option<Arc<Stored>>, FormatError> {
        let (dtype, count, width) = match self.find(name) {
            None => return Ok(None),
            Some(AttributeValue::Tensor(_)) => return self.tensor(name),
            Some(AttributeValue::Floats(values)) => (DType::F32, values.len(), 4),
            Some(AttributeValue::Ints(values)) => (DType::I64, values.len(), 8),
            Some(_) => return Err(self.wrong(name, "a list of numbers or a tensor")),
        };
        let (shape, bytes) = (Shape::of(&[count as i64]), count as u64 * width);
        let stored = Stored { dtype, shape, bytes, value: None, place: Place::Memory };
        Ok((count > 0).then(|| Arc::new(stored)))
    }

    /// An element type.
    pub fn dtype(&self, name: &str) -> Result<Option<DType>, FormatError> {
        match self.int(name)? {
            None | Some(0) => Ok(None),
            Some(number) => match dtype::from_number(number) {
                Some(dtype) => Ok(Some(dtype)),
                None => Err(self.wrong(name, "an element type")),
            },
        }
    }
}
