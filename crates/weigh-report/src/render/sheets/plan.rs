//! What serving a workload takes as rows, each figure in a unit of its own.

use super::{Cell, Column, Sheet, Title};
use crate::render::planned::{self, FIGURES, Figure};
use crate::report::Plan;

/// A row for each configuration; figures that none has are left out.
pub(in crate::render) fn plan(plan: &Plan) -> Sheet {
    let found = &plan.configurations;
    let column = |figure: &Figure| {
        let cells = found.iter().map(|one| (figure.value)(one).map_or(Cell::Nothing, Cell::Text)).collect();
        Column { title: Title::new((figure.title)(&plan.workload), ""), right: !figure.word, cells }
    };
    let is_known = |figure: &&Figure| found.iter().any(|one| (figure.value)(one).is_some());
    // Without its sign, which LaTeX has no letter for.
    let mark = |index| planned::mark(plan, index).split_once(' ').map(|(_, word)| word.to_owned());
    let names = [
        Column::words("configuration", found.iter().map(|one| Some(one.name.clone()))),
        Column::words("verdict", (0..found.len()).map(mark)),
    ];
    Sheet::new(names.into_iter().chain(FIGURES.iter().filter(is_known).map(column)))
}
