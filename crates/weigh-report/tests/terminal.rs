//! What people see. The snapshots were read by eye; the invariants hold for every fixture.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use unicode_width::UnicodeWidthStr;
use weigh_report::report::Layer;
use weigh_report::{RenderOptions, Report, SortKey, glossary, render, renderer};

fn show(report: Report, options: RenderOptions) -> String {
    renderer("table").unwrap().render(&[report], &options)
}

fn at(width: usize) -> RenderOptions {
    RenderOptions { width, ..RenderOptions::default() }
}

#[test]
fn the_ticket() {
    let ticket = show(fixtures::resnet50(), at(100));
    insta::assert_snapshot!("ticket", ticket);
    assert!(ticket.lines().count() <= 40, "{} rows", ticket.lines().count());
}

#[test]
fn narrow() {
    insta::assert_snapshot!("ticket_narrow", show(fixtures::resnet50(), at(60)));
}

#[test]
fn ascii() {
    let ticket = show(fixtures::resnet50(), RenderOptions { unicode: false, ..at(100) });
    assert!(ticket.is_ascii());
    insta::assert_snapshot!("ticket_ascii", ticket);
}

#[test]
fn coloured() {
    let options = RenderOptions { colour: true, ..at(100) };
    insta::assert_snapshot!("ticket_coloured", show(fixtures::resnet50(), options).replace('\x1b', "^"));
}

#[test]
fn formulas() {
    insta::assert_snapshot!("formulas", show(fixtures::bert(), at(100)));
    insta::assert_snapshot!("formulas_bound", show(fixtures::bert_bound(), at(100)));
}

#[test]
fn unknowns() {
    let ticket = show(fixtures::unknowns(), at(100));
    insta::assert_snapshot!("unknowns", ticket);
    for total in ["≥ 4.089 G", "≥ 8.178 G", "2 nodes unpriced", "3 nodes unshaped", "not measured"] {
        assert!(ticket.contains(total), "{total} is not in\n{ticket}");
    }
}

#[test]
fn hostile() {
    insta::assert_snapshot!("hostile", show(fixtures::hostile(), at(100)));
}

#[test]
fn tables() {
    let options = RenderOptions { layers: true, depth: Some(3), ..at(120) };
    insta::assert_snapshot!("tables", show(fixtures::resnet50(), options));
    let options = RenderOptions { layers: true, depth: Some(2), sort: Some(SortKey::Time), ..at(70) };
    insta::assert_snapshot!("tables_narrow", show(fixtures::resnet50(), options));
}

#[test]
fn conventions() {
    insta::assert_snapshot!("conventions", show(fixtures::conventions(), at(80)));
}

#[test]
fn decisions() {
    insta::assert_snapshot!("decisions", show(fixtures::decisions(), at(100)));
    insta::assert_snapshot!("sweep", show(fixtures::sweep(), at(100)));
}

#[test]
fn the_glossary_fits_and_speaks_ascii() {
    let all: Vec<&glossary::Entry> = glossary::entries().collect();
    for width in [40, 60, 80, 120] {
        for unicode in [true, false] {
            let options = RenderOptions { unicode, ..at(width) };
            let list = render::glossary::list(glossary::sections(), &options);
            for page in [list, render::glossary::entries(&all, &options)] {
                assert!(page.lines().all(|line| line.width() <= width && line.trim_end() == line), "{page}");
                assert!(unicode || page.is_ascii(), "{page}");
            }
        }
    }
}

#[test]
fn several_models_are_told_apart() {
    let both = [fixtures::bert_bound(), fixtures::bert_bound()];
    let page = renderer("table").unwrap().render(&both, &at(80));
    assert_eq!(page.matches("bert.onnx").count(), 2);
    assert!(page.contains(&format!("\n\n{}\n\n", "─".repeat(80))));
}

#[test]
fn every_line_fits_and_nothing_hostile_gets_through() {
    let fixtures = [
        fixtures::resnet50(),
        fixtures::bert(),
        fixtures::bert_bound(),
        fixtures::unknowns(),
        fixtures::hostile(),
        fixtures::decisions(),
        fixtures::sweep(),
        fixtures::measured::evil(),
        fixtures::devices::evil(),
        fixtures::devices::evil_table(),
        fixtures::predicted::evil(),
        Report::default(),
    ];
    let named = fixtures::measured::all().into_iter().chain(fixtures::devices::all());
    let named = named.chain(fixtures::predicted::all());
    let verdicts = [fixtures::verdicts::verdicts(), fixtures::verdicts::hostile()].map(|report| ("", report));
    let named = named.chain(verdicts);
    for report in fixtures.into_iter().chain(named.map(|(_, report)| report)) {
        for width in [40, 60, 80, 92, 100, 160] {
            for (unicode, layers) in [(true, false), (true, true), (false, false), (false, true)] {
                let options = RenderOptions { unicode, layers, depth: layers.then_some(9), ..at(width) };
                let page = show(report.clone(), options);
                for line in page.lines() {
                    assert!(line.width() <= width, "{} > {width}: {line}", line.width());
                    assert_eq!(line.trim_end(), line);
                }
                assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
                assert!(!page.contains(['\u{202e}', '\u{200f}']));
                assert!(unicode || page.is_ascii(), "{page}");
                assert!(!page.contains("9223372036854775807"));
            }
        }
    }
}

/// A name as exporters write it.
const LONG: &str = "/model/encoder/layers.11/self_attention/output_projection/MatMul";

#[test]
fn names_are_whole_where_bars_can_make_room() {
    let mut report = fixtures::resnet50();
    for layer in &mut report.layers {
        LONG.clone_into(&mut layer.name);
    }
    // Beside a name of 64 columns there is room for its MACs and their share, and not for a bar.
    let page = show(report, RenderOptions { top: 3, ..at(120) });
    let rows = page.lines().filter(|line| line.trim_start().starts_with(LONG));
    assert_eq!(rows.count(), 3, "{page}");
}

#[test]
fn a_ticket_that_explains_its_time_is_one_screen() {
    let mut report = fixtures::resnet50();
    let explained = fixtures::predicted::gap().measurements.remove(0);
    (report.measurements[0].gap, report.measurements[0].times) = (explained.gap, explained.times);
    let ticket = show(report, at(100));
    insta::assert_snapshot!("ticket_explained", ticket);
    assert!(ticket.lines().count() <= 44, "{}", ticket.lines().count());
}

#[test]
fn memory_over_steps() {
    let mut report = fixtures::resnet50();
    let bytes = [6, 12, 9, 24, 18, 18, 3, 3, 1, 1].map(|mebibytes| fixtures::count(mebibytes << 20));
    let step = report.layers[0].clone();
    report.layers = bytes.map(|live_bytes| Layer { live_bytes, ..step.clone() }).into();
    report.layers[3].name = "the/fourth".to_owned();
    let line = |report: &Report, width: usize| {
        let page = show(report.clone(), at(width));
        let rest =
            page.split("OVER STEPS").nth(1).map(|rest| rest.lines().take(2).collect::<Vec<_>>().join("\n"));
        rest.unwrap_or_default()
    };
    // 24 MiB are all of the height, 12 MiB half of it.
    let drawn = "     ▂▄▃█▆▆▁▁▁▁\n                  └ peak 24.00 MiB in step 4 of 10, the/fourth";
    assert_eq!(line(&report, 100), drawn);
    // A node that runs only at load holds nothing; what is not known has no height at all.
    report.layers[0].live_bytes = None;
    assert!(line(&report, 100).starts_with("      ▄▃█"), "{}", line(&report, 100));
    report.totals.as_mut().unwrap().complete.memory = false;
    assert_eq!(line(&report, 100), "");
}
