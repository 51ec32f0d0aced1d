//! The data inside the page: the reports, the same documents as in JSON, in a list; and what the page's words mean.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

use crate::glossary::{self, Entry};
use crate::report::Report;

/// Documents longer than this are compressed, so that the page of a model with ten thousand layers can be sent by mail.
const MOST_PLAIN: usize = 1 << 20;

/// The element that holds the reports.
pub(super) fn element(reports: &[Report]) -> String {
    // Writing plain data cannot fail: there are no maps with keys that are not strings.
    let documents = serde_json::to_string(reports).unwrap_or_else(|_| "[]".to_owned());
    let packed = (documents.len() > MOST_PLAIN).then(|| packed(&documents)).flatten();
    match packed {
        Some(packed) => format!(
            "<script type=\"application/json\" id=\"weigh-reports\" data-encoding=\"gzip\">{packed}</script>"
        ),
        None => format!(
            "<script type=\"application/json\" id=\"weigh-reports\">{}</script>",
            harmless(&documents)
        ),
    }
}

/// The element that holds what figures mean, an entry for each.
pub(super) fn words() -> String {
    let entries: Vec<&Entry> = glossary::entries().collect();
    let entries = serde_json::to_string(&entries).unwrap_or_else(|_| "[]".to_owned());
    format!("<script type=\"application/json\" id=\"weigh-words\">{}</script>", harmless(&entries))
}

/// Signs that could end the element, or that are hard to see, as escapes: they occur in strings only.
fn harmless(documents: &str) -> String {
    let mut escaped = String::with_capacity(documents.len());
    for c in documents.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)))
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Compressed by gzip, in base 64. `None` never: writing to memory does not fail.
fn packed(documents: &str) -> Option<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(documents.as_bytes()).ok()?;
    Some(BASE64_STANDARD.encode(encoder.finish().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Layer, Model};

    fn named(name: &str) -> Report {
        Report { model: Some(Model { name: name.to_owned(), ..Model::default() }), ..Report::default() }
    }

    #[test]
    fn a_name_cannot_end_the_element() {
        let name = "</script><!--<script>&\u{2028}\"'";
        let element = element(&[named(name)]);
        let inside = element
            .strip_prefix("<script type=\"application/json\" id=\"weigh-reports\">")
            .and_then(|rest| rest.strip_suffix("</script>"))
            .unwrap();
        assert!(!inside.contains(['<', '>', '&', '\u{2028}']));
        let read: Vec<Report> = serde_json::from_str(inside).unwrap();
        assert_eq!(read, [named(name)]);
    }

    #[test]
    fn long_documents_are_packed() {
        let layer = |index: usize| Layer { name: format!("block/{index}/conv"), ..Layer::default() };
        let long = Report { layers: (0..10_000).map(layer).collect(), ..Report::default() };
        let element = element(&[long]);
        assert!(element.contains("data-encoding=\"gzip\""));
        assert!(element.len() < 500_000, "{}", element.len());
    }
}
