//! The layers of two models beside each other: what was added, removed and changed, the largest changes first.

use crate::Report;
use crate::render::RenderOptions;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::layer_changes::{
    self as changes, Changes, Cost, MACS, Model, PARAMETERS, amount, mark, said, signed,
};
use crate::render::text::width;
use crate::report::LayerChange;

pub(super) fn lines(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Line> {
    let most = if options.layers { usize::MAX } else { options.top };
    let Some(found) = changes::of(report, most) else { return Vec::new() };
    let names = report.comparisons.first().map(|pair| format!("{} against {}", pair.b, pair.a));
    let mut title = Line::new(Role::Heading, "LAYERS  ");
    title.push(Role::Title, ink.name(&names.unwrap_or_default(), ink.width / 2));
    let summary = format!("  {}", found.summary());
    let mut lines = match title.width() + width(&summary) <= ink.width {
        true => vec![title.with(Role::Dim, summary)],
        false => vec![title, Line::new(Role::Dim, summary)],
    };
    if found.shown.is_empty() {
        return lines;
    }
    lines.extend(table(&found, ink));
    if found.hidden > 0 {
        let more = format!("  {} more; --top N shows them, and the total has them", found.hidden);
        lines.push(Line::new(Role::Dim, more));
    }
    lines
}

fn table(found: &Changes<'_>, ink: &Ink) -> Vec<Line> {
    let mut grid = Grid::new(vec![
        Column::left(""),
        Column::left("layer").shrinks_to(28),
        Column::left("operator").shrinks_to(8).rank(7),
        Column::left("what").shrinks_to(16).rank(3),
        Column::right("MACs before").rank(2),
        Column::right("MACs after").rank(1),
        Column::right("MACs ±"),
        Column::right("params before").rank(6),
        Column::right("params after").rank(5),
        Column::right("params ±").rank(1),
    ]);
    for change in &found.shown {
        grid.row(row(change, ink));
    }
    let total = |of: Model, cost: Cost| said(found.total(of, cost).as_ref());
    let difference = |cost: Cost| signed(found.difference(cost).as_ref());
    let bold = |text: String| (Role::Value, ink.text(&text));
    grid.row(vec![
        (Role::Plain, String::new()),
        (Role::Title, "total".to_owned()),
        (Role::Plain, String::new()),
        (Role::Plain, String::new()),
        bold(total(Model::Before, MACS)),
        bold(total(Model::After, MACS)),
        bold(difference(MACS)),
        bold(total(Model::Before, PARAMETERS)),
        bold(total(Model::After, PARAMETERS)),
        bold(difference(PARAMETERS)),
    ]);
    grid.lines(ink)
}

fn row(change: &LayerChange, ink: &Ink) -> Vec<(Role, String)> {
    let (role, sign) = mark(change.kind);
    let plain = |text: String| (Role::Plain, ink.cut(&ink.text(&text), 24));
    vec![
        (role, sign.to_owned()),
        (Role::Plain, ink.name(changes::name(change), ink.width)),
        (Role::Dim, ink.name(&change.op, 20)),
        (Role::Dim, ink.text(&change.what.join("; "))),
        plain(amount(change, Model::Before, MACS)),
        plain(amount(change, Model::After, MACS)),
        (Role::Value, ink.cut(&ink.text(&signed(change.changes.macs.as_ref())), 24)),
        plain(amount(change, Model::Before, PARAMETERS)),
        plain(amount(change, Model::After, PARAMETERS)),
        (Role::Value, ink.cut(&ink.text(&signed(change.changes.parameters.as_ref())), 24)),
    ]
}
