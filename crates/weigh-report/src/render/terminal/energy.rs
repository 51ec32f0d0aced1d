//! Energy and emissions: a row for each estimate, and what it rests on.

use super::panel::{Panel, Row, TEXT};
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::predicted::{ENERGY, energy, energy_basis};
use crate::report::EnergyEstimate;

pub(super) fn lines(estimates: &[EnergyEstimate], ink: &Ink) -> Vec<Line> {
    if estimates.is_empty() {
        return Vec::new();
    }
    let [inference, per_watt_hour, battery, emissions] = ENERGY;
    let mut grid = Grid::new(vec![
        Column::left("ENERGY"),
        Column::right(inference),
        Column::right(per_watt_hour).rank(1),
        Column::right(battery).rank(2),
        Column::right(emissions).rank(3),
    ]);
    let mut panel = Panel::new("");
    let room = ink.width.saturating_sub(TEXT);
    for (index, estimate) in estimates.iter().enumerate() {
        let basis = energy_basis(estimate);
        let number = number(estimates, index);
        let [joules, figures @ ..] = energy(estimate).map(|figure| ink.text(&figure));
        let role = if basis == "unknown" { Role::Warn } else { Role::Plain };
        let named = number.map_or_else(|| basis.to_owned(), |number| format!("{basis} {number}"));
        let mut row = vec![(role, named), (Role::Value, joules)];
        row.extend(figures.map(|figure| (Role::Plain, figure)));
        grid.row(row);
        let rests_on = match number {
            Some(number) => format!("{number}: {}", estimate.rests_on),
            None => estimate.rests_on.clone(),
        };
        panel.rows.extend(Row::paragraph(basis, Role::Dim, ink.sentence(&rests_on, room)));
    }
    let mut grids: Vec<&str> = estimates.iter().filter_map(|estimate| estimate.grid.as_deref()).collect();
    grids.dedup();
    panel
        .rows
        .extend(grids.iter().flat_map(|grid| Row::paragraph("grid", Role::Dim, ink.sentence(grid, room))));
    let mut lines = grid.lines(ink);
    lines.extend(panel.lines(ink, ink.width));
    lines
}

/// Which of several estimates with the same basis it is, from 1; `None` for the only one.
fn number(estimates: &[EnergyEstimate], index: usize) -> Option<usize> {
    let basis = energy_basis(estimates.get(index)?);
    let alike: Vec<usize> =
        (0..estimates.len()).filter(|at| energy_basis(&estimates[*at]) == basis).collect();
    let at = alike.iter().position(|at| *at == index)?;
    (alike.len() > 1).then_some(at + 1)
}
