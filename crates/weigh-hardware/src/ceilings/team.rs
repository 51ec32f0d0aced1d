//! Threads that do the same work at the same time, and how fast they were together.
//!
//! Each of several threads is held to a processor of its own where the system allows; a thread that is alone is left to
//! the scheduler, which knows what processors are idle and which of them are fast. Threads begin each turn together and
//! each stops by its own clock. The rate of a turn is everything done, divided by the time from the first thread's start
//! to the last one's end, so it never says more than was done.

use std::num::NonZeroUsize;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use core_affinity::CoreId;

/// What each thread does.
pub(super) trait Work {
    /// Does some tens of microseconds of a task and returns how much that was, in the task's unit.
    fn step(&mut self, task: usize) -> f64;
}

/// How often and how long each task is timed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub tasks: usize,
    pub turns: usize,
    pub window: Duration,
}

/// The rates of one task's turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    /// The best, in units a second.
    pub best: f64,
    /// The middle one.
    pub median: f64,
}

impl Rate {
    /// `None` for no turns.
    pub(super) fn of(mut rates: Vec<f64>) -> Option<Rate> {
        rates.sort_by(f64::total_cmp);
        let middle = rates.len() / 2;
        let upper = *rates.get(middle)?;
        let median = if rates.len().is_multiple_of(2) { (rates[middle - 1] + upper) / 2.0 } else { upper };
        Some(Rate { best: *rates.last()?, median })
    }
}

/// One thread's part of a turn.
#[derive(Clone, Copy, Debug)]
struct Part {
    done: f64,
    start: Instant,
    end: Instant,
}

/// Runs every task in turns, all tasks once before any a second time, and returns the rates of each task's turns. `make`
/// is called in each thread, so memory is where the thread runs. Before its first turn a task runs for a moment untimed.
pub(super) fn run<W: Work>(threads: NonZeroUsize, plan: Plan, make: impl Fn() -> W + Sync) -> Vec<Vec<f64>> {
    let places = places(threads);
    let barrier = Barrier::new(threads.get());
    let member = |place: Option<CoreId>| {
        place.map(core_affinity::set_for_current);
        let mut work = make();
        let mut parts = Vec::with_capacity(plan.tasks * plan.turns);
        for turn in 0..plan.turns {
            for task in 0..plan.tasks {
                barrier.wait();
                if turn == 0 {
                    part(&mut work, task, plan.window / 4);
                    barrier.wait();
                }
                parts.push(part(&mut work, task, plan.window));
            }
        }
        parts
    };
    let parts: Vec<Vec<Part>> = thread::scope(|scope| {
        let started: Vec<_> = places.into_iter().map(|place| scope.spawn(move || member(place))).collect();
        started.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let rates =
        |task| (0..plan.turns).filter_map(|turn| together(&parts, turn * plan.tasks + task)).collect();
    (0..plan.tasks).map(rates).collect()
}

fn part(work: &mut impl Work, task: usize, window: Duration) -> Part {
    let (start, mut done) = (Instant::now(), 0.0);
    loop {
        done += work.step(task);
        let end = Instant::now();
        if end - start >= window {
            return Part { done, start, end };
        }
    }
}

/// The rate of all threads in one turn.
fn together(parts: &[Vec<Part>], at: usize) -> Option<f64> {
    let of_turn = || parts.iter().filter_map(|parts| parts.get(at));
    let wall = of_turn().map(|part| part.end).max()? - of_turn().map(|part| part.start).min()?;
    Some(of_turn().map(|part| part.done).sum::<f64>() / wall.as_secs_f64()).filter(|rate| rate.is_finite())
}

/// Where the threads run. Several threads, one to each processor, are held there; fewer threads than processors (as a
/// control group's quota asks for) take different cores first. `None` leaves a thread to the scheduler.
fn places(threads: NonZeroUsize) -> Vec<Option<CoreId>> {
    let free = vec![None; threads.get()];
    if threads.get() == 1 {
        return free;
    }
    let processors = core_affinity::get_core_ids().unwrap_or_default();
    if processors.len() < threads.get() {
        return free;
    }
    let siblings = |id: &CoreId| {
        let path = format!("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", id.id);
        crate::lists::parse(&std::fs::read_to_string(path).unwrap_or_default()).unwrap_or_default()
    };
    spread(processors, siblings).into_iter().map(Some).take(threads.get()).collect()
}

/// Processors in the order in which threads take them: first one of every core, then those cores' second ones.
fn spread(mut processors: Vec<CoreId>, siblings: impl Fn(&CoreId) -> Vec<usize>) -> Vec<CoreId> {
    processors.sort_by_cached_key(|id| {
        let place = siblings(id).iter().position(|&sibling| sibling == id.id);
        (place.unwrap_or_default(), id.id)
    });
    processors
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Work for Counting {
        fn step(&mut self, task: usize) -> f64 {
            (task + 1) as f64
        }
    }

    #[test]
    fn every_task_has_a_rate() {
        let plan = Plan { tasks: 3, turns: 2, window: Duration::from_micros(50) };
        for threads in [1, 2, 5] {
            let rates = run(NonZeroUsize::new(threads).unwrap(), plan, || Counting);
            assert_eq!(rates.len(), 3);
            assert!(rates.iter().all(|rates| rates.len() == 2 && rates.iter().all(|&rate| rate > 0.0)));
        }
        assert_eq!(
            run(NonZeroUsize::MIN, Plan { turns: 0, ..plan }, || Counting),
            vec![Vec::<f64>::new(); 3]
        );
    }

    #[test]
    fn a_turn_lasts_from_the_first_start_to_the_last_end() {
        let zero = Instant::now();
        let part = |done, start, end| Part {
            done,
            start: zero + Duration::from_millis(start),
            end: zero + Duration::from_millis(end),
        };
        // 30 units of one thread and 50 of the other, from 0 to 20 ms: 80 in 0.02 s.
        let rate = together(&[vec![part(30.0, 0, 10)], vec![part(50.0, 5, 20)]], 0).unwrap();
        assert!((rate - 4000.0).abs() < 1e-9, "{rate}");
        assert_eq!(together(&[], 0), None);
    }

    #[test]
    fn medians_of_even_and_odd_counts() {
        let rate = |rates: &[f64]| Rate::of(rates.to_vec());
        assert_eq!(rate(&[3.0, 1.0, 2.0]), Some(Rate { best: 3.0, median: 2.0 }));
        assert_eq!(rate(&[4.0, 1.0, 2.0, 3.0]), Some(Rate { best: 4.0, median: 2.5 }));
        assert_eq!(rate(&[]), None);
    }

    #[test]
    fn threads_take_different_cores_first() {
        let ids = |ids: &[usize]| ids.iter().map(|&id| CoreId { id }).collect::<Vec<_>>();
        // Four cores of two threads each, numbered in pairs and in halves.
        let pairs = spread(ids(&[0, 1, 2, 3, 4, 5, 6, 7]), |id| vec![id.id & !1, id.id | 1]);
        assert_eq!(pairs, ids(&[0, 2, 4, 6, 1, 3, 5, 7]));
        let halves = spread(ids(&[0, 1, 2, 3, 4, 5, 6, 7]), |id| vec![id.id % 4, id.id % 4 + 4]);
        assert_eq!(halves, ids(&[0, 1, 2, 3, 4, 5, 6, 7]));
        assert_eq!(spread(ids(&[1, 0]), |_| vec![]), ids(&[0, 1]));
    }
}
