//! `weigh check`: a gate. Limits from the command line or a budget file, absolute or relative to a baseline, decided by
//! counting, and by running the model only where a limit asks for it.

mod baseline;
mod limits;
mod load;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use weigh::Report;
use weigh_decide::requirement::{Evidence, Given, add_causes, judge};

use super::measure::{TimeArgs, grid, real};
use super::requirements::{self, told};
use super::{Hinted, INTERRUPTED, MISSED, Outcome, models, output, save};
use baseline::Reference;
use limits::Limits;
use load::Loaded;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A model file, zoo:NAME, or a saved report; by default the budget's model
    #[arg(value_name = "MODEL|REPORT")]
    target: Option<String>,

    #[command(flatten)]
    assume: models::Assume,

    #[command(flatten)]
    requirements: requirements::Args,

    /// Limits in a file (TOML; see docs/requirements.md)
    #[arg(long, value_name = "FILE", help_heading = "Requirements")]
    budget: Option<PathBuf>,

    /// What relative limits are relative to: a saved report, or a model
    #[arg(long, value_name = "REPORT|MODEL", help_heading = "Requirements")]
    baseline: Option<String>,

    /// Compare with a baseline of another model or machine, and times of different days
    #[arg(long, help_heading = "Requirements")]
    force: bool,

    /// A figure that is known already, in place of finding it out: latency=75ms
    #[arg(long, value_name = "METRIC=AMOUNT", help_heading = "Requirements")]
    given: Vec<String>,

    /// Predict instead of running the model: on this machine (calibrated), or --predicted=DEVICE
    #[arg(long, value_name = "DEVICE", num_args = 0..=1, require_equals = true, default_missing_value = "this", help_heading = "Requirements")]
    predicted: Option<String>,

    #[command(flatten)]
    grid: grid::Args,

    #[command(flatten)]
    time: TimeArgs,

    #[command(flatten)]
    data: real::Args,

    /// What is counted: samples, images, frames, tokens, queries
    #[arg(long, default_value = "samples")]
    unit: String,

    #[command(flatten)]
    save: save::Args,

    #[command(flatten)]
    output: output::Args,
}

const EXAMPLES: &str = "\
Examples:
  weigh check m.onnx --require 'macs<=5G' --require 'peak_memory<=512MiB'     counted, nothing is run
  weigh check m.onnx --for video-30fps --require 'throughput>=60/s'           measured
  weigh check m.onnx --budget budget.toml --baseline main.onnx --format github
  weigh check report.json --require 'p99<=33ms'                               a saved report
  weigh check --given latency=75ms --require 'throughput>=10/s'               arithmetic";

pub(crate) fn run(args: &Args) -> Outcome {
    let limits = Limits::collect(args)?;
    let given = args.given.iter().map(|text| text.parse::<Given>()).collect::<Result<Vec<_>, _>>();
    let given = given.map_err(told)?;
    let target = args.target.clone().or_else(|| limits.model.clone());
    let Some(target) = target else {
        if given.is_empty() {
            let hint = "name a MODEL or a saved report, or a figure: --given latency=75ms";
            return Err(Hinted::new("there is nothing to check", hint).into());
        }
        let mut report = Report::default();
        report.verdicts = judge(&limits.requirements.list, &Evidence::new(&report, &given));
        return finish(args, &limits, vec![report], None);
    };
    let options = args.assume.options()?;
    let loaded = load::load(&target, &options)?;
    let reference = limits.baseline.as_ref().map(|path| Reference::open(path, &options)).transpose()?;
    let mut ran = match loaded {
        Loaded::Reports(reports) => run::Ran { reports, interrupted: false, pairing: None },
        Loaded::Model(weighed) => run::model(args, &limits, &weighed, reference.as_ref())?,
    };
    for report in &mut ran.reports {
        let evidence = Evidence::new(report, &given);
        let mut verdicts = judge(&limits.requirements.list, &evidence);
        if let Some(reference) = &reference {
            verdicts.extend(reference.judge(&limits.relative, report, ran.pairing.as_ref(), args.force)?);
        }
        for limit in &limits.layers {
            verdicts.push(limit.judge(report).map_err(told)?);
        }
        add_causes(&mut verdicts, report, reference.as_ref().map(Reference::report));
        report.verdicts = verdicts;
    }
    finish(args, &limits, ran.reports, Some(ran.interrupted))
}

/// Shows the verdicts and makes an exit code of them.
fn finish(args: &Args, limits: &Limits, mut reports: Vec<Report>, interrupted: Option<bool>) -> Outcome {
    let pass = limits.requirements.pass(&reports);
    if !args.output.wants().facts {
        reports.iter_mut().for_each(only_decided);
    }
    args.output.show_as(&reports, &limits.requirements.shown(args.output.render_options()))?;
    Ok(match (interrupted, pass) {
        (Some(true), _) => ExitCode::from(INTERRUPTED),
        (_, true) => ExitCode::SUCCESS,
        (_, false) => ExitCode::from(MISSED),
    })
}

/// What people asked for.
fn only_decided(report: &mut Report) {
    *report = Report {
        model: report.model.take(),
        bindings: std::mem::take(&mut report.bindings),
        assumed: std::mem::take(&mut report.assumed),
        unbound: std::mem::take(&mut report.unbound),
        comparisons: std::mem::take(&mut report.comparisons),
        verdicts: std::mem::take(&mut report.verdicts),
        ..Report::default()
    };
}
