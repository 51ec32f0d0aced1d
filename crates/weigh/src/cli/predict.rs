//! `weigh predict`: what a model would take on this machine or another, without running it there.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use weigh::ir::DType;
use weigh::{PredictionRequest, Report};
use weigh_hardware::energy::carbon::{Grid, grid, grids};
use weigh_measure::fleet::Launcher;

use super::places::Places;
use super::{FAILED, MISSED, Outcome, amounts, engines, models, output, requirements, workers};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model files, or zoo:NAME; none with --flops
    #[arg(value_name = "MODEL", required_unless_present = "flops", conflicts_with = "flops")]
    models: Vec<String>,

    #[command(flatten)]
    assume: models::Assume,

    /// Where: this (the calibrated machine), or devices by name (see `weigh hardware list`)
    #[arg(
        long,
        value_name = "DEVICE",
        value_delimiter = ',',
        default_value = "this",
        help_heading = "Where and how"
    )]
    on: Vec<String>,

    /// Batch sizes: 1,8,32
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..), help_heading = "Where and how")]
    batch: Vec<u64>,

    /// Element type to compute in on a device: fp32, fp16, bf16, fp8, int8, int4; by default the model's
    #[arg(long, value_name = "TYPE", value_parser = dtype, help_heading = "Where and how")]
    dtype: Option<DType>,

    /// The engine on this machine
    #[arg(long, default_value = "auto", value_parser = engines::names(), help_heading = "Where and how")]
    engine: String,

    /// Threads on this machine; by default one for each physical core
    #[arg(long, value_name = "N", help_heading = "Where and how")]
    threads: Option<NonZeroUsize>,

    /// A whole training step instead of an inference, on a device
    #[arg(long, help_heading = "Where and how")]
    training: bool,

    /// A calibration other than the one in the config folder
    #[arg(long, value_name = "FILE", help_heading = "Where and how")]
    calibration: Option<PathBuf>,

    /// A file of devices of your own, beside ~/.config/weigh/devices/*.toml
    #[arg(long = "hardware", value_name = "FILE", help_heading = "Where and how")]
    files: Vec<PathBuf>,

    /// The longest an inference may take, for the largest batch that keeps it: 50ms
    #[arg(long, value_name = "TIME", value_parser = amounts::time, help_heading = "Questions")]
    within: Option<f64>,

    /// Inferences per second that a battery is to last for
    #[arg(long, value_name = "PER_SECOND", value_parser = positive, help_heading = "Questions")]
    rate: Option<f64>,

    /// Where electricity comes from: a name, or grams of CO2 equivalent per kWh
    #[arg(long, value_name = "GRID", value_parser = electricity, help_heading = "Questions")]
    grid: Option<Grid>,

    /// FLOPs of one inference, for figures without a model: 4.1G
    #[arg(long, value_name = "COUNT", value_parser = amounts::count, help_heading = "Without a model")]
    #[arg(conflicts_with_all = ["batch", "within", "rate", "grid", "training", "engine"])]
    flops: Option<f64>,

    /// Bytes that it moves: 100M
    #[arg(long, value_name = "BYTES", value_parser = amounts::count, requires = "flops", help_heading = "Without a model")]
    bytes: Option<f64>,

    /// A time that was measured there: 5ms
    #[arg(long, value_name = "TIME", value_parser = amounts::time, help_heading = "Without a model")]
    measured: Option<f64>,

    #[command(flatten)]
    requirements: requirements::Args,

    #[command(flatten)]
    output: output::Args,
}

const EXAMPLES: &str = "\
Examples:
  weigh predict m.onnx --batch 1,8,32                       on this machine (after `weigh hardware calibrate`)
  weigh predict m.onnx --on t4,a100-80gb --dtype fp16       on devices of the table
  weigh predict m.onnx --on raspberry-pi-5 --within 33ms    the largest batch that keeps 30 frames a second
  weigh predict --flops 4.1G --on rtx-3090 --measured 5ms   how much of the peak that was";

/// How long a worker may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(args: &Args) -> Outcome {
    let requirements = args.requirements.read()?;
    let places = Places::new(&args.on, &args.files, args.calibration.as_ref())?;
    let request = args.request();
    if let Some(flops) = args.flops {
        let devices = places.devices();
        let on = devices.iter().map(|device| weigh::without_model(flops, args.bytes, device, &request));
        let mut reports = [Report { predictions: on.collect(), ..Report::default() }];
        reports.iter_mut().for_each(|report| requirements.judge(report));
        args.output.show_as(&reports, &requirements.shown(args.output.render_options()))?;
        return Ok(ExitCode::from(if requirements.pass(&reports) { 0 } else { MISSED }));
    }
    let launcher = workers::launcher(PATIENCE)?;
    let (mut reports, mut all_good) = (Vec::new(), true);
    for path in &args.models {
        match args.predict(path, &places, &request, &launcher) {
            Ok(report) => reports.push(report),
            Err(error) => {
                output::report_error(&error);
                all_good = false;
            }
        }
    }
    if places.has_this() {
        let environment = weigh::machine(places.machine());
        reports.iter_mut().for_each(|report| report.environment = Some(environment.clone()));
    }
    reports.iter_mut().for_each(|report| requirements.judge(report));
    if !args.output.wants().facts {
        reports.iter_mut().for_each(only_predicted);
    }
    if !reports.is_empty() {
        args.output.show_as(&reports, &requirements.shown(args.output.render_options()))?;
    }
    match all_good {
        true if !launcher.is_cancelled() && !requirements.pass(&reports) => Ok(ExitCode::from(MISSED)),
        true => Ok(workers::ending(&launcher, true)),
        false => Ok(ExitCode::from(FAILED)),
    }
}

impl Args {
    fn request(&self) -> PredictionRequest {
        PredictionRequest {
            batches: self.batch.clone(),
            dtype: self.dtype,
            weights: None,
            limit_ms: self.within,
            rate: self.rate,
            grid: self.grid.clone(),
            measured_ms: self.measured,
            training: self.training,
        }
    }

    fn predict(
        &self,
        path: &str,
        places: &Places,
        request: &PredictionRequest,
        launcher: &Launcher,
    ) -> anyhow::Result<Report> {
        let options = self.assume.options()?;
        let weighed = models::weigh_one(path, &options)?;
        let setting = places.setting(&self.engine, self.threads)?;
        let mut report = weigh::describe(&weighed.opened, &weighed.facts);
        report.predictions = places.predict(&weighed, &options, &setting, request, launcher)?;
        Ok(report)
    }
}

/// What people asked for.
fn only_predicted(report: &mut Report) {
    output::leave_out_facts(report);
    report.environment = None;
}

/// `fp16`, or the name of an element type.
pub(super) fn dtype(text: &str) -> Result<DType, String> {
    let short = match text {
        "fp64" => Some(DType::F64),
        "fp32" => Some(DType::F32),
        "fp16" => Some(DType::F16),
        "bf16" => Some(DType::BF16),
        "fp8" => Some(DType::F8E4M3FN),
        _ => None,
    };
    let named = || DType::all().find(|dtype| dtype.name() == text);
    short.or_else(named).ok_or_else(|| "write fp32, fp16, bf16, fp8, int8 or int4".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "write a number above 0".to_owned())
}

/// A grid by name, or by grams per kilowatt-hour.
pub(super) fn electricity(text: &str) -> Result<Grid, String> {
    if let Some(known) = grid(text) {
        return Ok(known.clone());
    }
    match text.parse::<f64>() {
        Ok(grams) if grams.is_finite() && grams >= 0.0 => Ok(Grid::given(grams)),
        _ => {
            let names: Vec<&str> = grids().iter().map(|grid| grid.name.as_str()).collect();
            Err(format!("write grams per kWh, or one of {}", names.join(", ")))
        }
    }
}
