//! A loaded model on the bench: prepared once, then run in rounds.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Barrier;
use std::thread;

use weigh_engine::synthetic::InputSpec;
use weigh_engine::{Engine, ModelSource, Profile, Session};

use super::protocol::{LayerTimes, Ready, Round, ServeOrder, Setup, StageTimes};
use super::work::{Work, load, prepare, synthetic, work};
use super::{rest, service};
use crate::clock::{Clock, MonotonicClock, resolution};
use crate::memory::{self, MemoryUse};
use crate::noise::Noise;
use crate::sampling::{self, RoundPlan};
use crate::scenario;
use crate::sentinel::Sentinel;
use crate::warm_up::WarmUp;

/// A model with its inputs, warm.
pub(super) struct Bench {
    setup: Setup,
    engine: &'static dyn Engine,
    session: Box<dyn Session>,
    streams: Vec<Box<dyn Work>>,
    service: Option<Service>,
    /// Guards the file of the graph that ran.
    profile: Option<Profile>,
    before: Option<u64>,
    sentinel: Sentinel,
}

/// Streams that are ready for loads of these sizes.
struct Service {
    count: NonZeroUsize,
    sizes: BTreeMap<usize, Vec<InputSpec>>,
    streams: Vec<service::Stream>,
}

impl Bench {
    /// Loads, runs once, warms up. Errors are reasons fit to follow "not measured: ".
    pub fn prepare(setup: Setup) -> Result<(Bench, Ready), String> {
        let engine = engine(&setup)?;
        engine.installation().map_err(|missing| missing.reason)?;
        let clock = MonotonicClock::new();
        let sentinel = Sentinel::new();
        let before = memory::resident().map(|resident| resident.now_bytes);
        memory::reset_peak();

        let start = clock.now();
        let mut session = load(engine, &setup)?;
        let load_ms = sampling::milliseconds(clock.now() - start);
        prepare(&setup, &mut *session)?;

        let mut streams = Vec::new();
        for stream in 0..setup.streams.get() {
            let mut fork = session.fork().map_err(|error| error.to_string())?;
            prepare(&setup, &mut *fork)?;
            streams.push(work(&setup, fork, stream)?);
        }
        let (first_ms, warm_up) = warm_up(&clock, &setup, &mut streams)?;
        rest::wait();
        let ready = Ready {
            threads: session.threads().get(),
            load_ms,
            first_ms,
            warm_up,
            timer_resolution_ns: resolution(&clock),
            has_no_inputs: session.inputs().is_empty(),
            data_notes: streams.first().map(|work| work.notes()).unwrap_or_default(),
        };
        Ok((Bench { setup, engine, session, streams, service: None, profile: None, before, sentinel }, ready))
    }

    /// Runs for a while, all streams at the same time.
    pub fn round(&mut self, plan: &RoundPlan) -> Result<Round, String> {
        let clock = MonotonicClock::new();
        let sentinel_ms = self.sentinel.time(&clock);
        let watch = Noise::begin();
        let start = Barrier::new(self.streams.len());
        let lap = |work: &mut Box<dyn Work>| {
            // One run more than is counted brings caches and threads back from whatever ran in between.
            let ready = work.run();
            work.take_stages();
            // Also where it failed: the others would wait for ever.
            start.wait();
            ready?;
            let begun = clock.now();
            let iterations = sampling::round(&clock, plan, 0, &mut || work.run())?;
            Ok::<_, String>((iterations, work.take_stages(), begun, clock.now()))
        };
        let laps: Vec<_> = match &mut self.streams[..] {
            [only] => vec![lap(only)],
            many => thread::scope(|scope| {
                let threads: Vec<_> = many.iter_mut().map(|work| scope.spawn(|| lap(work))).collect();
                let crashed = |_| Err("a stream crashed".to_owned());
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(crashed)).collect()
            }),
        };
        let noise = watch.end();
        let mut round = Round {
            iterations: Vec::new(),
            stages: None,
            wall_ns: 0,
            memory: self.memory(),
            noise,
            sentinel_ms,
        };
        let (mut begun, mut ended) = (u64::MAX, 0);
        for lap in laps {
            let (iterations, stages, from, to) = lap?;
            (begun, ended) = (begun.min(from), ended.max(to));
            round.iterations.extend(iterations);
            if let Some(stages) = stages {
                let all = round.stages.get_or_insert_with(StageTimes::default);
                all.iter_mut().zip(stages).for_each(|(all, stage)| all.extend(stage));
            }
        }
        if let Some(stages) = &round.stages {
            // What is between two stages is nobody's: the total is their sum.
            let total = |i| stages.iter().filter_map(|stage| stage.get(i)).sum();
            round.iterations = (0..stages[0].len()).map(total).collect();
        }
        round.wall_ns = ended.saturating_sub(begun);
        rest::wait();
        Ok(round)
    }

    fn memory(&self) -> Option<MemoryUse> {
        let now = memory::resident()?;
        Some(MemoryUse { before_bytes: self.before?, after_bytes: now.now_bytes, peak_bytes: now.peak_bytes })
    }

    /// Time by node of the graph that the engine runs.
    pub fn profile(&mut self, runs: usize) -> Result<LayerTimes, String> {
        let inputs = synthetic(&self.setup)?.ok_or("layers are timed over synthetic inputs only")?;
        let source = ModelSource::File(self.setup.model.clone());
        let profile = self.engine.profile(&source, &self.setup.options, &inputs, runs);
        let profile = self.profile.insert(profile.map_err(|error| error.to_string())?);
        Ok(LayerTimes {
            nodes: profile.nodes.clone(),
            graph: profile.graph.as_ref().map(|graph| graph.path().to_owned()),
        })
    }

    /// Puts the model under load.
    pub fn serve(&mut self, order: ServeOrder) -> Result<scenario::Outcome, String> {
        let fits = |service: &Service| (service.count, &service.sizes) == (order.streams, &order.sizes);
        let mut streams = match self.service.take().filter(fits) {
            Some(service) => service.streams,
            None => service::streams(&*self.session, order.streams, &order.sizes, SEED)?,
        };
        let outcome = service::serve(&mut streams, &order.load);
        self.service = Some(Service { count: order.streams, sizes: order.sizes, streams });
        outcome
    }
}

/// Of the inputs of queries.
const SEED: u64 = 1;

/// The setup's engine.
pub(super) fn engine(setup: &Setup) -> Result<&'static dyn Engine, String> {
    weigh_engine::engine(&setup.engine).ok_or_else(|| format!("there is no engine '{}'", setup.engine))
}

/// The first inference in milliseconds, and the runs after it until their times come to rest. Other streams follow
/// with as many, so that each has what it allocates on its first run.
fn warm_up(
    clock: &MonotonicClock,
    setup: &Setup,
    streams: &mut [Box<dyn Work>],
) -> Result<(f64, WarmUp), String> {
    let (only, others) = streams.split_first_mut().ok_or("no stream")?;
    let first_ms = sampling::first(clock, &mut || only.run())?;
    let warm_up = sampling::warm_up(clock, &setup.warm_up, &mut || only.run())?;
    for other in others {
        for _ in 0..3 {
            other.run()?;
        }
    }
    Ok((first_ms, warm_up))
}
