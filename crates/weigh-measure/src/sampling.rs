//! Timing runs: the first, those of warm-up, and rounds of those that count.
//!
//! 1. The [`first`] inference is timed by itself.
//! 2. [`warm_up`] runs follow until there are enough of them for long enough *and* their times have settled
//!    ([`crate::warm_up`]).
//! 3. Samples are taken in rounds ([`round`]), each for a least time and a least number. No sample is ever dropped.
//!
//! A cap on the whole keeps slow models bearable: warm-up may use a third of it, and at least one sample is taken
//! whatever it costs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::statistics::Quantile;
use crate::warm_up::{Settling, WarmUp, WarmUpPlan, settled};

/// How long to warm up and to sample one configuration, over all its processes and rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Warm-up runs at least, in each process. Default 5.
    pub min_warm_up_runs: usize,
    /// Warm-up time at least, in each process. Default 0.5 s.
    pub min_warm_up: Duration,
    /// Warm-up of a process ends after this time, settled or not. Default 3 s.
    pub max_warm_up: Duration,
    /// Samples at least. Default 6: the fewest that bound the median.
    pub min_samples: usize,
    /// Time of sampling at least. Default 2 s.
    pub min_time: Duration,
    /// Warm-up and sampling together take no longer than this, but for one sample in each round. Default 30 s.
    pub max_time: Duration,
    /// Samples, and warm-up runs, at most: a bound on memory. Default 1,000,000.
    pub max_samples: usize,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            min_warm_up_runs: 5,
            min_warm_up: Duration::from_millis(500),
            max_warm_up: Duration::from_secs(3),
            min_samples: 6,
            min_time: Duration::from_secs(2),
            max_time: Duration::from_secs(30),
            max_samples: 1_000_000,
        }
    }
}

impl Plan {
    /// The plan with as many samples as these percentiles take: four times the least number that bounds them, so that
    /// the samples of each process reach into the tail and the interval is of use. 236 for p95, 1196 for p99,
    /// 11,980 for p99.9.
    #[must_use]
    pub fn for_quantiles(mut self, quantiles: &[Quantile]) -> Plan {
        const AMPLE: usize = 4;
        let needed = quantiles.iter().map(|quantile| AMPLE * quantile.samples_needed());
        self.min_samples = needed.chain([self.min_samples]).max().unwrap_or(self.min_samples);
        self
    }

    /// The warm-up of each of so many processes.
    pub fn warm_up(&self, processes: usize) -> WarmUpPlan {
        let most = share(self.max_time, 3 * processes);
        WarmUpPlan {
            min_runs: self.min_warm_up_runs,
            min_time: self.min_warm_up,
            max_time: self.max_warm_up.min(most),
            max_runs: self.max_samples,
        }
    }

    /// Each of so many rounds of each of so many processes.
    pub fn round(&self, processes: usize, rounds: usize) -> RoundPlan {
        let all = processes.saturating_mul(rounds).max(1);
        RoundPlan {
            min_time: share(self.min_time, all),
            min_runs: self.min_samples.div_ceil(all),
            max_time: share(self.max_time * 2 / 3, all),
            max_runs: self.max_samples.div_ceil(all),
        }
    }
}

fn share(whole: Duration, parts: usize) -> Duration {
    whole / u32::try_from(parts.max(1)).unwrap_or(u32::MAX)
}

/// How long a round lasts: until both least figures are reached or either of the largest, and for one run at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundPlan {
    /// Time at least.
    pub min_time: Duration,
    /// Runs at least.
    pub min_runs: usize,
    /// No run starts after this time.
    pub max_time: Duration,
    /// Runs at most.
    pub max_runs: usize,
}

/// The time of one run, in milliseconds.
///
/// # Errors
/// The error of `run`.
pub fn first<E>(clock: &(impl Clock + ?Sized), run: &mut impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let start = clock.now();
    run()?;
    Ok(milliseconds(clock.now().saturating_sub(start)))
}

/// Runs until times settle, as planned.
///
/// # Errors
/// The first error of `run`.
pub fn warm_up<E>(
    clock: &(impl Clock + ?Sized),
    plan: &WarmUpPlan,
    run: &mut impl FnMut() -> Result<(), E>,
) -> Result<WarmUp, E> {
    let start = clock.now();
    let mut times = Vec::new();
    let mut next_look = plan.min_runs;
    loop {
        let spent = Duration::from_nanos(clock.now().saturating_sub(start));
        let last = spent >= plan.max_time || times.len() >= plan.max_runs;
        let look = times.len() >= next_look && spent >= plan.min_time;
        let settling = match (look || last) && settled(&times) {
            _ if last && times.len() < plan.min_runs => Some(Settling::CutShort),
            true => Some(Settling::Settled),
            false => last.then_some(Settling::NoSteadyState),
        };
        if let Some(settling) = settling {
            return Ok(WarmUp { runs: times.len(), time_ms: spent.as_secs_f64() * 1e3, settling });
        }
        if look {
            next_look = times.len() + times.len().div_ceil(4);
        }
        times.push(first(clock, run)?);
    }
}

/// Times of runs one after the other, in nanoseconds, after `discard` runs that are not timed (they bring back into
/// the caches what was done in between).
///
/// The clock is read once between two runs. Nothing else happens there but writing the time down, in memory made
/// ready before: see `benches/harness.rs` for what that costs.
///
/// # Errors
/// The first error of `run`.
pub fn round<E>(
    clock: &(impl Clock + ?Sized),
    plan: &RoundPlan,
    discard: usize,
    run: &mut impl FnMut() -> Result<(), E>,
) -> Result<Vec<u64>, E> {
    /// Runs between which no memory is made ready.
    const CHUNK: usize = 4096;
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let (min_time, max_time) = (nanoseconds(plan.min_time), nanoseconds(plan.max_time));
    for _ in 0..discard {
        run()?;
    }
    let mut times: Vec<u64> = Vec::new();
    let began = clock.now();
    loop {
        times.reserve(CHUNK);
        let mut last = clock.now();
        for _ in 0..CHUNK {
            run()?;
            let now = clock.now();
            times.push(now.saturating_sub(last));
            last = now;
            let (spent, runs) = (now.saturating_sub(began), times.len());
            let enough = spent >= min_time && runs >= plan.min_runs;
            if enough || spent >= max_time || runs >= plan.max_runs {
                return Ok(times);
            }
        }
    }
}

/// Nanoseconds in milliseconds.
pub fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn warm_up_of_a_slow_model_is_cut_short() {
        // One run of 6 s is past the 3 s of warm-up.
        let clock = ManualClock::new();
        let mut run = || {
            clock.advance(6_000_000_000);
            Ok::<(), ()>(())
        };
        let warm_up = warm_up(&clock, &Plan::default().warm_up(1), &mut run).unwrap();
        assert_eq!((warm_up.runs, warm_up.settling), (1, Settling::CutShort));
    }

    #[test]
    fn a_clock_that_stands_still_ends_too() {
        let plan = Plan { max_samples: 60, ..Plan::default() };
        let mut run = || Ok::<(), ()>(());
        assert_eq!(warm_up(&ManualClock::new(), &plan.warm_up(1), &mut run).unwrap().runs, 60);
        assert_eq!(round(&ManualClock::new(), &plan.round(1, 1), 0, &mut run).unwrap().len(), 60);
    }

    #[test]
    fn an_error_ends_it() {
        let (clock, mut runs) = (ManualClock::new(), 0);
        let mut run = || {
            clock.advance(1_000_000);
            runs += 1;
            if runs % 5 == 0 { Err("the fifth run failed") } else { Ok(()) }
        };
        assert_eq!(warm_up(&clock, &Plan::default().warm_up(1), &mut run), Err("the fifth run failed"));
        assert_eq!(round(&clock, &Plan::default().round(1, 1), 2, &mut run), Err("the fifth run failed"));
    }

    /// A round of runs of 3 ms.
    fn round_of_three(plan: &RoundPlan, discard: usize) -> (Vec<u64>, u64) {
        let clock = ManualClock::new();
        let mut run = || {
            clock.advance(3_000_000);
            Ok::<(), ()>(())
        };
        let times = round(&clock, plan, discard, &mut run).unwrap();
        (times, clock.now() / 1_000_000)
    }

    #[test]
    fn a_round_lasts_until_both_least_figures_or_either_largest() {
        let ms = Duration::from_millis;
        let plan = RoundPlan { min_time: ms(10), min_runs: 2, max_time: ms(100), max_runs: 1000 };
        assert_eq!(round_of_three(&plan, 0), (vec![3_000_000; 4], 12));
        assert_eq!(round_of_three(&plan, 5), (vec![3_000_000; 4], 27));
        assert_eq!(round_of_three(&RoundPlan { min_runs: 9, ..plan.clone() }, 0).0.len(), 9);
        assert_eq!(round_of_three(&RoundPlan { min_runs: 90, ..plan.clone() }, 0).0.len(), 34);
        assert_eq!(round_of_three(&RoundPlan { max_runs: 3, ..plan.clone() }, 0).0.len(), 3);
        assert_eq!(round_of_three(&RoundPlan { max_runs: 0, ..plan.clone() }, 0).0.len(), 1);
        let many = RoundPlan { min_runs: 10_000, max_time: ms(100_000), max_runs: 20_000, ..plan };
        assert_eq!(round_of_three(&many, 0).0.len(), 10_000);
    }

    #[test]
    fn a_plan_is_shared_among_processes_and_rounds() {
        let plan = Plan::default().for_quantiles(&[Quantile::P50, Quantile::P99]);
        assert_eq!(plan.min_samples, 4 * 299);
        let round = plan.round(5, 4);
        // 1196 / 20 = 59.8; 2 s / 20; two thirds of 30 s / 20.
        assert_eq!((round.min_runs, round.max_runs), (60, 50_000));
        assert_eq!((round.min_time, round.max_time), (Duration::from_millis(100), Duration::from_secs(1)));
        // A third of 30 s / 5 is less than 3 s.
        assert_eq!(plan.warm_up(5).max_time, Duration::from_secs(2));
        assert_eq!(plan.warm_up(1).max_time, Duration::from_secs(3));
        assert_eq!(Plan::default().for_quantiles(&[]).min_samples, 6);
    }
}
