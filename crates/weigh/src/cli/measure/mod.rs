//! `weigh measure`: latency, throughput and the trade-off between them on this machine.

pub(super) mod grid;
mod load;
pub(super) mod real;
mod sweep;
mod versus;

use std::process::ExitCode;
use std::time::Duration;

use weigh::{Bench, Slo};
use weigh_hardware::Machine;
use weigh_measure::fleet::{Campaign, Launcher};
use weigh_measure::{Plan, Quantile};

use super::{Hinted, MISSED, Outcome, models, output, requirements, save, workers};

pub(crate) use grid::Args as GridArgs;
pub(crate) use versus::percent;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    models: models::Args,

    #[command(flatten)]
    grid: grid::Args,

    #[command(flatten)]
    time: TimeArgs,

    #[command(flatten)]
    data: real::Args,

    #[command(flatten)]
    versus: versus::Args,

    #[command(flatten)]
    load: load::Args,

    /// The limit that latency has to keep, to choose the best configuration or rate by: 'p99<=50ms'
    #[arg(long, value_name = "LIMIT")]
    slo: Option<Slo>,

    /// Say why it takes longer than FLOPs / FLOPS: what each cause adds (needs `weigh hardware calibrate`)
    #[arg(long)]
    explain: bool,

    /// Read the machine's energy counters while the model runs; without any, energy is modelled and says so
    #[arg(long)]
    energy: bool,

    /// A calibration other than the one in the config folder
    #[arg(long, value_name = "FILE", requires = "explain")]
    calibration: Option<std::path::PathBuf>,

    /// What is counted: samples, images, frames, tokens, queries
    #[arg(long, default_value = "samples")]
    unit: String,

    #[command(flatten)]
    save: save::Args,

    #[command(flatten)]
    requirements: requirements::Args,

    #[command(flatten)]
    output: output::Args,
}

/// For how long and how often to measure.
#[derive(clap::Args)]
pub(crate) struct TimeArgs {
    /// Seconds of counted runs for each configuration, at least
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, help_heading = "Effort")]
    min_time: f64,

    /// Seconds for each configuration after which no further process is started
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, help_heading = "Effort")]
    max_time: f64,

    /// Fresh processes for each configuration: what intervals are made of
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Effort")]
    processes: u16,

    /// Take as many samples as these need: p50, p90, p95, p99, p99.9
    #[arg(long = "percentile", value_name = "P", value_delimiter = ',', value_parser = quantile, help_heading = "Effort")]
    percentiles: Vec<Quantile>,

    /// Seconds without an answer after which a worker counts as hung
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, help_heading = "Effort")]
    patience: f64,

    /// Of the order of configurations and of arrivals
    #[arg(long, default_value_t = 0, help_heading = "Effort")]
    seed: u64,
}

const EXAMPLES: &str = "\
Examples:
  weigh measure m.onnx --batch auto --slo 'p99<=50ms'      the trade-off, its sweet spot, the best under a limit
  weigh measure m.onnx --data photos/ --preprocess imagenet --postprocess softmax-top5
  weigh measure a.onnx --versus b.onnx                     which is faster, and by how much
  weigh measure m.onnx --opt none,all --versus             one model at two settings
  weigh measure m.onnx --scenario server --slo 'p99<=50ms' the highest rate of queries that it can take
  weigh measure m.onnx --layers                            where the time goes
  weigh measure m.onnx --explain                           why it takes longer than FLOPs / FLOPS";

pub(crate) fn run(args: &Args) -> Outcome {
    let requirements = args.requirements.read()?;
    let quantiles = requirements.quantiles();
    let by_layer = args.output.layers || args.output.wants().layer_times;
    let bench = args.time.bench(&args.unit, args.slo, by_layer, &quantiles)?;
    let mut keeper = args.save.keeper()?;
    let outcome = match (args.versus.is_wanted(), &args.load.scenario) {
        (true, Some(_)) => {
            Err(Hinted::new("--versus and --scenario exclude each other", "run them one after the other")
                .into())
        }
        (true, None) if args.save.is_wanted() => {
            let hint = "measure each model by itself to keep it";
            Err(Hinted::new("--versus and --save exclude each other", hint).into())
        }
        (true, None) => versus::run(args, &bench),
        (false, Some(_)) => load::run(args, &bench, &mut keeper),
        (false, None) => sweep::run(args, &bench, &mut keeper),
    };
    let (mut reports, all_good) = outcome?;
    let environment = weigh::machine(&Machine::detect());
    reports.iter_mut().for_each(|report| report.environment = Some(environment.clone()));
    reports.iter_mut().for_each(|report| requirements.judge(report));
    if !args.output.wants().facts {
        // The facts are what `weigh inspect` is for; people asked for times.
        reports.iter_mut().for_each(only_measured);
    }
    if !reports.is_empty() {
        args.output.show_as(&reports, &requirements.shown(args.output.render_options()))?;
    }
    if all_good && !bench.launcher.is_cancelled() && !requirements.pass(&reports) {
        return Ok(ExitCode::from(MISSED));
    }
    Ok(workers::ending(&bench.launcher, all_good))
}

/// Reports, and whether all went well.
type Found = anyhow::Result<(Vec<weigh::Report>, bool)>;

impl TimeArgs {
    /// How to measure, with as many samples as percentiles need.
    pub fn bench(
        &self,
        unit: &str,
        slo: Option<Slo>,
        by_layer: bool,
        quantiles: &[Quantile],
    ) -> anyhow::Result<Bench> {
        let wanted: Vec<Quantile> =
            slo.iter().map(|slo| slo.quantile).chain(quantiles.iter().copied()).collect();
        Ok(Bench {
            launcher: self.launcher()?,
            campaign: self.campaign(&wanted)?,
            unit: unit.to_owned(),
            slo,
            by_layer,
            memory_bytes: Machine::detect().memory_bytes,
        })
    }

    /// How workers are started.
    pub fn launcher(&self) -> anyhow::Result<Launcher> {
        workers::launcher(seconds("--patience", self.patience)?)
    }

    /// How many processes, for how long: enough for these percentiles and those asked for.
    pub fn campaign(&self, wanted: &[Quantile]) -> anyhow::Result<Campaign> {
        let plan = Plan {
            min_time: seconds("--min-time", self.min_time)?,
            max_time: seconds("--max-time", self.max_time)?,
            ..Campaign::default().plan
        };
        let quantiles: Vec<Quantile> = self.percentiles.iter().chain(wanted).copied().collect();
        Ok(Campaign {
            processes: usize::from(self.processes),
            plan: plan.for_quantiles(&quantiles),
            seed: self.seed,
        })
    }
}

fn seconds(option: &str, seconds: f64) -> anyhow::Result<Duration> {
    if seconds > 0.0 && seconds <= 86400.0 {
        return Ok(Duration::from_secs_f64(seconds));
    }
    let hint = format!("{option} takes seconds, up to 86400");
    Err(Hinted::new(format!("{option} {seconds} is no time to measure for"), hint).into())
}

fn only_measured(report: &mut weigh::Report) {
    output::leave_out_facts(report);
    let is_compared = report.comparisons.iter().any(|comparison| comparison.ratio.is_some());
    if is_compared {
        // The comparison has the times of both sides.
        report.measurements.clear();
    }
}

/// `p99.9`, `99.9`.
fn quantile(text: &str) -> Result<Quantile, String> {
    let percent = text.strip_prefix('p').unwrap_or(text).parse::<f64>().ok();
    let quantile = percent.and_then(|percent| Quantile::new((percent * 1e4).round() / 1e6));
    quantile.ok_or_else(|| "write p50, p90, p95, p99 or p99.9".to_owned())
}
