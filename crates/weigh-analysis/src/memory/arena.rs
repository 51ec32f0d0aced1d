//! One block of memory with an offset for every activation, such that no two that are alive together overlap.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::timeline::Timeline;

/// Offsets are multiples of this many bytes, as runtimes align tensors to cache lines.
const ALIGNMENT: u64 = 64;
/// Plans in which activations are alive in more steps than this, all added up, are not attempted.
const MAX_WORK: usize = 20_000_000;

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arena {
    /// Bytes of the block.
    pub bytes: u64,
    /// Which way of planning gave it.
    pub strategy: &'static str,
    /// Where every activation lies.
    pub placements: Vec<Placement>,
}

/// One activation in the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Index of the tensor in the model; `None` for what the bodies of a node hold in its step.
    pub tensor: Option<usize>,
    /// The first step in which it is alive.
    pub first: usize,
    /// The last step in which it is alive.
    pub last: usize,
    /// Where it begins.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Placement {
    fn end(&self) -> u64 {
        self.offset + self.bytes
    }
}

/// Which of the gaps that a block fits in it takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// The lowest.
    First,
    /// The smallest.
    Best,
}

/// In which order blocks are placed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Appearance,
    LargestFirst,
}

/// The ways of planning, simplest first.
const STRATEGIES: [(&str, Order, Fit); 4] = [
    ("in order", Order::Appearance, Fit::First),
    ("largest first", Order::LargestFirst, Fit::First),
    ("in order, best fit", Order::Appearance, Fit::Best),
    ("largest first, best fit", Order::LargestFirst, Fit::Best),
];

/// Plans the block in every way, until one needs no more than is alive at once, and takes the smallest, of
/// equals the first. `None` where sizes are formulas or too large to plan, or the plan does not hold.
pub(super) fn plan(timeline: &Timeline) -> Option<Arena> {
    let in_order = blocks(timeline)?;
    let mut by_size = in_order.clone();
    by_size.sort_by_key(|block| (Reverse(block.bytes), block.first, block.tensor));
    let steps = timeline.steps.len();
    let peak = peak(&in_order, steps);
    let mut best: Option<Arena> = None;
    for (strategy, order, fit) in STRATEGIES {
        let blocks = if order == Order::Appearance { &in_order } else { &by_size };
        let arena = place(strategy, blocks.clone(), steps, fit)?;
        if best.as_ref().is_none_or(|best| arena.bytes < best.bytes) {
            best = Some(arena);
        }
        if best.as_ref().is_some_and(|best| best.bytes <= peak) {
            break;
        }
    }
    best.filter(|arena| holds(arena, steps))
}

/// The most that is alive in one step: no plan needs less.
fn peak(blocks: &[Placement], steps: usize) -> u64 {
    let (mut begins, mut ends) = (vec![0u64; steps], vec![0u64; steps]);
    for block in blocks {
        begins[block.first] = begins[block.first].saturating_add(block.bytes);
        ends[block.last] = ends[block.last].saturating_add(block.bytes);
    }
    let alive = begins.iter().zip(&ends).scan(0u64, |alive, (begin, end)| {
        *alive = alive.saturating_add(*begin);
        let now = *alive;
        *alive = alive.saturating_sub(*end);
        Some(now)
    });
    alive.max().unwrap_or(0)
}

/// The activations as unplaced blocks.
fn blocks(timeline: &Timeline) -> Option<Vec<Placement>> {
    let mut blocks = Vec::with_capacity(timeline.lives.len());
    let mut work = 0usize;
    let size = |extent: &super::Extent| u64::try_from(extent.bytes.as_int()?).ok();
    for life in &timeline.lives {
        let Some(last) = life.last else { continue };
        let (first, bytes) = (life.made.unwrap_or(0), size(&life.extent)?);
        work = work.checked_add(last + 1 - first)?;
        blocks.push(Placement { tensor: Some(life.tensor.index()), first, last, offset: 0, bytes });
    }
    for (at, step) in timeline.steps.iter().enumerate() {
        let bytes = size(&step.inner)?;
        if bytes > 0 {
            blocks.push(Placement { tensor: None, first: at, last: at, offset: 0, bytes });
        }
    }
    (work <= MAX_WORK).then_some(blocks)
}

/// Puts each block, in this order, where it overlaps none that is alive with it.
fn place(strategy: &'static str, blocks: Vec<Placement>, steps: usize, fit: Fit) -> Option<Arena> {
    let mut placed: Vec<Placement> = Vec::with_capacity(blocks.len());
    let mut alive: Vec<SmallVec<[u32; 8]>> = vec![SmallVec::new(); steps];
    let mut neighbours: Vec<u32> = Vec::new();
    let mut taken: Vec<(u64, u64)> = Vec::new();
    let mut bytes = 0u64;
    for mut block in blocks {
        neighbours.clear();
        neighbours.extend(alive.get(block.first..=block.last)?.iter().flatten());
        neighbours.sort_unstable();
        neighbours.dedup();
        taken.clear();
        let placed_at = |index: &u32| &placed[*index as usize];
        taken.extend(neighbours.iter().map(placed_at).map(|other| (other.offset, other.end())));
        taken.sort_unstable();
        block.offset = gap(block.bytes, &taken, fit)?;
        bytes = bytes.max(block.offset.checked_add(block.bytes)?);
        let index = u32::try_from(placed.len()).ok()?;
        alive[block.first..=block.last].iter_mut().for_each(|step| step.push(index));
        placed.push(block);
    }
    Some(Arena { bytes, strategy, placements: placed })
}

/// The offset of a gap between what is taken, sorted by begin, that so many bytes fit in. The last gap has no end.
fn gap(bytes: u64, taken: &[(u64, u64)], fit: Fit) -> Option<u64> {
    let (mut offset, mut best) = (0u64, None::<(u64, u64)>);
    for (start, end) in taken {
        if offset.checked_add(bytes)? <= *start {
            let room = start - offset;
            if fit == Fit::First {
                return Some(offset);
            }
            if best.is_none_or(|(least, _)| room < least) {
                best = Some((room, offset));
            }
        }
        offset = offset.max(end.checked_next_multiple_of(ALIGNMENT)?);
    }
    Some(best.map_or(offset, |(_, at)| at))
}

/// Whether no two blocks that are alive together overlap.
fn holds(arena: &Arena, steps: usize) -> bool {
    let mut alive: Vec<SmallVec<[u32; 8]>> = vec![SmallVec::new(); steps];
    for (index, block) in arena.placements.iter().enumerate() {
        for step in &mut alive[block.first..=block.last] {
            step.push(index as u32);
        }
    }
    alive.into_iter().all(|mut step| {
        let block = |index: &u32| &arena.placements[*index as usize];
        step.retain(|index| block(index).bytes > 0);
        step.sort_by_key(|index| block(index).offset);
        step.windows(2).all(|pair| block(&pair[0]).end() <= block(&pair[1]).offset)
    })
}
