//! What a model would take on a device, without running it there.
#![forbid(unsafe_code)]

pub mod calibrated;
pub mod demand;
pub mod fit;
mod kernel;
pub mod resident;

pub use kernel::{Kernel, Kernels, Products, VIEW, Workload};
