//! The same numbers in every format: what JSON says exactly is read back from CSV, Markdown and LaTeX, exactly or within the
//! digits that are written.

use serde_json::Value;
use weigh_report::renderers;

use super::pages::{PAGES, Page};
use super::read::{self, Cell, Table};

/// One set of reports in every format.
pub struct Written {
    documents: Vec<Value>,
    csv: String,
    markdown: String,
    latex: String,
    /// Not every program has it.
    html: Option<String>,
}

/// How many figures were compared.
#[derive(Default)]
pub struct Compared {
    pub csv: usize,
    pub markdown: usize,
    pub latex: usize,
}

impl Written {
    /// What each format makes of them.
    pub fn new(format: impl Fn(&str) -> String) -> Written {
        let json = format("json");
        let documents = serde_json::Deserializer::from_str(&json).into_iter();
        Written {
            documents: documents.collect::<Result<_, _>>().unwrap(),
            csv: format("csv"),
            markdown: format("markdown"),
            latex: format("latex"),
            html: renderers().iter().any(|entry| entry.name() == "html").then(|| format("html")),
        }
    }

    /// Holds every figure of every page against the documents.
    pub fn compare(&self, compared: &mut Compared) {
        for page in PAGES {
            let rows = (page.rows)(&self.documents);
            if !rows.is_empty() {
                self.compare_page(page, &rows, compared);
            }
        }
        if let Some(html) = &self.html {
            assert_eq!(read::html(html), self.documents);
        }
    }

    fn compare_page(&self, page: &Page, rows: &[Value], compared: &mut Compared) {
        let csv = page.csv.then(|| read::csv(&self.csv)).filter(|table| table.rows.len() == rows.len());
        let markdown = read::markdown(&self.markdown, page.markdown);
        let latex = read::latex(&self.latex, page.latex);
        for figure in page.figures {
            let exact: Vec<Value> = rows.iter().map(|row| (figure.json)(row)).collect();
            let hold = |format: &str, table: &Option<Table>, column: &str, count: &mut usize| {
                let Some(cells) = table.as_ref().and_then(|table| table.column(column, figure.nth)) else {
                    // A column in which nothing would stand is left out.
                    let is_empty = exact.iter().all(Value::is_null) || column.is_empty();
                    assert!(
                        is_empty || (format == "csv" && table.is_none()),
                        "{} has no {column}",
                        page.latex
                    );
                    return;
                };
                assert_eq!(cells.len(), exact.len(), "{format}: {} of {}", figure.what, page.latex);
                for (cell, exact) in cells.iter().zip(&exact) {
                    let same = is_same(cell.end(figure.end), exact, format);
                    assert!(same, "{format}: {} of {}: {exact} is {cell:?}", figure.what, page.latex);
                    *count += usize::from(exact.is_number());
                }
            };
            hold("csv", &csv, figure.csv, &mut compared.csv);
            hold("markdown", &markdown, figure.markdown, &mut compared.markdown);
            hold("latex", &latex, figure.latex, &mut compared.latex);
        }
    }
}

/// Whether a format says what the document says, as exactly as it writes numbers.
fn is_same(cell: Cell, exact: &Value, format: &str) -> bool {
    match (exact, cell) {
        (Value::Number(exact), Cell::Number { value, half }) => {
            let exact = exact.as_f64().unwrap();
            let half = if format == "csv" { 0.0 } else { half };
            (exact - value).abs() <= half + exact.abs() * 1e-12
        }
        // Formulas, and what left 64 bits.
        (Value::String(formula), Cell::Words(words)) => format == "latex" || words == *formula,
        (Value::Object(invalid), Cell::Words(words)) => words.ends_with(invalid["invalid"].as_str().unwrap()),
        (Value::Object(_), Cell::Unknown) => format == "latex",
        // Why there is nothing is said in words.
        (Value::Null, Cell::Unknown | Cell::Words(_)) => true,
        _ => false,
    }
}

impl Compared {
    /// The numbers, where there are too few.
    pub fn says(&self) -> String {
        format!("{} in CSV, {} in Markdown, {} in LaTeX", self.csv, self.markdown, self.latex)
    }
}
