//! Entries of the glossary for reading on a terminal: the list with a line each, or all there is to say of one.

use super::RenderOptions;
use super::ink::{Ink, Line, Role};
use super::text;
use crate::glossary::{Entry, Section};

/// Where text that follows a label begins.
const TEXT: usize = 15;
/// Narrower than this there are no units in the list.
const WITH_UNITS: usize = 80;

/// Every entry of the sections with what it is.
pub fn list(sections: &[Section], options: &RenderOptions) -> String {
    let ink = Ink::new(options);
    let entries = || sections.iter().flat_map(|section| section.entries);
    let widest = |of: fn(&Entry) -> &str| entries().map(|entry| text::width(of(entry))).max().unwrap_or(0);
    let unit_at = 2 + widest(|entry| entry.name) + 2;
    let text_at = match ink.width >= WITH_UNITS {
        true => unit_at + widest(|entry| entry.unit) + 2,
        false => unit_at,
    };
    let mut page: Vec<Line> = Vec::new();
    for section in sections {
        if !page.is_empty() {
            page.push(Line::default());
        }
        page.push(Line::new(Role::Heading, section.title));
        for entry in section.entries {
            let mut line = Line::new(Role::Value, format!("  {}", entry.name));
            if text_at > unit_at {
                line.pad_to(unit_at);
                line.push(Role::Dim, ink.text(entry.unit));
            }
            page.extend(beside(line, text_at, entry.short, &ink));
        }
    }
    ink.paint(&page)
}

/// All there is to say of each of the entries.
pub fn entries(entries: &[&Entry], options: &RenderOptions) -> String {
    let ink = Ink::new(options);
    let blocks: Vec<String> = entries.iter().map(|entry| ink.paint(&block(entry, &ink))).collect();
    blocks.join("\n")
}

fn block(entry: &Entry, ink: &Ink) -> Vec<Line> {
    let mut heading = Line::new(Role::Heading, ink.text(entry.title));
    if entry.title != entry.name {
        heading.push(Role::Dim, format!("  {}", entry.name));
    }
    let mut lines = vec![heading];
    let sentences = [format!("{}.", entry.short), entry.long.to_owned()];
    for sentence in sentences.iter().filter(|sentence| !sentence.is_empty()) {
        lines.extend(beside(Line::default(), 2, sentence, ink));
    }
    lines.push(Line::default());
    let plain = |word: &str| word.to_owned();
    let unit = Some(("unit", vec![entry.unit.to_owned()])).filter(|_| !entry.unit.is_empty());
    for (label, words) in
        unit.into_iter().chain(entry.facts(&plain, &plain, &|page| format!("docs/{page}.md")))
    {
        let label = Line::new(Role::Dim, format!("  {label}"));
        lines.extend(beside(label, TEXT, &words.join(", "), ink));
    }
    lines
}

/// Words after a label, in as many lines as they need.
fn beside(label: Line, column: usize, words: &str, ink: &Ink) -> impl Iterator<Item = Line> + use<> {
    let words = ink.text(words);
    let mut lines = text::wrap(words.split(' '), " ", ink.width.saturating_sub(column), ink.unicode);
    if lines.is_empty() {
        lines.push(String::new());
    }
    let labels = std::iter::once(label).chain(std::iter::repeat_with(Line::default));
    labels.zip(lines).map(move |(mut line, text)| {
        line.pad_to(column);
        line.push(Role::Plain, text);
        line
    })
}
