//! What one iteration does: an inference alone, or the whole way from a file to an answer.

use weigh_data::{DataError, ModelInput, Pipeline, Source};
use weigh_engine::synthetic::{DEFAULT_LIMIT_BYTES, InputSpec, synthesize};
use weigh_engine::{Engine, EngineError, Input, ModelSource, Session};

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

    /// What is done to the data that the recipe's name does not say.
    fn notes(&self) -> Vec<String>;
}

/// The work of one stream over that session.
pub(super) fn work(setup: &Setup, session: Box<dyn Session>, stream: usize) -> Result<Box<dyn Work>, String> {
    match &setup.feed {
        Feed::Synthetic { .. } => Ok(Box::new(Inference(session))),
        Feed::Data(data) => Ok(Box::new(Answering::new(data, session, stream)?)),
    }
}

/// The made-up inputs of a setup; `None` for one with data.
pub(super) fn synthetic(setup: &Setup) -> Result<Option<Vec<Input>>, String> {
    match &setup.feed {
        Feed::Synthetic { specs, seed } => {
            synthesize(specs, *seed, DEFAULT_LIMIT_BYTES).map(Some).map_err(|error| error.to_string())
        }
        Feed::Data(_) => Ok(None),
    }
}

/// Gives the session the inputs of a setup without data.
pub(super) fn prepare(setup: &Setup, session: &mut dyn Session) -> Result<(), String> {
    match synthetic(setup)? {
        Some(inputs) => session.prepare(&inputs).map_err(|error| error.to_string()),
        None => Ok(()),
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

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// From files to answers. What makes the engine's own input tensors belongs to preprocessing, what reads its outputs
/// to inference.
struct Answering {
    session: Box<dyn Session>,
    pipeline: Pipeline,
    /// The number of the next inference.
    next: usize,
    clock: MonotonicClock,
    stages: StageTimes,
}

impl Answering {
    /// Streams begin at different files.
    fn new(data: &Data, session: Box<dyn Session>, stream: usize) -> Result<Answering, String> {
        let told = |error: DataError| error.to_string();
        let input = |spec: &InputSpec| ModelInput {
            name: spec.name.clone(),
            dtype: spec.dtype,
            shape: spec.shape.clone(),
        };
        let inputs: Vec<ModelInput> = data.inputs.iter().map(input).collect();
        let source = Source::open(&data.path, &data.recipe).map_err(told)?;
        let pipeline = Pipeline::new(&data.recipe, &data.postprocess, &inputs, source).map_err(told)?;
        let (clock, stages) = (MonotonicClock::new(), StageTimes::default());
        Ok(Answering { session, pipeline, next: stream, clock, stages })
    }
}

impl Work for Answering {
    fn run(&mut self) -> Result<(), String> {
        let (data, engine) = (|error: DataError| error.to_string(), |error: EngineError| error.to_string());
        let inference = self.next;
        self.next = self.next.wrapping_add(1);
        let start = self.clock.now();
        let loaded = self.pipeline.load(inference).map_err(data)?;
        let read = self.clock.now();
        let inputs = self.pipeline.preprocess(loaded).map_err(data)?;
        self.session.prepare(&inputs).map_err(engine)?;
        let ready = self.clock.now();
        let outputs = self.session.run_with_outputs().map_err(engine)?;
        let inferred = self.clock.now();
        std::hint::black_box(self.pipeline.postprocess(&outputs).map_err(data)?);
        let end = self.clock.now();
        let moments = [start, read, ready, inferred, end];
        for (stage, between) in self.stages.iter_mut().zip(moments.windows(2)) {
            stage.push(between[1].saturating_sub(between[0]));
        }
        Ok(())
    }

    fn take_stages(&mut self) -> Option<StageTimes> {
        Some(std::mem::take(&mut self.stages))
    }

    fn notes(&self) -> Vec<String> {
        self.pipeline.notes().to_vec()
    }
}
