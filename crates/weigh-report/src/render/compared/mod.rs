//! Reports that compare themselves with one of them: the columns of the table that puts them beside each other. Figures of
//! a column share a unit, which its title names.

mod counts;
mod latencies;
mod words;

use weigh_ir::units::{self, time_unit};

use super::ink::Role;
use super::numbers::{apart, rate};
use crate::report::{Basis, Comparison, Report};
use counts::{SHOWN, with_unit};

/// Reports beside the one that all of them are compared with.
pub(super) struct Compared<'r> {
    pub(super) baseline: &'r str,
    pub(super) reports: &'r [Report],
}

/// One column: its title, a cell for each report, and how it gives way.
pub(super) struct Column {
    pub(super) title: String,
    pub(super) is_text: bool,
    /// Left out before columns of a lower rank; never at rank 0.
    pub(super) rank: u8,
    pub(super) cells: Vec<(Role, String)>,
}

/// The reports as a comparison; none where they are something else.
pub(super) fn of(reports: &[Report]) -> Option<Compared<'_>> {
    let baseline = reports.first()?.comparisons.first()?.a.as_str();
    let is_of_it = |report: &Report| {
        !report.comparisons.is_empty()
            && report.comparisons.iter().all(|found| found.a == baseline && found.b == name(report))
    };
    let has_it = reports.iter().any(|report| name(report) == baseline);
    (reports.len() > 1 && has_it && reports.iter().all(is_of_it)).then_some(Compared { baseline, reports })
}

/// What the comparison calls a report.
pub(super) fn name(report: &Report) -> &str {
    report.comparisons.first().map_or("", |found| &found.b)
}

impl<'r> Compared<'r> {
    /// The columns, the name first.
    pub(super) fn columns(&self) -> Vec<Column> {
        let names = self.reports.iter().map(|report| (Role::Plain, name(report).to_owned()));
        let mut columns = vec![text("MODEL", 0, names.collect())];
        columns.extend(SHOWN.iter().map(|shown| self.counts(shown)));
        let places = self.places().into_iter().enumerate();
        columns.extend(
            places.map(|(at, device)| Column { rank: if at == 0 { 0 } else { 3 }, ..self.latencies(device) }),
        );
        columns.extend(self.rates());
        columns.extend(self.energies());
        columns.push(self.relative());
        columns.extend(self.pareto());
        columns
    }

    /// A report's comparison of a metric on a device; on this machine without one.
    fn found(&self, report: &'r Report, metric: &str, device: Option<&str>) -> Option<&'r Comparison> {
        report.comparisons.iter().find(|found| found.metric == metric && elsewhere(found) == device)
    }

    /// Where latencies are from.
    fn places(&self) -> Vec<Option<&'r str>> {
        let mut places = Vec::new();
        let latencies = self.reports.iter().flat_map(|report| &report.comparisons);
        for found in latencies.filter(|found| found.metric == "latency" && found.b_value.is_some()) {
            if !places.contains(&elsewhere(found)) {
                places.push(elsewhere(found));
            }
        }
        places
    }

    fn latencies(&self, device: Option<&'r str>) -> Column {
        let found: Vec<Option<&Comparison>> =
            self.reports.iter().map(|report| self.found(report, "latency", device)).collect();
        let values = || found.iter().flatten().filter_map(|found| found.b_value);
        let (factor, unit) = time_unit(values().fold(0.0, f64::max));
        let is_predicted = |found: &Comparison| found.basis == Some(Basis::Predicted);
        let all_predicted =
            found.iter().flatten().filter(|found| found.b_value.is_some()).all(|f| is_predicted(f));
        let cell = |found: &Option<&Comparison>| match found.and_then(|found| Some((found, found.b_value?))) {
            None => (Role::Warn, "?".to_owned()),
            Some((found, ms)) => {
                let least = if found.b_is_lower_bound { "≥ " } else { "" };
                let basis = if is_predicted(found) && !all_predicted { " predicted" } else { "" };
                (Role::Value, format!("{least}{}{basis}", apart(&[ms * factor])[0]))
            }
        };
        let what = match (device, all_predicted) {
            (Some(device), _) => format!("on {device}"),
            (None, true) => "predicted".to_owned(),
            (None, false) => "latency".to_owned(),
        };
        Column {
            title: with_unit(&what, unit),
            is_text: false,
            rank: 0,
            cells: found.iter().map(cell).collect(),
        }
    }

    /// Throughput where the first latencies are from.
    fn rates(&self) -> Option<Column> {
        let device = self.places().first().copied()?;
        self.plain("throughput", "per s", 6, device, rate)
    }

    fn energies(&self) -> Option<Column> {
        let device = self.places().first().copied()?;
        self.plain("energy", "energy, mJ", 8, device, |value| apart(&[value])[0].clone())
    }

    fn plain(
        &self,
        metric: &str,
        title: &str,
        rank: u8,
        device: Option<&str>,
        say: fn(f64) -> String,
    ) -> Option<Column> {
        let value = |report| self.found(report, metric, device)?.b_value;
        let values: Vec<Option<f64>> = self.reports.iter().map(value).collect();
        let cell = |value: &Option<f64>| match value {
            Some(value) => (Role::Plain, say(*value)),
            None => (Role::Warn, "?".to_owned()),
        };
        let cells = values.iter().map(cell).collect();
        let column = Column { title: title.to_owned(), is_text: false, rank, cells };
        values.iter().any(Option::is_some).then_some(column)
    }

    /// The metric that costs are put in relation by: the measured latency, else multiply-accumulates, else parameters.
    fn scale(&self) -> &'static str {
        let has = |metric: &str| {
            let others = self.reports.iter().filter(|report| name(report) != self.baseline);
            others.into_iter().any(|report| {
                let found = self.found(report, metric, None);
                found.is_some_and(|found| found.ratio.is_some() && found.basis != Some(Basis::Predicted))
            })
        };
        ["latency", "macs"].into_iter().find(|metric| has(metric)).unwrap_or("parameters")
    }

    /// The cost of each report in relation to the baseline's.
    pub(super) fn ratios(&self) -> Vec<Option<f64>> {
        let scale = self.scale();
        self.reports.iter().map(|report| self.found(report, scale, None)?.ratio).collect()
    }

    fn relative(&self) -> Column {
        let scale = self.scale();
        let cells = self.reports.iter().map(|report| relative(self.found(report, scale, None))).collect();
        Column { title: format!("× {}", word(scale)), is_text: false, rank: 0, cells }
    }

    /// Who is not dominated, where somebody is.
    fn pareto(&self) -> Option<Column> {
        let mark = |report: &Report| match report.dominated_by {
            None => (Role::Good, "✓".to_owned()),
            Some(_) => (Role::Plain, String::new()),
        };
        let any = self.reports.iter().any(|report| report.dominated_by.is_some());
        any.then(|| text("Pareto", 1, self.reports.iter().map(mark).collect()))
    }
}

fn text(title: &str, rank: u8, cells: Vec<(Role, String)>) -> Column {
    Column { title: title.to_owned(), is_text: true, rank, cells }
}

/// The device of a prediction; none for this machine.
fn elsewhere(found: &Comparison) -> Option<&str> {
    found.device.as_deref().filter(|device| *device != "this")
}

/// A metric as people call it.
fn word(metric: &str) -> &str {
    match metric {
        "macs" => "MACs",
        "flops" => "FLOPs",
        "model_size" => "size",
        "peak_activations" => "peak",
        other => other,
    }
}

/// `2.72`, `≥ 2.72` where b misses something, `?` where it cannot be said.
fn relative(found: Option<&Comparison>) -> (Role, String) {
    let Some(found) = found else { return (Role::Warn, "?".to_owned()) };
    if let Some(ratio) = found.ratio {
        return (Role::Value, ratio_text(ratio));
    }
    let values = found.b_value.zip(found.a_value.filter(|value| *value > 0.0));
    match values.filter(|_| found.b_is_lower_bound && !found.a_is_lower_bound) {
        Some((b, a)) => (Role::Warn, format!("≥ {}", ratio_text(b / a))),
        None => (Role::Warn, "?".to_owned()),
    }
}

/// A ratio with two decimals; small ones with two digits.
fn ratio_text(ratio: f64) -> String {
    if ratio >= 0.1 || ratio == 0.0 { format!("{ratio:.2}") } else { units::significant(ratio, 2) }
}
