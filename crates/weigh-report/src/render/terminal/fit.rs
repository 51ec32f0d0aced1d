//! Whether a model fits a device's memory at each element type, and what would make it fit.

use super::panel::{Panel, Row, TEXT};
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::predicted::{fits, margin, room, size, sufficient};
use crate::report::Fit;

pub(super) fn lines(fit: &Fit, ink: &Ink) -> Vec<Line> {
    if fit.needs.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("FIT").shrinks_to(12),
        Column::right("weights").rank(2),
        Column::right("activations").rank(1),
        Column::right("margin"),
        Column::left(""),
    ]);
    let bytes = |bytes: Option<u64>| (Role::Plain, bytes.map_or("?".to_owned(), size));
    for need in &fit.needs {
        grid.row(vec![
            (Role::Plain, ink.name(&need.dtype, 24)),
            bytes(need.weight_bytes),
            bytes(need.activation_bytes),
            (Role::Value, need.margin_bytes.map_or("?".to_owned(), margin)),
            whether(need.fits),
        ]);
    }
    let mut lines = grid.lines(ink);
    let mut panel = Panel::new("");
    let there = ink.all_facts(&room(fit), ink.width.saturating_sub(TEXT));
    panel.rows.extend(Row::paragraph("device has", Role::Dim, there));
    lines.extend(panel.lines(ink, ink.width));
    lines.extend(remedies(fit, ink));
    lines
}

/// What was tried, in that order, the first that is enough marked.
fn remedies(fit: &Fit, ink: &Ink) -> Vec<Line> {
    if fit.remedies.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("  to make it fit").shrinks_to(20),
        Column::right("needs"),
        Column::left(""),
        Column::left("").rank(1),
    ]);
    let first = sufficient(fit);
    for (index, remedy) in fit.remedies.iter().enumerate() {
        let (role, mark) = match first == Some(index) {
            true => (Role::Good, "the first that suffices"),
            false => (Role::Plain, ""),
        };
        grid.row(vec![
            (role, ink.name(&remedy.change, ink.width)),
            (Role::Plain, remedy.needed_bytes.map_or("?".to_owned(), size)),
            whether(remedy.fits),
            (role, mark.to_owned()),
        ]);
    }
    let mut lines = grid.lines(ink);
    if first.is_none() {
        lines.push(Line::new(Role::Warn, "  none of these suffices"));
    }
    lines
}

/// Whether it fits, with the colour of that.
pub(super) fn whether(whether: Option<bool>) -> (Role, String) {
    match whether {
        Some(true) => (Role::Good, fits(true).to_owned()),
        Some(false) => (Role::Bad, fits(false).to_owned()),
        None => (Role::Warn, "?".to_owned()),
    }
}
