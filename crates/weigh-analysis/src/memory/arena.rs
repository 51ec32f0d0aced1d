//! One block of memory with an offset for every activation, such that no two that are alive together overlap.

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

/// Plans the block two ways, in order of appearance and largest first, and takes the smaller one; one is enough
/// where it needs no more than is alive at once. `None` where sizes are formulas or too large to plan, or the
/// plan does not hold.
pub(super) fn plan(timeline: &Timeline) -> Option<Arena> {
    let blocks = blocks(timeline)?;
    let steps = timeline.steps.len();
    let peak = peak(&blocks, steps);
    let in_order = place("in order", blocks.clone(), steps)?;
    let arena = if in_order.bytes <= peak {
        in_order
    } else {
        let mut by_size = blocks;
        by_size
            .sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.first.cmp(&b.first)).then(a.tensor.cmp(&b.tensor)));
        let by_size = place("largest first", by_size, steps)?;
        if by_size.bytes < in_order.bytes { by_size } else { in_order }
    };
    holds(&arena, steps).then_some(arena)
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

/// Puts each block, in this order, at the lowest offset where it overlaps none that is alive with it.
fn place(strategy: &'static str, blocks: Vec<Placement>, steps: usize) -> Option<Arena> {
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
        let mut offset = 0u64;
        for (start, end) in &taken {
            if offset.checked_add(block.bytes)? <= *start {
                break;
            }
            offset = offset.max(end.checked_next_multiple_of(ALIGNMENT)?);
        }
        block.offset = offset;
        bytes = bytes.max(offset.checked_add(block.bytes)?);
        let index = u32::try_from(placed.len()).ok()?;
        alive[block.first..=block.last].iter_mut().for_each(|step| step.push(index));
        placed.push(block);
    }
    Some(Arena { bytes, strategy, placements: placed })
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
