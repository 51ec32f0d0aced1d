//! Metrics of what was measured.

use super::exposition::{Family, Labels};
use super::{energy, flag, model, seconds};
use crate::render::measured;
use crate::report::{Interval, Measurement, Report, Scenario, StageTime, Throughput};

/// What was measured.
pub(super) fn families(reports: &[Report]) -> Vec<Family> {
    let mut families: Vec<Family> = PERCENTILES.iter().map(|part| percentiles(reports, part)).collect();
    families.extend(THROUGHPUT.iter().map(|part| throughput(reports, part)));
    families.extend(RUNS.iter().map(|part| figure(reports, part)));
    let estimates = all(reports).flat_map(|(report, run)| {
        run.energy.iter().map(move |estimate| energy(labels(report, run), estimate))
    });
    families.push(Family::new("energy_joules", "Energy of one sample in a measured run", estimates));
    families
}

/// The labels of a measurement: as far as they are known, what tells it from others.
fn labels(report: &Report, run: &Measurement) -> Labels {
    let mut labels = model::labels(report);
    labels.push(("engine", run.engine.name.clone()));
    let settings = [
        ("engine_version", run.engine.version.clone()),
        ("provider", run.provider.clone()),
        ("optimization", run.optimization.clone()),
        ("threads", run.threads.map(|threads| threads.to_string())),
        ("streams", run.streams.map(|streams| streams.to_string())),
        ("batch", run.batch.map(|batch| batch.to_string())),
        ("scenario", run.scenario.as_ref().map(|scenario| scenario.name.clone())),
    ];
    labels.extend(settings.into_iter().filter_map(|(name, value)| Some((name, value?))));
    labels
}

/// A figure that every percentile has.
type OfPercentile = (&'static str, &'static str, fn(Option<f64>, Option<Interval>) -> Option<f64>);

const PERCENTILES: [OfPercentile; 3] = [
    ("latency_seconds", "Measured time of one inference, all stages together", |value, _| value),
    ("latency_ci_low_seconds", "Its 95 % confidence interval: the lower end", |_, interval| {
        interval.map(|[low, _]| low)
    }),
    ("latency_ci_high_seconds", "Its 95 % confidence interval: the upper end", |_, interval| {
        interval.map(|[_, high]| high)
    }),
];

/// The percentiles as quantiles, in the order of [`measured::percentiles`].
const QUANTILES: [&str; 5] = ["0.5", "0.9", "0.95", "0.99", "0.999"];

fn percentiles(reports: &[Report], (name, help, pick): &OfPercentile) -> Family {
    let mut samples = Vec::new();
    for (report, run) in all(reports) {
        let found = latency(run).map(measured::percentiles);
        for ((_, value, interval), quantile) in found.into_iter().flatten().zip(QUANTILES) {
            let Some(ms) = pick(value, interval) else { continue };
            let mut labels = labels(report, run);
            labels.push(("quantile", quantile.to_owned()));
            samples.push(Some((labels, seconds(ms))));
        }
    }
    Family::new(name, help, samples.into_iter())
}

/// A figure of a measurement: its name, what it is, its value in base units.
type OfRun = (&'static str, &'static str, fn(&Measurement) -> Option<f64>);

const RUNS: [OfRun; 13] = [
    ("latency_mean_seconds", "Mean of the measured times", |run| latency(run)?.mean_ms.map(seconds)),
    ("latency_min_seconds", "Smallest of the measured times", |run| latency(run)?.min_ms.map(seconds)),
    ("load_seconds", "Time to load the model into the engine", |run| run.load_ms.map(seconds)),
    ("first_inference_seconds", "Time of the first inference", |run| run.first_ms.map(seconds)),
    ("timed_inferences", "Inferences that were timed", |run| Some(run.samples as f64)),
    ("measurement_steady", "Whether a steady state was reached: 1 or 0", |run| run.steady.map(flag)),
    ("measurement_failed", "Whether a configuration could not be measured: 1 or 0", |run| {
        Some(flag(run.failed.is_some()))
    }),
    ("peak_rss_bytes", "The most resident memory that the measuring process had", |run| {
        run.memory.peak_rss_bytes.map(|bytes| bytes as f64)
    }),
    ("model_rss_bytes", "Resident memory that loading and running the model added", |run| {
        run.memory.model_rss_bytes.map(|bytes| bytes as f64)
    }),
    ("theoretical_seconds", "FLOPs / peak FLOPS: a bound, not an expectation", |run| {
        run.theoretical_ms.map(seconds)
    }),
    ("efficiency_ratio", "Theoretical / measured time", |run| run.efficiency),
    ("queries_per_second", "Queries finished in a second, in a scenario", |run| scenario(run)?.rate_achieved),
    ("highest_rate_per_second", "The highest rate of queries that kept the limit on latency", |run| {
        scenario(run)?.slo.as_ref()?.highest_rate
    }),
];

fn figure(reports: &[Report], (name, help, value): &OfRun) -> Family {
    Family::new(name, help, all(reports).map(|(report, run)| Some((labels(report, run), value(run)?))))
}

/// A figure of a throughput: its name, what it is, its value.
type OfThroughput = (&'static str, &'static str, fn(&Throughput) -> Option<f64>);

const THROUGHPUT: [OfThroughput; 3] = [
    ("throughput_per_second", "Units finished in a second, by the label unit", |found| found.per_second),
    ("throughput_ci_low_per_second", "Its 95 % confidence interval: the lower end", |found| {
        found.ci.map(|[low, _]| low)
    }),
    ("throughput_ci_high_per_second", "Its 95 % confidence interval: the upper end", |found| {
        found.ci.map(|[_, high]| high)
    }),
];

fn throughput(reports: &[Report], (name, help, value): &OfThroughput) -> Family {
    let sample = |(report, run): (&Report, &Measurement)| {
        let found = run.throughput.as_ref()?;
        let mut labels = labels(report, run);
        labels.push(("unit", found.unit.clone()));
        Some((labels, value(found)?))
    };
    Family::new(name, help, all(reports).map(sample))
}

/// The latency that was measured: in a scenario from the intended arrival, unless the run proves nothing.
fn latency(run: &Measurement) -> Option<&StageTime> {
    match run.scenario.is_some() {
        true => scenario(run)?.latency.as_ref(),
        false => measured::latency(run),
    }
}

/// The scenario of a run that proves something.
fn scenario(run: &Measurement) -> Option<&Scenario> {
    run.scenario.as_ref().filter(|scenario| scenario.void.is_none())
}

fn all(reports: &[Report]) -> impl Iterator<Item = (&Report, &Measurement)> {
    reports.iter().flat_map(|report| report.measurements.iter().map(move |run| (report, run)))
}
