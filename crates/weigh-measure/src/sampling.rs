//! Warm-up and sampling: when to stop throwing runs away, and when there are enough of them.
//!
//! 1. The first inference is timed by itself.
//! 2. Warm-up runs follow until there are enough of them for long enough *and* their times have settled: the medians
//!    of the last third and of the third before it differ by at most 5 %. Settling is not promised to happen (Barrett
//!    et al., "Virtual machine warmup blows hot and cold", arXiv:1602.00602), so warm-up ends at some time either way
//!    and the verdict is recorded.
//! 3. Samples follow for a least time and a least number. No sample is ever dropped. Where the medians of their two
//!    halves differ by more than 5 %, the model was not steady after all: that catches a trend too slow for step 2.
//!
//! A cap on the whole keeps slow models bearable: warm-up may use a third of it, and at least one sample is taken
//! whatever it costs.

use std::time::Duration;

use crate::clock::Clock;
use crate::note::Note;
use crate::statistics::{Distribution, middle};

/// Two medians closer than this part of the earlier one count as the same.
const TOLERANCE: f64 = 0.05;

/// How long to warm up and to sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Warm-up runs at least. Default 3.
    pub min_warm_up_runs: usize,
    /// Warm-up time at least. Default 0.2 s.
    pub min_warm_up: Duration,
    /// Warm-up ends after this time, settled or not. Default 2 s.
    pub max_warm_up: Duration,
    /// Samples at least. Default 6: the fewest that bound the median.
    pub min_samples: usize,
    /// Time of sampling at least. Default 1 s.
    pub min_time: Duration,
    /// No run starts after this time since the first inference began, but for one sample. Default 30 s.
    pub max_time: Duration,
    /// Samples, and warm-up runs, at most: a bound on memory. Default 1,000,000.
    pub max_samples: usize,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            min_warm_up_runs: 3,
            min_warm_up: Duration::from_millis(200),
            max_warm_up: Duration::from_secs(2),
            min_samples: 6,
            min_time: Duration::from_secs(1),
            max_time: Duration::from_secs(30),
            max_samples: 1_000_000,
        }
    }
}

/// A part of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading the model and making it ready.
    Load,
    /// The first inference.
    First,
    /// Runs that are thrown away.
    WarmUp,
    /// Runs that count.
    Sample,
}

/// How far a measurement has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// How much of the phase is done, from 0 to 1, as far as can be told.
    pub fraction: f64,
}

/// The times of one model's runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Time of the first inference in milliseconds.
    pub first_ms: f64,
    /// How many runs were thrown away after the first.
    pub warm_up_runs: usize,
    /// Whether times had settled when warm-up ended, and the samples did not drift after that.
    pub steady: bool,
    /// Time of each inference after warm-up in milliseconds, in order.
    pub latency_ms: Distribution,
    /// What to know beside the figures.
    pub notes: Vec<Note>,
}

/// Times `run` as planned. `progress` is told about it between runs, a few times per second, never within one.
///
/// # Errors
/// The first error of `run`, which ends the measurement.
pub fn sample<E>(
    clock: &dyn Clock,
    plan: &Plan,
    progress: &mut dyn FnMut(Progress),
    run: impl FnMut() -> Result<(), E>,
) -> Result<Sampling, E> {
    let mut sampler = Sampler { clock, progress, run, last_told: None };
    let began = clock.now();
    sampler.tell(Phase::First, 0.0);
    let first_ms = sampler.time()?;

    let warm_up = sampler.warm_up(plan, began)?;
    let samples = sampler.samples(plan, began)?;
    sampler.tell(Phase::Sample, 1.0);

    let mut notes: Vec<Note> = warm_up.note.into_iter().collect();
    if samples.len() < plan.min_samples.min(plan.max_samples) {
        notes.push(Note::FewSamples { samples: samples.len(), floor: plan.min_samples });
    }
    let drift = drift(&samples);
    notes.extend(drift.map(|change| Note::Drift { change }));
    Ok(Sampling {
        first_ms,
        warm_up_runs: warm_up.runs,
        steady: warm_up.settled && drift.is_none(),
        latency_ms: Distribution::new(samples)
            .expect("there is a sample, and differences of a clock are finite"),
        notes,
    })
}

struct Sampler<'a, F> {
    clock: &'a dyn Clock,
    progress: &'a mut dyn FnMut(Progress),
    run: F,
    /// Phase and time of the last word to `progress`.
    last_told: Option<(Phase, u64)>,
}

struct WarmUp {
    runs: usize,
    settled: bool,
    note: Option<Note>,
}

impl<E, F: FnMut() -> Result<(), E>> Sampler<'_, F> {
    /// One run's time in milliseconds.
    fn time(&mut self) -> Result<f64, E> {
        let start = self.clock.now();
        (self.run)()?;
        Ok(self.since(start).as_nanos() as f64 / 1e6)
    }

    fn since(&self, moment: u64) -> Duration {
        Duration::from_nanos(self.clock.now().saturating_sub(moment))
    }

    fn warm_up(&mut self, plan: &Plan, began: u64) -> Result<WarmUp, E> {
        let start = self.clock.now();
        let mut times = Vec::new();
        let mut next_check = 0;
        loop {
            let spent = self.since(start);
            let warm = times.len() >= plan.min_warm_up_runs && spent >= plan.min_warm_up;
            let last = spent >= plan.max_warm_up || times.len() >= plan.max_samples;
            if warm && (last || times.len() >= next_check) {
                if settled(&times) {
                    return Ok(WarmUp { runs: times.len(), settled: true, note: None });
                }
                // Looking costs time in proportion to the runs, so it is done less and less often.
                next_check = times.len() + times.len().div_ceil(4);
            }
            if last && times.len() >= plan.min_warm_up_runs {
                let note = Some(Note::StillSettling);
                return Ok(WarmUp { runs: times.len(), settled: false, note });
            }
            if self.since(began) >= plan.max_time / 3 {
                let (runs, floor) = (times.len(), plan.min_warm_up_runs);
                let note =
                    if runs < floor { Note::WarmUpCutShort { runs, floor } } else { Note::StillSettling };
                return Ok(WarmUp { runs, settled: false, note: Some(note) });
            }
            self.tell(Phase::WarmUp, part(spent, plan.min_warm_up));
            times.push(self.time()?);
        }
    }

    /// At least one sample, in milliseconds.
    fn samples(&mut self, plan: &Plan, began: u64) -> Result<Vec<f64>, E> {
        let start = self.clock.now();
        let mut samples = Vec::new();
        loop {
            let (spent, total) = (self.since(start), self.since(began));
            let enough = samples.len() >= plan.min_samples && spent >= plan.min_time;
            let too_much = total >= plan.max_time || samples.len() >= plan.max_samples;
            if !samples.is_empty() && (enough || too_much) {
                return Ok(samples);
            }
            let by_number = samples.len() as f64 / plan.min_samples.max(1) as f64;
            let done = part(spent, plan.min_time).min(by_number).max(part(total, plan.max_time));
            self.tell(Phase::Sample, done);
            samples.push(self.time()?);
        }
    }

    /// Tells `progress`, but not so often that it would disturb the runs.
    fn tell(&mut self, phase: Phase, fraction: f64) {
        const PAUSE: Duration = Duration::from_millis(50);
        let due = match self.last_told {
            Some((last, moment)) => last != phase || fraction >= 1.0 || self.since(moment) >= PAUSE,
            None => true,
        };
        if due {
            self.last_told = Some((phase, self.clock.now()));
            (self.progress)(Progress { phase, fraction: fraction.clamp(0.0, 1.0) });
        }
    }
}

/// How much of the whole, from 0; 1 for a whole of nothing.
fn part(spent: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 1.0 } else { spent.as_secs_f64() / whole.as_secs_f64() }
}

/// Whether the last third of the times is like the third before it. The first third may be anything.
fn settled(times: &[f64]) -> bool {
    let third = times.len() / 3;
    let (rest, last) = times.split_at(times.len() - third);
    let before = &rest[rest.len() - third..];
    third > 0 && change(before, last).abs() <= TOLERANCE
}

/// By how much the second half of the samples differs from the first, where that is more than the tolerance.
fn drift(samples: &[f64]) -> Option<f64> {
    /// Halves of fewer have no median worth the name.
    const NEEDED: usize = 6;
    let (first, second) = samples.split_at(samples.len() / 2);
    (samples.len() >= NEEDED).then(|| change(first, second)).filter(|change| change.abs() > TOLERANCE)
}

/// The median of `after` over that of `before`, minus 1; 0 where `before` took no time.
fn change(before: &[f64], after: &[f64]) -> f64 {
    let before = middle(before);
    if before > 0.0 { middle(after) / before - 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    /// Samples runs that take these many milliseconds, the last of them for ever.
    fn sampled(plan: &Plan, times_ms: &[u64]) -> Sampling {
        let clock = ManualClock::new();
        let mut times = times_ms.iter().copied();
        let last = times_ms[times_ms.len() - 1];
        let run = || {
            clock.advance(times.next().unwrap_or(last) * 1_000_000);
            Ok::<(), ()>(())
        };
        sample(&clock, plan, &mut |_| (), run).unwrap()
    }

    #[test]
    fn a_steady_model() {
        // First 80 ms. Warm-up 20 × 10 ms = 0.2 s. Samples 100 × 10 ms = 1 s.
        let sampling = sampled(&Plan::default(), &[80, 10]);
        assert_eq!(sampling.first_ms, 80.0);
        assert_eq!(sampling.warm_up_runs, 20);
        assert!(sampling.steady);
        assert_eq!(sampling.latency_ms.samples(), [10.0; 100]);
        assert_eq!(sampling.notes, []);
    }

    #[test]
    fn warm_up_goes_on_until_times_settle() {
        // Twenty runs, each a tenth shorter than the one before, from 80 ms down to 80 · 0.9^19 = 10.8, then 10 ms.
        let falling = (0..20).map(|k| (80.0 * 0.9f64.powi(k)) as u64);
        let times: Vec<u64> = [200].into_iter().chain(falling).chain([10]).collect();
        let sampling = sampled(&Plan::default(), &times);
        assert!(sampling.warm_up_runs > 20 && sampling.steady, "{sampling:?}");
        assert_eq!(sampling.latency_ms.max(), 10.0);
    }

    #[test]
    fn warm_up_ends_unsettled_at_its_cap() {
        // Every run 10 % slower than the one before: never settled, neither then nor later.
        let times: Vec<u64> = (0..100).map(|k| (10.0 * 1.1f64.powi(k)) as u64).collect();
        let sampling = sampled(&Plan::default(), &times);
        assert!(!sampling.steady);
        assert!(sampling.notes.contains(&Note::StillSettling), "{:?}", sampling.notes);
        assert!(sampling.notes.iter().any(|note| matches!(note, Note::Drift { change } if *change > 0.05)));
    }

    #[test]
    fn outliers_stay() {
        let mut times = vec![10; 60];
        times[40] = 500;
        let sampling = sampled(&Plan::default(), &times);
        assert_eq!(sampling.latency_ms.max(), 500.0);
        assert!(sampling.steady);
    }

    #[test]
    fn a_slow_model_gets_the_samples_that_fit() {
        // 6 s each. First: 6 s. One warm-up run: 12 s, past a third of 30 s. Samples end at 18, 24 and 30 s.
        let sampling = sampled(&Plan::default(), &[6000]);
        assert_eq!(sampling.warm_up_runs, 1);
        assert_eq!(sampling.latency_ms.samples(), [6000.0; 3]);
        assert!(!sampling.steady);
        assert_eq!(
            sampling.notes,
            [Note::WarmUpCutShort { runs: 1, floor: 3 }, Note::FewSamples { samples: 3, floor: 6 }]
        );
    }

    #[test]
    fn a_model_slower_than_the_cap_gets_one_sample() {
        let sampling = sampled(&Plan::default(), &[40_000]);
        assert_eq!((sampling.warm_up_runs, sampling.latency_ms.count()), (0, 1));
        let notes: Vec<String> = sampling.notes.iter().map(Note::to_string).collect();
        assert_eq!(
            notes,
            [
                "slow model: time for 0 of at least 3 warm-up runs",
                "slow model: time for 1 of at least 6 samples"
            ]
        );
    }

    #[test]
    fn drift_is_noticed() {
        // 20 warm-up runs of 10 ms, 50 samples of 10 ms, then 12 ms: 500 ms + 42 × 12 ms reach 1 s after 92 samples.
        let times: Vec<u64> = [vec![10; 71], vec![12]].concat();
        let sampling = sampled(&Plan::default(), &times);
        assert_eq!(sampling.latency_ms.count(), 92);
        assert!(!sampling.steady);
        let note = "not steady: the second half of the samples is 20 % slower than the first";
        assert_eq!(sampling.notes.iter().map(Note::to_string).collect::<Vec<_>>(), [note]);
    }

    #[test]
    fn a_clock_that_stands_still_ends_too() {
        let plan = Plan { max_samples: 50, ..Plan::default() };
        let sampling = sampled(&plan, &[0]);
        assert_eq!((sampling.warm_up_runs, sampling.latency_ms.count()), (50, 50));
    }

    #[test]
    fn an_error_ends_it() {
        let mut runs = 0;
        let clock = ManualClock::new();
        let result = sample(&clock, &Plan::default(), &mut |_| (), || {
            clock.advance(1_000_000);
            runs += 1;
            if runs == 5 { Err("the fifth run failed") } else { Ok(()) }
        });
        assert_eq!(result, Err("the fifth run failed"));
    }

    #[test]
    fn progress_goes_through_the_phases_and_to_the_end() {
        let clock = ManualClock::new();
        let mut told: Vec<Progress> = Vec::new();
        let run = || {
            clock.advance(10_000_000);
            Ok::<(), ()>(())
        };
        sample(&clock, &Plan::default(), &mut |progress| told.push(progress), run).unwrap();
        let mut phases: Vec<Phase> = told.iter().map(|progress| progress.phase).collect();
        phases.dedup();
        assert_eq!(phases, [Phase::First, Phase::WarmUp, Phase::Sample]);
        let fractions: Vec<f64> =
            told.iter().filter(|p| p.phase == Phase::Sample).map(|p| p.fraction).collect();
        assert!(fractions.is_sorted());
        assert_eq!(fractions.last(), Some(&1.0));
        // Every 50 ms of 1.21 s, plus one for each phase.
        assert!(told.len() < 40, "{}", told.len());
    }
}
