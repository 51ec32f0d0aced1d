//! Where the time went: the layers that the engine ran, longest first, with the rates that they reached.

use super::layers::{BAR, cell};
use crate::render::RenderOptions;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::measured::{layer_name, particular};
use crate::render::numbers::{Kind, rate, share, time};
use crate::report::{LayerTime, Measurement};

/// The layers of one of the measurements: as many as were asked for, and what the others took.
pub(super) fn lines(
    run: &Measurement,
    runs: &[Measurement],
    options: &RenderOptions,
    ink: &Ink,
) -> Vec<Line> {
    if run.layers.is_empty() {
        return Vec::new();
    }
    let mut order: Vec<&LayerTime> = run.layers.iter().collect();
    let weight = |layer: &LayerTime| layer.mean_ms.unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    let shown = if options.layers { order.len() } else { options.top.min(order.len()) };
    let (shown, rest) = order.split_at_checked(shown).unwrap_or((&order, &[]));
    let mut grid = Grid::new(vec![
        Column::left("MEASURED LAYERS").shrinks_to(34),
        Column::left("").rank(6).shrinks_to(8),
        Column::right("time"),
        Column::right("share").rank(1),
        Column::left("").rank(7),
        Column::right("MACs").rank(4),
        Column::right("bytes").rank(5),
        Column::right("GFLOP/s").rank(2),
        Column::right("GB/s").rank(3),
    ]);
    let most = shown.first().and_then(|layer| layer.mean_ms).filter(|most| *most > 0.0);
    for layer in shown {
        grid.row(row(layer, most, ink));
    }
    let mut lines = grid.lines(ink);
    if runs.len() > 1 {
        lines.insert(0, Line::new(Role::Dim, ink.text(&particular(run, runs))));
    }
    let left: f64 = rest.iter().filter_map(|layer| layer.mean_ms).sum();
    if !rest.is_empty() {
        let text = format!("  and {} more, {}", rest.len(), ink.text(&time(left)));
        lines.push(Line::new(Role::Dim, text));
    }
    if shown.iter().any(|layer| layer.added) {
        lines.push(Line::new(Role::Dim, "  + put in by the engine: the model does not have it"));
    }
    lines
}

fn row(layer: &LayerTime, most: Option<f64>, ink: &Ink) -> Vec<(Role, String)> {
    let (role, sign) = if layer.added { (Role::Dim, "+ ") } else { (Role::Plain, "") };
    let plain = |text: Option<String>| (Role::Plain, ink.text(&text.unwrap_or_default()));
    // What the engine put in stands for no layer of the model: there is nothing to count.
    let count = |count, kind| match layer.added {
        true => (Role::Plain, String::new()),
        false => cell(count, kind, ink),
    };
    let bar = layer.mean_ms.zip(most).map(|(time, most)| ink.bar(time / most, BAR));
    vec![
        (role, format!("{sign}{}", ink.name(&layer_name(layer), ink.width))),
        (Role::Dim, ink.name(&layer.op, 20)),
        (Role::Value, layer.mean_ms.map_or("?".to_owned(), |ms| ink.text(&time(ms)))),
        plain(layer.share.map(share)),
        (Role::Bar, bar.unwrap_or_default()),
        count(&layer.macs, Kind::Count),
        count(&layer.bytes_moved, Kind::Bytes),
        plain(layer.gflops_per_s.map(rate)),
        plain(layer.gbytes_per_s.map(rate)),
    ]
}
