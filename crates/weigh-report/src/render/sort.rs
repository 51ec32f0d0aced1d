//! Weighing layers against each other.
//!
//! Layers whose cost is a formula are ranked with every unbound symbol at [`NOMINAL`]; outputs that rank say so.

use std::collections::BTreeMap;
use std::str::FromStr;

use weigh_ir::{Bindings, Symbol};

use super::measured;
use crate::Report;
use crate::report::{Count, Layer};

/// What unbound symbols are taken to be when formulas have to be put in order.
pub(super) const NOMINAL: i64 = 128;

/// What to order layers by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Multiply-accumulates, most first.
    Macs,
    /// FLOPs, most first.
    Flops,
    /// Parameters, most first.
    Parameters,
    /// Bytes moved, most first.
    Bytes,
    /// Other operations, most first.
    Other,
    /// Measured time, longest first.
    Time,
    /// Execution order.
    Order,
}

impl SortKey {
    /// All keys with the names users give.
    pub const ALL: [(&'static str, SortKey); 7] = [
        ("macs", SortKey::Macs),
        ("flops", SortKey::Flops),
        ("parameters", SortKey::Parameters),
        ("bytes", SortKey::Bytes),
        ("other", SortKey::Other),
        ("time", SortKey::Time),
        ("order", SortKey::Order),
    ];

    /// The name users give.
    pub fn name(self) -> &'static str {
        SortKey::ALL.iter().find(|(_, key)| *key == self).map_or("", |(name, _)| name)
    }

    /// The metric's title.
    pub(super) fn title(self) -> &'static str {
        match self {
            SortKey::Macs | SortKey::Order => "MACs",
            SortKey::Flops => "FLOPs",
            SortKey::Parameters => "parameters",
            SortKey::Bytes => "bytes moved",
            SortKey::Other => "other ops",
            SortKey::Time => "time",
        }
    }

    /// The count of a layer that this key orders by; none for time.
    pub(super) fn count(self, layer: &Layer) -> Option<&Count> {
        match self {
            SortKey::Macs | SortKey::Order => layer.macs.as_ref(),
            SortKey::Flops => layer.flops.as_ref(),
            SortKey::Parameters => layer.parameters.as_ref(),
            SortKey::Bytes => layer.bytes_moved.as_ref(),
            SortKey::Other => layer.other_ops.as_ref(),
            SortKey::Time => None,
        }
    }
}

/// The text names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layers are sorted by macs, flops, parameters, bytes, other, time or order")]
pub struct UnknownSortKey;

impl FromStr for SortKey {
    type Err = UnknownSortKey;

    fn from_str(text: &str) -> Result<SortKey, UnknownSortKey> {
        SortKey::ALL.iter().find(|(name, _)| *name == text).map(|(_, key)| *key).ok_or(UnknownSortKey)
    }
}

/// The layers of one report and what each weighs by one metric.
pub(super) struct Scales {
    /// Milliseconds for time, else the count with unbound symbols at [`NOMINAL`]; none where unknown.
    pub(super) weights: Vec<Option<f64>>,
    /// Sum over the layers whose weight is known.
    pub(super) total: f64,
}

impl Scales {
    pub(super) fn new(report: &Report, key: SortKey) -> Scales {
        let nominal: Bindings = report.unbound.iter().map(|symbol| (Symbol::new(symbol), NOMINAL)).collect();
        let times = times(report);
        let weigh = |(index, layer): (usize, &Layer)| match key {
            SortKey::Time => times.get(index).copied().flatten(),
            _ => key.count(layer)?.0.bind(&nominal).as_int().map(|value| value as f64),
        };
        let weights: Vec<Option<f64>> = report.layers.iter().enumerate().map(weigh).collect();
        let total = weights.iter().flatten().sum();
        Scales { weights, total }
    }

    /// Positions of the layers, heaviest first, unknown last; in execution order where they weigh the same.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.weights.len()).collect();
        let weight = |index: usize| self.weights[index].unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| weight(*b).total_cmp(&weight(*a)));
        order
    }
}

/// Measured time of each layer in milliseconds, from the first measurement that tells. None where the engine fused a
/// layer with others: nobody knows which of them took how long.
pub(super) fn times(report: &Report) -> Vec<Option<f64>> {
    let mut by_name: BTreeMap<&str, Option<f64>> = BTreeMap::new();
    let measured = report.measurements.iter().find(|measurement| !measurement.layers.is_empty());
    for layer in measured.iter().flat_map(|measured| &measured.layers) {
        let names = measured::covered(layer);
        for name in names {
            let sum = by_name.entry(name).or_insert(Some(0.0));
            *sum = sum.zip(layer.mean_ms.filter(|_| names.len() == 1)).map(|(sum, time)| sum + time);
        }
    }
    report.layers.iter().map(|layer| by_name.get(layer.name.as_str()).copied().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{LayerTime, Measurement};

    #[test]
    fn a_fused_layer_has_no_time_of_its_own() {
        let time = |name: &str, layers: &[&str], mean_ms| LayerTime {
            name: name.to_owned(),
            layers: layers.iter().map(|name| (*name).to_owned()).collect(),
            mean_ms: Some(mean_ms),
            ..LayerTime::default()
        };
        let layers = vec![
            time("fused", &["conv", "relu"], 4.0),
            time("Gemm_1", &["fc"], 1.0),
            time("Gemm_2", &["fc"], 0.5),
            time("softmax", &[], 0.25),
            LayerTime { added: true, ..time("reorder", &[], 9.0) },
        ];
        let layer = |name: &str| Layer { name: name.to_owned(), ..Layer::default() };
        let report = Report {
            layers: ["conv", "relu", "fc", "softmax", "reorder"].map(layer).into(),
            measurements: vec![Measurement { layers, ..Measurement::default() }],
            ..Report::default()
        };
        assert_eq!(times(&report), [None, None, Some(1.5), Some(0.25), None]);
    }
}
