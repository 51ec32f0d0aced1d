//! Products of matrices and what is made of them: convolutions, experts, recurrent cells.

mod blocked;
mod channels_last;
mod conv;
mod linear;
mod moe;
mod recurrent;

pub use blocked::{BlockedConv, Reorder};
pub use channels_last::ChannelsLast;
pub use conv::{Conv, ConvTranspose, DeformConv, Layout};
pub use linear::{Einsum, Gemm, MatMul};
pub use moe::{ExpertInputs, GroupRouter, MixtureOfExperts};
pub use recurrent::{Activation, Cell, Recurrent};
