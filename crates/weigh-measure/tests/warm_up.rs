//! Warm-up ends when it should, on simulated models whose course is known.
#![allow(clippy::unwrap_used)]

mod simulation;

use simulation::Random;
use weigh_measure::clock::ManualClock;
use weigh_measure::sampling::warm_up;
use weigh_measure::{Plan, Settling, WarmUp};

/// Warms a model up whose k-th run takes that many milliseconds.
fn warmed(mut time_ms: impl FnMut(usize) -> f64) -> WarmUp {
    let clock = ManualClock::new();
    let mut runs = 0;
    let mut run = || {
        clock.advance((time_ms(runs) * 1e6) as u64);
        runs += 1;
        Ok::<(), ()>(())
    };
    warm_up(&clock, &Plan::default().warm_up(1), &mut run).unwrap()
}

/// A standard deviation of 1 %.
fn noise(random: &mut Random) -> f64 {
    (0.01 * random.normal()).exp()
}

#[test]
fn a_constant_model_settles_at_the_floor() {
    // 0.5 s.
    assert_eq!(warmed(|_| 5.0), WarmUp { runs: 100, time_ms: 500.0, settling: Settling::Settled });
}

#[test]
fn a_slow_model_settles_after_five_runs() {
    assert_eq!(warmed(|_| 400.0), WarmUp { runs: 5, time_ms: 2000.0, settling: Settling::Settled });
}

#[test]
fn a_very_slow_model_is_cut_short() {
    assert_eq!(warmed(|_| 2000.0), WarmUp { runs: 2, time_ms: 4000.0, settling: Settling::CutShort });
}

#[test]
fn exponential_decay_is_waited_for() {
    for seed in 0..50 {
        let mut random = Random(seed);
        let warm = warmed(|k| 2.0 * (1.0 + (-(k as f64) / 100.0).exp()) * noise(&mut random));
        assert_eq!(warm.settling, Settling::Settled);
        // e^(−3) = 5 % is too much to be left over; after 10 time constants nothing is.
        assert!((300..1000).contains(&warm.runs), "{warm:?}");
    }
}

#[test]
fn a_step_after_twenty_runs_is_waited_for() {
    for seed in 0..50 {
        let mut random = Random(seed);
        let warm = warmed(|k| if k < 20 { 20.0 } else { 10.0 } * noise(&mut random));
        assert_eq!(warm.settling, Settling::Settled);
        // The step must be out of the second half, nearly.
        assert!((30..70).contains(&warm.runs), "{warm:?}");
    }
}

#[test]
fn cycles_are_steady() {
    for seed in 0..50 {
        let mut random = Random(seed);
        let warm = warmed(|k| [10.0, 10.0, 10.0, 13.0][k % 4] * noise(&mut random));
        assert_eq!(warm.settling, Settling::Settled);
        assert!(warm.runs <= 100, "{warm:?}");
    }
}

#[test]
fn a_sawtooth_is_steady_once_there_are_several_teeth() {
    for seed in 0..50 {
        let mut random = Random(seed);
        // Slower by a half within 40 runs, then fast again.
        let warm = warmed(|k| 4.0 * (1.0 + (k % 40) as f64 / 80.0) * noise(&mut random));
        assert_eq!(warm.settling, Settling::Settled);
        assert!(warm.runs <= 400, "{warm:?}");
    }
}

#[test]
fn a_drift_never_settles() {
    for seed in 0..50 {
        let mut random = Random(seed);
        let warm = warmed(|k| 5.0 * (1.0 + 0.002 * k as f64) * noise(&mut random));
        assert_eq!(warm.settling, Settling::NoSteadyState);
        assert!(warm.time_ms >= 3000.0, "{warm:?}");
    }
}

#[test]
fn a_heavy_tail_settles_at_once_nearly_always() {
    // Every tenth run takes longer by a factor from Pareto's distribution with exponent 1.5, of no finite variance.
    let late = (0..500).filter(|&seed| {
        let mut random = Random(seed);
        let warm = warmed(|_| {
            let stall = if random.uniform() < 0.1 { random.exponential() / 1.5 } else { 0.0 };
            2.0 * (stall + 0.05 * random.normal()).exp()
        });
        assert_eq!(warm.settling, Settling::Settled);
        warm.time_ms > 700.0
    });
    let late = late.count();
    assert!(late <= 10, "{late} of 500");
}

#[test]
fn noise_that_lasts_settles_nearly_always() {
    // Each run inherits 0.7 of the noise of the one before.
    let unsettled = (0..500).filter(|&seed| {
        let mut random = Random(seed);
        let mut level = 0.0;
        let warm = warmed(|_| {
            level = 0.7 * level + 0.02 * random.normal();
            5.0 * f64::exp(level)
        });
        warm.settling != Settling::Settled
    });
    let unsettled = unsettled.count();
    assert!(unsettled <= 5, "{unsettled} of 500");
}
