//! How far an order of a segment's tasks has come.

use smallvec::SmallVec;

use super::segments::{Segment, Task};

/// Of the tasks that could run next, no more than this many are compared.
pub(super) const MAX_CHOICES: usize = 64;

/// What has run, what could run next, and what is alive.
#[derive(Clone)]
pub(super) struct State {
    /// Bytes alive.
    pub alive: i128,
    /// The tasks that could run next, ascending.
    pub ready: SmallVec<[u16; 16]>,
    /// The tasks that have run, a bit for each.
    pub done: SmallVec<[u64; 2]>,
    /// How many tasks have run.
    pub count: usize,
    /// How many tasks each task still waits for.
    waiting: SmallVec<[u16; 64]>,
    /// How many tasks have still to read each shared tensor.
    left: SmallVec<[u16; 64]>,
}

/// What a task would need, relative to what is alive.
pub(super) struct Rise {
    /// The most alive during it.
    pub hill: i128,
    /// What is alive after it.
    pub net: i128,
}

impl State {
    /// Before the first task.
    pub fn new(segment: &Segment) -> State {
        let waiting: SmallVec<[u16; 64]> = segment.tasks.iter().map(|task| task.waits_for).collect();
        let is_ready = |task: &u16| waiting[usize::from(*task)] == 0;
        State {
            alive: segment.start,
            ready: (0..segment.tasks.len() as u16).filter(is_ready).collect(),
            done: SmallVec::from_elem(0, segment.tasks.len().div_ceil(64)),
            count: 0,
            waiting,
            left: segment.shared.iter().map(|shared| shared.readers).collect(),
        }
    }

    /// The tasks that have run once another has.
    pub fn done_with(&self, task: u16) -> SmallVec<[u64; 2]> {
        let mut done = self.done.clone();
        done[usize::from(task) / 64] |= 1 << (task % 64);
        done
    }

    /// What a ready task would need now.
    pub fn rise(&self, segment: &Segment, task: usize) -> Rise {
        let mut rise = Rise { hill: 0, net: 0 };
        for piece in &segment.tasks[task].pieces {
            rise.net += piece.makes;
            rise.hill = rise.hill.max(rise.net + piece.inner);
            let is_last = |shared: &&u32| self.left[**shared as usize] == 1;
            let last = piece.done_with.iter().filter(is_last);
            rise.net -= piece.frees + last.map(|shared| segment.shared[*shared as usize].bytes).sum::<i128>();
        }
        rise
    }

    /// Runs a ready task, and returns the most that was alive.
    pub fn run(&mut self, segment: &Segment, task: usize) -> i128 {
        let rise = self.rise(segment, task);
        let peak = self.alive + rise.hill;
        self.alive += rise.net;
        let Task { pieces, after, .. } = &segment.tasks[task];
        for shared in pieces.iter().flat_map(|piece| &piece.done_with) {
            self.left[*shared as usize] -= 1;
        }
        if let Ok(at) = self.ready.binary_search(&(task as u16)) {
            self.ready.remove(at);
        }
        for next in after {
            let waiting = &mut self.waiting[usize::from(*next)];
            *waiting -= 1;
            if *waiting == 0
                && let Err(at) = self.ready.binary_search(next)
            {
                self.ready.insert(at, *next);
            }
        }
        self.done[task / 64] |= 1 << (task % 64);
        self.count += 1;
        peak
    }

    /// A ready task that may as well run now: it leaves no more alive than there is, and does not go above what
    /// was needed already. Some best order from here runs it first.
    pub fn free_task(&self, segment: &Segment, peak: i128) -> Option<u16> {
        self.ready.iter().copied().take(MAX_CHOICES).find(|task| {
            let rise = self.rise(segment, usize::from(*task));
            rise.net <= 0 && self.alive + rise.hill <= peak
        })
    }
}
