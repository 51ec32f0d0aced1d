//! A plain list: names with what there is to say of each, as a table, CSV or Markdown.

use super::grid::{Column, Grid};
use super::ink::{Ink, Line, Role};
use super::{RenderOptions, csv, markdown};

/// How far sentences are indented.
const INDENT: usize = 6;

/// Rows beneath the titles of their columns.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The titles.
    pub columns: &'static [&'static str],
    /// As many cells in each row.
    pub rows: Vec<Vec<String>>,
    /// How many of the last columns are sentences: in a table they stand beneath their row.
    pub sentences: usize,
}

impl Listing {
    /// The list in a format: `csv`, `markdown`, or else a table for reading.
    pub fn render(&self, format: &str, options: &RenderOptions) -> String {
        match format {
            "csv" => self.lines().map(csv::row).collect(),
            "markdown" => {
                let mut lines = self.lines().map(|cells| markdown::cells(&cells));
                let rule = format!("|{}\n", "---|".repeat(self.columns.len()));
                lines.next().into_iter().chain([rule]).chain(lines).collect()
            }
            _ => self.table(&Ink::new(options)),
        }
    }

    fn lines(&self) -> impl Iterator<Item = Vec<String>> {
        let titles = self.columns.iter().map(|title| title.to_lowercase()).collect();
        std::iter::once(titles).chain(self.rows.iter().cloned())
    }

    /// The last columns give way first.
    fn table(&self, ink: &Ink) -> String {
        let short = self.columns.len().saturating_sub(self.sentences);
        let column = |(index, title): (usize, &&'static str)| match index {
            0 => Column::left(*title),
            index => Column::left(*title).shrinks_to(30).rank(u8::try_from(index).unwrap_or(u8::MAX)),
        };
        let mut grid = Grid::new(self.columns.iter().take(short).enumerate().map(column).collect());
        for row in &self.rows {
            let role = |index: usize| if index == 0 { Role::Value } else { Role::Plain };
            let cells = row.iter().take(short).enumerate();
            grid.row(cells.map(|(index, cell)| (role(index), ink.text(cell))).collect());
        }
        let mut lines = grid.lines(ink).into_iter();
        let mut page: Vec<Line> = lines.next().into_iter().collect();
        for (line, row) in lines.zip(&self.rows) {
            page.push(line);
            let sentences = row.iter().skip(short).filter(|sentence| !sentence.is_empty());
            let wrapped =
                sentences.flat_map(|sentence| ink.sentence(sentence, ink.width.saturating_sub(INDENT)));
            page.extend(wrapped.map(|text| Line::new(Role::Dim, format!("{}{text}", " ".repeat(INDENT)))));
        }
        ink.paint(&page)
    }
}
