//! The engines there are, and why one cannot be used.

use super::panel::{Panel, Row, TEXT};
use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    if report.engines.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("ENGINES").shrinks_to(12),
        Column::left(""),
        Column::left("version"),
        Column::left("computes on").shrinks_to(12),
        Column::left("library").shrinks_to(12).rank(1),
    ]);
    let mut panel = Panel { heading: "", subject: Vec::new(), rows: Vec::new() };
    for engine in &report.engines {
        let (role, state) = match (engine.usable, engine.default) {
            (true, true) => (Role::Good, "default"),
            (true, false) => (Role::Good, "usable"),
            (false, _) => (Role::Warn, "missing"),
        };
        let library = engine.library.as_deref().unwrap_or(if engine.usable { "built in" } else { "" });
        grid.row(vec![
            (Role::Plain, ink.name(&engine.name, 24)),
            (role, state.to_owned()),
            (Role::Plain, ink.name(engine.version.as_deref().unwrap_or_default(), 16)),
            (Role::Plain, ink.name(&engine.providers.join(", "), ink.width)),
            (Role::Dim, ink.name(library, ink.width)),
        ]);
        let room = ink.width.saturating_sub(TEXT);
        let why = engine.reason.iter().map(|reason| format!("{}: {reason}", engine.name));
        panel
            .rows
            .extend(why.flat_map(|why| Row::paragraph("missing", Role::Warn, ink.sentence(&why, room))));
        let hints = engine.hint.iter().filter(|_| !engine.usable);
        panel
            .rows
            .extend(hints.flat_map(|hint| Row::paragraph("hint", Role::Plain, ink.sentence(hint, room))));
    }
    let mut lines = grid.lines(ink);
    lines.extend(panel.lines(ink, ink.width));
    lines
}
