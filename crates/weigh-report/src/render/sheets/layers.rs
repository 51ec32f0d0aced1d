//! Layers as rows, all or the heaviest.

use super::{Cell, Column, Digits, Scale, Sheet, Title};
use crate::render::numbers::Kind;
use crate::render::{RenderOptions, SortKey, csv, sort};
use crate::report::{Count, Layer, Report, Shape};

/// A figure of layers: its title, what it counts, and the count.
type Figure = (&'static str, Kind, fn(&Layer) -> Option<&Count>);

const FIGURES: [Figure; 4] = [
    ("parameters", Kind::Count, |layer| layer.parameters.as_ref()),
    ("MACs", Kind::Count, |layer| layer.macs.as_ref()),
    ("other operations", Kind::Count, |layer| layer.other_ops.as_ref()),
    ("bytes moved", Kind::Bytes, |layer| layer.bytes_moved.as_ref()),
];

/// The layers that are to be shown, as they are to be ordered.
pub(in crate::render) fn layers(report: &Report, options: &RenderOptions, digits: Digits) -> Sheet {
    let order = match options.layers {
        true => csv::order(report, options),
        false => {
            let key = options.sort.unwrap_or(SortKey::Macs);
            sort::Scales::new(report, key).order().into_iter().take(options.top).collect()
        }
    };
    let shown: Vec<&Layer> = order.iter().filter_map(|index| report.layers.get(*index)).collect();
    let measured = sort::times(report);
    let times: Vec<Option<f64>> = order.iter().map(|index| measured.get(*index).copied().flatten()).collect();
    let scale = Scale::times(times.iter().copied().flatten());
    let time = |time: &Option<f64>| time.map_or(Cell::Nothing, |time| scale.value(time));
    let shapes = |layer: &Layer| {
        let shape = |shape: &Option<Shape>| shape.as_ref().map_or("?".to_owned(), Shape::to_string);
        layer.output_shapes.iter().map(shape).collect::<Vec<_>>().join(" ")
    };
    let mut columns = vec![
        Column::words("layer", shown.iter().map(|layer| Some(layer.name.clone()))),
        Column::words("operator", shown.iter().map(|layer| Some(format!("{} {}", layer.op, layer.detail)))),
        Column {
            title: "output".into(),
            right: false,
            cells: shown.iter().map(|layer| Cell::Shapes(shapes(layer))).collect(),
        },
    ];
    columns.extend(FIGURES.map(|figure| counts(&shown, figure, digits)));
    columns.push(Column::figures(Title::new("time", scale.unit), times.iter().map(time)));
    Sheet::new(columns)
}

fn counts(shown: &[&Layer], (title, kind, of): Figure, digits: Digits) -> Column {
    let numbers = shown.iter().filter_map(|layer| Some(of(layer)?.number()? as f64));
    let scale = Scale::of(numbers, kind, digits);
    let cells =
        shown.iter().map(|layer| of(layer).map_or(Cell::Unknown, |count| scale.formula(count, kind, digits)));
    Column::figures(Title::new(title, scale.unit), cells)
}
