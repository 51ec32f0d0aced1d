//! What every section of a page is made of: tables and entries of lists.

use super::{cut, plain};
use crate::render::sheets::{Cell, Column, Sheet};

/// Sentences are cut at so many characters.
const SENTENCE: usize = 600;

/// A table; a column's title begins with `>` where it stands to the right. Cells are already plain.
pub(super) fn table(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let shown: Vec<String> = titles.iter().map(|title| title.trim_start_matches('>').to_owned()).collect();
    let rule: String =
        titles.iter().map(|title| if title.starts_with('>') { "--:|" } else { "---|" }).collect();
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    format!("\n{}|{rule}\n{rows}", line(&shown))
}

/// A sheet as a table.
pub(super) fn sheet(sheet: &Sheet) -> String {
    let title = |column: &Column| {
        format!("{}{}", if column.right { ">" } else { "" }, plain(&column.title.to_string()))
    };
    let titles: Vec<String> = sheet.columns.iter().map(title).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let row = |at: usize| sheet.columns.iter().filter_map(|column| column.cells.get(at)).map(cell).collect();
    table(&titles, (0..sheet.rows()).map(row))
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Code(text) => format!("`{}`", text.replace('`', "'")),
        // Formulas in there may have what Markdown takes for emphasis.
        Cell::Shapes(text) => text.replace('*', "\\*").replace('_', "\\_"),
        Cell::Interval(_) | Cell::Number { .. } => cell.to_string(),
        other => plain(&other.to_string()),
    }
}

/// An entry of a list.
pub(super) fn item(text: &str) -> String {
    format!("- {}\n", cut(text, SENTENCE))
}
