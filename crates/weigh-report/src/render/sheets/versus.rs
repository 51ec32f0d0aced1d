//! Two sides that were run against each other, a row for each.

use super::{Cell, Column, Scale, Sheet, Title};
use crate::render::verdicts::is_rate;
use crate::report::Comparison;

/// The two rows.
pub(in crate::render) fn versus(found: &Comparison) -> Sheet {
    let (least, value) = ([found.a_min, found.b_min], [found.a_value, found.b_value]);
    let scale = match is_rate(found) {
        true => Scale::rates(),
        false => Scale::times(least.into_iter().chain(value).flatten()),
    };
    let figures = |title: &str, values: [Option<f64>; 2]| {
        let cells = values.map(|value| value.map_or(Cell::Nothing, |value| scale.value(value)));
        Column::figures(Title::new(title, scale.unit), cells)
    };
    Sheet::new([
        Column::words("", ["a", "b"].map(|side| Some(side.to_owned()))),
        Column::words("model", [&found.a, &found.b].map(|name| Some(name.clone()))),
        Column::words("setting", [found.a_setting.clone(), found.b_setting.clone()]),
        figures("min", least),
        figures(&found.metric, value),
    ])
}
