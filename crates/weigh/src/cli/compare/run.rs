//! What `--measure`, `--predict` and `--on` add to the reports.

use anyhow::Context;
use weigh::report::report::Measurement;
use weigh::{Batches, Bench, PredictionRequest, Setting, SideOfModel, Subject};
use weigh_hardware::Machine;
use weigh_measure::fleet::Launcher;

use super::super::places::{Places, THIS};
use super::super::progress::Bar;
use super::super::{Hinted, models};
use super::{Args, Subjects};
use models::Weighed;

/// What is added, and what that takes.
pub(super) struct Extra<'a> {
    args: &'a Args,
    places: Option<Places>,
    setting: Setting,
    pub launcher: Launcher,
}

impl<'a> Extra<'a> {
    /// Checks what was asked for before any model is opened.
    pub fn new(args: &'a Args) -> anyhow::Result<Extra<'a>> {
        let here = args.predict.then(|| THIS.to_owned());
        let names: Vec<String> = here.into_iter().chain(args.on.iter().cloned()).collect();
        let places = match names.is_empty() {
            true => None,
            false => Some(Places::new(&names, &args.files, args.calibration.as_ref())?),
        };
        Ok(Extra { args, places, setting: setting(args)?, launcher: args.time.launcher()? })
    }

    /// Adds measurements and predictions to the reports. Returns whether all went well.
    pub fn add_to(&self, subjects: &mut Subjects, baseline: usize) -> anyhow::Result<bool> {
        self.predict(subjects)?;
        let all_good = !self.args.measure || self.measure(subjects, baseline)?;
        let is_of_here = self.args.measure || self.places.as_ref().is_some_and(Places::has_this);
        let environment = is_of_here.then(|| weigh::machine(&Machine::detect()));
        for (report, _) in
            subjects.reports.iter_mut().zip(&subjects.models).filter(|(_, model)| model.is_some())
        {
            report.environment.clone_from(&environment);
        }
        Ok(all_good)
    }

    fn predict(&self, subjects: &mut Subjects) -> anyhow::Result<()> {
        let Some(places) = &self.places else { return Ok(()) };
        let batches = self.setting.batch.into_iter().collect();
        let request = PredictionRequest { batches, ..PredictionRequest::default() };
        for (index, report) in subjects.reports.iter_mut().enumerate() {
            // What was saved keeps the predictions that it has.
            let Some((weighed, options)) = &subjects.models[index] else { continue };
            report.predictions = places.predict(weighed, options, &self.setting, &request, &self.launcher)?;
        }
        Ok(())
    }

    /// Runs every model against the baseline, one pair of processes after the other.
    fn measure(&self, subjects: &mut Subjects, baseline: usize) -> anyhow::Result<bool> {
        let models: Vec<&(Weighed, weigh::Options)> = (subjects.models.iter().zip(&subjects.names))
            .map(|(model, name)| model.as_ref().ok_or_else(|| saved(name)))
            .collect::<anyhow::Result<_>>()?;
        let bench = self.bench()?;
        let sides: Vec<Subject<'_>> = (models.iter())
            .map(|(weighed, options)| Subject::new(&weighed.opened, options, None))
            .collect::<std::io::Result<_>>()
            .context("no place for temporary files")?;
        let side =
            |index: usize| SideOfModel { subject: &sides[index], setting: self.setting.clone(), words: None };
        let mut all_good = true;
        let mut first: Option<Measurement> = None;
        for index in (0..sides.len()).filter(|index| *index != baseline) {
            if self.launcher.is_cancelled() {
                break;
            }
            let bar = Bar::new(&subjects.names[index]);
            let pairs = bench.campaign.processes;
            let found = bench
                .versus([&side(baseline), &side(index)], self.args.same, &mut |done| bar.pair(done, pairs));
            let [of_a, of_b] = found.measurements;
            all_good &= !found.failed;
            let is_better = first.as_ref().is_none_or(|first| first.samples == 0);
            first = if is_better { Some(of_a) } else { first };
            let mut comparison = found.comparison;
            comparison.a.clone_from(&subjects.names[baseline]);
            comparison.b.clone_from(&subjects.names[index]);
            let sides = [("a: ", &comparison.a), ("b: ", &comparison.b)];
            for note in &mut comparison.notes {
                let side = sides.iter().find_map(|(side, name)| Some((name, note.strip_prefix(side)?)));
                *note = side.map_or_else(|| note.clone(), |(name, rest)| format!("{name}: {rest}"));
            }
            let report = &mut subjects.reports[index];
            report.measurements = vec![of_b];
            report.comparisons = vec![comparison];
        }
        subjects.reports[baseline].measurements = first.into_iter().collect();
        Ok(all_good)
    }

    fn bench(&self) -> anyhow::Result<Bench> {
        Ok(Bench {
            launcher: self.launcher.clone(),
            campaign: self.args.time.campaign(&[])?,
            unit: "samples".to_owned(),
            slo: None,
            by_layer: false,
            memory_bytes: Machine::detect().memory_bytes,
        })
    }
}

fn saved(name: &str) -> anyhow::Error {
    let hint = "name its model file instead, or leave --measure out to compare what the report has";
    Hinted::new(format!("{name} is a saved report: there is nothing to run"), hint).into()
}

/// The one way in which all models are run.
fn setting(args: &Args) -> anyhow::Result<Setting> {
    let several = || {
        let hint =
            "give --engine, --threads, --batch and the like one value each; `weigh measure` takes several";
        Hinted::new("models are compared at one setting", hint)
    };
    let settings = args.grid.settings()?;
    let [only] = settings.as_slice() else { return Err(several().into()) };
    let batch = match args.grid.batches()? {
        Batches::Own => None,
        Batches::Given(sizes) if sizes.len() == 1 => sizes.first().copied(),
        Batches::Given(_) | Batches::Auto => return Err(several().into()),
    };
    Ok(Setting { batch, ..only.clone() })
}
