//! Normalisations and softmax, alone and with the sum or the embedding before them.

mod backward;
mod normalize;
mod skip;

pub use normalize::{Norm, Normalization};
pub use skip::{EmbedNormalization, SkipNorm, SkipNormalization};
