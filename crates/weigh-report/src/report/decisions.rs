//! What follows from the facts: comparisons, verdicts on requirements, advice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, Interval};

/// One metric of two models or reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Comparison {
    /// Name of the first.
    pub a: String,
    /// Name of the second.
    pub b: String,
    /// What the first was run with where that differs, e.g. `--opt none`.
    pub a_setting: Option<String>,
    /// What the second was run with.
    pub b_setting: Option<String>,
    /// The metric in its usual word: `parameters`, `macs`, `latency`.
    pub metric: String,
    /// Value of the first, in the metric's unit.
    pub a_value: Option<f64>,
    /// Value of the second.
    pub b_value: Option<f64>,
    /// Smallest sample of the first, in the metric's unit.
    pub a_min: Option<f64>,
    /// Smallest sample of the second.
    pub b_min: Option<f64>,
    /// b / a.
    pub ratio: Option<f64>,
    /// 95 % confidence interval of the ratio.
    pub ci: Option<Interval>,
    /// How far from 1 the ratio may lie and still count as equal, e.g. 0.01.
    pub band: Option<f64>,
    /// Pairs of rounds, one of each side next to each other in time.
    pub pairs: Option<u64>,
    /// Fresh processes of each side.
    pub processes: Option<u32>,
    /// What it says about b; null for counts, which are neither fast nor slow.
    pub verdict: Option<ComparisonVerdict>,
    /// Smallest change of the ratio that these measurements could have shown, e.g. 0.02.
    pub detectable: Option<f64>,
    /// Largest absolute difference between the two models' outputs on the same inputs.
    pub output_difference: Option<f64>,
    /// The same, over the largest absolute value among the first's outputs.
    pub relative_output_difference: Option<f64>,
    /// What to know about it.
    pub notes: Vec<String>,
}

/// What a comparison says about b.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ComparisonVerdict {
    /// The interval lies on the fast side.
    Faster,
    /// The interval lies on the slow side.
    Slower,
    /// The interval lies within what counts as equal.
    Same,
    /// The measurements cannot tell.
    Unclear,
}

/// A requirement or budget and whether it is met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// As written, e.g. `p99<=33ms`.
    pub requirement: String,
    /// The limit, in `unit`.
    pub limit: Option<f64>,
    /// What was found, in `unit`.
    pub actual: Option<f64>,
    /// Unit of both.
    pub unit: String,
    /// Whether it is met.
    pub status: Status,
    /// Room left, as a share of the limit; negative where the requirement is missed.
    pub margin: Option<f64>,
}

/// Whether a requirement is met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Met.
    Met,
    /// Missed.
    Missed,
    /// Not known: something it needs was not measured or could not be priced.
    #[default]
    Unknown,
}

/// Something to change, and what it would bring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Advice {
    /// The technique, e.g. `depthwise separable convolution`.
    pub technique: String,
    /// What it helps: latency, throughput, memory or compute.
    pub goal: String,
    /// Names of the layers or modules it applies to; empty for the whole model.
    #[serde(default)]
    pub applies_to: Vec<String>,
    /// Cost before.
    #[serde(default)]
    pub before: Costs,
    /// Cost after.
    #[serde(default)]
    pub after: Costs,
    /// After − before.
    #[serde(default)]
    pub changes: Costs,
    /// What the figures rest on.
    pub basis: Basis,
}

/// The costs that advice is about; null where it says nothing about one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Costs {
    /// Multiply-accumulates.
    pub macs: Option<Count>,
    /// Parameters.
    pub parameters: Option<Count>,
    /// Bytes of memory.
    pub bytes: Option<Count>,
    /// Latency in milliseconds.
    pub latency_ms: Option<f64>,
}

/// What a figure rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// A measurement on this machine.
    Measured,
    /// Counted from the graph.
    Computed,
    /// A rule of thumb.
    Rule,
}
