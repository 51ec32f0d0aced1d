//! What each operator means: its shape rule, cost rule and memory rule, a file or folder per family.
//!
//! Operators here are semantic: formats translate their spellings and versions into them. A new operator is
//! one file, or one row of a family's table, in this crate and one row in a format's lowering table.
#![forbid(unsafe_code)]

// Families that multiply matrices.
mod attention;
mod matrix;
mod quantization;
mod signal;

// Families that compute element by element, or over axes.
mod elementwise;
mod fused;
mod normalization;
mod reduce;
mod spatial;
mod training;

// Families that make, move and hold tensors.
mod movement;
mod sequence;
mod tensors;

// Graphs inside nodes.
mod control;

// Beyond neural networks and the standard: trained classical models, text, what runtimes add, what
// nobody knows, what nobody can price.
mod classic;
mod opaque;
mod runtime;
mod text;
mod unpriced;

// What the families share: settings that may be inputs, values that are known.
mod parameter;
#[cfg(test)]
mod testing;
mod values;

pub use attention::{
    Attention, AttentionInputs, CausalConv, DecoderAttention, FlexAttention, GatedPositionBias,
    LinearAttention, OrderedAttention, PackedAttention, PackedForm, ProjectedAttention, RotaryEmbedding,
    RotaryPair, UpdateRule,
};
pub use classic::{FeatureMap, FeatureShape, Kernel, PostTransform, Prediction, Predictor, TrainedModel};
pub use control::{If, Loop, Scan, Search};
pub use elementwise::{
    Arity, Cast, Elementwise, FUNCTIONS, Function, Gate, Mask, POINTWISE, Pointwise, PointwiseFunction,
    Returns,
};
pub use fused::{Fused, ResultType};
pub use matrix::{
    Activation, BlockedConv, Cell, ChannelsLast, Conv, ConvTranspose, DeformConv, Einsum, ExpertInputs, Gemm,
    GroupRouter, Layout, MatMul, MixtureOfExperts, Recurrent, Reorder,
};
pub use movement::{Movement, Split, View};
pub use normalization::{EmbedNormalization, Norm, Normalization, SkipNorm, SkipNormalization};
pub use opaque::Opaque;
pub use parameter::Ints;
pub use quantization::{
    BlockQuantizedMatMul, Dequantize, DynamicQuantize, Granularity, IntegerMatMul, Quantize, QuantizedInput,
    Requantized,
};
pub use reduce::{ArgReduce, Cumulate, Reduce, TopK};
pub use runtime::RuntimeOperator;
pub use sequence::{Optional, Sequence, SequenceMap};
pub use signal::{Dft, MelWeights, RealDft, SignalAxis, Stft, TaperWindow};
pub use spatial::{
    AffineGrid, AspectRatio, CenterCropPad, ColumnsToImage, CropAndResize, Determinant, GlobalPool,
    GridSample, ImageDecoder, Interpolation, MaxUnpool, NonMaxSuppression, Padding, Pool, Pooling,
    RegionPool, RegionPooling, Resize, Scales, Window,
};
pub use tensors::{Constant, Distribution, Dropout, Expand, Generated, Query, Random, Selection, Triangle};
pub use text::{TermCounts, Text};
pub use training::{ClassLoss, Gradient, Optimizer, Reduction, UpdateStep};
pub use unpriced::{Known, Unpriced};
pub use values::held;
