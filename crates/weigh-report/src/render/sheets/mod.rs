//! The content of tables, whatever writes them: columns of typed cells, each column in one unit that its title names.
//!
//! Markdown and LaTeX write the same sheets, so that what is pasted from one says what the other says.

mod advice;
mod configurations;
mod counts;
mod layers;
mod plan;
mod predictions;
mod scale;
mod times;
mod totals;
mod verdicts;
mod versus;

use std::fmt;

pub(super) use advice::advice;
pub(super) use configurations::configurations;
pub(super) use counts::{SHOWN, Shown, column as counts};
pub(super) use layers::layers;
pub(super) use plan::plan;
pub(super) use predictions::{batches, predictions};
pub(super) use scale::{Digits, Scale};
pub(super) use times::{layer_times, predicted_layers};
pub(super) use totals::totals;
pub(super) use verdicts::verdicts;
pub(super) use versus::versus;

use super::numbers::share;
use crate::Report;

/// A table.
pub(super) struct Sheet {
    /// As many cells in each.
    pub(super) columns: Vec<Column>,
}

/// A column of a table.
pub(super) struct Column {
    pub(super) title: Title,
    /// Whether cells stand to the right, as numbers do.
    pub(super) right: bool,
    pub(super) cells: Vec<Cell>,
}

/// What a column is called, and the unit that all its numbers are in.
pub(super) struct Title {
    pub(super) what: String,
    /// `MiB`, `ms`, `%`, a prefix for counts; empty for plain numbers and words.
    pub(super) unit: String,
    /// Whether the unit is written first: `G MACs`.
    prefixes: bool,
}

/// What stands in a row of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing: it was not asked for, or does not apply.
    Nothing,
    /// It is not known.
    Unknown,
    /// Words.
    Text(String),
    /// What a program reads: a formula, a command.
    Code(String),
    /// Extents of tensors.
    Shapes(String),
    /// Digits in the unit of the column; perhaps of something that is at least that.
    Number { digits: String, at_least: bool },
    /// The two ends of an interval, in the unit of the column.
    Interval([String; 2]),
}

impl Sheet {
    /// The columns that have something in them.
    pub(super) fn new(columns: impl IntoIterator<Item = Column>) -> Sheet {
        let is_filled = |column: &Column| column.cells.iter().any(|cell| *cell != Cell::Nothing);
        Sheet { columns: columns.into_iter().filter(is_filled).collect() }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.cells.len())
    }

    /// The table without the columns of these names.
    pub(super) fn without(mut self, names: &[&str]) -> Sheet {
        self.columns.retain(|column| !names.contains(&column.title.what.as_str()));
        self
    }
}

impl Column {
    /// Words, or the numbers of things that are told apart by them.
    pub(super) fn words(title: impl Into<Title>, cells: impl IntoIterator<Item = Option<String>>) -> Column {
        let cells = cells.into_iter().map(|cell| cell.filter(|text| !text.is_empty()));
        Column {
            title: title.into(),
            right: false,
            cells: cells.map(|cell| cell.map_or(Cell::Nothing, Cell::Text)).collect(),
        }
    }

    /// Cells that stand to the right.
    pub(super) fn figures(title: impl Into<Title>, cells: impl IntoIterator<Item = Cell>) -> Column {
        Column { title: title.into(), right: true, cells: cells.into_iter().collect() }
    }

    /// Small whole numbers: batches, threads.
    pub(super) fn whole(title: &str, cells: impl IntoIterator<Item = Option<String>>) -> Column {
        let cells = cells.into_iter().map(|cell| cell.map_or(Cell::Nothing, Cell::digits));
        Column::figures(title, cells)
    }

    /// Parts of 1 as percentages.
    pub(super) fn shares(title: &str, cells: impl IntoIterator<Item = Option<f64>>) -> Column {
        let percent = |part: f64| share(part).trim_end_matches(" %").to_owned();
        let cell = |part: f64| match percent(part) {
            small if small.starts_with('<') => Cell::Text(small),
            digits => Cell::digits(digits),
        };
        let cells = cells.into_iter().map(|part| part.map_or(Cell::Nothing, cell));
        Column::figures(Title::new(title, "%"), cells)
    }
}

impl Title {
    /// What, in which unit.
    pub(super) fn new(what: impl Into<String>, unit: impl Into<String>) -> Title {
        Title { what: what.into(), unit: unit.into(), prefixes: false }
    }

    /// Things that are counted, the prefix before them.
    pub(super) fn prefixed(what: &str, prefix: &str) -> Title {
        Title { prefixes: true, ..Title::new(what, prefix) }
    }
}

impl From<&str> for Title {
    fn from(what: &str) -> Title {
        Title::new(what, "")
    }
}

/// `latency, ms`, `G MACs`, `device`.
impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.unit.as_str(), self.prefixes) {
            ("", _) => f.write_str(&self.what),
            (unit, true) => write!(f, "{unit} {}", self.what),
            (unit, false) => write!(f, "{}, {unit}", self.what),
        }
    }
}

impl Cell {
    /// A number.
    pub(super) fn digits(digits: String) -> Cell {
        Cell::Number { digits, at_least: false }
    }

    /// The same as a lower bound, where it is one.
    pub(super) fn at_least(self, is_bound: bool) -> Cell {
        match self {
            Cell::Number { digits, .. } => Cell::Number { digits, at_least: is_bound },
            Cell::Text(text) if is_bound => Cell::Text(format!("≥ {text}")),
            other => other,
        }
    }

    /// Whether it says less than there is to know.
    pub(super) fn is_short(&self) -> bool {
        match self {
            Cell::Unknown | Cell::Number { at_least: true, .. } => true,
            Cell::Text(text) => text.starts_with('≥'),
            _ => false,
        }
    }
}

/// `4.09`, `≥ 4.09`, `[3.96, 4.38]`, `?`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Nothing => Ok(()),
            Cell::Unknown => f.write_str("?"),
            Cell::Text(text) | Cell::Code(text) | Cell::Shapes(text) => f.write_str(text),
            Cell::Number { digits, at_least: false } => f.write_str(digits),
            Cell::Number { digits, at_least: true } => write!(f, "≥ {digits}"),
            Cell::Interval([low, high]) => write!(f, "[{low}, {high}]"),
        }
    }
}

/// What each row is about, where the rows are of several reports.
fn models<'r>(reports: &[Report], of_rows: impl Iterator<Item = &'r Report>) -> Option<Column> {
    let name = |report: &Report| report.model.as_ref().map(|model| model.name.clone());
    (reports.len() > 1).then(|| Column::words("model", of_rows.map(name)))
}
