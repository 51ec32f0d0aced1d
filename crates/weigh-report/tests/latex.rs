//! Tables for papers: what they look like, and that nothing in a file's names is a command. The snapshots were compiled and
//! looked at.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use weigh_report::report::Model;
use weigh_report::{RenderOptions, Report, renderer};

fn write(reports: &[Report]) -> String {
    renderer("latex").unwrap().render(reports, &RenderOptions::default())
}

fn named(mut report: Report, name: &str) -> Report {
    report.model.get_or_insert_with(Model::default).name = name.to_owned();
    report
}

#[test]
fn snapshots() {
    let pages = [
        ("unknowns", vec![fixtures::unknowns()]),
        ("formulas", vec![fixtures::bert()]),
        (
            "models",
            vec![
                named(fixtures::predicted::on_ticket(), "resnet_50"),
                fixtures::bert_bound(),
                fixtures::unknowns(),
            ],
        ),
        ("batches", vec![fixtures::measured::batches()]),
        ("layer_times", vec![fixtures::measured::layer_times()]),
        ("sides", vec![fixtures::measured::sides()]),
        ("one", vec![fixtures::predicted::one()]),
        ("several", vec![fixtures::predicted::several()]),
        ("verdicts", vec![fixtures::verdicts::verdicts()]),
        ("hostile", vec![fixtures::hostile()]),
    ];
    for (name, reports) in pages {
        insta::assert_snapshot!(name, write(&reports));
    }
}

/// The cells of a line: what stands between ampersands that are no text.
fn cells(line: &str) -> usize {
    1 + line.replace("\\&", "").matches('&').count()
}

fn all() -> Vec<Report> {
    let evil = [
        fixtures::hostile(),
        fixtures::verdicts::hostile(),
        fixtures::measured::evil(),
        fixtures::predicted::evil(),
        fixtures::devices::evil(),
    ];
    let tame = [fixtures::resnet50(), fixtures::bert(), fixtures::decisions(), fixtures::sweep()];
    let named = fixtures::measured::all().into_iter().chain(fixtures::predicted::all());
    evil.into_iter().chain(tame).chain(named.map(|(_, report)| report)).collect()
}

#[test]
fn every_row_has_a_cell_for_every_column() {
    for report in all() {
        let page = write(&[report]);
        let mut expected = 0;
        for line in
            page.lines().filter(|line| line.ends_with(" \\\\") || line.starts_with("\\begin{tabular}"))
        {
            match line.strip_prefix("\\begin{tabular}{") {
                Some(kinds) => expected = kinds.trim_end_matches('}').split(' ').count(),
                None => assert_eq!(cells(line), expected, "{line}"),
            }
        }
        let open = page.replace("\\{", "").matches('{').count();
        assert_eq!(open, page.replace("\\}", "").matches('}').count(), "{page}");
    }
}

#[test]
fn nothing_a_file_says_is_a_command() {
    let name = "\\input{/etc/passwd}%\n^^5cdef <script>$&#_~\u{202e}\\\\[1cm] é 層";
    let mut report = named(fixtures::predicted::on_ticket(), name);
    for layer in &mut report.layers {
        layer.name = name.to_owned();
        layer.op = "\\end{table}".to_owned();
    }
    report.bindings.insert(name.to_owned(), 1);
    for run in &mut report.measurements {
        run.engine.name = name.to_owned();
        run.throughput.as_mut().unwrap().unit = "\\relax%".to_owned();
    }
    let page = write(&[report.clone()]);
    assert!(page.contains("\\textbackslash{}input\\{/etc/passwd\\}\\%\\textbackslash{}n"), "{page}");
    for command in ["\\input", "\\relax", "<script>", "^^", "\u{202e}", "層", "~"] {
        assert!(!page.contains(command), "{command} in {page}");
    }
    assert_eq!(page.matches("\\end{table}").count(), page.matches("\\begin{table}").count());
    assert!(
        page.lines()
            .filter(|line| line.starts_with('%'))
            .all(|line| !line.contains('\\') || line.contains("usepackage"))
    );
    let endless = write(&[fixtures::hostile()]);
    assert!(endless.lines().all(|line| line.len() < 2_000), "{endless}");
}

#[test]
fn options_choose_the_layers() {
    let page = |options: RenderOptions| renderer("latex").unwrap().render(&[fixtures::resnet50()], &options);
    let layers =
        |page: &str| page.split("tab:weigh-layers").nth(1).map(|table| table.matches(" & Conv ").count());
    assert_eq!(layers(&page(RenderOptions { top: 2, ..RenderOptions::default() })), Some(2));
    let sorted = page(RenderOptions {
        sort: Some(weigh_report::SortKey::Parameters),
        top: 1,
        ..RenderOptions::default()
    });
    assert!(sorted.contains("by parameters") && sorted.contains("512$\\rightarrow$512"), "{sorted}");
    assert!(page(RenderOptions { layers: true, ..RenderOptions::default() }).contains("All layers"));
}

#[test]
fn what_there_is_nothing_of_is_absent() {
    let page = write(&[fixtures::verdicts::verdicts()]);
    assert_eq!(page.matches("\\begin{table}").count(), 1, "{page}");
    assert_eq!(write(&[Report::default()]), "% nothing in these reports is a table\n");
    assert_eq!(write(&[]), "");
}
