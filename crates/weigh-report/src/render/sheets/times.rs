//! Layers as rows with the time that they took, or are expected to take: all as they ran, or the longest.

use super::scale::PLAIN;
use super::{Cell, Column, Digits, Scale, Sheet, Title};
use crate::render::RenderOptions;
use crate::render::measured::layer_name;
use crate::render::numbers::Kind;
use crate::render::predicted;
use crate::report::{Count, LayerTime, PredictedLayer};

/// Measured layers.
pub(in crate::render) fn layer_times(layers: &[LayerTime], options: &RenderOptions, digits: Digits) -> Sheet {
    let shown = shown(layers, |layer| layer.mean_ms, options);
    let scale = Scale::times(shown.iter().filter_map(|layer| layer.mean_ms));
    let name = |layer: &&LayerTime| {
        let origin = if layer.added { "(put in by the engine) " } else { "" };
        Some(format!("{origin}{}", layer_name(layer)))
    };
    let counts = |title: &str, kind: Kind, of: fn(&LayerTime) -> &Option<Count>| {
        let numbers = shown.iter().filter_map(|layer| Some(of(layer).as_ref()?.number()? as f64));
        let scale = Scale::of(numbers, kind, digits);
        let cells = shown.iter().map(|layer| match of(layer) {
            Some(count) => scale.formula(count, kind, digits),
            None if layer.added => Cell::Nothing,
            None => Cell::Unknown,
        });
        Column::figures(Title::new(title, scale.unit), cells)
    };
    let rate = |title: &str, of: fn(&LayerTime) -> Option<f64>| {
        let cell = |layer: &&LayerTime| of(layer).map_or(Cell::Nothing, |rate| PLAIN.value(rate));
        Column::figures(title, shown.iter().map(cell))
    };
    Sheet::new([
        Column::words("measured layer", shown.iter().map(name)),
        Column::words("operator", shown.iter().map(|layer| Some(layer.op.clone()))),
        time(
            "time",
            scale,
            shown.iter().map(|layer| layer.mean_ms.map_or(Cell::Unknown, |ms| scale.value(ms))),
        ),
        Column::shares("share", shown.iter().map(|layer| layer.share)),
        counts("MACs", Kind::Count, |layer| &layer.macs),
        counts("bytes moved", Kind::Bytes, |layer| &layer.bytes_moved),
        rate("GFLOP/s", |layer| layer.gflops_per_s),
        rate("GB/s", |layer| layer.gbytes_per_s),
    ])
}

/// Expected layers.
pub(in crate::render) fn predicted_layers(layers: &[PredictedLayer], options: &RenderOptions) -> Sheet {
    let shown = shown(layers, |layer| layer.predicted_ms, options);
    let average = |layer: &&PredictedLayer| layer.average.then(|| "an average".to_owned());
    let bound = |layer: &&PredictedLayer| layer.bound.map(|bound| predicted::bound(bound).to_owned());
    let both = shown.iter().flat_map(|layer| [layer.predicted_ms, layer.roofline_ms]);
    let scale = Scale::times(both.flatten());
    let predicted = |layer: &&PredictedLayer| layer.predicted_ms.map_or(Cell::Unknown, |ms| scale.value(ms));
    let roofline = |layer: &&PredictedLayer| {
        layer.roofline_ms.map_or(Cell::Nothing, |ms| scale.value(ms).at_least(true))
    };
    Sheet::new([
        Column::words("expected layer", shown.iter().map(|layer| Some(layer.name.clone()))),
        Column::words("kind", shown.iter().map(|layer| Some(layer.kind.clone()))),
        time("predicted", scale, shown.iter().map(predicted)),
        Column::words("", shown.iter().map(average)),
        Column::shares("share", shown.iter().map(|layer| layer.share)),
        Column::words("bound by", shown.iter().map(bound)),
        time("roofline", scale, shown.iter().map(roofline)),
    ])
}

fn shown<'a, T>(layers: &'a [T], time: fn(&T) -> Option<f64>, options: &RenderOptions) -> Vec<&'a T> {
    let mut order: Vec<&T> = layers.iter().collect();
    if !options.layers {
        let weight = |layer: &T| time(layer).unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        order.truncate(options.top);
    }
    order
}

fn time(title: &str, scale: Scale, cells: impl Iterator<Item = Cell>) -> Column {
    Column::figures(Title::new(title, scale.unit), cells)
}
