//! `weigh measure --scenario`: the model under load.

use std::time::Duration;

use weigh::ir::units::Dimension;
use weigh::{Batches, LoadRequest, Setting, Subject};
use weigh_measure::scenario::{Batching, Scenario};

use super::super::amounts;
use super::super::progress::Bar;
use super::super::save::Keeper;
use super::{Found, Hinted, models, output};

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Put the model under load: single-stream, multi-stream, offline or server, as MLPerf defines them
    #[arg(long, value_name = "NAME", help_heading = "Load")]
    pub scenario: Option<Scenario>,

    /// Queries per second of a server; without it the highest that meets --slo is looked for, for up to five minutes
    #[arg(long, value_name = "QPS", value_parser = amounts::rate, requires = "scenario", help_heading = "Load")]
    rate: Option<f64>,

    /// Queries that a server may answer with one inference
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4096), requires = "scenario", help_heading = "Load")]
    max_batch: u16,

    /// How long a query may wait for others to share its inference: 5ms
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = delay, requires = "scenario", help_heading = "Load")]
    max_delay: Duration,
}

fn delay(text: &str) -> Result<Duration, String> {
    let milliseconds = match text {
        "0" => 0.0,
        text => Dimension::Time.read(text).map_err(|error| error.to_string())?,
    };
    Duration::try_from_secs_f64(milliseconds / 1e3).map_err(|error| error.to_string())
}

pub(super) fn run(args: &super::Args, bench: &weigh::Bench, keeper: &mut Keeper) -> Found {
    let options = args.models.assume.options()?;
    let (load, data) = (&args.load, args.data.request()?);
    let scenario = load.scenario.unwrap_or(Scenario::SingleStream);
    if scenario == Scenario::Server && load.rate.is_none() && bench.slo.is_none() {
        let hint = "give --rate 200, or --slo 'p99<=50ms' to look for the highest rate";
        return Err(Hinted::new("a server needs a rate of queries or a limit on latency", hint).into());
    }
    if scenario != Scenario::Server && bench.slo.is_some() {
        let hint = "judge this load by --require 'latency.p90<=50ms'";
        return Err(Hinted::new("--slo under load limits the rate of a server", hint).into());
    }
    let request = LoadRequest {
        scenario,
        rate: load.rate,
        batching: Batching {
            max: usize::from(load.max_batch),
            delay_ns: u64::try_from(load.max_delay.as_nanos()).unwrap_or(u64::MAX),
        },
    };
    let batches = match args.grid.batches()? {
        Batches::Own => vec![None],
        Batches::Given(sizes) => sizes.into_iter().map(Some).collect(),
        Batches::Auto => return Err(Hinted::new("--batch auto is not for loads", "name batch sizes").into()),
    };
    let (mut reports, mut all_good) = (Vec::new(), true);
    for path in &args.models.models {
        let mut serve = || -> anyhow::Result<weigh::Report> {
            let weighed = models::weigh_one(path, &options)?;
            let subject = Subject::new(&weighed.opened, &options, data.clone())?;
            let mut report = weigh::describe(&weighed.opened, &weighed.facts);
            let bar = Bar::new(&weighed.opened.name);
            for setting in args.grid.settings()? {
                for &batch in &batches {
                    let setting = Setting { batch, ..setting.clone() };
                    let served = bench.serve(&subject, &setting, &request, &mut |words| bar.busy(words));
                    all_good &= !served.failed;
                    report.measurements.push(served.measurement);
                }
            }
            drop(bar);
            all_good &= keeper.keep(&report, &weighed.opened);
            Ok(report)
        };
        match serve() {
            Ok(report) => reports.push(report),
            Err(error) => {
                output::report_error(&error);
                all_good = false;
            }
        }
    }
    Ok((reports, all_good))
}
