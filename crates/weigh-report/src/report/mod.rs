//! The document `weigh.report/1`.
//!
//! Invariants:
//! - every key is always written: a list may be empty, and what is unknown or does not apply is null;
//! - numbers are plain integers or floats in the unit their key names;
//! - reading accepts keys it does not know and lacks, but no other version of the document;
//! - paths and the words of closed lists (`met`, `missed`, `unknown`) are stable within a version; keys may be added.

mod conditions;
mod conventions;
mod count;
mod decisions;
mod device;
mod energy;
mod fit;
mod history;
mod layers;
mod made_by;
mod memory;
mod model;
mod performance;
mod plan;
mod prediction;
mod quantization;
mod read;
mod scenario;
mod sweep;
mod totals;
mod training;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use conditions::{DataSource, Noise, Outliers, WarmUp};
pub use conventions::{Convention, ConventionNote, ConventionTerm, ConventionUnit};
pub use count::{Count, Formula, Shape};
pub use decisions::{
    Advice, Basis, Comparison, ComparisonVerdict, Costs, Effort, LayerChange, LayerChangeKind, Status,
    Verdict,
};
pub use device::{DeviceFigure, DeviceInfo, DeviceLevel, DeviceMultiple, FigureBasis, Grounds, PeakRate};
pub use energy::EnergyEstimate;
pub use fit::{Fit, FitNeed, FitRemedy};
pub use history::{
    History, HistoryChange, HistoryLevel, HistoryMachine, HistoryMark, HistoryMarkKind, HistoryRun,
    HistorySeries, HistorySettings, HistoryVerdict,
};
pub use layers::{Layer, Module};
pub use made_by::MadeBy;
pub use memory::{Arena, Memory, MemoryStep, Placement};
pub use model::{Diagnostic, Environment, MachineCache, MachineGpu, Member, Model, Severity, Tensor};
pub use performance::{
    Engine, Interval, LayerTime, Measurement, ProcessMemory, SAMPLES_FOR, StageTime, Stages, Throughput,
    Times,
};
pub use plan::{Configuration, Plan, PlannedWorkload};
pub use prediction::{
    BandwidthCeiling, Bound, BoundShare, Ceilings, Gap, GapLayer, GapPart, PredictedBatch, PredictedLayer,
    Prediction, PredictionBasis,
};
pub use quantization::{NotFolded, Quantization, QuantizedTensor};
pub use read::{ReadError, SCHEMA, Version};
pub use scenario::{Estimate, Scenario, SloProbe, SloSearch};
pub use sweep::{EngineInfo, SloChoice, Sweep};
pub use totals::{Activations, Complete, Coverage, Extent, Growth, ModelSize, Scaling, Totals, UnknownOp};
pub use training::{CheckpointPlan, CheckpointSegment, Checkpointing, Training, TrainingLayer};

/// Everything one command found out about one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Name and version of this document.
    pub schema: Version,
    /// The program and the command that made it; null in documents from before they were kept.
    #[serde(default)]
    pub made_by: Option<MadeBy>,
    /// The model; null where a command needs none.
    #[serde(default)]
    pub model: Option<Model>,
    /// What each symbol was bound to.
    #[serde(default)]
    pub bindings: BTreeMap<String, i64>,
    /// The bound symbols that the user did not give a value for.
    #[serde(default)]
    pub assumed: Vec<String>,
    /// The symbols without a value: counts are formulas over them.
    #[serde(default)]
    pub unbound: Vec<String>,
    /// Totals over the model.
    #[serde(default)]
    pub totals: Option<Totals>,
    /// How totals depend on the symbols.
    #[serde(default)]
    pub scaling: Option<Scaling>,
    /// How many nodes the totals cover.
    #[serde(default)]
    pub coverage: Option<Coverage>,
    /// The nodes, in execution order.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// The module tree, parents first.
    #[serde(default)]
    pub modules: Vec<Module>,
    /// What other tools would count.
    #[serde(default)]
    pub conventions: Vec<Convention>,
    /// Memory over the steps, where it was asked for.
    #[serde(default)]
    pub memory: Option<Memory>,
    /// What training takes, where it was asked for.
    #[serde(default)]
    pub training: Option<Training>,
    /// What became of its weights, where they were put in fewer bits.
    #[serde(default)]
    pub quantization: Option<Quantization>,
    /// The machine measurements were made on.
    #[serde(default)]
    pub environment: Option<Environment>,
    /// What was measured.
    #[serde(default)]
    pub measurements: Vec<Measurement>,
    /// What the measurements say together, where configurations were swept.
    #[serde(default)]
    pub sweep: Option<Sweep>,
    /// The engines that models can be run with.
    #[serde(default)]
    pub engines: Vec<EngineInfo>,
    /// The devices that were asked for.
    #[serde(default)]
    pub devices: Vec<DeviceInfo>,
    /// Measurements of other days.
    #[serde(default)]
    pub history: Option<History>,
    /// What is predicted.
    #[serde(default)]
    pub predictions: Vec<Prediction>,
    /// Comparisons with another model or report.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// The layers beside those of the model it is compared with, where that was asked for.
    #[serde(default)]
    pub layer_changes: Vec<LayerChange>,
    /// Whether another of the compared models is at least as good in every metric, and better in one: its name.
    #[serde(default)]
    pub dominated_by: Option<String>,
    /// Requirements and whether they are met.
    #[serde(default)]
    pub verdicts: Vec<Verdict>,
    /// What serving a workload takes.
    #[serde(default)]
    pub plan: Option<Plan>,
    /// What to change.
    #[serde(default)]
    pub advice: Vec<Advice>,
    /// Remarks.
    #[serde(default)]
    pub diagnostics: Vec<Diagnostic>,
}

/// The JSON schema of [`Report`], as published.
pub fn schema() -> schemars::Schema {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("$id".to_owned(), SCHEMA.into());
    schema.insert("title".to_owned(), "weigh report".into());
    schema
}
