//! The glossary holds together: names are told apart, places are places of the document, and docs/metrics.md is made of it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use weigh_report::glossary::{self, Entry, entries};
use weigh_report::report::SAMPLES_FOR;
use weigh_report::schema;

#[test]
fn names_are_told_apart() {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for entry in entries() {
        for name in std::iter::once(&entry.name).chain(entry.aliases) {
            let before = seen.insert(name.replace('-', "_").to_lowercase(), entry.name);
            assert_eq!(before, None, "{name} of {} is there twice", entry.name);
        }
        assert_eq!(glossary::find(entry.name), Some(entry));
        assert!(glossary::find(entry.title).is_some(), "{}", entry.title);
    }
}

#[test]
fn every_entry_says_what_it_is() {
    for Entry { name, title, short, long, page, related, .. } in entries() {
        assert!(!title.is_empty() && !short.is_empty(), "{name}");
        assert!(short.chars().count() <= 96 && !short.ends_with('.'), "{name}: {short}");
        assert!(long.is_empty() || long.ends_with('.'), "{name}: {long}");
        assert!(![*title, *short, *long].iter().any(|text| text.contains(['|', '\n'])), "{name}");
        assert!(page.is_empty() || docs().join(format!("{page}.md")).exists(), "{name}: {page}");
        for other in *related {
            assert!(entries().any(|entry| entry.name == *other && other != name), "{name}: {other}");
        }
    }
}

#[test]
fn every_place_is_one_of_the_document() {
    let schema = schema().to_value();
    for entry in entries() {
        for place in entry.json {
            assert!(stands(&schema, place), "{}: {place}", entry.name);
        }
    }
}

/// Whether the schema has this path.
fn stands(schema: &Value, place: &str) -> bool {
    let mut here = vec![schema];
    for step in place.split('.') {
        let (name, is_list) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
        here = here
            .iter()
            .flat_map(|at| resolved(schema, at))
            .filter_map(|at| at["properties"].get(name))
            .collect();
        if is_list {
            here = here.iter().flat_map(|at| resolved(schema, at)).filter_map(|at| at.get("items")).collect();
        }
    }
    !here.is_empty()
}

/// The schema itself or those that it refers to.
fn resolved<'a>(schema: &'a Value, at: &'a Value) -> Vec<&'a Value> {
    if let Some(name) = at["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
        return resolved(schema, &schema["$defs"][name]);
    }
    match at["anyOf"].as_array() {
        Some(options) => options.iter().flat_map(|option| resolved(schema, option)).collect(),
        None => vec![at],
    }
}

#[test]
fn the_samples_that_percentiles_need_are_those_that_are_asked_for() {
    let entry = glossary::find("percentile").expect("the entry");
    for (name, samples) in SAMPLES_FOR {
        assert!(entry.long.contains(&format!("{samples} for {name}")), "{name}");
    }
}

#[test]
fn the_page_is_made_of_the_entries() {
    documentation::keep("metrics.md", &glossary::page());
}

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}
