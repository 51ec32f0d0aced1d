//! Outputs that other programs show: Netron, trace viewers, Prometheus.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weigh_report::report::*;
use weigh_report::{RenderOptions, Report, renderer};

fn show(format: &str, reports: &[Report]) -> String {
    renderer(format).unwrap().render(reports, &RenderOptions::default())
}

fn json(format: &str, report: Report) -> Value {
    serde_json::from_str(&show(format, &[report])).unwrap()
}

fn hostile() -> Report {
    let layers = fixtures::measured::layer_times().measurements;
    let mut report = Report { measurements: layers, ..fixtures::hostile() };
    let name = report.layers[0].name.clone();
    let run = &mut report.measurements[0];
    run.layers[0].name.clone_from(&name);
    run.layers[0].layers = vec![name.clone()];
    run.engine.name = "a\"} 1\nweigh_evil{b=\"\\".into();
    report.verdicts = fixtures::verdicts::hostile().verdicts;
    report
}

#[test]
fn nothing_hostile_gets_through() {
    for format in ["netron", "trace", "prometheus"] {
        let text = show(format, &[hostile()]);
        assert!(!text.contains(['\x1b', '\u{202e}', '\u{9b}', '\r']), "{format}");
        if format != "prometheus" {
            serde_json::from_str::<Value>(&text).unwrap();
        }
    }
    // Every line of metrics begins as one of ours, whatever names hold.
    for line in show("prometheus", &[hostile()]).lines() {
        let known = ["# HELP weigh_", "# TYPE weigh_", "weigh_", "# EOF"];
        assert!(
            known.iter().any(|start| line.starts_with(start)) && !line.starts_with("weigh_evil"),
            "{line}"
        );
    }
}

/// The entries of a list of an attachment: kind, target and name, with the value.
fn entries(document: &Value, list: &str) -> BTreeMap<(String, String, String), Value> {
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let entry = |entry: &Value| {
        ((text(entry, "kind"), text(entry, "target"), text(entry, "name")), entry["value"].clone())
    };
    document[list].as_array().unwrap().iter().map(entry).collect()
}

fn at(kind: &str, target: &str, name: &str) -> (String, String, String) {
    (kind.to_owned(), target.to_owned(), name.to_owned())
}

#[test]
fn netron_finds_nodes_by_name() {
    let mut report = fixtures::resnet50();
    report.layers[0].name = "Conv_0".into();
    let twin = report.layers[3].clone();
    report.layers.push(twin.clone());
    let document = json("netron", report.clone());
    assert_eq!(document["signature"], "netron:attachment");
    let metrics = entries(&document, "metrics");
    assert_eq!(metrics[&at("model", "", "MACs")], 4_089_184_256i64);
    assert_eq!(
        metrics[&at("model", "", "model size, bytes")],
        report.totals.unwrap().model_size.stored_bytes.unwrap().number().unwrap()
    );
    assert_eq!(metrics[&at("node", "Conv_0", "MACs")], 118_013_952);
    assert_eq!(metrics[&at("value", "conv1.out", "MACs, of its Conv")], 118_013_952, "it may have no name");
    assert!(!metrics.contains_key(&at("value", "layer1/0/conv2.out", "MACs, of its Conv")));
    assert!(!metrics.keys().any(|(_, target, _)| *target == twin.name), "two layers of a name have none");
    let metadata = entries(&document, "metadata");
    assert_eq!(metadata[&at("model", "", "counted at")], "batch = 1 (assumed)");
}

#[test]
fn netron_never_gives_one_node_the_time_of_several() {
    let mut report = fixtures::resnet50();
    let time = |name: &str, layers: &[&str], ms| LayerTime {
        name: name.into(),
        layers: layers.iter().map(|layer| (*layer).to_owned()).collect(),
        mean_ms: Some(ms),
        ..LayerTime::default()
    };
    let run = Measurement { batch: Some(1), ..Measurement::default() };
    let pair = ["layer1/0/conv2", "layer1/0/relu"];
    let layers = vec![time("a", &["conv1"], 0.5), time("b", &["conv1"], 0.25), time("c", &pair, 2.0)];
    report.measurements = vec![Measurement { layers, ..run }];
    let metrics = entries(&json("netron", report), "metrics");
    assert_eq!(
        metrics[&at("node", "conv1", "mean time, ms, measured: batch 1")],
        0.75,
        "its kernels together"
    );
    for name in pair {
        assert_eq!(metrics[&at("node", name, "mean time, ms, measured for 2 nodes together: batch 1")], 2.0);
    }
}

#[test]
fn an_unknown_is_absent_and_a_lower_bound_says_so() {
    let metrics = entries(&json("netron", fixtures::unknowns()), "metrics");
    assert!(metrics.contains_key(&at("model", "", "MACs, at least")));
    assert!(!metrics.contains_key(&at("model", "", "MACs")));
    assert!(!metrics.keys().any(|(_, target, _)| target == "head/nms"), "nothing is known of it");
    let metadata = entries(&json("netron", fixtures::unknowns()), "metadata");
    assert_eq!(metadata[&at("node", "head/nms", "cost unknown")], "unknown operator");
    let text = show("prometheus", &[fixtures::unknowns()]);
    assert!(text.contains("\nweigh_macs_at_least{model=\"detector.onnx\"} 4089184256\n"), "{text}");
    assert!(!text.contains("weigh_macs{") && !text.contains("weigh_latency_seconds{"), "{text}");
    assert!(!text.contains("weigh_arithmetic_intensity"), "a ratio of bounds is none");
}

/// The complete events of a trace by track: start and length in nanoseconds.
fn tracks(document: &Value) -> BTreeMap<(u64, u64), Vec<(i64, i64)>> {
    let mut tracks: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let ns = |value: &Value| (value.as_f64().unwrap() * 1e3).round() as i64;
    for event in document["traceEvents"].as_array().unwrap() {
        let track = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        if event["ph"] == "X" {
            tracks.entry(track).or_default().push((ns(&event["ts"]), ns(&event["dur"])));
        }
    }
    tracks
}

#[test]
fn slices_of_a_track_touch_and_add_up() {
    let measured = fixtures::measured::layer_times();
    let expected: f64 = measured.measurements[0].layers.iter().filter_map(|layer| layer.mean_ms).sum();
    let predicted = fixtures::predicted::one();
    let text = show("trace", &[measured, predicted.clone()]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let tracks = tracks(&document);
    assert_eq!(tracks.keys().copied().collect::<Vec<_>>(), [(1, 1), (2, 1)]);
    for slices in tracks.values() {
        let mut end = 0;
        for (start, length) in slices {
            assert_eq!(*start, end);
            end += length;
        }
    }
    let sum = |track| tracks[&track].iter().map(|(_, length)| length).sum::<i64>() as f64 / 1e6;
    assert!((sum((1, 1)) - expected).abs() < 1e-6, "to a nanosecond");
    let kernels: f64 = predicted.predictions[0].layers.iter().filter_map(|kernel| kernel.predicted_ms).sum();
    assert!((sum((2, 1)) - kernels).abs() < 1e-6);
    let titles: BTreeSet<&str> = document["traceEvents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["name"] == "thread_name")
        .filter_map(|event| event["args"]["name"].as_str())
        .collect();
    assert!(titles.iter().any(|title| title.starts_with("measured, means over runs: ")), "{titles:?}");
    assert!(
        titles.iter().any(|title| title.starts_with("predicted, not measured (calibrated): ")),
        "{titles:?}"
    );
}

#[test]
fn memory_is_beside_layers_of_the_same_sizes_only() {
    let counters = |report: Report| -> Vec<i64> {
        let document = json("trace", report);
        let events = document["traceEvents"].as_array().unwrap().iter();
        events
            .filter(|event| event["ph"] == "C")
            .map(|event| event["args"]["bytes"].as_i64().unwrap())
            .collect()
    };
    let mut report = fixtures::measured::described();
    let step = |node: &str, bytes| MemoryStep {
        node: node.into(),
        live_bytes: fixtures::count(bytes),
        ..MemoryStep::default()
    };
    let steps = vec![step("a", 10), step("b", 30), step("c", 20), step("twice", 1), step("twice", 2)];
    report.memory = Some(Memory { steps, ..Memory::default() });
    let time = |layers: &[&str]| LayerTime {
        layers: layers.iter().map(|layer| (*layer).to_owned()).collect(),
        mean_ms: Some(1.0),
        ..LayerTime::default()
    };
    let layers = vec![time(&["a"]), time(&["b", "c"]), time(&["twice"]), time(&["unheard of"])];
    let bindings = report.bindings.clone();
    report.measurements = vec![Measurement { layers, bindings, ..Measurement::default() }];
    assert_eq!(counters(report.clone()), [10, 30]);
    let mut other = report.clone();
    other.measurements[0].bindings.insert("batch".into(), 8);
    assert!(counters(other).is_empty(), "steps of batch 1 say nothing of batch 8");
    report.measurements[0].rebatched = vec!["the batch was set".into()];
    assert!(counters(report).is_empty());
}

#[test]
fn a_trace_without_times_says_why() {
    let document = json("trace", fixtures::bert());
    assert!(document["otherData"]["notes"][0].as_str().unwrap().contains("no layer has a time"));
}

#[test]
fn metrics_are_said_once_and_series_are_distinct() {
    let all: Vec<Report> = [fixtures::measured::all(), fixtures::predicted::all()]
        .concat()
        .into_iter()
        .map(|(_, report)| report)
        .collect();
    let text = show("prometheus", &all);
    let names = |start: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(start));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let (helps, types) = (names("# HELP "), names("# TYPE "));
    assert_eq!(helps, types);
    assert_eq!(helps.iter().collect::<BTreeSet<_>>().len(), helps.len());
    let series: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("weigh_"))
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    assert_eq!(series.iter().collect::<BTreeSet<_>>().len(), series.len());
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn metrics_are_in_base_units() {
    let text = show("prometheus", &[fixtures::measured::synthetic()]);
    // A median of 59.71 ms.
    let labels = "engine=\"onnxruntime\",engine_version=\"1.32.0\",provider=\"cpu\",optimization=\"all\",\
        threads=\"2\",streams=\"1\",batch=\"1\"";
    let line =
        |name: &str| text.lines().find(|line| line.starts_with(&format!("weigh_{name}{{"))).unwrap_or("");
    assert!(line("latency_seconds").contains(labels), "{}", line("latency_seconds"));
    assert!(line("latency_seconds").ends_with(",quantile=\"0.5\"} 0.05971"));
    assert!(line("load_seconds").ends_with("} 0.2124"));
    assert!(!text.contains("quantile=\"0.999\""), "420 samples do not bound it");
    assert!(line("throughput_per_second").contains("unit=\"frames\""));
    let verdicts = show("prometheus", &[fixtures::verdicts::verdicts()]);
    assert!(verdicts.contains("weigh_requirement_met{") && verdicts.contains("weigh_requirement_unknown{"));
}
