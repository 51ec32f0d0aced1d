//! What programs read: JSON and its schema, CSV, Markdown, and that all of them say the same.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use fixtures::csv::rows;
use serde_json::Value;
use weigh_report::report::{ReadError, schema};
use weigh_report::{RenderOptions, Report, SortKey, renderer, renderers};

fn write(format: &str, reports: &[Report]) -> String {
    renderer(format).unwrap().render(reports, &RenderOptions { layers: true, ..RenderOptions::default() })
}

fn all() -> Vec<Report> {
    let unmeasured = [
        fixtures::resnet50(),
        fixtures::bert(),
        fixtures::bert_bound(),
        fixtures::unknowns(),
        fixtures::hostile(),
        fixtures::decisions(),
        fixtures::sweep(),
        fixtures::conventions(),
        fixtures::verdicts::verdicts(),
        fixtures::verdicts::hostile(),
        Report::default(),
    ];
    let named = fixtures::measured::all().into_iter().chain(fixtures::devices::all());
    let named = named.chain(fixtures::predicted::all());
    unmeasured.into_iter().chain(named.map(|(_, report)| report)).collect()
}

#[test]
fn json_round_trip() {
    let text = write("json", &all());
    assert_eq!(Report::read_all(&text).unwrap(), all());
    assert!(!text.contains(['\x1b', '\u{202e}', '\u{9b}']));
}

#[test]
fn documents_match_the_published_schema() {
    let schema = serde_json::to_value(schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in all() {
        let document = serde_json::to_value(&report).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut wrong = serde_json::to_value(fixtures::resnet50()).unwrap();
    wrong["totals"]["macs"] = Value::from(1.5);
    assert!(!validator.is_valid(&wrong));
    assert!(!validator.is_valid(&serde_json::json!({})));
}

#[test]
fn stable_paths() {
    let document = serde_json::to_value(fixtures::sweep()).unwrap();
    for path in [
        "/schema",
        "/model/path",
        "/model/name",
        "/model/format",
        "/model/file_bytes",
        "/model/inputs/0/shape/0",
        "/model/outputs/0/dtype",
        "/bindings/batch",
        "/assumed/0",
        "/totals/parameters",
        "/totals/buffers",
        "/totals/parameter_bytes",
        "/totals/constant_bytes",
        "/totals/macs",
        "/totals/flops",
        "/totals/other_ops",
        "/totals/bytes_moved",
        "/totals/activations/total/elements",
        "/totals/activations/peak/bytes",
        "/totals/activations/in_place_total/bytes",
        "/totals/activations/in_place_peak/bytes",
        "/totals/activations/best_order_peak/bytes",
        "/totals/activations/arena_bytes",
        "/scaling/macs",
        "/scaling/activation_bytes",
        "/scaling/growth/0/macs",
        "/coverage/priced",
        "/layers/0/output_shapes/0/1",
        "/layers/0/live_bytes",
        "/environment/cpu",
        "/environment/memory_bytes",
        "/measurements/0/engine/version",
        "/measurements/0/stages/inference/p50_ci_ms/1",
        "/measurements/0/throughput/per_second",
        "/measurements/0/memory/peak_rss_bytes",
        "/measurements/0/layers/0/mean_ms",
    ] {
        assert!(document.pointer(path).is_some_and(|value| !value.is_null()), "{path}");
    }
    let measured = serde_json::to_value(fixtures::measured::server()).unwrap();
    for path in [
        "/measurements/0/optimization",
        "/measurements/0/provider",
        "/measurements/0/streams",
        "/measurements/0/processes",
        "/measurements/0/rounds",
        "/measurements/0/warm_up/settled",
        "/measurements/0/timer_resolution_ns",
        "/measurements/0/outliers/severe_high",
        "/measurements/0/noise/verdict",
        "/measurements/0/scenario/latency/p99_ci_ms/1",
        "/measurements/0/scenario/queue/p50_ms",
        "/measurements/0/scenario/slo/probes/0/status",
    ] {
        assert!(measured.pointer(path).is_some_and(|value| !value.is_null()), "{path}");
    }
    let predicted = serde_json::to_value(fixtures::predicted::one()).unwrap();
    for path in [
        "/predictions/0/theoretical_ms",
        "/predictions/0/predicted_ci_ms/1",
        "/predictions/0/basis",
        "/predictions/0/by_bound/0/kernels",
        "/predictions/0/batches/0/fits",
        "/predictions/0/fit/needs/0/margin_bytes",
        "/predictions/0/energy/0/rests_on",
        "/predictions/0/layers/0/roofline_ms",
    ] {
        assert!(predicted.pointer(path).is_some_and(|value| !value.is_null()), "{path}");
    }
    let explained = serde_json::to_value(fixtures::predicted::gap()).unwrap();
    for path in ["/measurements/0/gap/parts/0/layers/0/why", "/measurements/0/energy/0/joules"] {
        assert!(explained.pointer(path).is_some_and(|value| !value.is_null()), "{path}");
    }
    let p99 = document.pointer("/measurements/0/stages/inference/p99_ms");
    assert_eq!(p99, Some(&Value::Null), "what is missing is null, not absent");
}

#[test]
fn reading_is_forgiving_but_checks_the_version() {
    let newer = r#"{"schema": "weigh.report/1", "later": [1], "totals": {"macs": "2*seq", "joules": 3}}"#;
    let report = &Report::read_all(newer).unwrap()[0];
    assert_eq!(report.totals.as_ref().unwrap().macs.as_ref().unwrap().exact(), "2*seq");
    let other = Report::read_all(r#"{"schema": "weigh.report/2"}"#);
    assert!(matches!(other, Err(ReadError::Version { found }) if found == "weigh.report/2"));
    assert!(matches!(Report::read_all("{}"), Err(ReadError::NotAReport)));
    assert!(matches!(Report::read_all("[1]"), Err(ReadError::NotAReport)));
    assert!(matches!(Report::read_all(""), Err(ReadError::NotAReport)));
    assert!(matches!(Report::read_all("{"), Err(ReadError::Json(_))));
    let wrong = Report::read_all(r#"{"schema": "weigh.report/1", "layers": 3}"#);
    assert!(matches!(wrong, Err(ReadError::Invalid { index: 0, .. })));
}

#[test]
fn csv_markdown_and_json_agree() {
    for report in [fixtures::resnet50(), fixtures::bert(), fixtures::unknowns()] {
        let csv = rows(&write("csv", std::slice::from_ref(&report)));
        let markdown = write("markdown", std::slice::from_ref(&report));
        let json: Value = serde_json::from_str(&write("json", std::slice::from_ref(&report))).unwrap();
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        for (row, layer) in csv[1..].iter().zip(json["layers"].as_array().unwrap()) {
            assert_eq!(row.len(), csv[0].len());
            for (key, field) in csv[0].iter().zip(row) {
                if ["parameters", "macs", "flops", "other_ops", "bytes_moved", "live_bytes"]
                    .contains(&key.as_str())
                {
                    assert_eq!(*field, text(&layer[key]), "{key}");
                }
            }
            let macs = if layer["macs"].is_null() { "?".to_owned() } else { text(&layer["macs"]) };
            assert!(markdown.contains(&format!("| {macs} |")) || markdown.contains(&format!("| `{macs}` |")));
        }
        let total = text(&json["totals"]["macs"]);
        assert!(markdown.contains(&format!("| {total} |")) || markdown.contains(&format!("| `{total}` |")));
    }
}

#[test]
fn csv_survives_hostile_names() {
    let csv = write("csv", &[fixtures::hostile()]);
    let rows = rows(&csv);
    assert_eq!(rows.len(), 1 + fixtures::hostile().layers.len());
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    assert!(!csv.contains(['\x1b', '\r', '\u{9b}']));
    assert!(!csv.contains("9223372036854775807"));
}

#[test]
fn snapshots() {
    insta::assert_snapshot!("csv", write("csv", &[fixtures::unknowns()]));
    insta::assert_snapshot!("markdown", write("markdown", &[fixtures::unknowns()]));
    insta::assert_snapshot!("markdown_formulas", write("markdown", &[fixtures::bert()]));
    insta::assert_snapshot!("json", write("json", &[fixtures::unknowns()]));
}

#[test]
fn the_registry() {
    for entry in renderers() {
        assert_eq!(renderer(entry.name()).map(|found| found.media()), Some(entry.media()));
        assert!(!entry.about().is_empty());
        // A heading or a page stands there even where there is nothing to show.
        let is_empty = entry.render(&[], &RenderOptions::default()).is_empty();
        assert_eq!(is_empty, !["csv", "html"].contains(&entry.name()), "{}", entry.name());
    }
    for (name, key) in SortKey::ALL {
        assert_eq!(name.parse(), Ok(key));
        assert_eq!(key.name(), name);
    }
    assert!(renderer("yaml").is_none());
}
