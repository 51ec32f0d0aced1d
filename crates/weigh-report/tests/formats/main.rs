//! The same numbers in every format, of reports that were made by hand.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

#[path = "../fixtures/mod.rs"]
mod fixtures;
mod pages;
mod read;
mod written;

use fixtures::csv;
use weigh_report::{RenderOptions, renderer};
use written::{Compared, Written};

#[test]
fn reports_made_by_hand() {
    let mut reports = vec![
        fixtures::resnet50(),
        fixtures::bert(),
        fixtures::bert_bound(),
        fixtures::unknowns(),
        fixtures::hostile(),
    ];
    reports.extend([fixtures::decisions(), fixtures::sweep(), fixtures::verdicts::verdicts()]);
    reports.extend(fixtures::measured::all().into_iter().map(|(_, report)| report));
    reports.extend(fixtures::predicted::all().into_iter().map(|(_, report)| report));
    let options = RenderOptions { layers: true, ..RenderOptions::default() };
    let mut compared = Compared::default();
    for report in &reports {
        let render = |format: &str| renderer(format).unwrap().render(std::slice::from_ref(report), &options);
        Written::new(render).compare(&mut compared);
    }
    // Nothing may look the same by being looked for at the wrong place.
    assert!(compared.csv > 150 && compared.markdown > 300 && compared.latex > 300, "{}", compared.says());
}
