//! Reading tables back: their columns with the units that their titles name, and numbers with the digits they have.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::csv;

/// A table: titles with the factor of their unit, and rows of text.
#[derive(Debug)]
pub struct Table {
    titles: Vec<(String, f64)>,
    pub rows: Vec<Vec<String>>,
}

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing, a dash or a question mark.
    Unknown,
    /// A number in base units, and half of its last digit.
    Number { value: f64, half: f64 },
    /// Two of them.
    Interval(Box<[Cell; 2]>),
    /// Anything else.
    Words(String),
}

/// Units and what they are in base units: milliseconds, bytes, parts of 1, things.
const UNITS: [(&str, f64); 29] = [
    ("ns", 1e-6),
    ("µs", 1e-3),
    ("ms", 1.0),
    ("s", 1e3),
    ("min", 60e3),
    ("h", 3600e3),
    ("bytes", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("%", 0.01),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("\\nano\\second", 1e-6),
    ("\\micro\\second", 1e-3),
    ("\\milli\\second", 1.0),
    ("\\second", 1e3),
    ("\\minute", 60e3),
    ("\\byte", 1.0),
    ("\\kibi\\byte", 1024.0),
    ("\\mebi\\byte", 1_048_576.0),
    ("\\gibi\\byte", 1_073_741_824.0),
    ("\\percent", 0.01),
    ("$10^{3}$", 1e3),
    ("$10^{6}$", 1e6),
    ("$10^{9}$", 1e9),
    ("\\%", 0.01),
];

fn unit(name: &str) -> Option<f64> {
    UNITS.iter().find(|(known, _)| *known == name).map(|(_, factor)| *factor)
}

impl Table {
    /// The cells of the nth column of this title; an end of an interval has a column of its own where each end has.
    pub fn column(&self, title: &str, nth: usize) -> Option<Vec<Cell>> {
        let mut named = self.titles.iter().enumerate().filter(|(_, (known, _))| known == title);
        let nth = if named.clone().count() == 1 { 0 } else { nth };
        let (index, (_, factor)) = named.nth(nth)?;
        Some(self.rows.iter().map(|row| cell(&row[index], *factor)).collect())
    }
}

impl Cell {
    /// An end of an interval, where it is one.
    pub fn end(&self, end: Option<usize>) -> Cell {
        match (self, end) {
            (Cell::Interval(ends), Some(end)) => ends[end].clone(),
            (other, _) => other.clone(),
        }
    }
}

/// A cell whose numbers are in a unit of this factor, unless they name their own.
fn cell(text: &str, factor: f64) -> Cell {
    let text = text
        .replace("$\\geq$", "")
        .replace("$-$", "-")
        .replace("\\num", "")
        .replace(['{', '}', '`', '≥'], "");
    let text = text.replace("\\char34", "\"");
    let text = text.trim();
    let ends =
        text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).and_then(|ends| ends.split_once(", "));
    if let Some([Some(low), Some(high)]) = ends.map(|(low, high)| [number(low, factor), number(high, factor)])
    {
        return Cell::Interval(Box::new([low, high]));
    }
    let mut words = text.split(' ');
    let named = words
        .next()
        .zip(words.next())
        .and_then(|(digits, name)| number(digits, unit(name).or(name.ends_with("/s").then_some(1.0))?));
    match text {
        "" | "?" | "--" => Cell::Unknown,
        text => number(text, factor).or(named).unwrap_or_else(|| Cell::Words(text.to_owned())),
    }
}

fn number(digits: &str, factor: f64) -> Option<Cell> {
    let value: f64 = digits.parse().ok().filter(|value: &f64| value.is_finite())?;
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let half = if decimals == 0 && factor == 1.0 { 0.5 } else { 0.5 * 0.1f64.powi(decimals as i32) * factor };
    Some(Cell::Number { value: value * factor, half: half * 1.000_001 })
}

/// What is in a file with exact numbers: half of a last digit means nothing there.
pub fn csv(text: &str) -> Table {
    let mut lines = csv::rows(text).into_iter();
    let titles = lines.next().unwrap().into_iter().map(|title| (title, 1.0)).collect();
    Table { titles, rows: lines.collect() }
}

/// The table whose first column has this title. The table of totals has a row for each, which becomes a column.
pub fn markdown(text: &str, first: &str) -> Option<Table> {
    let cells = |line: &str| {
        let line = line.replace("\\|", "\u{1}");
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('\u{1}', "|").replace('\\', "")).collect::<Vec<String>>()
    };
    let is_head =
        |line: &&str| cells(line).first().is_some_and(|title| title == first) && line.starts_with('|');
    let mut lines = text.lines().skip_while(|line| !is_head(line)).take_while(|line| line.starts_with('|'));
    let titles = cells(lines.next()?);
    let rows: Vec<Vec<String>> = lines.skip(1).map(cells).collect();
    if first == "metric" {
        let titles = rows.iter().map(|row| (row[0].clone(), 1.0)).collect();
        return Some(Table { titles, rows: vec![rows.iter().map(|row| row[2].clone()).collect()] });
    }
    Some(Table { titles: titles.iter().map(|title| named(title)).collect(), rows })
}

/// `latency, ms`, `G MACs`.
fn named(title: &str) -> (String, f64) {
    let behind = title.rsplit_once(", ").and_then(|(what, name)| Some((what, unit(name)?)));
    let before = title.split_once(' ').and_then(|(name, what)| Some((what, unit(name)?)));
    let other = || (title.rsplit_once(", ").map_or(title, |(what, _)| what), 1.0);
    let (what, factor) = behind.or(before).unwrap_or_else(other);
    (what.to_owned(), factor)
}

/// The table with this label.
pub fn latex(text: &str, label: &str) -> Option<Table> {
    let table = text.split(&format!("\\label{{tab:weigh-{label}}}")).nth(1)?.split("\\end{").next()?;
    let (head, body) = table.split_once("\\midrule\n")?;
    let cells = |line: &str| {
        let line = line.trim_end_matches(" \\\\").replace("\\&", "\u{1}");
        line.split('&').map(|cell| cell.trim().replace('\u{1}', "&")).collect::<Vec<String>>()
    };
    let rows = |text: &str| {
        text.lines()
            .filter(|line| line.ends_with(" \\\\") && line.trim() != "\\\\")
            .map(cells)
            .collect::<Vec<_>>()
    };
    let heads = rows(head);
    let bare =
        |cell: &String| cell.strip_prefix('{').and_then(|cell| cell.strip_suffix('}')).unwrap().to_owned();
    let factor = |cell: &String| {
        let name = bare(cell).trim_matches(['(', ')']).to_owned();
        let name = name
            .strip_prefix("\\unit{")
            .and_then(|name| name.strip_suffix('}'))
            .map_or(name.clone(), str::to_owned);
        unit(&name).unwrap_or(1.0)
    };
    let units = heads.get(1).map(|units| units.iter().map(factor).collect::<Vec<f64>>());
    let names = heads[0].iter().enumerate();
    let titles =
        names.map(|(at, name)| (bare(name), units.as_ref().map_or(1.0, |units| units[at]))).collect();
    Some(Table { titles, rows: rows(body) })
}

/// The documents that a page has in it.
pub fn html(page: &str) -> Vec<Value> {
    let (attributes, data) =
        page.split("id=\"weigh-reports\"").nth(1).and_then(|rest| rest.split_once('>')).unwrap();
    let data = data.split("</script>").next().unwrap();
    if !attributes.contains("gzip") {
        return serde_json::from_str(data).unwrap();
    }
    let packed = BASE64_STANDARD.decode(data).unwrap();
    serde_json::from_reader(GzDecoder::new(packed.as_slice())).unwrap()
}
