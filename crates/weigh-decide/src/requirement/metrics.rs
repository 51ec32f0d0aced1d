//! The metrics that requirements can be about: their names and units, and where each stands in the document.
//!
//! A row here and an entry of the glossary (`weigh-report/src/glossary/`), which says what it is, are all that a new metric
//! needs, as long as the document has its figure.

use weigh_ir::units::Dimension;
use weigh_report::{Report, glossary};

use super::evidence::Found;
use super::made;

/// Which way a metric gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less of it.
    Lower,
    /// More of it.
    Higher,
}

/// What it takes to know a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The model file: it is counted.
    File,
    /// A run of the model, or a prediction.
    Run,
    /// Energy counters during a run, or a model of energy.
    Energy,
    /// A plan of a workload.
    Plan,
}

/// A figure that can be required.
#[derive(Debug)]
pub struct Metric {
    /// What it is called in requirements.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it is an amount of.
    pub dimension: Dimension,
    /// Which way it gets better.
    pub better: Better,
    /// What it takes to know it.
    pub needs: Needs,
    /// Whether it is a time with [`STATISTICS`]: `latency.p99`; without one, the median.
    pub has_statistics: bool,
    pub(super) source: Source,
}

/// Where a metric's figure stands in the document.
#[derive(Debug)]
pub(super) enum Source {
    /// At this path: one for the whole model.
    Model(&'static str),
    /// One for each configuration: at the first of these paths that a measurement has, or, where nothing was measured,
    /// at that of a prediction. `{}` is the key of the statistic.
    Run { measured: &'static [&'static str], predicted: Option<&'static str> },
    /// Worked out from several figures.
    Made(fn(&Report) -> Vec<Found>),
}

/// What of many times is meant.
#[derive(Debug, PartialEq)]
pub struct Statistic {
    /// What it is called, after a dot; a percentile alone is one of latency.
    pub name: &'static str,
    /// Another name.
    pub alias: &'static str,
    /// How its key in the document begins.
    pub(super) key: &'static str,
    /// The part of all samples that are below, for percentiles.
    pub fraction: Option<f64>,
}

/// The statistics of times.
pub const STATISTICS: [Statistic; 7] = [
    Statistic { name: "p50", alias: "median", key: "p50", fraction: Some(0.5) },
    Statistic { name: "p90", alias: "p90", key: "p90", fraction: Some(0.9) },
    Statistic { name: "p95", alias: "p95", key: "p95", fraction: Some(0.95) },
    Statistic { name: "p99", alias: "p99", key: "p99", fraction: Some(0.99) },
    Statistic { name: "p99.9", alias: "p999", key: "p999", fraction: Some(0.999) },
    Statistic { name: "mean", alias: "mean", key: "mean", fraction: None },
    Statistic { name: "min", alias: "min", key: "min", fraction: None },
];

/// A metric of one name and one figure; less is better.
const fn metric(name: &'static str, dimension: Dimension, needs: Needs, source: Source) -> Metric {
    let (better, has_statistics) = (Better::Lower, false);
    Metric { name, aliases: &[], dimension, better, needs, has_statistics, source }
}

/// A count or size of the model as it is in the file.
const fn counted(name: &'static str, dimension: Dimension, path: &'static str) -> Metric {
    metric(name, dimension, Needs::File, Source::Model(path))
}

/// One figure of a run.
const fn ran(name: &'static str, dimension: Dimension, measured: &'static [&'static str]) -> Metric {
    metric(name, dimension, Needs::Run, Source::Run { measured, predicted: None })
}

/// A time with statistics.
const fn timed(name: &'static str, measured: &'static [&'static str]) -> Metric {
    Metric { has_statistics: true, ..ran(name, Dimension::Time, measured) }
}

/// A figure that is worked out.
const fn made(
    name: &'static str,
    dimension: Dimension,
    needs: Needs,
    find: fn(&Report) -> Vec<Found>,
) -> Metric {
    metric(name, dimension, needs, Source::Made(find))
}

impl Metric {
    const fn also(self, aliases: &'static [&'static str]) -> Metric {
        Metric { aliases, ..self }
    }

    const fn more_is_better(self) -> Metric {
        Metric { better: Better::Higher, ..self }
    }

    /// What a prediction has in its place.
    const fn or_predicted(self, path: &'static str) -> Metric {
        let source = match self.source {
            Source::Run { measured, .. } => Source::Run { measured, predicted: Some(path) },
            other => other,
        };
        Metric { source, ..self }
    }
}

use Dimension::{Bytes, Count, Energy, Price, Rate, Share, Time};

/// Every metric that has a name.
pub static METRICS: &[Metric] = &[
    timed("latency", &["scenario.latency.{}_ms", "stages.total.{}_ms"]).or_predicted("predicted_ms"),
    timed("inference", &["scenario.service.{}_ms", "stages.inference.{}_ms"]).or_predicted("predicted_ms"),
    timed("data_loading", &["stages.load.{}_ms"]).also(&["loading"]),
    timed("preprocess", &["stages.preprocess.{}_ms"]).also(&["preprocessing"]),
    timed("postprocess", &["stages.postprocess.{}_ms"]).also(&["postprocessing"]),
    timed("queue", &["scenario.queue.{}_ms"]),
    made("throughput", Rate, Needs::Run, made::throughput).also(&["rate"]).more_is_better(),
    ran("load_time", Time, &["load_ms"]),
    ran("first_inference", Time, &["first_ms"]).also(&["first_run"]),
    ran("peak_rss", Bytes, &["memory.peak_rss_bytes"]).also(&["rss", "process_memory"]),
    ran("model_rss", Bytes, &["memory.model_rss_bytes"]),
    ran("efficiency", Share, &["efficiency"]).more_is_better(),
    made("energy", Energy, Needs::Energy, made::energy),
    made("cost", Price, Needs::Plan, made::cost),
    counted("parameters", Count, "totals.parameters").also(&["params"]),
    counted("buffers", Count, "totals.buffers"),
    counted("model_size", Bytes, "totals.weight_bytes").also(&["size"]),
    counted("file_size", Bytes, "totals.model_size.file_bytes"),
    counted("fp16_size", Bytes, "totals.model_size.fp16_bytes"),
    counted("int8_size", Bytes, "totals.model_size.int8_bytes"),
    counted("int4_size", Bytes, "totals.model_size.int4_bytes"),
    counted("macs", Count, "totals.macs"),
    counted("flops", Count, "totals.flops"),
    counted("other_ops", Count, "totals.other_ops"),
    counted("bytes_moved", Bytes, "totals.bytes_moved"),
    counted("intensity", Count, "totals.arithmetic_intensity").more_is_better(),
    counted("activations", Bytes, "totals.activations.total.bytes"),
    counted("activations.peak", Bytes, "totals.activations.peak.bytes").also(&["peak_activations"]),
    counted("activations.best_order", Bytes, "totals.activations.best_order_peak.bytes"),
    counted("arena", Bytes, "totals.activations.arena_bytes"),
    counted("workspace", Bytes, "totals.workspace_bytes"),
    counted("peak_memory", Bytes, "totals.device_bytes").also(&["memory", "needs", "device_memory"]),
    made("coverage", Share, Needs::File, made::coverage).more_is_better(),
];

impl Metric {
    /// What it is, in a line: that of the glossary.
    pub fn about(&self) -> &'static str {
        glossary::find(self.name).map_or("", |entry| entry.short)
    }

    /// The unit of its verdicts.
    pub fn unit(&self) -> &'static str {
        unit(self.dimension)
    }

    /// Whether the name or one of the other names is meant, whatever the case and the dashes.
    pub(super) fn is_called(&self, name: &str) -> bool {
        std::iter::once(self.name).chain(self.aliases.iter().copied()).any(|own| same_name(own, name))
    }
}

/// Whether two names are the same but for case and dashes.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    let plain = |name: &str| name.replace('-', "_").to_ascii_lowercase();
    plain(a) == plain(b)
}

/// The unit of verdicts about a dimension. Shares have a word of their own, as they print as percentages.
pub(super) fn unit(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Share => "share",
        other => other.unit(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::paths::Path;
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let mut seen: Vec<&str> = Vec::new();
        for metric in METRICS {
            for name in std::iter::once(&metric.name).chain(metric.aliases) {
                assert!(!seen.iter().any(|other| same_name(other, name)), "{name} is there twice");
                seen.push(name);
            }
        }
    }

    #[test]
    fn the_glossary_has_every_metric_and_its_place() {
        let steps =
            |path: &str| path.split(['.', '[']).filter(|step| *step != "]").collect::<Vec<_>>().join(".");
        for metric in METRICS {
            for name in std::iter::once(&metric.name).chain(metric.aliases) {
                let found = glossary::find(name).map(|entry| entry.name);
                assert_eq!(found, Some(metric.name), "{name}");
            }
            let entry = glossary::find(metric.name).unwrap();
            let has = |path: String| entry.json.iter().any(|place| path.starts_with(&steps(place)));
            match &metric.source {
                Source::Model(path) => assert!(has((*path).to_owned()), "{}: {path}", metric.name),
                Source::Run { measured, .. } => {
                    for path in *measured {
                        assert!(has(format!("measurements.{path}")), "{}: {path}", metric.name);
                    }
                }
                Source::Made(_) => {}
            }
        }
    }

    #[test]
    fn every_place_is_one_of_the_document() {
        for metric in METRICS {
            let places: Vec<String> = match &metric.source {
                Source::Model(path) => vec![(*path).to_owned()],
                Source::Run { measured, predicted } => {
                    let runs = measured.iter().map(|path| format!("measurements.0.{path}"));
                    runs.chain(predicted.map(|path| format!("predictions.0.{path}"))).collect()
                }
                Source::Made(_) => Vec::new(),
            };
            for place in places {
                for statistic in &STATISTICS {
                    let path = place.replace("{}", statistic.key);
                    let read = Path::read(&path);
                    assert!(read.is_ok(), "{}: {path}: {read:?}", metric.name);
                    let same_unit = read.is_ok_and(|path| path.dimension == metric.dimension);
                    assert!(same_unit || metric.name == "efficiency", "{}: {path}", metric.name);
                }
            }
        }
    }
}
