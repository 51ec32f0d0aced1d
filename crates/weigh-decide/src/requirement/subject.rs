//! What a requirement is about, and how it is named.

use std::fmt;
use std::str::FromStr;

use weigh_ir::units::Dimension;

use super::errors::NoRequirement;
use super::metrics::{self, Better, METRICS, Metric, Needs, STATISTICS, Statistic, same_name};
use super::paths::Path;

/// A figure of a report.
#[derive(Clone, Debug)]
pub enum Subject {
    /// One that has a name.
    Metric(&'static Metric, Option<&'static Statistic>),
    /// The number at a place of the document.
    Path(Path),
}

impl Subject {
    /// What it is an amount of.
    pub fn dimension(&self) -> Dimension {
        match self {
            Subject::Metric(metric, _) => metric.dimension,
            Subject::Path(path) => path.dimension,
        }
    }

    /// The unit of its verdicts.
    pub fn unit(&self) -> &'static str {
        metrics::unit(self.dimension())
    }

    /// An amount of it as text.
    pub fn show(&self, value: f64) -> String {
        self.dimension().show(value)
    }

    /// Which way it gets better; as far as a path tells, less is better but for rates and shares.
    pub fn better(&self) -> Better {
        match self {
            Subject::Metric(metric, _) => metric.better,
            Subject::Path(path) if matches!(path.dimension, Dimension::Rate | Dimension::Share) => {
                Better::Higher
            }
            Subject::Path(_) => Better::Lower,
        }
    }

    /// What it takes to know it.
    pub fn needs(&self) -> Needs {
        match self {
            Subject::Metric(metric, _) => metric.needs,
            Subject::Path(path) if path.text.starts_with("measurements.") => Needs::Run,
            Subject::Path(path) if path.text.starts_with("plan.") => Needs::Plan,
            Subject::Path(_) => Needs::File,
        }
    }

    /// The percentile of time that it is, as a fraction.
    pub fn percentile(&self) -> Option<f64> {
        match self {
            Subject::Metric(_, statistic) => statistic.and_then(|statistic| statistic.fraction),
            Subject::Path(_) => None,
        }
    }

    /// The metric's name, where it is this one in its usual form: throughput, or a typical latency.
    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self, Subject::Metric(metric, _) if metric.name == name)
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Subject) -> bool {
        self.to_string() == other.to_string()
    }
}

/// `latency.p99`, `macs`, `totals.activations.peak.bytes`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Metric(metric, Some(statistic)) => write!(f, "{}.{}", metric.name, statistic.name),
            Subject::Metric(metric, None) => f.write_str(metric.name),
            Subject::Path(path) => f.write_str(&path.text),
        }
    }
}

impl FromStr for Subject {
    type Err = NoRequirement;

    fn from_str(text: &str) -> Result<Subject, NoRequirement> {
        let name = text.trim();
        if let Some(metric) = METRICS.iter().find(|metric| metric.is_called(name)) {
            return Ok(Subject::Metric(metric, metric.has_statistics.then_some(&STATISTICS[0])));
        }
        // A statistic alone is one of latency.
        let (head, tail) = match (statistic(name), name.split_once('.')) {
            (Some(_), _) => ("latency", name),
            (None, Some(parts)) => parts,
            (None, None) => ("", ""),
        };
        let timed = METRICS.iter().find(|metric| metric.has_statistics && metric.is_called(head));
        match (timed, statistic(tail)) {
            (Some(metric), Some(statistic)) => Ok(Subject::Metric(metric, Some(statistic))),
            (Some(metric), None) => {
                Err(NoRequirement::Statistic { metric: metric.name, statistic: tail.to_owned() })
            }
            (None, _) if Path::is_meant(name) => Path::read(name).map(Subject::Path),
            (None, _) => {
                let names =
                    METRICS.iter().flat_map(|metric| std::iter::once(&metric.name).chain(metric.aliases));
                Err(NoRequirement::Metric { name: name.to_owned(), nearest: nearest(name, names.copied()) })
            }
        }
    }
}

fn statistic(name: &str) -> Option<&'static Statistic> {
    STATISTICS.iter().find(|own| same_name(own.name, name) || same_name(own.alias, name))
}

/// The names that are most like one that there is not, at most three.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<String> {
    /// From this similarity on (Jaro-Winkler, 1 is equal) a name is a suggestion.
    const SIMILAR: f64 = 0.75;
    let name = name.to_ascii_lowercase().replace('-', "_");
    let score = |other: &str| strsim::jaro_winkler(&name, &other.to_ascii_lowercase());
    let mut scored: Vec<(f64, &str)> = known.map(|other| (score(other), other)).collect();
    scored.retain(|(score, _)| *score >= SIMILAR);
    scored.sort_by(|(a, a_name), (b, b_name)| b.total_cmp(a).then(a_name.cmp(b_name)));
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_short_names() {
        let cases = [
            ("latency", "latency.p50"),
            ("p99", "latency.p99"),
            ("P99.9", "latency.p99.9"),
            ("latency.p999", "latency.p99.9"),
            ("median", "latency.p50"),
            ("inference.mean", "inference.mean"),
            ("MACs", "macs"),
            ("peak-memory", "peak_memory"),
            ("activations.peak", "activations.peak"),
            ("rss", "peak_rss"),
            ("totals.activations.peak.bytes", "totals.activations.peak.bytes"),
        ];
        for (text, name) in cases {
            let subject = text.parse::<Subject>().map(|subject| subject.to_string());
            assert_eq!(subject.as_deref().ok(), Some(name), "{text}: {subject:?}");
        }
    }

    #[test]
    fn unknown_names_have_neighbours() {
        let hint = |text: &str| text.parse::<Subject>().unwrap_err().hint();
        assert!(hint("latencey").contains("latency"), "{}", hint("latencey"));
        assert!(hint("paramters").contains("parameters"));
        assert!(hint("latency.p98").contains("p99.9"), "{}", hint("latency.p98"));
        assert!(hint("zzz").contains("weigh requirements"));
    }
}
