//! What every section of a page is made of: tables and entries of lists.

use super::plain;

/// A table; a column's title begins with `>` where it stands to the right. Cells are already plain.
pub(super) fn table(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let shown: Vec<String> = titles.iter().map(|title| title.trim_start_matches('>').to_owned()).collect();
    let rule: String =
        titles.iter().map(|title| if title.starts_with('>') { "--:|" } else { "---|" }).collect();
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    format!("\n{}|{rule}\n{rows}", line(&shown))
}

/// An entry of a list.
pub(super) fn item(text: &str) -> String {
    format!("- {}\n", plain(text))
}
