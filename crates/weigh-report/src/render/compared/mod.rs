//! Reports that compare themselves with one of them: the columns of the table that puts them beside each other. Figures of
//! a column share a unit, which its title names.

mod latencies;
mod words;

use weigh_ir::units;

use super::ink::Role;
use super::numbers::apart;
use super::sheets::{self, Cell, SHOWN, Scale, Sheet, Shown, Title};
use crate::report::{Basis, Comparison, Report};

/// Reports beside the one that all of them are compared with.
pub(super) struct Compared<'r> {
    pub(super) baseline: &'r str,
    pub(super) reports: &'r [Report],
}

/// One column, what its cells are drawn as, and how it gives way.
pub(super) struct Column {
    pub(super) content: sheets::Column,
    /// One for each cell.
    pub(super) roles: Vec<Role>,
    /// Left out before columns of a lower rank; never at rank 0.
    pub(super) rank: u8,
}

impl Column {
    fn new(title: Title, right: bool, rank: u8, cells: impl IntoIterator<Item = (Role, Cell)>) -> Column {
        let (roles, cells) = cells.into_iter().unzip();
        Column { content: sheets::Column { title, right, cells }, roles, rank }
    }

    fn counts(reports: &[Report], shown: &Shown) -> Column {
        let content = sheets::counts(reports, shown);
        let role = |cell: &Cell| if cell.is_short() { Role::Warn } else { Role::Value };
        Column { roles: content.cells.iter().map(role).collect(), content, rank: shown.rank }
    }
}

/// The columns as a table for documents.
pub(super) fn sheet(columns: Vec<Column>) -> Sheet {
    Sheet::new(columns.into_iter().map(|column| column.content))
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
        let mut columns = vec![text("model", 0, names)];
        columns.extend(SHOWN.iter().map(|shown| Column::counts(self.reports, shown)));
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
        let scale = Scale::times(found.iter().flatten().filter_map(|found| found.b_value));
        let is_predicted = |found: &Comparison| found.basis == Some(Basis::Predicted);
        let all_predicted =
            found.iter().flatten().filter(|found| found.b_value.is_some()).all(|f| is_predicted(f));
        let cell = |found: &Option<&Comparison>| match found.and_then(|found| Some((found, found.b_value?))) {
            None => (Role::Warn, Cell::Unknown),
            Some((found, ms)) => {
                let value = scale.value(ms).at_least(found.b_is_lower_bound);
                let is_apart = is_predicted(found) && !all_predicted;
                (Role::Value, if is_apart { Cell::Text(format!("{value} predicted")) } else { value })
            }
        };
        let what = match (device, all_predicted) {
            (Some(device), _) => format!("on {device}"),
            (None, true) => "predicted".to_owned(),
            (None, false) => "latency".to_owned(),
        };
        Column::new(Title::new(what, scale.unit), true, 0, found.iter().map(cell))
    }

    /// Throughput where the first latencies are from.
    fn rates(&self) -> Option<Column> {
        self.plain("throughput", "per s".into(), 6)
    }

    fn energies(&self) -> Option<Column> {
        self.plain("energy", Title::new("energy", "mJ"), 8)
    }

    fn plain(&self, metric: &str, title: Title, rank: u8) -> Option<Column> {
        let device = self.places().first().copied()?;
        let value = |report| self.found(report, metric, device)?.b_value;
        let values: Vec<Option<f64>> = self.reports.iter().map(value).collect();
        let cell = |value: &Option<f64>| match value {
            Some(value) => (Role::Plain, Cell::digits(apart(&[*value])[0].clone())),
            None => (Role::Warn, Cell::Unknown),
        };
        let column = Column::new(title, true, rank, values.iter().map(cell));
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
        let cells = self.reports.iter().map(|report| relative(self.found(report, scale, None)));
        Column::new(Title::new(format!("× {}", word(scale)), ""), true, 0, cells)
    }

    /// Who is not dominated, where somebody is.
    fn pareto(&self) -> Option<Column> {
        let mark = |report: &Report| match report.dominated_by {
            None => (Role::Good, "✓".to_owned()),
            Some(_) => (Role::Plain, String::new()),
        };
        let any = self.reports.iter().any(|report| report.dominated_by.is_some());
        any.then(|| text("Pareto", 1, self.reports.iter().map(mark)))
    }
}

fn text(title: &str, rank: u8, cells: impl IntoIterator<Item = (Role, String)>) -> Column {
    let cell = |text: String| if text.is_empty() { Cell::Nothing } else { Cell::Text(text) };
    Column::new(title.into(), false, rank, cells.into_iter().map(|(role, text)| (role, cell(text))))
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
fn relative(found: Option<&Comparison>) -> (Role, Cell) {
    let Some(found) = found else { return (Role::Warn, Cell::Unknown) };
    if let Some(ratio) = found.ratio {
        return (Role::Value, Cell::digits(ratio_text(ratio)));
    }
    let values = found.b_value.zip(found.a_value.filter(|value| *value > 0.0));
    match values.filter(|_| found.b_is_lower_bound && !found.a_is_lower_bound) {
        Some((b, a)) => (Role::Warn, Cell::digits(ratio_text(b / a)).at_least(true)),
        None => (Role::Warn, Cell::Unknown),
    }
}

/// A ratio with two decimals; small ones with two digits.
fn ratio_text(ratio: f64) -> String {
    if ratio >= 0.1 || ratio == 0.0 { format!("{ratio:.2}") } else { units::significant(ratio, 2) }
}
