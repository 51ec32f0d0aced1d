//! Inferences asked for as a service is asked: at a rate, by several streams, all at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Interval, StageTime, Status};

/// One scenario, as MLPerf's load generator defines them. Rates are queries a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Scenario {
    /// `single-stream`, `multi-stream`, `offline`, `server`.
    pub name: String,
    /// Rate at which queries were meant to arrive; null where the next waits for the last.
    pub rate_asked: Option<f64>,
    /// Queries finished / time.
    pub rate_achieved: Option<f64>,
    /// Its 95 % confidence interval.
    pub rate_ci: Option<Interval>,
    /// Queries finished.
    pub queries: u64,
    /// From the first intended arrival to the last result.
    pub duration_s: Option<f64>,
    /// From the intended arrival of a query to its result, so that waiting for a late start counts.
    pub latency: Option<StageTime>,
    /// From the intended arrival to the start of the inference.
    pub queue: Option<StageTime>,
    /// From the start of the inference to the result.
    pub service: Option<StageTime>,
    /// Queries that one inference answered, on average.
    pub mean_batch: Option<f64>,
    /// The most queries that one inference answered.
    pub max_batch: Option<u64>,
    /// How late queries were issued, by the median.
    pub lag_p50_ms: Option<f64>,
    /// How late, by the 99th percentile.
    pub lag_p99_ms: Option<f64>,
    /// How late, at most.
    pub lag_max_ms: Option<f64>,
    /// Why the run proves nothing, e.g. that queries were issued too late; null for a valid one.
    pub void: Option<String>,
    /// The search for the highest rate that meets a requirement.
    pub slo: Option<SloSearch>,
}

/// The search for the highest rate that meets a requirement. Rates are queries a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SloSearch {
    /// As written, e.g. `p99<=50ms`.
    pub requirement: String,
    /// The highest rate that met it.
    pub highest_rate: Option<f64>,
    /// The lowest rate above that missed it, or at which it cannot be told.
    pub lowest_missed: Option<f64>,
    /// The rates tried, in the order tried.
    pub probes: Vec<SloProbe>,
}

/// One rate tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SloProbe {
    /// Rate asked for.
    pub rate: f64,
    /// Rate achieved.
    #[serde(default)]
    pub rate_achieved: Option<f64>,
    /// Queries finished.
    #[serde(default)]
    pub queries: u64,
    /// The latency that the requirement is about.
    #[serde(default)]
    pub value_ms: Option<f64>,
    /// Its 95 % confidence interval.
    #[serde(default)]
    pub value_ci_ms: Option<Interval>,
    /// Whether the requirement is met.
    pub status: Status,
    /// Why the probe proves nothing; null for a valid one.
    #[serde(default)]
    pub void: Option<String>,
}
