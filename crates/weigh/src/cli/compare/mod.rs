//! `weigh compare`: models or saved reports beside each other, against one of them.

mod run;
mod subjects;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use weigh::Report;
use weigh::report::RenderOptions;
use weigh_decide::compare;

use super::{Outcome, measure, models, output, workers};
use run::Extra;
use subjects::Subjects;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model files, zoo:NAME, or reports that were saved with --format json
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<String>,

    /// What all are compared with; by default the first
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,

    /// Compare layer by layer: what was added, removed and changed
    #[arg(long)]
    layers: bool,

    #[command(flatten)]
    assume: models::Assume,

    /// Run each model against the baseline on this machine, in turns
    #[arg(long, help_heading = "Time")]
    measure: bool,

    /// Predict times for this machine (after `weigh hardware calibrate`)
    #[arg(long, help_heading = "Time")]
    predict: bool,

    /// Predict times for devices (see `weigh hardware list`)
    #[arg(long, value_name = "DEVICE", value_delimiter = ',', help_heading = "Time")]
    on: Vec<String>,

    /// Differences of time below this part count as none
    #[arg(long, value_name = "PERCENT", default_value = "1%", value_parser = measure::percent, help_heading = "Time")]
    same: f64,

    /// A calibration other than the one in the config folder
    #[arg(long, value_name = "FILE", help_heading = "Time")]
    calibration: Option<PathBuf>,

    /// A file of devices of your own, beside ~/.config/weigh/devices/*.toml
    #[arg(long = "hardware", value_name = "FILE", help_heading = "Time")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    grid: measure::GridArgs,

    #[command(flatten)]
    time: measure::TimeArgs,

    /// Order of the models: the best of a metric first; by default as given
    #[arg(long, value_name = "METRIC", value_parser = sort_keys(), help_heading = "Output")]
    sort: Option<String>,

    /// How many of the layers that differ to show
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    top: usize,

    /// Output format
    #[arg(long, default_value = "table", value_parser = output::formats(), help_heading = "Output")]
    format: String,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  weigh compare zoo:mobilenet_v2 zoo:resnet50 zoo:vgg16    what each costs beside the first
  weigh compare a.onnx b.onnx --layers                     which layers make the difference
  weigh compare a.onnx b.onnx --measure                    which is faster, and by how much
  weigh compare a.onnx b.onnx --on t4,raspberry-pi-5       and elsewhere
  weigh compare before.json after.json                     reports of other days or machines";

fn sort_keys() -> PossibleValuesParser {
    compare::metrics().map(|metric| PossibleValue::new(metric.name)).collect::<Vec<_>>().into()
}

pub(crate) fn run(args: &Args) -> Outcome {
    let extra = Extra::new(args)?;
    let mut subjects = Subjects::load(&args.models, &args.assume)?;
    let baseline = subjects.baseline(args.baseline.as_deref())?;
    let all_good = extra.add_to(&mut subjects, baseline)?;
    let mut reports = subjects.reports;
    compare::compare(&mut reports, &subjects.names, baseline, args.layers);
    if let Some(metric) = &args.sort {
        sort(&mut reports, metric);
    }
    let output = output::Args::plain(&args.format, args.output.clone());
    let options = RenderOptions { layers: false, top: args.top, ..output.render_options() };
    output.show_as(&reports, &options)?;
    Ok(workers::ending(&extra.launcher, all_good))
}

/// The best first; those that are not known last, and in the order given where they are equal.
fn sort(reports: &mut [Report], metric: &str) {
    let more_is_better = compare::metrics().any(|known| known.name == metric && known.more_is_better);
    let weight = |report: &Report| {
        let found = report.comparisons.iter().find(|found| found.metric == metric);
        let value = found.and_then(|found| found.b_value);
        value.map_or(f64::INFINITY, |value| if more_is_better { -value } else { value })
    };
    reports.sort_by(|a, b| weight(a).total_cmp(&weight(b)));
}
