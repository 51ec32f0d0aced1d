//! Execution orders: which needs the least memory, and whether that is proved.
//!
//! The steps of a graph can run in any order that makes every tensor before it is read. Of these orders, one
//! with the smallest peak is found in four moves:
//!
//! 1. `schedule` keeps the steps that run and plain sizes;
//! 2. `tasks` joins steps that some best order runs without a break, so that less is left to decide;
//! 3. `segments` cuts the row where all orders must pass through the same task: the parts are independent, and
//!    the peak is the largest of theirs;
//! 4. each part that could matter is guessed (`guess`), then searched (`search`) until the best is proved or
//!    the search has looked at enough.
//!
//! The peak in bytes is what is made small. All of it is deterministic, and bounded whatever the graph.

mod guess;
mod schedule;
mod search;
mod segments;
mod state;
mod tasks;

use weigh_ir::{Expr, Invalid};

use super::Extent;
use super::timeline::Timeline;
use schedule::{Schedule, Size};
use search::Answer;
use segments::Segment;

/// Graphs of more steps than this are taken in file order only.
const MAX_STEPS: usize = 20_000;
/// Models of so few tasks are searched as far as any.
const FEW_TASKS: usize = 24;
/// How many states all searches of a model together may reach: by its tasks, and in all.
const STATES_PER_TASK: usize = 12;
const MAX_STATES: usize = 10_000;

/// An order and its peak.
#[derive(Clone, Debug)]
pub(super) struct Best {
    /// `file`; or `exact` where it is better and no order is better still; or `greedy` where that is not proved.
    pub name: &'static str,
    pub peak: Extent,
    /// Whether no order has a smaller peak.
    pub is_optimal: bool,
    /// The steps in this order.
    pub steps: Vec<usize>,
}

/// The best of the orders tried. `None` where sizes are formulas or nothing runs.
pub(super) fn best(timeline: &Timeline) -> Option<Best> {
    let schedule = Schedule::new(timeline)?;
    let file: Vec<usize> = (0..schedule.steps.len()).collect();
    let peak = schedule.peak(&file);
    let bound = schedule.steps.iter().map(|step| schedule.own(step)).max()?;
    let as_best = |name, order: &[usize], peak: Size, is_optimal| Best {
        name,
        peak: Extent { elements: expr(peak.elements), bytes: expr(peak.bytes) },
        is_optimal,
        steps: order.iter().map(|step| schedule.steps[*step].at).collect(),
    };
    if peak.bytes == bound || file.len() > MAX_STEPS {
        return Some(as_best("file", &file, peak, peak.bytes == bound));
    }
    let (order, bound) = improve(&schedule, bound);
    let improved = schedule.peak(&order);
    let is_optimal = improved.bytes.min(peak.bytes) <= bound;
    Some(match improved.bytes < peak.bytes {
        true => as_best(if is_optimal { "exact" } else { "greedy" }, &order, improved, is_optimal),
        false => as_best("file", &file, peak, is_optimal),
    })
}

fn expr(value: i128) -> Expr {
    i64::try_from(value).map_or(Expr::Invalid(Invalid::Overflow), Expr::Int)
}

/// A good order, and what is proved to be the least any order needs.
fn improve(schedule: &Schedule, mut bound: i128) -> (Vec<usize>, i128) {
    let segments = segments::cut(schedule, &tasks::joined(schedule));
    let mut orders: Vec<Vec<usize>> = segments.iter().map(Segment::first_order).collect();
    let in_file = peaks(schedule, &orders);
    // Where there is no choice, the peak is what it is.
    let forced = segments.iter().filter(|segment| segment.tasks.len() == 1).map(Segment::forced_peak);
    bound = bound.max(forced.max().unwrap_or(0));
    let tasks: usize = segments.iter().map(|segment| segment.tasks.len()).sum();
    let of_many = MAX_STATES.min(tasks * STATES_PER_TASK);
    let mut states = if tasks <= FEW_TASKS { MAX_STATES } else { of_many };
    for ((segment, order), in_file) in segments.iter().zip(&mut orders).zip(in_file) {
        if segment.tasks.len() > 1 && in_file > bound {
            bound = bound.max(solve(segment, order, in_file, bound, &mut states));
        }
    }
    (orders.concat(), bound)
}

/// Betters the order of a segment, and returns what is proved to be the least it needs.
fn solve(segment: &Segment, order: &mut Vec<usize>, in_file: i128, bound: i128, states: &mut usize) -> i128 {
    let mut least = in_file;
    for (peak, tasks) in [guess::depth_first(segment), guess::beam(segment)] {
        if peak < least {
            (least, *order) = (peak, segment.steps_of(&tasks));
        }
    }
    if least <= bound {
        return bound;
    }
    match search::below(segment, bound, least, states) {
        Answer::Found(peak, tasks) => {
            *order = segment.steps_of(&tasks);
            peak
        }
        Answer::NothingBelow => least,
        Answer::GaveUp => bound,
    }
}

/// The peak of each part of an order.
fn peaks(schedule: &Schedule, parts: &[Vec<usize>]) -> Vec<i128> {
    let alive = schedule.trace(&parts.concat());
    let mut alive = alive.into_iter().map(|size| size.bytes);
    parts.iter().map(|part| alive.by_ref().take(part.len()).max().unwrap_or(0)).collect()
}
