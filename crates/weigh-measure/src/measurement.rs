//! A measurement of one model on one engine, from loading to the last sample.

use weigh_engine::{Engine, EngineError, EngineOptions, Input, ModelSource};

use crate::clock::{Clock, MonotonicClock, resolution};
use crate::memory::{self, MemoryUse};
use crate::note::Note;
use crate::sampling::{Phase, Plan, Progress, sample};
use crate::statistics::{Distribution, middle};
use crate::throughput::Throughput;

/// How to measure.
#[derive(Clone, Debug)]
pub struct MeasureOptions {
    /// How the engine is to run the model.
    pub engine: EngineOptions,
    /// How long to warm up and to sample.
    pub plan: Plan,
    /// How many samples one inference over the given inputs works on. Only throughput depends on it.
    pub batch: u64,
}

impl Default for MeasureOptions {
    fn default() -> MeasureOptions {
        MeasureOptions { engine: EngineOptions::default(), plan: Plan::default(), batch: 1 }
    }
}

/// What was measured. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The engine's name.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// Threads a run could use.
    pub threads: usize,
    /// Samples per inference.
    pub batch: u64,
    /// Time to read the model and make it ready. Part of no latency.
    pub load_ms: f64,
    /// Time of the first inference. Part of no latency statistics.
    pub first_ms: f64,
    /// Runs thrown away between the first inference and the samples.
    pub warm_up_runs: usize,
    /// Whether times had settled before sampling and did not drift during it.
    pub steady: bool,
    /// Time of each inference after warm-up.
    pub latency_ms: Distribution,
    /// The smallest step of the clock in nanoseconds, the cost of reading it included.
    pub timer_resolution_ns: u64,
    /// Resident memory of this process; `None` where the system does not tell.
    pub memory: Option<MemoryUse>,
    /// What to know beside the figures.
    pub notes: Vec<Note>,
}

impl Measurement {
    /// Samples per second at this batch, one inference after the other.
    pub fn throughput(&self) -> Throughput {
        Throughput::of(&self.latency_ms, self.batch)
    }
}

/// Loads the model into the engine and measures it over these inputs.
///
/// # Errors
/// Whatever the engine says: the model does not load, an input does not fit, or a run fails.
pub fn measure(
    engine: &dyn Engine,
    model: &ModelSource,
    inputs: &[Input],
    options: &MeasureOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Measurement, EngineError> {
    measure_with(&MonotonicClock::new(), engine, model, inputs, options, progress)
}

/// [`measure`] by another clock.
///
/// # Errors
/// As [`measure`].
pub fn measure_with(
    clock: &dyn Clock,
    engine: &dyn Engine,
    model: &ModelSource,
    inputs: &[Input],
    options: &MeasureOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Measurement, EngineError> {
    let installation =
        engine.installation().map_err(|missing| EngineError::Missing { engine: engine.name(), missing })?;
    let timer_resolution_ns = resolution(clock);
    let before = memory::resident();
    memory::reset_peak();

    progress(Progress { phase: Phase::Load, fraction: 0.0 });
    let start = clock.now();
    let mut session = engine.load(model, &options.engine)?;
    let load_ms = (clock.now() - start) as f64 / 1e6;
    session.prepare(inputs)?;

    let sampling = sample(clock, &options.plan, progress, || session.run())?;
    let memory = before.zip(memory::resident()).map(|(before, after)| MemoryUse {
        before_bytes: before.now_bytes,
        after_bytes: after.now_bytes,
        peak_bytes: after.peak_bytes,
    });

    let mut notes = sampling.notes;
    if session.inputs().is_empty() {
        notes.push(Note::NoInputs);
    }
    if is_coarse(timer_resolution_ns, sampling.latency_ms.samples()) {
        notes.push(Note::CoarseTimer { resolution_ns: timer_resolution_ns });
    }
    Ok(Measurement {
        engine: engine.name().to_owned(),
        engine_version: installation.version,
        threads: session.threads().get(),
        batch: options.batch,
        load_ms,
        first_ms: sampling.first_ms,
        warm_up_runs: sampling.warm_up_runs,
        steady: sampling.steady,
        latency_ms: sampling.latency_ms,
        timer_resolution_ns,
        memory,
        notes,
    })
}

/// Whether a typical sample spans so few steps of the clock that one step is more than 1 % of it.
fn is_coarse(resolution_ns: u64, samples_ms: &[f64]) -> bool {
    middle(samples_ms) * 1e6 < 100.0 * resolution_ns as f64
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::rc::Rc;

    use weigh_engine::{Installation, Missing, Profile, Provider, Session, Tensor};

    use super::*;
    use crate::clock::ManualClock;

    thread_local! {
        /// The clock that [`Sleepy`] moves: an engine must be shareable between threads, a manual clock is not.
        static CLOCK: Rc<ManualClock> = Rc::new(ManualClock::new());
    }

    fn pass(milliseconds: u64) {
        CLOCK.with(|clock| clock.advance(milliseconds * 1_000_000));
    }

    /// An engine that loads in 300 ms, prepares in 1 s and runs in 200 ms, the first time in 900 ms.
    struct Sleepy;

    struct SleepySession {
        inputs: Vec<String>,
        runs: usize,
    }

    impl Engine for Sleepy {
        fn name(&self) -> &'static str {
            "sleepy"
        }

        fn installation(&self) -> Result<Installation, Missing> {
            Ok(Installation { version: "1.0".to_owned(), library: None, providers: vec![Provider::Cpu] })
        }

        fn load(&self, _: &ModelSource, _: &EngineOptions) -> Result<Box<dyn Session>, EngineError> {
            pass(300);
            Ok(Box::new(SleepySession { inputs: vec!["x".to_owned()], runs: 0 }))
        }

        fn profile(
            &self,
            _: &ModelSource,
            _: &EngineOptions,
            _: &[Input],
            _: usize,
        ) -> Result<Profile, EngineError> {
            Err(EngineError::NoProfile { engine: "sleepy", reason: "it sleeps".to_owned() })
        }
    }

    impl Session for SleepySession {
        fn inputs(&self) -> &[String] {
            &self.inputs
        }

        fn outputs(&self) -> &[String] {
            &[]
        }

        fn threads(&self) -> NonZeroUsize {
            NonZeroUsize::MIN
        }

        fn prepare(&mut self, _: &[Input]) -> Result<(), EngineError> {
            pass(1000);
            Ok(())
        }

        fn run(&mut self) -> Result<(), EngineError> {
            pass(if self.runs == 0 { 900 } else { 200 });
            self.runs += 1;
            Ok(())
        }

        fn run_with_outputs(&mut self) -> Result<Vec<(String, Tensor)>, EngineError> {
            self.run().map(|()| Vec::new())
        }

        fn fork(&self) -> Result<Box<dyn Session>, EngineError> {
            Ok(Box::new(SleepySession { inputs: self.inputs.clone(), runs: 0 }))
        }
    }

    #[test]
    fn load_and_first_inference_are_apart_and_preparing_is_in_neither() {
        let clock = CLOCK.with(Rc::clone);
        let options = MeasureOptions { batch: 100, ..MeasureOptions::default() };
        let model = ModelSource::Bytes(Vec::new());
        let mut phases = Vec::new();
        let mut progress = |progress: Progress| phases.push(progress.phase);
        let measured = measure_with(&*clock, &Sleepy, &model, &[], &options, &mut progress).unwrap();

        assert_eq!((measured.engine.as_str(), measured.engine_version.as_str()), ("sleepy", "1.0"));
        assert_eq!((measured.load_ms, measured.first_ms), (300.0, 900.0));
        // 0.5 s take 3 runs, but the floor is 5.
        assert_eq!(measured.warm_up_runs, 5);
        assert!(measured.steady);
        // At least one in each of 20 rounds.
        assert_eq!(measured.latency_ms.samples(), [200.0; 20]);
        assert_eq!(measured.latency_ms.median().value(), Some(200.0));
        // A batch of 100 in 0.2 s.
        assert_eq!(measured.throughput().per_second, 500.0);
        assert_eq!(measured.notes, []);
        assert_eq!(phases.first(), Some(&Phase::Load));
    }

    #[test]
    fn a_step_of_more_than_a_percent_is_coarse() {
        assert!(is_coarse(30, &[0.002; 9]));
        assert!(!is_coarse(20, &[0.002; 9]));
    }
}
