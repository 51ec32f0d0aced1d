//! Many settings of one model, measured side by side.

use weigh_measure::Note;
use weigh_measure::fleet::{Failure, Measured, Outcome, Step};
use weigh_measure::worker::Setup;
use weigh_report::report;

use super::{Bench, Prepared, Setting, Subject, choice, document};

/// Which batch sizes to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Batches {
    /// The one that the model has.
    Own,
    /// These.
    Given(Vec<u64>),
    /// 1, 2, 4, ... until throughput stops growing, or memory or time run out.
    Auto,
}

/// What a sweep found: a row for every setting, in order.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// The rows.
    pub measurements: Vec<report::Measurement>,
    /// What they say together; `None` of a single row without a limit to meet.
    pub sweep: Option<report::Sweep>,
    /// Whether the user ended it early.
    pub interrupted: bool,
    /// Whether a row failed.
    pub any_failed: bool,
}

/// A setting that can be run, and what was found about it so far.
pub(super) struct Row {
    pub setting: Setting,
    /// Ready to be run, or why it cannot be.
    pub prepared: Result<Prepared, String>,
    pub outcome: Outcome,
}

impl Bench {
    /// Measures a model at every setting and every batch.
    pub fn sweep(
        &self,
        subject: &Subject<'_>,
        settings: &[Setting],
        batches: &Batches,
        tell: &mut dyn FnMut(Step),
    ) -> Swept {
        let sized = |batch: Option<u64>, setting: &Setting| Setting { batch, ..setting.clone() };
        let rows: Vec<Row> = match batches {
            Batches::Own => settings.iter().map(|setting| self.row(subject, setting.clone())).collect(),
            Batches::Given(sizes) => settings
                .iter()
                .flat_map(|setting| sizes.iter().map(|&size| self.row(subject, sized(Some(size), setting))))
                .collect(),
            Batches::Auto => settings.iter().flat_map(|setting| self.grow(subject, setting, tell)).collect(),
        };
        self.finish(subject, rows, tell)
    }

    /// A setting, made ready.
    pub(super) fn row(&self, subject: &Subject<'_>, setting: Setting) -> Row {
        let prepared = subject.prepare(&setting, &self.campaign.warm_up()).and_then(|prepared| {
            let needed = prepared.memory_bytes();
            match (needed, self.memory_bytes) {
                (Some(needed), Some(limit)) if needed > limit => {
                    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
                    let (needed, limit) = (gib(needed), gib(limit));
                    Err(format!("it needs about {needed:.1} GiB of memory; {limit:.1} GiB are available"))
                }
                _ => Ok(prepared),
            }
        });
        Row { setting, prepared, outcome: Outcome::default() }
    }

    /// Measures the rows that can be run as often as there should be processes.
    fn finish(&self, subject: &Subject<'_>, mut rows: Vec<Row>, tell: &mut dyn FnMut(Step)) -> Swept {
        let ready: Vec<usize> =
            rows.iter().enumerate().filter(|(_, row)| row.prepared.is_ok()).map(|(index, _)| index).collect();
        let setups: Vec<Setup> = ready
            .iter()
            .filter_map(|&index| Some(rows[index].prepared.as_ref().ok()?.setup.clone()))
            .collect();
        let first = ready.iter().map(|&index| std::mem::take(&mut rows[index].outcome)).collect();
        let outcomes = self.campaign.run(&self.launcher, &setups, first, tell);
        for (index, outcome) in ready.into_iter().zip(outcomes) {
            rows[index].outcome = outcome;
        }
        self.conclude(subject, &rows)
    }

    /// The rows as the document has them. What was interrupted before its first process ended is left out.
    fn conclude(&self, subject: &Subject<'_>, rows: &[Row]) -> Swept {
        let interrupted = self.launcher.is_cancelled();
        let shown = |row: &&Row| {
            let unfinished = row.prepared.is_ok() && row.outcome.records.is_empty();
            !(unfinished && matches!(row.outcome.failure, None | Some(Failure::Interrupted)))
        };
        let several = rows.len() > 1 || self.slo.is_some();
        let rows: Vec<&Row> = rows.iter().filter(shown).collect();
        let measured: Vec<Option<Measured>> = rows.iter().map(|row| self.measured(row)).collect();
        let measurements = rows.iter().zip(&measured).map(|(row, measured)| {
            let mut document = self.document(row, measured.as_ref());
            let skipped = subject.data().and_then(|data| data.skipped.as_ref());
            document.notes.extend(skipped.map(|files| format!("left out of the data: {files}")));
            if let (true, Some(_), Ok(prepared)) = (self.by_layer && !interrupted, measured, &row.prepared) {
                self.add_layers(subject, prepared, &mut document);
            }
            report::Measurement { data: subject.data().map(document::data), ..document }
        });
        let measurements: Vec<report::Measurement> = measurements.collect();
        let figures: Vec<Option<&Measured>> = measured.iter().map(Option::as_ref).collect();
        Swept {
            any_failed: measured.iter().any(Option::is_none),
            sweep: several.then(|| choice::sweep(&figures, &self.unit, self.slo.as_ref(), interrupted)),
            measurements,
            interrupted,
        }
    }

    /// A row's figures, unless something ended it.
    fn measured(&self, row: &Row) -> Option<Measured> {
        let prepared = row.prepared.as_ref().ok()?;
        let ended = row.outcome.failure.as_ref().is_some_and(|failure| *failure != Failure::Interrupted);
        if ended { None } else { Measured::of(&row.outcome.records, prepared.setup.batch) }
    }

    fn document(&self, row: &Row, measured: Option<&Measured>) -> report::Measurement {
        let prepared = match &row.prepared {
            Ok(prepared) => prepared,
            Err(reason) => return document::failed(&row.setting, reason),
        };
        let nothing = Failure::Lost("no time was taken".to_owned());
        let result = measured.ok_or_else(|| row.outcome.failure.as_ref().unwrap_or(&nothing));
        let mut document = document::measured(&row.setting, prepared, result, &self.unit);
        let done = row.outcome.records.len();
        if measured.is_some() && done < self.campaign.processes {
            let why = if self.launcher.is_cancelled() { "interrupted" } else { "slow model" };
            document.notes.push(format!("{why}: {done} of {} processes", self.campaign.processes));
        }
        let floor = self.campaign.plan.min_samples;
        if let Some(samples) =
            measured.map(|measured| measured.total.count()).filter(|&samples| samples < floor)
        {
            document.notes.push(Note::FewSamples { samples, floor }.to_string());
        }
        document
    }
}
