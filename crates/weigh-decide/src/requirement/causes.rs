//! Which layers bring a figure that is over its limit.

use std::collections::HashMap;

use weigh_report::Report;
use weigh_report::report::{Costs, Count, Layer, LayerChange, LayerChangeKind, Status, Verdict};

use crate::compare::layers::differences;

/// The most layers that are named.
const MOST: usize = 10;

/// A cost that layers share in.
struct Cost {
    /// Metrics that it brings.
    metrics: &'static [&'static str],
    of: fn(&Layer) -> Option<&Count>,
    /// Its place among costs.
    put: fn(&mut Costs, Count),
}

const COSTS: [Cost; 4] = [
    Cost {
        metrics: &["macs", "flops", "totals.macs", "totals.flops"],
        of: |layer| layer.macs.as_ref(),
        put: |costs, count| costs.macs = Some(count),
    },
    Cost {
        metrics: &[
            "parameters",
            "model_size",
            "file_size",
            "fp16_size",
            "int8_size",
            "int4_size",
            "totals.parameters",
            "totals.parameter_bytes",
        ],
        of: |layer| layer.parameters.as_ref(),
        put: |costs, count| costs.parameters = Some(count),
    },
    Cost {
        metrics: &["bytes_moved", "totals.bytes_moved"],
        of: |layer| layer.bytes_moved.as_ref(),
        put: |costs, count| costs.bytes_moved = Some(count),
    },
    Cost {
        metrics: &[
            "peak_memory",
            "activations",
            "activations.peak",
            "activations.best_order",
            "arena",
            "totals.activations.peak.bytes",
            "totals.device_bytes",
        ],
        of: |layer| layer.live_bytes.as_ref(),
        put: |costs, count| costs.peak_bytes = Some(count),
    },
];

/// Names the layers that brought what is missed: with a baseline those that grew since, the most first; without one, or
/// where none grew, the heaviest.
pub fn add_causes(verdicts: &mut [Verdict], report: &Report, baseline: Option<&Report>) {
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.status == Status::Missed) {
        let Some(cost) = COSTS.iter().find(|cost| cost.metrics.contains(&verdict.metric.as_str())) else {
            continue;
        };
        verdict.causes = baseline.map(|baseline| grown(cost, baseline, report)).unwrap_or_default();
        if verdict.causes.is_empty() {
            verdict.causes = heaviest(cost, report);
        }
    }
}

/// The layers whose cost grew, with what they have of it before and after.
fn grown(cost: &Cost, a: &Report, b: &Report) -> Vec<LayerChange> {
    let (a_layers, b_layers) = (by_name(&a.layers), by_name(&b.layers));
    let number = |layer: Option<&Layer>| layer.and_then(cost.of).and_then(Count::number);
    let growth = |mut change: LayerChange| {
        let before = change.a.as_deref().and_then(|name| a_layers.get(name).copied());
        let after = change.b.as_deref().and_then(|name| b_layers.get(name).copied());
        let (now, then) = (number(after)?, if before.is_some() { number(before)? } else { 0 });
        let grown = now.checked_sub(then).filter(|grown| *grown > 0)?;
        (cost.put)(&mut change.after, Count::from(now));
        (cost.put)(&mut change.changes, Count::from(grown));
        if before.is_some() {
            (cost.put)(&mut change.before, Count::from(then));
        }
        Some((grown, change))
    };
    let mut found: Vec<(i64, LayerChange)> =
        differences(&a.layers, &b.layers).into_iter().filter_map(growth).collect();
    found.sort_by_key(|(grown, _)| std::cmp::Reverse(*grown));
    found.into_iter().take(MOST).map(|(_, change)| change).collect()
}

fn by_name(layers: &[Layer]) -> HashMap<&str, &Layer> {
    layers.iter().map(|layer| (layer.name.as_str(), layer)).collect()
}

/// The layers that have most of a cost.
fn heaviest(cost: &Cost, report: &Report) -> Vec<LayerChange> {
    let priced = |layer| Some(((cost.of)(layer)?.number().filter(|count| *count > 0)?, layer));
    let mut layers: Vec<(i64, &Layer)> = report.layers.iter().filter_map(priced).collect();
    layers.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let named = |(count, layer): (i64, &Layer)| {
        let mut after = Costs::default();
        (cost.put)(&mut after, Count::from(count));
        LayerChange {
            kind: LayerChangeKind::Same,
            b: Some(layer.name.clone()),
            op: layer.op.clone(),
            what: Some(layer.detail.clone()).filter(|detail| !detail.is_empty()).into_iter().collect(),
            after,
            ..LayerChange::default()
        }
    };
    layers.into_iter().take(MOST).map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str, macs: i64) -> Layer {
        let (detail, op) = (format!("{macs} wide"), format!("Op of {name}"));
        Layer { name: name.to_owned(), macs: Some(Count::from(macs)), detail, op, ..Layer::default() }
    }

    fn causes(
        layers: &[Layer],
        baseline: Option<&[Layer]>,
    ) -> Vec<(Option<String>, Option<i64>, LayerChangeKind)> {
        let report = Report { layers: layers.to_vec(), ..Report::default() };
        let baseline = baseline.map(|layers| Report { layers: layers.to_vec(), ..Report::default() });
        let missed = Verdict { metric: "macs".to_owned(), status: Status::Missed, ..Verdict::default() };
        let mut verdicts = [missed];
        add_causes(&mut verdicts, &report, baseline.as_ref());
        let [verdict] = verdicts;
        let grown = |cause: &LayerChange| cause.changes.macs.as_ref().and_then(Count::number);
        verdict.causes.iter().map(|cause| (cause.b.clone(), grown(cause), cause.kind)).collect()
    }

    #[test]
    fn what_grew_most_comes_first() {
        let before = [layer("stem", 900), layer("wide", 100), layer("gone", 5)];
        let after = [layer("stem", 900), layer("wide", 300), layer("new", 50)];
        use LayerChangeKind::{Added, Changed, Same};
        let name = |name: &str| Some(name.to_owned());
        let expected = vec![(name("wide"), Some(200), Changed), (name("new"), Some(50), Added)];
        assert_eq!(causes(&after, Some(&before)), expected);
        let heaviest =
            vec![(name("stem"), None, Same), (name("wide"), None, Same), (name("new"), None, Same)];
        assert_eq!(causes(&after, None), heaviest);
        assert_eq!(causes(&after, Some(&after)), heaviest);
    }
}
