//! Reports beside each other: what people see, and what holds at every width. The snapshots were read by eye.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use unicode_width::UnicodeWidthStr;
use weigh_report::report::{
    Basis, Comparison, ComparisonVerdict, Costs, Count, LayerChange, LayerChangeKind,
};
use weigh_report::{RenderOptions, Report, renderer};

/// What a report costs beside the baseline, in counts and in milliseconds.
fn compared(report: Report, name: &str, ms: Option<f64>) -> Report {
    let count = |metric: &str, count: fn(&Report) -> Option<i64>| {
        let value = count(&report).map(|value| value as f64);
        let is_least =
            report.totals.as_ref().is_some_and(|totals| !totals.complete.compute) && metric == "macs";
        let ratio = value.filter(|_| !is_least).map(|value| value / 2_000_000_000.0);
        let values =
            Comparison { a_value: Some(2_000_000_000.0), b_value: value, ratio, ..Comparison::default() };
        Comparison {
            metric: metric.to_owned(),
            b_is_lower_bound: is_least,
            basis: Some(Basis::Computed),
            ..values
        }
    };
    let mut comparisons = vec![count("macs", |report| report.totals.as_ref()?.macs.as_ref()?.number())];
    comparisons.extend(ms.map(|ms| Comparison {
        metric: "latency".to_owned(),
        b_value: Some(ms),
        ratio: Some(ms / 20.0),
        ci: (name != "base").then_some([ms / 21.0, ms / 19.0]),
        verdict: (name != "base").then_some(ComparisonVerdict::Slower),
        basis: Some(Basis::Measured),
        notes: if name == "base" { Vec::new() } else { vec!["not interleaved: measured apart".to_owned()] },
        ..Comparison::default()
    }));
    for comparison in &mut comparisons {
        (comparison.a, comparison.b) = ("base".to_owned(), name.to_owned());
    }
    Report { comparisons, ..report }
}

fn reports() -> Vec<Report> {
    let better = compared(fixtures::resnet50(), "base", Some(20.0));
    let mut unknown = compared(fixtures::unknowns(), "with/unknown/operators", Some(83.2));
    unknown.dominated_by = Some("base".to_owned());
    let hostile = compared(fixtures::hostile(), "\u{202e}evil\x1b[31m|name", None);
    let costs = |macs: i64| Costs {
        macs: Some(Count::from(macs)),
        parameters: Some(Count::from(macs / 100)),
        ..Costs::default()
    };
    let change = |kind, a: Option<&str>, b: Option<&str>, before, after| LayerChange {
        kind,
        a: a.map(str::to_owned),
        b: b.map(str::to_owned),
        op: "Conv".to_owned(),
        what: vec!["3×3 64→64 becomes 3×3 64→128".to_owned()],
        before,
        after,
        changes: costs(1_000_000),
    };
    unknown.layer_changes = vec![
        change(LayerChangeKind::Changed, Some("stem"), Some("stem"), costs(1_000_000), costs(2_000_000)),
        change(
            LayerChangeKind::Added,
            None,
            Some("a/layer/with/a/name/that/is/long"),
            Costs::default(),
            costs(1_000_000),
        ),
        change(LayerChangeKind::Removed, Some("\u{9b}2J"), None, Costs::default(), Costs::default()),
        change(LayerChangeKind::Same, Some("x"), Some("x"), costs(5), costs(5)),
    ];
    vec![better, unknown, hostile]
}

fn show(format: &str, options: RenderOptions) -> String {
    renderer(format).unwrap().render(&reports(), &options)
}

#[test]
fn snapshots() {
    insta::assert_snapshot!("compared", show("table", RenderOptions::default()));
    insta::assert_snapshot!(
        "compared_narrow",
        show("table", RenderOptions { width: 60, ..RenderOptions::default() })
    );
    insta::assert_snapshot!("compared_markdown", show("markdown", RenderOptions::default()));
    insta::assert_snapshot!("compared_latex", show("latex", RenderOptions::default()));
}

#[test]
fn fits_every_width_and_is_harmless() {
    for width in [40, 47, 60, 72, 80, 100, 120] {
        for unicode in [true, false] {
            let text = show("table", RenderOptions { width, unicode, ..RenderOptions::default() });
            assert!(text.lines().all(|line| line.width() <= width), "{width}:\n{text}");
            assert!(unicode || text.is_ascii());
            assert!(!text.contains(['\x1b', '\u{202e}', '\u{9b}']));
            // The least there is to compare is always there.
            assert!(
                text.contains("MODEL") && text.contains("× latency") | text.contains("x latency"),
                "{width}:\n{text}"
            );
        }
    }
    for format in ["csv", "markdown", "latex"] {
        assert!(!show(format, RenderOptions::default()).contains(['\x1b', '\u{202e}', '\u{9b}']));
    }
    assert_eq!(show("csv", RenderOptions::default()).lines().count(), 4);
}

#[test]
fn reports_of_other_comparisons_are_no_table() {
    let mut reports = reports();
    reports[2].comparisons[0].a = "another".to_owned();
    let text = renderer("table").unwrap().render(&reports, &RenderOptions::default());
    assert!(text.contains("COMPUTE"), "tickets, one after the other");
}
