//! `weigh hardware calibrate`: what this machine can do, measured once and kept.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use weigh::EngineCalibrator;

use super::{Outcome, workers};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    out: String,
}

#[derive(clap::Args)]
pub(crate) struct EvalArgs {
    calibration: String,
    files: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let launcher = workers::launcher(Duration::from_secs(120))?;
    let calibrator = EngineCalibrator {
        launcher: &launcher,
        engine: weigh_engine::automatic(),
        threads: NonZeroUsize::new(2).unwrap(),
    };
    let start = std::time::Instant::now();
    let made =
        calibrator.run(&mut |d, n| eprintln!("{d}/{n} {:?}", start.elapsed())).map_err(anyhow::Error::msg)?;
    for check in &made.checks {
        eprintln!(
            "{:40} {:9.3} {:9.3} {:.3}",
            check.name,
            check.measured_ms,
            check.predicted_ms,
            check.predicted_ms / check.measured_ms
        );
        eprintln!(
            "    {} kernels {:.3} ms: {:.2} us each added",
            check.kernels,
            check.kernels_ms,
            (check.kernels_ms - check.measured_ms) * 1e3 / check.kernels as f64
        );
    }
    eprintln!("profiler {} kernels {}", made.profiler_us, made.kernels.len());
    std::fs::write(&args.out, serde_json::to_vec(&made)?)?;
    Ok(ExitCode::SUCCESS)
}

/// FILE=measured_ms:batch
pub(crate) fn eval(args: &EvalArgs) -> Outcome {
    let made: weigh_predict::calibrated::EngineCalibration =
        serde_json::from_slice(&std::fs::read(&args.calibration)?)?;
    let fitted = weigh_predict::calibrated::Calibrated::new(&made);
    let mut all = Vec::new();
    for file in &args.files {
        let mut parts = file.split('=');
        let (path, measured, batch) = (
            parts.next().unwrap(),
            parts.next().unwrap().parse::<f64>()?,
            parts.next().unwrap().parse::<i64>()?,
        );
        let opened = weigh::open(path)?;
        let mut options = weigh::Options::default();
        for (k, v) in [("batch", batch), ("seq", 128)] {
            options.bindings.insert(weigh::ir::Symbol::new(k), v);
        }
        let facts = loop {
            match weigh::analyze(&opened.model, &options) {
                Ok(facts) => break facts,
                Err(weigh::AnalysisError::NoSuchSymbol { name, .. }) => {
                    options.bindings.remove(&weigh::ir::Symbol::new(&name));
                }
                Err(e) => return Err(e.into()),
            }
        };
        let kernels = weigh_predict::Kernels::of(&opened.model, &facts);
        let mut by: std::collections::BTreeMap<String, (usize, f64)> = Default::default();
        let mut total = fitted.run_us();
        for k in &kernels.kernels {
            let t = fitted.time(&k.work);
            let e = by
                .entry(format!(
                    "{}{}",
                    k.work.kind,
                    if t.is_none_or(|t| t.basis == weigh_predict::calibrated::Basis::Average) {
                        "*"
                    } else {
                        ""
                    }
                ))
                .or_default();
            e.0 += 1;
            e.1 += t.map_or(0.0, |t| t.us);
            total += t.map_or(0.0, |t| t.us);
        }
        let mut rows: Vec<_> = by.into_iter().collect();
        rows.sort_by(|a, b| b.1.1.total_cmp(&a.1.1));
        all.push((total / 1e3 / measured).ln());
        eprintln!(
            "{:44} {:9.3} {:9.3} {:6.3}  {}",
            path.rsplit('/').nth(1).unwrap_or(path),
            measured,
            total / 1e3,
            total / 1e3 / measured,
            rows.iter()
                .take(6)
                .map(|(k, v)| format!("{k}:{}:{:.2}", v.0, v.1 / 1e3))
                .collect::<Vec<_>>()
                .join(" ")
        );
    }
    let mut e: Vec<f64> = all.iter().map(|x| (x.exp() - 1.0).abs()).collect();
    e.sort_by(f64::total_cmp);
    eprintln!("median {:.3} p80 {:.3} max {:.3}", e[e.len() / 2], e[e.len() * 8 / 10], e[e.len() - 1]);
    Ok(ExitCode::SUCCESS)
}
