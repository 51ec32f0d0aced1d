//! The machine a figure belongs to: this one, or one of a table of devices.
//!
//! A measured time means nothing without the processor it was measured on, so every report names it.
//! What the operating system does not say stays unknown here: it is never guessed. What a manufacturer does not say
//! stays unknown too, and every figure of the table ([`devices`]) carries its source, date and basis.
#![forbid(unsafe_code)]

pub mod devices;
mod features;
mod machine;

pub use devices::{Device, Devices};
pub use machine::Machine;
