//! Predictions for devices of the table beside times that vendors have published: docs/predicting.md has the table.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::Value;

/// What a vendor has published for a device and an element type.
struct Published {
    what: &'static str,
    device: &'static str,
    dtype: &'static str,
    /// What is predicted, and the milliseconds that were measured.
    times: Vec<(String, f64)>,
}

/// Milliseconds of the twelve layers of BERT-base in FasterTransformer 5.1, for each batch of 1, 8 and 32 the lengths 32,
/// 128 and 384. Source: NVIDIA, FasterTransformer, docs/bert_guide.md, "Single GPU BERT performance", columns FT; A100, T4
/// and V100 from the tables of TensorFlow, A10 from those of PyTorch. FP32 is without TF32.
const BERT: [(&str, &str, [f64; 9]); 8] = [
    ("t4", "fp32", [2.51, 6.11, 19.01, 11.44, 42.88, 140.36, 41.66, 162.62, 552.46]),
    ("t4", "fp16", [1.92, 2.57, 3.85, 2.69, 8.31, 24.37, 8.40, 32.32, 97.66]),
    ("v100", "fp32", [1.56, 2.90, 6.72, 4.65, 15.51, 48.70, 15.24, 57.85, 188.17]),
    ("v100", "fp16", [1.13, 1.43, 2.12, 1.74, 3.59, 10.60, 3.55, 12.41, 40.20]),
    ("a10", "fp32", [2.08, 3.58, 7.95, 5.83, 16.82, 54.49, 17.13, 68.22, 213.87]),
    ("a10", "fp16", [1.06, 1.02, 2.30, 1.54, 4.02, 10.91, 3.92, 15.30, 43.74]),
    ("a100-40gb", "fp32", [1.87, 4.70, 6.61, 4.59, 12.54, 36.66, 13.24, 45.02, 143.41]),
    ("a100-40gb", "fp16", [0.90, 1.00, 1.33, 1.04, 1.77, 4.39, 1.77, 4.81, 14.67]),
];

/// Milliseconds on the Edge TPU behind USB 3. Source: Google, Coral, "Edge TPU performance benchmarks", table 1.
const IMAGES: [(&str, f64); 8] = [
    ("zoo:mobilenet_v1", 2.4),
    ("zoo:mobilenet_v2", 2.6),
    ("zoo:squeezenet1_0", 2.1),
    ("zoo:densenet121", 20.0),
    ("zoo:resnet50 --input input:1x3x299x299", 49.0),
    ("zoo:resnet152 --input input:1x3x299x299", 128.0),
    ("zoo:vgg16", 296.0),
    ("zoo:vgg19", 308.0),
];

fn published() -> Vec<Published> {
    let sizes = || [1, 8, 32].into_iter().flat_map(|batch| [32, 128, 384].map(|tokens| (batch, tokens)));
    let bert = |(device, dtype, times): (&'static str, &'static str, [f64; 9])| {
        let model = |(batch, tokens)| format!("zoo:bert_base --batch {batch} --dim seq={tokens}");
        Published { what: "BERT-base", device, dtype, times: sizes().map(model).zip(times).collect() }
    };
    let images = Published {
        what: "image classifiers",
        device: "coral-edge-tpu",
        dtype: "int8",
        times: IMAGES.map(|(model, time)| (model.to_owned(), time)).to_vec(),
    };
    BERT.into_iter().map(bert).chain([images]).collect()
}

/// A prediction beside what was measured.
struct Row {
    measured_ms: f64,
    predicted_ms: f64,
    is_inside: bool,
}

const BEGIN: &str = "<!-- generated: UPDATE_DOCS=1 cargo test -p weigh --test published -->\n";

/// The interval is a factor of two, and promised to hold more often than not.
#[test]
fn published_times_lie_inside_the_intervals() {
    let groups: Vec<(Published, Vec<Row>)> = published()
        .into_iter()
        .map(|group| {
            let rows = group.times.iter().map(|(model, time)| row(&group, model, *time)).collect();
            (group, rows)
        })
        .collect();
    let rows: Vec<&Row> = groups.iter().flat_map(|(_, rows)| rows).collect();
    let inside = rows.iter().filter(|row| row.is_inside).count();
    assert!(10 * inside >= 9 * rows.len(), "{inside} of {}", rows.len());
    let agreement = rank_correlation(&rows);
    assert!(agreement >= 0.97, "rank correlation {agreement}");

    let summary = format!(
        "\nPredicted / measured. All in all {inside} of {} are inside their intervals; the rank correlation is {agreement:.3}.\n\n",
        rows.len()
    );
    documentation::keep_part("predicting.md", BEGIN, &(table(&groups) + &summary));
}

fn row(group: &Published, model: &str, measured_ms: f64) -> Row {
    let arguments = format!("predict {model} --on {} --dtype {} --format json", group.device, group.dtype);
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.args(arguments.split_whitespace()).env("XDG_CONFIG_HOME", "/nowhere");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = &report["predictions"][0];
    let [low, high] = [0, 1].map(|end| found["predicted_ci_ms"][end].as_f64().unwrap());
    let predicted_ms = found["predicted_ms"].as_f64().unwrap();
    Row { measured_ms, predicted_ms, is_inside: (low..=high).contains(&measured_ms) }
}

/// Spearman's: what the ranks of both times have in common.
fn rank_correlation(rows: &[&Row]) -> f64 {
    let ranks = |time: fn(&Row) -> f64| -> Vec<f64> {
        rows.iter().map(|row| rows.iter().filter(|other| time(other) < time(row)).count() as f64).collect()
    };
    let pairs = ranks(|row| row.measured_ms).into_iter().zip(ranks(|row| row.predicted_ms));
    let apart: f64 = pairs.map(|(measured, predicted)| (measured - predicted).powi(2)).sum();
    let count = rows.len() as f64;
    1.0 - 6.0 * apart / (count * (count * count - 1.0))
}

/// How far predictions are from what was measured.
fn table(groups: &[(Published, Vec<Row>)]) -> String {
    let mut lines = "\n| | device | type | median | least | most | inside the interval |\n\
        | --- | --- | --- | --: | --: | --: | --: |\n"
        .to_owned();
    for (group, rows) in groups {
        let mut ratios: Vec<f64> = rows.iter().map(|row| row.predicted_ms / row.measured_ms).collect();
        ratios.sort_by(f64::total_cmp);
        let kept = rows.iter().filter(|row| row.is_inside).count();
        let [least, median, most] = [0, rows.len() / 2, rows.len() - 1].map(|at| ratios[at]);
        lines += &format!(
            "| {} | {} | {} | {median:.2} | {least:.2} | {most:.2} | {kept} of {} |\n",
            group.what,
            group.device,
            group.dtype,
            rows.len()
        );
    }
    lines
}
