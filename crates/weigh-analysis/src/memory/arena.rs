//! One block of memory with an offset for every activation, such that no two that are alive together overlap.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::timeline::Timeline;

/// Offsets are multiples of this many bytes, as runtimes align tensors to cache lines.
const ALIGNMENT: u64 = 64;
/// Activations that are alive in no more steps than this are looked up by step.
const SHORT: usize = 64;
/// Plans of more activations than this are not attempted, and above the second number not in all ways.
const MAX_BLOCKS: usize = 50_000;
const MAX_BLOCKS_FOR_ALL: usize = 4_000;

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
    let least = least(&in_order, steps)?;
    let mut best: Option<Arena> = None;
    let ways = if in_order.len() <= MAX_BLOCKS_FOR_ALL { STRATEGIES.len() } else { 2 };
    for (strategy, order, fit) in STRATEGIES.into_iter().take(ways) {
        let blocks = if order == Order::Appearance { &in_order } else { &by_size };
        let arena = place(strategy, blocks.clone(), steps, fit)?;
        if best.as_ref().is_none_or(|best| arena.bytes < best.bytes) {
            best = Some(arena);
        }
        if best.as_ref().is_some_and(|best| best.bytes <= least) {
            break;
        }
    }
    best.filter(|arena| holds(arena, steps))
}

/// The most that is alive in one step, in whole lines of which only the topmost block may leave some free: no plan
/// needs less.
fn least(blocks: &[Placement], steps: usize) -> Option<u64> {
    let (mut begins, mut ends) = (vec![0u64; steps], vec![0u64; steps]);
    let mut free = 0;
    for block in blocks {
        let lines = block.bytes.checked_next_multiple_of(ALIGNMENT)?;
        free = free.max(lines - block.bytes);
        begins[block.first] = begins[block.first].saturating_add(lines);
        ends[block.last] = ends[block.last].saturating_add(lines);
    }
    let alive = begins.iter().zip(&ends).scan(0u64, |alive, (begin, end)| {
        *alive = alive.saturating_add(*begin);
        let now = *alive;
        *alive = alive.saturating_sub(*end);
        Some(now)
    });
    Some(alive.max().unwrap_or(0).saturating_sub(free))
}

/// The activations as unplaced blocks.
fn blocks(timeline: &Timeline) -> Option<Vec<Placement>> {
    let mut blocks = Vec::with_capacity(timeline.lives.len());
    let size = |extent: &super::Extent| u64::try_from(extent.bytes.as_int()?).ok();
    for life in &timeline.lives {
        let Some(last) = life.last else { continue };
        let (first, bytes) = (life.made.unwrap_or(0), size(&life.extent)?);
        blocks.push(Placement { tensor: Some(life.tensor.index()), first, last, offset: 0, bytes });
    }
    for (at, step) in timeline.steps.iter().enumerate() {
        let bytes = size(&step.inner)?;
        if bytes > 0 {
            blocks.push(Placement { tensor: None, first: at, last: at, offset: 0, bytes });
        }
    }
    (blocks.len() <= MAX_BLOCKS).then_some(blocks)
}

/// Puts each block, in this order, where it overlaps none that is alive with it.
fn place(strategy: &'static str, blocks: Vec<Placement>, steps: usize, fit: Fit) -> Option<Arena> {
    let mut placed = Placed { blocks: Vec::with_capacity(blocks.len()), ..Placed::default() };
    placed.alive.resize(steps, SmallVec::new());
    placed.begun.resize(steps, SmallVec::new());
    let mut bytes = 0u64;
    for mut block in blocks {
        block.offset = placed.gap_for(&block, fit)?;
        bytes = bytes.max(block.offset.checked_add(block.bytes)?);
        placed.add(block)?;
    }
    Some(Arena { bytes, strategy, placements: placed.blocks })
}

/// The blocks placed so far, so kept that those alive with another are found fast: most blocks live for few
/// steps, and a few for very many.
#[derive(Default)]
struct Placed {
    blocks: Vec<Placement>,
    /// The blocks of few steps, in each step in which they are alive.
    alive: Vec<SmallVec<[u32; 8]>>,
    /// The blocks of few steps, in their first.
    begun: Vec<SmallVec<[u32; 2]>>,
    /// The blocks of many steps by their offset.
    long: Vec<u32>,
    /// All blocks by their offset.
    by_offset: Vec<u32>,
}

impl Placed {
    fn is_short(block: &Placement) -> bool {
        block.last - block.first < SHORT
    }

    /// The offset for a block, between those that are alive with it.
    fn gap_for(&self, block: &Placement, fit: Fit) -> Option<u64> {
        let span = |index: &u32| {
            let other = &self.blocks[*index as usize];
            (other.first <= block.last && block.first <= other.last).then_some((other.offset, other.end()))
        };
        if !Placed::is_short(block) {
            return gap(block.bytes, self.by_offset.iter().filter_map(span), fit);
        }
        let there = self.alive.get(block.first)?.iter();
        let begun = self.begun.get(block.first + 1..=block.last).into_iter().flatten().flatten();
        let mut short: SmallVec<[(u64, u64); 32]> = there.chain(begun).filter_map(span).collect();
        short.sort_unstable();
        gap(block.bytes, merged(short.into_iter(), self.long.iter().filter_map(span)), fit)
    }

    fn add(&mut self, block: Placement) -> Option<()> {
        let index = u32::try_from(self.blocks.len()).ok()?;
        let key = (block.offset, block.end());
        let before = |other: &u32| {
            let other = &self.blocks[*other as usize];
            (other.offset, other.end()) <= key
        };
        match Placed::is_short(&block) {
            true => {
                self.alive.get_mut(block.first..=block.last)?.iter_mut().for_each(|step| step.push(index));
                self.begun.get_mut(block.first)?.push(index);
            }
            false => self.long.insert(self.long.partition_point(before), index),
        }
        self.by_offset.insert(self.by_offset.partition_point(before), index);
        self.blocks.push(block);
        Some(())
    }
}

/// Two sorted rows as one.
fn merged<T: Ord>(a: impl Iterator<Item = T>, b: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if y < x => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

/// The offset of a gap between what is taken, sorted by begin, that so many bytes fit in. The last gap has no end.
fn gap(bytes: u64, taken: impl IntoIterator<Item = (u64, u64)>, fit: Fit) -> Option<u64> {
    let (mut offset, mut best) = (0u64, None::<(u64, u64)>);
    for (start, end) in taken {
        if offset.checked_add(bytes)? <= start {
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

/// Whether no two blocks that are alive together overlap. Of those alive in a step, kept by offset, a new one
/// need only be compared with its neighbours.
fn holds(arena: &Arena, steps: usize) -> bool {
    let (mut begin, mut end) = (vec![Vec::new(); steps], vec![Vec::new(); steps]);
    for block in arena.placements.iter().filter(|block| block.bytes > 0) {
        begin[block.first].push(block);
        end[block.last].push(block);
    }
    let mut alive: BTreeMap<u64, u64> = BTreeMap::new();
    begin.iter().zip(&end).all(|(begin, end)| {
        let fits = begin.iter().all(|block| {
            let below = alive.range(..=block.offset).next_back().is_none_or(|(_, end)| *end <= block.offset);
            let above = alive.range(block.offset..).next().is_none_or(|(begin, _)| block.end() <= *begin);
            alive.insert(block.offset, block.end());
            below && above
        });
        end.iter().for_each(|block| {
            alive.remove(&block.offset);
        });
        fits
    })
}
