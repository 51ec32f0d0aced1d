//! A measured time laid out by causes.

use std::num::NonZeroUsize;
use std::time::Duration;

use weigh_engine::EngineOptions;
use weigh_measure::{RoundPlan, WarmUpPlan};
use weigh_predict::gap::{Cause, Measured, Part, explain as causes};
use weigh_report::report;

use super::OnThis;
use super::this::{Graph, Ran};
use crate::{Setting, Subject};

/// How long the run on one thread is warmed up and timed.
const WARM_UP: WarmUpPlan = WarmUpPlan {
    min_runs: 3,
    min_time: Duration::from_millis(200),
    max_time: Duration::from_secs(2),
    max_runs: 1000,
};
const ROUND: RoundPlan = RoundPlan {
    min_time: Duration::from_millis(800),
    min_runs: 5,
    max_time: Duration::from_secs(6),
    max_runs: 100_000,
};

/// Why a model took so long at a setting and batch: what each cause adds to the theoretical time. With several threads
/// the model is run on one too, to tell what threads wait for each other.
///
/// # Errors
/// Why there is no explanation, fit to follow "not explained: ".
pub fn explain(
    this: &OnThis<'_>,
    subject: &Subject<'_>,
    setting: &Setting,
    batch: Option<u64>,
    measured_ms: f64,
) -> Result<report::Gap, String> {
    let ready = this.ready(setting)?;
    let limits = ready.limits.as_ref().ok_or("the ceilings of so many threads were not measured")?;
    let ran = this.ran(subject, setting, batch, &Graph::default())?;
    let run = ready.calibrated.run(&ran.kernels).ok_or("nothing like its kernels was timed")?;
    let mut notes = ran.notes.clone();
    let one_thread_ms = match ready.threads {
        1 => None,
        _ => match on_one_thread(this, subject, setting, batch) {
            Ok(ms) => Some(ms),
            Err(reason) => {
                notes.push(format!("what threads wait for each other is not told apart: {reason}"));
                None
            }
        },
    };
    let measured = Measured { ms: measured_ms, one_thread_ms, threads: ready.threads };
    let parts = causes(&ran.kernels, &run.times, ready.calibrated.run_us(), limits, &measured);
    if let Some(one) = one_thread_ms {
        notes.push(format!("on one thread it takes {one:.3} ms"));
    }
    let theoretical_ms = parts.iter().find(|part| part.cause == Cause::Arithmetic).map(|part| part.ms);
    Ok(report::Gap {
        theoretical_ms,
        measured_ms: Some(measured_ms),
        efficiency: theoretical_ms.map(|theory| theory / measured_ms),
        ceilings: ready.ceilings(&this.machine.cpu),
        parts: parts.into_iter().map(|part| described(part, &ran, measured_ms)).collect(),
        notes,
    })
}

/// The median of runs on one thread, in milliseconds.
fn on_one_thread(
    this: &OnThis<'_>,
    subject: &Subject<'_>,
    setting: &Setting,
    batch: Option<u64>,
) -> Result<f64, String> {
    let options = EngineOptions { threads: Some(NonZeroUsize::MIN), ..setting.options.clone() };
    let prepared = subject.prepare(&Setting { batch, options, ..setting.clone() }, &WARM_UP)?;
    let mut worker = this.launcher.start().map_err(|failure| failure.to_string())?;
    worker.prepare(&prepared.setup).map_err(|failure| failure.to_string())?;
    let mut times = worker.round(&ROUND).map_err(|failure| failure.to_string())?.iterations;
    times.sort_unstable();
    times.get(times.len() / 2).map(|ns| *ns as f64 / 1e6).ok_or_else(|| "no run was finished".to_owned())
}

fn described(part: Part, ran: &Ran, measured_ms: f64) -> report::GapPart {
    let layer = |(index, ms, why): (usize, f64, String)| {
        let kernel = ran.kernels.get(index)?;
        Some(report::GapLayer { name: kernel.name.clone(), op: kernel.op.clone(), ms, why })
    };
    report::GapPart {
        cause: part.cause.name().to_owned(),
        what: part.cause.describe().to_owned(),
        ms: part.ms,
        share: part.ms / measured_ms,
        layers: part.kernels.into_iter().filter_map(layer).collect(),
    }
}
