//! The counts of models and of layers, one by one: for outputs that list them by name.

use crate::glossary;
use crate::report::{Activations, Complete, Count, Extent, Layer, Totals};

/// A count of a whole model.
pub struct TotalFigure {
    /// Its name for programs: a word that stays what it is.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Its entry in the glossary.
    entry: &'static str,
    /// Whether it is a size in bytes; otherwise it counts things.
    pub is_bytes: bool,
    /// The count; none where it is not known.
    pub count: fn(&Totals) -> Option<&Count>,
    /// Whether the count misses nothing; otherwise it is a lower bound.
    pub is_complete: fn(&Complete) -> bool,
}

impl TotalFigure {
    /// What it is, in a line without a full stop.
    pub fn about(&self) -> &'static str {
        glossary::find(self.entry).map_or(self.title, |entry| entry.short)
    }
}

/// A count of one layer.
pub struct LayerFigure {
    /// Its name for programs: the key in reports.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The count; none where it is not known.
    pub count: fn(&Layer) -> Option<&Count>,
}

/// The counts of a model, in the order in which they are listed.
pub const TOTALS: [TotalFigure; 13] = [
    TotalFigure {
        key: "parameters",
        title: "parameters",
        entry: "parameters",
        is_bytes: false,
        count: |totals| totals.parameters.as_ref(),
        is_complete: |_| true,
    },
    TotalFigure {
        key: "buffers",
        title: "buffers",
        entry: "buffers",
        is_bytes: false,
        count: |totals| totals.buffers.as_ref(),
        is_complete: |_| true,
    },
    TotalFigure {
        key: "stored_bytes",
        title: "model size",
        entry: "model_size",
        is_bytes: true,
        count: |totals| totals.model_size.stored_bytes.as_ref(),
        is_complete: |_| true,
    },
    TotalFigure {
        key: "macs",
        title: "MACs",
        entry: "macs",
        is_bytes: false,
        count: |totals| totals.macs.as_ref(),
        is_complete: |complete| complete.compute,
    },
    TotalFigure {
        key: "flops",
        title: "FLOPs",
        entry: "flops",
        is_bytes: false,
        count: |totals| totals.flops.as_ref(),
        is_complete: |complete| complete.compute,
    },
    TotalFigure {
        key: "other_ops",
        title: "other operations",
        entry: "other_ops",
        is_bytes: false,
        count: |totals| totals.other_ops.as_ref(),
        is_complete: |complete| complete.compute,
    },
    TotalFigure {
        key: "bytes_moved",
        title: "bytes moved",
        entry: "bytes_moved",
        is_bytes: true,
        count: |totals| totals.bytes_moved.as_ref(),
        is_complete: |complete| complete.memory,
    },
    TotalFigure {
        key: "activation_bytes",
        title: "activations, total",
        entry: "activations",
        is_bytes: true,
        count: |totals| bytes(&activations(totals)?.total),
        is_complete: |complete| complete.memory,
    },
    TotalFigure {
        key: "peak_activation_bytes",
        title: "activations, peak",
        entry: "activations.peak",
        is_bytes: true,
        count: |totals| bytes(&activations(totals)?.peak),
        is_complete: |complete| complete.memory,
    },
    TotalFigure {
        key: "best_order_peak_bytes",
        title: "best-order peak",
        entry: "activations.best_order",
        is_bytes: true,
        count: |totals| bytes(&activations(totals)?.best_order_peak),
        is_complete: |complete| complete.memory,
    },
    TotalFigure {
        key: "arena_bytes",
        title: "arena",
        entry: "arena",
        is_bytes: true,
        count: |totals| activations(totals)?.arena_bytes.as_ref(),
        is_complete: |complete| complete.memory,
    },
    TotalFigure {
        key: "workspace_bytes",
        title: "workspace (modelled)",
        entry: "workspace",
        is_bytes: true,
        count: |totals| totals.workspace_bytes.as_ref(),
        is_complete: |complete| complete.memory && complete.workspace,
    },
    TotalFigure {
        key: "device_bytes",
        title: "needs (weights, peak, workspace)",
        entry: "peak_memory",
        is_bytes: true,
        count: |totals| totals.device_bytes.as_ref(),
        is_complete: |complete| complete.memory && complete.workspace,
    },
];

/// The counts of a layer, in the order in which they are listed.
pub const LAYERS: [LayerFigure; 5] = [
    LayerFigure { key: "parameters", title: "parameters", count: |layer| layer.parameters.as_ref() },
    LayerFigure { key: "macs", title: "MACs", count: |layer| layer.macs.as_ref() },
    LayerFigure { key: "flops", title: "FLOPs", count: |layer| layer.flops.as_ref() },
    LayerFigure { key: "other_ops", title: "other operations", count: |layer| layer.other_ops.as_ref() },
    LayerFigure { key: "bytes_moved", title: "bytes moved", count: |layer| layer.bytes_moved.as_ref() },
];

/// A total of a model as outputs list it.
pub struct Listed<'t> {
    /// Which it is.
    pub figure: &'static TotalFigure,
    /// The count, which is a number or a formula and never one that has no value.
    pub count: &'t Count,
    /// Whether it is only a lower bound, as something is not known.
    pub is_at_least: bool,
}

/// The totals that have a value.
pub fn listed(totals: &Totals) -> impl Iterator<Item = Listed<'_>> {
    TOTALS.iter().filter_map(|figure| {
        let count = known((figure.count)(totals))?;
        Some(Listed { figure, count, is_at_least: !(figure.is_complete)(&totals.complete) })
    })
}

/// A count that has a value; none where it overflowed.
pub fn known(count: Option<&Count>) -> Option<&Count> {
    count.filter(|count| count.0.invalid().is_none())
}

/// FLOPs / bytes moved, where neither misses anything: of two lower bounds there is no ratio.
pub fn intensity(totals: &Totals) -> Option<f64> {
    let is_complete = totals.complete.compute && totals.complete.memory;
    totals.arithmetic_intensity.filter(|intensity| is_complete && intensity.is_finite())
}

fn activations(totals: &Totals) -> Option<&Activations> {
    totals.activations.as_ref()
}

fn bytes(extent: &Option<Extent>) -> Option<&Count> {
    extent.as_ref().map(|extent| &extent.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_total_is_in_the_glossary() {
        for figure in &TOTALS {
            assert_eq!(glossary::find(figure.entry).map(|entry| entry.name), Some(figure.entry));
        }
    }
}
