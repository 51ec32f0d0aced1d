//! Measurements of other days: of each series its changes and a row for each run; or a row for each series.

use super::parts::{item, table};
use super::plain;
use crate::Report;
use crate::render::history::{self, FIGURES};
use crate::report::{History, HistorySeries};

pub(super) fn tables(report: &Report) -> String {
    let Some(history) = &report.history else { return String::new() };
    match &history.metric {
        None => list(history),
        Some(metric) => history.series.iter().map(|found| series(found, metric, history)).collect(),
    }
}

fn list(history: &History) -> String {
    let row = |found: &HistorySeries| {
        let machines: Vec<String> = found.machines.iter().map(history::machine).collect();
        let cells = [
            found.model.clone(),
            history::settings(found).join(", "),
            machines.join("; "),
            found.kept.to_string(),
            found.last_at.clone(),
        ];
        cells.iter().map(|cell| plain(cell)).collect()
    };
    table(&["model", "settings", "machine", ">runs", "last"], history.series.iter().map(row))
}

fn series(found: &HistorySeries, metric: &str, history: &History) -> String {
    let machines: Vec<String> = found.machines.iter().map(history::machine).collect();
    let of = [history::settings(found).join(", "), machines.join("; ")];
    let mut page = format!("\n## {} of {}\n\n", plain(metric), plain(&found.model));
    for text in of.iter().chain([&history::verdict(found)]).chain(&found.notes) {
        page.push_str(&item(text));
    }
    for change in &found.changes {
        let between = history::between(found, change.last_before, change.at);
        let (before, after) =
            (history::value(Some(change.before), history), history::value(Some(change.after), history));
        page.push_str(&item(&format!("{between}: {before} → {after}, {}", history::change(change))));
    }
    for mark in &found.marks {
        let between = history::between(found, mark.at.saturating_sub(1), mark.at);
        page.push_str(&item(&format!("{between}: {}", history::mark(mark))));
    }
    page.push_str(&runs(found, history));
    page
}

fn runs(found: &HistorySeries, history: &History) -> String {
    let has = |value: fn(&crate::report::HistoryRun, &History) -> String| {
        found.runs.iter().any(|run| !value(run, history).is_empty())
    };
    let shown: Vec<_> = FIGURES.iter().filter(|figure| has(figure.value)).collect();
    let titles = shown.iter().map(|figure| format!("{}{}", if figure.word { "" } else { ">" }, figure.title));
    let titles: Vec<String> = titles.chain([String::new()]).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let rows = found.runs.iter().enumerate().map(|(index, run)| {
        let figures = shown.iter().map(|figure| plain(&(figure.value)(run, history)));
        figures.chain([plain(&history::events(found, index).join("; "))]).collect()
    });
    table(&titles, rows)
}
