//! Devices as the command shows them, users' own among them. The snapshots were read by eye.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// The exit code, standard output and standard error of a run with this configuration folder.
fn run(config: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.arg("hardware").args(arguments).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    let output = command.env("XDG_CONFIG_HOME", config).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What is printed where nothing goes wrong and there is no configuration.
fn text(arguments: &[&str]) -> String {
    let (code, text, errors) = run(Path::new("/nowhere"), arguments);
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}");
    text
}

#[test]
fn tables() {
    let list = text(&["list", "--class", "microcontroller"]);
    insta::assert_snapshot!("microcontrollers", list);
    let shown = text(&["show", "RTX 3090"]);
    insta::assert_snapshot!("rtx_3090", shown);
    let list = text(&["list"]);
    for class in ["ACCELERATOR", "PROCESSOR", "EDGE", "MICROCONTROLLER"] {
        assert_eq!(list.lines().filter(|line| line.starts_with(class)).count(), 1, "{list}");
    }
    let count = list.lines().filter(|line| line.starts_with("  ")).count();
    assert!(count >= 45, "{count}");
}

#[test]
fn the_same_in_every_format() {
    let json: Value = serde_json::from_str(&text(&["show", "h100-sxm", "--format", "json"])).unwrap();
    assert_eq!(json["devices"][0]["peak_flops"]["fp16"]["dense"], 989.4e12);
    assert_eq!(json["devices"][0]["peak_flops"]["fp16"]["sparse"], 1978.9e12);
    assert_eq!(json["devices"][0]["slower_flops"]["fp16"]["dense"], 133.8e12);
    assert_eq!(json["devices"][0]["memory_bytes"]["value"], 80u64 << 30);
    let csv = text(&["show", "h100-sxm", "--format", "csv"]);
    assert!(csv.contains(",fp16 matrix,989400000000000,FLOP/s,datasheet,"), "{csv}");
    let markdown = text(&["show", "h100-sxm", "--format", "markdown"]);
    assert!(markdown.contains("| fp16 matrix, sparse | 1.979 PFLOPS | datasheet |"), "{markdown}");
    let both = text(&["show", "t4", "l4", "--format", "json"]);
    assert_eq!(both.matches("\"weigh.report/1\"").count(), 2);
}

#[test]
fn unknown_names() {
    for (name, hint) in [
        ("rtx-3080", "hint: did you mean rtx-3090 or "),
        ("h100", "hint: did you mean h100-sxm or h100-pcie? `weigh hardware list` names all\n"),
        ("nonsense", "hint: `weigh hardware list` names all\n"),
    ] {
        let (code, text, errors) = run(Path::new("/nowhere"), &["show", name]);
        assert_eq!((code, text.as_str()), (Some(2), ""), "{name}");
        assert!(errors.starts_with(&format!("error: no device '{name}'\n{hint}")), "{errors}");
    }
}

const BOARD: &str = r#"
[sources.bench]
title = "my bench"
date = "2026-11"

[[device]]
id = "rtx-3090"
class = "accelerator"
source = "bench"
vector.fp32 = "30 TFLOPS"
memory.main = { size = "24 GiB", bandwidth = "900 GB/s" }
"#;

#[test]
fn devices_of_ones_own() {
    let config = tempfile::tempdir().unwrap();
    let folder = config.path().join("weigh/devices");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mine.toml"), BOARD).unwrap();
    let (code, page, errors) = run(config.path(), &["show", "rtx-3090"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(page.contains("30.00 TFLOPS") && page.contains("rtx-3090 is that of "), "{page}");

    let file = config.path().join("board.toml");
    fs::write(&file, BOARD.replace("rtx-3090", "my-board")).unwrap();
    let option = ["--hardware", file.to_str().unwrap()];
    let (_, page, _) = run(config.path(), &[&["list", "--class", "accelerator"], &option[..]].concat());
    assert!(page.contains("\n  my-board "), "{page}");

    fs::write(&file, BOARD.replace("30 TFLOPS", "-30 TFLOPS")).unwrap();
    let (code, page, errors) = run(config.path(), &[&["show", "t4"], &option[..]].concat());
    assert_eq!((code, page.as_str()), (Some(2), ""));
    let place = format!("error: {}, line 10: rtx-3090: vector.fp32: ", file.display());
    assert!(errors.starts_with(&place) && errors.contains("\nhint: "), "{errors}");
}
