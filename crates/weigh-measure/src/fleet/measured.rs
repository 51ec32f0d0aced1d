//! What the processes of one configuration found, put together.

use crate::Note;
use crate::memory::MemoryUse;
use crate::noise::NoiseReport;
use crate::observations::Observations;
use crate::sampling::{Plan, milliseconds};
use crate::statistics::middle;
use crate::throughput::Throughput;
use crate::warm_up::Settling;
use crate::worker::{Round, Stage};

use super::campaign::Record;

/// A configuration that was measured. Times are in milliseconds.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Threads a run could use.
    pub threads: usize,
    /// Samples in one inference.
    pub batch: u64,
    /// Reading the model and making it ready: the median of the processes. Part of no latency.
    pub load_ms: f64,
    /// The first inference: the median of the processes. Part of no latency.
    pub first_ms: f64,
    /// Runs thrown away, in the process that needed most.
    pub warm_up_runs: usize,
    /// The longest time that a process spent on them.
    pub warm_up_ms: f64,
    /// Whether every process came to rest before its first round.
    pub settled: bool,
    /// The smallest step of the clock in nanoseconds.
    pub timer_resolution_ns: u64,
    /// The time of every iteration, from the input being asked for to the answer.
    pub total: Observations,
    /// The same by stage, where there is more than inference.
    pub stages: Option<StageObservations>,
    /// Samples per second, all streams together.
    pub throughput: Throughput,
    /// The largest figures of the processes.
    pub memory: Option<MemoryUse>,
    /// What disturbed each round.
    pub noise: Vec<NoiseReport>,
    /// Times of the sentinel, by process and round.
    pub sentinels: Vec<Vec<f64>>,
    /// What is done to the data that the recipe's name does not say.
    pub data_notes: Vec<String>,
    /// What to know beside the figures.
    pub notes: Vec<Note>,
}

/// Times by stage, in the order of [`Stage::ALL`].
pub type StageObservations = [Observations; 4];

impl Measured {
    /// Puts together what the processes found; `None` where no round holds a time.
    pub fn of(records: &[Record], batch: u64) -> Option<Measured> {
        let first = records.first()?;
        let total = observations(records, |round| Some(&round.iterations))?;
        let ready = |of: fn(&Record) -> f64| middle(&records.iter().map(of).collect::<Vec<_>>());
        let memory = |of: fn(&MemoryUse) -> u64| {
            let rounds = records.iter().flat_map(|record| &record.rounds);
            rounds.filter_map(|round| round.memory.as_ref().map(of)).max()
        };
        Some(Measured {
            threads: first.ready.threads,
            batch,
            load_ms: ready(|record| record.ready.load_ms),
            first_ms: ready(|record| record.ready.first_ms),
            warm_up_runs: records.iter().map(|record| record.ready.warm_up.runs).max().unwrap_or(0),
            warm_up_ms: records.iter().map(|record| record.ready.warm_up.time_ms).fold(0.0, f64::max),
            settled: records.iter().all(settled),
            timer_resolution_ns: records.iter().map(|record| record.ready.timer_resolution_ns).max()?,
            stages: stages(records),
            throughput: throughput(records, batch)?,
            memory: memory(|used| used.peak_bytes).zip(memory(|used| used.after_bytes)).map(
                |(peak_bytes, after_bytes)| MemoryUse {
                    peak_bytes,
                    after_bytes,
                    before_bytes: memory(|used| used.before_bytes).unwrap_or(0),
                },
            ),
            noise: records
                .iter()
                .flat_map(|record| &record.rounds)
                .map(|round| round.noise.clone())
                .collect(),
            sentinels: records
                .iter()
                .map(|record| record.rounds.iter().map(|round| round.sentinel_ms).collect())
                .collect(),
            data_notes: first.ready.data_notes.clone(),
            notes: notes(records, &total),
            total,
        })
    }

    /// Whether every process came to rest, and stayed there.
    pub fn steady(&self) -> bool {
        self.settled && !self.notes.iter().any(|note| matches!(note, Note::Drift { .. }))
    }
}

/// Times in milliseconds by process, round and iteration.
fn observations<'a>(
    records: &'a [Record],
    times: impl Fn(&'a Round) -> Option<&'a Vec<u64>>,
) -> Option<Observations> {
    let round = |round: &'a Round| {
        let times = times(round).map(Vec::as_slice).unwrap_or_default();
        times.iter().copied().map(milliseconds).collect()
    };
    Observations::new(records.iter().map(|record| record.rounds.iter().map(round).collect()).collect())
}

fn stages(records: &[Record]) -> Option<StageObservations> {
    let stage = |stage: Stage| {
        observations(records, |round| round.stages.as_ref().map(|stages| &stages[stage as usize]))
    };
    let [load, preprocess, inference, postprocess] = Stage::ALL.map(stage);
    Some([load?, preprocess?, inference?, postprocess?])
}

/// A round's samples over its time on the wall: what streams that run at the same time achieve together.
fn throughput(records: &[Record], batch: u64) -> Option<Throughput> {
    let per_iteration = |round: &Round| {
        let count = round.iterations.len();
        (count > 0).then(|| milliseconds(round.wall_ns) / count as f64)
    };
    let rounds = |record: &Record| {
        let rounds = record.rounds.iter().filter_map(per_iteration);
        rounds.map(|time| vec![time]).collect()
    };
    Some(Observations::new(records.iter().map(rounds).collect())?.throughput(batch))
}

fn settled(record: &Record) -> bool {
    record.ready.warm_up.settling == Settling::Settled
}

/// Halves of a process's rounds whose medians differ by more than this part, on average over the processes, drift.
const DRIFT: f64 = 0.05;

/// By how much the second half of the rounds of a process is slower than the first, on average over the processes;
/// `None` where that is too little to matter or processes have one round.
fn drift(total: &Observations) -> Option<f64> {
    let process = |rounds: &Vec<Vec<f64>>| {
        let (first, second) = rounds.split_at(rounds.len() / 2);
        let (before, after) = (middle(&first.concat()), middle(&second.concat()));
        (before > 0.0 && after > 0.0).then(|| (after / before).ln())
    };
    let changes: Vec<f64> = total.processes().iter().filter_map(process).collect();
    let change = (changes.iter().sum::<f64>() / changes.len() as f64).exp() - 1.0;
    (change.abs() > DRIFT).then_some(change)
}

fn notes(records: &[Record], total: &Observations) -> Vec<Note> {
    let mut notes = total.notes();
    let ended = |settling: Settling| {
        let warm_ups = records.iter().map(|record| &record.ready.warm_up);
        warm_ups.filter(move |warm_up| warm_up.settling == settling).map(|warm_up| warm_up.runs).min()
    };
    notes.extend(ended(Settling::NoSteadyState).map(|_| Note::StillSettling));
    let floor = Plan::default().min_warm_up_runs;
    notes.extend(ended(Settling::CutShort).map(|runs| Note::WarmUpCutShort { runs, floor }));
    notes.extend(drift(total).map(|change| Note::Drift { change }));
    if records.iter().any(|record| record.ready.has_no_inputs) {
        notes.push(Note::NoInputs);
    }
    let resolution_ns = records.iter().map(|record| record.ready.timer_resolution_ns).max().unwrap_or(0);
    // A step of more than 1 % of a typical time shows in it.
    if middle(total.all().samples()) * 1e6 < 100.0 * resolution_ns as f64 {
        notes.push(Note::CoarseTimer { resolution_ns });
    }
    notes
}
