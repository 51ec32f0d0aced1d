//! The row of tasks cut into parts that can be ordered each for itself.
//!
//! A task that every other task must come before or after stands at the same place in all orders. What runs
//! before it, and so what is alive there, is always the same: the parts between such tasks are independent.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use smallvec::SmallVec;

use super::schedule::Schedule;
use super::state::State;

/// One step of a task, in bytes.
#[derive(Default)]
pub(super) struct Piece {
    /// What it makes.
    pub makes: i128,
    /// What its bodies hold meanwhile.
    pub inner: i128,
    /// What it surely frees.
    pub frees: i128,
    /// The shared tensors that it is done with, by their place in the segment.
    pub done_with: SmallVec<[u32; 2]>,
}

/// Steps that run without a break.
pub(super) struct Task {
    pub steps: Vec<usize>,
    pub pieces: SmallVec<[Piece; 1]>,
    /// How many tasks of the segment it waits for.
    pub waits_for: u16,
    /// The tasks of the segment that wait for it.
    pub after: Vec<u16>,
}

/// A tensor that several tasks of a segment read and the last of them frees.
pub(super) struct Shared {
    pub bytes: i128,
    pub readers: u16,
}

/// Tasks between two fixed points.
pub(super) struct Segment {
    pub tasks: Vec<Task>,
    pub shared: Vec<Shared>,
    /// Bytes alive before the first of its tasks.
    pub start: i128,
}

impl Segment {
    /// Its steps as the file has them, or in their best order where there is but one task.
    pub fn first_order(&self) -> Vec<usize> {
        let mut steps: Vec<usize> = self.tasks.iter().flat_map(|task| task.steps.iter().copied()).collect();
        if self.tasks.len() > 1 {
            steps.sort_unstable();
        }
        steps
    }

    /// The peak where there is only one order of tasks.
    pub fn forced_peak(&self) -> i128 {
        let mut state = State::new(self);
        (0..self.tasks.len()).map(|task| state.run(self, task)).max().unwrap_or(0)
    }

    /// The steps of tasks in this order.
    pub fn steps_of(&self, tasks: &[u16]) -> Vec<usize> {
        tasks.iter().flat_map(|task| self.tasks[usize::from(*task)].steps.iter().copied()).collect()
    }
}

/// Cuts tasks into segments, in the order that they run.
pub(super) fn cut(schedule: &Schedule, rows: &[Vec<usize>]) -> Vec<Segment> {
    let links = Links::new(schedule, rows);
    let order = links.order(rows);
    let ranges = links.ranges(&order);
    let mut segment_of = vec![0; rows.len()];
    for (number, range) in ranges.iter().enumerate() {
        order[range.clone()].iter().for_each(|task| segment_of[*task] = number);
    }
    let ends = Ends::new(schedule, rows, &segment_of);
    let mut start = schedule.start.bytes;
    let mut segments = Vec::with_capacity(ranges.len());
    for (number, range) in ranges.into_iter().enumerate() {
        let mut builder = Builder { schedule, ends: &ends, number, shared: HashMap::new() };
        let members = &order[range];
        let pieces: Vec<_> = members.iter().map(|task| builder.pieces(&rows[*task])).collect();
        let shared = builder.shared();
        let tasks = links.tasks(rows, members, pieces);
        let segment = Segment { tasks, shared, start };
        let mut state = State::new(&segment);
        (0..segment.tasks.len()).for_each(|task| {
            state.run(&segment, task);
        });
        start = state.alive;
        segments.push(segment);
    }
    segments
}

/// Which tasks wait for which.
struct Links {
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
}

impl Links {
    fn new(schedule: &Schedule, rows: &[Vec<usize>]) -> Links {
        let mut owner = vec![0; schedule.steps.len()];
        for (task, row) in rows.iter().enumerate() {
            row.iter().for_each(|step| owner[*step] = task);
        }
        let mut links = Links { before: vec![Vec::new(); rows.len()], after: vec![Vec::new(); rows.len()] };
        for (task, row) in rows.iter().enumerate() {
            let reads = row.iter().flat_map(|step| &schedule.steps[*step].reads);
            let makers = reads.filter_map(|life| schedule.lives[*life].maker).map(|step| owner[step]);
            let mut before: Vec<usize> = makers.filter(|maker| *maker != task).collect();
            before.sort_unstable();
            before.dedup();
            before.iter().for_each(|maker| links.after[*maker].push(task));
            links.before[task] = before;
        }
        links
    }

    /// An order of tasks near that of the file.
    fn order(&self, rows: &[Vec<usize>]) -> Vec<usize> {
        let key = |task: usize| Reverse((rows[task].last().copied(), task));
        let mut waiting: Vec<usize> = self.before.iter().map(Vec::len).collect();
        let mut ready: BinaryHeap<_> = (0..rows.len()).filter(|task| waiting[*task] == 0).map(key).collect();
        let mut order = Vec::with_capacity(rows.len());
        while let Some(Reverse((_, task))) = ready.pop() {
            order.push(task);
            for next in &self.after[task] {
                waiting[*next] -= 1;
                if waiting[*next] == 0 {
                    ready.push(key(*next));
                }
            }
        }
        order
    }

    /// Fixed points as ranges of one, and what lies between them. A task is one if all after it wait for it, by
    /// way of others or not, and it waits for all before it: then no task after it has all its predecessors
    /// before it, and none before it has all its successors after it.
    fn ranges(&self, order: &[usize]) -> Vec<Range<usize>> {
        let count = order.len();
        let mut place = vec![0; count];
        order.iter().enumerate().for_each(|(at, task)| place[*task] = at);
        let latest = |task: usize| self.before[task].iter().map(|other| place[*other] + 1).max().unwrap_or(0);
        let earliest =
            |task: usize| self.after[task].iter().map(|other| place[*other]).min().unwrap_or(count);
        // For each place the smallest `latest` of all tasks behind it.
        let mut behind = vec![count; count + 1];
        for at in (0..count).rev() {
            behind[at] = behind[at + 1].min(latest(order[at]));
        }
        let mut ranges = Vec::new();
        let (mut from, mut ahead) = (0, 0);
        for at in 0..count {
            if behind[at + 1] > at && ahead <= at {
                ranges.extend((from < at).then_some(from..at));
                ranges.push(at..at + 1);
                from = at + 1;
            }
            ahead = ahead.max(earliest(order[at]));
        }
        ranges.extend((from < count).then_some(from..count));
        ranges
    }

    /// The tasks of a segment, numbered within it.
    fn tasks(&self, rows: &[Vec<usize>], members: &[usize], pieces: Vec<SmallVec<[Piece; 1]>>) -> Vec<Task> {
        let place: HashMap<usize, u16> =
            members.iter().enumerate().map(|(at, task)| (*task, at as u16)).collect();
        let inside = |tasks: &[usize]| -> Vec<u16> {
            tasks.iter().filter_map(|task| place.get(task).copied()).collect()
        };
        let task = |(task, pieces): (&usize, _)| Task {
            steps: rows[*task].clone(),
            pieces,
            waits_for: inside(&self.before[*task]).len() as u16,
            after: inside(&self.after[*task]),
        };
        members.iter().zip(pieces).map(task).collect()
    }
}

/// Where tensors end: the last segment that reads each, and how many of its tasks do.
struct Ends(Vec<(usize, u16)>);

impl Ends {
    fn new(schedule: &Schedule, rows: &[Vec<usize>], segment_of: &[usize]) -> Ends {
        let mut ends = vec![(0, 0u16); schedule.lives.len()];
        let mut seen = HashSet::new();
        for (task, row) in rows.iter().enumerate() {
            seen.clear();
            let reads = row.iter().flat_map(|step| schedule.steps[*step].reads.iter().copied());
            for life in reads.filter(|life| seen.insert(*life)) {
                let (segment, readers) = &mut ends[life];
                if segment_of[task] > *segment || *readers == 0 {
                    (*segment, *readers) = (segment_of[task], 0);
                }
                *readers += u16::from(segment_of[task] == *segment);
            }
        }
        Ends(ends)
    }
}

/// The pieces of a segment's tasks under way.
struct Builder<'b> {
    schedule: &'b Schedule,
    ends: &'b Ends,
    number: usize,
    /// Place and readers of tensors that several tasks of the segment read.
    shared: HashMap<usize, (u32, u16)>,
}

impl Builder<'_> {
    fn pieces(&mut self, row: &[usize]) -> SmallVec<[Piece; 1]> {
        let bytes = |life: &usize| self.schedule.lives[*life].size.bytes;
        let mut read_later: HashSet<usize> = HashSet::new();
        let mut pieces: SmallVec<[Piece; 1]> = SmallVec::new();
        for number in row.iter().rev() {
            let step = &self.schedule.steps[*number];
            let mut piece = Piece {
                makes: step.makes.iter().map(bytes).sum(),
                inner: step.inner.bytes,
                ..Piece::default()
            };
            for id in &step.makes {
                let life = &self.schedule.lives[*id];
                if life.readers.is_empty() && !life.stays {
                    piece.frees += life.size.bytes;
                }
            }
            for id in step.reads.iter().filter(|life| read_later.insert(**life)) {
                let (segment, readers) = self.ends.0[*id];
                match readers {
                    _ if segment != self.number || self.schedule.lives[*id].stays => {}
                    1 => piece.frees += bytes(id),
                    _ => {
                        let place = self.shared.len() as u32;
                        piece.done_with.push(self.shared.entry(*id).or_insert((place, readers)).0);
                    }
                }
            }
            pieces.push(piece);
        }
        pieces.reverse();
        pieces
    }

    fn shared(self) -> Vec<Shared> {
        let mut rows: Vec<(usize, (u32, u16))> = self.shared.into_iter().collect();
        rows.sort_unstable_by_key(|(_, (place, _))| *place);
        let bytes = |life: usize| self.schedule.lives[life].size.bytes;
        rows.into_iter().map(|(life, (_, readers))| Shared { bytes: bytes(life), readers }).collect()
    }
}
