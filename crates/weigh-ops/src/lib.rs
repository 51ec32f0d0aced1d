//! What each operator means: its shape rule, cost rule and memory rule, a file per family.
//!
//! Operators here are semantic: formats translate their spellings and versions into them. A new operator is
//! one file, or one row of a family's table, in this crate and one row in a format's lowering table.
#![forbid(unsafe_code)]

mod attention;
mod blocked;
mod channels_last;
mod control;
mod conv;
mod detection;
mod elementwise;
mod flex_attention;
mod fused;
mod image;
mod linear;
mod linear_attention;
mod loss;
mod moe;
mod movement;
mod normalization;
mod opaque;
mod optional;
mod parameter;
mod pointwise;
mod pool;
mod quantize;
mod random;
mod recurrent;
mod reduce;
mod requantize;
mod resize;
mod rotary;
mod sequence;
mod sequence_map;
mod signal;
mod skip;
mod tensors;
#[cfg(test)]
mod testing;
mod text;
mod training;
mod values;
mod views;
mod window;

pub use attention::{Attention, AttentionInputs, ProjectedAttention};
pub use blocked::{BlockedConv, Reorder};
pub use channels_last::ChannelsLast;
pub use control::{If, Loop, Scan};
pub use conv::{Conv, ConvTranspose, DeformConv, Layout};
pub use detection::{NonMaxSuppression, RegionPool, RegionPooling};
pub use elementwise::{Arity, Cast, Elementwise, FUNCTIONS, Function, Returns};
pub use flex_attention::FlexAttention;
pub use fused::{Fused, ResultType};
pub use image::{CenterCropPad, ColumnsToImage, Determinant, ImageDecoder};
pub use linear::{Einsum, Gemm, MatMul};
pub use linear_attention::{CausalConv, LinearAttention, UpdateRule};
pub use loss::{ClassLoss, Reduction};
pub use moe::{ExpertInputs, GroupRouter, MixtureOfExperts};
pub use movement::{Movement, Split};
pub use normalization::{Norm, Normalization};
pub use opaque::Opaque;
pub use optional::Optional;
pub use parameter::Ints;
pub use pointwise::{Gate, Mask, POINTWISE, Pointwise, PointwiseFunction};
pub use pool::{GlobalPool, MaxUnpool, Pool, Pooling};
pub use quantize::{BlockQuantizedMatMul, Dequantize, DynamicQuantize, Granularity, IntegerMatMul, Quantize};
pub use random::{Distribution, Dropout, Random};
pub use recurrent::{Activation, Cell, Recurrent};
pub use reduce::{ArgReduce, Cumulate, Reduce, TopK};
pub use requantize::{QuantizedInput, Requantized};
pub use resize::{AffineGrid, AspectRatio, GridSample, Interpolation, Resize, Scales};
pub use rotary::RotaryEmbedding;
pub use sequence::Sequence;
pub use sequence_map::SequenceMap;
pub use signal::{Dft, MelWeights, SignalAxis, Stft, TaperWindow};
pub use skip::{EmbedNormalization, SkipNorm, SkipNormalization};
pub use tensors::{Constant, Expand, Generated, Query, Selection, Triangle};
pub use text::{TermCounts, Text};
pub use training::{Gradient, Optimizer, UpdateStep};
pub use values::held;
pub use views::View;
pub use window::{Padding, Window};
