//! What a graph spells out of training: losses, optimisers, gradients.

mod loss;
mod optimizer;

pub use loss::{ClassLoss, Reduction};
pub use optimizer::{Gradient, Optimizer, UpdateStep};
