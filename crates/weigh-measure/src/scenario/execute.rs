//! Running a load: on threads and a real clock, or in virtual time, by the same rules.
//!
//! Arrivals are known beforehand, so no thread is needed to make them: of the streams that are free one holds the
//! queue, waits for the moment the next batch is due, takes it and hands the queue on before it runs. The others
//! sleep meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::load::{Closed, Load, LoadError, MAX_QUERIES, Schedule};
use super::outcome::{End, Outcome, Ran};
use super::queue::{Batch, Decision, Queue};
use super::service::Service;
use super::timer::{Timer, VirtualClock};
use crate::clock::Clock;

/// Why a run has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The load cannot be run.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The system under test failed.
    #[error("{0}")]
    Service(E),
    /// The system gave no thread for a stream.
    #[error("no thread for a stream: {0}")]
    Thread(std::io::Error),
}

/// Runs the load on these streams, each on a thread of its own; closed loops use the first stream only. Once `cancel`
/// is set no further query starts, and the outcome is void.
///
/// # Errors
/// [`RunError::Load`] before anything is run, [`RunError::Service`] with the first stream's error.
///
/// # Panics
/// Where a service panics.
pub fn run<S: Service>(
    load: &Load,
    streams: &mut [S],
    timer: &(dyn Timer + Sync),
    cancel: &AtomicBool,
) -> Result<Outcome, RunError<S::Error>> {
    execute(load, streams, timer, cancel, |streams, source| {
        let source = Mutex::new(source);
        thread::scope(|scope| {
            // Streams find the queue locked until all are there and time begins.
            let mut gate = lock(&source);
            let mut threads = Vec::new();
            let mut failed = None;
            for stream in streams {
                let body = || stream.serve(timer, &source);
                match thread::Builder::new().name("stream".to_owned()).spawn_scoped(scope, body) {
                    Ok(thread) => threads.push(thread),
                    Err(error) => failed = Some(error),
                }
            }
            gate.start = timer.now();
            gate.halted.store(failed.is_some(), Ordering::Relaxed);
            drop(gate);
            let ends = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            let ends: Vec<_> = ends.collect();
            match failed {
                Some(error) => Err(RunError::Thread(error)),
                None => ends.into_iter().collect::<Result<(), _>>().map_err(RunError::Service),
            }
        })?;
        Ok(source.into_inner().unwrap_or_else(PoisonError::into_inner))
    })
}

/// [`run`] in virtual time: services move the clock on by what they take, and waiting takes no time at all. Streams
/// are followed one batch at a time, whichever is free first, at its own time.
///
/// # Errors
/// As [`run`].
pub fn simulate<S: Service>(
    load: &Load,
    streams: &mut [S],
    clock: &VirtualClock,
    cancel: &AtomicBool,
) -> Result<Outcome, RunError<S::Error>> {
    execute(load, streams, clock, cancel, |streams, mut source| {
        source.start = clock.now();
        while let Some(stream) = streams.iter_mut().min_by_key(|stream| stream.free) {
            clock.set(source.start + stream.free);
            let taken = source.take(clock);
            if !stream.step(clock, taken).map_err(RunError::Service)? {
                break;
            }
        }
        Ok(source)
    })
}

/// What [`run`] and [`simulate`] have in common: `serve` gets the streams to empty the source with.
fn execute<'a, S: Service>(
    load: &Load,
    services: &'a mut [S],
    timer: &dyn Timer,
    cancel: &'a AtomicBool,
    serve: impl FnOnce(&mut [Stream<'a, S>], Source<'a>) -> Result<Source<'a>, RunError<S::Error>>,
) -> Result<Outcome, RunError<S::Error>> {
    load.check()?;
    if let Some(closed) = load.closed() {
        let service = services.first_mut().ok_or(LoadError::NoStreams)?;
        return closed_loop(load, closed, service, timer, cancel).map_err(RunError::Service);
    }
    if services.is_empty() {
        return Err(LoadError::NoStreams.into());
    }
    let Schedule { queue, max_time_ns } = load.schedule();
    let mut streams: Vec<Stream<'a, S>> = services.iter_mut().map(Stream::new).collect();
    let source = Source { queue, start: 0, max_time_ns, halted: Arc::default(), stopped_at: None, cancel };
    let source = serve(&mut streams, source)?;

    let mut runs: Vec<Ran> = streams.into_iter().flat_map(|stream| stream.runs).collect();
    runs.sort_unstable_by_key(|run| run.first);
    let left = source.queue.left().to_vec();
    let cancelled = !left.is_empty() && cancel.load(Ordering::Relaxed);
    let end = End { cancelled, stopped_at: source.stopped_at.unwrap_or(0), left };
    let rate = match load {
        Load::Server(server) => Some(server.rate),
        _ => None,
    };
    Ok(Outcome::new(load.scenario(), rate, source.queue.arrivals(), &runs, &end))
}

/// One query after the other on one stream. A query arrives when the last is done, so none waits.
fn closed_loop<S: Service>(
    load: &Load,
    closed: Closed,
    service: &mut S,
    timer: &dyn Timer,
    cancel: &AtomicBool,
) -> Result<Outcome, S::Error> {
    let samples = load.scenario().samples_per_query();
    let start = timer.now();
    let (mut arrivals, mut runs) = (Vec::new(), Vec::new());
    let mut now = 0;
    let cancelled = loop {
        let enough = runs.len() >= closed.min_queries && now >= closed.min_time_ns;
        let too_much = now >= closed.max_time_ns || runs.len() >= MAX_QUERIES;
        if !runs.is_empty() && (enough || too_much) {
            break false;
        }
        if cancel.load(Ordering::Relaxed) {
            break true;
        }
        let started = timer.now().saturating_sub(start);
        service.run(samples)?;
        now = timer.now().saturating_sub(start).max(started);
        arrivals.push(started);
        runs.push(Ran { first: runs.len(), count: 1, started, finished: now, lag: 0 });
    };
    let end = End { cancelled, stopped_at: now, left: Vec::new() };
    Ok(Outcome::new(load.scenario(), None, &arrivals, &runs, &end))
}

/// Where streams take batches from.
struct Source<'a> {
    queue: Queue,
    /// The clock's time at which the run starts; the queue counts from it.
    start: u64,
    max_time_ns: u64,
    /// Nothing more is to start. Set without the queue, which the stream that waits holds.
    halted: Arc<AtomicBool>,
    /// When it was noticed, since the start, that nothing more is to start though queries are left.
    stopped_at: Option<u64>,
    cancel: &'a AtomicBool,
}

/// A batch, and when the run it belongs to started.
struct Taken {
    batch: Batch,
    start: u64,
}

impl Source<'_> {
    /// Waits until a batch is due and takes it; `None` where there is nothing more to start.
    fn take(&mut self, timer: &dyn Timer) -> Option<Taken> {
        /// How long a wait goes on without looking whether the run was cancelled.
        const PATIENCE_NS: u64 = 50_000_000;
        loop {
            let now = timer.now().saturating_sub(self.start);
            let halted = self.halted.load(Ordering::Relaxed) || self.cancel.load(Ordering::Relaxed);
            if halted || now >= self.max_time_ns {
                self.stopped_at.get_or_insert(now);
                return None;
            }
            match self.queue.decide(now) {
                Decision::Done => return None,
                Decision::Start(batch) => return Some(Taken { batch, start: self.start }),
                Decision::Wait { until } => {
                    let until = until.min(self.max_time_ns).min(now + PATIENCE_NS);
                    timer.wait_until(self.start.saturating_add(until));
                }
            }
        }
    }
}

/// A stream and what it has done.
struct Stream<'a, S> {
    service: &'a mut S,
    /// Since when it is free, from the start of the run.
    free: u64,
    /// By how much it was free too late because of the load generator, at most.
    late: u64,
    runs: Vec<Ran>,
}

impl<'a, S: Service> Stream<'a, S> {
    fn new(service: &'a mut S) -> Stream<'a, S> {
        Stream { service, free: 0, late: 0, runs: Vec::new() }
    }

    /// Takes batches and runs them until there are no more.
    fn serve(&mut self, timer: &dyn Timer, source: &Mutex<Source<'_>>) -> Result<(), S::Error> {
        let halted = Arc::clone(&lock(source).halted);
        loop {
            let taken = lock(source).take(timer);
            match self.step(timer, taken) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    halted.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    }

    /// Runs a batch; whether there was one.
    ///
    /// The load generator is late by the time that passes from the moment at which the batch is due and the stream is
    /// free to the start. A batch that is due before the stream is free would also have started earlier by as much as
    /// the stream was late before, but not before it was due.
    fn step(&mut self, timer: &dyn Timer, taken: Option<Taken>) -> Result<bool, S::Error> {
        let Some(Taken { batch: Batch { first, count, due }, start }) = taken else { return Ok(false) };
        let started = timer.now().saturating_sub(start);
        self.service.run(count)?;
        let finished = timer.now().saturating_sub(start).max(started);
        let own = started.saturating_sub(due.max(self.free));
        self.late = own + self.late.min(self.free.saturating_sub(due));
        self.free = finished;
        self.runs.push(Ran { first, count, started, finished, lag: self.late });
        Ok(true)
    }
}

/// A panicking service leaves the queue as it is.
fn lock<'a, T>(mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
