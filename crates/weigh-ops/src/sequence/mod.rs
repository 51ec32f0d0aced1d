//! Sequences of tensors, and values that may be absent.

mod map;
mod members;
mod optional;

pub(crate) use members::merge;

pub use map::SequenceMap;
pub use members::Sequence;
pub use optional::Optional;
