//! Running a model: one folder per runtime behind one trait.
//!
//! An [`Engine`] loads a model into a [`Session`]; a session takes its inputs once ([`Session::prepare`]) and
//! then runs as often as asked ([`Session::run`]). What is inside `run` is what a user of that runtime waits
//! for, and nothing else: inputs are converted and copied beforehand.
//!
//! Invariants:
//! - Every run computes every output of the model anew. No session caches results between runs.
//! - A model that an engine cannot load or run is an [`EngineError`], also where the engine panics.
//!   (An engine that overflows its stack or aborts takes the process with it: nothing in-process can stop that.)
//! - Engines are found through [`engines`] only. Adding one is a folder here and a line there.
#![forbid(unsafe_code)]

use std::num::NonZeroUsize;
use std::path::PathBuf;

mod error;
mod guard;
mod rten;
pub mod synthetic;
mod tensor;

pub use error::EngineError;
pub use tensor::{Input, Tensor, TensorData};

/// Every engine this program can run models with, the default first.
pub fn engines() -> &'static [&'static dyn Engine] {
    &[&rten::Rten]
}

/// The engine of that name, e.g. `rten`.
pub fn engine(name: &str) -> Option<&'static dyn Engine> {
    engines().iter().copied().find(|engine| engine.name() == name)
}

/// A runtime for neural networks.
pub trait Engine: Sync {
    /// The engine's name as given on the command line and printed in reports, e.g. `rten`.
    fn name(&self) -> &'static str;

    /// The engine's version, e.g. `0.27.0`.
    fn version(&self) -> String;

    /// Reads the model and makes it ready to run: parsing, the engine's graph optimisations and starting its
    /// threads all happen here.
    ///
    /// # Errors
    /// [`EngineError::UnsupportedOperator`] where the engine lacks an operator, [`EngineError::Load`] for any
    /// other reason, [`EngineError::Panicked`] where the engine gave up in its own way.
    fn load(&self, model: &ModelSource, options: &EngineOptions) -> Result<Box<dyn Session>, EngineError>;
}

/// A loaded model.
pub trait Session {
    /// Names of the inputs that must be given to [`Session::prepare`], in the model's order. Weights are none
    /// of them, also where the file lists them as inputs.
    fn inputs(&self) -> &[String];

    /// Names of the model's outputs, in the model's order.
    fn outputs(&self) -> &[String];

    /// How many threads a run may use.
    fn threads(&self) -> NonZeroUsize;

    /// Sets the inputs of all runs that follow, converted to the types the engine calculates with.
    ///
    /// # Errors
    /// [`EngineError::Input`] for an input that the model lacks, that is missing or given twice, or whose type the
    /// engine cannot take. A wrong shape may come to light only in the first run.
    fn prepare(&mut self, inputs: &[Input]) -> Result<(), EngineError>;

    /// One inference over the prepared inputs: computes every output of the model, then drops them.
    ///
    /// # Errors
    /// [`EngineError::Input`], [`EngineError::Run`] or [`EngineError::Panicked`].
    fn run(&mut self) -> Result<(), EngineError>;

    /// As [`Session::run`], and returns the outputs with their names, in the model's order.
    ///
    /// # Errors
    /// As [`Session::run`]; [`EngineError::Run`] too for an output that is not a tensor.
    fn run_with_outputs(&mut self) -> Result<Vec<(String, Tensor)>, EngineError>;
}

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// A file. Weights that it keeps in other files are looked for beside it.
    File(PathBuf),
    /// The content of a file. Weights kept in other files cannot be found this way.
    Bytes(Vec<u8>),
}

/// How a model is to be run.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// Threads of the session's own pool. `None`: as many as this process may use
    /// ([`std::thread::available_parallelism`]).
    pub threads: Option<NonZeroUsize>,
}

impl EngineOptions {
    /// The number of threads asked for, or the default.
    pub fn threads(&self) -> NonZeroUsize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_found_by_their_names() {
        for engine in engines() {
            let found = super::engine(engine.name()).expect("a registered engine is found");
            assert_eq!(found.name(), engine.name());
            assert!(!engine.version().is_empty());
        }
        assert!(super::engine("no such engine").is_none());
    }
}
