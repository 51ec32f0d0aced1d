//! The module tree, down to a depth, with what each module and everything beneath it costs.

use super::layers::{BAR, cell};
use crate::Report;
use crate::render::RenderOptions;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{Kind, share};
use crate::report::Module;

/// Deeper than this, modules are not indented any further.
const MAX_DEPTH: usize = 32;

pub(super) fn lines(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Line> {
    let Some(limit) = options.depth else { return Vec::new() };
    let shown: Vec<&Module> = report.modules.iter().filter(|module| module.depth as usize <= limit).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let number =
        |module: &Module| module.macs.as_ref().and_then(|macs| macs.number()).map(|macs| macs as f64);
    let total =
        report.totals.as_ref().and_then(|totals| totals.macs.as_ref()?.number()).map(|macs| macs as f64);
    let most = shown.iter().filter_map(|module| number(module)).fold(0.0, f64::max);
    let mut grid = Grid::new(vec![
        Column::left("MODULES").shrinks_to(20),
        Column::right("layers").rank(3),
        Column::right("parameters").rank(1),
        Column::right("MACs"),
        Column::right("other ops").rank(2),
        Column::right("outputs").rank(5),
        Column::right("share"),
        Column::left("").rank(4),
    ]);
    for (module, branch) in shown.iter().zip(branches(&shown)) {
        let weight = number(module);
        let part = weight.zip(total).filter(|(_, total)| *total > 0.0).map(|(weight, total)| weight / total);
        let least = |(role, text): (Role, String)| match module.unpriced > 0 && text != "?" {
            true => (Role::Warn, format!("{}{text}", ink.text("≥ "))),
            false => (role, text),
        };
        grid.row(vec![
            (Role::Plain, format!("{}{}", ink.text(&branch), ink.name(own_name(module), ink.width))),
            (Role::Dim, module.layers.to_string()),
            cell(&module.parameters, Kind::Count, ink),
            least(cell(&module.macs, Kind::Count, ink)),
            least(cell(&module.other_ops, Kind::Count, ink)),
            cell(&module.output_bytes, Kind::Bytes, ink),
            (Role::Plain, part.map(share).unwrap_or_default()),
            (Role::Bar, weight.filter(|_| most > 0.0).map(|w| ink.bar(w / most, BAR)).unwrap_or_default()),
        ]);
    }
    grid.lines(ink)
}

/// The last component of the path.
fn own_name(module: &Module) -> &str {
    module.path.rsplit('/').next().unwrap_or(&module.path)
}

/// What stands before each name: lines down to later siblings, and a branch to the name.
fn branches(modules: &[&Module]) -> Vec<String> {
    let depth = |module: &Module| (module.depth as usize).clamp(1, MAX_DEPTH);
    // Bottom up: `later[d]` says whether a sibling at depth d follows.
    let mut later = [false; MAX_DEPTH + 1];
    let mut branches = Vec::with_capacity(modules.len());
    for module in modules.iter().rev() {
        let depth = depth(module);
        let mut branch = String::new();
        for follows in &later[2.min(depth)..depth] {
            branch.push_str(if *follows { "│  " } else { "   " });
        }
        if depth > 1 {
            branch.push_str(if later[depth] { "├─ " } else { "└─ " });
        }
        later[depth] = true;
        later[depth + 1..].fill(false);
        branches.push(branch);
    }
    branches.reverse();
    branches
}
