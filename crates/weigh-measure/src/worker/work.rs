//! What one iteration does: an inference alone, or the whole way from a file to an answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weigh_data::{ModelInput, Pipeline, Source};
use weigh_engine::synthetic::{DEFAULT_LIMIT_BYTES, InputSpec, synthesize};
use weigh_engine::{Engine, EngineError, ModelSource, Session};

use super::protocol::{Data, Feed, Setup, StageTimes};
use crate::clock::{Clock, MonotonicClock};

/// Loads the setup's model.
pub(super) fn load(engine: &dyn Engine, setup: &Setup) -> Result<Box<dyn Session>, String> {
    let source = ModelSource::File(setup.model.clone());
    engine.load(&source, &setup.options).map_err(|error| error.to_string())
}

/// What a round repeats.
pub(super) trait Work: Send {
    /// One iteration.
    fn run(&mut self) -> Result<(), String>;

    /// The stages of the iterations since the last call; `None` where there is only inference.
    fn take_stages(&mut self) -> Option<StageTimes>;
}

/// The work of one stream over that session.
pub(super) fn work(
    setup: &Setup,
    session: Box<dyn Session>,
    stream: usize,
) -> Result<Box<dyn Work>, String> {
    match &setup.feed {
        Feed::Synthetic { .. } => Ok(Box::new(Inference(session))),
        Feed::Data(data) => Ok(Box::new(Answering::new(data, setup.batch, session, stream)?)),
    }
}

/// Gives the session the inputs of a setup without data.
pub(super) fn prepare(setup: &Setup, session: &mut dyn Session) -> Result<(), String> {
    match &setup.feed {
        Feed::Synthetic { specs, seed } => {
            let inputs =
                synthesize(specs, *seed, DEFAULT_LIMIT_BYTES).map_err(|error| error.to_string())?;
            session.prepare(&inputs).map_err(|error| error.to_string())
        }
        Feed::Data(_) => Ok(()),
    }
}

/// An inference over inputs that were made beforehand.
struct Inference(Box<dyn Session>);

impl Work for Inference {
    fn run(&mut self) -> Result<(), String> {
        self.0.run().map_err(|error| error.to_string())
    }

    fn take_stages(&mut self) -> Option<StageTimes> {
        None
    }
}

/// From files to answers. What makes the engine's own input tensors belongs to preprocessing, what reads its outputs
/// to inference.
struct Answering {
    session: Box<dyn Session>,
    pipeline: Arc<Pipeline>,
    paths: Vec<PathBuf>,
    batch: usize,
    next: usize,
    clock: MonotonicClock,
    stages: StageTimes,
}

impl Answering {
    fn new(data: &Data, batch: u64, session: Box<dyn Session>, stream: usize) -> Result<Answering, String> {
        let source = Source::open(&data.path).map_err(|error| error.to_string())?;
        let input = |spec: &InputSpec| ModelInput {
            name: spec.name.clone(),
            dtype: spec.dtype,
            shape: spec.shape.clone(),
        };
        let inputs: Vec<ModelInput> = data.inputs.iter().map(input).collect();
        let pipeline = Pipeline::new(&data.recipe, &data.postprocess, &inputs);
        let batch = usize::try_from(batch).unwrap_or(usize::MAX).max(1);
        Ok(Answering {
            session,
            pipeline: Arc::new(pipeline.map_err(|error| error.to_string())?),
            paths: (0..source.len()).map(|i| source.path(i).to_owned()).collect(),
            batch,
            next: stream.saturating_mul(batch),
            clock: MonotonicClock::new(),
            stages: StageTimes::default(),
        })
    }

    /// The files of the next inference, from the first again after the last.
    fn files(&mut self) -> Vec<&Path> {
        let first = self.next;
        self.next = self.next.wrapping_add(self.batch);
        let count = self.paths.len();
        (0..self.batch).filter_map(|i| self.paths.get(first.wrapping_add(i) % count)).map(PathBuf::as_path).collect()
    }
}

impl Work for Answering {
    fn run(&mut self) -> Result<(), String> {
        let engine = |error: EngineError| error.to_string();
        let pipeline = Arc::clone(&self.pipeline);
        let clock = self.clock;
        let start = clock.now();
        let raw = pipeline.load(&self.files()).map_err(|error| error.to_string())?;
        let loaded = clock.now();
        let inputs = pipeline.preprocess(raw).map_err(|error| error.to_string())?;
        self.session.prepare(&inputs).map_err(engine)?;
        let ready = clock.now();
        let outputs = self.session.run_with_outputs().map_err(engine)?;
        let inferred = clock.now();
        std::hint::black_box(pipeline.postprocess(&outputs).map_err(|error| error.to_string())?);
        let end = clock.now();
        let moments = [start, loaded, ready, inferred, end];
        for (stage, between) in self.stages.iter_mut().zip(moments.windows(2)) {
            stage.push(between[1] - between[0]);
        }
        Ok(())
    }

    fn take_stages(&mut self) -> Option<StageTimes> {
        Some(std::mem::take(&mut self.stages))
    }
}
