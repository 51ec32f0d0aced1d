//! Predictions for devices of the table beside times that a vendor has published: docs/predicting.md has the table.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::collections::BTreeMap;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const BATCHES: [u64; 3] = [1, 8, 32];
const SEQUENCES: [u64; 3] = [32, 128, 384];

/// Milliseconds of the twelve layers of BERT-base in FasterTransformer 5.1, by device and type: for each batch the three
/// lengths. Source: NVIDIA, FasterTransformer, docs/bert_guide.md, "Single GPU BERT performance", columns FT; A100, T4 and
/// V100 from the tables of TensorFlow, A10 from those of PyTorch. FP32 is without TF32.
const PUBLISHED: [(&str, &str, [f64; 9]); 8] = [
    ("t4", "fp32", [2.51, 6.11, 19.01, 11.44, 42.88, 140.36, 41.66, 162.62, 552.46]),
    ("t4", "fp16", [1.92, 2.57, 3.85, 2.69, 8.31, 24.37, 8.40, 32.32, 97.66]),
    ("v100", "fp32", [1.56, 2.90, 6.72, 4.65, 15.51, 48.70, 15.24, 57.85, 188.17]),
    ("v100", "fp16", [1.13, 1.43, 2.12, 1.74, 3.59, 10.60, 3.55, 12.41, 40.20]),
    ("a10", "fp32", [2.08, 3.58, 7.95, 5.83, 16.82, 54.49, 17.13, 68.22, 213.87]),
    ("a10", "fp16", [1.06, 1.02, 2.30, 1.54, 4.02, 10.91, 3.92, 15.30, 43.74]),
    ("a100-40gb", "fp32", [1.87, 4.70, 6.61, 4.59, 12.54, 36.66, 13.24, 45.02, 143.41]),
    ("a100-40gb", "fp16", [0.90, 1.00, 1.33, 1.04, 1.77, 4.39, 1.77, 4.81, 14.67]),
];

const BEGIN: &str = "<!-- generated: UPDATE_DOCS=1 cargo test -p weigh --test published -->\n";
const END: &str = "<!-- end -->";

/// A prediction beside what was published.
struct Row {
    device: &'static str,
    dtype: &'static str,
    measured_ms: f64,
    predicted_ms: f64,
    is_inside: bool,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.predicted_ms / self.measured_ms
    }
}

/// The interval is a factor of two, and promised to hold more often than not.
#[test]
fn published_times_of_bert_lie_inside_the_intervals() {
    let rows = rows();
    let inside = rows.iter().filter(|row| row.is_inside).count();
    assert!(10 * inside >= 9 * rows.len(), "{inside} of {}", rows.len());
    let agreement = rank_correlation(&rows);
    assert!(agreement >= 0.97, "rank correlation {agreement}");

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/predicting.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the beginning is marked");
    let (_, after) = rest.split_once(END).expect("the end is marked");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table(&rows, inside, agreement));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, wanted).unwrap();
    } else {
        assert!(page == wanted, "docs/predicting.md is out of date: run with UPDATE_DOCS=1");
    }
}

fn rows() -> Vec<Row> {
    let mut predicted = BTreeMap::new();
    for dtype in ["fp32", "fp16"] {
        for sequence in SEQUENCES {
            for prediction in predictions(dtype, sequence) {
                let device = prediction["device"].as_str().unwrap().to_owned();
                let batch = prediction["batch"].as_u64().unwrap();
                predicted.insert((device, dtype, batch, sequence), prediction);
            }
        }
    }
    let sizes = BATCHES.iter().flat_map(|batch| SEQUENCES.map(|sequence| (*batch, sequence)));
    let sizes: Vec<(u64, u64)> = sizes.collect();
    let row = |device: &'static str, dtype: &'static str, (batch, sequence): (u64, u64), measured_ms: f64| {
        let found = &predicted[&(device.to_owned(), dtype, batch, sequence)];
        let [low, high] = [0, 1].map(|end| found["predicted_ci_ms"][end].as_f64().unwrap());
        let is_inside = (low..=high).contains(&measured_ms);
        Row { device, dtype, measured_ms, predicted_ms: found["predicted_ms"].as_f64().unwrap(), is_inside }
    };
    let of_device = |(device, dtype, times): &(&'static str, &'static str, [f64; 9])| {
        let times = sizes.iter().zip(times);
        times.map(|(size, measured_ms)| row(device, dtype, *size, *measured_ms)).collect::<Vec<_>>()
    };
    PUBLISHED.iter().flat_map(of_device).collect()
}

/// For every device and batch.
fn predictions(dtype: &str, sequence: u64) -> Vec<Value> {
    let arguments = format!(
        "predict zoo:bert_base --dim seq={sequence} --on t4,v100,a10,a100-40gb --batch 1,8,32 --dtype {dtype} --format json"
    );
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.args(arguments.split_whitespace()).env("XDG_CONFIG_HOME", "/nowhere");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["predictions"].as_array().unwrap().clone()
}

/// Spearman's: what the ranks of both times have in common.
fn rank_correlation(rows: &[Row]) -> f64 {
    let ranks = |time: fn(&Row) -> f64| -> Vec<f64> {
        rows.iter().map(|row| rows.iter().filter(|other| time(other) < time(row)).count() as f64).collect()
    };
    let pairs = ranks(|row| row.measured_ms).into_iter().zip(ranks(|row| row.predicted_ms));
    let apart: f64 = pairs.map(|(measured, predicted)| (measured - predicted).powi(2)).sum();
    let count = rows.len() as f64;
    1.0 - 6.0 * apart / (count * (count * count - 1.0))
}

/// How far predictions are from what was published, by device and type.
fn table(rows: &[Row], inside: usize, agreement: f64) -> String {
    let mut lines = "\n| device | type | median | least | most | inside the interval |\n\
        | --- | --- | --: | --: | --: | --: |\n"
        .to_owned();
    for (device, dtype, times) in PUBLISHED {
        let own: Vec<&Row> = rows.iter().filter(|row| row.device == device && row.dtype == dtype).collect();
        let mut ratios: Vec<f64> = own.iter().map(|row| row.ratio()).collect();
        ratios.sort_by(f64::total_cmp);
        let kept = own.iter().filter(|row| row.is_inside).count();
        let [least, median, most] = [0, times.len() / 2, times.len() - 1].map(|at| ratios[at]);
        lines += &format!(
            "| {device} | {dtype} | {median:.2} | {least:.2} | {most:.2} | {kept} of {} |\n",
            times.len()
        );
    }
    lines
        + &format!(
            "\nPredicted / measured. All in all {inside} of {} are inside their intervals; the rank correlation is {agreement:.3}.\n\n",
            rows.len()
        )
}
