//! Where the time is expected to go: the layers with the longest expected times.

use super::layers::BAR;
use crate::render::RenderOptions;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{share, time};
use crate::render::predicted::bound;
use crate::report::PredictedLayer;

/// As many of the layers as were asked for, and what the others take.
pub(super) fn lines(layers: &[PredictedLayer], options: &RenderOptions, ink: &Ink) -> Vec<Line> {
    if layers.is_empty() {
        return Vec::new();
    }
    let mut order: Vec<&PredictedLayer> = layers.iter().collect();
    let weight = |layer: &PredictedLayer| layer.predicted_ms.unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    let shown = if options.layers { order.len() } else { options.top.min(order.len()) };
    let (shown, rest) = order.split_at_checked(shown).unwrap_or((&order, &[]));
    let mut grid = Grid::new(vec![
        Column::left("EXPECTED LAYERS").shrinks_to(32),
        Column::left("").rank(4).shrinks_to(12),
        Column::right("predicted"),
        Column::right("share").rank(1),
        Column::left("").rank(5),
        Column::left("bound by").rank(2),
        Column::right("roofline").rank(3),
    ]);
    let most = shown.first().and_then(|layer| layer.predicted_ms).filter(|most| *most > 0.0);
    for layer in shown {
        let sign = if layer.average { "~ " } else { "" };
        let bar = layer.predicted_ms.zip(most).map(|(time, most)| ink.bar(time / most, BAR));
        let least = |ms: f64| ink.text(&format!("≥ {}", time(ms)));
        grid.row(vec![
            (Role::Plain, format!("{sign}{}", ink.name(&layer.name, ink.width))),
            (Role::Dim, ink.name(if layer.kind.is_empty() { &layer.op } else { &layer.kind }, 28)),
            (Role::Value, layer.predicted_ms.map_or("?".to_owned(), |ms| ink.text(&time(ms)))),
            (Role::Plain, layer.share.map(share).unwrap_or_default()),
            (Role::Bar, bar.unwrap_or_default()),
            (Role::Plain, layer.bound.map(|found| bound(found).to_owned()).unwrap_or_default()),
            (Role::Dim, layer.roofline_ms.map(least).unwrap_or_default()),
        ]);
    }
    let mut lines = grid.lines(ink);
    if !rest.is_empty() {
        let left: f64 = rest.iter().filter_map(|layer| layer.predicted_ms).sum();
        let text = format!("  and {} more, {}", rest.len(), ink.text(&time(left)));
        lines.push(Line::new(Role::Dim, text));
    }
    if shown.iter().any(|layer| layer.average) {
        let text = "  ~ no kernel of that kind was timed: an average stands in";
        lines.push(Line::new(Role::Dim, text));
    }
    lines
}
