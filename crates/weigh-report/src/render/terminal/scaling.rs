//! The closed forms by themselves: every figure as a formula, and the order in which it grows with each symbol.

use weigh_ir::Expr;

use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{self, Kind};
use crate::report::{Activations, Count, Formula, Growth, Scaling, Totals};

use super::panel::{Panel, Row, TEXT};

/// Columns for the name of a symbol.
const NAME: usize = 20;

/// One figure: its label, its formula, its order of growth and its number.
struct Figure {
    label: &'static str,
    kind: Kind,
    formula: fn(&Scaling) -> &Option<Formula>,
    degree: fn(&Growth) -> Option<u32>,
    number: fn(&Totals) -> Option<&Count>,
    is_complete: fn(&Totals) -> bool,
}

const FIGURES: [Figure; 7] = [
    Figure {
        label: "parameters",
        kind: Kind::Count,
        formula: |scaling| &scaling.parameters,
        degree: |growth| growth.parameters,
        number: |totals| totals.parameters.as_ref(),
        is_complete: |_| true,
    },
    Figure {
        label: "MACs",
        kind: Kind::Count,
        formula: |scaling| &scaling.macs,
        degree: |growth| growth.macs,
        number: |totals| totals.macs.as_ref(),
        is_complete: |totals| totals.complete.compute,
    },
    Figure {
        label: "FLOPs",
        kind: Kind::Count,
        formula: |scaling| &scaling.flops,
        degree: |growth| growth.flops,
        number: |totals| totals.flops.as_ref(),
        is_complete: |totals| totals.complete.compute,
    },
    Figure {
        label: "other ops",
        kind: Kind::Count,
        formula: |scaling| &scaling.other_ops,
        degree: |growth| growth.other_ops,
        number: |totals| totals.other_ops.as_ref(),
        is_complete: |totals| totals.complete.compute,
    },
    Figure {
        label: "bytes moved",
        kind: Kind::Bytes,
        formula: |scaling| &scaling.bytes_moved,
        degree: |growth| growth.bytes_moved,
        number: |totals| totals.bytes_moved.as_ref(),
        is_complete: |totals| totals.complete.memory,
    },
    Figure {
        label: "activations",
        kind: Kind::Bytes,
        formula: |scaling| &scaling.activation_bytes,
        degree: |growth| growth.activation_bytes,
        number: |totals| activations(totals)?.total.as_ref().map(|extent| &extent.bytes),
        is_complete: |totals| totals.complete.memory,
    },
    Figure {
        label: "peak",
        kind: Kind::Bytes,
        formula: |scaling| &scaling.peak_activation_bytes,
        degree: |growth| growth.peak_activation_bytes,
        number: |totals| activations(totals)?.peak.as_ref().map(|extent| &extent.bytes),
        is_complete: |totals| totals.complete.memory,
    },
];

fn activations(totals: &Totals) -> Option<&Activations> {
    totals.activations.as_ref()
}

/// The formulas below each other, their numbers at the right.
pub(super) fn formulas(report: &Report, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("SCALING");
    let Some(scaling) = &report.scaling else {
        let is_open = !(report.unbound.is_empty() && report.assumed.is_empty());
        let why = if is_open { "no closed form" } else { "no open dims: every figure is a number" };
        panel.rows.push(Row::text("", Role::Dim, why));
        return panel.lines(ink, ink.width);
    };
    panel.subject = scaling.symbols.iter().map(|symbol| ink.name(symbol, NAME)).collect();
    for figure in &FIGURES {
        let Some(Formula(expr)) = (figure.formula)(scaling) else { continue };
        let is_complete = report.totals.as_ref().is_none_or(figure.is_complete);
        let least = if is_complete { "" } else { "≥ " };
        let room = ink.width.saturating_sub(TEXT + least.chars().count());
        let text = format!("{least}{}", numbers::formula(&Count(expr.clone()), figure.kind, room));
        let mut row = Row::text(figure.label, Role::Value, ink.text(&text));
        let number = report.totals.as_ref().and_then(figure.number).filter(|count| count.number().is_some());
        if let (Some(number), Expr::Formula(_)) = (number, expr) {
            row = row.fact(format!("{least}{}", numbers::count(number, figure.kind)));
        }
        panel.rows.push(row);
    }
    panel.lines(ink, ink.width)
}

/// The order of growth of each figure in each symbol.
pub(super) fn growth(report: &Report, ink: &Ink) -> Vec<Line> {
    let Some(scaling) = report.scaling.as_ref().filter(|scaling| !scaling.growth.is_empty()) else {
        return Vec::new();
    };
    let symbol = |(index, growth): (usize, &Growth)| {
        let rank = u8::try_from(index).unwrap_or(u8::MAX);
        Column::left(ink.name(&growth.symbol, NAME)).rank(rank)
    };
    let columns =
        std::iter::once(Column::left("GROWTH")).chain(scaling.growth.iter().enumerate().map(symbol));
    let mut grid = Grid::new(columns.collect());
    for figure in FIGURES.iter().filter(|figure| (figure.formula)(scaling).is_some()) {
        let cells = scaling.growth.iter().map(|growth| order((figure.degree)(growth)));
        let label = (Role::Plain, format!("{:<width$}", figure.label, width = TEXT - 4));
        grid.row(std::iter::once(label).chain(cells).collect());
    }
    grid.lines(ink)
}

/// The word for a degree.
fn order(degree: Option<u32>) -> (Role, String) {
    match degree {
        None => (Role::Warn, "?".to_owned()),
        Some(0) => (Role::Dim, "constant".to_owned()),
        Some(1) => (Role::Plain, "linear".to_owned()),
        Some(2) => (Role::Value, "quadratic".to_owned()),
        Some(3) => (Role::Value, "cubic".to_owned()),
        Some(more) => (Role::Value, format!("degree {more}")),
    }
}
