//! What a report says about a figure, and how well it is known.

use std::str::FromStr;

use serde_json::Value;
use weigh_report::report::{Basis, Count, Interval, Measurement, SAMPLES_FOR};
use weigh_report::{Report, report::Prediction};

use super::errors::NoRequirement;
use super::made::{capacity, measured_name, predicted_name};
use super::metrics::{Metric, STATISTICS, Source, Statistic};
use super::paths::{self, Path};
use super::subject::Subject;

/// How well a figure is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// A number; with an interval where it is measured or expected.
    Value(f64, Option<Interval>),
    /// Only a lower bound, and why.
    AtLeast(f64, String),
    /// Nothing, and why.
    Unknown(String),
}

/// A figure of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The configuration, where the report has several.
    pub configuration: Option<String>,
    /// What is known of it, in the unit of the subject.
    pub known: Known,
    /// What it rests on.
    pub basis: Basis,
    /// The most samples per second at that figure, for latency and throughput.
    pub capacity: Option<f64>,
    /// What to know about it.
    pub notes: Vec<String>,
}

impl Found {
    pub(super) fn new(known: Known, basis: Basis) -> Found {
        Found { configuration: None, known, basis, capacity: None, notes: Vec::new() }
    }

    pub(super) fn unknown(why: impl Into<String>) -> Found {
        Found::new(Known::Unknown(why.into()), Basis::Computed)
    }
}

/// A figure that the user knows: `latency=75ms`.
#[derive(Clone, Debug)]
pub struct Given {
    subject: Subject,
    value: f64,
}

impl FromStr for Given {
    type Err = NoRequirement;

    fn from_str(text: &str) -> Result<Given, NoRequirement> {
        let (name, amount) =
            text.split_once('=').ok_or_else(|| NoRequirement::Given(text.trim().to_owned()))?;
        let subject: Subject = name.parse()?;
        let value = subject.dimension().read(amount);
        let value =
            value.map_err(|problem| NoRequirement::Amount { metric: subject.to_string(), problem })?;
        Ok(Given { subject, value })
    }
}

/// A report, ready to be asked for figures, and figures that the user gave.
pub struct Evidence<'r> {
    /// The report.
    pub report: &'r Report,
    document: Value,
    given: &'r [Given],
}

impl<'r> Evidence<'r> {
    /// What a report says, and beside it what the user does.
    pub fn new(report: &'r Report, given: &'r [Given]) -> Evidence<'r> {
        // A report can always be written: its maps have names as keys.
        Evidence { report, document: serde_json::to_value(report).unwrap_or_default(), given }
    }

    /// What is known of a subject: one for each configuration that it was measured or predicted in; never none.
    pub fn find(&self, subject: &Subject) -> Vec<Found> {
        if let Some(found) = self.given(subject) {
            return vec![found];
        }
        match subject {
            Subject::Path(path) => vec![self.at(path)],
            Subject::Metric(metric, statistic) => match &metric.source {
                Source::Model(path) => vec![self.of_model(path)],
                Source::Made(find) => find(self.report),
                Source::Run { measured, predicted } => self.runs(metric, *statistic, measured, *predicted),
            },
        }
    }

    /// A figure that the user gave; throughput follows from a latency.
    fn given(&self, subject: &Subject) -> Option<Found> {
        let value = |wanted: &Subject| {
            self.given.iter().rev().find(|given| given.subject == *wanted).map(|given| given.value)
        };
        let typical = "latency".parse().ok().and_then(|latency: Subject| value(&latency));
        let rate = typical.filter(|ms| *ms > 0.0).map(|ms| 1e3 / ms);
        let figure = value(subject).or(rate.filter(|_| subject.is("throughput")))?;
        let mut found = Found::new(Known::Value(figure, None), Basis::Given);
        found.capacity = match subject {
            subject if subject.is("throughput") => Some(figure),
            subject if subject.is("latency") => Some(1e3 / figure).filter(|rate| rate.is_finite()),
            _ => None,
        };
        Some(found)
    }

    /// A total of the model.
    fn of_model(&self, path: &str) -> Found {
        let Some((holder, key)) = paths::place(&self.document, path) else {
            return Found::unknown("the report has no totals: the model was not analysed");
        };
        Found::new(self.bounded(path, self.number(holder, key, 1.0)), Basis::Computed)
    }

    /// The number at a place of the document.
    fn at(&self, path: &Path) -> Found {
        let Some((holder, key)) = paths::place(&self.document, &path.text) else {
            return Found::unknown(format!("the report has no {}", path.text));
        };
        let first = path.text.split('.').next().unwrap_or_default();
        let basis = match first {
            "measurements" => Basis::Measured,
            "predictions" => Basis::Predicted,
            _ => Basis::Computed,
        };
        Found::new(self.bounded(&path.text, self.number(holder, key, path.factor)), basis)
    }

    /// One figure for each measurement; where there are none, for each prediction.
    fn runs(
        &self,
        metric: &Metric,
        statistic: Option<&Statistic>,
        measured: &[&str],
        predicted: Option<&str>,
    ) -> Vec<Found> {
        let report = self.report;
        let with_capacity = metric.name == "latency";
        if !report.measurements.is_empty() {
            let found = report.measurements.iter().enumerate().map(|(index, run)| {
                let known = self.measured(index, run, statistic, measured);
                let capacity = capacity(run).filter(|_| with_capacity);
                let configuration = measured_name(&report.measurements, index);
                Found { configuration, capacity, ..Found::new(known, Basis::Measured) }
            });
            return found.collect();
        }
        let Some(key) = predicted.filter(|_| !report.predictions.is_empty()) else {
            return vec![Found::unknown(
                "nothing was measured: `weigh measure` or `weigh check` of the model does",
            )];
        };
        let found = report.predictions.iter().enumerate().map(|(index, prediction)| {
            let holder = &self.document["predictions"][index];
            let known = typical(self.number(holder, key, 1.0), prediction, statistic);
            let capacity = prediction.throughput_per_second.filter(|_| with_capacity);
            let configuration = predicted_name(&report.predictions, index);
            let notes = vec!["predicted, not measured".to_owned()];
            Found { configuration, capacity, notes, ..Found::new(known, Basis::Predicted) }
        });
        found.collect()
    }

    fn measured(
        &self,
        index: usize,
        run: &Measurement,
        statistic: Option<&Statistic>,
        places: &[&str],
    ) -> Known {
        if let Some(reason) = &run.failed {
            return Known::Unknown(format!("not measured: {reason}"));
        }
        if let Some(reason) = run.scenario.as_ref().and_then(|scenario| scenario.void.as_ref()) {
            return Known::Unknown(format!("the run proves nothing: {reason}"));
        }
        let row = &self.document["measurements"][index];
        let key = statistic.map_or("", |statistic| statistic.key);
        let places: Vec<String> = places.iter().map(|place| place.replace("{}", key)).collect();
        let Some((holder, key)) = places.iter().find_map(|place| paths::place(row, place)) else {
            return Known::Unknown("this stage was not run: it needs --data".to_owned());
        };
        match (self.number(holder, key, 1.0), statistic) {
            (Known::Unknown(_), Some(statistic)) if statistic.fraction.is_some() => {
                refused(holder, statistic, run.samples)
            }
            (Known::Unknown(_), None) => Known::Unknown("it was not measured".to_owned()),
            (known, _) => known,
        }
    }

    /// The number at a key, with the interval beside it.
    fn number(&self, holder: &Value, key: &str, factor: f64) -> Known {
        let Some(value) = paths::value(holder, key).filter(|value| !value.is_null()) else {
            return Known::Unknown("the report does not have it".to_owned());
        };
        if let Some(number) = value.as_f64() {
            let interval = interval_key(key).and_then(|key| holder.get(&key)).and_then(ends);
            return Known::Value(number * factor, interval.map(|ends| ends.map(|end| end * factor)));
        }
        match serde_json::from_value::<Count>(value.clone()) {
            Ok(count) => Known::Unknown(open(&count)),
            Err(_) => Known::Unknown("the report has no number there".to_owned()),
        }
    }

    /// A total as a lower bound where it misses something.
    fn bounded(&self, path: &str, known: Known) -> Known {
        let (Some(totals), Known::Value(value, None)) = (&self.report.totals, &known) else { return known };
        let complete = match path.strip_prefix("totals.") {
            Some("macs" | "flops" | "other_ops") => totals.complete.compute,
            Some("arithmetic_intensity") if !(totals.complete.compute && totals.complete.memory) => {
                return Known::Unknown(format!("the ratio {}", self.missing()));
            }
            Some(rest) if rest.starts_with("activations") || rest == "bytes_moved" => totals.complete.memory,
            Some("workspace_bytes" | "device_bytes") => totals.complete.memory && totals.complete.workspace,
            _ => true,
        };
        if complete { known } else { Known::AtLeast(*value, format!("the total {}", self.missing())) }
    }

    /// What totals miss, in words.
    fn missing(&self) -> String {
        let unknown = self.report.coverage.iter().flat_map(|coverage| &coverage.unknown);
        let names: Vec<String> =
            unknown.take(3).map(|unknown| format!("{} × {}", unknown.count, unknown.op)).collect();
        match names.as_slice() {
            [] => "misses nodes whose sizes are not known".to_owned(),
            names => format!("misses what weigh cannot price: {}", names.join(", ")),
        }
    }
}

/// The key of the interval of a key: `p99_ms` has `p99_ci_ms`, `per_second` has `ci`.
fn interval_key(key: &str) -> Option<String> {
    match key {
        "per_second" => Some("ci".to_owned()),
        "throughput_per_second" => Some("throughput_ci".to_owned()),
        "cost" | "cost_per_million" => Some(format!("{key}_ci")),
        key => {
            let name = key.strip_suffix("_ms").filter(|name| !name.ends_with("_ci"));
            name.map(|name| format!("{name}_ci_ms"))
        }
    }
}

fn ends(value: &Value) -> Option<Interval> {
    let list = value.as_array()?;
    Some([list.first()?.as_f64()?, list.get(1)?.as_f64()?])
}

/// Why a formula is no number, and which dims would make it one.
fn open(count: &Count) -> String {
    let mut symbols = Vec::new();
    count.0.for_each_symbol(&mut |symbol| symbols.push(symbol.to_string()));
    symbols.sort();
    symbols.dedup();
    match symbols.as_slice() {
        [] => format!("the count is {}", count.exact()),
        symbols => {
            let bind: Vec<String> = symbols.iter().map(|symbol| format!("--dim {symbol}=N")).collect();
            format!("it depends on {}: bind with {}", symbols.join(", "), bind.join(" "))
        }
    }
}

/// A percentile that the samples cannot bound is at least any lower one that they can.
fn refused(stage: &Value, statistic: &Statistic, samples: u64) -> Known {
    let own = stage.get("refused").and_then(|refused| refused.get(statistic.name)).and_then(Value::as_u64);
    let usual = SAMPLES_FOR.iter().find(|(name, _)| *name == statistic.name).map(|(_, needed)| *needed);
    let why = match own.or(usual) {
        Some(needed) => format!(
            "{0} needs {needed} samples, had {samples}: measure with --percentile {0}",
            statistic.name
        ),
        None => format!("{} was not measured", statistic.name),
    };
    let lower =
        STATISTICS.iter().filter(|other| other.fraction < statistic.fraction && other.fraction.is_some());
    let bounds = lower.filter_map(|other| {
        let interval = stage.get(format!("{}_ci_ms", other.key)).and_then(ends);
        interval.map(|[low, _]| low)
    });
    match bounds.reduce(f64::max) {
        Some(bound) => Known::AtLeast(bound, why),
        None => Known::Unknown(why),
    }
}

/// A prediction is of a typical run: tails are longer, and the fastest run is not known.
fn typical(known: Known, prediction: &Prediction, statistic: Option<&Statistic>) -> Known {
    let is_tail = |statistic: &Statistic| statistic.fraction.is_some_and(|fraction| fraction > 0.5);
    match (known, statistic) {
        (Known::Value(value, interval), Some(statistic)) if is_tail(statistic) => {
            let low = interval.map_or(value, |[low, _]| low);
            Known::AtLeast(low, format!("a prediction has no {}: measure the model", statistic.name))
        }
        (Known::Value(..), Some(statistic)) if statistic.name == "min" => {
            Known::Unknown("a prediction has no minimum: measure the model".to_owned())
        }
        (Known::Unknown(_), Some(_)) => match prediction.roofline_ms.or(prediction.theoretical_ms) {
            Some(bound) => Known::AtLeast(bound, "only a bound is known of this device".to_owned()),
            None => Known::Unknown("nothing could be predicted".to_owned()),
        },
        (known, _) => known,
    }
}
