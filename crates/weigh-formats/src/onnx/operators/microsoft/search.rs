//! Search for the likeliest text, with the model in subgraphs.

use weigh_ops::Search;

use super::super::{Lowered, MICROSOFT, NodeView, Row, Table, done};

/// The graphs of a search: each step, what runs once before, and the first step where it differs.
const GRAPHS: &[&str] = &["decoder", "encoder", "init_decoder"];

pub(super) fn rows(table: &mut Table) {
    let mut add = |name: &'static str, lower| {
        table.insert(MICROSOFT, name, Row { bodies: GRAPHS, bodies_are_optional: true, ..Row::plain(lower) });
    };
    add("BeamSearch", |view| search(view, "BeamSearch", true));
    add("WhisperBeamSearch", |view| search(view, "WhisperBeamSearch", true));
    add("GreedySearch", |view| search(view, "GreedySearch", false));
    add("Sampling", |view| search(view, "Sampling", false));
}

fn search(view: &NodeView<'_, '_>, name: &'static str, beams: bool) -> Lowered {
    let bodies = GRAPHS.iter().filter(|graph| view.has(graph)).count();
    done(Search { name, beams, bodies })
}
