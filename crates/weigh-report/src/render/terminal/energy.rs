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
    for estimate in estimates {
        let basis = energy_basis(estimate);
        let [joules, figures @ ..] = energy(estimate).map(|figure| ink.text(&figure));
        let role = if basis == "unknown" { Role::Warn } else { Role::Plain };
        let mut row = vec![(role, basis.to_owned()), (Role::Value, joules)];
        row.extend(figures.map(|figure| (Role::Plain, figure)));
        grid.row(row);
        let rests_on = ink.sentence(&estimate.rests_on, room);
        panel.rows.extend(Row::paragraph(basis, Role::Dim, rests_on));
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
