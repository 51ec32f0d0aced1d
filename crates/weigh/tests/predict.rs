//! `weigh predict` and `measure --explain`: on devices of the table, and on this machine by a calibration that is made up
//! here, so that nothing depends on how fast anything is.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;
use weigh::Calibration;
use weigh_hardware::Machine;
use weigh_hardware::ceilings::{Bandwidth, Ceilings, Kind, Level, Peak};
use weigh_predict::calibrated::{EngineCalibration, Profiler, TimedKernel};
use weigh_predict::{Products, Workload};

fn run(arguments: &str) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.args(arguments.split_whitespace()).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    let output = command.env("XDG_CONFIG_HOME", "/nowhere").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn report(arguments: &str) -> Value {
    let (code, text, errors) = run(&format!("{arguments} --format json"));
    assert_eq!(code, Some(0), "{arguments}: {errors}");
    serde_json::from_str(&text).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// 4.1 GFLOPs on 35.6 TFLOPS: 0.115 ms in theory; 5 ms measured are 2.3 %.
#[test]
fn the_worked_example() {
    let arguments = "predict --flops 4.1G --on rtx-3090 --measured 5ms";
    let prediction = &report(arguments)["predictions"][0];
    assert_eq!(format!("{:.3}", number(&prediction["theoretical_ms"])), "0.115");
    assert_eq!(format!("{:.3}", number(&prediction["efficiency"])), "0.023");
    let (_, text, _) = run(arguments);
    assert!(text.contains("0.115 ms") && text.contains("2.3 %"), "{text}");
}

/// An option that figures without a model cannot heed is refused, and a device named twice is one.
#[test]
fn nothing_is_ignored_in_silence() {
    for option in ["--batch 8", "--within 5ms", "--rate 30", "--grid 250", "--training"] {
        let (code, _, errors) = run(&format!("predict --flops 4.1G --on rtx-3090 {option}"));
        assert!(code == Some(2) && errors.contains("cannot be used with"), "{option}: {errors}");
    }
    let twice = report("predict zoo:alexnet --on t4,t4");
    assert_eq!(twice["predictions"].as_array().map(Vec::len), Some(1));
}

/// 4.1 GFLOPs at 35.6 TFLOPS take less than 1 GB at 936 GB/s.
#[test]
fn bytes_may_take_longer_than_arithmetic() {
    let prediction = &report("predict --flops 4.1G --bytes 1G --on rtx-3090")["predictions"][0];
    assert_eq!(prediction["bound"], "memory");
    assert_eq!(format!("{:.2}", number(&prediction["roofline_ms"])), "1.07");
}

#[test]
fn a_device_has_a_bound_an_expectation_and_a_fit() {
    let report = report("predict zoo:resnet50 --on rtx-3090,stm32h743 --batch 1,8 --within 20ms --grid 400");
    let predictions = report["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 4);
    for prediction in predictions {
        let [theory, roofline, expected] =
            ["theoretical_ms", "roofline_ms", "predicted_ms"].map(|key| number(&prediction[key]));
        assert!(theory > 0.0 && theory <= roofline * 1.0001 && roofline < expected, "{prediction}");
        assert_eq!(prediction["basis"], "device_class");
        let shares: f64 =
            prediction["by_bound"].as_array().unwrap().iter().map(|share| number(&share["ms"])).sum();
        assert!((shares / expected - 1.0).abs() < 1e-9);
        for estimate in prediction["energy"].as_array().unwrap() {
            assert_eq!(estimate["basis"], "modelled");
            assert!(number(&estimate["grams_co2e_per_million"]) > 0.0);
        }
    }
    // 8.178 GFLOPs at 35.6 TFLOPS.
    assert_eq!(format!("{:.4}", number(&predictions[0]["theoretical_ms"])), "0.2297");
    assert_eq!((&predictions[0]["fits"], &predictions[2]["fits"]), (&Value::Bool(true), &Value::Bool(false)));
    assert!(
        number(&predictions[0]["largest_batch_in_memory"]) > number(&predictions[0]["largest_batch_in_time"])
    );
    assert!(predictions[2]["fit"]["flash_bytes"].is_u64() && predictions[2]["fit"]["remedies"].is_array());
}

/// Half the bytes, another peak, the same FLOPs.
#[test]
fn another_type_and_a_training_step() {
    let half = &report("predict zoo:resnet18 --on a100-80gb --dtype fp16")["predictions"][0];
    let full = &report("predict zoo:resnet18 --on a100-80gb")["predictions"][0];
    assert_eq!((&half["dtype"], &full["dtype"]), (&"float16".into(), &"float32".into()));
    assert!(number(&half["predicted_ms"]) < number(&full["predicted_ms"]));
    let step = &report("predict zoo:resnet18 --on a100-80gb --training")["predictions"][0];
    let factor = number(&step["theoretical_ms"]) / number(&full["theoretical_ms"]);
    // The first convolution's input wants no gradient; everything else goes forward once and backward twice.
    assert!((2.8..3.0).contains(&factor), "{factor}");
}

/// A step keeps what an inference forgets: at batch 1024 no T4 holds it.
#[test]
fn a_training_step_has_its_own_memory() {
    let arguments = "zoo:resnet50 --on t4 --batch 1024";
    let step = &report(&format!("predict {arguments} --training"))["predictions"][0];
    let inference = &report(&format!("predict {arguments}"))["predictions"][0];
    assert_eq!((&step["fits"], &inference["fits"]), (&Value::Bool(false), &Value::Bool(true)));
    assert!(number(&step["memory_bytes"]) > 5.0 * number(&inference["memory_bytes"]));
    assert_eq!(step["energy"].as_array().unwrap().len(), 1, "what a step moves is not known");
}

/// The energy of a sample falls with the batch or stays; a battery that cannot keep a rate has no hours at it, and an
/// energy of which nothing is known is none.
#[test]
fn energy_is_of_a_sample() {
    let device = "predict zoo:resnet50 --on iphone-12-gpu --batch";
    let joules =
        |batch: u64| number(&report(&format!("{device} {batch}"))["predictions"][0]["energy"][0]["joules"]);
    assert!(joules(8) <= joules(1));
    let kept = &report(&format!("{device} 1 --rate 1"))["predictions"][0];
    let lost = &report(&format!("{device} 1 --rate 100000"))["predictions"][0];
    assert!(number(&kept["energy"][0]["battery_hours"]) > 0.0);
    assert!(
        lost["energy"][0]["battery_hours"].is_null() && lost["notes"].to_string().contains("cannot keep")
    );
    let unknown = &report("predict zoo:mobilenet_v2 --on coral-edge-tpu")["predictions"][0];
    assert!(unknown["predicted_ms"].is_null());
    assert_eq!(unknown["energy"].as_array().unwrap().len(), 0, "{unknown}");
}

#[test]
fn what_is_asked_wrongly() {
    let (code, _, errors) = run("predict zoo:bert_base --on t4");
    assert_eq!(code, Some(2));
    assert!(errors.contains("bind with --dim seq=N"), "{errors}");
    let (_, text, _) = run("predict --flops 4.1G --on rtx-3090 --measured 0.05ms");
    assert!(text.contains("below the bound"), "{text}");
    let (_, text, _) = run("predict zoo:resnet18 --on t4 --batch 1,8 --within 50ms");
    assert!(text.contains("largest batch expected within 50 ms:"), "{text}");
    let (code, _, errors) = run("predict zoo:resnet18 --on rtx-3091");
    assert_eq!(code, Some(2));
    assert!(errors.contains("rtx-3090") && errors.contains("hint:"), "{errors}");
    let (code, _, errors) = run("predict zoo:resnet18");
    assert_eq!(code, Some(2));
    assert!(errors.contains("not calibrated") && errors.contains("weigh hardware calibrate"), "{errors}");
    let (code, _, errors) = run("predict --flops 4.1X --on rtx-3090");
    assert_eq!(code, Some(2));
    assert!(errors.contains("is not a count"), "{errors}");
    let (code, _, errors) = run("predict zoo:resnet18 --on t4 --hardware /nowhere/devices.toml");
    assert_eq!(code, Some(2));
    assert!(errors.contains("/nowhere/devices.toml"), "{errors}");
}

/// A calibration with 100 GFLOPS, 10 GB/s, and kernels at half the peak that take 5 µs to start.
fn calibration(machine: &Machine) -> Calibration {
    let peak = Peak {
        dtype: "float32".to_owned(),
        instructions: "avx2".to_owned(),
        threads: 1,
        flops_per_s: 1e11,
        median_flops_per_s: 1e11,
    };
    let bandwidth = Bandwidth {
        level: "DRAM".to_owned(),
        working_set_bytes: 1 << 30,
        kind: Kind::Triad,
        instructions: "avx2".to_owned(),
        threads: 1,
        bytes_per_s: 1e10,
        median_bytes_per_s: 1e10,
    };
    let level = Level {
        level: "DRAM".to_owned(),
        threads: 1,
        working_set_bytes: 1 << 30,
        source: "made up".to_owned(),
    };
    let ceilings = Ceilings {
        date: "2026-01-01T00:00:00Z".to_owned(),
        fingerprint: Some(machine.fingerprint()),
        peaks: vec![peak],
        bandwidth: vec![bandwidth],
        levels: vec![level],
        ..Ceilings::default()
    };
    let kernel = |kind: &str, macs: f64, bytes: f64| {
        let products = Products {
            groups: 1.0,
            rows: macs / 1e4,
            columns: 100.0,
            depth: 100.0,
            window: 1.0,
            stride: 1.0,
        };
        TimedKernel {
            work: Workload {
                kind: kind.to_owned(),
                dtype: Some("float32".to_owned()),
                macs,
                other_ops: 0.0,
                read_bytes: bytes,
                weight_bytes: 0.0,
                written_bytes: 0.0,
                products: (macs > 0.0).then_some(products),
            },
            us: 5.0 + macs / 25_000.0 + bytes / 10_000.0,
        }
    };
    let sizes = [1e5, 1e6, 1e7, 1e8, 1e9];
    let kernels = sizes.iter().flat_map(|size| {
        ["convolution", "depthwise convolution", "product with weights"]
            .map(|kind| kernel(kind, *size, 0.0))
            .into_iter()
            .chain([kernel("MaxPool", 0.0, *size), kernel("Relu", 0.0, *size)])
    });
    let engine = EngineCalibration {
        engine: "rten".to_owned(),
        version: "0".to_owned(),
        threads: 1,
        run_us: 10.0,
        profiler: Profiler { kernel_us: 0.0, product_us: 0.0 },
        kernels: kernels.collect(),
        checks: Vec::new(),
    };
    Calibration::new(ceilings, vec![engine])
}

fn saved(folder: &TempDir, machine: &Machine) -> PathBuf {
    let path = folder.path().join("calibration.json");
    calibration(machine).save(&path).unwrap();
    path
}

fn options(path: &Path) -> String {
    format!("--engine rten --threads 1 --calibration {}", path.display())
}

/// 819 M MACs (SqueezeNet 1.0) at half of 100 GFLOPS are 32.8 ms and little else.
#[test]
fn this_machine_is_predicted_by_its_calibration() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, &Machine::detect());
    let report = report(&format!("predict zoo:squeezenet1_0 --batch 1,2 {}", options(&path)));
    let [one, two] = [0, 1].map(|index| &report["predictions"][index]);
    assert_eq!((&one["device"], &one["basis"]), (&"this".into(), &"calibrated".into()));
    let expected = number(&one["predicted_ms"]);
    assert!((30.0..45.0).contains(&expected), "{expected}");
    let [low, high] = [0, 1].map(|end| number(&one["predicted_ci_ms"][end]));
    assert!(low < expected && expected < high);
    assert!((1.7..2.1).contains(&(number(&two["predicted_ms"]) / expected)));
    let layers = one["layers"].as_array().unwrap();
    let sum: f64 = layers.iter().map(|layer| number(&layer["predicted_ms"])).sum();
    assert!((sum + 0.01 - expected).abs() < 1e-6, "the layers and entering the engine are the whole");
}

#[test]
fn a_calibration_of_another_machine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = Machine { cpu: "Another Processor 9000".to_owned(), ..Machine::detect() };
    let path = saved(&folder, &other);
    let (code, _, errors) = run(&format!("predict zoo:squeezenet1_0 {}", options(&path)));
    assert_eq!(code, Some(2));
    assert!(errors.contains("another machine") && errors.contains("Another Processor 9000"), "{errors}");
    assert!(errors.contains("hint: run `weigh hardware calibrate`"), "{errors}");
    let path = saved(&folder, &Machine::detect());
    let (code, _, errors) =
        run(&format!("predict zoo:squeezenet1_0 --engine rten --threads 3 --calibration {}", path.display()));
    assert_eq!(code, Some(2));
    assert!(errors.contains("3 thread(s) was not calibrated"), "{errors}");
}

/// Workers that told what they would run leave nothing in the folder for temporary files.
#[test]
fn nothing_is_left_behind() {
    let (folder, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = saved(&folder, &Machine::detect());
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.args(["predict", "zoo:squeezenet1_0", "--batch", "1,2"]).args(options(&path).split_whitespace());
    command.env("TMPDIR", scratch.path()).assert().success();
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn the_parts_of_a_gap_are_the_measured_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, &Machine::detect());
    let short = "--processes 2 --min-time 0.02";
    let report = report(&format!("measure zoo:squeezenet1_0 --explain --energy {short} {}", options(&path)));
    let row = &report["measurements"][0];
    let gap = &row["gap"];
    let sum: f64 = gap["parts"].as_array().unwrap().iter().map(|part| number(&part["ms"])).sum();
    let measured = number(&row["stages"]["inference"]["p50_ms"]);
    assert!((sum / measured - 1.0).abs() < 1e-9, "{gap}");
    assert!((number(&gap["efficiency"]) * measured - number(&gap["theoretical_ms"])).abs() < 1e-9);
    // Measured where a counter can be read, else modelled; told either way.
    let energy = row["energy"].as_array().unwrap();
    assert!(!energy.is_empty());
    for estimate in energy {
        let basis = estimate["basis"].as_str().unwrap();
        assert!(["measured", "modelled"].contains(&basis) && number(&estimate["joules"]) > 0.0, "{estimate}");
    }
}
