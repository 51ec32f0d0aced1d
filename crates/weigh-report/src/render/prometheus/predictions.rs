//! Metrics of what is expected, under names that no measurement has.

use super::exposition::{Family, Labels};
use super::{energy, flag, model, seconds};
use crate::render::predicted;
use crate::report::{Count, Prediction, Report};

/// What is expected.
pub(super) fn families(reports: &[Report]) -> Vec<Family> {
    let mut families: Vec<Family> = PREDICTIONS.iter().map(|part| figure(reports, part)).collect();
    let estimates = all(reports).flat_map(|(report, found)| {
        found.energy.iter().map(move |estimate| energy(labels(report, found), estimate))
    });
    families.push(Family::new("predicted_energy_joules", "Expected energy of one sample", estimates));
    families
}

/// The labels of a prediction.
fn labels(report: &Report, prediction: &Prediction) -> Labels {
    let mut labels = model::labels(report);
    labels.push(("device", prediction.device.clone()));
    labels.extend(prediction.engine.clone().map(|engine| ("engine", engine)));
    labels.extend(prediction.threads.map(|threads| ("threads", threads.to_string())));
    labels.push(("dtype", prediction.dtype.clone()));
    labels.extend(prediction.batch.map(|batch| ("batch", batch.to_string())));
    labels.push(("of", if prediction.training { "training step" } else { "inference" }.to_owned()));
    labels.extend(prediction.basis.map(|basis| ("basis", predicted::basis(basis).to_owned())));
    labels
}

/// A figure of a prediction: its name, what it is, its value in base units.
type OfPrediction = (&'static str, &'static str, fn(&Prediction) -> Option<f64>);

const PREDICTIONS: [OfPrediction; 7] = [
    ("predicted_seconds", "Expected time, without a run", |found| found.predicted_ms.map(seconds)),
    ("predicted_ci_low_seconds", "The lower end of its interval", |found| {
        found.predicted_ci_ms.map(|[low, _]| seconds(low))
    }),
    ("predicted_ci_high_seconds", "The upper end of its interval", |found| {
        found.predicted_ci_ms.map(|[_, high]| seconds(high))
    }),
    (
        "predicted_theoretical_seconds",
        "FLOPs / peak FLOPS of the device: a bound, not an expectation",
        |found| found.theoretical_ms.map(seconds),
    ),
    ("predicted_throughput_per_second", "Samples in a second at the expected time", |found| {
        found.throughput_per_second
    }),
    ("predicted_memory_bytes", "Memory that a device needs", |found| {
        found.memory_bytes.as_ref().and_then(Count::number).map(|bytes| bytes as f64)
    }),
    ("predicted_fits", "Whether that fits the device's memory: 1 or 0", |found| found.fits.map(flag)),
];

fn figure(reports: &[Report], (name, help, value): &OfPrediction) -> Family {
    Family::new(name, help, all(reports).map(|(report, found)| Some((labels(report, found), value(found)?))))
}

fn all(reports: &[Report]) -> impl Iterator<Item = (&Report, &Prediction)> {
    reports.iter().flat_map(|report| report.predictions.iter().map(move |found| (report, found)))
}
