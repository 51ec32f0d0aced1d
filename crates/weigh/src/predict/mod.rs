//! What a model would take, without running it: on this machine as it was calibrated ([`OnThis`]), on a device of the
//! table ([`on_device`]), or for figures alone ([`without_model`]).

mod ceilings;
mod device;
mod gap;
mod memory;
mod this;

use weigh_hardware::energy::carbon::Grid;
use weigh_ir::DType;

use crate::energy::Question;
pub use device::{NoPrediction, on_device, without_model};
pub use gap::explain;
pub use this::OnThis;

/// What is asked about a model on a device.
#[derive(Clone, Debug, Default)]
pub struct PredictionRequest {
    /// Samples in one inference, each to be predicted; empty for what the model has.
    pub batches: Vec<u64>,
    /// The element type to compute in; `None` for the model's own.
    pub dtype: Option<DType>,
    /// The element type that weights are stored in where they are narrower than what is computed in, on a device whose
    /// kernels widen them as they read; `None` for the type computed in.
    pub weights: Option<DType>,
    /// The longest that an inference may take, in milliseconds.
    pub limit_ms: Option<f64>,
    /// Inferences per second that a battery is to last for.
    pub rate: Option<f64>,
    /// Where electricity comes from.
    pub grid: Option<Grid>,
    /// A time that was measured elsewhere, in milliseconds.
    pub measured_ms: Option<f64>,
    /// Whether a training step is meant.
    pub training: bool,
}

impl PredictionRequest {
    /// What it asks about energy.
    fn energy(&self, battery_watt_hours: Option<f64>, idle_watts: Option<f64>) -> Question {
        Question { battery_watt_hours, idle_watts, rate: self.rate, grid: self.grid.clone() }
    }
}

/// No batch larger than this is looked for.
const LARGEST_BATCH: u64 = 1 << 16;
