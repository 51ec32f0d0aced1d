//! What models run on: this machine, a table of others, and the energy it takes.
//!
//! A measured time means nothing without the processor it was measured on, so every report names it.
//! What the operating system does not say stays unknown here: it is never guessed. What a manufacturer does not say
//! stays unknown too, and every figure of the table ([`devices`]) carries its source, date and basis.
//!
//! [`Machine::detect`] asks the system; [`ceilings::measure`] finds out what arithmetic and memory can do at most. The
//! latter needs instructions that safe Rust does not offer: unsafe code is in `ceilings/kernels/` alone, which says why.

mod caches;
pub mod ceilings;
pub mod devices;
pub mod energy;
mod features;
mod fingerprint;
mod gpus;
mod lists;
mod machine;
mod processor;
mod quota;

pub use caches::{Cache, CacheKind};
pub use devices::{Device, Devices};
pub use fingerprint::Fingerprint;
pub use gpus::Gpu;
pub use machine::Machine;
pub use processor::{Clock, Model};
