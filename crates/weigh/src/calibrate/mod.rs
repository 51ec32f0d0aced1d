//! What this machine can do, measured once and kept: its ceilings, and the time of an engine's kernels.

mod engine;

pub use engine::EngineCalibrator;
