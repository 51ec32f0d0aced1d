//! `weigh measure`: latency and throughput, for one or several batch sizes.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use weigh::ir::Symbol;
use weigh::{BenchmarkRequest, Options};
use weigh_engine::Engine;
use weigh_hardware::Machine;

use super::{FAILED, Hinted, Outcome, models, output, progress::Bar};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    models: models::Args,

    /// What runs the model
    #[arg(long, default_value = "rten", value_parser = engines())]
    engine: String,

    /// Threads; by default one for each physical core
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// Batch sizes: --batch 1,8,32
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(i64).range(1..))]
    batch: Vec<i64>,

    /// Seconds to measure for, at least
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    min_time: f64,

    #[command(flatten)]
    output: output::Args,
}

fn engines() -> clap::builder::PossibleValuesParser {
    weigh_engine::engines()
        .iter()
        .map(|engine| clap::builder::PossibleValue::new(engine.name()))
        .collect::<Vec<_>>()
        .into()
}

/// The engine that is always there.
pub(crate) fn default_engine() -> &'static dyn Engine {
    weigh_engine::engine("rten").unwrap_or_else(weigh_engine::automatic)
}

pub(crate) fn run(args: &Args) -> Outcome {
    if !(args.min_time > 0.0 && args.min_time <= 3600.0) {
        return Err(Hinted::new(
            format!("cannot measure for {} s", args.min_time),
            "--min-time takes seconds, up to 3600",
        )
        .into());
    }
    let request = BenchmarkRequest {
        engine: weigh_engine::engine(&args.engine).unwrap_or_else(default_engine),
        threads: args.threads,
        min_time: Duration::from_secs_f64(args.min_time),
    };
    let options = args.models.assume.options()?;
    let environment = weigh::machine(&Machine::detect());
    let (mut reports, mut all_good) = (Vec::new(), true);
    for path in &args.models.models {
        match measure(path, args, &options, &request) {
            Ok(mut report) => {
                all_good &= report.measurements.iter().all(|measurement| measurement.samples > 0);
                report.environment = Some(environment.clone());
                reports.push(report);
            }
            Err(error) => {
                output::report_error(&error);
                all_good = false;
            }
        }
    }
    if !reports.is_empty() {
        args.output.show(&reports)?;
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The report of one model, with a measurement for each batch size asked for.
fn measure(
    path: &str,
    args: &Args,
    options: &Options,
    request: &BenchmarkRequest,
) -> anyhow::Result<weigh::Report> {
    let first = models::weigh_one(path, options)?;
    let mut report = weigh::describe(&first.opened, &first.facts);
    let mut bar = Bar::new(&first.opened.name);
    let mut run = |facts: &weigh::Analysis, options: &Options| {
        weigh::benchmark(&first.opened, facts, options, request, &mut |at| bar.update(at))
    };
    if args.batch.is_empty() {
        report.measurements.push(run(&first.facts, options));
        return Ok(report);
    }
    let symbol = batch_symbol(&first)?;
    for batch in &args.batch {
        let options = models::with_dim(options, &symbol, *batch);
        let facts = weigh::analyze(&first.opened.model, &options)?;
        report.measurements.push(run(&facts, &options));
    }
    Ok(report)
}

/// The dim that is the batch: the one whose value was assumed because it leads an input.
fn batch_symbol(weighed: &models::Weighed) -> anyhow::Result<Symbol> {
    let assumed = &weighed.facts.assumed;
    let named = assumed.iter().find(|symbol| symbol.as_str().contains("batch"));
    named.or(assumed.first()).cloned().ok_or_else(|| {
        let message = format!("the batch size of {} is fixed", weighed.opened.name);
        Hinted::new(message, "export it with a dynamic batch, or give the inputs other shapes with --input")
            .into()
    })
}
