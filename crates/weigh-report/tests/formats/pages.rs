//! Where each format has what.

use serde_json::{Value, json};

/// Things that formats have rows for.
pub struct Page {
    /// The things in the documents.
    pub rows: fn(&[Value]) -> Vec<Value>,
    /// Whether CSV has rows for them, where it has nothing else.
    pub csv: bool,
    /// The title of the first column in Markdown.
    pub markdown: &'static str,
    /// The label in LaTeX, without its beginning.
    pub latex: &'static str,
    pub figures: &'static [Figure],
}

/// A figure: its value in a document, and the title of its column elsewhere (none where a format does not have it).
pub struct Figure {
    pub what: &'static str,
    pub json: fn(&Value) -> Value,
    pub csv: &'static str,
    pub markdown: &'static str,
    pub latex: &'static str,
    /// Which of the columns with this title.
    pub nth: usize,
    /// Which end of an interval; CSV has a column for each.
    pub end: Option<usize>,
}

type Json = fn(&Value) -> Value;

const fn figure(
    what: &'static str,
    json: Json,
    csv: &'static str,
    markdown: &'static str,
    latex: &'static str,
) -> Figure {
    Figure { what, json, csv, markdown, latex, nth: 0, end: None }
}

/// An end of an interval.
const fn end(nth: usize, end: usize, figure: Figure) -> Figure {
    Figure { nth, end: Some(end), ..figure }
}

pub const PAGES: &[Page] = &[
    Page { rows: layers, csv: true, markdown: "layer", latex: "layers", figures: LAYERS },
    Page { rows: totals, csv: false, markdown: "metric", latex: "totals", figures: TOTALS },
    Page { rows: compared, csv: true, markdown: "model", latex: "compared", figures: COMPARED },
    Page { rows: measured, csv: true, markdown: "engine", latex: "measured", figures: MEASURED },
    Page {
        rows: layer_times,
        csv: false,
        markdown: "measured layer",
        latex: "measured-layers",
        figures: TIMES,
    },
    Page { rows: predicted, csv: true, markdown: "device", latex: "predicted", figures: PREDICTED },
    Page { rows: batches, csv: true, markdown: "batch", latex: "batches", figures: BATCHES },
    Page {
        rows: kernels,
        csv: false,
        markdown: "expected layer",
        latex: "expected-layers",
        figures: KERNELS,
    },
    Page { rows: verdicts, csv: true, markdown: "requirement", latex: "requirements", figures: VERDICTS },
];

const LAYERS: &[Figure] = &[
    figure("parameters", |row| row["parameters"].clone(), "parameters", "parameters", "Parameters"),
    figure("MACs", |row| row["macs"].clone(), "macs", "MACs", "MACs"),
    figure(
        "other operations",
        |row| row["other_ops"].clone(),
        "other_ops",
        "other operations",
        "Other operations",
    ),
    figure("bytes moved", |row| row["bytes_moved"].clone(), "bytes_moved", "bytes moved", "Bytes moved"),
];

/// Markdown has a row for each of them, which its reader turns.
const TOTALS: &[Figure] = &[
    figure("parameters", |row| row["totals"]["parameters"].clone(), "", "parameters", "Params"),
    figure("size", |row| row["totals"]["model_size"]["stored_bytes"].clone(), "", "model size", "Size"),
    figure("MACs", |row| row["totals"]["macs"].clone(), "", "MACs", "MACs"),
    figure("FLOPs", |row| row["totals"]["flops"].clone(), "", "FLOPs", "FLOPs"),
    figure(
        "peak",
        |row| row["totals"]["activations"]["peak"]["bytes"].clone(),
        "",
        "activations, peak",
        "Peak",
    ),
];

const COMPARED: &[Figure] = &[
    figure("parameters", |row| row["totals"]["parameters"].clone(), "parameters", "params", "Params"),
    figure(
        "size",
        |row| row["totals"]["model_size"]["stored_bytes"].clone(),
        "model_size_bytes",
        "size",
        "Size",
    ),
    figure("MACs", |row| row["totals"]["macs"].clone(), "macs", "MACs", "MACs"),
    figure("FLOPs", |row| row["totals"]["flops"].clone(), "flops", "FLOPs", "FLOPs"),
    figure(
        "peak",
        |row| row["totals"]["activations"]["peak"]["bytes"].clone(),
        "peak_activation_bytes",
        "peak",
        "Peak",
    ),
    figure(
        "relative cost",
        |row| comparison(row, "macs")["ratio"].clone(),
        "macs_ratio",
        "× MACs",
        "$\\times$ MACs",
    ),
];

const MEASURED: &[Figure] = &[
    figure("batch", |row| row["batch"].clone(), "batch", "batch", "Batch"),
    figure("median", |row| latency(row)["p50_ms"].clone(), "p50_ms", "latency p50", "Latency p50"),
    end(
        0,
        0,
        figure(
            "its low end",
            |row| latency(row)["p50_ci_ms"][0].clone(),
            "p50_low_ms",
            "95 % CI",
            "95 \\% CI",
        ),
    ),
    end(
        0,
        1,
        figure(
            "its high end",
            |row| latency(row)["p50_ci_ms"][1].clone(),
            "p50_high_ms",
            "95 % CI",
            "95 \\% CI",
        ),
    ),
    figure("p99", |row| latency(row)["p99_ms"].clone(), "p99_ms", "p99", "p99"),
    figure(
        "throughput",
        |row| row["throughput"]["per_second"].clone(),
        "per_second",
        "throughput",
        "Throughput",
    ),
    end(
        1,
        0,
        figure(
            "its low end",
            |row| row["throughput"]["ci"][0].clone(),
            "per_second_low",
            "95 % CI",
            "95 \\% CI",
        ),
    ),
    end(
        1,
        1,
        figure(
            "its high end",
            |row| row["throughput"]["ci"][1].clone(),
            "per_second_high",
            "95 % CI",
            "95 \\% CI",
        ),
    ),
    figure(
        "memory",
        |row| row["memory"]["peak_rss_bytes"].clone(),
        "peak_rss_bytes",
        "peak memory",
        "Peak memory",
    ),
];

const TIMES: &[Figure] = &[
    figure("time", |row| row["mean_ms"].clone(), "", "time", "Time"),
    figure("MACs", |row| row["macs"].clone(), "", "MACs", "MACs"),
    figure("bytes moved", |row| row["bytes_moved"].clone(), "", "bytes moved", "Bytes moved"),
];

const PREDICTED: &[Figure] = &[
    figure(
        "theoretical",
        |row| row["theoretical_ms"].clone(),
        "theoretical_ms",
        "theoretical",
        "Theoretical",
    ),
    figure("predicted", |row| row["predicted_ms"].clone(), "predicted_ms", "predicted", "Predicted"),
    end(
        0,
        0,
        figure("low", |row| row["predicted_ci_ms"][0].clone(), "predicted_low_ms", "interval", "Interval"),
    ),
    end(
        0,
        1,
        figure("high", |row| row["predicted_ci_ms"][1].clone(), "predicted_high_ms", "interval", "Interval"),
    ),
    figure("rate", |row| row["throughput_per_second"].clone(), "per_second", "throughput", "Throughput"),
    figure("memory", |row| row["memory_bytes"].clone(), "memory_bytes", "memory", "Memory"),
    figure(
        "energy",
        |row| row["energy_mj"].clone(),
        "modelled_energy_mj",
        "modelled energy",
        "Modelled energy",
    ),
    figure("measured", |row| row["measured_ms"].clone(), "measured_ms", "measured", "Measured"),
    figure("efficiency", |row| row["efficiency"].clone(), "efficiency", "efficiency", "Efficiency"),
];

const BATCHES: &[Figure] = &[
    figure("batch", |row| row["batch"].clone(), "batch", "batch", "Batch"),
    figure("predicted", |row| row["predicted_ms"].clone(), "predicted_ms", "predicted", "Predicted"),
    figure("rate", |row| row["throughput_per_second"].clone(), "per_second", "throughput", "Throughput"),
    figure("memory", |row| row["memory_bytes"].clone(), "memory_bytes", "memory", "Memory"),
];

const KERNELS: &[Figure] = &[
    figure("predicted", |row| row["predicted_ms"].clone(), "", "predicted", "Predicted"),
    figure("roofline", |row| row["roofline_ms"].clone(), "", "roofline", "Roofline"),
];

const VERDICTS: &[Figure] = &[
    figure("actual", |row| row["actual"].clone(), "actual", "actual", "Actual"),
    figure("limit", |row| row["limit"].clone(), "limit", "limit", "Limit"),
    figure("margin", |row| row["margin"].clone(), "margin", "margin", "Margin"),
];

/// The only document's list of this name.
fn list(documents: &[Value], pointer: &str) -> Vec<Value> {
    match documents {
        [only] => only.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn layers(documents: &[Value]) -> Vec<Value> {
    list(documents, "/layers")
}

fn totals(documents: &[Value]) -> Vec<Value> {
    if let [only] = documents {
        vec![only.clone()].into_iter().filter(|one| !one["totals"].is_null()).collect()
    } else {
        Vec::new()
    }
}

fn compared(documents: &[Value]) -> Vec<Value> {
    if documents.len() > 1 { documents.to_vec() } else { Vec::new() }
}

fn measured(documents: &[Value]) -> Vec<Value> {
    list(documents, "/measurements")
}

/// Of one measurement: those of several have tables of their own.
fn layer_times(documents: &[Value]) -> Vec<Value> {
    let told = measured(documents).into_iter().filter(|run| run["layers"] != json!([])).count();
    if told == 1 { list(documents, "/measurements/0/layers") } else { Vec::new() }
}

fn predicted(documents: &[Value]) -> Vec<Value> {
    list(documents, "/predictions")
}

/// Of one prediction.
fn batches(documents: &[Value]) -> Vec<Value> {
    if predicted(documents).len() == 1 { list(documents, "/predictions/0/batches") } else { Vec::new() }
}

fn kernels(documents: &[Value]) -> Vec<Value> {
    if predicted(documents).len() == 1 { list(documents, "/predictions/0/layers") } else { Vec::new() }
}

fn verdicts(documents: &[Value]) -> Vec<Value> {
    list(documents, "/verdicts")
}

fn comparison<'d>(document: &'d Value, metric: &str) -> &'d Value {
    let all = document["comparisons"].as_array().unwrap();
    all.iter().find(|found| found["metric"] == metric).unwrap_or(&Value::Null)
}

fn latency(run: &Value) -> &Value {
    let stages = &run["stages"];
    if stages["total"].is_null() { &stages["inference"] } else { &stages["total"] }
}
