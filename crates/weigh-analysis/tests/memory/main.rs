//! Activations over time: against a plain recomputation by the definitions, on random graphs, and by hand.

#[path = "../net/mod.rs"]
mod net;

mod by_hand;
mod random;
mod sketch;

use net::int;
use weigh_analysis::Extent;

/// Elements and bytes.
fn pair(extent: &Extent) -> (i64, i64) {
    (int(&extent.elements), int(&extent.bytes))
}

fn optional(extent: &Option<Extent>) -> (i64, i64) {
    extent.as_ref().map_or((0, 0), pair)
}
