//! What follows from the facts: comparisons, verdicts on requirements, advice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, Interval, PredictionBasis};

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
    /// 95 % confidence interval of the first's value.
    pub a_ci: Option<Interval>,
    /// 95 % confidence interval of the second's value.
    pub b_ci: Option<Interval>,
    /// Whether the first's value misses something: it is at least that.
    pub a_is_lower_bound: bool,
    /// Whether the second's value misses something.
    pub b_is_lower_bound: bool,
    /// The device that predicted values are for; null for what was counted or measured.
    pub device: Option<String>,
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
    /// What the values rest on.
    pub basis: Option<Basis>,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Verdict {
    /// As written, e.g. `latency.p99<=33ms`.
    pub requirement: String,
    /// The metric's path, e.g. `latency.p99`.
    pub metric: String,
    /// Where the requirement is from: `--require`, a class of applications, a budget file.
    pub source: Option<String>,
    /// The configuration that was judged, where there were several: `batch 8`.
    pub configuration: Option<String>,
    /// The limit, in `unit`.
    pub limit: Option<f64>,
    /// What was found, in `unit`.
    pub actual: Option<f64>,
    /// Whether what was found is only a lower bound: a total that misses an operator, a percentile that the samples
    /// cannot bound.
    pub actual_is_lower_bound: bool,
    /// 95 % confidence interval of what was found, in `unit`.
    pub actual_ci: Option<Interval>,
    /// What the saved baseline has, where the limit is relative to it, in `unit`.
    pub baseline: Option<f64>,
    /// Unit of all of them: `ms`, `bytes`, `/s`, `J`, `$/h`, `share` (of 1); empty for counts.
    pub unit: String,
    /// What was found rests on.
    pub basis: Option<Basis>,
    /// Whether it is met.
    pub status: Status,
    /// Room left, as a share of the limit; negative where the requirement is missed.
    pub margin: Option<f64>,
    /// The most that can be asked for: samples per second that were finished, or follow from the latency found.
    pub capacity_per_second: Option<f64>,
    /// The layers that brought it, where the requirement is missed: those that grew most since the baseline; without
    /// one, the heaviest, of which only the second model's side is filled.
    pub causes: Vec<LayerChange>,
    /// Why it is not known, and what to know about it.
    pub notes: Vec<String>,
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

/// A layer of one model beside the layer of another that it corresponds to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LayerChange {
    /// What became of it.
    pub kind: LayerChangeKind,
    /// Name of the layer in the first model; null for one that was added.
    pub a: Option<String>,
    /// Name of the layer in the second model; null for one that was removed.
    pub b: Option<String>,
    /// Operator, of the second model where both have the layer.
    pub op: String,
    /// What differs, in words: `64 -> 128 output channels`.
    pub what: Vec<String>,
    /// Costs in the first model.
    pub before: Costs,
    /// Costs in the second model.
    pub after: Costs,
    /// After − before; what a missing layer costs counts as nothing.
    pub changes: Costs,
}

/// What became of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LayerChangeKind {
    /// Only the second model has it.
    Added,
    /// Only the first model has it.
    Removed,
    /// Both have it, with other shapes, options or costs.
    #[default]
    Changed,
    /// Both have it alike.
    Same,
}

/// Something to change, and what it would bring.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Advice {
    /// The technique, e.g. `depthwise separable convolution`.
    pub technique: String,
    /// What it helps: latency, throughput, memory, compute or energy.
    pub goal: String,
    /// What it is, in a line.
    pub about: String,
    /// Names of the layers or modules it applies to; empty for the whole model.
    pub applies_to: Vec<String>,
    /// Cost before.
    pub before: Costs,
    /// Cost after.
    pub after: Costs,
    /// After − before.
    pub changes: Costs,
    /// The goal's metric after / before: below 1 where the technique helps (above 1 for throughput). Null where it could
    /// not be worked out, and the notes say why.
    pub gain: Option<f64>,
    /// The gain that was expected, where `gain` is measured.
    pub predicted_gain: Option<f64>,
    /// What the gain rests on.
    pub basis: Basis,
    /// What the expected times rest on, where there are some: the engine calibrated here, or a class of devices.
    pub time_basis: Option<PredictionBasis>,
    /// What it needs of whoever does it.
    pub needs: Effort,
    /// The command that does it or checks it.
    pub command: Option<String>,
    /// One against the other, where it was measured; the costs before and after stay what was expected.
    pub measured: Option<Comparison>,
    /// Whether it cannot be done to this model; the notes say why, and nothing is claimed.
    pub refused: bool,
    /// What to know about it.
    pub notes: Vec<String>,
    /// Where the technique is from.
    pub source: Option<String>,
}

/// What a technique needs before the model is as good as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// Nothing: the outputs are those of the model, up to rounding.
    #[default]
    Nothing,
    /// A look at the outputs: they change a little.
    Check,
    /// Some inputs to calibrate with.
    Calibration,
    /// Training on, for a short while.
    FineTuning,
    /// Training anew.
    Retraining,
}

/// The costs that a comparison or advice is about; null where it says nothing about one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Costs {
    /// Multiply-accumulates.
    pub macs: Option<Count>,
    /// Parameters.
    pub parameters: Option<Count>,
    /// Bytes of the stored model.
    pub bytes: Option<Count>,
    /// Bytes of activations at their peak.
    pub peak_bytes: Option<Count>,
    /// Bytes that a device needs: weights, peak and workspace.
    pub device_bytes: Option<Count>,
    /// Bytes read and written.
    pub bytes_moved: Option<Count>,
    /// Latency in milliseconds.
    pub latency_ms: Option<f64>,
    /// Its interval.
    pub latency_ci_ms: Option<Interval>,
    /// Samples per second.
    pub throughput_per_second: Option<f64>,
    /// Energy of one sample in millijoules.
    pub energy_mj: Option<f64>,
}

/// What a figure rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// A measurement on this machine.
    Measured,
    /// Counted from the graph.
    Computed,
    /// Expected, by a prediction.
    Predicted,
    /// Given by the user.
    Given,
    /// A rule of thumb.
    #[default]
    Rule,
}

impl Basis {
    /// The word for it in documents.
    pub fn name(self) -> &'static str {
        match self {
            Basis::Measured => "measured",
            Basis::Computed => "computed",
            Basis::Predicted => "predicted",
            Basis::Given => "given",
            Basis::Rule => "rule",
        }
    }

    /// The words for it that people read.
    pub fn words(self) -> &'static str {
        match self {
            Basis::Rule => "rule of thumb",
            known => known.name(),
        }
    }
}
