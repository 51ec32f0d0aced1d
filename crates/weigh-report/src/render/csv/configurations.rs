//! One row per measured configuration. Times are those of all stages together, in milliseconds; an interval is two
//! columns, `_low` and `_high`.

use super::row;
use crate::render::measured;
use crate::report::{Interval, Measurement, Report, Scenario, StageTime};

/// What a row is made of.
struct Configuration<'a> {
    report: &'a Report,
    index: usize,
    run: &'a Measurement,
}

type Field = fn(&Configuration<'_>) -> Option<String>;

const COLUMNS: &[(&str, Field)] = &[
    ("model", |at| at.report.model.as_ref().map(|model| model.name.clone())),
    ("index", |at| text(at.index)),
    ("engine", |at| text(&at.run.engine.name)),
    ("version", |at| at.run.engine.version.clone()),
    ("provider", |at| at.run.provider.clone()),
    ("optimization", |at| at.run.optimization.clone()),
    ("threads", |at| text(at.run.threads?)),
    ("streams", |at| text(at.run.streams?)),
    ("batch", |at| text(at.run.batch?)),
    ("samples", |at| text(at.run.samples)),
    ("processes", |at| text(at.run.processes?)),
    ("rounds", |at| text(at.run.rounds?)),
    ("load_ms", |at| text(at.run.load_ms?)),
    ("first_ms", |at| text(at.run.first_ms?)),
    ("warm_up_runs", |at| text(at.run.warm_up.as_ref()?.runs?)),
    ("warm_up_ms", |at| text(at.run.warm_up.as_ref()?.ms?)),
    ("settled", |at| text(at.run.warm_up.as_ref()?.settled)),
    ("steady", |at| text(at.run.steady?)),
    ("min_ms", |at| text(at.latency()?.min_ms?)),
    ("mean_ms", |at| text(at.latency()?.mean_ms?)),
    ("stddev_ms", |at| text(at.latency()?.stddev_ms?)),
    ("p50_ms", |at| text(at.latency()?.p50_ms?)),
    ("p50_low_ms", |at| low(at.latency()?.p50_ci_ms)),
    ("p50_high_ms", |at| high(at.latency()?.p50_ci_ms)),
    ("p90_ms", |at| text(at.latency()?.p90_ms?)),
    ("p90_low_ms", |at| low(at.latency()?.p90_ci_ms)),
    ("p90_high_ms", |at| high(at.latency()?.p90_ci_ms)),
    ("p95_ms", |at| text(at.latency()?.p95_ms?)),
    ("p95_low_ms", |at| low(at.latency()?.p95_ci_ms)),
    ("p95_high_ms", |at| high(at.latency()?.p95_ci_ms)),
    ("p99_ms", |at| text(at.latency()?.p99_ms?)),
    ("p99_low_ms", |at| low(at.latency()?.p99_ci_ms)),
    ("p99_high_ms", |at| high(at.latency()?.p99_ci_ms)),
    ("p999_ms", |at| text(at.latency()?.p999_ms?)),
    ("p999_low_ms", |at| low(at.latency()?.p999_ci_ms)),
    ("p999_high_ms", |at| high(at.latency()?.p999_ci_ms)),
    ("ms_per_sample", |at| text(measured::per_sample(at.run)?)),
    ("loading_p50_ms", |at| text(at.run.stages.load.as_ref()?.p50_ms?)),
    ("preprocessing_p50_ms", |at| text(at.run.stages.preprocess.as_ref()?.p50_ms?)),
    ("inference_p50_ms", |at| text(at.run.stages.inference.as_ref()?.p50_ms?)),
    ("postprocessing_p50_ms", |at| text(at.run.stages.postprocess.as_ref()?.p50_ms?)),
    ("per_second", |at| text(at.run.throughput.as_ref()?.per_second?)),
    ("per_second_low", |at| low(at.run.throughput.as_ref()?.ci)),
    ("per_second_high", |at| high(at.run.throughput.as_ref()?.ci)),
    ("unit", |at| Some(at.run.throughput.as_ref()?.unit.clone())),
    ("peak_rss_bytes", |at| text(at.run.memory.peak_rss_bytes?)),
    ("model_rss_bytes", |at| text(at.run.memory.model_rss_bytes?)),
    ("theoretical_ms", |at| text(at.run.theoretical_ms?)),
    ("efficiency", |at| text(at.run.efficiency?)),
    ("data", |at| Some(at.run.data.as_ref()?.path.clone())),
    ("scenario", |at| Some(at.scenario()?.name.clone())),
    ("queries", |at| text(at.scenario()?.queries)),
    ("rate_asked", |at| text(at.scenario()?.rate_asked?)),
    ("rate_achieved", |at| text(at.scenario()?.rate_achieved?)),
    ("arrival_p50_ms", |at| text(at.scenario()?.latency.as_ref()?.p50_ms?)),
    ("arrival_p90_ms", |at| text(at.scenario()?.latency.as_ref()?.p90_ms?)),
    ("arrival_p99_ms", |at| text(at.scenario()?.latency.as_ref()?.p99_ms?)),
    ("arrival_p999_ms", |at| text(at.scenario()?.latency.as_ref()?.p999_ms?)),
    ("estimate_of", |at| Some(at.scenario()?.estimate.as_ref()?.percentile.clone())),
    ("estimate_ms", |at| text(at.scenario()?.estimate.as_ref()?.ms?)),
    ("void", |at| at.scenario()?.void.clone()),
    ("highest_rate", |at| text(at.scenario()?.slo.as_ref()?.highest_rate?)),
    ("pareto", |at| text(at.report.sweep.as_ref()?.pareto.contains(&at.index))),
    ("sweet_spot", |at| text(at.report.sweep.as_ref()?.sweet_spot == Some(at.index))),
    ("best", |at| text(at.report.sweep.as_ref()?.slo.as_ref()?.best == Some(at.index))),
    ("machine", |at| at.run.noise.as_ref()?.verdict.clone()),
    ("failed", |at| at.run.failed.clone()),
    ("rebatched", |at| Some(at.run.rebatched.join("; "))),
    ("notes", |at| Some(at.run.notes.join("; "))),
];

impl Configuration<'_> {
    fn latency(&self) -> Option<&StageTime> {
        measured::latency(self.run)
    }

    fn scenario(&self) -> Option<&Scenario> {
        self.run.scenario.as_ref()
    }
}

/// Whether there is nothing but measurements to write.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| !report.measurements.is_empty())
        && reports.iter().all(|report| report.layers.is_empty())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.iter().map(|(title, _)| (*title).to_owned()));
    let configurations = reports.iter().flat_map(|report| {
        let at = move |(index, run)| Configuration { report, index, run };
        report.measurements.iter().enumerate().map(at)
    });
    let line = |at: Configuration<'_>| row(COLUMNS.iter().map(|(_, field)| field(&at).unwrap_or_default()));
    std::iter::once(heading).chain(configurations.map(line)).collect()
}

fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

fn low(interval: Option<Interval>) -> Option<String> {
    interval.map(|[low, _]| low.to_string())
}

fn high(interval: Option<Interval>) -> Option<String> {
    interval.map(|[_, high]| high.to_string())
}
