//! A measurement at its place in the document.

use std::collections::BTreeMap;

use weigh_measure::fleet::{Failure, Measured};
use weigh_measure::noise::{self, NoiseReport};
use weigh_measure::outliers::Outliers;
use weigh_measure::sentinel::Drift;
use weigh_measure::{Observations, Percentile, Quantile};
use weigh_report::report;

use super::{DataRequest, Prepared, Setting};

/// The percentiles that every stage has, beside the median.
const TAILS: [Quantile; 4] = [Quantile::P90, Quantile::P95, Quantile::P99, Quantile::P999];

/// A row about a setting, before anything is known about it.
pub(super) fn row(setting: &Setting) -> report::Measurement {
    let version = setting.engine.installation().ok().map(|installation| installation.version);
    report::Measurement {
        engine: report::Engine { name: setting.engine.name().to_owned(), version },
        optimization: Some(setting.options.optimization.to_string()),
        provider: Some(setting.options.provider.to_string()),
        threads: setting.options.threads.and_then(|threads| u32::try_from(threads.get()).ok()),
        streams: u32::try_from(setting.streams.get()).ok(),
        batch: setting.batch,
        ..report::Measurement::default()
    }
}

/// A row that has no figures, and why.
pub(super) fn failed(setting: &Setting, reason: &str) -> report::Measurement {
    report::Measurement { failed: Some(reason.to_owned()), ..row(setting) }
}

/// What is known of a setting that was measured, or why it was not.
pub(super) fn measured(
    setting: &Setting,
    prepared: &Prepared,
    result: Result<&Measured, &Failure>,
    unit: &str,
) -> report::Measurement {
    let facts = &prepared.facts;
    let base = report::Measurement {
        batch: Some(prepared.setup.batch),
        bindings: facts.bindings.iter().map(|(symbol, value)| (symbol.to_string(), *value)).collect(),
        rebatched: prepared.rebatched.clone(),
        ..row(setting)
    };
    let measured = match result {
        Ok(measured) => measured,
        Err(failure) => return report::Measurement { failed: Some(failure.to_string()), ..base },
    };
    let small = |count: usize| u32::try_from(count).ok();
    let processes = measured.total.processes();
    report::Measurement {
        threads: small(measured.threads),
        processes: small(processes.len()),
        rounds: small(processes.iter().map(Vec::len).sum()),
        samples: measured.total.count() as u64,
        load_ms: Some(measured.load_ms),
        first_ms: Some(measured.first_ms),
        warm_up: Some(report::WarmUp {
            runs: Some(measured.warm_up_runs as u64),
            ms: Some(measured.warm_up_ms),
            settled: measured.settled,
        }),
        steady: Some(measured.steady()),
        timer_resolution_ns: Some(measured.timer_resolution_ns as f64),
        stages: stages(measured),
        throughput: Some(report::Throughput {
            per_second: Some(measured.throughput.per_second),
            ci: measured.throughput.interval.map(|interval| [interval.low, interval.high]),
            unit: unit.to_owned(),
        }),
        memory: report::ProcessMemory {
            peak_rss_bytes: measured.memory.map(|memory| memory.peak_bytes),
            model_rss_bytes: measured.memory.map(|memory| memory.model_bytes()),
        },
        times: Some(times(&measured.total)),
        outliers: Some(outliers(measured)),
        noise: Some(noise(measured)),
        notes: measured.notes.iter().map(ToString::to_string).chain(measured.data_notes.clone()).collect(),
        ..base
    }
}

/// As many of the times as tell how they are spread and how they drift.
const MOST_TIMES: usize = 4096;

fn times(total: &Observations) -> report::Times {
    let every = total.count().div_ceil(MOST_TIMES).max(1);
    let round = |times: &Vec<f64>| times.iter().step_by(every).copied().collect();
    let process = |rounds: &Vec<Vec<f64>>| rounds.iter().map(round).collect();
    report::Times { total_ms: total.processes().iter().map(process).collect(), every: every as u64 }
}

fn stages(measured: &Measured) -> report::Stages {
    let total = Some(stage(&measured.total));
    match &measured.stages {
        None => report::Stages { inference: total.clone(), total, ..report::Stages::default() },
        Some([load, preprocess, inference, postprocess]) => report::Stages {
            load: Some(stage(load)),
            preprocess: Some(stage(preprocess)),
            inference: Some(stage(inference)),
            postprocess: Some(stage(postprocess)),
            total,
        },
    }
}

/// The statistics of one stage's times.
pub(super) fn stage(times: &Observations) -> report::StageTime {
    let mut refused = BTreeMap::new();
    let mut at = |quantile: Quantile| {
        let percentile = times.percentile(quantile);
        if let Percentile::Refused { needed, .. } = percentile {
            refused.insert(quantile.to_string(), needed as u64);
        }
        let interval = percentile.interval().map(|interval| [interval.low, interval.high]);
        (percentile.value(), interval)
    };
    let p50 = at(Quantile::P50);
    let [p90, p95, p99, p999] = TAILS.map(at);
    report::StageTime {
        min_ms: Some(times.min()),
        mean_ms: Some(times.mean()),
        stddev_ms: times.stddev(),
        p50_ms: p50.0,
        p50_ci_ms: p50.1,
        p90_ms: p90.0,
        p90_ci_ms: p90.1,
        p95_ms: p95.0,
        p95_ci_ms: p95.1,
        p99_ms: p99.0,
        p99_ci_ms: p99.1,
        p999_ms: p999.0,
        p999_ci_ms: p999.1,
        refused,
    }
}

/// Where inputs came from.
pub(super) fn data(request: &DataRequest) -> report::DataSource {
    report::DataSource {
        path: request.path.display().to_string(),
        items: Some(request.items),
        preprocess: Some(request.recipe_name.clone()),
        postprocess: Some(request.postprocess_name.clone()),
    }
}

fn outliers(measured: &Measured) -> report::Outliers {
    let counts = Outliers::of(&measured.total).counts;
    report::Outliers {
        mild_low: counts.mild_low as u64,
        severe_low: counts.severe_low as u64,
        mild_high: counts.mild_high as u64,
        severe_high: counts.severe_high as u64,
    }
}

/// What else went on over all rounds.
fn noise(measured: &Measured) -> report::Noise {
    let reports = &measured.noise;
    let share = |part: fn(&NoiseReport) -> Option<f64>| noise::average(reports, part);
    let count = |part: fn(&NoiseReport) -> Option<u64>| reports.iter().filter_map(part).reduce(|a, b| a + b);
    let throttled = reports.iter().filter_map(|report| Some(report.throttling?.ms)).reduce(|a, b| a + b);
    let frequencies = || reports.iter().filter_map(|report| report.frequency);
    let (low, high) = (
        frequencies().map(|frequency| frequency.min_mhz).reduce(f64::min),
        frequencies().map(|frequency| frequency.max_mhz).reduce(f64::max),
    );
    let sentinels = measured.sentinels.concat();
    let verdict = noise::verdict(reports, &sentinels, measured.total.widening());
    report::Noise {
        steal: share(|report| report.steal),
        throttled_ms: throttled,
        pressure_cpu: share(|report| report.pressure.cpu),
        pressure_memory: share(|report| report.pressure.memory),
        pressure_io: share(|report| report.pressure.io),
        other_cpu: share(|report| report.others),
        involuntary_switches: count(|report| report.involuntary_switches),
        major_faults: count(|report| report.major_faults),
        frequency_mhz: low.zip(high).map(|(low, high)| [low, high]),
        load_average: reports.iter().filter_map(|report| report.load_average).reduce(f64::max),
        sentinel_variation: Drift::of(&sentinels).map(|drift| drift.spread),
        verdict: Some(verdict.map_or_else(|| "quiet".to_owned(), |verdict| verdict.to_string())),
    }
}
