//! Tables for documents and pull requests: totals as read and exact, what was measured and what is expected, then the
//! layers with exact numbers.

mod advice;
mod compared;
mod devices;
mod gap;
mod history;
mod measured;
mod parts;
mod plan;
mod predictions;
mod quantization;
mod training;
mod verdicts;

use super::numbers::{self, Kind};
use crate::figures::TOTALS;
use crate::render::sheets::{self, Digits};
use crate::render::{RenderOptions, Renderer, text};
use crate::report::{Count, Report, Totals};

pub(super) struct Markdown;

impl Renderer for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn about(&self) -> &'static str {
        "tables of totals, measurements, predictions and layers"
    }

    fn media(&self) -> &'static str {
        "text/markdown"
    }

    fn render(&self, reports: &[Report], options: &RenderOptions) -> String {
        if let Some(compared) = super::compared::of(reports) {
            return compared::page(&compared, options);
        }
        reports.iter().map(|report| document(report, options)).collect::<Vec<_>>().join("\n")
    }
}

fn document(report: &Report, options: &RenderOptions) -> String {
    let mut page = String::new();
    if let Some(model) = &report.model {
        page.push_str(&format!("## {}\n\n", plain(&model.name)));
    }
    let dims: Vec<String> = (report.bindings.iter())
        .map(|(symbol, value)| {
            let assumed = if report.assumed.contains(symbol) { " (assumed)" } else { "" };
            format!("{} = {value}{assumed}", plain(symbol))
        })
        .chain(report.unbound.iter().map(|symbol| format!("{} is unbound", plain(symbol))))
        .collect();
    if !dims.is_empty() {
        page.push_str(&format!("{}\n\n", dims.join(", ")));
    }
    if let Some(totals) = &report.totals {
        page.push_str(&headline(totals));
    }
    if let Some(coverage) = &report.coverage {
        let unknown: Vec<String> = coverage
            .unknown
            .iter()
            .map(|unknown| format!("{} × {}", unknown.count, plain(&unknown.op)))
            .collect();
        let unknown =
            if unknown.is_empty() { String::new() } else { format!("; unknown: {}", unknown.join(", ")) };
        page.push_str(&format!(
            "\n{0} nodes, {1} shaped, {2} priced{unknown}\n",
            coverage.nodes, coverage.shaped, coverage.priced
        ));
    }
    page.push_str(&quantization::tables(report));
    page.push_str(&measured::tables(report, options));
    page.push_str(&history::tables(report));
    page.push_str(&predictions::tables(report, options));
    page.push_str(&devices::tables(report));
    page.push_str(&training::tables(report));
    page.push_str(&plan::tables(report));
    page.push_str(&advice::tables(report));
    page.push_str(&verdicts::table(report));
    if !report.layers.is_empty() {
        page.push_str(&parts::sheet(&sheets::layers(report, options, Digits::Exact)));
    }
    // Sections begin with a blank line of their own; the first needs none.
    page.replace("\n\n\n", "\n\n").trim_start().to_owned()
}

fn headline(totals: &Totals) -> String {
    let mut page = "| metric | value | exact |\n|---|--:|--:|\n".to_owned();
    for figure in &TOTALS {
        let Some(count) = (figure.count)(totals) else { continue };
        let kind = if figure.is_bytes { Kind::Bytes } else { Kind::Count };
        let least = if (figure.is_complete)(&totals.complete) { "" } else { "≥ " };
        let (value, exact) = (numbers::count(count, kind), formula(count));
        page.push_str(&format!("| {} | {least}{} | {exact} |\n", figure.title, plain(&value)));
    }
    page
}

/// A number as digits, a formula as code.
fn formula(count: &Count) -> String {
    match count.number() {
        Some(value) => value.to_string(),
        None => format!("`{}`", count.exact()),
    }
}

/// A row of a table.
pub(super) fn cells(cells: &[String]) -> String {
    cells.iter().map(|cell| format!("| {} ", plain(cell))).collect::<String>() + "|\n"
}

/// Text of any origin without meaning to Markdown or HTML, and of bounded length.
fn plain(text: &str) -> String {
    cut(text, 120)
}

/// The same at a length of its own.
fn cut(text: &str, room: usize) -> String {
    let mut escaped = String::new();
    for c in text::shorten(&text::clean(text, true), room, true).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped.trim().to_owned()
}
