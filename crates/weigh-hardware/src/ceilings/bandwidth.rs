//! Bandwidths: a curve over working sets first, then every kind of access at the levels that it shows.

use std::num::NonZeroUsize;

use super::kernels::{self, Line, Walks};
use super::team::{self, Plan, Rate, Work};
use super::{Bandwidth, Ceilings, Kind, Options, Point, Stopped, curve};
use crate::Machine;

/// The smallest working set in bytes.
const SMALLEST: u64 = 16 << 10;
/// What one step moves at most, in bytes: long enough for the clock, short beside a turn.
const STEP: u64 = 1 << 20;
const LINE: u64 = size_of::<Line>() as u64;

/// Measures the curve and the levels with so many threads and adds them to what is `found`. Memory is taken once for
/// each, every thread its share, and written by the thread that uses it, so it is near that thread.
pub(super) fn measure(
    machine: &Machine,
    options: &Options,
    threads: NonZeroUsize,
    found: &mut Ceilings,
    watch: &mut dyn FnMut(f64) -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    let Some(walks) = kernels::walks().pop() else { return Ok(()) };
    let largest = (options.memory_bytes / threads.get() as u64).max(2 * SMALLEST);
    watch(0.0)?;
    let sizes = sizes(largest);
    let turns = options.turns.div_ceil(2);
    let plan = Plan { tasks: sizes.len(), turns, window: options.window / 2 };
    let tasks: Vec<_> = sizes.iter().map(|&size| (size, Kind::Read)).collect();
    let rates = team::run(threads, plan, || Walker::new(&walks, &tasks, largest));
    let points: Vec<Point> = (sizes.iter().zip(rates))
        .filter_map(|(&working_set_bytes, rates)| {
            Some(Point {
                threads: threads.get(),
                working_set_bytes,
                bytes_per_s: Rate::of(rates)?.best.round(),
            })
        })
        .collect();
    watch(0.4)?;
    let levels = curve::levels(&points, &machine.caches);
    let kinds = Kind::ALL.into_iter().filter(|kind| has(&walks, *kind));
    let tasks: Vec<_> =
        levels.iter().flat_map(|level| kinds.clone().map(|kind| (level.working_set_bytes, kind))).collect();
    let plan = Plan { tasks: tasks.len(), turns: options.turns, window: options.window };
    let rates = team::run(threads, plan, || Walker::new(&walks, &tasks, largest));
    let names = levels.iter().flat_map(|level| kinds.clone().map(|_| level.level.clone()));
    found.bandwidth.extend(names.zip(&tasks).zip(rates).filter_map(|((level, &(size, kind)), rates)| {
        let rate = Rate::of(rates)?;
        Some(Bandwidth {
            level,
            working_set_bytes: size,
            kind,
            instructions: walks.instructions.to_owned(),
            threads: threads.get(),
            bytes_per_s: rate.best.round(),
            median_bytes_per_s: rate.median.round(),
        })
    }));
    found.plateaus.extend(curve::plateaus(&points));
    found.curve.extend(points);
    found.levels.extend(levels);
    Ok(())
}

/// Working sets from the smallest to the largest, two to an octave: 2ⁿ and 1.5 × 2ⁿ.
fn sizes(largest: u64) -> Vec<u64> {
    let octaves = (0..48).map(|octave| SMALLEST << octave);
    octaves.flat_map(|size| [size, size / 2 * 3]).take_while(|&size| size <= largest).collect()
}

fn has(walks: &Walks, kind: Kind) -> bool {
    kind != Kind::WritePastCaches || walks.write_past_caches.is_some()
}

/// How many arrays of the same length a kind of access needs.
fn arrays(kind: Kind) -> u64 {
    match kind {
        Kind::Read | Kind::Write | Kind::WritePastCaches => 1,
        Kind::Copy => 2,
        Kind::Triad => 3,
    }
}

/// One thread's memory and its tasks: working sets, each at the front of the memory, and what is done there.
struct Walker<'a> {
    walks: &'a Walks,
    tasks: &'a [(u64, Kind)],
    memory: Vec<Line>,
    /// Where each task goes on, in lines of each of its arrays.
    at: Vec<usize>,
}

impl<'a> Walker<'a> {
    fn new(walks: &'a Walks, tasks: &'a [(u64, Kind)], largest: u64) -> Walker<'a> {
        let needed = tasks.iter().map(|&(size, _)| size).max().unwrap_or(0).min(largest);
        let memory = vec![Line([1.0; 8]); (needed / LINE) as usize];
        Walker { walks, tasks, memory, at: vec![0; tasks.len()] }
    }
}

impl Work for Walker<'_> {
    fn step(&mut self, task: usize) -> f64 {
        let (size, kind) = self.tasks[task];
        let length = (size.min(self.memory.len() as u64 * LINE) / LINE / arrays(kind)) as usize;
        // A piece of the arrays where they are long, many times everything where they are short.
        let most = (STEP / LINE / arrays(kind)) as usize;
        let from = if self.at[task] + most <= length { self.at[task] } else { 0 };
        let piece = length.min(most);
        let times = (most / piece.max(1)).max(1) as u64;
        self.at[task] = from + piece;
        let (first, rest) = self.memory.split_at_mut(length);
        let first = &mut first[from..from + piece];
        match kind {
            Kind::Read => (self.walks.read)(first, times),
            Kind::Write => (self.walks.write)(first, 1.0, times),
            Kind::WritePastCaches => {
                if let Some(write) = self.walks.write_past_caches {
                    write(first, 1.0, times);
                }
            }
            Kind::Copy => (self.walks.copy)(first, &rest[from..from + piece], times),
            Kind::Triad => {
                let (second, third) = rest.split_at(length);
                let (second, third) = (&second[from..from + piece], &third[from..from + piece]);
                (self.walks.triad)(first, second, third, 3.0, times);
            }
        }
        (piece as u64 * LINE * arrays(kind) * times) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sizes_an_octave() {
        assert_eq!(sizes(70_000), [16_384, 24_576, 32_768, 49_152, 65_536]);
        assert!(sizes(0).is_empty());
    }

    #[test]
    fn a_step_counts_what_it_moves() {
        let walks = kernels::walks().pop().unwrap();
        // 48 KiB in three arrays of 256 lines: 21 times all (16,384 lines of a step, by 3, by 256 in whole numbers).
        // 3 MiB: 16,384 lines a step and array are too many for 48 KiB, so a third of a MiB of each array at a time.
        let tasks = [(48 << 10, Kind::Triad), (3 << 20, Kind::Triad), (3 << 20, Kind::Read)];
        let mut walker = Walker::new(&walks, &tasks, 3 << 20);
        assert_eq!(walker.step(0), f64::from(256 * 64 * 3 * 21));
        for at in [5461, 10922, 5461] {
            let from = walker.at[1];
            assert_eq!(walker.step(1), f64::from(5461 * 64 * 3));
            assert_eq!(walker.at[1], if from + 5461 <= 16384 { from + 5461 } else { at });
        }
        assert_eq!([walker.step(2), walker.step(2)], [f64::from(1 << 20); 2]);
    }
}
