//! Models beside each other: ratios to a baseline, who is dominated, and which layers differ.

mod align;
pub mod layers;
mod sequence;
