//! What a model would take on a device, without running it there.
#![forbid(unsafe_code)]

pub mod demand;
pub mod fit;
pub mod resident;
