//! `weigh measure` as people meet it: real runs of the embedded engine, short ones. Nothing depends on how fast
//! anything is.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// As little as makes a measurement.
const SHORT: &str = "--engine rten --processes 2 --min-time 0.02";

fn command(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weigh"));
    command.args(arguments.split_whitespace()).env("LC_CTYPE", "C.UTF-8").env("XDG_CONFIG_HOME", "/nowhere");
    command
}

fn measure(arguments: &str) -> Output {
    command(&format!("measure {arguments} {SHORT} --format json")).output().unwrap()
}

fn report(arguments: &str) -> Value {
    let output = measure(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A small model with an open batch: squeezenet at a low resolution is still 50 layers.
const MODEL: &str = "zoo:mobilenet_v3_small";

#[test]
fn one_configuration() {
    let report = report(MODEL);
    let measurement = &report["measurements"][0];
    assert_eq!(measurement["engine"]["name"], "rten");
    assert_eq!((measurement["processes"].as_u64(), measurement["batch"].as_u64()), (Some(2), Some(1)));
    assert!(measurement["samples"].as_u64().unwrap() >= 30);
    let total = &measurement["stages"]["total"];
    let at = |key: &str| total[key].as_f64().unwrap();
    assert!(at("min_ms") <= at("p50_ms") && at("p50_ms") <= at("p90_ms"));
    assert!(total["p99_ms"].is_null(), "30 samples cannot tell");
    assert_eq!(total["refused"]["p99"], 299);
    assert!(measurement["stages"]["load"].is_null(), "nothing was loaded");
    assert!(measurement["warm_up"]["runs"].as_u64().unwrap() >= 1);
    assert!(report["sweep"].is_null());
}

#[test]
fn a_grid_of_configurations() {
    let report = report(&format!("{MODEL} --batch 1,2 --streams 1,2 --slo p50<=100s --unit images"));
    let rows = report["measurements"].as_array().unwrap();
    let settings: Vec<_> =
        rows.iter().map(|row| (row["streams"].as_u64().unwrap(), row["batch"].as_u64().unwrap())).collect();
    assert_eq!(settings, [(1, 1), (1, 2), (2, 1), (2, 2)]);
    assert!(rows.iter().all(|row| row["throughput"]["unit"] == "images"));
    let sweep = &report["sweep"];
    assert!(!sweep["pareto"].as_array().unwrap().is_empty());
    let spot = sweep["sweet_spot"].as_u64().unwrap() as usize;
    assert!(spot < rows.len());
    // Everything meets a limit of 100 s, so the best is the one with the highest throughput.
    let rate = |row: &Value| row["throughput"]["per_second"].as_f64().unwrap();
    let best = sweep["slo"]["best"].as_u64().unwrap() as usize;
    assert!(rows.iter().all(|row| rate(row) <= rate(&rows[best])));
}

#[test]
fn a_model_against_itself() {
    let report = report(&format!("{MODEL} --versus {MODEL}"));
    let comparison = &report["comparisons"][0];
    assert!(comparison["ratio"].as_f64().unwrap() > 0.0);
    assert_eq!(comparison["output_difference"], 0.0);
    assert_eq!(comparison["processes"], 2);
    assert_eq!(report["measurements"].as_array().unwrap().len(), 2);
}

#[test]
fn one_model_at_two_settings() {
    let report = report(&format!("{MODEL} --opt none,all --versus"));
    let comparison = &report["comparisons"][0];
    assert_eq!(comparison["a_setting"], "--opt none");
    assert_eq!(comparison["b_setting"], "--opt all");
    assert!(comparison["output_difference"].as_f64().unwrap() < 1e-3);
}

/// Photographs of several sizes.
fn photographs(folder: &Path) {
    for (index, (width, height)) in [(320, 240), (200, 300), (257, 225)].into_iter().enumerate() {
        let pixel = |x: u32, y: u32| image::Rgb([x as u8, y as u8, (x * y % 251) as u8]);
        let picture = image::RgbImage::from_fn(width, height, pixel);
        picture.save(folder.join(format!("{index}.jpg"))).unwrap();
    }
    fs::write(folder.join("notes.xml"), "<no/>").unwrap();
}

#[test]
fn stages_of_real_pictures_add_up() {
    let folder = TempDir::new().unwrap();
    photographs(folder.path());
    let data = folder.path().display();
    let report = report(&format!(
        "{MODEL} --data {data} --preprocess imagenet --postprocess softmax-top5 --batch 1,2"
    ));
    for (row, batch) in report["measurements"].as_array().unwrap().iter().zip(1..) {
        assert_eq!(row["batch"], batch);
        let mean = |stage: &str| row["stages"][stage]["mean_ms"].as_f64().unwrap();
        let stages: f64 = ["load", "preprocess", "inference", "postprocess"].map(mean).iter().sum();
        assert!((stages - mean("total")).abs() <= 1e-9 * mean("total"), "{stages} {}", mean("total"));
        assert!(["load", "preprocess", "inference", "postprocess"].map(mean).iter().all(|&time| time > 0.0));
        assert_eq!(row["data"]["items"], 3);
        assert!(row["notes"].to_string().contains("left out of the data: 1 of .xml"), "{}", row["notes"]);
    }
}

#[test]
fn a_recipe_that_does_not_fit_is_a_failed_row() {
    let folder = TempDir::new().unwrap();
    photographs(folder.path());
    let data = folder.path().display();
    let output = measure(&format!("zoo:lstm --dim seq=2,batch=1 --data {data} --preprocess imagenet"));
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let reason = report["measurements"][0]["failed"].as_str().unwrap();
    assert!(reason.contains("input"), "{reason}");
}

#[test]
fn a_fixed_batch_is_set_to_another() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("fixed.onnx");
    let written =
        command("zoo write mobilenet_v3_small --batch 1 --weights random -o").arg(&file).output().unwrap();
    assert!(written.status.success());
    let report = report(&format!("{} --batch 1,3", file.display()));
    let rows = report["measurements"].as_array().unwrap();
    assert_eq!(rows[0]["rebatched"], serde_json::json!([]));
    assert!(rows[1]["rebatched"].to_string().contains("the batch of 1 in the file"), "{}", rows[1]);
    assert_eq!(rows[1]["batch"], 3);
}

#[test]
fn queries_under_load() {
    let run = |scenario: &str| {
        let output = measure(&format!("{MODEL} --max-time 2 --scenario {scenario}"));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let row = report["measurements"][0].clone();
        // A run on a machine that wakes late proves nothing, and says so.
        let is_void = !row["scenario"]["void"].is_null();
        assert_eq!(output.status.code(), Some(if is_void { 2 } else { 0 }), "{row:#}");
        row["scenario"].clone()
    };
    let server = run("server --rate 20 --max-batch 2 --max-delay 1ms --slo p50<=9s");
    assert_eq!(server["rate_asked"], 20.0);
    assert!(server["queries"].as_u64().unwrap() > 0, "{server:#}");
    assert!(server["max_batch"].as_u64().unwrap() <= 2);
    // The limit is judged at that rate alone.
    let probes = server["slo"]["probes"].as_array().unwrap();
    assert_eq!((probes.len(), &probes[0]["rate"]), (1, &server["rate_asked"]), "{server:#}");
    let is_met = probes[0]["status"] == "met";
    assert_eq!(server["slo"]["highest_rate"].is_number(), is_met, "{server:#}");
    // A limit too long for a single probe within the search's time: said, and the load is put at what it can bear.
    let searched = run("server --slo p50<=9s");
    assert_eq!(searched["slo"]["probes"], serde_json::json!([]));
    assert!(searched["rate_asked"].as_f64().unwrap() > 0.0);
    assert_eq!(run("single-stream")["name"], "single-stream");
    assert_eq!(run("multi-stream:4")["name"], "multi-stream:4");
    assert_eq!(run("offline --batch 4")["queries"].as_u64().unwrap() % 4, 0);
}

#[test]
fn layers_are_timed_or_it_is_said_why_not() {
    let report = report(&format!("{MODEL} --layers"));
    let row = &report["measurements"][0];
    // The embedded engine has no profile.
    assert_eq!(row["layers"], serde_json::json!([]));
    assert!(row["notes"].to_string().contains("no times of layers: "), "{}", row["notes"]);
}

#[test]
fn what_cannot_be_asked() {
    let refusal = |arguments: &str| {
        let output = measure(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refusal(&format!("{MODEL} --batch 0")).contains("'0' is no batch size"));
    assert!(refusal(&format!("{MODEL} --slo p99")).contains("p99<=50ms"));
    assert!(
        refusal(&format!("{MODEL} --versus {MODEL} --opt none,all --threads 1,2")).contains("more than two")
    );
    assert!(refusal(&format!("{MODEL} --versus {MODEL} --scenario server")).contains("exclude"));
    assert!(refusal(&format!("{MODEL} --data /no/such/folder")).contains("/no/such/folder"));
    assert!(refusal(&format!("{MODEL} --min-time 0")).contains("--min-time"));
}

/// A sweep that would take minutes, its output going to a file.
fn long_sweep(folder: &Path, arguments: &str) -> Child {
    let out = fs::File::create(folder.join("out.json")).unwrap();
    let mut sweep =
        command(&format!("measure {MODEL} --engine rten --batch 1,2 --min-time 1 --format json {arguments}"));
    sweep.stdin(Stdio::null()).stdout(out).stderr(Stdio::null()).spawn().unwrap()
}

fn written(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("out.json")).unwrap()).unwrap()
}

/// The first worker of a process, once there is one that runs as such: a child that is stopped before it has become
/// another program holds up its parent.
#[cfg(target_os = "linux")]
fn worker_of(parent: u32) -> u32 {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        let children =
            fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        let is_worker = |child: &&str| {
            let arguments = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            arguments.split(|byte| *byte == 0).nth(1) == Some(b"worker")
        };
        if let Some(child) = children.split_whitespace().find(is_worker) {
            return child.parse().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no worker was started");
}

#[cfg(target_os = "linux")]
fn signal(process: u32, name: &str) {
    let done = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status().unwrap();
    assert!(done.success());
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_worker_is_one_failed_row() {
    let folder = TempDir::new().unwrap();
    let mut sweep = long_sweep(folder.path(), "--processes 2");
    signal(worker_of(sweep.id()), "KILL");
    assert_eq!(sweep.wait().unwrap().code(), Some(2));
    let report = written(folder.path());
    let rows = report["measurements"].as_array().unwrap();
    let failed: Vec<&Value> = rows.iter().filter(|row| row["samples"] == 0).collect();
    assert_eq!((rows.len(), failed.len()), (2, 1), "{rows:#?}");
    assert!(failed[0]["failed"].as_str().unwrap().contains("when memory runs out"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_worker_that_hangs_is_one_failed_row() {
    let folder = TempDir::new().unwrap();
    let mut sweep = long_sweep(folder.path(), "--processes 2 --patience 5 --max-time 2");
    signal(worker_of(sweep.id()), "STOP");
    assert_eq!(sweep.wait().unwrap().code(), Some(2));
    let report = written(folder.path());
    let rows = report["measurements"].as_array().unwrap();
    let reasons: Vec<&str> = rows.iter().filter_map(|row| row["failed"].as_str()).collect();
    assert_eq!(reasons.len(), 1, "{rows:#?}");
    assert!(reasons[0].contains("hung: no answer in"), "{}", reasons[0]);
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_shows_what_is_finished() {
    let folder = TempDir::new().unwrap();
    let mut sweep = long_sweep(folder.path(), "--processes 500 --max-time 3600");
    // The second worker starts when the first configuration has had a process.
    let first = worker_of(sweep.id());
    while worker_of(sweep.id()) == first {
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(sweep.id(), "INT");
    assert_eq!(sweep.wait().unwrap().code(), Some(130));
    let report = written(folder.path());
    let rows = report["measurements"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["samples"].as_u64().unwrap() > 0), "{rows:#?}");
    assert_eq!(report["sweep"]["interrupted"], true);
    assert!(rows[0]["notes"].to_string().contains("interrupted: "));
}
