//! What is kept of a measurement.

use std::time::SystemTime;

use weigh_report::Report;
use weigh_report::report::{HistoryMachine, HistorySettings, Interval, Measurement};

/// What has to be the same for runs to be of one series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The model: an absolute path, `zoo:NAME`, or a name that was given.
    pub model: String,
    /// What identifies the machine, as JSON.
    pub fingerprint: String,
    /// What people are told of the machine.
    pub machine: HistoryMachine,
    /// How the model was run.
    pub settings: HistorySettings,
}

/// A measurement to be kept.
#[derive(Clone, Debug)]
pub struct Record {
    /// The series that it belongs to.
    pub key: Key,
    /// When it was made.
    pub at: SystemTime,
    /// What the user calls it, e.g. a commit.
    pub tag: Option<String>,
    /// What tells one state of the model's file from another.
    pub model_digest: Option<String>,
    /// The report, with this measurement alone.
    pub report: Report,
}

/// A series and what there is of it.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Its number in the database.
    pub id: i64,
    /// What its runs have in common.
    pub key: Key,
    /// How many they are.
    pub kept: u64,
    /// When the first of them was made.
    pub first: SystemTime,
    /// When the last was made.
    pub last: SystemTime,
}

/// A measurement that was kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its number in the database.
    pub id: i64,
    /// When it was made.
    pub at: SystemTime,
    /// What the user called it.
    pub tag: Option<String>,
    /// The engine's version.
    pub engine_version: Option<String>,
    /// What tells one state of the model's file from another.
    pub model_digest: Option<String>,
    /// Its figures.
    pub figures: Figures,
    /// The report, with this measurement alone.
    pub report: Report,
}

/// A figure and its 95 % confidence interval.
pub type Estimate = (Option<f64>, Option<Interval>);

/// The figures of a measurement that have columns of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Processes that intervals are made of.
    pub processes: Option<u32>,
    /// The shortest latency in milliseconds.
    pub min_ms: Option<f64>,
    /// Median latency.
    pub p50_ms: Estimate,
    /// 90th percentile of latency.
    pub p90_ms: Estimate,
    /// 99th percentile of latency.
    pub p99_ms: Estimate,
    /// Samples per second.
    pub per_second: Estimate,
    /// Resident memory of the process at its peak.
    pub peak_rss_bytes: Option<u64>,
    /// Joules of one sample, where a counter measured them.
    pub joules: Option<f64>,
    /// What disturbed it, `quiet` where nothing did.
    pub noise: Option<String>,
}

impl Figures {
    /// Those of a measurement: latency is from the arrival of a query under load, else that of all stages.
    pub fn of(run: &Measurement) -> Figures {
        let load = run.scenario.as_ref();
        let stages = run.stages.total.as_ref().or(run.stages.inference.as_ref());
        let latency = load.and_then(|load| load.latency.as_ref()).or(stages).cloned().unwrap_or_default();
        let rate = run.throughput.as_ref().map(|found| (found.per_second, found.ci));
        let measured = run.energy.iter().filter(|estimate| estimate.basis == "measured");
        Figures {
            processes: run.processes,
            min_ms: latency.min_ms,
            p50_ms: (latency.p50_ms, latency.p50_ci_ms),
            p90_ms: (latency.p90_ms, latency.p90_ci_ms),
            p99_ms: (latency.p99_ms, latency.p99_ci_ms),
            per_second: rate.or(load.map(|load| (load.rate_achieved, load.rate_ci))).unwrap_or_default(),
            peak_rss_bytes: run.memory.peak_rss_bytes,
            // Counters overlap, so the one that saw most stands for all.
            joules: measured.filter_map(|estimate| estimate.joules).reduce(f64::max),
            noise: run.noise.as_ref().and_then(|noise| noise.verdict.clone()),
        }
    }
}
