//! The usual measurement: every model at every configuration.

use weigh::Subject;

use super::super::explain::{self, Explainer};
use super::super::progress::Bar;
use super::super::save::Keeper;
use super::{Args, Found, models, output};

pub(super) fn run(args: &Args, bench: &weigh::Bench, keeper: &mut Keeper) -> Found {
    let options = args.models.assume.options()?;
    let (settings, batches) = (args.grid.settings()?, args.grid.batches()?);
    let data = args.data.request()?;
    let calibration = args.calibration.as_ref();
    let explainer = args.explain.then(|| Explainer::new(bench, calibration)).transpose()?;
    let (mut reports, mut all_good) = (Vec::new(), true);
    for path in &args.models.models {
        if bench.launcher.is_cancelled() {
            break;
        }
        let mut measure = || -> anyhow::Result<(weigh::Report, bool)> {
            let weighed = models::weigh_one(path, &options)?;
            let subject = Subject::new(&weighed.opened, &options, data.clone())?;
            let mut report = weigh::describe(&weighed.opened, &weighed.facts);
            if args.output.wants().memory {
                report.memory = Some(weigh::describe_memory(&weighed.opened, &weighed.facts));
            }
            let bar = Bar::new(&weighed.opened.name);
            let swept = bench.sweep(&subject, &settings, &batches, &mut |step| bar.step(step));
            report.measurements = swept.measurements;
            if let Some(explainer) = &explainer {
                bar.busy("explaining");
                explainer.explain(&subject, &settings, &mut report.measurements);
            }
            if args.energy {
                bar.busy("reading energy counters");
                for row in &mut report.measurements {
                    if let Some(setting) = settings.iter().find(|setting| explain::is_of(setting, row)) {
                        weigh::add_energy(bench, &subject, setting, row);
                    }
                }
            }
            report.sweep = swept.sweep;
            drop(bar);
            let is_kept = keeper.keep(&report, &weighed.opened);
            Ok((report, is_kept && !swept.any_failed))
        };
        match measure() {
            Ok((report, good)) => {
                all_good &= good;
                reports.push(report);
            }
            Err(error) => {
                output::report_error(&error);
                all_good = false;
            }
        }
    }
    Ok((reports, all_good))
}
