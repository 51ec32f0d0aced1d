//! Intervals over processes and rounds contain the truth as often as they say, on simulated machines whose truth is
//! known.
//!
//! Each case simulates 1,000 measurements. A share of 95 % then has a standard error of 0.7 %.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod simulation;

use simulation::{Random, invert, normal_below};
use weigh_measure::{Observations, Quantile};

const MEASUREMENTS: usize = 1000;

/// A machine on which log time = process + round + noise + drift · (part of the round gone by) [+ a stall].
#[derive(Clone, Copy, Default)]
struct Machine {
    /// Standard deviations of logarithms.
    process: f64,
    round: f64,
    noise: f64,
    /// How much of an iteration's noise the next one inherits.
    memory: f64,
    /// By how much a round's last iteration is slower than its first.
    drift: f64,
    /// The share of iterations that stall, and the exponent of the Pareto distribution of how many times as long
    /// they then take.
    stalls: f64,
    exponent: f64,
}

impl Machine {
    fn measure(&self, random: &mut Random, [processes, rounds, iterations]: [usize; 3]) -> Observations {
        let process = |random: &mut Random| {
            let process = self.process * random.normal();
            (0..rounds).map(|_| self.round(random, process, iterations)).collect()
        };
        Observations::new((0..processes).map(|_| process(random)).collect()).unwrap()
    }

    fn round(&self, random: &mut Random, process: f64, iterations: usize) -> Vec<f64> {
        let level = process + self.round * random.normal();
        let fresh = (1.0 - self.memory * self.memory).sqrt();
        let mut noise = random.normal();
        let time = |k: usize| {
            noise = self.memory * noise + fresh * random.normal();
            let stall =
                if random.uniform() < self.stalls { random.exponential() / self.exponent } else { 0.0 };
            (level + self.noise * noise + self.drift * gone(k, iterations) + stall).exp()
        };
        (0..iterations).map(time).collect()
    }

    /// The standard deviation of the normal part.
    fn sigma(&self) -> f64 {
        self.process.hypot(self.round).hypot(self.noise)
    }

    /// The share of all times below e^x. A normal plus an exponential variable has the integral
    /// Φ(z) − exp(−λx + λ²σ²/2) Φ(z − λσ), z = x / σ.
    fn below(&self, x: f64, iterations: usize) -> f64 {
        let (sigma, rate) = (self.sigma(), self.exponent);
        let at = |x: f64| {
            let z = x / sigma;
            let calm = normal_below(z);
            let shifted = normal_below(z - rate * sigma);
            let stalled = (rate * rate * sigma * sigma / 2.0 - rate * x).exp() * shifted;
            calm - if self.stalls > 0.0 { self.stalls * stalled } else { 0.0 }
        };
        let drifted = (0..iterations).map(|k| at(x - self.drift * gone(k, iterations)));
        drifted.sum::<f64>() / iterations as f64
    }

    fn quantile(&self, quantile: Quantile, iterations: usize) -> f64 {
        invert(|x| self.below(x, iterations), quantile.fraction(), -2.0, 4.0).exp()
    }

    /// A log-normal variable has the mean exp(σ²/2), Pareto's λ / (λ − 1).
    fn mean(&self, iterations: usize) -> f64 {
        let stall = if self.stalls > 0.0 { self.stalls / (self.exponent - 1.0) } else { 0.0 };
        let drift: f64 = (0..iterations).map(|k| (self.drift * gone(k, iterations)).exp()).sum();
        (self.sigma().powi(2) / 2.0).exp() * (1.0 + stall) * drift / iterations as f64
    }
}

/// How much of a round is gone by, from 0 to 1.
fn gone(iteration: usize, iterations: usize) -> f64 {
    iteration as f64 / (iterations - 1) as f64
}

/// What is asked of a measurement: four percentiles and the throughput.
const ASKED: [&str; 5] = ["p50", "p90", "p95", "p99", "throughput"];

/// In how many percent of the measurements the interval contains the truth. All of them must give one.
fn coverage(machine: Machine, shape: [usize; 3]) -> [f64; 5] {
    let mut random = Random(shape.iter().fold(7, |seed, &extent| seed * 1000 + extent as u64));
    let quantiles = [Quantile::P50, Quantile::P90, Quantile::P95, Quantile::P99];
    let truths = quantiles.map(|quantile| machine.quantile(quantile, shape[2]));
    let throughput = 1000.0 / machine.mean(shape[2]);
    let mut right = [0; 5];
    for _ in 0..MEASUREMENTS {
        let observed = machine.measure(&mut random, shape);
        let intervals = quantiles.map(|quantile| observed.percentile(quantile).interval());
        let mean = observed.throughput(1).interval;
        let asked = intervals.into_iter().zip(truths).chain([(mean, throughput)]);
        for (right, (interval, truth)) in right.iter_mut().zip(asked) {
            *right += usize::from(interval.unwrap().contains(truth));
        }
    }
    right.map(|right| right as f64 * 100.0 / MEASUREMENTS as f64)
}

/// Processes, rounds and iterations: few, many, and the fewest processes worth having.
const SHAPES: [[usize; 3]; 3] = [[5, 4, 50], [5, 10, 100], [3, 5, 100]];

fn check(name: &str, machine: Machine, shapes: &[[usize; 3]], least: [f64; 5]) {
    for &shape in shapes {
        let percents = coverage(machine, shape);
        println!("{name}, {shape:?}: {percents:?} % of {ASKED:?}");
        for ((percent, least), what) in percents.into_iter().zip(least).zip(ASKED) {
            assert!((least..=98.0).contains(&percent), "{name}, {shape:?}, {what}: {percent} %");
        }
    }
}

const INDEPENDENT: Machine =
    Machine { process: 0.0, round: 0.0, noise: 0.05, memory: 0.0, drift: 0.0, stalls: 0.0, exponent: 1.0 };

#[test]
fn independent_noise() {
    // Where processes do not differ at all, what pooling adds is noise: tails fall a little short with few processes.
    check("independent", INDEPENDENT, &SHAPES, [93.0, 91.0, 92.0, 92.0, 93.0]);
}

#[test]
fn log_normal_noise_in_processes_and_rounds_that_differ() {
    check("log-normal", Machine { process: 0.01, round: 0.01, ..INDEPENDENT }, &SHAPES, [93.0; 5]);
}

#[test]
fn a_heavy_tail_of_stalls() {
    // Every twentieth iteration stalls, with a finite variance.
    let machine = Machine { process: 0.005, round: 0.005, stalls: 0.05, exponent: 3.0, ..INDEPENDENT };
    check("stalls", machine, &SHAPES, [93.0; 5]);
}

#[test]
fn drift_within_rounds_and_iterations_that_depend_on_the_one_before() {
    let machine =
        Machine { process: 0.02, round: 0.01, noise: 0.03, memory: 0.7, drift: 0.05, ..INDEPENDENT };
    check("drifting", machine, &SHAPES, [93.0; 5]);
}

#[test]
fn processes_that_differ_by_more_than_iterations() {
    // The tail is then made by the slowest process.
    let machine = Machine { process: 0.03, round: 0.01, noise: 0.02, ..INDEPENDENT };
    check("unlike", machine, &SHAPES, [93.0; 5]);
}

#[test]
fn rounds_stand_for_processes_where_there_is_one() {
    // The truth is that process's own.
    check("one process", Machine { round: 0.01, ..INDEPENDENT }, &[[1, 10, 100]], [93.0; 5]);
}
