//! The page for browsers, as far as it can be judged without one: what data is in it, and what no name can do to it.
//! `cargo xtask browser` opens pages in a browser.

#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use serde_json::Value;
use weigh_report::{RenderOptions, Report, renderer};

fn page(reports: &[Report]) -> String {
    renderer("html").unwrap().render(reports, &RenderOptions::default())
}

/// The documents inside a page.
fn embedded(page: &str) -> Vec<Value> {
    let (_, after) = page.split_once("id=\"weigh-reports\">").unwrap();
    let (inside, _) = after.split_once("</script>").unwrap();
    serde_json::from_str(inside).unwrap()
}

fn all() -> Vec<Report> {
    vec![
        fixtures::resnet50(),
        fixtures::bert(),
        fixtures::unknowns(),
        fixtures::hostile(),
        fixtures::measured::batches(),
        fixtures::predicted::gap(),
        fixtures::predicted::several(),
    ]
}

#[test]
fn the_data_are_the_documents() {
    let reports = all();
    let found = embedded(&page(&reports));
    let wanted: Vec<Value> = reports.iter().map(|report| serde_json::to_value(report).unwrap()).collect();
    assert_eq!(found, wanted);
}

#[test]
fn names_are_in_the_data_alone() {
    let mut report = fixtures::resnet50();
    let name = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";
    report.model.as_mut().unwrap().name = name.to_owned();
    report.layers[0].name = name.to_owned();
    let page = page(&[report]);
    assert!(!page.contains("alert(1)</script>") && !page.contains("<img src=x"));
    assert_eq!(embedded(&page)[0]["model"]["name"], name);
}

#[test]
fn a_page_asks_for_nothing() {
    let page = page(&all());
    let policy = page.split_once("content=\"default-src 'none'; script-src 'sha256-").unwrap().1;
    assert!(policy.split_once('"').unwrap().0.ends_with("base-uri 'none'; form-action 'none'"));
    for link in ["<link rel=\"stylesheet\"", "<script src", "@import", "url("] {
        assert!(!page.split_once("<script").unwrap().0.contains(link), "{link}");
    }
    assert!(page.len() < 3 << 20, "{}", page.len());
}
