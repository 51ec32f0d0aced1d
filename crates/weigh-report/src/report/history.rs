//! Measurements of other days: series of runs that can be compared, and where their level changed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Interval;

/// What was kept of a model's measurements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct History {
    /// The database.
    pub file: String,
    /// What the values are, e.g. `latency.p50`; null in a list of what there is.
    pub metric: Option<String>,
    /// The unit of the values, e.g. `ms`.
    pub unit: String,
    /// Whether a lower value is the better one.
    pub lower_is_better: bool,
    /// Whether runs on several machines and versions of the engine are taken as one series.
    pub across: bool,
    /// Level changes are claimed with this probability of being wrong, for a series without any.
    pub alpha: Option<f64>,
    /// The series, by model, machine and settings.
    pub series: Vec<HistorySeries>,
}

/// Runs of one model at the same settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistorySeries {
    /// The model as it is kept: a path, `zoo:NAME` or a name that was given.
    pub model: String,
    /// The machines that the runs were made on: one, unless runs across machines are shown.
    pub machines: Vec<HistoryMachine>,
    /// How the model was run.
    pub settings: HistorySettings,
    /// How many runs are kept; `runs` may have fewer.
    pub kept: u64,
    /// When the first of those that are kept was made, by RFC 3339.
    pub first_at: String,
    /// When the last was made.
    pub last_at: String,
    /// The runs, the newest last; empty in a list of what there is.
    pub runs: Vec<HistoryRun>,
    /// What was another from one run to the next: the engine's version, the machine, the model's file.
    pub marks: Vec<HistoryMark>,
    /// Stretches of runs at one level, in order; runs without a value are in them and count for nothing.
    pub levels: Vec<HistoryLevel>,
    /// Where the level changed.
    pub changes: Vec<HistoryChange>,
    /// What there is to say of the series.
    pub verdict: HistoryVerdict,
    /// Standard deviation of runs around their level, as a part of it; null where it is not known.
    pub noise: Option<f64>,
    /// What to know about it.
    pub notes: Vec<String>,
}

/// Whether the level of a series changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryVerdict {
    /// At least once.
    Changed,
    /// No change could be told from noise.
    Steady,
    /// There are too few runs to tell.
    #[default]
    TooShort,
}

/// A machine that runs were made on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistoryMachine {
    /// Name of the processor.
    pub cpu: String,
    /// Logical processors that could be used.
    pub cores: Option<u32>,
    /// Main memory in whole GiB.
    pub memory_gib: Option<u64>,
    /// Instruction set, e.g. `x86_64`.
    pub arch: String,
    /// Family of the operating system, e.g. `linux`.
    pub os: String,
    /// Names of the GPUs.
    pub gpus: Vec<String>,
}

/// How a model was run: what has to be the same for two runs to be of one series.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistorySettings {
    /// Name of the engine.
    pub engine: String,
    /// What it computed on.
    pub provider: Option<String>,
    /// How far it rewrote the graph.
    pub optimization: Option<String>,
    /// Threads.
    pub threads: Option<u32>,
    /// Inferences at the same time.
    pub streams: Option<u32>,
    /// Samples per inference.
    pub batch: Option<u64>,
    /// What symbols were bound to.
    pub bindings: BTreeMap<String, i64>,
    /// The load, e.g. `server at 200/s`; null where one inference followed another.
    pub scenario: Option<String>,
    /// How inputs were made, e.g. `imagenet, then softmax-top5`; null for synthetic ones.
    pub data: Option<String>,
    /// What throughput counts.
    pub unit: String,
}

/// One run that was kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistoryRun {
    /// Its number in the database.
    pub id: i64,
    /// When it was made, by RFC 3339 in UTC.
    pub at: String,
    /// What the user called it, e.g. a commit.
    pub tag: Option<String>,
    /// The engine's version.
    pub engine_version: Option<String>,
    /// Which of the series' machines, from 0.
    pub machine: usize,
    /// What tells one state of the model's file from another.
    pub model_digest: Option<String>,
    /// The value that the history is of; null where the run does not have it.
    pub value: Option<f64>,
    /// Its 95 % confidence interval.
    pub ci: Option<Interval>,
    /// Median latency.
    pub p50_ms: Option<f64>,
    /// Its interval.
    pub p50_ci_ms: Option<Interval>,
    /// 99th percentile of latency.
    pub p99_ms: Option<f64>,
    /// Its interval.
    pub p99_ci_ms: Option<Interval>,
    /// Units per second.
    pub per_second: Option<f64>,
    /// Its interval.
    pub per_second_ci: Option<Interval>,
    /// Resident memory of the process at its peak.
    pub peak_rss_bytes: Option<u64>,
    /// What disturbed it, `quiet` where nothing did.
    pub noise: Option<String>,
}

/// What a mark is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryMarkKind {
    /// The engine's version: levels before and after are looked at apart.
    #[default]
    Engine,
    /// The machine, where runs across machines are shown.
    Machine,
    /// The model's file: changes of level are looked for across it.
    Model,
}

/// Something that is another from one run on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistoryMark {
    /// Position in `runs` of the first run after it.
    pub at: usize,
    /// What it is about.
    pub kind: HistoryMarkKind,
    /// What it was, e.g. `1.22.0`.
    pub before: String,
    /// What it is.
    pub after: String,
    /// Level after it / level before it, where levels are looked at apart; null where too few runs tell.
    pub ratio: Option<f64>,
    /// Its 95 % confidence interval.
    pub ratio_ci: Option<Interval>,
}

/// A stretch of runs at one level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistoryLevel {
    /// Position in `runs` of its first run.
    pub first: usize,
    /// Position of its last run.
    pub last: usize,
    /// The level: the geometric mean of the runs, those with wide intervals counting less.
    pub value: f64,
    /// Its 95 % confidence interval; null where one run makes it.
    pub ci: Option<Interval>,
}

/// A change of level between two runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistoryChange {
    /// Position in `runs` of the last run at the level before.
    pub last_before: usize,
    /// Position of the first run at the level after.
    pub at: usize,
    /// The level before.
    pub before: f64,
    /// The level after.
    pub after: f64,
    /// Level after / level before.
    pub ratio: f64,
    /// Its 95 % confidence interval.
    pub ratio_ci: Interval,
    /// How often runs in random order show as strong a change, between 0 and 1.
    pub p_value: f64,
    /// Whether it got better.
    pub better: bool,
}
