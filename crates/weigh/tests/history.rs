//! `weigh history` as people meet it: series whose truth is known, what is kept by `--save`, and what is refused. Nothing
//! depends on a clock or on how fast anything is.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;
use weigh_history::{Key, Record, Store};
use weigh_report::Report;
use weigh_report::report::*;

fn weigh(data: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weigh"));
    command.args(arguments.split_whitespace()).current_dir(data).env_remove("LC_ALL");
    command.env("LC_CTYPE", "C.UTF-8").env("XDG_CONFIG_HOME", "/nowhere").env("XDG_DATA_HOME", data);
    command.output().unwrap()
}

fn page(data: &Path, arguments: &str) -> String {
    let output = weigh(data, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(data: &Path, arguments: &str) -> Value {
    serde_json::from_str(&page(data, &format!("{arguments} --format json"))).unwrap()
}

fn refusal(data: &Path, arguments: &str) -> String {
    let output = weigh(data, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments}");
    assert!(output.stdout.is_empty(), "{arguments}");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("hint: "), "{errors}");
    errors
}

fn day(day: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600 + day * 86_400)
}

/// A run of a median, on a day.
fn record(model: &str, index: u64, p50_ms: f64, version: &str, cpu: &str) -> Record {
    let around = |value: f64, part: f64| Some([value * (1.0 - part), value * (1.0 + part)]);
    let total = StageTime {
        min_ms: Some(p50_ms * 0.95),
        p50_ms: Some(p50_ms),
        p50_ci_ms: around(p50_ms, 0.015),
        p99_ms: Some(p50_ms * 1.3),
        p99_ci_ms: around(p50_ms * 1.3, 0.05),
        ..StageTime::default()
    };
    let run = Measurement {
        engine: Engine { name: "rten".into(), version: Some(version.into()) },
        provider: Some("cpu".into()),
        optimization: Some("all".into()),
        threads: Some(2),
        streams: Some(1),
        batch: Some(1),
        samples: 400,
        processes: Some(5),
        stages: Stages { total: Some(total), ..Stages::default() },
        throughput: Some(Throughput {
            per_second: Some(1e3 / p50_ms),
            ci: around(1e3 / p50_ms, 0.02),
            unit: "samples".into(),
        }),
        memory: ProcessMemory { peak_rss_bytes: Some(80 << 20), model_rss_bytes: None },
        ..Measurement::default()
    };
    let machine = HistoryMachine {
        cpu: cpu.into(),
        cores: Some(2),
        memory_gib: Some(24),
        arch: "x86_64".into(),
        os: "linux".into(),
        gpus: Vec::new(),
    };
    let settings = HistorySettings {
        engine: "rten".into(),
        provider: Some("cpu".into()),
        optimization: Some("all".into()),
        threads: Some(2),
        streams: Some(1),
        batch: Some(1),
        unit: "samples".into(),
        ..HistorySettings::default()
    };
    Record {
        key: Key { model: model.into(), fingerprint: format!("{{\"cpu\":\"{cpu}\"}}"), machine, settings },
        at: day(index),
        tag: Some(format!("c{index:02}")),
        model_digest: Some("9-cbf43926".into()),
        report: Report { measurements: vec![run], ..Report::default() },
    }
}

/// Noise of about 1 %, the same in every test.
fn noise(random: &mut fastrand::Rng) -> f64 {
    1.0 + 0.01 * (random.f64() + random.f64() + random.f64() - 1.5) * 2.0
}

/// A history in a folder: `zoo:resnet50` gets 5 % slower with run 21 and another engine with run 31; `/m/model.onnx` is
/// steady, `short` short.
fn history() -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut store = Store::open(&folder.path().join("weigh/history.db")).unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    let mut records = Vec::new();
    for index in 0..40 {
        let level = if index < 20 {
            5.0
        } else if index < 30 {
            5.25
        } else {
            4.5
        };
        let version = if index < 30 { "0.26.0" } else { "0.27.0" };
        records.push(record("zoo:resnet50", index, level * noise(&mut random), version, "AMD EPYC"));
    }
    records.extend(
        (0..30).map(|index| record("/m/model.onnx", index, 9.0 * noise(&mut random), "0.27.0", "AMD EPYC")),
    );
    records.extend((0..4).map(|index| record("short", index, 2.0, "0.27.0", "AMD EPYC")));
    store.keep(&records).unwrap();
    folder
}

#[test]
fn a_change_and_another_engine() {
    let folder = history();
    let data = folder.path();
    let text = page(data, "history zoo:resnet50");
    for part in ["the level changed once", "engine 0.26.0", "CHANGES", "worse", "#40", "2026-02-09 00:00"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let report = json(data, "history zoo:resnet50");
    let series = &report["history"]["series"][0];
    assert_eq!(series["verdict"], "changed");
    let changes = series["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert!(changes[0]["at"].as_u64().unwrap().abs_diff(20) <= 1);
    assert_eq!(changes[0]["better"], false);
    let [low, high] = [0, 1].map(|end| changes[0]["ratio_ci"][end].as_f64().unwrap());
    let ratio = changes[0]["ratio"].as_f64().unwrap();
    // Of one series no more can be held: how often intervals hold the truth is simulated beside the method.
    assert!(low < ratio && ratio < high && high - low < 0.03, "{low} {ratio} {high}");
    assert!((ratio - 1.05).abs() < 0.02, "{ratio}");
    let marks = series["marks"].as_array().unwrap();
    assert_eq!(
        (marks.len(), marks[0]["at"].as_u64(), marks[0]["kind"].as_str()),
        (1, Some(30), Some("engine"))
    );
    assert!(marks[0]["ratio"].as_f64().unwrap() < 0.9);
    // As one series, the engine's change is a change of level.
    let across = json(data, "history zoo:resnet50 --across");
    let changes = across["history"]["series"][0]["changes"].as_array().unwrap().clone();
    let places: Vec<u64> = changes.iter().map(|change| change["at"].as_u64().unwrap()).collect();
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places[0].abs_diff(20) <= 1 && places[1] == 30, "{places:?}");
}

#[test]
fn noise_is_no_change_and_few_runs_say_so() {
    let folder = history();
    let data = folder.path();
    let steady = json(data, "history /m/model.onnx");
    assert_eq!(steady["history"]["series"][0]["verdict"], "steady");
    // By the name of the file alone.
    assert_eq!(json(data, "history model.onnx")["history"], steady["history"]);
    let short = page(data, "history short");
    assert!(short.contains("too few") && !short.contains("no change"));
}

#[test]
fn other_figures_and_fewer_runs() {
    let folder = history();
    let data = folder.path();
    let values = |arguments: &str| {
        let report = json(data, &format!("history zoo:resnet50 {arguments}"));
        let history = report["history"].clone();
        (history["unit"].as_str().unwrap().to_owned(), history["series"][0].clone())
    };
    let (unit, series) = values("--metric throughput");
    assert_eq!(unit, "/s");
    // Less throughput is worse.
    assert_eq!(series["changes"][0]["better"], false);
    assert!(series["changes"][0]["ratio"].as_f64().unwrap() < 1.0);
    let (unit, series) = values("--metric peak_rss");
    assert_eq!((unit.as_str(), series["verdict"].as_str()), ("bytes", Some("steady")));
    let (_, series) = values("--metric energy");
    assert_eq!(series["verdict"], "too_short");
    assert!(series["notes"].to_string().contains("40 runs have no energy"), "{}", series["notes"]);
    let (_, series) = values("--last 3");
    assert_eq!((series["runs"].as_array().unwrap().len(), series["kept"].as_u64()), (3, Some(40)));
    let (_, series) = values("--since 2026-02-05");
    assert_eq!(series["runs"].as_array().unwrap().len(), 5);
    let (_, series) = values("--since 7d --at 2026-02-10T00:00:00Z");
    assert_eq!(series["runs"].as_array().unwrap().len(), 7);
    assert!(refusal(data, "history zoo:resnet50 --since 2027-01-01").contains("so new"));
}

#[test]
fn every_format_has_every_run() {
    let folder = history();
    let data = folder.path();
    assert!(page(data, "history").contains("zoo:resnet50"));
    assert!(page(data, "history short --format markdown").contains("#74 |"));
    assert!(
        page(data, "history short --format csv")
            .lines()
            .last()
            .unwrap()
            .starts_with("short,rten,cpu,all,2,1,1,")
    );
    assert_eq!(page(data, "history zoo:resnet50 --format csv").lines().count(), 41);
    assert_eq!(page(data, "history --format csv").lines().count(), 4);
    assert!(page(data, "history --format markdown").contains("| 40 |"));
    let ascii = Command::new(env!("CARGO_BIN_EXE_weigh"))
        .args(["history", "zoo:resnet50"])
        .env("LC_ALL", "C")
        .env("XDG_DATA_HOME", data)
        .output()
        .unwrap();
    assert!(ascii.stdout.is_ascii());
    // Another program reads it with the published schema.
    let schema: Value = serde_json::from_str(&page(data, "schema")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for arguments in ["history", "history zoo:resnet50", "history --run 3"] {
        let report = json(data, arguments);
        let problems: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{arguments}: {problems:?}");
    }
    // A history that was saved is shown again.
    std::fs::write(data.join("saved.json"), page(data, "history short --format json")).unwrap();
    assert_eq!(page(data, "render saved.json"), page(data, "history short"));
}

#[test]
fn a_run_is_shown_again_and_forgotten() {
    let folder = history();
    let data = folder.path();
    let report = json(data, "history --run 1");
    assert_eq!(report["measurements"][0]["samples"], 400);
    assert!(page(data, "history --run 1").contains("400"));
    assert!(refusal(data, "history --run 1000").contains("no run 1000"));
    let output = weigh(data, "history --run 1 --forget");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "forgot 1 run\n");
    refusal(data, "history --run 1");
    weigh(data, "history zoo:resnet50 --since 2026-02-05 --forget");
    assert_eq!(json(data, "history zoo:resnet50")["history"]["series"][0]["kept"], 34);
    weigh(data, "history short --forget");
    assert!(refusal(data, "history short").contains("nothing was kept of 'short'"));
    assert!(refusal(data, "history --forget").contains("everything"));
}

#[test]
fn machines_are_apart_unless_asked() {
    let folder = TempDir::new().unwrap();
    let data = folder.path();
    let mut store = Store::open(&data.join("weigh/history.db")).unwrap();
    let both = (0..10).map(|index| {
        let (level, cpu) = if index % 2 == 0 { (5.0, "AMD EPYC") } else { (9.0, "Intel Xeon") };
        record("m", index, level, "0.27.0", cpu)
    });
    store.keep(&both.collect::<Vec<_>>()).unwrap();
    assert_eq!(json(data, "history m")["history"]["series"].as_array().unwrap().len(), 2);
    let across = json(data, "history m --across");
    let series = &across["history"]["series"];
    assert_eq!((series.as_array().unwrap().len(), series[0]["marks"].as_array().unwrap().len()), (1, 9));
    assert_eq!(series[0]["machines"].as_array().unwrap().len(), 2);
}

#[test]
fn hostile_names_are_harmless() {
    let folder = TempDir::new().unwrap();
    let data = folder.path();
    let mut store = Store::open(&data.join("weigh/history.db")).unwrap();
    let hostile = "a\u{1b}[31m|b\u{202e}c\n<script>";
    let mut records: Vec<Record> =
        (0..3).map(|index| record(hostile, index, 5.0, hostile, hostile)).collect();
    records[1].tag = Some(hostile.repeat(100));
    records[2].report.measurements[0].engine.version = Some("x".repeat(1000));
    store.keep(&records).unwrap();
    for format in ["table", "markdown", "csv", "json"] {
        let page = page(data, &format!("history --format {format}"));
        assert!(!page.contains(['\u{1b}', '\u{202e}']), "{format}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_weigh"));
        let output = command
            .args(["history", hostile, "--format", format])
            .env("XDG_DATA_HOME", data)
            .output()
            .unwrap();
        let page = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(!page.contains(['\u{1b}', '\u{202e}']), "{format}");
        assert!(format != "table" || page.lines().all(|line| line.chars().count() <= 100), "{page}");
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = TempDir::new().unwrap();
    let data = folder.path();
    assert!(refusal(data, "history").contains("there is no history at"));
    std::fs::write(data.join("text.db"), "nothing".repeat(1000)).unwrap();
    assert!(refusal(data, "history --history text.db").contains("no history of weigh"));
    assert!(refusal(data, "measure zoo:lstm --save --history text.db").contains("no history of weigh"));
    assert!(refusal(data, "measure zoo:lstm --save --history text.db/below.db").contains("cannot be used"));
    assert!(refusal(data, "measure zoo:lstm --versus zoo:lstm --save").contains("exclude"));
    assert!(refusal(data, "history m --metric latencey").contains("latency"));
}

/// The one that measures: two short runs of a small model, at times that are given.
#[test]
fn what_is_measured_is_kept() {
    let folder = TempDir::new().unwrap();
    let data = folder.path();
    let short = "--engine rten --dim seq=2 --processes 2 --min-time 0.02 --save";
    for day in ["2026-01-01", "2026-01-02T03:04:05Z"] {
        let arguments =
            format!("measure zoo:lstm --batch 1,2 {short} --tag first --at {day} --history own.db");
        let output = weigh(data, &arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{errors}");
        assert!(errors.contains("kept 2 runs of lstm"), "{errors}");
    }
    let report = json(data, "history lstm --history own.db");
    let series = report["history"]["series"].as_array().unwrap();
    assert_eq!(series.len(), 2, "a batch is a series");
    let runs = series[0]["runs"].as_array().unwrap();
    let times: Vec<&str> = runs.iter().map(|run| run["at"].as_str().unwrap()).collect();
    assert_eq!(times, ["2026-01-01T00:00:00Z", "2026-01-02T03:04:05Z"]);
    assert_eq!(runs[0]["tag"], "first");
    assert_eq!(runs[0]["value"], runs[0]["p50_ms"]);
    let again = json(data, "history --run 1 --history own.db");
    assert_eq!(again["measurements"][0]["stages"]["total"]["p50_ms"], runs[0]["value"]);
    assert!(again["measurements"][0]["times"].is_null());
    assert!(again["made_by"]["command"].as_str().unwrap().starts_with("weigh measure zoo:lstm"));
}
