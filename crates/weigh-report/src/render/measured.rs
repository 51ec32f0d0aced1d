//! What every output says of a measurement: its settings, its percentiles, what they would have needed.

use super::numbers::{self, time};
use crate::report::{Interval, LayerTime, Measurement, SAMPLES_FOR, Scenario, StageTime, Sweep};

/// One setting of a measurement.
pub(super) struct Setting {
    /// Its title in a table.
    pub(super) title: &'static str,
    /// Its value in a table.
    pub(super) value: fn(&Measurement) -> Option<String>,
    /// Its value among other facts, e.g. `2 threads`; none where it goes without saying.
    pub(super) fact: fn(&Measurement) -> Option<String>,
}

/// All settings but the batch, in the order in which they are shown.
const SETTINGS: [Setting; 5] = [
    Setting { title: ENGINE, value: |run| said(&run.engine.name), fact: engine },
    Setting { title: "on", value: |run| run.provider.clone(), fact: |run| run.provider.clone() },
    Setting {
        title: "opt",
        value: |run| run.optimization.clone(),
        fact: |run| Some(format!("optimization {}", run.optimization.as_ref()?)),
    },
    Setting {
        title: "threads",
        value: |run| run.threads.map(|threads| threads.to_string()),
        fact: |run| run.threads.map(|threads| many(threads, "thread")),
    },
    Setting {
        title: "streams",
        value: |run| run.streams.map(|streams| streams.to_string()),
        fact: |run| run.streams.filter(|streams| *streams != 1).map(|streams| many(streams, "stream")),
    },
];

const BATCH: Setting = Setting {
    title: "batch",
    value: |run| run.batch.map(|batch| batch.to_string()),
    fact: |run| run.batch.map(|batch| format!("batch {batch}")),
};

/// The title of the engine's name, whose fact has the version too.
pub(super) const ENGINE: &str = "engine";

/// The settings, the batch last.
pub(super) fn settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().chain(std::iter::once(&BATCH))
}

/// The settings but the batch.
pub(super) fn settings_but_batch() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter()
}

impl Setting {
    /// Whether the measurements differ in it; one that failed early may not say.
    pub(super) fn varies<'a>(&self, runs: impl IntoIterator<Item = &'a Measurement>) -> bool {
        let mut values = runs.into_iter().filter_map(self.value);
        let first = values.next();
        values.any(|value| Some(value) != first)
    }
}

/// What the measurements have in common, as facts, and the engines where there are several.
pub(super) fn common(runs: &[Measurement]) -> Vec<String> {
    let fact = |setting: &Setting| match setting.varies(runs) {
        true if setting.title == ENGINE => Some(engines(runs)),
        true => None,
        false => runs.iter().find_map(setting.fact),
    };
    settings().filter_map(fact).collect()
}

fn engines(runs: &[Measurement]) -> String {
    let mut engines: Vec<String> = runs.iter().filter_map(engine).collect();
    engines.sort();
    engines.dedup();
    engines.join(" and ")
}

/// All there is to say of how a measurement was made, in one line.
pub(super) fn title(run: &Measurement) -> String {
    common(std::slice::from_ref(run)).join(", ")
}

/// What tells one of the measurements from the others: `optimization none, batch 8`.
pub(super) fn particular(run: &Measurement, runs: &[Measurement]) -> String {
    let facts: Vec<String> = (settings().filter(|setting| setting.varies(runs)))
        .filter_map(
            |setting| if setting.title == ENGINE { (setting.value)(run) } else { (setting.fact)(run) },
        )
        .collect();
    match facts.is_empty() {
        true => (BATCH.fact)(run).unwrap_or_default(),
        false => facts.join(", "),
    }
}

fn engine(run: &Measurement) -> Option<String> {
    let version = run.engine.version.as_deref().unwrap_or_default();
    said(format!("{} {version}", run.engine.name).trim())
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn many(count: u32, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// What to know of times that still change.
pub(super) const UNSTEADY: &str = "no steady state was reached: times still drift";

/// One percentile: its name, its value and its interval.
pub(super) type Percentile = (&'static str, Option<f64>, Option<Interval>);

/// The percentiles of a stage, the median first.
pub(super) fn percentiles(stage: &StageTime) -> [Percentile; 5] {
    [
        ("p50", stage.p50_ms, stage.p50_ci_ms),
        ("p90", stage.p90_ms, stage.p90_ci_ms),
        ("p95", stage.p95_ms, stage.p95_ci_ms),
        ("p99", stage.p99_ms, stage.p99_ci_ms),
        ("p99.9", stage.p999_ms, stage.p999_ci_ms),
    ]
}

/// How many samples a percentile that is not there would have needed.
pub(super) fn needed(stage: &StageTime, name: &str, samples: u64) -> Option<u64> {
    let rule = || SAMPLES_FOR.iter().find(|(known, needed)| *known == name && samples < *needed);
    stage.refused.get(name).copied().or_else(|| rule().map(|(_, needed)| *needed))
}

/// A percentile as `say` writes times, `needs 299` where there were too few samples, `?` where nothing is known.
pub(super) fn percentile(
    stage: &StageTime,
    (name, value, _): Percentile,
    samples: u64,
    say: impl Fn(f64) -> String,
) -> String {
    match (value, needed(stage, name, samples)) {
        (Some(value), _) => say(value),
        (None, Some(needed)) => format!("needs {needed}"),
        (None, None) => "?".to_owned(),
    }
}

/// A time and its interval in one unit: `59.7 ms` and `[59.1, 60.4]`.
pub(super) fn with_interval(value: f64, interval: Option<Interval>) -> (String, String) {
    let Some(interval) = interval else { return (time(value), String::new()) };
    let (texts, unit) = numbers::times(&[value, interval[0], interval[1]]);
    let text = texts.first().map_or(time(value), |value| format!("{value} {unit}"));
    (text, numbers::time_interval(value, interval))
}

/// A rate and its interval: `16.7` and `[16.5, 16.8]`.
pub(super) fn rate_with_interval(value: f64, interval: Option<Interval>) -> (String, String) {
    (numbers::rate(value), interval.map(|ci| numbers::rate_interval(value, ci)).unwrap_or_default())
}

/// The stages that were timed, in order, and all of them together where there are several.
pub(super) fn stages(run: &Measurement) -> Vec<(&'static str, &StageTime)> {
    let stages = &run.stages;
    let parts = [
        ("loading", &stages.load),
        ("preprocessing", &stages.preprocess),
        ("inference", &stages.inference),
        ("postprocessing", &stages.postprocess),
    ];
    let mut timed: Vec<_> =
        parts.into_iter().filter_map(|(name, stage)| Some((name, stage.as_ref()?))).collect();
    if let (Some(total), true) = (&stages.total, timed.len() != 1) {
        timed.push(("total", total));
    }
    timed
}

/// The latency that stands for the measurement: of all stages together where several were timed.
pub(super) fn latency(run: &Measurement) -> Option<&StageTime> {
    run.stages.total.as_ref().or(run.stages.inference.as_ref())
}

/// Median time of a batch / samples in it, in milliseconds.
pub(super) fn per_sample(run: &Measurement) -> Option<f64> {
    let batch = run.batch.filter(|batch| *batch > 0)?;
    Some(latency(run)?.p50_ms? / batch as f64)
}

/// Why there is no latency; none where there is one.
pub(super) fn missing(run: &Measurement) -> Option<&str> {
    let measured = latency(run).is_some_and(|stage| stage.p50_ms.is_some());
    let reason = || run.notes.first().map_or("", String::as_str);
    match &run.failed {
        Some(failed) => Some(failed),
        None => (!measured).then(reason),
    }
}

/// The names of the model's layers that a measured one stands for; documents of engines that fuse nothing name only itself.
pub(super) fn covered(layer: &LayerTime) -> &[String] {
    match layer.layers.as_slice() {
        _ if layer.added => &[],
        [] => std::slice::from_ref(&layer.name),
        names => names,
    }
}

/// What a measured layer is called: the first of the model's layers that it stands for and how many more there are, or
/// its own name.
pub(super) fn layer_name(layer: &LayerTime) -> String {
    match layer.layers.as_slice() {
        [] => layer.name.clone(),
        [only] => only.clone(),
        [first, more @ ..] => format!("{first} +{}", more.len()),
    }
}

/// Latency from the intended arrival, and the two parts that it has.
pub(super) fn from_arrival(scenario: &Scenario) -> Vec<(&'static str, &StageTime)> {
    let parts = [("latency", &scenario.latency), ("queue", &scenario.queue), ("service", &scenario.service)];
    parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?))).collect()
}

/// What throughput counts.
pub(super) fn unit<'a>(runs: &'a [Measurement], sweep: &'a Sweep) -> &'a str {
    let counted = || runs.iter().find_map(|run| run.throughput.as_ref().map(|found| found.unit.as_str()));
    match sweep.unit.as_str() {
        "" => counted().unwrap_or("samples"),
        unit => unit,
    }
}

/// What a configuration stands out by among the others of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The best under a requirement.
    Best,
    /// Where more latency stops to buy throughput.
    SweetSpot,
    /// No other beats it in both latency and throughput.
    Pareto,
}

impl Mark {
    pub(super) fn of(sweep: &Sweep, index: usize) -> Option<Mark> {
        let best = sweep.slo.as_ref().and_then(|slo| slo.best);
        [
            (best == Some(index), Mark::Best),
            (sweep.sweet_spot == Some(index), Mark::SweetSpot),
            (sweep.pareto.contains(&index), Mark::Pareto),
        ]
        .into_iter()
        .find_map(|(holds, mark)| holds.then_some(mark))
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Mark::Best => "best",
            Mark::SweetSpot => "sweet spot",
            Mark::Pareto => "Pareto",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_says_what_it_needs() {
        let mut stage = StageTime { p90_ms: Some(2.0), ..StageTime::default() };
        let said = |stage: &StageTime| percentiles(stage).map(|p| percentile(stage, p, 100, time));
        assert_eq!(said(&stage), ["?", "2.00 ms", "?", "needs 299", "needs 2995"]);
        stage.refused = [("p99".to_owned(), 512)].into();
        assert_eq!(said(&stage)[3], "needs 512");
    }

    #[test]
    fn a_sample_takes_its_part_of_the_batch() {
        let stage = StageTime { p50_ms: Some(40.0), ..StageTime::default() };
        let mut run = Measurement { batch: Some(8), ..Measurement::default() };
        assert_eq!(per_sample(&run), None);
        run.stages.inference = Some(stage);
        assert_eq!(per_sample(&run), Some(5.0));
        run.batch = Some(0);
        assert_eq!(per_sample(&run), None);
    }

    #[test]
    fn settings_are_common_or_particular() {
        let run = |threads, batch| Measurement {
            threads: Some(threads),
            batch: Some(batch),
            ..Measurement::default()
        };
        let runs = [run(1, 1), run(1, 8)];
        assert_eq!(common(&runs), ["1 thread"]);
        assert_eq!(particular(&runs[1], &runs), "batch 8");
        let runs = [run(1, 8), run(2, 8)];
        assert_eq!(common(&runs), ["batch 8"]);
        assert_eq!(particular(&runs[1], &runs), "2 threads");
    }
}
