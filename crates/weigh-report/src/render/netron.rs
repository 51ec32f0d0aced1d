//! Metrics for Netron: a file that is opened in it beside the model, after which its sidebar shows what a node costs.
//!
//! The document is what Netron takes for an attachment: a list `metrics` and a list `metadata` of entries for the model,
//! for nodes and for tensors by name. A node without a name cannot be found so, and where weigh may have made up the
//! name, the tensor that the node makes has the entries too. Names that several layers have stand for none of them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{RenderOptions, Renderer, Wants, json, measured, predicted};
use crate::figures::{self, LAYERS};
use crate::report::{Count, Layer, Measurement, Prediction, Report};

pub(super) struct Netron;

impl Renderer for Netron {
    fn name(&self) -> &'static str {
        "netron"
    }

    fn about(&self) -> &'static str {
        "metrics for Netron, to open in it beside the model; one document per model"
    }

    fn media(&self) -> &'static str {
        "application/json"
    }

    fn wants(&self) -> Wants {
        Wants { facts: true, layer_times: true, ..Wants::default() }
    }

    fn render(&self, reports: &[Report], _: &RenderOptions) -> String {
        reports.iter().map(|report| json::harmless(&document(report))).collect()
    }
}

/// What is said of one thing.
#[derive(Serialize)]
struct Entry<'r> {
    kind: &'static str,
    target: &'r str,
    name: String,
    value: Value,
}

fn document(report: &Report) -> String {
    let named = Named::new(report);
    let all = |lists: Vec<Vec<Entry<'_>>>| json::list(&lists.into_iter().flatten().collect::<Vec<_>>());
    let metrics = all(vec![of_model(report), named.counts(), named.measured(), named.predicted()]);
    let metadata = all(vec![about_model(report), named.unpriced()]);
    format!(
        "{{\n\"signature\": \"netron:attachment\",\n\"metrics\": {metrics},\n\"metadata\": {metadata}\n}}\n"
    )
}

/// The model is found without a name.
fn model<'r>(name: impl Into<String>, value: impl Into<Value>) -> Entry<'r> {
    Entry { kind: "model", target: "", name: name.into(), value: value.into() }
}

fn of_model(report: &Report) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for listed in report.totals.iter().flat_map(figures::listed) {
        let least = if listed.is_at_least { ", at least" } else { "" };
        let unit = if listed.figure.is_bytes { ", bytes" } else { "" };
        entries.push(model(format!("{}{unit}{least}", listed.figure.title), value(listed.count)));
    }
    let intensity = report.totals.as_ref().and_then(figures::intensity);
    entries.extend(intensity.map(|intensity| model("intensity, FLOP/byte", intensity)));
    for run in &report.measurements {
        let latency = measured::latency(run).and_then(|latency| latency.p50_ms).and_then(milliseconds);
        let name = format!("median latency, ms, measured: {}", measured::title(run));
        entries.extend(latency.map(|latency| model(name, latency)));
    }
    for prediction in &report.predictions {
        let time = prediction.predicted_ms.and_then(milliseconds);
        entries.extend(time.map(|time| model(format!("latency, ms, {}", expected(prediction)), time)));
    }
    entries
}

fn about_model(report: &Report) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    entries.extend(report.made_by.as_ref().map(|made_by| model("counted by", made_by.program.as_str())));
    let dims: Vec<String> = (report.bindings.iter())
        .map(|(symbol, value)| match report.assumed.contains(symbol) {
            true => format!("{symbol} = {value} (assumed)"),
            false => format!("{symbol} = {value}"),
        })
        .collect();
    if !dims.is_empty() {
        entries.push(model("counted at", dims.join(", ")));
    }
    if let Some(coverage) = &report.coverage {
        entries.push(model("nodes with a price", format!("{} of {}", coverage.priced, coverage.nodes)));
        let unknown: Vec<String> =
            coverage.unknown.iter().map(|unknown| format!("{} × {}", unknown.count, unknown.op)).collect();
        if !unknown.is_empty() {
            entries.push(model("nodes of unknown cost", unknown.join(", ")));
        }
    }
    entries
}

/// The layers that one name stands for each.
struct Named<'r> {
    report: &'r Report,
    /// Of each name its layer; none where there are several.
    by_name: BTreeMap<&'r str, Option<&'r Layer>>,
}

impl<'r> Named<'r> {
    fn new(report: &'r Report) -> Named<'r> {
        let mut by_name = BTreeMap::new();
        for layer in &report.layers {
            by_name.entry(layer.name.as_str()).and_modify(|known| *known = None).or_insert(Some(layer));
        }
        Named { report, by_name }
    }

    fn find(&self, name: &str) -> Option<&'r Layer> {
        self.by_name.get(name).copied().flatten()
    }

    /// The layers that can be found, in their order.
    fn layers(&self) -> impl Iterator<Item = &'r Layer> {
        self.report.layers.iter().filter(|layer| self.find(&layer.name).is_some())
    }

    fn counts(&self) -> Vec<Entry<'r>> {
        let figures = self.layers().flat_map(|layer| LAYERS.iter().map(move |figure| (layer, figure)));
        let entries = figures.filter_map(|(layer, figure)| {
            let count = figures::known((figure.count)(layer))?;
            Some(of_layer(layer, figure.title.to_owned(), value(count)))
        });
        entries.flatten().collect()
    }

    fn unpriced(&self) -> Vec<Entry<'r>> {
        let reasons = self.layers().filter_map(|layer| Some((layer, layer.unpriced.as_ref()?)));
        let entries =
            reasons.map(|(layer, why)| of_layer(layer, "cost unknown".to_owned(), why.as_str().into()));
        entries.flatten().collect()
    }

    fn measured(&self) -> Vec<Entry<'r>> {
        self.report.measurements.iter().flat_map(|run| self.times(run)).collect()
    }

    /// The times of one measurement. What was computed together has one time, which is that of none of its nodes.
    fn times(&self, run: &Measurement) -> Vec<Entry<'r>> {
        let mut sums: BTreeMap<(&str, usize), f64> = BTreeMap::new();
        for time in &run.layers {
            let names = measured::covered(time);
            for (name, ms) in names.iter().filter_map(|name| Some((name, time.mean_ms?))) {
                *sums.entry((name, names.len())).or_default() += ms;
            }
        }
        let entries = sums.into_iter().filter_map(|((name, nodes), ms)| {
            let (layer, ms) = (self.find(name)?, milliseconds(ms)?);
            let together = if nodes == 1 { String::new() } else { format!(" for {nodes} nodes together") };
            Some(of_layer(layer, format!("mean time, ms, measured{together}: {}", measured::title(run)), ms))
        });
        entries.flatten().collect()
    }

    fn predicted(&self) -> Vec<Entry<'r>> {
        let kernels = self.report.predictions.iter().flat_map(|prediction| {
            prediction
                .layers
                .iter()
                .filter_map(move |kernel| Some((prediction, kernel, kernel.predicted_ms?)))
        });
        let entries = kernels.filter_map(|(prediction, kernel, ms)| {
            let name = format!("time of the kernel named so, ms, {}", expected(prediction));
            Some(of_layer(self.find(&kernel.name)?, name, milliseconds(ms)?))
        });
        entries.flatten().collect()
    }
}

/// An entry of a node, and of the tensor that it makes where the node may have no name of its own.
fn of_layer(layer: &Layer, name: String, value: Value) -> impl Iterator<Item = Entry<'_>> {
    let made = layer.outputs.first().filter(|made| !made.is_empty() && may_be_made_up(&layer.name));
    let of_made = made.map(|made| Entry {
        kind: "value",
        target: first_line(made),
        name: format!("{name}, of its {}", layer.op),
        value: value.clone(),
    });
    let of_node = Entry { kind: "node", target: first_line(&layer.name), name, value };
    std::iter::once(of_node).chain(of_made)
}

/// Nodes without a name are called by operator and position: `Relu_12`.
fn may_be_made_up(name: &str) -> bool {
    let end = name.rsplit_once('_').map_or("", |(_, end)| end);
    !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit())
}

/// Netron looks things up by the first line of their name.
fn first_line(name: &str) -> &str {
    name.split('\n').next().unwrap_or(name)
}

/// `predicted (calibrated): AMD EPYC, …`.
fn expected(prediction: &Prediction) -> String {
    let basis = prediction.basis.map_or("on no known basis", predicted::basis);
    format!("predicted ({basis}): {}", predicted::title(prediction))
}

/// Integers that JavaScript cannot hold exactly, and formulas, are text.
fn value(count: &Count) -> Value {
    const MAX_SAFE: u64 = (1 << 53) - 1;
    match count.number() {
        Some(number) if number.unsigned_abs() <= MAX_SAFE => number.into(),
        _ => count.exact().into(),
    }
}

/// A time to a nanosecond.
fn milliseconds(ms: f64) -> Option<Value> {
    ms.is_finite().then(|| ((ms * 1e6).round() / 1e6).into())
}

#[cfg(test)]
mod tests {
    use weigh_ir::Expr;

    use super::*;

    #[test]
    fn names_that_may_be_made_up() {
        assert!(may_be_made_up("Relu_12") && may_be_made_up("call/Relu_0"));
        assert!(!may_be_made_up("relu") && !may_be_made_up("conv_a") && !may_be_made_up("conv_"));
    }

    #[test]
    fn numbers_that_are_exact_in_javascript() {
        // 2^53 - 1 is the largest integer all below which a double holds.
        assert_eq!(value(&Count::from(9_007_199_254_740_991)), Value::from(9_007_199_254_740_991i64));
        assert_eq!(value(&Count::from(9_007_199_254_740_992)), Value::from("9007199254740992"));
        assert_eq!(value(&Count(Expr::symbol("n") * 2)), Value::from("2*n"));
        assert_eq!(milliseconds(0.123_456_789), Some(Value::from(0.123457)));
        assert_eq!(milliseconds(f64::NAN), None);
    }
}
