//! The machine a figure belongs to, and the energy it takes.
//!
//! A measured time means nothing without the processor it was measured on, so every report names it.
//! What the operating system does not say stays unknown here: it is never guessed.
#![forbid(unsafe_code)]

pub mod energy;
mod features;
mod machine;

pub use machine::Machine;
