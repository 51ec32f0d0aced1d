//! `weigh advise`: techniques tried on models of the zoo.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::Value;

fn run(arguments: &str) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.args(arguments.split_whitespace()).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    let output = command.env("XDG_CONFIG_HOME", "/nowhere").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn advice(arguments: &str) -> Vec<Value> {
    let (code, text, errors) = run(&format!("advise {arguments} --format json"));
    assert_eq!(code, Some(0), "{arguments}: {errors}");
    let report: Value = serde_json::from_str(&text).unwrap();
    report["advice"].as_array().unwrap().clone()
}

fn of<'a>(rows: &'a [Value], technique: &str) -> &'a Value {
    let named = |row: &&Value| row["technique"].as_str().unwrap().starts_with(technique);
    rows.iter().find(named).unwrap_or_else(|| panic!("no {technique}"))
}

fn ratio(row: &Value, cost: &str) -> f64 {
    row["after"][cost].as_f64().unwrap() / row["before"][cost].as_f64().unwrap()
}

#[test]
fn what_makes_vgg_compute_less() {
    let (code, text, errors) = run("advise zoo:vgg16 --goal compute");
    assert_eq!(code, Some(0), "{errors}");
    insta::assert_snapshot!("vgg16_compute", text);
}

/// Ranked by the goal's metric, best first; what cannot be done is at the end, with a reason and no claim.
#[test]
fn rows_are_ranked() {
    let rows = advice("zoo:vgg16 --goal memory");
    let gains: Vec<f64> = rows.iter().filter_map(|row| row["gain"].as_f64()).collect();
    assert!(gains.len() > 5 && gains.windows(2).all(|pair| pair[0] <= pair[1]), "{gains:?}");
    let first_refused = rows.iter().position(|row| row["refused"] == true).unwrap();
    for row in &rows[first_refused..] {
        assert!(row["refused"] == true && row["gain"].is_null() && row["command"].is_null());
        assert!(!row["notes"][0].as_str().unwrap().is_empty());
    }
    let pinned = of(&rows, "smaller input");
    assert!(pinned["notes"][0].as_str().unwrap().contains("'classifier/0/Gemm'"), "{pinned}");
}

/// Weights and activations are both stored in float32. The file that the command writes has its weights in half; a device
/// that computes so has the activations in half, too.
#[test]
fn sixteen_bits_are_half() {
    let alone = advice("zoo:resnet50 --goal memory --only fp16");
    let device = advice("zoo:resnet50 --goal memory --only fp16 --on t4");
    // The file has statistics of batch normalisations and the graph beside its weights.
    let is_half = |row: &Value, cost: &str| (ratio(row, cost) - 0.5).abs() < 5e-3;
    for rows in [&alone, &device] {
        assert_eq!(rows.len(), 1);
        assert!(is_half(&rows[0], "bytes"), "{}", rows[0]);
    }
    assert!(ratio(&alone[0], "peak_bytes") == 1.0 && is_half(&device[0], "peak_bytes"));

    // What was promised is what is found of the file.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("half.onnx").display().to_string();
    let done = |arguments: &[&str]| {
        let output = Command::cargo_bin("weigh").unwrap().args(arguments).output().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    done(&["quantize", "zoo:resnet50", "--weights", "fp16", "-o", &file]);
    let found: Value = serde_json::from_slice(&done(&["inspect", &file, "--format", "json"])).unwrap();
    assert_eq!(found["totals"]["device_bytes"], alone[0]["after"]["device_bytes"]);
}

/// With a device there is a time, and it says what it rests on.
#[test]
fn on_a_device_there_is_a_time() {
    let rows = advice("zoo:resnet50 --goal latency --on t4 --only fp16,pruning");
    for row in &rows {
        assert_eq!(row["time_basis"], "device_class");
        let gain = row["gain"].as_f64().unwrap();
        assert!((ratio(row, "latency_ms") - gain).abs() < 1e-12 && gain < 1.0, "{row}");
    }
}

/// A training step's memory, with less kept.
#[test]
fn of_a_training_step() {
    let rows = advice("zoo:resnet18 --goal memory --training --batch 32");
    assert!(rows.iter().all(|row| row["refused"] == false));
    assert!(ratio(of(&rows, "activation checkpointing"), "device_bytes") < 0.8);
    assert!(of(&rows, "mixed precision")["command"].as_str().unwrap().contains("--dim batch=32"));
}

#[test]
fn what_is_asked_wrongly() {
    let cases = [
        ("advise zoo:resnet18 --goal speed", "latency, throughput, memory"),
        ("advise zoo:resnet18 --goal latency", "weigh hardware calibrate"),
        ("advise zoo:resnet18 --only magic", "no technique 'magic'"),
        ("advise zoo:bert_base --goal compute", "--dim seq=N"),
        ("advise zoo:resnet18 --goal latency --on t44", "hint:"),
    ];
    for (arguments, expected) in cases {
        let (code, _, errors) = run(arguments);
        assert!(code == Some(2) && errors.contains(expected), "{arguments}: {errors}");
    }
}

/// SqueezeNet's 26 convolutions have 1,244,448 weights. Where an engine keeps the nodes that widen them, each inference
/// reads them as bytes and writes them as float32.
#[test]
fn what_an_engine_keeps_runs_every_time() {
    let opened = weigh::open("zoo:squeezenet1_0").unwrap();
    let request = weigh::QuantizeRequest::of(weigh::WeightType::I8);
    let made = weigh::quantized_skeleton(&opened, &request).unwrap().opened;
    let facts = weigh::analyze(&made.model, &weigh::Options::default()).unwrap();
    let widening = |kernels: weigh_predict::Kernels| {
        let found = kernels.kernels.into_iter().filter(|kernel| kernel.op == "DequantizeLinear");
        found.map(|kernel| kernel.work).collect::<Vec<_>>()
    };
    assert!(widening(weigh_predict::Kernels::of(&made.model, &facts)).is_empty());
    let found = widening(weigh_predict::Kernels::of_engine(&made.model, &facts));
    assert_eq!(found.len(), 26);
    assert_eq!(found.iter().map(|work| work.written_bytes).sum::<f64>(), 4.0 * 1_244_448.0);
}
