//! One row per prediction and batch. What a prediction says of its own batch alone (bounds, energy, a measurement) is
//! empty at the others.

use super::row;
use crate::render::predicted;
use crate::report::{Interval, PredictedBatch, Prediction, Report};

/// What a row is made of.
struct At<'a> {
    report: &'a Report,
    index: usize,
    prediction: &'a Prediction,
    /// The batch, where it is one of those that were tried.
    tried: Option<&'a PredictedBatch>,
    /// Whether the row is about the prediction's own batch.
    own: bool,
}

type Field = fn(&At<'_>) -> Option<String>;

const COLUMNS: &[(&str, Field)] = &[
    ("model", |at| at.report.model.as_ref().map(|model| model.name.clone())),
    ("index", |at| text(at.index)),
    ("device", |at| text(&at.prediction.device)),
    ("title", |at| at.prediction.title.clone()),
    ("engine", |at| at.prediction.engine.clone()),
    ("threads", |at| text(at.prediction.threads?)),
    ("dtype", |at| text(&at.prediction.dtype)),
    ("training", |at| text(at.prediction.training)),
    ("batch", |at| text(at.tried.map(|tried| tried.batch).or(at.prediction.batch)?)),
    ("theoretical_ms", |at| text(at.own()?.theoretical_ms?)),
    ("roofline_ms", |at| text(at.own()?.roofline_ms?)),
    ("predicted_ms", |at| text(at.predicted()?)),
    ("predicted_low_ms", |at| text(at.interval()?[0])),
    ("predicted_high_ms", |at| text(at.interval()?[1])),
    ("basis", |at| at.prediction.basis.map(|basis| predicted::basis(basis).to_owned())),
    ("per_second", |at| match at.tried {
        Some(tried) => text(tried.throughput_per_second?),
        None => text(at.prediction.throughput_per_second?),
    }),
    ("bound", |at| at.own()?.bound.map(|bound| predicted::bound(bound).to_owned())),
    ("memory_bytes", |at| match at.tried {
        Some(tried) => text(tried.memory_bytes?),
        None => Some(at.prediction.memory_bytes.as_ref()?.exact()),
    }),
    ("fits", |at| match at.tried {
        Some(tried) => text(tried.fits?),
        None => text(at.prediction.fits?),
    }),
    ("modelled_energy_mj", |at| text(at.own()?.energy_mj?)),
    ("measured_ms", |at| text(at.own()?.measured_ms?)),
    ("efficiency", |at| text(at.own()?.efficiency?)),
    ("reason", |at| at.tried?.reason.clone()),
    ("notes", |at| Some(at.prediction.notes.join("; "))),
];

impl At<'_> {
    fn own(&self) -> Option<&Prediction> {
        self.own.then_some(self.prediction)
    }

    fn predicted(&self) -> Option<f64> {
        match self.tried {
            Some(tried) => tried.predicted_ms,
            None => self.prediction.predicted_ms,
        }
    }

    fn interval(&self) -> Option<Interval> {
        match self.tried {
            Some(tried) => tried.predicted_ci_ms,
            None => self.prediction.predicted_ci_ms,
        }
    }
}

/// Whether there are predictions, and no layers or measurements to write instead.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| !report.predictions.is_empty())
        && reports.iter().all(|report| report.layers.is_empty() && report.measurements.is_empty())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.iter().map(|(title, _)| (*title).to_owned()));
    let line = |at: At<'_>| row(COLUMNS.iter().map(|(_, field)| field(&at).unwrap_or_default()));
    let rows = reports.iter().flat_map(|report| {
        let predictions = report.predictions.iter().enumerate();
        predictions.flat_map(move |(index, prediction)| rows(report, index, prediction))
    });
    std::iter::once(heading).chain(rows.map(line)).collect()
}

/// The prediction's own batch, unless it is among those tried, and these.
fn rows<'a>(report: &'a Report, index: usize, prediction: &'a Prediction) -> Vec<At<'a>> {
    let is_own = |tried: &PredictedBatch| Some(tried.batch) == prediction.batch;
    let at = |tried, own| At { report, index, prediction, tried, own };
    let alone = (!prediction.batches.iter().any(is_own)).then(|| at(None, true));
    let tried = prediction.batches.iter().map(|tried| at(Some(tried), is_own(tried)));
    alone.into_iter().chain(tried).collect()
}

fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}
