//! A model file rewritten with its weights in fewer bits, without calibration and with standard operators only.
//!
//! [`Plan::new`] reads the graph and decides for each stored tensor what becomes of it (`choose`): no weight is
//! looked at. From there two ways lead on. [`Plan::skeleton`] is the rewritten model with its weights declared as
//! external data that nobody stores: a small file with the exact types and sizes, to be analysed. [`Plan::write`] is
//! the real file: weights are read one at a time (`values`), put in other words (`encode`) and written, so memory
//! follows the largest tensor. [`Plan::file_bytes`] is known beforehand and exact.
//!
//! A stored tensor `W` becomes `W/int8` and `W/scale`, and a node that dequantises them makes `W`: readers, those in
//! subgraphs too, are as they were. Sources of the formulas: the ONNX operators `DequantizeLinear` (operator sets 10, 13
//! and 21), `DynamicQuantizeLinear` (11), `MatMulInteger` and `ConvInteger` (10).

mod builder;
mod choose;
mod dynamic;
mod encode;
mod file;
mod fold;
mod form;
mod nodes;
mod operator_set;
mod plan;
mod raise;
mod rewrite;
mod roles;
mod source;
mod values;

pub use encode::WeightError;
pub use file::Beside;
pub use plan::{Plan, Row, Written};
pub use values::External;

use std::io;

use crate::FormatError;

/// The type that weights are stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightType {
    /// As they are.
    F32,
    /// IEEE binary16, and a `Cast`.
    F16,
    /// The upper half of binary32, and a `Cast`.
    Bf16,
    /// Eight bits, one scale per output channel.
    I8,
    /// Four bits, one scale per block of inputs.
    I4,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// The type that weights are stored in.
    pub weights: WeightType,
    /// Whether products are computed with integers, activations quantised at run time; with [`WeightType::I8`].
    pub dynamic: bool,
    /// Weights that share a scale, with [`WeightType::I4`].
    pub block: u32,
    /// Whether batch normalisations are folded into the convolutions before them.
    pub fold_batch_norm: bool,
    /// Nodes and tensors that are left as they are.
    pub skip: Vec<String>,
}

impl Request {
    /// This type of weights and nothing else.
    pub fn of(weights: WeightType) -> Request {
        Request { weights, dynamic: false, block: 32, fold_batch_norm: false, skip: Vec::new() }
    }
}

/// Why a model cannot be rewritten.
#[derive(Debug, thiserror::Error)]
pub enum QuantizeError {
    /// The file is damaged.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The request contradicts itself.
    #[error("{0}")]
    Request(&'static str),
    /// A node or tensor to be left that is not there.
    #[error("the model has no node and no tensor '{0}'")]
    NoSuchLayer(String),
    /// The standard's operators of that time lack what is needed, and the graph cannot be carried to a later time.
    #[error("{needs} needs operator set {wanted}; the model is of {found}, and {why}")]
    OperatorSet {
        /// What needs it.
        needs: &'static str,
        /// The version.
        wanted: i64,
        /// The model's.
        found: i64,
        /// What is in the way.
        why: String,
    },
    /// A node that keeps a tensor in another file, where only stored tensors of the main graph may.
    #[error("node '{0}' keeps a tensor in an external file")]
    Nested(String),
    /// Weights that are not as the file says.
    #[error("tensor '{tensor}': {problem}")]
    Weights {
        /// The tensor.
        tensor: String,
        /// What is wrong.
        problem: String,
    },
    /// More than one file can hold, and no second file to write to.
    #[error("the file would have {0} bytes, and ONNX files end at 2 GiB")]
    TooLarge(u64),
    /// The copy cannot be written.
    #[error("cannot write the model")]
    Io(#[from] io::Error),
}

impl QuantizeError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            QuantizeError::Format(error) => error.hint(),
            QuantizeError::Request(_) => "see `weigh quantize --help`",
            QuantizeError::NoSuchLayer(_) => "`weigh inspect MODEL --layers` lists the names of nodes",
            QuantizeError::OperatorSet { .. } => {
                "export the model again for the newer operator set, or choose int8, which needs no newer one"
            }
            QuantizeError::Nested(_) => {
                "save the model as one file first: `onnx.save(onnx.load(PATH), OTHER)` in Python"
            }
            QuantizeError::Weights { .. } => {
                "the file or its external data is damaged or incomplete: export or download it again"
            }
            QuantizeError::TooLarge(_) => "give a place for a file of weights beside it",
            QuantizeError::Io(_) => "check that the folder exists, may be written to and has room",
        }
    }
}
