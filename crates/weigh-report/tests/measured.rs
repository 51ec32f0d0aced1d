//! What people see of measurements. The snapshots were read by eye.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use fixtures::measured;
use weigh_report::{RenderOptions, Report, renderer};

fn show(report: &Report, width: usize, unicode: bool) -> String {
    let options = RenderOptions { width, unicode, ..RenderOptions::default() };
    renderer("table").unwrap().render(std::slice::from_ref(report), &options)
}

#[test]
fn terminals() {
    for (name, report) in measured::all() {
        insta::assert_snapshot!(format!("{name}_80"), show(&report, 80, true));
        insta::assert_snapshot!(format!("{name}_80_ascii"), show(&report, 80, false));
        insta::assert_snapshot!(format!("{name}_120"), show(&report, 120, true));
        assert!(show(&report, 120, false).is_ascii());
    }
}

#[test]
fn void_and_missed_are_in_colour() {
    let options = RenderOptions { colour: true, width: 80, ..RenderOptions::default() };
    let page = renderer("table").unwrap().render(&[measured::void()], &options);
    insta::assert_snapshot!("void_coloured", page.replace('\x1b', "^"));
}

#[test]
fn documents() {
    for (name, report) in measured::all() {
        let markdown = renderer("markdown").unwrap();
        insta::assert_snapshot!(
            format!("{name}_markdown"),
            markdown.render(&[report], &RenderOptions::default())
        );
    }
    let reports = [measured::batches(), measured::over_data(), measured::server()];
    insta::assert_snapshot!("csv", renderer("csv").unwrap().render(&reports, &RenderOptions::default()));
}

#[test]
fn sides_and_engines_have_rows_of_their_own() {
    let csv = |reports: &[Report]| renderer("csv").unwrap().render(reports, &RenderOptions::default());
    insta::assert_snapshot!("sides_csv", csv(&[measured::sides()]));
    insta::assert_snapshot!("engines_csv", csv(&[measured::engines()]));
}

#[test]
fn a_table_has_as_many_fields_in_every_row() {
    let csv = renderer("csv").unwrap().render(&[measured::settings()], &RenderOptions::default());
    let rows: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(rows.len(), 14);
    assert!(rows.iter().all(|fields| *fields == rows[0]), "{csv}");
}

#[test]
fn what_was_not_measured_is_said() {
    let page = show(&measured::synthetic(), 80, true);
    assert!(page.contains("loading and preprocessing not measured: inputs are synthetic"), "{page}");
    assert!(!show(&measured::over_data(), 80, true).contains("synthetic"));
    let page = show(&measured::over_data(), 120, true);
    assert!(page.contains("needs 299") && page.contains("needs 2995"), "{page}");
    let page = show(&measured::failed(), 80, true);
    assert!(page.contains("not measured") && page.contains("killed for memory"), "{page}");
}
