//! Activations over time: which tensors are alive in which step, how much that is, and where they could lie.
//!
//! A *step* is the execution of one node of the main graph. An activation is an input of the model or a tensor
//! that a node makes in every inference; what constant nodes make is not one. It is alive from the step that
//! makes it (inputs: from the first) to the step that reads it last (outputs: to the end). Tensors inside the
//! bodies of a node live in that node's step.

mod arena;
mod needs;
mod order;
mod timeline;

use weigh_ir::{Expr, Model};

pub use arena::{Arena, Placement};
pub use needs::{Needs, StepMemory};

use crate::runs::View;
use crate::weights::Weights;
use timeline::Timeline;

/// A size in both units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Elements.
    pub elements: Expr,
    /// Bytes.
    pub bytes: Expr,
}

impl Extent {
    fn plus(&self, other: &Extent) -> Extent {
        Extent { elements: &self.elements + &other.elements, bytes: &self.bytes + &other.bytes }
    }

    fn add(&mut self, other: &Extent) {
        self.elements += &other.elements;
        self.bytes += &other.bytes;
    }

    fn subtract(&mut self, other: &Extent) {
        self.elements -= &other.elements;
        self.bytes -= &other.bytes;
    }

    /// The larger in each unit, for itself.
    fn largest<'a>(extents: impl Iterator<Item = &'a Extent> + Clone) -> Extent {
        Extent {
            elements: Expr::largest(extents.clone().map(|extent| extent.elements.clone()))
                .unwrap_or_default(),
            bytes: Expr::largest(extents.map(|extent| extent.bytes.clone())).unwrap_or_default(),
        }
    }
}

/// The sums of activations, by the definitions of the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activations {
    /// All inputs and everything that nodes produce.
    pub total: Extent,
    /// The largest sum alive in one step, in the order of the file.
    pub peak: Extent,
    /// The node whose step has the peak in bytes.
    pub peak_at: Option<String>,
    /// The total where operators write over their inputs when they can.
    pub in_place_total: Extent,
    /// The peak where operators write over their inputs when they can.
    pub in_place_peak: Extent,
    /// The smallest peak over the orders tried, where sizes are numbers.
    pub best_order_peak: Option<Extent>,
    /// The order that has it.
    pub best_order: Option<&'static str>,
    /// Whether it is proved that no order has a smaller peak.
    pub best_order_is_optimal: bool,
    /// What no order can be below: the largest single step's own inputs and outputs.
    pub lower_bound: Option<Extent>,
    /// Bytes of a planned arena.
    pub arena_bytes: Option<u64>,
    /// Whether every activation has a known size.
    pub complete: bool,
}

/// What following the activations brought.
pub(crate) struct Memory {
    pub activations: Activations,
    /// The order with the smallest peak of those tried, as steps of the file.
    pub best_order: Option<Vec<usize>>,
    timeline: Timeline,
    live: Vec<Option<Extent>>,
    in_place: Vec<Option<Extent>>,
}

impl Memory {
    /// Bytes alive in the step of a node; `None` where the node runs only at load.
    pub fn live_bytes(&self, step: usize) -> Option<Expr> {
        self.live.get(step)?.as_ref().map(|extent| extent.bytes.clone())
    }

    /// Every step of the file.
    pub fn steps(&self) -> Vec<StepMemory> {
        needs::steps(&self.timeline, &self.live, &self.in_place)
    }

    /// What an inference needs beside the weights.
    pub fn needs(&self, model: &Model) -> Needs {
        needs::needs(model, &self.timeline, &self.live)
    }

    /// A plan of memory, where all sizes are numbers.
    pub fn arena(&self) -> Option<Arena> {
        if !self.activations.complete {
            return None;
        }
        arena::plan(&self.timeline)
    }
}

/// How much to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Everything.
    All,
    /// The total and the peak in file order: what formulas are made of.
    Sums,
}

/// Follows the activations of a model through its steps.
pub(crate) fn follow(model: &Model, types: View<'_>, weights: &Weights, detail: Detail) -> Memory {
    let timeline = Timeline::new(model, &model.graph, types, weights);
    let live = timeline.live_extents();
    let mut activations = Activations {
        total: timeline.total(),
        peak: Extent::largest(live.iter().flatten()),
        complete: timeline.complete,
        ..Activations::default()
    };
    let (mut best_order, mut live_in_place) = (None, Vec::new());
    if detail == Detail::All {
        let at_peak =
            |live: &Option<Extent>| live.as_ref().is_some_and(|live| live.bytes == activations.peak.bytes);
        let at_peak = live.iter().position(at_peak);
        let in_place = timeline.in_place(model, types);
        let best = order::best(&timeline);
        activations.peak_at = at_peak.map(|step| model.graph.nodes[step].name.to_string());
        activations.in_place_total = in_place.total();
        live_in_place = in_place.live_extents();
        activations.in_place_peak = Extent::largest(live_in_place.iter().flatten());
        if let Some(best) = best {
            activations.best_order = Some(best.name);
            activations.best_order_is_optimal = best.is_optimal;
            activations.best_order_peak = Some(best.peak);
            best_order = Some(best.steps);
        }
        activations.lower_bound = timeline.largest_step();
    }
    Memory { activations, best_order, timeline, live, in_place: live_in_place }
}
