//! Finding out what limits ask for: nothing, a run of the model, a run against the baseline, or a prediction.

use weigh::report::report::{Measurement, Prediction};
use weigh::{Batches, Bench, PredictionRequest, Report, Setting, SideOfModel, Subject};
use weigh_hardware::Machine;

use super::super::models::Weighed;
use super::super::places::Places;
use super::super::progress::Bar;
use super::super::{Hinted, explain};
use super::baseline::{Pairing, Reference};
use super::{Args, Limits};

/// Differences below this part count as none in the words of a comparison; limits are decided by the interval.
const BAND: f64 = 0.01;

/// What was found out.
pub(super) struct Ran {
    pub reports: Vec<Report>,
    pub interrupted: bool,
    /// The run against the baseline.
    pub pairing: Option<Pairing>,
}

/// A model, run as far as limits need it.
pub(super) fn model(
    args: &Args,
    limits: &Limits,
    weighed: &Weighed,
    reference: Option<&Reference>,
) -> anyhow::Result<Ran> {
    let mut report = weigh::describe(&weighed.opened, &weighed.facts);
    let (runs, versus) = (limits.need_run(), limits.need_versus());
    if let Some(device) = &args.predicted {
        report.predictions = predict(args, weighed, device)?;
        return Ok(Ran { reports: vec![report], interrupted: false, pairing: None });
    }
    if !runs && !versus {
        return Ok(Ran { reports: vec![report], interrupted: false, pairing: None });
    }
    let bench = args.time.bench(&args.unit, None, false, &limits.quantiles())?;
    let options = args.assume.options()?;
    let subject = Subject::new(&weighed.opened, &options, args.data.request()?)?;
    let settings = args.grid.settings()?;
    report.environment = Some(weigh::machine(&Machine::detect()));
    let mut keeper = args.save.keeper()?;
    if runs {
        measure(args, limits, &bench, &subject, &settings, &mut report)?;
        keeper.keep(&report, &weighed.opened);
    }
    let mut pairing = None;
    if let (true, Some(Ok(model))) = (versus, reference.map(Reference::model)) {
        pairing = Some(against(args, &bench, model, &subject, one(args, &settings)?)?);
    }
    if let Some(pairing) = &pairing {
        report.comparisons.push(pairing.comparison.clone());
        if report.measurements.is_empty() {
            report.measurements.clone_from(&pairing.sides[1].measurements);
        }
    }
    Ok(Ran { reports: vec![report], interrupted: bench.launcher.is_cancelled(), pairing })
}

/// Every configuration that was asked for.
fn measure(
    args: &Args,
    limits: &Limits,
    bench: &Bench,
    subject: &Subject<'_>,
    settings: &[Setting],
    report: &mut Report,
) -> anyhow::Result<()> {
    let bar = Bar::new(&subject.opened().name);
    let swept = bench.sweep(subject, settings, &args.grid.batches()?, &mut |step| bar.step(step));
    report.measurements = swept.measurements;
    if limits.need_energy() {
        bar.busy("reading energy counters");
        for row in &mut report.measurements {
            if let Some(setting) = settings.iter().find(|setting| explain::is_of(setting, row)) {
                weigh::add_energy(bench, subject, setting, row);
            }
        }
    }
    Ok(())
}

/// The one configuration that a run against the baseline has.
fn one(args: &Args, settings: &[Setting]) -> anyhow::Result<Setting> {
    let batch = match args.grid.batches()? {
        Batches::Given(sizes) if sizes.len() == 1 => sizes.first().copied(),
        Batches::Own => None,
        _ => {
            let hint = "give one --batch; measure others with `weigh measure`";
            return Err(Hinted::new("limits relative to a baseline are decided at one batch", hint).into());
        }
    };
    match settings {
        [only] => Ok(Setting { batch, ..only.clone() }),
        many => {
            let message =
                format!("limits relative to a baseline are decided in one configuration, not {}", many.len());
            Err(Hinted::new(message, "give each option one value").into())
        }
    }
}

/// Baseline and model in turns.
fn against(
    args: &Args,
    bench: &Bench,
    baseline: &Weighed,
    subject: &Subject<'_>,
    setting: Setting,
) -> anyhow::Result<Pairing> {
    let options = args.assume.options()?;
    let before = Subject::new(&baseline.opened, &options, args.data.request()?)?;
    let side = |subject| SideOfModel { subject, setting: setting.clone(), words: None };
    let (a, b) = (side(&before), side(subject));
    let bar = Bar::new(&subject.opened().name);
    let pairs = bench.campaign.processes;
    let compared = bench.versus([&a, &b], BAND, &mut |done| bar.pair(done, pairs));
    let [a, b] = compared.measurements;
    let failed = compared.failed.then(|| {
        let reason = [&b, &a].into_iter().find_map(|row| row.failed.clone());
        format!("A/B failed: {}", reason.unwrap_or_else(|| "one side could not be run".to_owned()))
    });
    let report = |row: Measurement| Report { measurements: vec![row], ..Report::default() };
    Ok(Pairing { comparison: compared.comparison, sides: [report(a), report(b)], failed })
}

/// What is expected on this machine or a device.
fn predict(args: &Args, weighed: &Weighed, device: &str) -> anyhow::Result<Vec<Prediction>> {
    let batches = match args.grid.batches()? {
        Batches::Given(batches) => batches,
        _ => Vec::new(),
    };
    let request = PredictionRequest { batches, ..PredictionRequest::default() };
    let places = Places::new(&[device.to_owned()], &[], None)?;
    let settings = args.grid.settings()?;
    let [setting] = settings.as_slice() else {
        return Err(Hinted::new("predictions are of one configuration", "give each option one value").into());
    };
    places.predict(weighed, &args.assume.options()?, setting, &request, &args.time.launcher()?)
}
