//! Inferences asked for as a service is asked: at a rate, by several streams, all at once.

use std::collections::BTreeMap;

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
    /// How many inferences answered so many queries, by that number.
    pub batches: BTreeMap<u64, u64>,
    /// Queries that had not started when the run was ended.
    pub unstarted: Option<u64>,
    /// The percentile that MLPerf judges the scenario by, bounded from above with 99 % confidence.
    pub estimate: Option<Estimate>,
    /// How late queries were issued, by the median.
    pub lag_p50_ms: Option<f64>,
    /// How late, by the 99th percentile.
    pub lag_p99_ms: Option<f64>,
    /// How late, at most.
    pub lag_max_ms: Option<f64>,
    /// How much of the latency is that lateness, at most, between 0 and 1.
    pub lag_share: Option<f64>,
    /// Why the run proves nothing, e.g. that queries were issued too late; null for a valid one.
    pub void: Option<String>,
    /// The search for the highest rate that meets a requirement.
    pub slo: Option<SloSearch>,
}

/// The early-stopping estimate of a percentile (MLPerf's load generator).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Estimate {
    /// Which, e.g. `p99`.
    pub percentile: String,
    /// The estimate; null where there were too few queries.
    pub ms: Option<f64>,
}

/// The search for the highest rate that meets a requirement. Rates are queries a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SloSearch {
    /// As written, e.g. `p99<=50ms`.
    pub requirement: String,
    /// The highest rate that met it.
    pub highest_rate: Option<f64>,
    /// The lowest rate that missed it.
    pub lowest_missed: Option<f64>,
    /// Why it ended, in words.
    pub ended: Option<String>,
    /// The rates tried, in the order tried.
    pub probes: Vec<SloProbe>,
}

/// One rate tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SloProbe {
    /// Rate asked for.
    pub rate: f64,
    /// Rate achieved.
    pub rate_achieved: Option<f64>,
    /// Queries finished.
    pub queries: u64,
    /// Queries over the limit, finished or not.
    pub over: Option<u64>,
    /// The latency that the requirement is about.
    pub value_ms: Option<f64>,
    /// Its 95 % confidence interval.
    pub value_ci_ms: Option<Interval>,
    /// Whether the requirement is met.
    pub status: Status,
    /// Why the probe proves nothing; null for a valid one.
    pub void: Option<String>,
}
