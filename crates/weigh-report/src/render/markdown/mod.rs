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
use crate::render::{RenderOptions, Renderer, SortKey, csv, sort, text};
use crate::report::{Count, Layer, Report, Totals};

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
        page.push_str(&layers(report, options));
    }
    // Sections begin with a blank line of their own; the first needs none.
    page.replace("\n\n\n", "\n\n").trim_start().to_owned()
}

fn headline(totals: &Totals) -> String {
    let mut page = "| metric | value | exact |\n|---|--:|--:|\n".to_owned();
    let activations = totals.activations.clone().unwrap_or_default();
    let bytes = |extent: Option<crate::report::Extent>| extent.map(|extent| extent.bytes);
    let (everything, compute, memory) = (true, totals.complete.compute, totals.complete.memory);
    let workspace = memory && totals.complete.workspace;
    let rows = [
        ("parameters", totals.parameters.clone(), Kind::Count, everything),
        ("buffers", totals.buffers.clone(), Kind::Count, everything),
        ("model size", totals.model_size.stored_bytes.clone(), Kind::Bytes, everything),
        ("MACs", totals.macs.clone(), Kind::Count, compute),
        ("FLOPs", totals.flops.clone(), Kind::Count, compute),
        ("other operations", totals.other_ops.clone(), Kind::Count, compute),
        ("bytes moved", totals.bytes_moved.clone(), Kind::Bytes, memory),
        ("activations, total", bytes(activations.total), Kind::Bytes, memory),
        ("activations, peak", bytes(activations.peak), Kind::Bytes, memory),
        ("best-order peak", bytes(activations.best_order_peak), Kind::Bytes, memory),
        ("arena", activations.arena_bytes, Kind::Bytes, memory),
        ("workspace (modelled)", totals.workspace_bytes.clone(), Kind::Bytes, workspace),
        ("needs (weights, peak, workspace)", totals.device_bytes.clone(), Kind::Bytes, workspace),
    ];
    for (metric, count, kind, complete) in rows {
        let Some(count) = count else { continue };
        let least = if complete { "" } else { "≥ " };
        let (value, exact) = (numbers::count(&count, kind), formula(&count));
        page.push_str(&format!("| {metric} | {least}{} | {exact} |\n", plain(&value)));
    }
    page
}

fn layers(report: &Report, options: &RenderOptions) -> String {
    let mut page = "\n| layer | operator | output | parameters | MACs | other operations | bytes moved |\n\
        |---|---|---|--:|--:|--:|--:|\n"
        .to_owned();
    let all = csv::order(report, options);
    let shown = match options.layers {
        true => all,
        false => {
            let key = options.sort.unwrap_or(SortKey::Macs);
            sort::Scales::new(report, key).order().into_iter().take(options.top).collect()
        }
    };
    for layer in shown.into_iter().filter_map(|index| report.layers.get(index)) {
        page.push_str(&row(layer));
    }
    page
}

fn row(layer: &Layer) -> String {
    let count = |count: &Option<Count>| count.as_ref().map_or("?".to_owned(), formula);
    let shapes: Vec<String> = (layer.output_shapes.iter())
        .map(|shape| shape.as_ref().map_or("?".to_owned(), |shape| shape.to_string()))
        .collect();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        plain(&layer.name),
        plain(&format!("{} {}", layer.op, layer.detail)),
        shapes.join(" "),
        count(&layer.parameters),
        count(&layer.macs),
        count(&layer.other_ops),
        count(&layer.bytes_moved),
    )
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
