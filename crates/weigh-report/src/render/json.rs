//! The document itself, one per report, one after another.

use serde::Serialize;

use crate::render::{RenderOptions, Renderer, Wants, text};
use crate::report::Report;

pub(super) struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "the whole report, one document per model"
    }

    fn media(&self) -> &'static str {
        "application/json"
    }

    fn wants(&self) -> Wants {
        Wants { facts: true, ..Wants::default() }
    }

    fn render(&self, reports: &[Report], _: &RenderOptions) -> String {
        reports.iter().map(|report| harmless(&document(report)) + "\n").collect()
    }
}

fn document(report: &Report) -> String {
    // Writing plain data cannot fail: there are no maps with keys that are not strings.
    serde_json::to_string_pretty(report).unwrap_or_default()
}

/// A list with an item a line.
pub(super) fn list(items: &[impl Serialize]) -> String {
    let lines: Vec<String> =
        items.iter().map(|item| serde_json::to_string(item).unwrap_or_default()).collect();
    match lines.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n{}\n]", lines.join(",\n")),
    }
}

/// Characters a terminal would obey or hide occur in strings only, where they may be written as escapes.
pub(super) fn harmless(document: &str) -> String {
    let mut escaped = String::with_capacity(document.len());
    for c in document.chars() {
        match text::is_unsafe(c) && c != '\n' {
            true => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}"))),
            false => escaped.push(c),
        }
    }
    escaped
}
