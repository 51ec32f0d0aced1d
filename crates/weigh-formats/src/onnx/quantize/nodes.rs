//! Nodes and tensors as messages, and names that nobody has.

use std::collections::HashSet;

use weigh_ir::DType;

use crate::FormatError;
use crate::onnx::copy::copy_fields;
use crate::onnx::dtype;
use crate::protobuf::{Message, Writer};

/// A `NodeProto` of the standard.
pub(super) fn node(
    op_type: &str,
    name: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[(&str, i64)],
) -> Vec<u8> {
    let mut node = Writer::default();
    inputs.iter().for_each(|input| {
        node.bytes(1, input);
    });
    outputs.iter().for_each(|output| {
        node.bytes(2, output);
    });
    node.bytes(3, name).bytes(4, op_type);
    for (name, value) in attributes {
        node.message(5, |attribute| {
            attribute.bytes(1, name).int(3, *value).int(20, 2);
        });
    }
    node.0
}

/// A `Cast` to float32.
pub(super) fn to_float(name: &str, input: &str, output: &str) -> Vec<u8> {
    node("Cast", name, &[input], &[output], &[("to", dtype::number(DType::F32))])
}

/// A node that reads and makes other tensors; all else is copied, the type too if none is given.
pub(super) fn rewired(
    message: Message<'_>,
    inputs: &[String],
    outputs: &[String],
    op_type: Option<&str>,
) -> Result<Vec<u8>, FormatError> {
    let mut node = Writer::default();
    inputs.iter().for_each(|input| {
        node.bytes(1, input);
    });
    outputs.iter().for_each(|output| {
        node.bytes(2, output);
    });
    if let Some(op_type) = op_type {
        node.bytes(4, op_type);
    }
    let renamed = op_type.is_some();
    copy_fields(message, &mut node.0, &mut |field| {
        !(matches!(field.number, 1 | 2) || renamed && field.number == 4)
    })?;
    Ok(node.0)
}

/// The fields of a `TensorProto` but its data.
pub(super) fn tensor_header(name: &str, dtype: DType, dims: &[i64]) -> Writer {
    let mut header = Writer::default();
    dims.iter().for_each(|dim| {
        header.int(1, *dim);
    });
    header.int(2, dtype::number(dtype)).bytes(8, name);
    header
}

/// Names for what is new.
pub(super) struct Names<'s> {
    taken: HashSet<&'s str>,
    given: HashSet<String>,
}

impl<'s> Names<'s> {
    pub fn new(taken: HashSet<&'s str>) -> Names<'s> {
        Names { taken, given: HashSet::new() }
    }

    /// `stem/end`, with a number where that is taken.
    pub fn fresh(&mut self, stem: &str, end: &str) -> String {
        let mut name = format!("{stem}/{end}");
        let mut number = 2u64;
        while self.taken.contains(name.as_str()) || self.given.contains(&name) {
            name = format!("{stem}/{end}_{number}");
            number += 1;
        }
        self.given.insert(name.clone());
        name
    }
}
