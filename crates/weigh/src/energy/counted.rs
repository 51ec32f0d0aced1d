//! The energy of an inference, read from the machine's counters while a model runs; modelled where there are none.

use std::time::Duration;

use weigh_analysis::analyze;
use weigh_hardware::energy::{Absent, Counters, Meter, Scope, Window, counters};
use weigh_measure::{RoundPlan, WarmUpPlan};
use weigh_predict::{Kernels, Workload};
use weigh_report::report;

use super::{Question, by_operations, described};
use crate::benchmark::batch_symbol;
use crate::{Bench, Setting, Subject};

/// Counters step in fractions of a joule and count everything: windows last seconds.
const IDLE: Duration = Duration::from_secs(2);
const WINDOW: RoundPlan = RoundPlan {
    min_time: Duration::from_secs(5),
    min_runs: 3,
    max_time: Duration::from_secs(30),
    max_runs: 1_000_000,
};
const WARM_UP: WarmUpPlan = WarmUpPlan {
    min_runs: 3,
    min_time: Duration::from_millis(300),
    max_time: Duration::from_secs(3),
    max_runs: 1000,
};

/// Adds the energy of one sample to a row: measured by every counter that the machine lets be read, beyond what
/// it takes when idle; where there is none, the reasons, and what operations and bytes cost by published tables.
pub fn add_energy(bench: &Bench, subject: &Subject<'_>, setting: &Setting, row: &mut report::Measurement) {
    let Counters { found, absent } = counters();
    let mut reasons: Vec<String> = absent.iter().map(told).collect();
    if !found.is_empty() {
        match metered(bench, subject, setting, row.batch, Meter::new(found)) {
            Ok((windows, samples)) => {
                for window in windows {
                    match window.map(|window| (window.scope, window.energy().each_of(samples))) {
                        Ok((scope, Some(energy))) if energy.joules.0 > 0.0 => {
                            let mut estimate = described(&energy, &Question::default());
                            estimate.rests_on = format!("{}: {}", part(scope), estimate.rests_on);
                            row.energy.push(estimate);
                        }
                        Ok((scope, _)) => {
                            reasons.push(format!("{}: no more than when idle", part(scope)));
                        }
                        Err(absent) => reasons.push(told(&absent)),
                    }
                }
            }
            Err(reason) => reasons.push(reason),
        }
    }
    if row.energy.is_empty() {
        row.notes.push(format!("energy is modelled, not measured: {}", reasons.join("; ")));
        row.energy = modelled(subject, row.batch);
    }
}

/// What every counter told while the model ran, and how many samples that were.
#[allow(clippy::type_complexity)] // windows and a number
fn metered(
    bench: &Bench,
    subject: &Subject<'_>,
    setting: &Setting,
    batch: Option<u64>,
    mut meter: Meter,
) -> Result<(Vec<Result<Window, Absent>>, u64), String> {
    let prepared = subject.prepare(&Setting { batch, ..setting.clone() }, &WARM_UP)?;
    let mut worker = bench.launcher.start().map_err(|failure| failure.to_string())?;
    worker.prepare(&prepared.setup).map_err(|failure| failure.to_string())?;
    meter.measure_idle(IDLE);
    let (windows, round) = meter.during(|| worker.round(&WINDOW));
    let round = round.map_err(|failure| failure.to_string())?;
    Ok((windows, (round.iterations.len() as u64).saturating_mul(prepared.setup.batch.max(1))))
}

/// What the operations and bytes of one inference cost by published tables.
fn modelled(subject: &Subject<'_>, batch: Option<u64>) -> Vec<report::EnergyEstimate> {
    let model = &subject.opened().model;
    let mut options = subject.options().clone();
    let symbol = analyze(model, &options).ok().and_then(|facts| batch_symbol(&facts));
    if let Some((symbol, batch)) = symbol.zip(batch.and_then(|batch| i64::try_from(batch).ok())) {
        options.bindings.insert(symbol, batch);
    }
    let Ok(facts) = analyze(model, &options) else { return Vec::new() };
    let kernels = Kernels::fused(model, &facts);
    let works: Vec<&Workload> = kernels.kernels.iter().map(|kernel| &kernel.work).collect();
    by_operations(&works, None)
        .iter()
        .filter_map(|found| found.each_of(batch.unwrap_or(1)))
        .map(|found| described(&found, &Question::default()))
        .collect()
}

fn told(absent: &Absent) -> String {
    match &absent.hint {
        Some(hint) => format!("{absent} ({hint})"),
        None => absent.to_string(),
    }
}

fn part(scope: Scope) -> &'static str {
    match scope {
        Scope::Package => "processor package",
        Scope::Memory => "memory modules",
        Scope::Gpu => "graphics card",
        Scope::Machine => "whole machine",
    }
}
