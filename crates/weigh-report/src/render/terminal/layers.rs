//! The heaviest layers with their shares as bars, or every layer as a table.

use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{self, Kind, share, time};
use crate::render::sort::{self, NOMINAL, Scales};
use crate::render::{RenderOptions, SortKey};
use crate::report::{Count, Layer};

/// Columns of a full bar.
pub(super) const BAR: usize = 16;

pub(super) fn lines(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Line> {
    match (report.layers.is_empty(), options.layers) {
        (true, _) => Vec::new(),
        (false, true) => table(report, options, ink),
        (false, false) => heaviest(report, options, ink),
    }
}

fn heaviest(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Line> {
    let key = options.sort.filter(|key| *key != SortKey::Order).unwrap_or(SortKey::Macs);
    let mut scales = Scales::new(report, key);
    let key = match scales.total > 0.0 || options.sort.is_some() {
        true => key,
        false => {
            // A file of weights has no MACs: its heaviest layers are the largest.
            scales = Scales::new(report, SortKey::Parameters);
            SortKey::Parameters
        }
    };
    let heavy = |index: &usize| scales.weights[*index].is_some_and(|weight| weight > 0.0);
    let shown: Vec<usize> = scales.order().into_iter().filter(heavy).take(options.top).collect();
    let Some(most) = shown.first().and_then(|first| scales.weights[*first]) else { return Vec::new() };
    let times = sort::times(report);
    let timed = key != SortKey::Time && shown.iter().any(|index| times[*index].is_some());
    let mut grid = Grid::new(vec![
        Column::left("HEAVIEST LAYERS").shrinks_to(36),
        Column::left("").rank(3),
        Column::right(key.title()),
        Column::right("time").rank(2),
        Column::right(if scales.weights.contains(&None) { "of known" } else { "share" }),
        Column::left("").rank(4),
    ]);
    for index in &shown {
        let (layer, weight) = (&report.layers[*index], scales.weights[*index].unwrap_or_default());
        let value = match key.count(layer) {
            Some(count) => value(count, kind(key), ink),
            None => time(weight),
        };
        grid.row(vec![
            (Role::Plain, ink.name(&layer.name, ink.width)),
            (Role::Dim, operator(layer, ink)),
            (Role::Value, ink.text(&value)),
            (Role::Plain, times[*index].filter(|_| timed).map(|ms| ink.text(&time(ms))).unwrap_or_default()),
            (Role::Plain, share(weight / scales.total)),
            (Role::Bar, ink.bar(weight / most, BAR)),
        ]);
    }
    let mut lines = grid.lines(ink);
    lines.extend(nominal(report));
    lines
}

/// Every layer, in execution order unless a key is given.
fn table(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Line> {
    let mut grid = Grid::new(vec![
        Column::left("LAYERS").shrinks_to(32),
        Column::left("operator").rank(6),
        Column::left("output").rank(7),
        Column::right("parameters").rank(1),
        Column::right("MACs"),
        Column::right("other ops").rank(2),
        Column::right("bytes moved").rank(4),
        Column::right("alive").rank(8),
        Column::right("time").rank(3),
    ]);
    let times = sort::times(report);
    let order = crate::render::csv::order(report, options);
    for index in &order {
        let layer = &report.layers[*index];
        let shapes: Vec<String> = (layer.output_shapes.iter())
            .map(|shape| shape.as_ref().map_or("?".to_owned(), |shape| shape.to_string()))
            .collect();
        grid.row(vec![
            (Role::Plain, ink.name(&layer.name, ink.width)),
            (Role::Dim, operator(layer, ink)),
            (Role::Dim, ink.name(&shapes.join(" "), 30)),
            cell(&layer.parameters, Kind::Count, ink),
            cell(&layer.macs, Kind::Count, ink),
            cell(&layer.other_ops, Kind::Count, ink),
            cell(&layer.bytes_moved, Kind::Bytes, ink),
            cell(&layer.live_bytes, Kind::Bytes, ink),
            (Role::Plain, times[*index].map(|ms| ink.text(&time(ms))).unwrap_or_default()),
        ]);
    }
    let mut lines = grid.lines(ink);
    if options.sort.is_some_and(|key| key != SortKey::Order) {
        lines.extend(nominal(report));
    }
    lines
}

/// A count in a table: unknown stands out, zero steps back.
pub(super) fn cell(count: &Option<Count>, kind: Kind, ink: &Ink) -> (Role, String) {
    match count {
        None => (Role::Warn, "?".to_owned()),
        Some(count) if count.number() == Some(0) => (Role::Dim, "0".to_owned()),
        Some(count) if count.0.invalid().is_some() => (Role::Bad, "?".to_owned()),
        Some(count) => (Role::Plain, value(count, kind, ink)),
    }
}

/// A count, or as much of its formula as a column has room for.
fn value(count: &Count, kind: Kind, ink: &Ink) -> String {
    ink.cut(&ink.text(&numbers::count(count, kind)), 28)
}

fn operator(layer: &Layer, ink: &Ink) -> String {
    ink.name(format!("{} {}", layer.op, layer.detail).trim_end(), 34)
}

fn kind(key: SortKey) -> Kind {
    if key == SortKey::Bytes { Kind::Bytes } else { Kind::Count }
}

fn nominal(report: &Report) -> Option<Line> {
    let text = format!("  ranked with every unbound symbol at {NOMINAL}");
    (!report.unbound.is_empty()).then(|| Line::new(Role::Dim, text))
}
