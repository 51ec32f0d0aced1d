//! The counts that a table of models shows, each column in one unit.

use super::{Cell, Column, Digits, Scale, Title};
use crate::render::numbers::Kind;
use crate::render::text;
use crate::report::{Activations, Complete, Count, Report, Totals};

/// Formulas are cut to this width in a table.
const FORMULA: usize = 22;

/// A count that tables of models show.
pub(in crate::render) struct Shown {
    /// The metric in comparisons.
    pub(in crate::render) metric: &'static str,
    /// Left out before columns of a lower rank; never at rank 0.
    pub(in crate::render) rank: u8,
    /// The title around the unit of the column.
    title: fn(&str) -> Title,
    kind: Kind,
    count: fn(&Totals) -> Option<&Count>,
    /// What the unit is chosen by: FLOPs have that of MACs.
    scale: fn(&Totals) -> Option<&Count>,
    is_complete: fn(&Complete) -> bool,
}

pub(in crate::render) const SHOWN: [Shown; 5] = [
    Shown {
        metric: "parameters",
        rank: 1,
        title: |unit| Title::new("params", unit),
        kind: Kind::Count,
        count: |totals| totals.parameters.as_ref(),
        scale: |totals| totals.parameters.as_ref(),
        is_complete: |_| true,
    },
    Shown {
        metric: "model_size",
        rank: 2,
        title: |unit| Title::new("size", unit),
        kind: Kind::Bytes,
        count: |totals| totals.model_size.stored_bytes.as_ref(),
        scale: |totals| totals.model_size.stored_bytes.as_ref(),
        is_complete: |_| true,
    },
    Shown {
        metric: "macs",
        rank: 0,
        title: |unit| Title::prefixed("MACs", unit),
        kind: Kind::Count,
        count: |totals| totals.macs.as_ref(),
        scale: |totals| totals.macs.as_ref(),
        is_complete: |complete| complete.compute,
    },
    Shown {
        metric: "flops",
        rank: 7,
        title: |unit| Title::prefixed("FLOPs", unit),
        kind: Kind::Count,
        count: |totals| totals.flops.as_ref(),
        scale: |totals| totals.macs.as_ref(),
        is_complete: |complete| complete.compute,
    },
    Shown {
        metric: "peak_activations",
        rank: 5,
        title: |unit| Title::new("peak", unit),
        kind: Kind::Bytes,
        count: |totals| peak(totals.activations.as_ref()?),
        scale: |totals| peak(totals.activations.as_ref()?),
        is_complete: |complete| complete.memory,
    },
];

fn peak(activations: &Activations) -> Option<&Count> {
    activations.peak.as_ref().map(|extent| &extent.bytes)
}

/// The count of each report, `≥` before those that miss something.
pub(in crate::render) fn column(reports: &[Report], shown: &Shown) -> Column {
    let number = |count: Option<&Count>| count.and_then(Count::number);
    let scale = |report: &Report| {
        let totals = report.totals.as_ref()?;
        Some(number((shown.scale)(totals)).or_else(|| number((shown.count)(totals)))? as f64)
    };
    let scale = Scale::counts(reports.iter().filter_map(scale), shown.kind);
    let cell = |report: &Report| {
        let totals = report.totals.as_ref()?;
        let known = (shown.count)(totals).filter(|count| count.0.invalid().is_none())?;
        let cell = match scale.formula(known, shown.kind, Digits::Rounded) {
            Cell::Text(formula) => Cell::Text(text::cut(&formula, FORMULA, true)),
            number => number,
        };
        Some(cell.at_least(!(shown.is_complete)(&totals.complete)))
    };
    Column::figures(
        (shown.title)(scale.unit),
        reports.iter().map(|report| cell(report).unwrap_or(Cell::Unknown)),
    )
}
