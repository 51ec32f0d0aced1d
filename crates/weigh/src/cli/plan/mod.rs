//! `weigh plan`: what serving a workload takes, on each of several ways of serving it, and the cheapest.

mod sources;
mod work;

use std::process::ExitCode;

use weigh::Report;
use weigh::decide::plan::plan;

use super::progress::Bar;
use super::{FAILED, Hinted, Outcome, models, output};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    work: work::Args,

    #[command(flatten)]
    sources: sources::Args,

    #[command(flatten)]
    assume: models::Assume,

    #[command(flatten)]
    output: output::Args,
}

const EXAMPLES: &str = "\
Examples:
  weigh plan --latency 75ms --rate 10/s                     does one server keep up, and how much can it take
  weigh plan --throughput 100/s,1000/s --items 1M/day       hours of work in a day, at two speeds
  weigh plan --throughput 1280/s --items 10M --deadline 24h when it is done, and what it costs with --price 2.50/h
  weigh plan m.onnx --batch 1,8 --rate 200/s --peak 600/s --slo 'p99<=100ms' --price 0.40/h
  weigh plan m.onnx --on t4,a100-80gb --dtype fp16 --peak 600/s --slo 'p99<=100ms' --grid france
  weigh plan measured.json --rate 200/s --utilisation 0.7   of what was measured before";

/// The exit code for what nothing surely meets.
const NOT_MET: u8 = 1;

pub(crate) fn run(args: &Args) -> Outcome {
    let workload = args.work.workload();
    workload.check().map_err(|error| Hinted::new(error.to_string(), error.hint()))?;
    let found = args.sources.found(&args.assume, &args.work)?;
    if found.candidates.is_empty() && found.all_good {
        let hint = "name a model or a saved report of measurements or predictions, \
            or say how fast: --latency 75ms, --throughput 1280/s";
        return Err(Hinted::new("there is nothing to plan with", hint).into());
    }
    if found.candidates.is_empty() {
        return Ok(ExitCode::from(FAILED));
    }
    let mut candidates = found.candidates;
    candidates.iter_mut().for_each(|candidate| args.work.equip(candidate));
    let bar = Bar::new("plan");
    bar.busy("simulating queues");
    let planned = plan(&workload, &candidates, &args.work.site());
    let (plan, verdicts) = planned.map_err(|error| Hinted::new(error.to_string(), error.hint()))?;
    let is_met = plan.choice.is_some() || workload.is_nothing();
    drop(bar);
    // What plans rest on is for programs; people asked for the plan.
    let rests_on = found.report.filter(|_| args.output.wants().facts).unwrap_or_default();
    args.output.show(&[Report { plan: Some(plan), verdicts, ..rests_on }])?;
    Ok(match (found.all_good, is_met) {
        (false, _) => ExitCode::from(FAILED),
        (true, false) => ExitCode::from(NOT_MET),
        (true, true) => ExitCode::SUCCESS,
    })
}
