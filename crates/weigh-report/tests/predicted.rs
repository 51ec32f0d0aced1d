//! What people see of predictions and of the gap between theory and measurement. The snapshots were read by eye.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use fixtures::predicted;
use weigh_report::{RenderOptions, Report, renderer};

fn show(report: &Report, width: usize, unicode: bool) -> String {
    let options = RenderOptions { width, unicode, ..RenderOptions::default() };
    renderer("table").unwrap().render(std::slice::from_ref(report), &options)
}

#[test]
fn terminals() {
    for (name, report) in predicted::all() {
        insta::assert_snapshot!(format!("{name}_80"), show(&report, 80, true));
        insta::assert_snapshot!(format!("{name}_80_ascii"), show(&report, 80, false));
        insta::assert_snapshot!(format!("{name}_120"), show(&report, 120, true));
        assert!(show(&report, 120, false).is_ascii());
    }
    insta::assert_snapshot!("one_60", show(&predicted::one(), 60, true));
    insta::assert_snapshot!("gap_60", show(&predicted::gap(), 60, true));
    insta::assert_snapshot!("evil_80", show(&predicted::evil(), 80, true));
}

#[test]
fn coloured() {
    let options = RenderOptions { colour: true, width: 80, ..RenderOptions::default() };
    let page = |report| renderer("table").unwrap().render(&[report], &options).replace('\x1b', "^");
    insta::assert_snapshot!("too_large_coloured", page(predicted::too_large()));
    insta::assert_snapshot!("overexplained_coloured", page(predicted::overexplained()));
}

#[test]
fn documents() {
    for (name, report) in predicted::all() {
        let page = renderer("markdown").unwrap().render(&[report], &RenderOptions::default());
        insta::assert_snapshot!(format!("{name}_markdown"), page);
    }
    let page = renderer("markdown").unwrap().render(&[predicted::evil()], &RenderOptions::default());
    assert!(!page.contains(['\x1b', '\u{202e}']));
    assert!(page.lines().all(|line| line.chars().count() < 1_500), "{page}");
    let reports = [predicted::one(), predicted::several()];
    insta::assert_snapshot!("csv", renderer("csv").unwrap().render(&reports, &RenderOptions::default()));
}

#[test]
fn predictions_have_rows_of_their_own_only_where_nothing_else_has() {
    let csv = |reports: &[Report]| renderer("csv").unwrap().render(reports, &RenderOptions::default());
    // Five batches, of which the first is the prediction's own; and four predictions.
    assert_eq!(csv(&[predicted::one(), predicted::several()]).lines().count(), 1 + 5 + 4);
    assert!(csv(&[predicted::one()]).starts_with("model,index,device,"));
    assert!(csv(&[fixtures::decisions(), fixtures::resnet50()]).starts_with("model,index,name,op,"));
    assert!(
        csv(&[Report { predictions: predicted::one().predictions, ..predicted::gap() }])
            .starts_with("model,index,engine,")
    );
}

#[test]
fn a_waterfall_ends_at_what_was_measured() {
    for report in [predicted::gap(), predicted::overexplained()] {
        let sum: f64 = report.measurements[0].gap.as_ref().unwrap().parts.iter().map(|part| part.ms).sum();
        assert!((sum - 20.31).abs() < 1e-9, "{sum}");
        let page = show(&report, 80, true);
        assert!(
            page.contains("WHY            theoretical 7.90 ms, measured 20.3 ms: efficiency 38.9 %"),
            "{page}"
        );
        assert!(page.contains("= measured    20.31 ms  100.0 %"), "{page}");
    }
    assert!(show(&predicted::overexplained(), 80, true).contains("- 1.32 ms"));
    let mut wrong = predicted::gap();
    wrong.measurements[0].gap.as_mut().unwrap().parts.pop();
    assert!(!show(&wrong, 80, true).contains("= measured"));
}

#[test]
fn a_guess_is_never_called_a_measurement() {
    let mut report = predicted::one();
    report.predictions[0].energy[0].basis = "calculated".into();
    for format in ["table", "markdown"] {
        let page = renderer(format).unwrap().render(&[report.clone()], &RenderOptions::default());
        assert!(page.contains("unknown") && page.contains("modelled"), "{page}");
        assert!(!page.contains("measured "), "{page}");
    }
}
