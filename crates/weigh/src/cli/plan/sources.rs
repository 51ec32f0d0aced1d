//! The ways of doing the work: saved reports, models measured here or predicted elsewhere, or a speed that is given.

use std::path::PathBuf;

use anyhow::Context;
use weigh::decide::plan::{Candidate, Speed, candidates};
use weigh::ir::DType;
use weigh::ir::units::{milliseconds, per_second};
use weigh::{Batches, Bench, OnThis, PredictionRequest, Report, Subject};
use weigh_hardware::Machine;
use weigh_hardware::devices::Devices;

use super::super::hardware::{self, calibrate};
use super::super::measure::{TimeArgs, grid};
use super::super::progress::Bar;
use super::super::{Hinted, amounts, models, output, places, predict, reports};
use super::work;

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Saved reports (*.json), model files or zoo:NAME; models are measured here, or predicted with --on
    #[arg(value_name = "MODEL|REPORT")]
    files: Vec<String>,

    /// How long an inference takes, without a model: 75ms; several by commas
    #[arg(long, value_name = "TIME", value_delimiter = ',', value_parser = amounts::time, conflicts_with = "throughput", help_heading = "Without a model")]
    latency: Vec<f64>,

    /// What a server can do: 1280/s; several by commas
    #[arg(long, value_name = "RATE", value_delimiter = ',', value_parser = amounts::rate, help_heading = "Without a model")]
    throughput: Vec<f64>,

    /// Standard deviation of the time of an inference; without it every inference takes the same
    #[arg(long, value_name = "TIME", value_parser = amounts::time, help_heading = "Without a model")]
    stddev: Option<f64>,

    /// Where models would run, by prediction: this (the calibrated machine), or devices by name
    #[arg(long, value_name = "DEVICE", value_delimiter = ',', help_heading = "Where and how")]
    on: Vec<String>,

    /// Element types to compute in on a device: fp32,fp16,int8; by default the model's
    #[arg(long, value_name = "TYPE", value_delimiter = ',', value_parser = predict::dtype, requires = "on", help_heading = "Where and how")]
    dtype: Vec<DType>,

    /// A calibration other than the one in the config folder
    #[arg(long, value_name = "FILE", requires = "on", help_heading = "Where and how")]
    calibration: Option<PathBuf>,

    /// A file of devices of your own, beside ~/.config/weigh/devices/*.toml
    #[arg(long = "hardware", value_name = "FILE", help_heading = "Where and how")]
    devices: Vec<PathBuf>,

    #[command(flatten)]
    grid: grid::Args,

    #[command(flatten)]
    time: TimeArgs,
}

/// The ways that were found.
pub(super) struct Found {
    pub candidates: Vec<Candidate>,
    /// What they rest on, where that is one report.
    pub report: Option<Report>,
    /// Whether every file was good.
    pub all_good: bool,
}

impl Args {
    pub(super) fn found(&self, assume: &models::Assume, work: &work::Args) -> anyhow::Result<Found> {
        let devices = hardware::load(&self.devices)?;
        let given = self.given()?;
        let (mut reports, mut all_good) = (Vec::new(), true);
        let bench = match self.files.iter().any(|file| !reports::is_report(file)) {
            true => Some(self.time.bench(&work.unit, work.slo, false, &[])?),
            false => None,
        };
        for file in &self.files {
            let report = match &bench {
                _ if reports::is_report(file) => read(file),
                Some(bench) if self.on.is_empty() => {
                    self.measured(file, assume, bench).map(|report| vec![report])
                }
                Some(bench) => self.predicted(file, assume, bench, &devices).map(|report| vec![report]),
                None => Ok(Vec::new()),
            };
            match report {
                Ok(read) => reports.extend(read),
                Err(error) => {
                    output::report_error(&error);
                    all_good = false;
                }
            }
        }
        let mut ways: Vec<Candidate> = reports.iter().flat_map(candidates).collect();
        for way in &mut ways {
            if let Some(Ok(device)) = way.device.as_deref().map(|name| devices.find(name)) {
                weigh::outfit(way, device);
            }
        }
        ways.extend(given);
        let report = if reports.len() == 1 { reports.pop() } else { None };
        Ok(Found { candidates: ways, report, all_good })
    }

    /// Speeds that the user gave.
    fn given(&self) -> anyhow::Result<Vec<Candidate>> {
        if self.latency.is_empty() && self.throughput.is_empty() {
            return Ok(Vec::new());
        }
        let batch = match self.grid.batches()? {
            Batches::Own => 1,
            Batches::Given(sizes) if sizes.len() == 1 => sizes[0],
            _ => {
                let hint = "a time is one of one batch: give --batch N once, or --throughput";
                return Err(Hinted::new("several batches for one speed", hint).into());
            }
        };
        let streams = self.grid.streams.first().map_or(1, |streams| streams.get() as u64);
        let way = |name: String, per_second: f64| {
            let speed =
                Speed { per_second, ci: None, stddev_ms: Some(self.stddev.unwrap_or(0.0)), p99_ms: None };
            let sized = if batch > 1 { format!(", batch {batch}") } else { String::new() };
            Candidate { streams, ..Candidate::given(name + &sized, batch, speed) }
        };
        let together = (batch * streams) as f64;
        let by_time = self.latency.iter().map(|ms| way(milliseconds(*ms), together / ms * 1e3));
        Ok(by_time.chain(self.throughput.iter().map(|rate| way(per_second(*rate), *rate))).collect())
    }

    fn measured(&self, file: &str, assume: &models::Assume, bench: &Bench) -> anyhow::Result<Report> {
        let options = assume.options()?;
        let weighed = models::weigh_one(file, &options)?;
        let subject = Subject::new(&weighed.opened, &options, None)?;
        let mut report = weigh::describe(&weighed.opened, &weighed.facts);
        let bar = Bar::new(&weighed.opened.name);
        let (settings, batches) = (self.grid.settings()?, self.grid.batches()?);
        let swept = bench.sweep(&subject, &settings, &batches, &mut |step| bar.step(step));
        (report.measurements, report.sweep) = (swept.measurements, swept.sweep);
        report.environment = Some(weigh::machine(&Machine::detect()));
        Ok(report)
    }

    fn predicted(
        &self,
        file: &str,
        assume: &models::Assume,
        bench: &Bench,
        devices: &Devices,
    ) -> anyhow::Result<Report> {
        let options = assume.options()?;
        let weighed = models::weigh_one(file, &options)?;
        let mut report = weigh::describe(&weighed.opened, &weighed.facts);
        let batches = match self.grid.batches()? {
            Batches::Given(sizes) => sizes,
            Batches::Own => Vec::new(),
            Batches::Auto => {
                return Err(Hinted::new("--batch auto is for measuring", "give sizes: --batch 1,8,32").into());
            }
        };
        let bar = Bar::new(&weighed.opened.name);
        bar.busy("predicting");
        let request = PredictionRequest { batches, ..PredictionRequest::default() };
        let dtypes: Vec<Option<DType>> = match self.dtype.as_slice() {
            [] => vec![None],
            given => given.iter().copied().map(Some).collect(),
        };
        for name in &self.on {
            match places::target(devices, name)? {
                Some(device) => {
                    for dtype in &dtypes {
                        let request = PredictionRequest { dtype: *dtype, ..request.clone() };
                        let found = weigh::on_device(&weighed.opened, &options, &device, &request);
                        report
                            .predictions
                            .extend(found.with_context(|| format!("{file} was not predicted"))?);
                    }
                }
                None => {
                    let subject = Subject::new(&weighed.opened, &options, None)?;
                    report.predictions.extend(self.on_this(file, &subject, bench, &request)?);
                }
            }
        }
        Ok(report)
    }

    fn on_this(
        &self,
        file: &str,
        subject: &Subject<'_>,
        bench: &Bench,
        request: &PredictionRequest,
    ) -> anyhow::Result<Vec<weigh::report::report::Prediction>> {
        let machine = Machine::detect();
        let calibration = calibrate::load(self.calibration.as_ref(), &machine)?.ok_or_else(|| {
            let hint =
                "run `weigh hardware calibrate` once (some three minutes), or leave out --on to measure";
            Hinted::new("this machine was not calibrated", hint)
        })?;
        let here = OnThis { launcher: &bench.launcher, calibration: &calibration, machine: &machine };
        let mut found = Vec::new();
        for setting in self.grid.settings()? {
            let predicted = here.predict(subject, &setting, request);
            found.extend(predicted.map_err(|reason| anyhow::anyhow!("{file} was not predicted: {reason}"))?);
        }
        Ok(found)
    }
}

fn read(file: &str) -> anyhow::Result<Vec<Report>> {
    let reports = reports::read(file)?;
    match reports.iter().any(|report| !candidates(report).is_empty()) {
        true => Ok(reports),
        false => {
            let hint = "save one with `weigh measure M --format json -o FILE`, or `weigh predict`";
            Err(Hinted::new(format!("{file} has no measurement and no prediction"), hint).into())
        }
    }
}
