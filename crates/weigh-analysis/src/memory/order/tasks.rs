//! Steps joined into tasks that some best order runs without a break.
//!
//! Two rules join a task with its only neighbour on one side. Each is safe because any order can be changed to
//! obey it without a higher peak:
//!
//! - *Later*: a task whose only successor is W, and that leaves at least as much alive as it can free, may as
//!   well wait until right before W, if its own peak there is no higher than what W needs anyway.
//! - *Earlier*: a task whose only predecessor is U, and that frees for sure at least as much as it leaves, may
//!   as well run right after U, if its own peak there is no higher than the one U had.
//!
//! Both compare bounds: what a task frees depends on who reads its inputs before it.

use foldhash::{HashMap, HashMapExt};

use super::schedule::Schedule;

/// Tasks do not grow beyond this, which bounds the work of looking at one. Tensors with more readers count as
/// never freed by a task.
const MAX_STEPS: usize = 64;
/// How often all tasks are looked at.
const MAX_PASSES: usize = 8;

/// The tasks: each a row of steps. Together they hold every step once.
pub(super) fn joined(schedule: &Schedule) -> Vec<Vec<usize>> {
    let count = schedule.steps.len();
    let mut joiner =
        Joiner { schedule, rows: (0..count).map(|step| vec![step]).collect(), owner: (0..count).collect() };
    for _ in 0..MAX_PASSES {
        let joins = (0..count).filter(|task| joiner.join_later(*task) || joiner.join_earlier(*task)).count();
        if joins == 0 {
            break;
        }
    }
    joiner.rows.into_iter().filter(|row| !row.is_empty()).collect()
}

/// Rows of steps under way; a task that was joined to another has an empty row.
struct Joiner<'s> {
    schedule: &'s Schedule,
    rows: Vec<Vec<usize>>,
    /// The task that each step is in.
    owner: Vec<usize>,
}

/// What is known to be freed by a task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Freed {
    /// As little as possible: only what no other task reads.
    Least,
    /// As much as possible: everything it reads, at once.
    Most,
}

/// Bytes relative to what is alive before a task.
struct Profile {
    /// The most alive during it.
    hill: i128,
    /// What is alive after it.
    net: i128,
}

impl Joiner<'_> {
    fn join_later(&mut self, task: usize) -> bool {
        let Some(next) = self.neighbour(task, &Joiner::successors) else { return false };
        let (most, least) = (self.profile(task, task, Freed::Most), self.profile(task, task, Freed::Least));
        let bytes = |life: usize| self.schedule.lives[life].size.bytes;
        let mut kept: Vec<usize> = self.external_reads(task).collect();
        kept.sort_unstable();
        kept.dedup();
        let next_reads = |life: &usize| self.lives_read(next).any(|read| read == *life);
        let kept: i128 = kept.into_iter().filter(next_reads).map(bytes).sum();
        let needed_next = most.net + kept + self.profile(next, next, Freed::Most).hill;
        let joins = most.net >= 0 && least.hill <= needed_next;
        if joins {
            self.join(task, next, next);
        }
        joins
    }

    fn join_earlier(&mut self, task: usize) -> bool {
        let Some(before) = self.neighbour(task, &Joiner::predecessors) else { return false };
        let least = self.profile(task, before, Freed::Least);
        let (low, high) =
            (self.profile(before, before, Freed::Most), self.profile(before, before, Freed::Least));
        let joins = least.net <= 0 && high.net + least.hill <= low.hill;
        if joins {
            self.join(before, task, before);
        }
        joins
    }

    /// Makes one row of two, under the name of one of them.
    fn join(&mut self, first: usize, second: usize, name: usize) {
        let mut row = std::mem::take(&mut self.rows[first]);
        row.append(&mut self.rows[second]);
        row.iter().for_each(|step| self.owner[*step] = name);
        self.rows[name] = row;
    }

    /// The only task on one side, if there is one and the two together are not too long.
    fn neighbour(&self, task: usize, side: &dyn Fn(&Self, usize, &mut Only)) -> Option<usize> {
        let mut only = Only::None;
        side(self, task, &mut only);
        let Only::One(other) = only else { return None };
        (self.rows[task].len() + self.rows[other].len() <= MAX_STEPS).then_some(other)
    }

    fn successors(&self, task: usize, found: &mut Only) {
        let lives = self.rows[task].iter().flat_map(|step| &self.schedule.steps[*step].makes);
        for reader in lives.flat_map(|life| self.schedule.lives[*life].readers.iter().take(MAX_STEPS + 1)) {
            found.add(self.owner[*reader], task);
        }
    }

    fn predecessors(&self, task: usize, found: &mut Only) {
        let makers = self.lives_read(task).filter_map(|life| self.schedule.lives[life].maker);
        makers.for_each(|maker| found.add(self.owner[maker], task));
    }

    fn lives_read(&self, task: usize) -> impl Iterator<Item = usize> {
        self.rows[task].iter().flat_map(|step| self.schedule.steps[*step].reads.iter().copied())
    }

    /// Lives that a task reads, did not make, and could free.
    fn external_reads(&self, task: usize) -> impl Iterator<Item = usize> {
        self.lives_read(task).filter(move |life| {
            let life = &self.schedule.lives[*life];
            !life.stays && life.maker.is_none_or(|maker| self.owner[maker] != task)
        })
    }

    /// Bounds of what a task needs; with `Freed::Least`, `after` is a task known to run before it.
    fn profile(&self, task: usize, after: usize, freed: Freed) -> Profile {
        let (mut alive, mut hill) = (0i128, 0i128);
        let mut reads: HashMap<usize, usize> = HashMap::new();
        for number in &self.rows[task] {
            let step = &self.schedule.steps[*number];
            let bytes = |life: usize| self.schedule.lives[life].size.bytes;
            alive += step.makes.iter().map(|life| bytes(*life)).sum::<i128>();
            hill = hill.max(alive + step.inner.bytes);
            for life in &step.reads {
                let count = reads.entry(*life).or_default();
                *count += 1;
                if self.frees(*life, *count, task, after, freed) {
                    alive -= bytes(*life);
                }
            }
            let unread = |life: &&usize| {
                let life = &self.schedule.lives[**life];
                life.readers.is_empty() && !life.stays
            };
            alive -= step.makes.iter().filter(unread).map(|life| bytes(*life)).sum::<i128>();
        }
        Profile { hill, net: alive }
    }

    /// Whether a life is gone after a task has read it so many times.
    fn frees(&self, life: usize, reads: usize, task: usize, after: usize, freed: Freed) -> bool {
        let life = &self.schedule.lives[life];
        let is_own = life.maker.is_some_and(|maker| self.owner[maker] == task);
        if life.stays {
            return false;
        }
        if freed == Freed::Most && !is_own {
            return reads == 1;
        }
        let of = |owner: usize| life.readers.iter().filter(|step| self.owner[**step] == owner).count();
        if life.readers.len() > 2 * MAX_STEPS {
            return false;
        }
        let (own, before) = (of(task), if after == task { 0 } else { of(after) });
        own == reads && own + before == life.readers.len()
    }
}

/// None, one or many.
enum Only {
    None,
    One(usize),
    Many,
}

impl Only {
    fn add(&mut self, found: usize, apart_from: usize) {
        match self {
            _ if found == apart_from => {}
            Only::None => *self = Only::One(found),
            Only::One(known) if *known == found => {}
            _ => *self = Only::Many,
        }
    }
}
