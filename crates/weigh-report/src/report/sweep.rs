//! Several configurations weighed against each other, and the engines there are to choose from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What several measurements of one model say together. Positions are those in the report's measurements, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Sweep {
    /// What throughput counts, e.g. `images`.
    pub unit: String,
    /// The configurations that no other beats in both latency and throughput, in the order of the measurements.
    pub pareto: Vec<usize>,
    /// Where more latency stops to buy throughput; null where nothing stands out.
    pub sweet_spot: Option<usize>,
    /// The best configuration under a requirement.
    pub slo: Option<SloChoice>,
    /// Whether it was stopped before every configuration was done.
    pub interrupted: bool,
}

/// The configuration with the highest throughput among those that meet a requirement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SloChoice {
    /// As written, e.g. `p99<=50ms`.
    pub requirement: String,
    /// Its position; null where none meets the requirement or it cannot be told.
    pub best: Option<usize>,
    /// Why this one, or why none.
    pub why: String,
}

/// One engine that `weigh` can run models with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EngineInfo {
    /// Name, as the command line takes it.
    pub name: String,
    /// Whether it can run models here.
    pub usable: bool,
    /// Whether it is taken where none is named.
    pub default: bool,
    /// Version.
    pub version: Option<String>,
    /// The library file that it was loaded from; null for an embedded one.
    pub library: Option<String>,
    /// What it can compute on here, e.g. `cpu`.
    pub providers: Vec<String>,
    /// Why it cannot be used.
    pub reason: Option<String>,
    /// What would make it usable.
    pub hint: Option<String>,
}
