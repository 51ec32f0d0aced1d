//! ONNX: protobuf messages (`read`), their meaning as a graph (`lower`, `operators`), and back (`write`).
//!
//! Field numbers are those of onnx.proto (<https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>).

mod annotate;
mod attributes;
mod blocked;
mod copy;
mod dtype;
mod lower;
mod operators;
mod order;
pub mod quantize;
mod read;
mod rebatch;
mod scope;
mod tensor;
mod write;

pub use annotate::{AnnotateError, Note, Notes, annotate};
pub use operators::{Spelling, spellings};
pub use rebatch::{NewExtent, NewShape, RebatchError, rebatch};
pub use write::{DECLARED, Weights, WriteError, WriteOptions, write};

use crate::protobuf::Message;
use crate::{Format, FormatError};

/// The format's entry in the registry.
pub const FORMAT: Format =
    Format { name: "ONNX", extensions: &["onnx"], recognises: looks_like_onnx, read: lower::read };

/// Graphs of more nodes than this, functions inlined, are refused: a bound on memory for hostile files, an
/// order of magnitude above the largest exports.
pub const MAX_NODES: usize = 1 << 18;
/// Tensors of a model, likewise.
pub const MAX_TENSORS: usize = 1 << 20;
/// Subgraphs and functions nested deeper than this are refused.
pub const MAX_DEPTH: usize = 64;

/// Protobuf messages, and so files, end here.
const MAX_BYTES: u64 = (1 << 31) - 1;

/// For every node of the main graph as it is read, the place in the file of the node that it is from. They differ where
/// functions are inlined and where the file has its nodes out of order.
///
/// # Errors
/// Those of reading the file.
pub fn origins(bytes: &[u8]) -> Result<Vec<usize>, FormatError> {
    lower::origins(bytes)
}

/// Whether the bytes begin like a ModelProto: every field up to the graph is one that ModelProto has, with
/// the wire type it has there.
fn looks_like_onnx(bytes: &[u8]) -> bool {
    let mut seen_any = false;
    for field in Message::file(bytes).fields() {
        let Ok(field) = field else { return seen_any };
        let fits = match field.number {
            1 | 5 => field.int().is_ok(),
            2..=4 | 6 | 7 | 8 | 14 | 20 | 25 | 26 => field.message().is_ok(),
            _ => false,
        };
        if !fits {
            return false;
        }
        seen_any = true;
        if field.number == 7 {
            return true;
        }
    }
    seen_any
}

/// A file error in the words of a node.
fn at_node(node: &str, problem: impl Into<String>) -> FormatError {
    FormatError::Node { node: node.to_owned(), problem: problem.into() }
}
