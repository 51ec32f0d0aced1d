//! A sheet as a table: columns of numbers are aligned at the point, others stand left or right. A table longer than a page
//! is a `longtable`.

use super::escape::plain;
use crate::render::sheets::{Cell, Column, Sheet, Title};

/// Tables with more rows go on over pages.
const PAGE: usize = 40;
/// Names are shortened to so many characters, formulas and sentences cut.
const NAME: usize = 60;
const FORMULA: usize = 400;
const SENTENCE: usize = 1000;

/// What goes on over pages is set smaller, so that it may fit into their width: rows of more characters than these. The
/// widest do not, and their pages are turned.
const TURNED: usize = 130;
const SIZES: [(usize, &str); 3] = [
    (TURNED, "\\tiny\n\\setlength{\\tabcolsep}{2pt}\n"),
    (95, "\\scriptsize\n\\setlength{\\tabcolsep}{2pt}\n"),
    (75, "\\small\n"),
];
/// What does not is shrunk to the width of the text, where rows of more characters than these turn out to be wider.
const WIDE: usize = 60;
const SHRUNK: &str = "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n";

/// Units, as siunitx writes them.
const UNITS: [(&str, &str); 20] = [
    ("bytes", "\\unit{\\byte}"),
    ("KiB", "\\unit{\\kibi\\byte}"),
    ("MiB", "\\unit{\\mebi\\byte}"),
    ("GiB", "\\unit{\\gibi\\byte}"),
    ("TiB", "\\unit{\\tebi\\byte}"),
    ("ns", "\\unit{\\nano\\second}"),
    ("µs", "\\unit{\\micro\\second}"),
    ("ms", "\\unit{\\milli\\second}"),
    ("s", "\\unit{\\second}"),
    ("min", "\\unit{\\minute}"),
    ("h", "\\unit{\\hour}"),
    ("mJ", "\\unit{\\milli\\joule}"),
    ("%", "\\unit{\\percent}"),
    ("/s", "\\unit{\\per\\second}"),
    ("k", "$10^{3}$"),
    ("M", "$10^{6}$"),
    ("G", "$10^{9}$"),
    ("T", "$10^{12}$"),
    ("P", "$10^{15}$"),
    ("E", "$10^{18}$"),
];

/// A table with what stands above it.
pub(super) struct Table {
    /// Letters, digits and hyphens.
    pub(super) label: String,
    /// Plain text.
    pub(super) caption: String,
    pub(super) sheet: Sheet,
}

impl Table {
    /// Whether it goes on over pages.
    pub(super) fn is_long(&self) -> bool {
        self.sheet.rows() > PAGE
    }

    /// The table, after an empty line.
    pub(super) fn write(&self) -> String {
        let columns = &self.sheet.columns;
        let kinds: Vec<String> = columns.iter().map(kind).collect();
        let (kinds, heads) = (kinds.join(" "), heads(columns));
        let row =
            |at: usize| line(columns.iter().filter_map(|column| Some(cell(column.cells.get(at)?, column))));
        let rows: String = (0..self.sheet.rows()).map(row).collect();
        let caption =
            format!("\\caption{{{}}}\n\\label{{tab:weigh-{}}}", plain(&self.caption, SENTENCE), self.label);
        let width = self.width();
        if self.is_long() {
            let size = SIZES.iter().find(|(least, _)| width > *least).map_or("", |(_, size)| size);
            let (begin, end) = match width > TURNED {
                true => ("\\begin{landscape}", "\\end{landscape}"),
                false => ("\\begingroup", "\\endgroup"),
            };
            return format!(
                "\n{begin}\n{size}\\begin{{longtable}}{{{kinds}}}\n{caption} \\\\\n\\toprule\n{heads}\\midrule\n\
                 \\endhead\n\\bottomrule\n\\endfoot\n{rows}\\end{{longtable}}\n{end}\n"
            );
        }
        let (before, behind) = if width > WIDE { (SHRUNK, "}\n") } else { ("", "") };
        format!(
            "\n\\begin{{table}}\n\\centering\n{caption}\n{before}\\begin{{tabular}}{{{kinds}}}\n\\toprule\n\
             {heads}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n{behind}\\end{{table}}\n"
        )
    }

    /// Whether it stands on turned pages.
    pub(super) fn is_turned(&self) -> bool {
        self.is_long() && self.width() > TURNED
    }

    /// Whether it may have to be shrunk.
    pub(super) fn is_wide(&self) -> bool {
        !self.is_long() && self.width() > WIDE
    }
}

impl Table {
    /// Characters that a row takes at most, roughly.
    fn width(&self) -> usize {
        let width = |column: &Column| {
            let cells = column.cells.iter().map(|cell| cell.to_string().chars().count().min(NAME));
            let title = column.title.what.chars().count().max(column.title.unit.chars().count() + 2);
            2 + cells.chain([title.min(NAME)]).max().unwrap_or(0)
        };
        self.sheet.columns.iter().map(width).sum()
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("{} \\\\\n", cells.collect::<Vec<_>>().join(" & "))
}

/// What LaTeX calls the kind of a column; of numbers with the digits they have before and behind the point.
fn kind(column: &Column) -> String {
    let numbers: Vec<(usize, usize)> = column.cells.iter().filter_map(number).map(digits).collect();
    let is_interval = |cell: &Cell| matches!(cell, Cell::Interval(_));
    match (numbers.is_empty(), column.right) {
        (true, _) if column.cells.iter().any(is_interval) => "c".to_owned(),
        (true, true) => "r".to_owned(),
        (true, false) => "l".to_owned(),
        (false, _) => {
            let before = numbers.iter().map(|(before, _)| *before).max().unwrap_or(1);
            let behind = numbers.iter().map(|(_, behind)| *behind).max().unwrap_or(0);
            format!("S[table-format={before}.{behind}]")
        }
    }
}

/// The digits of a cell that siunitx can align.
fn number(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Number { digits, at_least: false } if is_number(digits) => Some(digits),
        _ => None,
    }
}

fn is_number(digits: &str) -> bool {
    !digits.is_empty()
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.matches('.').count() < 2
}

/// How many digits there are before and behind the point.
fn digits(number: &str) -> (usize, usize) {
    let (before, behind) = number.split_once('.').unwrap_or((number, ""));
    (before.len(), behind.len())
}

/// The titles, and beneath them the units; braces keep siunitx from reading them as numbers.
fn heads(columns: &[Column]) -> String {
    let titles =
        line(columns.iter().map(|column| format!("{{{}}}", plain(&capitalised(&column.title.what), NAME))));
    let has_units = columns.iter().any(|column| !column.title.unit.is_empty());
    let units = has_units.then(|| line(columns.iter().map(|column| unit(&column.title))));
    titles + &units.unwrap_or_default()
}

fn unit(title: &Title) -> String {
    match UNITS.iter().find(|(unit, _)| *unit == title.unit) {
        Some((_, written)) => format!("{{({written})}}"),
        None if title.unit.is_empty() => "{}".to_owned(),
        None => format!("{{({})}}", plain(&title.unit, NAME)),
    }
}

/// With a capital where a word begins with a small letter and is no sign like `p99`.
fn capitalised(what: &str) -> String {
    let mut chars = what.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_ascii_lowercase() && second.is_ascii_lowercase() => {
            format!("{}{}", first.to_ascii_uppercase(), chars.as_str())
        }
        _ => what.to_owned(),
    }
}

fn cell(cell: &Cell, column: &Column) -> String {
    match cell {
        Cell::Nothing if column.title.what.is_empty() => String::new(),
        Cell::Nothing => "{--}".to_owned(),
        Cell::Unknown => "{?}".to_owned(),
        Cell::Number { digits, at_least: true } => format!("{{$\\geq$ {}}}", plain(digits, NAME)),
        Cell::Interval(ends) if ends.iter().all(|end| is_number(end)) => {
            format!("{{[\\num{{{}}}, \\num{{{}}}]}}", ends[0], ends[1])
        }
        Cell::Code(text) => format!("{{\\texttt{{{}}}}}", plain(text, NAME)),
        _ if number(cell).is_some() => cell.to_string(),
        // Words among numbers.
        other if column.right => format!("{{{}}}", amount(&other.to_string())),
        other => plain(&other.to_string(), NAME),
    }
}

/// An amount with the sign of a number.
fn amount(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(positive) => format!("$-${}", plain(positive, FORMULA)),
        None => plain(text, FORMULA),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_aligned_and_words_among_them_in_braces() {
        let bound = Cell::digits("1.5".into()).at_least(true);
        let cells =
            [Cell::digits("12.25".into()), bound, Cell::Unknown, Cell::Nothing, Cell::Text("a&b".into())];
        let column = Column::figures(Title::prefixed("MACs", "G"), cells);
        assert_eq!(kind(&column), "S[table-format=2.2]");
        assert_eq!(heads(std::slice::from_ref(&column)), "{MACs} \\\\\n{($10^{9}$)} \\\\\n");
        let written: Vec<String> = column.cells.iter().map(|at| cell(at, &column)).collect();
        assert_eq!(written, ["12.25", "{$\\geq$ 1.5}", "{?}", "{--}", "{a\\&b}"]);
    }

    #[test]
    fn what_is_no_number_is_not_aligned() {
        for digits in ["inf", "NaN", "-1", "1e9", "1.2.3", ""] {
            assert!(!is_number(digits), "{digits}");
        }
        let endless = Column::figures(Title::new("time", "frames/s"), [Cell::digits("inf".into())]);
        assert_eq!((kind(&endless).as_str(), cell(&endless.cells[0], &endless).as_str()), ("r", "{inf}"));
        assert_eq!(unit(&endless.title), "{(frames/s)}");
        assert_eq!(amount("-75.0 %"), "$-$75.0 \\%");
        assert_eq!(capitalised("p99"), "p99");
    }

    #[test]
    fn long_tables_go_on_over_pages() {
        let table = |rows: usize| Table {
            label: "layers".into(),
            caption: "a_b".into(),
            sheet: Sheet::new([Column::words("layer", (0..rows).map(|row| Some(row.to_string())))]),
        };
        assert!(
            table(40)
                .write()
                .contains("\\begin{table}\n\\centering\n\\caption{a\\_b}\n\\label{tab:weigh-layers}\n")
        );
        assert!(table(41).write().contains(
            "\n\\begingroup\n\\begin{longtable}{l}\n\\caption{a\\_b}\n\\label{tab:weigh-layers} \\\\\n"
        ));
        let column = |_| Column::words("layer", (0..41).map(|row| Some(row.to_string())));
        let wide = Table { sheet: Sheet::new((0..50).map(column)), ..table(41) };
        assert!(wide.is_turned() && wide.write().contains("\\begin{landscape}\n\\tiny\n"));
    }
}
