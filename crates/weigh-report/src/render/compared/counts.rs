//! The counts that a table of models shows, each column in one unit.

use weigh_ir::units;

use super::{Column, Compared};
use crate::render::ink::Role;
use crate::render::numbers::{self, Kind};
use crate::render::text;
use crate::report::{Activations, Complete, Count, Report, Totals};

/// Formulas are cut to this width in a table.
const FORMULA: usize = 22;

/// A count that tables of models show.
pub(super) struct Shown {
    /// The metric in comparisons.
    pub(super) metric: &'static str,
    /// The title around the unit of the column.
    title: fn(&str) -> String,
    kind: Kind,
    rank: u8,
    count: fn(&Totals) -> Option<&Count>,
    /// What the unit is chosen by: FLOPs have that of MACs.
    scale: fn(&Totals) -> Option<&Count>,
    is_complete: fn(&Complete) -> bool,
}

pub(super) const SHOWN: [Shown; 5] = [
    Shown {
        metric: "parameters",
        title: |unit| with_unit("params", unit),
        kind: Kind::Count,
        rank: 1,
        count: |totals| totals.parameters.as_ref(),
        scale: |totals| totals.parameters.as_ref(),
        is_complete: |_| true,
    },
    Shown {
        metric: "model_size",
        title: |unit| with_unit("size", unit),
        kind: Kind::Bytes,
        rank: 2,
        count: |totals| totals.model_size.stored_bytes.as_ref(),
        scale: |totals| totals.model_size.stored_bytes.as_ref(),
        is_complete: |_| true,
    },
    Shown {
        metric: "macs",
        title: |unit| format!("{unit} MACs").trim_start().to_owned(),
        kind: Kind::Count,
        rank: 0,
        count: |totals| totals.macs.as_ref(),
        scale: |totals| totals.macs.as_ref(),
        is_complete: |complete| complete.compute,
    },
    Shown {
        metric: "flops",
        title: |unit| format!("{unit} FLOPs").trim_start().to_owned(),
        kind: Kind::Count,
        rank: 7,
        count: |totals| totals.flops.as_ref(),
        scale: |totals| totals.macs.as_ref(),
        is_complete: |complete| complete.compute,
    },
    Shown {
        metric: "peak_activations",
        title: |unit| with_unit("peak", unit),
        kind: Kind::Bytes,
        rank: 5,
        count: |totals| peak(totals.activations.as_ref()?),
        scale: |totals| peak(totals.activations.as_ref()?),
        is_complete: |complete| complete.memory,
    },
];

fn peak(activations: &Activations) -> Option<&Count> {
    activations.peak.as_ref().map(|extent| &extent.bytes)
}

pub(super) fn with_unit(what: &str, unit: &str) -> String {
    if unit.is_empty() { what.to_owned() } else { format!("{what}, {unit}") }
}

impl<'r> Compared<'r> {
    pub(super) fn counts(&self, shown: &Shown) -> Column {
        let count = |report: &'r Report| (shown.count)(report.totals.as_ref()?);
        let scale = |report: &'r Report| Some((shown.scale)(report.totals.as_ref()?)?.number()? as f64);
        let numbers = self.reports.iter().filter_map(scale);
        let (factor, unit) = unit(numbers, shown.kind);
        let cell = |report: &'r Report| {
            let is_complete =
                report.totals.as_ref().is_some_and(|totals| (shown.is_complete)(&totals.complete));
            let text = match count(report).filter(|count| count.0.invalid().is_none()) {
                None => return (Role::Warn, "?".to_owned()),
                Some(count) => match count.number() {
                    Some(value) => scaled(value as f64, factor),
                    None => text::cut(&numbers::count(count, shown.kind), FORMULA, true),
                },
            };
            if is_complete { (Role::Value, text) } else { (Role::Warn, format!("≥ {text}")) }
        };
        let cells = self.reports.iter().map(cell).collect();
        Column { title: (shown.title)(unit), is_text: false, rank: shown.rank, cells }
    }
}

/// The unit of a column, that of its largest value, and what values are multiplied by.
fn unit(values: impl Iterator<Item = f64>, kind: Kind) -> (f64, &'static str) {
    const COUNTS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    const BYTES: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (base, names) = if kind == Kind::Bytes { (1024.0, BYTES) } else { (1000.0, COUNTS) };
    let most = values.fold(0.0, f64::max);
    let (mut factor, mut index) = (1.0, 0);
    while most * factor >= base && index + 1 < names.len() {
        (factor, index) = (factor / base, index + 1);
    }
    (factor, names[index])
}

/// Two decimals of a value in the unit of its column; two digits of a small one.
fn scaled(value: f64, factor: f64) -> String {
    match value * factor {
        whole if factor == 1.0 => format!("{whole}"),
        small if small.abs() < 0.1 => units::significant(small, 2),
        scaled => format!("{scaled:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_unit() {
        let macs = [300_774_272.0, 818_925_056.0, 15_470_264_320.0];
        let (factor, name) = unit(macs.into_iter(), Kind::Count);
        assert_eq!(
            (name, macs.map(|value| scaled(value, factor))),
            ("G", ["0.30", "0.82", "15.47"].map(str::to_owned))
        );
        assert_eq!(scaled(56_500_000.0, factor), "0.056");
        assert_eq!(unit([2048.0].into_iter(), Kind::Bytes), (1.0 / 1024.0, "KiB"));
        assert_eq!(unit(std::iter::empty(), Kind::Count), (1.0, ""));
        assert_eq!(scaled(0.0, 1e-9), "0");
        assert_eq!(scaled(512.0, 1.0), "512");
    }
}
