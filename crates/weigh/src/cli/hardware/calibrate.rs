//! `weigh hardware calibrate`: what this machine can do, measured once and kept.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use weigh::report::report::{Diagnostic, Severity};
use weigh::{Calibration, EngineCalibrator, Report};
use weigh_hardware::Machine;
use weigh_hardware::ceilings;
use weigh_predict::calibrated::EngineCalibration;

use super::super::progress::Bar;
use super::super::{FAILED, Hinted, Outcome, engines, output, workers};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The engine whose kernels are timed; auto takes ONNX Runtime where there is one
    #[arg(long, default_value = "auto", value_parser = engines::names())]
    engine: String,

    /// Threads; by default one for each physical core. Each number takes a minute or two
    #[arg(long, value_name = "N", value_delimiter = ',')]
    threads: Vec<NonZeroUsize>,

    /// Where to keep the calibration; by default weigh/calibration.json in the config folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Output format of what was found
    #[arg(long, default_value = "table", value_parser = output::formats())]
    format: String,
}

/// How long a worker may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(args: &Args) -> Outcome {
    let machine = Machine::detect();
    let engine = engines::named(&args.engine)?;
    let path = args.output.clone().or_else(Calibration::usual_path).ok_or_else(|| {
        Hinted::new("there is no config folder to keep a calibration in", "name a file: --output FILE")
    })?;
    let threads = match args.threads.as_slice() {
        [] => vec![machine.compute_threads()],
        given => given.to_vec(),
    };
    let launcher = workers::launcher(PATIENCE)?;
    let bar = Bar::new("this machine");
    let options = ceilings::Options::of(&machine);
    let found = ceilings::measure(
        &machine,
        &options,
        &mut |stage, done| bar.part(done, stage.describe()),
        &Arc::clone(&launcher.cancelled),
    );
    let ceilings = found.context("not calibrated")?;
    let mut engines: Vec<EngineCalibration> = Vec::new();
    let mut notes = Vec::new();
    for threads in threads {
        let calibrator = EngineCalibrator { launcher: &launcher, engine, threads };
        let words = format!("{}, {threads} thread(s)", engine.name());
        match calibrator.run(&mut |done, of| bar.part(done as f64 / of.max(1) as f64, &words)) {
            Ok(made) => engines.push(made),
            Err(reason) => notes.push(format!("{} with {threads} thread(s): {reason}", engine.name())),
        }
    }
    drop(bar);
    if launcher.is_cancelled() {
        return Ok(workers::ending(&launcher, false));
    }
    let all_good = notes.is_empty();
    let calibration = Calibration::new(ceilings, engines);
    calibration
        .save(&path)
        .map_err(|error| Hinted::new(error.to_string(), "name a file you may write: --output FILE"))?;
    let report = described(&calibration, &machine, notes, &path.display().to_string());
    output::Args::plain(&args.format, None).show(&[report])?;
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The ceilings as a device, and how well whole micro-models are predicted from the others.
fn described(calibration: &Calibration, machine: &Machine, failed: Vec<String>, path: &str) -> Report {
    let mut notes: Vec<String> = calibration.engines.iter().map(told).collect();
    notes.push(format!("kept in {path}"));
    let note = |message: String, severity| Diagnostic {
        severity,
        code: "calibration".to_owned(),
        message,
        node: None,
    };
    let notes = notes.into_iter().map(|message| note(message, Severity::Note));
    let failed =
        failed.into_iter().map(|message| note(format!("not calibrated: {message}"), Severity::Warning));
    Report {
        devices: vec![weigh::device_info(&weigh::this_device(&calibration.ceilings, machine))],
        environment: Some(weigh::machine(machine)),
        diagnostics: failed.chain(notes).collect(),
        ..Report::default()
    }
}

/// One engine's calibration in a sentence.
fn told(engine: &EngineCalibration) -> String {
    let mut errors: Vec<f64> = engine
        .checks
        .iter()
        .filter(|check| check.measured_ms > 0.0)
        .map(|check| (check.predicted_ms / check.measured_ms - 1.0).abs())
        .collect();
    errors.sort_by(f64::total_cmp);
    let middle = errors.get(errors.len() / 2).copied().unwrap_or(f64::NAN);
    format!(
        "{} {}, {} thread(s): {} kernels; predicts unseen micro-models {:.0} % off",
        engine.engine,
        engine.version,
        engine.threads,
        engine.kernels.len(),
        100.0 * middle
    )
}

/// What was measured here, for other commands: the user's calibration or the one in a file.
pub(crate) fn load(file: Option<&PathBuf>, machine: &Machine) -> anyhow::Result<Option<Calibration>> {
    let Some(path) = file.cloned().or_else(Calibration::usual_path) else { return Ok(None) };
    let found =
        Calibration::load(&path, machine).map_err(|error| Hinted::new(error.to_string(), error.hint()))?;
    if found.is_none() && file.is_some() {
        let message = format!("there is no file {}", path.display());
        return Err(Hinted::new(message, "`weigh hardware calibrate --output FILE` makes one").into());
    }
    Ok(found)
}
