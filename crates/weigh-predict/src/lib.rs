//! What a model would take on a device, without running it there.
//!
//! A graph becomes [`Kernels`]: what an engine executes at once. The time of a kernel has a bound, what the ceilings of a
//! device allow ([`roofline`]), and an expectation: from kernels that were timed on this machine ([`calibrated`]), or
//! from what devices of a class reach of their ceilings ([`device_class`]). [`gap`] lays out a measured time by causes;
//! [`demand`], [`fit`] and [`resident`] are about memory.
#![forbid(unsafe_code)]

pub mod calibrated;
pub mod demand;
pub mod device_class;
pub mod fit;
pub mod gap;
mod kernel;
pub mod resident;
pub mod roofline;

pub use kernel::{Kernel, Kernels, Products, VIEW, Workload};
