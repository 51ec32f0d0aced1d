//! Models beside the one that they are compared with: a table, what to know about it, and the layers that differ.

use super::layer_changes;
use super::layers::BAR;
use crate::render::RenderOptions;
use crate::render::compared::{self, Compared};
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};

/// Columns that the bars of a table of this width may have.
const NARROW_BAR: usize = BAR / 2;

pub(super) fn lines(compared: &Compared<'_>, options: &RenderOptions, ink: &Ink) -> Vec<Line> {
    let setting = compared.setting();
    let measured = match setting.is_empty() {
        true => Vec::new(),
        false => vec![Line::new(Role::Dim, format!("measured  {}", ink.facts(&setting, ink.width - 10)))],
    };
    let sections = [
        measured,
        table(compared, ink),
        legend(compared, ink),
        latencies(compared, ink),
        remarks(compared, ink),
    ];
    let changes = compared.reports.iter().filter(|report| compared::name(report) != compared.baseline);
    let changes = changes.map(|report| layer_changes::lines(report, options, ink));
    super::page(sections.into_iter().chain(changes))
}

fn table(compared: &Compared<'_>, ink: &Ink) -> Vec<Line> {
    let columns = compared.columns();
    let mut headings: Vec<Column> =
        columns.iter().enumerate().map(|(index, column)| heading(index, column)).collect();
    headings.push(Column::left("").rank(9));
    let mut grid = Grid::new(headings);
    let ratios = compared.ratios();
    let most = ratios.iter().flatten().copied().fold(0.0, f64::max);
    for (row, ratio) in ratios.iter().enumerate() {
        let cell = |column: &compared::Column| {
            let (role, text) = &column.cells[row];
            (*role, ink.text(text))
        };
        let mut cells: Vec<(Role, String)> = columns.iter().map(cell).collect();
        let share = ratio.filter(|_| most > 0.0).map(|ratio| ratio / most);
        cells.push((Role::Bar, share.map(|share| ink.bar(share, NARROW_BAR)).unwrap_or_default()));
        grid.row(cells);
    }
    grid.lines(ink)
}

fn heading(index: usize, column: &compared::Column) -> Column {
    let heading = match column.is_text {
        true if index == 0 => Column::left(column.title.clone()).shrinks_to(24),
        true => Column::left(column.title.clone()),
        false => Column::right(column.title.clone()),
    };
    if index == 0 { heading } else { heading.rank(column.rank) }
}

/// How sure the ratios of latencies are.
fn latencies(compared: &Compared<'_>, ink: &Ink) -> Vec<Line> {
    let columns = compared.latency_ratios();
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let mut grid =
        Grid::new(columns.iter().enumerate().map(|(index, column)| heading(index, column)).collect());
    for row in 0..rows {
        grid.row(
            columns.iter().map(|column| (column.cells[row].0, ink.text(&column.cells[row].1))).collect(),
        );
    }
    if rows == 0 { Vec::new() } else { grid.lines(ink) }
}

fn legend(compared: &Compared<'_>, ink: &Ink) -> Vec<Line> {
    let titles = ink.all_facts(&compared.legend(), ink.width - 2);
    let dominated = compared.dominated().into_iter().flat_map(|text| ink.sentence(&text, ink.width - 2));
    titles.into_iter().chain(dominated).map(|text| Line::new(Role::Dim, format!("  {text}"))).collect()
}

fn remarks(compared: &Compared<'_>, ink: &Ink) -> Vec<Line> {
    let wrapped = compared.remarks().into_iter().flat_map(|remark| {
        let lines = ink.sentence(&remark, ink.width.saturating_sub(4)).into_iter().enumerate();
        lines
            .map(|(index, line)| format!("{}{line}", if index == 0 { "  " } else { "    " }))
            .collect::<Vec<_>>()
    });
    wrapped.map(|line| Line::new(Role::Warn, line)).collect()
}
