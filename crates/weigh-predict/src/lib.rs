//! What a model would take on a device, without running it there.
#![forbid(unsafe_code)]

pub mod calibrated;
mod kernel;

pub use kernel::{Kernel, Kernels, Products, VIEW, Workload};
