//! Where the time goes: the engine's own profile, joined to the model's layers through the graph that really ran.

use weigh_analysis::{Analysis, analyze, attribute, correspond};
use weigh_engine::NodeTime;
use weigh_ir::{Expr, Model};
use weigh_measure::fleet::Failure;
use weigh_measure::worker::LayerTimes;
use weigh_report::{Count, report};

use super::{Bench, Prepared, Subject};
use crate::open;

/// Profiled runs: profilers add up to microseconds to every node, which does not get better with more of them.
const RUNS: usize = 20;

impl Bench {
    /// Adds the times of layers to a row, or why there are none.
    pub(super) fn add_layers(
        &self,
        subject: &Subject<'_>,
        prepared: &Prepared,
        document: &mut report::Measurement,
    ) {
        match self.layer_times(subject, prepared) {
            Ok(layers) => {
                let profiled: f64 = layers.iter().filter_map(|layer| layer.mean_ms).sum();
                document.layers = layers;
                document.notes.push(format!(
                    "layers are timed by the engine's profiler in runs of their own: {profiled:.3} ms in all"
                ));
            }
            Err(reason) => document.notes.push(format!("no times of layers: {reason}")),
        }
    }

    fn layer_times(
        &self,
        subject: &Subject<'_>,
        prepared: &Prepared,
    ) -> Result<Vec<report::LayerTime>, String> {
        let told = |failure: Failure| failure.to_string();
        let mut worker = self.launcher.start().map_err(told)?;
        worker.prepare(&prepared.setup).map_err(told)?;
        let LayerTimes { nodes, graph } = worker.profile(RUNS, self.campaign.plan.max_time).map_err(told)?;
        let rebatched;
        let original = match prepared.rebatched.is_empty() {
            true => &subject.opened().model,
            false => {
                rebatched =
                    open(&prepared.setup.model.to_string_lossy()).map_err(|error| error.to_string())?;
                &rebatched.model
            }
        };
        let ran = graph.map(|graph| open(&graph.to_string_lossy()).map_err(|error| error.to_string()));
        match ran.transpose()? {
            Some(ran) => joined(original, &prepared.facts, &ran.model, subject, &nodes),
            None => joined(original, &prepared.facts, original, subject, &nodes),
        }
    }
}

/// Times of the nodes that ran as times of the model's layers.
fn joined(
    original: &Model,
    facts: &Analysis,
    ran: &Model,
    subject: &Subject<'_>,
    times: &[NodeTime],
) -> Result<Vec<report::LayerTime>, String> {
    let sizes = subject.sizes(facts);
    let ran_facts = analyze(ran, &sizes).ok();
    let names: std::collections::HashMap<&str, f64> =
        times.iter().map(|time| (time.name.as_str(), time.mean_ms)).collect();
    let by_node: Vec<Option<f64>> =
        ran.graph.nodes.iter().map(|node| names.get(&*node.name).copied()).collect();
    let correspondence = correspond(original, ran);
    let found = attribute(&correspondence, &by_node);
    let total: f64 = times.iter().map(|time| time.mean_ms).sum();

    let layer = |index: &usize| Some((original.graph.nodes.get(*index)?, facts.layers.get(*index)?));
    let node = |index: &usize| Some((ran.graph.nodes.get(*index)?, ran_facts.as_ref()?.layers.get(*index)));
    let sum = |exprs: &mut dyn Iterator<Item = Option<Expr>>| exprs.sum::<Option<Expr>>();
    let groups = found.groups.iter().map(|group| {
        let layers: Vec<_> = group.layers.iter().filter_map(layer).collect();
        let ops: Vec<String> =
            group.nodes.iter().filter_map(node).map(|(node, _)| node.op.name().to_owned()).collect();
        let first = group.nodes.iter().filter_map(node).map(|(node, _)| node.name.to_string()).next();
        let macs = sum(&mut layers.iter().map(|(_, layer)| layer.macs.clone()));
        let bytes = sum(&mut group.nodes.iter().map(|index| node(index)?.1?.bytes_moved.clone()));
        let names = layers.iter().map(|(node, _)| node.name.to_string()).collect();
        row(first.unwrap_or_default(), ops.join(" + "), names, group.ms, total, macs, bytes, false)
    });
    let rest = found.rest.iter().filter_map(|index| {
        let (node, _) = node(index)?;
        let time = by_node.get(*index).copied().flatten();
        Some(row(node.name.to_string(), node.op.name().to_owned(), Vec::new(), time, total, None, None, true))
    });
    Ok(groups.chain(rest.filter(|row| row.mean_ms.is_some())).collect())
}

#[allow(clippy::too_many_arguments)] // the columns of a row
fn row(
    name: String,
    op: String,
    layers: Vec<String>,
    ms: Option<f64>,
    total: f64,
    macs: Option<Expr>,
    bytes: Option<Expr>,
    added: bool,
) -> report::LayerTime {
    let rate = |amount: &Option<Expr>, factor: f64| {
        let amount = amount.as_ref()?.as_int()? as f64 * factor;
        ms.filter(|ms| *ms > 0.0).map(|ms| amount / (ms * 1e6))
    };
    report::LayerTime {
        gflops_per_s: rate(&macs, 2.0),
        gbytes_per_s: rate(&bytes, 1.0),
        share: ms.filter(|_| total > 0.0).map(|ms| ms / total),
        mean_ms: ms,
        macs: macs.map(Count),
        bytes_moved: bytes.map(Count),
        name,
        op,
        layers,
        added,
    }
}
