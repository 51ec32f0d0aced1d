//! What stands above tables: what they are about, at which dims, how it was found out, and what signs mean.

use crate::render::RenderOptions;
use crate::render::compared::{self, Compared};
use crate::render::measured;
use crate::render::planned;
use crate::render::predicted::{self, THEORETICAL};
use crate::render::text::{clean, shorten};
use crate::render::verdicts::verdict;
use crate::report::{Comparison, Measurement, Plan, Prediction, PredictionBasis, Report};

/// Names are shortened to so many characters.
const NAME: usize = 60;

pub(super) fn totals(reports: &[Report]) -> String {
    let mut facts = vec!["FLOPs = 2 × MACs; peak: activations alive at once".to_owned()];
    let incomplete = |report: &Report| {
        let complete = report.totals.as_ref().map(|totals| totals.complete);
        complete.is_some_and(|complete| !complete.compute || !complete.memory)
    };
    if reports.iter().any(incomplete) {
        facts.push("≥: something in the model is unknown".to_owned());
    }
    let runs: Vec<Measurement> = reports.iter().flat_map(|report| report.measurements.clone()).collect();
    let timed = reports.iter().all(|report| report.measurements.len() < 2)
        && runs.iter().any(|run| measured::missing(run).is_none());
    if timed {
        facts.push(format!("latency measured: {}", measured_with(reports, &runs)));
    }
    format!("Costs of {}{}. {}.", subject(reports), dims(reports), facts.join("; "))
}

pub(super) fn measured(reports: &[Report]) -> String {
    let runs: Vec<Measurement> = reports.iter().flat_map(|report| report.measurements.clone()).collect();
    format!("Measured latency and throughput of {}: {}.", subject(reports), measured_with(reports, &runs))
}

pub(super) fn predicted(reports: &[Report]) -> String {
    let all: Vec<Prediction> = reports.iter().flat_map(|report| report.predictions.clone()).collect();
    let common = predicted::common(&all).join(", ");
    let mut facts = vec![format!("theoretical: {THEORETICAL}")];
    let rests_on = |basis: PredictionBasis| {
        let is_there = all.iter().any(|prediction| prediction.basis == Some(basis));
        is_there.then(|| predicted::rests_on(basis).to_owned())
    };
    facts
        .extend([PredictionBasis::Calibrated, PredictionBasis::DeviceClass].into_iter().filter_map(rests_on));
    let common = if common.is_empty() { String::new() } else { format!(" ({common})") };
    format!("Expected, not measured, times of {}{common}; {}.", subject(reports), facts.join("; "))
}

pub(super) fn batches(report: &Report, prediction: &Prediction) -> String {
    let device = predicted::device(prediction);
    format!("Expected, not measured, times of {} on {device} by batch.", name(report))
}

pub(super) fn compared(compared: &Compared<'_>) -> String {
    let mut facts = compared.legend();
    let setting = compared.setting();
    facts.extend((!setting.is_empty()).then(|| format!("measured: {}", setting.join(", "))));
    facts.extend(compared.dominated());
    let baseline = short(compared.baseline);
    format!("Models beside {baseline}{}; {}.", dims(compared.reports), facts.join("; "))
}

pub(super) fn latencies(compared: &Compared<'_>) -> String {
    format!("Latencies beside that of {}.", short(compared.baseline))
}

pub(super) fn versus(found: &Comparison) -> String {
    let [a, b] = [&found.a, &found.b].map(|name| short(name));
    format!("a: {a}, b: {b}, measured in turns: {}.", verdict(found))
}

pub(super) fn requirements(reports: &[Report]) -> String {
    format!("Requirements of {}.", subject(reports))
}

pub(super) fn plan(report: &Report, plan: &Plan) -> String {
    let workload = clean(&planned::workload(&plan.workload).join(", "), true);
    format!("What serving {} takes: {workload}. {}.", name(report), clean(&planned::choice(plan), true))
}

pub(super) fn advice(report: &Report) -> String {
    let goal = report.advice.first().map_or("", |first| first.goal.as_str());
    format!("What would change the {} of {}.", short(goal), name(report))
}

/// Of layers, as the model has them or with another kind of times.
pub(super) fn layers(report: &Report, times: &str, options: &RenderOptions) -> String {
    let which = match (options.layers, options.sort) {
        (true, _) => "All layers",
        (false, _) if !times.is_empty() => "The longest layers",
        (false, None) => "The heaviest layers",
        (false, Some(_)) => "The first layers",
    };
    let by = options.sort.filter(|_| times.is_empty()).map(|key| format!(" by {}", key.title()));
    let times = if times.is_empty() { String::new() } else { format!(", {times} times") };
    let reports = std::slice::from_ref(report);
    format!("{which} of {}{}{}{times}.", name(report), by.unwrap_or_default(), dims(reports))
}

fn measured_with(reports: &[Report], runs: &[Measurement]) -> String {
    let cpu = |report: &Report| report.environment.as_ref().and_then(|environment| environment.cpu.clone());
    let mut machines: Vec<String> = reports.iter().filter_map(cpu).collect();
    machines.dedup();
    let machine = if let [only] = machines.as_slice() { Some(only.clone()) } else { None };
    let facts: Vec<String> = measured::common(runs).into_iter().chain(machine).collect();
    format!("{}; 95 % CI: confidence interval of the median", facts.join(", "))
}

/// A name without what a terminal or an editor would obey or hide.
fn short(name: &str) -> String {
    shorten(&clean(name, true), NAME, true)
}

fn subject(reports: &[Report]) -> String {
    if let [only] = reports { name(only) } else { "the models".to_owned() }
}

fn name(report: &Report) -> String {
    let named = report.model.as_ref().map(|model| model.name.as_str());
    let compared = Some(compared::name(report)).filter(|name| !name.is_empty());
    short(named.or(compared).unwrap_or("the model"))
}

/// What symbols are bound to, where all reports agree: ` at batch = 1 (assumed)`.
fn dims(reports: &[Report]) -> String {
    let Some(first) = reports.first() else { return String::new() };
    if first.bindings.is_empty() || reports.iter().any(|report| report.bindings != first.bindings) {
        return String::new();
    }
    let dims = first.bindings.iter().map(|(symbol, value)| {
        let assumed = if first.assumed.contains(symbol) { " (assumed)" } else { "" };
        format!("{} = {value}{assumed}", short(symbol))
    });
    format!(" at {}", dims.collect::<Vec<_>>().join(", "))
}
