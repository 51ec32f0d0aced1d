//! What people and CI servers see of verdicts. The snapshots were read by eye.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use fixtures::verdicts::{hostile, verdicts};
use weigh_report::report::Status;
use weigh_report::{RenderOptions, Report, renderer};

fn show(format: &str, report: &Report, options: &RenderOptions) -> String {
    renderer(format).unwrap().render(std::slice::from_ref(report), options)
}

#[test]
fn in_every_output() {
    let options = RenderOptions::default();
    for format in ["table", "csv", "markdown", "junit", "github"] {
        insta::assert_snapshot!(format, show(format, &verdicts(), &options));
    }
    let narrow = RenderOptions { width: 60, unicode: false, ..RenderOptions::default() };
    insta::assert_snapshot!("table_60_ascii", show("table", &verdicts(), &narrow));
}

#[test]
fn what_is_unknown_fails_unless_it_is_let_through() {
    let mut report = verdicts();
    report.verdicts.retain(|verdict| verdict.status == Status::Unknown);
    let strict = RenderOptions::default();
    let lenient = RenderOptions { allow_unknown: true, ..RenderOptions::default() };
    assert!(show("junit", &report, &strict).contains("<error "));
    assert!(
        show("junit", &report, &lenient).contains("<skipped ")
            && !show("junit", &report, &lenient).contains("<error ")
    );
    assert!(show("github", &report, &strict).starts_with("::error "));
    assert!(show("github", &report, &lenient).starts_with("::warning "));
}

#[test]
fn hostile_names_stay_where_they_are() {
    let options = RenderOptions::default();
    let xml = show("junit", &hostile(), &options);
    // One suite with one case: nothing opened or closed an element of its own.
    assert_eq!(xml.matches('<').count(), xml.matches('>').count());
    assert_eq!((xml.matches("<testcase ").count(), xml.matches("</testsuite>").count()), (1, 1));
    assert!(!xml.contains("<a::b") && !xml.contains("]]>") && !xml.contains('\x1b'), "{xml}");
    let commands = show("github", &hostile(), &options);
    assert_eq!(commands.lines().count(), 1, "{commands}");
    assert!(commands.starts_with("::error title=") && commands.contains("%250A"));
    for format in ["table", "csv", "markdown", "junit", "github", "json"] {
        assert!(!show(format, &hostile(), &options).contains(['\x1b', '\r', '\u{202e}']), "{format}");
    }
}

#[test]
fn a_report_without_verdicts_is_no_failure() {
    let options = RenderOptions::default();
    assert!(show("junit", &Report::default(), &options).contains("tests=\"0\" failures=\"0\" errors=\"0\""));
    assert!(show("github", &Report::default(), &options).starts_with("::notice "));
}
