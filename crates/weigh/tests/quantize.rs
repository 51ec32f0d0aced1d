//! `weigh quantize` as a whole: files that are written, what is said about them, and refusals.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::fs;

use assert_cmd::Command;
use serde_json::Value;
use weigh::{Options, QuantizeRequest, WeightType, analyze, open, quantized_skeleton};

fn weigh(folder: &tempfile::TempDir, arguments: &str) -> std::process::Output {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.env("XDG_CONFIG_HOME", "/nowhere").env("LC_ALL", "C.UTF-8").current_dir(folder.path());
    command.args(arguments.split_whitespace()).output().unwrap()
}

fn said(folder: &tempfile::TempDir, arguments: &str) -> String {
    let output = weigh(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &tempfile::TempDir, arguments: &str) -> String {
    let output = weigh(folder, arguments);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    String::from_utf8(output.stderr).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_summary() {
    insta::assert_snapshot!(said(&folder(), "quantize zoo:lstm --weights int8 -o small.onnx --layers"));
}

#[test]
fn the_file_is_what_was_said_and_what_advice_would_say() {
    let folder = folder();
    for options in ["fp16", "bf16", "int8", "int8 --dynamic", "int4", "fp32 --fold-batch-norm"] {
        let text =
            said(&folder, &format!("quantize zoo:squeezenet1_0 --weights {options} -o s.onnx --format json"));
        let report: Value = serde_json::from_str(&text).unwrap();
        let found = &report["quantization"];
        let size = fs::metadata(folder.path().join("s.onnx")).unwrap().len();
        assert_eq!(found["file_bytes"], size, "{options}");
        assert_eq!(found["planned_bytes"], size, "{options}");
    }
}

#[test]
fn a_skeleton_has_the_sizes_of_the_file() {
    let folder = folder();
    let zoo = open("zoo:mobilenet_v2").unwrap();
    let to = folder.path().join("m.onnx");
    for (weights, fold) in [(WeightType::I8, true), (WeightType::I4, false), (WeightType::F16, false)] {
        let request = QuantizeRequest { fold_batch_norm: fold, ..QuantizeRequest::of(weights) };
        let skeleton = quantized_skeleton(&zoo, &request).unwrap();
        let written = weigh::quantize(&zoo, &request, &to, &|_| ()).unwrap();
        assert_eq!(Some(skeleton.quantization.planned_bytes), written.file_bytes);
        assert_eq!(skeleton.quantization.stored_bytes, written.stored_bytes);
        let totals = |model: &weigh::ir::Model| {
            let facts = analyze(model, &Options::default()).unwrap().totals;
            (facts.parameters.as_int(), facts.macs.as_int(), facts.parameter_bytes.as_int())
        };
        let file = open(&to.to_string_lossy()).unwrap();
        assert_eq!(totals(&skeleton.opened.model), totals(&file.model));
        // The file is read again and written in half as many bits.
        let again = weigh::quantize(&file, &request, &to, &|_| ());
        assert!(again.is_ok(), "a model is rewritten in place");
    }
}

#[test]
fn generated_weights_are_not_stored() {
    let folder = folder();
    said(&folder, "zoo write lstm -o zero.onnx --weights zero");
    let text = said(&folder, "quantize zero.onnx --weights int8 -o small.onnx");
    assert!(text.contains("there are no weights to store otherwise"), "{text}");
}

#[test]
fn documents_obey_the_schema_and_have_what_is_promised() {
    let folder = folder();
    let schema: Value = serde_json::from_str(&said(&folder, "schema")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let text = said(&folder, "quantize zoo:lstm --weights int8 -o s.onnx --format json");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert!(validator.is_valid(&report), "{:?}", validator.iter_errors(&report).next());
    let found = &report["quantization"];
    assert_eq!(
        (&found["weights"], &found["dynamic"], &found["path"]),
        (&"int8".into(), &false.into(), &"s.onnx".into())
    );
    // Four matrices of 2048 × 512 in float32; as int8 with a scale for each of the 2048 rows.
    let tensors = found["tensors"].as_array().unwrap();
    assert_eq!(tensors.len(), 4);
    for tensor in tensors {
        assert_eq!(tensor["bytes_before"], 2048 * 512 * 4);
        assert_eq!(tensor["bytes"], 2048 * 512 + 2048 * 4);
        assert!(tensor["sqnr_db"].as_f64().unwrap() > 40.0);
    }
    for format in ["csv", "markdown"] {
        let text = said(&folder, &format!("quantize zoo:lstm --weights int8 -o s.onnx --format {format}"));
        assert!(text.contains("layer0.weight"), "{text}");
    }
}

#[test]
fn refusals() {
    insta::assert_snapshot!(refused(&folder(), "quantize zoo:lstm --weights fp32 -o s.onnx"));
    insta::assert_snapshot!(refused(&folder(), "quantize zoo:lstm --weights fp16 --dynamic -o s.onnx"));
    insta::assert_snapshot!(refused(
        &folder(),
        "quantize zoo:lstm --weights int8 --skip-layers fc -o s.onnx"
    ));
}
