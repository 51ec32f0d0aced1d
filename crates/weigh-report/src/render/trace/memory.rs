//! Memory beside the layers of a track: the activations alive while each of them runs.

use std::collections::BTreeMap;

use super::tracks::Track;
use crate::report::{Count, Measurement, Report};

/// For each slice of the track the bytes alive, by the model's own graph in the file's order; of layers that an engine
/// computes together the most that one of them has. None where a layer has no step of its own name, or no known size,
/// and where the steps are of other sizes than the measurement.
pub(super) fn alive(report: &Report, track: &Track<'_>) -> Vec<Option<i64>> {
    let steps = match track.run.is_some_and(|run| has_same_sizes(report, run)) {
        true => by_name(report),
        false => BTreeMap::new(),
    };
    let step = |name: &String| steps.get(name.as_str()).copied().flatten();
    track.slices.iter().map(|slice| slice.layers.iter().filter_map(step).max()).collect()
}

/// Whether the report's own facts are for the sizes that were measured.
fn has_same_sizes(report: &Report, run: &Measurement) -> bool {
    run.bindings == report.bindings && run.rebatched.is_empty()
}

/// The bytes of each step that has a name of its own.
fn by_name(report: &Report) -> BTreeMap<&str, Option<i64>> {
    let mut steps = BTreeMap::new();
    for step in report.memory.iter().flat_map(|memory| &memory.steps) {
        let bytes = step.live_bytes.as_ref().and_then(Count::number);
        steps.entry(step.node.as_str()).and_modify(|known| *known = None).or_insert(bytes);
    }
    steps
}
