//! What this machine can do, measured once and kept: its ceilings, and the time of an engine's kernels.

mod engine;
mod machine;
mod store;

pub use engine::EngineCalibrator;
pub use machine::this_device;
pub use store::{Calibration, CalibrationError};
