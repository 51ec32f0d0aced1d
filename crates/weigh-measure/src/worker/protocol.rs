//! What a worker is told and what it answers.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use weigh_data::{Postprocess, Recipe};
use weigh_engine::synthetic::InputSpec;
use weigh_engine::{EngineOptions, NodeTime};

use super::Difference;
use crate::memory::MemoryUse;
use crate::noise::NoiseReport;
use crate::sampling::RoundPlan;
use crate::scenario;
use crate::warm_up::{WarmUp, WarmUpPlan};

/// One configuration: a model, what it is fed, and how it is run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    /// The engine's name.
    pub engine: String,
    /// How the engine is to run the model.
    pub options: EngineOptions,
    /// The model's file.
    pub model: PathBuf,
    /// What it is fed.
    pub feed: Feed,
    /// Samples in one inference.
    pub batch: u64,
    /// Requests that are worked on at the same time, each by a runner of its own over the same weights.
    pub streams: NonZeroUsize,
    /// How long to warm up.
    pub warm_up: WarmUpPlan,
}

/// What a model is fed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feed {
    /// Made-up inputs, the same for every inference.
    Synthetic {
        /// Types, shapes and kinds of values.
        specs: Vec<InputSpec>,
        /// Of their values.
        seed: u64,
    },
    /// Files, read and prepared anew for every inference.
    Data(Data),
}

/// Files to feed a model, and what happens to them before and after it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Data {
    /// A file or a folder of files.
    pub path: PathBuf,
    /// From a file's content to the model's inputs.
    pub recipe: Recipe,
    /// From the model's outputs to answers.
    pub postprocess: Postprocess,
    /// The model's inputs with every extent bound; what they would be filled with does not matter.
    pub inputs: Vec<InputSpec>,
}

/// What a worker can be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// Load the model, run it once, warm up. Answered by [`Reply::Ready`]. Must come first for all that follows but
    /// [`Request::Difference`] and [`Request::Optimize`].
    Prepare(Box<Setup>),
    /// Run it for a while. Answered by [`Reply::Round`].
    Round(RoundPlan),
    /// Run it once with the engine's profiler on, and again. Answered by [`Reply::Layers`].
    Profile {
        /// How often.
        runs: usize,
    },
    /// Tell the graph that the engine would run, without running it. Answered by [`Reply::Graph`].
    Optimize(Box<Setup>),
    /// Answer queries as a server would. What is made ready for an order serves later ones of the same sizes.
    /// Answered by [`Reply::Served`].
    Serve(Box<ServeOrder>),
    /// Run two configurations once over the same inputs and compare what comes out. Answered by
    /// [`Reply::Difference`].
    Difference(Box<Setup>, Box<Setup>),
}

/// How to put the model under load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServeOrder {
    /// Which load.
    pub load: scenario::Load,
    /// Queries that are worked on at the same time.
    pub streams: NonZeroUsize,
    /// The inputs of one inference by its number of samples, for every number that the load can ask for.
    pub sizes: BTreeMap<usize, Vec<InputSpec>>,
}

/// What a worker answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// The model is loaded and warm.
    Ready(Ready),
    /// A round is over.
    Round(Box<Round>),
    /// Time by node.
    Layers(LayerTimes),
    /// The graph that the engine would run.
    Graph {
        /// A file of it, which lives until the worker's next request or its end.
        path: PathBuf,
    },
    /// The load is over.
    Served(Box<scenario::Outcome>),
    /// How far two configurations' outputs are apart.
    Difference(Difference),
    /// It cannot be done. The worker goes on.
    Failed {
        /// Why: fit to follow "not measured: ".
        reason: String,
    },
}

/// What was found out on the way to the first round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// Threads a run may use.
    pub threads: usize,
    /// Reading the model and making it ready.
    pub load_ms: f64,
    /// The first inference.
    pub first_ms: f64,
    /// The runs thrown away after it.
    pub warm_up: WarmUp,
    /// The clock's smallest step in nanoseconds.
    pub timer_resolution_ns: u64,
    /// Whether the model takes no inputs.
    pub has_no_inputs: bool,
    /// What is done to the data that the recipe's name does not say.
    #[serde(default)]
    pub data_notes: Vec<String>,
}

/// What one round of runs took. Times of an iteration are in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The time of each iteration, those of all streams one after the other.
    pub iterations: Vec<u64>,
    /// The same by stage, where there is more than inference.
    pub stages: Option<StageTimes>,
    /// From the start of the round to the end of its last iteration.
    pub wall_ns: u64,
    /// Resident memory of the worker.
    pub memory: Option<MemoryUse>,
    /// What disturbed the round.
    pub noise: NoiseReport,
    /// Time of the sentinel just before the round, in milliseconds.
    pub sentinel_ms: f64,
}

/// A part of the way from an input being asked for to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reading and decoding.
    Load,
    /// From what was read to the model's inputs.
    Preprocess,
    /// The engine's run.
    Inference,
    /// From outputs to answers.
    Postprocess,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 4] = [Stage::Load, Stage::Preprocess, Stage::Inference, Stage::Postprocess];
}

/// The time of each iteration in nanoseconds, a row for each of [`Stage::ALL`].
pub type StageTimes = [Vec<u64>; 4];

/// Time by node of the graph that the engine ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerTimes {
    /// The nodes.
    pub nodes: Vec<NodeTime>,
    /// A file of that graph, which lives until the worker's next request or its end; `None` where the engine does not
    /// tell.
    pub graph: Option<PathBuf>,
}
