//! Model files to graphs, a folder per format.
//!
//! Bytes in, graph out: nothing here touches the file system. Weights are never read or copied; the bytes
//! may be a memory map of a file of any size. Corrupt input is an error that names an offset or a node;
//! something merely unsupported is a graph with a diagnostic.
#![forbid(unsafe_code)]

pub mod onnx;
mod protobuf;

use weigh_ir::Model;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The bytes are not what the format prescribes.
    #[error("byte {offset}: {problem}")]
    Corrupt {
        /// Where.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
    /// The graph cannot be right.
    #[error("node '{node}': {problem}")]
    Node {
        /// Which node.
        node: String,
        /// What is wrong.
        problem: String,
    },
    /// Something that belongs to no single node.
    #[error("{0}")]
    Model(String),
    /// The graph is larger than any real one: a bound that keeps hostile files from taking all memory.
    #[error("the model has more than {limit} {what}")]
    TooLarge {
        /// Of what there is too much.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// No format recognises the bytes.
    #[error("not a model file of a known format")]
    Unrecognised,
}

impl FormatError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            FormatError::Corrupt { .. } => {
                "the file is damaged or incomplete: compare its size with the original's, or export it again"
            }
            FormatError::Node { .. } | FormatError::Model(_) => {
                "`onnx.checker.check_model` on the file tells whether the exporter or the file is at fault"
            }
            FormatError::TooLarge { .. } => {
                "real exports stay far below; if this one is real, export its blocks one by one and add them up"
            }
            FormatError::Unrecognised => {
                "weigh reads ONNX files (.onnx): export other models first, PyTorch's by torch.onnx.export, TensorFlow's \
                 and TFLite's by tf2onnx; `weigh zoo list` names built-in models"
            }
        }
    }
}

/// What a reader may ask of its surroundings.
pub struct Surroundings<'a> {
    /// The size of a file beside the model, if it is there.
    pub external_size: &'a dyn Fn(&str) -> Option<u64>,
}

/// One file format.
pub struct Format {
    /// Its name for people.
    pub name: &'static str,
    /// Usual endings of file names, without the dot.
    pub extensions: &'static [&'static str],
    /// Whether the beginning of a file looks like it.
    pub recognises: fn(&[u8]) -> bool,
    /// Reads a whole file.
    pub read: for<'a> fn(&'a [u8], &Surroundings<'a>) -> Result<Model, FormatError>,
}

/// Every format, in the order in which they are tried.
pub const FORMATS: &[Format] = &[onnx::FORMAT];

/// Reads a model of whatever format the bytes are in.
///
/// # Errors
/// See [`FormatError`].
pub fn read(bytes: &[u8], surroundings: &Surroundings<'_>) -> Result<Model, FormatError> {
    match FORMATS.iter().find(|format| (format.recognises)(bytes)) {
        Some(format) => (format.read)(bytes, surroundings),
        None => Err(FormatError::Unrecognised),
    }
}
