//! What training takes, on the command line.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::Value;

fn run(arguments: &str) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command.args(arguments.split_whitespace()).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn text(arguments: &str) -> String {
    let (code, out, err) = run(arguments);
    assert_eq!(code, Some(0), "{arguments}: {err}");
    out
}

/// The ticket from the section on training to the next but one.
fn section(ticket: &str) -> String {
    let from = ticket.find("TRAINING").unwrap();
    ticket[from..].split("\n\n").take(2).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn tickets() {
    let ticket = text("inspect zoo:resnet50 --training --dim batch=32 --memory-limit 1.5GiB");
    insta::assert_snapshot!("resnet50", section(&ticket));
    let arguments = "--dim batch=8,seq=128 --optimizer adamw-8bit --mixed-precision bf16";
    let ticket = text(&format!("inspect zoo:bert_base --training {arguments}"));
    insta::assert_snapshot!("bert_base", section(&ticket));
}

#[test]
fn the_document() {
    let arguments = "inspect zoo:resnet50 --training --dim batch=4 --optimizer momentum --format json";
    let report: Value = serde_json::from_str(&text(arguments)).unwrap();
    let training = &report["training"];
    // What PyTorch's flop counter says of torchvision's ResNet-50 at this batch, and what its autograd keeps.
    assert_eq!(training["step_flops"], 97_196_310_528_u64);
    assert_eq!(training["saved_activation_bytes"], 343_850_496);
    assert_eq!(training["optimizer_bytes"], training["gradient_bytes"]);
    assert_eq!(training["layers"].as_array().unwrap().len(), report["layers"].as_array().unwrap().len());
    assert_eq!(training["complete"], true);
    assert!(training["checkpointing"]["within_limit"].is_null());
}

#[test]
fn options_that_need_training_or_make_no_sense() {
    assert_eq!(run("inspect zoo:lstm --memory-limit 4GiB").0, Some(2));
    assert_eq!(run("inspect zoo:lstm --training --memory-limit 4apples").0, Some(2));
    assert_eq!(run("inspect zoo:lstm --training --optimizer sdg").0, Some(2));
    assert!(text("inspect zoo:alexnet --training --memory-limit 1KiB").contains("no placement fits in 1"));
}
