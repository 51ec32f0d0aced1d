//! From a report to what is kept of it.

use std::path::Path;
use std::time::SystemTime;

use weigh_hardware::Machine;
use weigh_history::{Key, Record, Store, StoreError};
use weigh_report::Report;
use weigh_report::report::{DataSource, HistoryMachine, HistorySettings, Measurement, Scenario};

use super::digest::digest;
use crate::Opened;

/// How measurements are to be kept.
#[derive(Clone, Debug)]
pub struct KeepRequest {
    /// When they were made.
    pub at: SystemTime,
    /// What the user calls them, e.g. a commit.
    pub tag: Option<String>,
    /// The name of the model in the history, where it is not its path.
    pub name: Option<String>,
}

/// What was kept of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Measurements that were.
    pub runs: usize,
    /// Those that say nothing, because they failed or prove nothing.
    pub left_out: usize,
}

/// Keeps the measurements of a report, all or none of them, without single times and layers.
///
/// # Errors
/// See [`StoreError`].
pub fn keep(
    store: &mut Store,
    report: &Report,
    opened: &Opened,
    machine: &Machine,
    request: &KeepRequest,
) -> Result<Kept, StoreError> {
    let model = request.name.clone().unwrap_or_else(|| model_name(opened));
    let model_digest = digest(opened);
    let record = |run: &Measurement| Record {
        key: Key {
            model: model.clone(),
            fingerprint: fingerprint(machine),
            machine: facts(machine),
            settings: settings(run),
        },
        at: request.at,
        tag: request.tag.clone(),
        model_digest: model_digest.clone(),
        report: only(report, run),
    };
    let records: Vec<Record> = report.measurements.iter().filter(says_something).map(record).collect();
    let runs = store.keep(&records)?.len();
    Ok(Kept { runs, left_out: report.measurements.len() - runs })
}

fn says_something(run: &&Measurement) -> bool {
    let is_void = run.scenario.as_ref().is_some_and(|scenario| scenario.void.is_some());
    run.samples > 0 && run.failed.is_none() && !is_void
}

/// What a model is called in the history: `zoo:NAME`, or the absolute path of its file.
pub fn model_name(opened: &Opened) -> String {
    match &opened.file {
        Some(file) => absolute(file),
        None => opened.path.clone(),
    }
}

/// The path without links, where there is such a file.
pub(super) fn absolute(path: &Path) -> String {
    let path = path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    path.to_string_lossy().into_owned()
}

/// What identifies a machine: what a calibration depends on, and its GPUs.
fn fingerprint(machine: &Machine) -> String {
    let gpus: Vec<&str> = machine.gpus.iter().map(|gpu| gpu.name.as_str()).collect();
    serde_json::json!({ "machine": machine.fingerprint(), "gpus": gpus }).to_string()
}

fn facts(machine: &Machine) -> HistoryMachine {
    let found = machine.fingerprint();
    HistoryMachine {
        cpu: found.cpu,
        cores: u32::try_from(found.cores).ok(),
        memory_gib: found.memory_gib,
        arch: found.arch,
        os: found.os,
        gpus: machine.gpus.iter().map(|gpu| gpu.name.clone()).collect(),
    }
}

fn settings(run: &Measurement) -> HistorySettings {
    HistorySettings {
        engine: run.engine.name.clone(),
        provider: run.provider.clone(),
        optimization: run.optimization.clone(),
        threads: run.threads,
        streams: run.streams,
        batch: run.batch,
        bindings: run.bindings.clone(),
        scenario: run.scenario.as_ref().map(load),
        data: run.data.as_ref().map(inputs),
        unit: run.throughput.as_ref().map(|found| found.unit.clone()).unwrap_or_default(),
    }
}

/// A load in words: its rate where that was given, its limit where the rate was looked for.
fn load(scenario: &Scenario) -> String {
    match (&scenario.slo, scenario.rate_asked) {
        (Some(search), _) => format!("{}, {}", scenario.name, search.requirement),
        (None, Some(rate)) => format!("{} at {rate}/s", scenario.name),
        (None, None) => scenario.name.clone(),
    }
}

fn inputs(data: &DataSource) -> String {
    let parts = [Some(data.path.as_str()), data.preprocess.as_deref(), data.postprocess.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The report of one measurement, short enough to be kept.
fn only(report: &Report, run: &Measurement) -> Report {
    let run = Measurement { times: None, layers: Vec::new(), gap: None, ..run.clone() };
    Report {
        made_by: report.made_by.clone(),
        model: report.model.clone(),
        bindings: report.bindings.clone(),
        assumed: report.assumed.clone(),
        unbound: report.unbound.clone(),
        totals: report.totals.clone(),
        coverage: report.coverage.clone(),
        environment: report.environment.clone(),
        measurements: vec![run],
        ..Report::default()
    }
}
