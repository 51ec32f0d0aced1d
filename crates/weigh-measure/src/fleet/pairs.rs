//! Two configurations against each other: their workers live at the same time and take turns.
//!
//! What changes on the machine from one second to the next hits both sides of a pair of rounds alike and leaves the
//! ratio alone (duet benchmarking: Bulej et al., arXiv:2001.05811). Who goes first is drawn for each pair of rounds.

use std::time::Instant;

use super::campaign::Record;
use super::{Failure, Launcher, Worker};
use crate::sampling::{Plan, milliseconds};
use crate::versus::{RoundPair, Side, schedule};
use crate::worker::{Difference, Ready, Round, Setup};

/// How two configurations are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairing {
    /// Fresh pairs of processes.
    pub processes: usize,
    /// Pairs of rounds in each.
    pub rounds: usize,
    /// How long each side warms up and is sampled, over all processes. No pair of processes is started after its
    /// longest time, but for the first.
    pub plan: Plan,
    /// Of who goes first.
    pub seed: u64,
}

/// What was found about two configurations.
#[derive(Clone, Debug)]
pub struct Paired {
    /// The first's processes.
    pub a: Vec<Record>,
    /// The second's.
    pub b: Vec<Record>,
    /// How far their outputs are apart, or why that is not known.
    pub difference: Result<Difference, Failure>,
}

impl Paired {
    /// The times of each pair of processes, round by round, in milliseconds.
    pub fn pairs(&self) -> Vec<Vec<RoundPair>> {
        let times =
            |round: &Round| -> Vec<f64> { round.iterations.iter().copied().map(milliseconds).collect() };
        let pair = |(a, b): (&Round, &Round)| (times(a), times(b));
        let process = |(a, b): (&Record, &Record)| a.rounds.iter().zip(&b.rounds).map(pair).collect();
        self.a.iter().zip(&self.b).map(process).collect()
    }
}

/// Compares two configurations.
///
/// # Errors
/// The first failure of either side, with which side it was.
pub fn compare(
    launcher: &Launcher,
    pairing: &Pairing,
    [a, b]: [&Setup; 2],
    tell: &mut dyn FnMut(usize),
) -> Result<Paired, (usize, Failure)> {
    let begun = Instant::now();
    let mut paired = Paired { a: Vec::new(), b: Vec::new(), difference: Err(Failure::Interrupted) };
    for process in 0..pairing.processes {
        if process > 0 && begun.elapsed() > pairing.plan.max_time {
            break;
        }
        tell(process);
        let seed = pairing.seed.wrapping_add(process as u64);
        let [first, second] = duel(launcher, pairing, [a, b], seed)?;
        paired.a.push(first);
        paired.b.push(second);
    }
    tell(pairing.processes);
    paired.difference = launcher.start().and_then(|mut worker| worker.difference(a, b));
    Ok(paired)
}

/// One side at work.
struct Fighter {
    worker: Worker,
    ready: Ready,
    rounds: Vec<Round>,
}

/// One pair of fresh processes.
fn duel(
    launcher: &Launcher,
    pairing: &Pairing,
    setups: [&Setup; 2],
    seed: u64,
) -> Result<[Record; 2], (usize, Failure)> {
    let start = Instant::now();
    let begin = |side: usize| {
        let ready = |mut worker: Worker| {
            let ready = worker.prepare(setups[side])?;
            Ok(Fighter { worker, ready, rounds: Vec::new() })
        };
        launcher.start().and_then(ready).map_err(|failure| (side, failure))
    };
    // The one that is loaded first differs from pair to pair as well.
    let (mut a, mut b);
    if seed.is_multiple_of(2) {
        (a, b) = (begin(0)?, begin(1)?);
    } else {
        (b, a) = (begin(1)?, begin(0)?);
    }
    let plan = pairing.plan.round(pairing.processes, pairing.rounds);
    for side in schedule(pairing.rounds.max(1), seed).into_iter().flatten() {
        let (index, at) = match side {
            Side::A => (0, &mut a),
            Side::B => (1, &mut b),
        };
        at.rounds.push(at.worker.round(&plan).map_err(|failure| (index, failure))?);
    }
    let spent = start.elapsed();
    Ok([a, b].map(|side| Record { ready: side.ready, rounds: side.rounds, spent }))
}
