//! Passes over configurations: a fresh process for each in every pass.

use std::time::{Duration, Instant};

use super::{Failure, Launcher, Worker};
use crate::sampling::{Plan, RoundPlan};
use crate::warm_up::WarmUpPlan;
use crate::worker::{Ready, Round, Setup};

/// How a configuration is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// Fresh processes for each configuration. Default 5.
    pub processes: usize,
    /// How long to warm up and to sample a configuration, over all its processes. No process is started after its
    /// longest time was spent on the configuration, but for the first.
    pub plan: Plan,
    /// Of the order of configurations.
    pub seed: u64,
}

impl Default for Campaign {
    fn default() -> Campaign {
        Campaign {
            processes: 5,
            plan: Plan { min_samples: 30, max_time: Duration::from_secs(60), ..Plan::default() },
            seed: 0,
        }
    }
}

/// How far a campaign has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The configuration that is at work.
    pub configuration: usize,
    /// Processes that are done, of all configurations.
    pub done: usize,
    /// Processes there will be, failures aside.
    pub of: usize,
}

/// What one process found.
#[derive(Clone, Debug)]
pub struct Record {
    /// On the way to the first round.
    pub ready: Ready,
    /// In its rounds.
    pub rounds: Vec<Round>,
    /// What the process took altogether.
    pub spent: Duration,
}

/// What became of a configuration: its processes, and what ended it early.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// One for each process that ended well.
    pub records: Vec<Record>,
    /// Why there are not more of them.
    pub failure: Option<Failure>,
}

impl Outcome {
    /// Takes in what a process found. Returns whether the user has seen enough.
    pub fn take(&mut self, result: Result<Record, Failure>) -> bool {
        match result {
            Ok(record) => self.records.push(record),
            Err(failure) => self.failure = Some(failure),
        }
        self.failure == Some(Failure::Interrupted)
    }

    fn spent(&self) -> Duration {
        self.records.iter().map(|record| record.spent).sum()
    }
}

/// Rounds of a process at most.
const MAX_ROUNDS: u32 = 5;
/// Iterations that make a round worth the name.
const ROUND_ITERATIONS: u32 = 4;

impl Campaign {
    /// Measures every configuration. `first` holds what earlier processes found, for the first of them.
    ///
    /// A configuration that fails is not tried again, and the others go on; when the user interrupts, what is
    /// finished stays.
    pub fn run(
        &self,
        launcher: &Launcher,
        setups: &[Setup],
        first: Vec<Outcome>,
        tell: &mut dyn FnMut(Step),
    ) -> Vec<Outcome> {
        let mut outcomes = first;
        outcomes.resize_with(setups.len(), Outcome::default);
        let mut random = fastrand::Rng::with_seed(self.seed);
        let of = self.processes.saturating_mul(setups.len());
        let mut done: usize = outcomes.iter().map(|outcome| outcome.records.len()).sum();
        let passes = outcomes.iter().map(|outcome| outcome.records.len()).max().unwrap_or(0)..self.processes;
        for _ in passes {
            let mut order: Vec<usize> = (0..setups.len()).collect();
            random.shuffle(&mut order);
            for index in order {
                let (setup, outcome) = (&setups[index], &mut outcomes[index]);
                let slow = !outcome.records.is_empty() && outcome.spent() >= self.plan.max_time;
                done += 1;
                if outcome.failure.is_some() || slow {
                    continue;
                }
                tell(Step { configuration: index, done: done - 1, of });
                if outcome.take(self.process(launcher, setup)) {
                    return outcomes;
                }
            }
        }
        outcomes
    }

    /// One fresh process for a configuration, from its start to its end.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn process(&self, launcher: &Launcher, setup: &Setup) -> Result<Record, Failure> {
        self.rounds_of(&mut launcher.start()?, setup)
    }

    /// Loads a configuration into a worker and does the rounds of one process.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn rounds_of(&self, worker: &mut Worker, setup: &Setup) -> Result<Record, Failure> {
        let start = Instant::now();
        let ready = worker.prepare(setup)?;
        let typical = ready.warm_up.time_ms / ready.warm_up.runs.max(1) as f64;
        let (rounds, plan) = self.rounds(Duration::from_secs_f64(typical.max(0.0) / 1e3));
        let rounds = (0..rounds).map(|_| worker.round(&plan)).collect::<Result<_, _>>()?;
        Ok(Record { ready, rounds, spent: start.elapsed() })
    }

    /// How each process warms up.
    pub fn warm_up(&self) -> WarmUpPlan {
        self.plan.warm_up(self.processes)
    }

    /// How many rounds of what kind a process has, for a model that takes about this long.
    fn rounds(&self, typical: Duration) -> (u32, RoundPlan) {
        let processes = u32::try_from(self.processes.max(1)).unwrap_or(u32::MAX);
        let slice = self.plan.min_time / processes;
        let worth = (typical * ROUND_ITERATIONS).max(Duration::from_millis(1));
        let rounds = (slice.as_secs_f64() / worth.as_secs_f64()) as u32;
        let rounds = rounds.clamp(1, MAX_ROUNDS);
        (rounds, self.plan.round(self.processes, rounds as usize))
    }
}
