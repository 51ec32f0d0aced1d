//! Figures in other people's tools, by the whole command: annotated files, Netron, traces, metrics.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use weigh_formats::onnx::{Weights, WriteOptions, write};

fn weigh(folder: &TempDir, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weigh"));
    command.env("XDG_CONFIG_HOME", "/nowhere").env("LC_ALL", "C.UTF-8").current_dir(folder.path());
    command.args(arguments.split_whitespace()).output().unwrap()
}

fn said(folder: &TempDir, arguments: &str) -> String {
    let output = weigh(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &TempDir, arguments: &str) -> String {
    let output = weigh(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments}");
    String::from_utf8(output.stderr).unwrap()
}

fn json(folder: &TempDir, arguments: &str) -> Value {
    serde_json::from_str(&said(folder, arguments)).unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn bytes(folder: &TempDir, file: &str) -> Vec<u8> {
    fs::read(folder.path().join(file)).unwrap()
}

/// The values of a key in a file, in its order: an entry is field 1, the key, then field 2, the value, both shorter
/// than 128 bytes.
fn values(bytes: &[u8], key: &str) -> Vec<String> {
    let mut wanted = vec![0x0a, key.len() as u8];
    wanted.extend(key.bytes());
    wanted.push(0x12);
    let entries = bytes.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted);
    let value = |at: usize| {
        let start = at + wanted.len() + 1;
        String::from_utf8(bytes[start..start + usize::from(bytes[start - 1])].to_vec()).unwrap()
    };
    entries.map(|(at, _)| value(at)).collect()
}

#[test]
fn an_annotated_file_has_the_figures_of_the_report() {
    let folder = folder();
    said(&folder, "zoo write mobilenet_v2 -o m.onnx");
    let told = said(&folder, "inspect m.onnx --annotate -o noted.onnx");
    let report = json(&folder, "inspect m.onnx --format json");
    let layers = report["layers"].as_array().unwrap();
    let expected = format!("noted.onnx: figures of the model and of its {} nodes\n", layers.len());
    assert_eq!(told, expected + "counted at batch = 1 (assumed)\n");
    let noted = bytes(&folder, "noted.onnx");
    for key in ["parameters", "macs", "flops", "other_ops", "bytes_moved"] {
        let mut wanted: Vec<String> = layers.iter().map(|layer| layer[key].to_string()).collect();
        wanted.push(report["totals"][key].to_string());
        assert_eq!(values(&noted, &format!("weigh.{key}")), wanted, "{key}");
    }
    assert_eq!(values(&noted, "weigh.bindings"), ["batch=1"]);
    assert_eq!(values(&noted, "weigh.assumed"), ["batch"]);
    assert_eq!(
        values(&noted, "weigh.macs_formula").len(),
        1 + layers.iter().filter(|layer| !layer["macs_formula"].is_null()).count()
    );
    // The copy is the same model.
    let copied = json(&folder, "inspect noted.onnx --format json");
    assert_eq!(
        (&copied["totals"]["macs"], &copied["layers"]),
        (&report["totals"]["macs"], &report["layers"])
    );
}

#[test]
fn annotating_twice_is_annotating_once() {
    let folder = folder();
    said(&folder, "inspect zoo:squeezenet1_0 --annotate -o once.onnx");
    said(&folder, "inspect once.onnx --annotate -o twice.onnx");
    assert_eq!(bytes(&folder, "once.onnx"), bytes(&folder, "twice.onnx"));
    // Other sizes replace what was there.
    said(&folder, "inspect once.onnx --dim batch=4 --annotate -o four.onnx");
    let (one, four) = (bytes(&folder, "once.onnx"), bytes(&folder, "four.onnx"));
    let total = |bytes: &[u8]| values(bytes, "weigh.macs").last().unwrap().parse::<i64>().unwrap();
    assert_eq!(total(&four), 4 * total(&one));
    assert_eq!(values(&four, "weigh.macs").len(), values(&one, "weigh.macs").len());
    assert!(values(&four, "weigh.assumed").is_empty());
}

#[test]
fn what_is_not_known_is_not_in_the_file() {
    let folder = folder();
    said(&folder, "zoo write squeezenet1_0 -o known.onnx");
    let known = bytes(&folder, "known.onnx");
    // An operator that nobody knows.
    let unknown: Vec<u8> = replaced(&known, b"MaxPool", b"MinPool");
    fs::write(folder.path().join("unknown.onnx"), unknown).unwrap();
    let told = said(&folder, "inspect unknown.onnx --annotate -o noted.onnx");
    assert!(
        told.contains("nodes have no known cost: theirs is left out, and totals are lower bounds"),
        "{told}"
    );
    let noted = bytes(&folder, "noted.onnx");
    let report = json(&folder, "inspect unknown.onnx --format json");
    let priced = report["layers"].as_array().unwrap().iter().filter(|layer| !layer["macs"].is_null()).count();
    assert_eq!(values(&noted, "weigh.macs").len(), priced, "and none of the model");
    assert_eq!(values(&noted, "weigh.macs_at_least"), [report["totals"]["macs"].to_string()]);
    assert!(!values(&noted, "weigh.unpriced").is_empty());
    assert!(values(&noted, "weigh.arithmetic_intensity").is_empty(), "a ratio of lower bounds is none");
}

/// The bytes with a word replaced by one of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

#[test]
fn weights_beside_the_model_stay_there() {
    let folder = folder();
    let model = weigh::open("zoo:lstm").unwrap().model;
    let file = write(&model, &WriteOptions { weights: Weights::Declared }).unwrap();
    fs::write(folder.path().join("m.onnx"), file).unwrap();
    fs::write(folder.path().join("weights"), [0; 8]).unwrap();
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let told = said(&folder, "inspect m.onnx --annotate -o beside.onnx");
    assert!(!told.contains("weights stay"), "{told}");
    let told = said(&folder, "inspect m.onnx --annotate -o elsewhere/m.onnx");
    assert!(told.contains("weights stay in weights, which is not beside the copy"), "{told}");
    let own = refused(&folder, "inspect m.onnx --annotate -o weights");
    assert!(own.contains("weights is a file of the model itself"), "{own}");
    assert_eq!(bytes(&folder, "weights"), [0; 8]);
}

#[test]
fn what_cannot_be_annotated() {
    let folder = folder();
    said(&folder, "zoo write lstm -o m.onnx");
    let before = bytes(&folder, "m.onnx");
    assert!(refused(&folder, "inspect m.onnx --annotate").contains("--output <FILE>"));
    assert!(refused(&folder, "inspect m.onnx m.onnx --annotate -o n.onnx").contains("name one MODEL"));
    assert!(
        refused(&folder, "inspect m.onnx --annotate -o n.onnx --format json").contains("cannot be used with")
    );
    let own = refused(&folder, "inspect m.onnx --annotate -o ./m.onnx");
    assert!(own.contains("m.onnx is a file of the model itself") && own.contains("hint: "), "{own}");
    assert!(
        refused(&folder, "inspect m.onnx --annotate -o no/such/folder.onnx")
            .contains("cannot write the model")
    );
    assert!(refused(&folder, "inspect none.onnx --annotate -o n.onnx").contains("none.onnx was not weighed"));
    assert_eq!(bytes(&folder, "m.onnx"), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn netron_is_told_of_every_node() {
    let folder = folder();
    let page = json(&folder, "inspect zoo:squeezenet1_0 --format netron");
    let report = json(&folder, "inspect zoo:squeezenet1_0 --format json");
    assert_eq!(page["signature"], "netron:attachment");
    let metrics = page["metrics"].as_array().unwrap();
    for layer in report["layers"].as_array().unwrap() {
        let is_it = |entry: &&Value| {
            entry["kind"] == "node" && entry["target"] == layer["name"] && entry["name"] == "MACs"
        };
        assert_eq!(metrics.iter().find(is_it).unwrap()["value"], layer["macs"]);
    }
}

/// As little as makes a measurement.
const SHORT: &str = "--engine rten --processes 2 --min-time 0.02";

#[test]
fn measuring_for_each_tool() {
    let folder = folder();
    let measure = |format: &str| format!("measure zoo:squeezenet1_0 {SHORT} --format {format}");
    let trace = json(&folder, &measure("trace"));
    assert_eq!(trace["displayTimeUnit"], "ms");
    // The embedded engine has no profile: there is nothing to draw, and that is said.
    assert!(trace["otherData"]["notes"][0].as_str().unwrap().contains("no layer has a time"));
    let metrics = said(&folder, &measure("prometheus"));
    for name in ["latency_seconds", "throughput_per_second", "parameters", "macs", "device_bytes"] {
        assert!(metrics.contains(&format!("\nweigh_{name}{{model=\"squeezenet1_0\"")), "{name}: {metrics}");
    }
    let page = json(&folder, &measure("netron"));
    let names = page["metrics"].as_array().unwrap().iter().filter_map(|entry| entry["name"].as_str());
    assert!(names.clone().any(|name| name.starts_with("median latency, ms, measured: rten ")));
    assert!(names.clone().any(|name| name == "MACs"));
}

#[test]
fn predictions_on_a_track_of_their_own() {
    let folder = folder();
    let trace = json(&folder, "predict zoo:resnet18 --on t4 --format trace");
    let events = trace["traceEvents"].as_array().unwrap();
    let title =
        events.iter().find(|event| event["name"] == "thread_name").unwrap()["args"]["name"].as_str().unwrap();
    assert!(title.starts_with("predicted, not measured (device class): "), "{title}");
    assert!(events.iter().any(|event| event["ph"] == "X" && event["cat"] == "predicted"));
    assert!(!events.iter().any(|event| event["cat"] == "measured"));
}

#[test]
fn verdicts_as_metrics() {
    let folder = folder();
    let output =
        weigh(&folder, "inspect zoo:lstm --require parameters<=1 --require macs<=1 --format prometheus");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let sample = |metric: &str, requirement: &str, value: u8| {
        let labels = format!("model=\"lstm\",requirement=\"{requirement}\",source=\"--require\"");
        text.contains(&format!("weigh_{metric}{{{labels}}} {value}\n"))
    };
    assert!(sample("requirement_met", "parameters<=1", 0), "{text}");
    // The length of the sequence is open.
    assert!(
        sample("requirement_unknown", "macs<=1", 1)
            && !text.contains("_met{model=\"lstm\",requirement=\"macs")
    );
}

#[test]
fn saved_reports_become_all_of_them() {
    let folder = folder();
    said(&folder, "inspect zoo:lstm --format json -o r.json");
    assert!(Path::new(&folder.path().join("r.json")).is_file());
    for format in ["netron", "trace", "prometheus"] {
        let text = said(&folder, &format!("render r.json --format {format}"));
        assert!(text.ends_with('\n'), "{format}");
    }
    let direct = said(&folder, "inspect zoo:lstm --format prometheus");
    assert_eq!(said(&folder, "render r.json --format prometheus"), direct);
}
