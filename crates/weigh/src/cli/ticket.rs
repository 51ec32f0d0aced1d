//! `weigh MODEL`: everything on one screen, with a short measurement.

use std::process::ExitCode;
use std::time::Duration;

use weigh::BenchmarkRequest;
use weigh_hardware::Machine;

use super::{FAILED, Outcome, measure, models, output, progress::Bar};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    models: models::Args,

    #[command(flatten)]
    output: output::Args,
}

/// How long the ticket measures.
const MIN_TIME: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &Args) -> Outcome {
    let options = args.models.assume.options()?;
    let (weighed, all_good) = models::weigh_all(&args.models, |weighed| weighed)?;
    let environment = weigh::machine(&Machine::detect());
    let request = BenchmarkRequest { engine: measure::default_engine(), threads: None, min_time: MIN_TIME };
    let mut reports = Vec::new();
    for models::Weighed { opened, facts } in &weighed {
        let mut bar = Bar::new(&opened.name);
        let mut report = weigh::describe(opened, facts);
        report.measurements =
            vec![weigh::benchmark(opened, facts, &options, &request, &mut |at| bar.update(at))];
        report.environment = Some(environment.clone());
        reports.push(report);
    }
    if !reports.is_empty() {
        args.output.show(&reports)?;
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
