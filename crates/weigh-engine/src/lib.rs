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
//! - There is no unsafe code but in `onnxruntime/library.rs`, which says why.
//! - Engines are found through [`engines`] only. Adding one is a folder here and a line there.

use std::num::NonZeroUsize;
use std::path::PathBuf;

mod error;
mod guard;
mod inputs;
mod onnxruntime;
mod options;
mod profile;
mod rten;
pub mod synthetic;
mod tensor;

pub use error::{EngineError, Missing};
pub use options::{EngineOptions, Optimization, Provider, UnknownName};
pub use profile::{GraphFile, NodeTime, Profile};
pub use tensor::{Input, Tensor, TensorData};

/// Every engine this program can run models with, the preferred first. The last one is always usable.
pub fn engines() -> &'static [&'static dyn Engine] {
    &[&onnxruntime::OnnxRuntime, &rten::Rten]
}

/// The first engine that is usable on this machine.
pub fn automatic() -> &'static dyn Engine {
    let usable = engines().iter().copied().find(|engine| engine.installation().is_ok());
    usable.unwrap_or(&rten::Rten)
}

/// The engine of that name, e.g. `rten`.
pub fn engine(name: &str) -> Option<&'static dyn Engine> {
    engines().iter().copied().find(|engine| engine.name() == name)
}

/// A runtime for neural networks.
pub trait Engine: Sync {
    /// The engine's name as given on the command line and printed in reports, e.g. `rten`.
    fn name(&self) -> &'static str;

    /// What of the engine is usable on this machine. Looked for once, then remembered.
    ///
    /// # Errors
    /// [`Missing`] where it is not, with what to do about it.
    fn installation(&self) -> Result<Installation, Missing>;

    /// Reads the model and makes it ready to run: parsing, the engine's graph optimisations and starting its
    /// threads all happen here.
    ///
    /// # Errors
    /// [`EngineError::UnsupportedOperator`] where the engine lacks an operator, [`EngineError::Load`] for any
    /// other reason, [`EngineError::Panicked`] where the engine gave up in its own way; [`EngineError::Missing`]
    /// where the engine is not usable here, [`EngineError::Unsupported`] for options it cannot honour.
    fn load(&self, model: &ModelSource, options: &EngineOptions) -> Result<Box<dyn Session>, EngineError>;

    /// Loads the model anew with the engine's own profiler on and runs it `runs` times (at least once) over the
    /// inputs, after a few runs to warm up that are left out.
    ///
    /// # Errors
    /// [`EngineError::NoProfile`] where the engine has no profile to give, else as [`Engine::load`],
    /// [`Session::prepare`] and [`Session::run`].
    fn profile(
        &self,
        model: &ModelSource,
        options: &EngineOptions,
        inputs: &[Input],
        runs: usize,
    ) -> Result<Profile, EngineError>;

    /// Loads the model and tells the graph that would run, without running it.
    ///
    /// # Errors
    /// [`EngineError::NoProfile`] where the engine does not tell, else as [`Engine::load`].
    fn optimized(&self, model: &ModelSource, options: &EngineOptions) -> Result<GraphFile, EngineError>;
}

/// An engine that is usable on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The engine's version, e.g. `0.27.0`.
    pub version: String,
    /// The library it was loaded from; `None` for an engine that is part of this program.
    pub library: Option<PathBuf>,
    /// What it was built to run models on, the CPU first. Whether the drivers of the others are there too shows when a
    /// model is loaded.
    pub providers: Vec<Provider>,
}

/// A loaded model.
pub trait Session: Send {
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

    /// Another runner over the same loaded model, for use from another thread at the same time. It shares the
    /// weights, may use as many threads, and starts without inputs. Whether it has threads of its own is up to the
    /// engine.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] where the engine cannot share a loaded model, [`EngineError::Load`] where its
    /// threads do not start.
    fn fork(&self) -> Result<Box<dyn Session>, EngineError>;
}

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// A file. Weights that it keeps in other files are looked for beside it.
    File(PathBuf),
    /// The content of a file. Weights kept in other files cannot be found this way.
    Bytes(Vec<u8>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_found_by_their_names() {
        for engine in engines() {
            let found = super::engine(engine.name()).expect("a registered engine is found");
            assert_eq!(found.name(), engine.name());
        }
        assert!(super::engine("no such engine").is_none());
    }

    #[test]
    fn the_last_engine_is_always_usable() {
        let embedded = engines().last().expect("there is an engine").installation().expect("it is usable");
        assert!(embedded.library.is_none() && !embedded.version.is_empty());
        assert_eq!(embedded.providers, [Provider::Cpu]);
        assert!(automatic().installation().is_ok());
    }
}
