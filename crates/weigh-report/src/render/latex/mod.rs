//! Tables for papers: rules by booktabs, numbers that siunitx aligns, and units in the heads of columns. What is unknown is
//! `{?}`, what was not asked for or does not apply `{--}`; a lower bound has its sign.

mod captions;
mod escape;
mod table;

use super::sheets::{self, Digits, Sheet};
use super::{RenderOptions, Renderer, Wants, compared, text, verdicts};
use crate::report::Report;
use table::Table;

pub(super) struct Latex;

impl Renderer for Latex {
    fn name(&self) -> &'static str {
        "latex"
    }

    fn about(&self) -> &'static str {
        "tables for papers, by booktabs and siunitx"
    }

    fn media(&self) -> &'static str {
        "application/x-latex"
    }

    fn wants(&self) -> Wants {
        Wants { facts: true, ..Wants::default() }
    }

    fn render(&self, reports: &[Report], options: &RenderOptions) -> String {
        if reports.is_empty() {
            return String::new();
        }
        let tables = tables(reports, options);
        let written: Vec<String> = tables.iter().map(Table::write).collect();
        format!("{}{}", head(reports, &tables), written.concat())
    }
}

/// What made the tables, and what they need.
fn head(reports: &[Report], tables: &[Table]) -> String {
    let made_by = reports.iter().filter_map(|report| report.made_by.as_ref());
    let mut lines: Vec<String> = made_by.map(|by| format!("{}: {}", by.program, by.command)).collect();
    lines.dedup();
    match tables.is_empty() {
        true => lines.push("nothing in these reports is a table".to_owned()),
        false => lines
            .push("needs \\usepackage{booktabs} and \\usepackage{siunitx} (version 3 or newer)".to_owned()),
    }
    if tables.iter().any(Table::is_wide) {
        lines.push("for tables that may be wider than the text \\usepackage{graphicx}".to_owned());
    }
    if tables.iter().any(Table::is_long) {
        lines.push("and for tables longer than a page \\usepackage{longtable}".to_owned());
    }
    if tables.iter().any(Table::is_turned) {
        lines.push("and for those wider than a page \\usepackage{pdflscape}".to_owned());
    }
    // A comment ends with its line, and cleaned text has no line ends.
    lines.iter().map(|line| format!("% {}\n", text::clean(line, true))).collect()
}

/// All tables that the reports have something for.
fn tables(reports: &[Report], options: &RenderOptions) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut add = |kind: &str, caption: String, sheet: Sheet| {
        if sheet.rows() > 0 {
            tables.push(Table { label: kind.to_owned(), caption, sheet });
        }
    };
    let compared = compared::of(reports);
    let is_compared = compared.is_some();
    match compared {
        Some(compared) => {
            add("compared", captions::compared(&compared), compared::sheet(compared.columns()));
            add("latencies", captions::latencies(&compared), compared::sheet(compared.latency_ratios()));
        }
        None if reports.iter().any(|report| report.totals.is_some()) => {
            add("totals", captions::totals(reports), sheets::totals(reports));
        }
        None => {}
    }
    // The caption says what all have in common.
    add("measured", captions::measured(reports), sheets::configurations(reports, &["batch"]));
    add("predicted", captions::predicted(reports), sheets::predictions(reports, Digits::Rounded));
    // Remarks are sentences, which no column has room for.
    add("requirements", captions::requirements(reports), sheets::verdicts(reports).without(&["remarks"]));
    for (at, report) in reports.iter().enumerate() {
        let mut add = |kind: &str, caption: String, sheet: Sheet| {
            let number = if reports.len() > 1 { format!("-{}", at + 1) } else { String::new() };
            add(&format!("{kind}{number}"), caption, sheet);
        };
        for found in report.comparisons.iter().filter(|found| verdicts::is_versus(found)) {
            add("versus", captions::versus(found), sheets::versus(found));
        }
        if let [only] = report.predictions.as_slice() {
            add("batches", captions::batches(report, only), sheets::batches(&only.batches));
            let layers = sheets::predicted_layers(&only.layers, options);
            add("expected-layers", captions::layers(report, "expected", options), layers);
        }
        if let Some(plan) = &report.plan {
            add("plan", captions::plan(report, plan), sheets::plan(plan));
        }
        add("advice", captions::advice(report), sheets::advice(report).without(&["command"]));
        for run in report.measurements.iter().filter(|run| !run.layers.is_empty()) {
            let layers = sheets::layer_times(&run.layers, options, Digits::Rounded);
            add("measured-layers", captions::layers(report, "measured", options), layers);
        }
        // A comparison is about models.
        if options.layers || !is_compared {
            let layers = sheets::layers(report, options, Digits::Rounded);
            add("layers", captions::layers(report, "", options), layers);
        }
    }
    unique(tables)
}

/// The tables with labels that differ.
fn unique(mut tables: Vec<Table>) -> Vec<Table> {
    let labels: Vec<String> = tables.iter().map(|table| table.label.clone()).collect();
    for (at, table) in tables.iter_mut().enumerate() {
        let before = labels[..at].iter().filter(|label| **label == table.label).count();
        if before > 0 {
            table.label =
                format!("{}-{}", table.label, (b'a' + u8::try_from(before).unwrap_or(25).min(25)) as char);
        }
    }
    tables
}
