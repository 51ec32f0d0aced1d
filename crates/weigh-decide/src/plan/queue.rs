//! A queue in simulated time: items come at random, servers take what waits.
//!
//! The model, for servers that are all alike:
//! - items come one by one as a Poisson process of constant rate;
//! - they stand in one line, first come first served, whichever server serves them;
//! - a server has one or more *channels* (streams), each of which runs one inference at a time;
//! - a free channel takes what waits, up to a batch; where a delay is allowed, it waits until a batch is full or its
//!   oldest item has waited that long (the rule of docs/scenarios.md);
//! - an inference takes the time of a full batch however many items it has, as engines are measured at full batches;
//! - that time is log-normal with the mean and standard deviation given, or constant, independent of all else.
//!
//! Without batches this is the M/G/c queue, which has no closed form; M/M/c (Erlang), M/D/1 (Erlang, Crommelin) and
//! M/G/1 (Pollaczek, Khinchine) have one, and tests hold the simulation to them.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

use fastrand::Rng;

/// Servers and what they serve. Times are in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// Items per second that come.
    pub rate: f64,
    /// Inferences that run at the same time, over all servers; at least 1.
    pub channels: usize,
    /// Items of one inference at most; at least 1.
    pub batch: usize,
    /// How long a batch may wait to be filled.
    pub delay_s: f64,
    /// Mean time of an inference.
    pub mean_s: f64,
    /// Its standard deviation over its mean.
    pub variation: f64,
}

impl Station {
    /// Offered work over what all channels can do with full batches; no queue above 1 comes to rest.
    pub fn utilisation(&self) -> f64 {
        self.rate * self.mean_s / (self.channels as f64 * self.batch as f64)
    }

    /// The line for as long as it is asked: how long each item was there, in seconds, in the order in which they came.
    /// At the start nobody waits, and channels are somewhere in an inference each: were they all free at once they would
    /// stay in step for thousands of batches. The same seed gives the same arrivals whatever the channels.
    pub fn simulate(&self, seed: u64) -> Simulation {
        let spread = self.variation.powi(2).ln_1p();
        let mut serving = Rng::with_seed(seed ^ 0x9e37_79b9_7f4a_7c15);
        let phases = (0..self.channels.max(1)).map(|_| Reverse(Moment(serving.f64() * self.mean_s)));
        let free = phases.collect();
        Simulation {
            station: *self,
            arriving: Rng::with_seed(seed),
            serving,
            spread: spread.sqrt(),
            centre: self.mean_s.ln() - spread / 2.0,
            last: 0.0,
            coming: VecDeque::new(),
            free,
            served: VecDeque::new(),
        }
    }
}

/// See [`Station::simulate`]. It never ends.
#[derive(Clone, Debug)]
pub struct Simulation {
    station: Station,
    arriving: Rng,
    serving: Rng,
    /// Standard deviation of the logarithm of a time of service.
    spread: f64,
    /// Mean of that logarithm.
    centre: f64,
    /// When the last item came that was thought of.
    last: f64,
    /// When the items come that no channel has taken.
    coming: VecDeque<f64>,
    /// When channels are free, the first on top.
    free: BinaryHeap<Reverse<Moment>>,
    /// How long those were there that were served and not told of.
    served: VecDeque<f64>,
}

impl Simulation {
    /// When the n-th of those that no channel has taken comes.
    fn arrival(&mut self, index: usize) -> f64 {
        while self.coming.len() <= index {
            self.last += exponential(&mut self.arriving) / self.station.rate;
            self.coming.push_back(self.last);
        }
        self.coming[index]
    }

    /// One inference: the channel that is free first takes what is due.
    fn serve(&mut self) {
        let free = self.free.pop().map_or(0.0, |Reverse(Moment(free))| free);
        let batch = self.station.batch.max(1);
        let timeout = self.arrival(0) + self.station.delay_s;
        // Whether a batch fills up matters only to those who wait for it.
        let due = if self.station.delay_s > 0.0 { timeout.min(self.arrival(batch - 1)) } else { timeout };
        let start = due.max(free);
        let end = start + self.service();
        for _ in 0..batch {
            if self.arrival(0) > start {
                break;
            }
            let came = self.coming.pop_front().unwrap_or(start);
            self.served.push_back(end - came);
        }
        self.free.push(Reverse(Moment(end)));
    }

    fn service(&mut self) -> f64 {
        match self.spread > 0.0 {
            true => (self.centre + self.spread * normal(&mut self.serving)).exp(),
            false => self.station.mean_s,
        }
    }
}

impl Iterator for Simulation {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        while self.served.is_empty() {
            self.serve();
        }
        self.served.pop_front()
    }
}

/// Exponential with mean 1.
fn exponential(random: &mut Rng) -> f64 {
    -(-random.f64()).ln_1p()
}

/// Standard normal, by the method of Box and Muller (1958).
fn normal(random: &mut Rng) -> f64 {
    let radius = (2.0 * exponential(random)).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

/// A moment; none is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment(f64);

impl Eq for Moment {}

impl Ord for Moment {
    fn cmp(&self, other: &Moment) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Moment) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Station =
        Station { rate: 0.8, channels: 1, batch: 1, delay_s: 0.0, mean_s: 1.0, variation: 0.0 };

    fn waits(station: &Station, items: usize) -> Vec<f64> {
        station.simulate(7).skip(items / 10).take(items).map(|time| time - station.mean_s).collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// M/G/1: the mean wait is ρ·s·(1 + v²) / (2(1 − ρ)) (Pollaczek and Khinchine). At ρ = 0.8: 2 s for constant
    /// service, 2.5 s where the standard deviation is half the mean.
    #[test]
    fn one_server_waits_as_pollaczek_and_khinchine_say() {
        for (variation, theory) in [(0.0, 2.0), (0.5, 2.5)] {
            let mean = mean(&waits(&Station { variation, ..PLAIN }, 1_000_000));
            assert!((mean / theory - 1.0).abs() < 0.03, "{mean} for {theory}");
        }
    }

    /// M/D/1 (Erlang 1909): P(W ≤ t) = (1 − ρ) Σ e^(−λ(k − t)) (λ(k − t))^k / k! over k ≤ t, for service of 1.
    #[test]
    fn constant_service_waits_as_erlang_says() {
        let waits = waits(&PLAIN, 1_000_000);
        for t in [0.0, 0.5, 1.0, 2.5, 5.0] {
            let term = |k: i32| {
                let x = 0.8 * (f64::from(k) - t);
                let factorial: f64 = (1..=k).map(f64::from).product();
                (-x).exp() * x.powi(k) / factorial
            };
            let theory = 0.2 * (0..=t as i32).map(term).sum::<f64>();
            let seen = waits.iter().filter(|wait| **wait <= t + 1e-9).count() as f64 / waits.len() as f64;
            assert!((seen - theory).abs() < 0.005, "P(W <= {t}): {seen} for {theory}");
        }
    }

    /// Two servers with constant service, ρ = 0.5: over one time of service all who are served leave, so the number in
    /// the system obeys N' = max(N − 2, 0) + Poisson(1) (Crommelin 1932). Iterated here until it rests.
    #[test]
    fn two_constant_servers_wait_as_crommelin_says() {
        let poisson: Vec<f64> = (0..60)
            .scan((-1f64).exp(), |term, k| {
                let now = *term;
                *term /= f64::from(k + 1);
                Some(now)
            })
            .collect();
        let mut system = vec![1.0];
        for _ in 0..200 {
            let mut next = vec![0.0; 60];
            for (n, p) in system.iter().enumerate() {
                let left = usize::max(n, 2) - 2;
                for (come, q) in poisson.iter().enumerate().take(60 - left.min(60)) {
                    next[left + come] += p * q;
                }
            }
            system = next;
        }
        // Who comes waits where two or more are there.
        let theory: f64 = 1.0 - system[0] - system[1];
        let waits = waits(&Station { rate: 1.0, channels: 2, ..PLAIN }, 1_000_000);
        let seen = waits.iter().filter(|wait| **wait > 1e-9).count() as f64 / waits.len() as f64;
        assert!((seen - theory).abs() < 0.005, "{seen} for {theory}");
    }

    #[test]
    fn batches_by_hand() {
        // Far below capacity no item waits for another: each is there for its service, and with a delay for that too.
        let idle = Station { rate: 1e-6, batch: 8, ..PLAIN };
        assert!(idle.simulate(1).take(100).all(|time| (time - 1.0).abs() < 1e-6));
        let delayed = Station { delay_s: 0.25, ..idle };
        assert!(delayed.simulate(1).take(100).all(|time| (time - 1.25).abs() < 1e-6));
        // At eight times the rate of one at a time a batch of 16 still comes to rest; one of 8 would not.
        let busy = Station { rate: 8.0, batch: 16, ..PLAIN };
        assert_eq!(busy.utilisation(), 0.5);
        let longest = busy.simulate(1).take(100_000).fold(0.0, f64::max);
        assert!(longest < 10.0, "{longest}");
    }

    #[test]
    fn the_same_seed_is_the_same_line() {
        let station = Station { variation: 0.3, channels: 3, rate: 2.0, ..PLAIN };
        let first: Vec<f64> = station.simulate(5).take(100).collect();
        assert_eq!(first, station.simulate(5).take(100).collect::<Vec<_>>());
        assert_ne!(first, station.simulate(6).take(100).collect::<Vec<_>>());
    }
}
