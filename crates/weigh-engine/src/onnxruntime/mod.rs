//! ONNX Runtime, loaded at run time from wherever it is installed.
//!
//! Models are loaded as a plain Python program loads them: with ONNX Runtime's defaults, and of the session's options
//! only the number of threads, the optimisation level and the provider set. So `run` takes what `InferenceSession.run`
//! takes there, without Python's share. Nothing is downloaded, telemetry is off, and nothing is logged: every error
//! comes back as a status. Builds since 1.32 begin with telemetry while they are loaded, unless `ORT_DISABLE_TELEMETRY` is set:
//! the `weigh` command sets it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use crate::guard::guarded;
use crate::{
    Engine, EngineError, EngineOptions, GraphFile, Input, Installation, Missing, ModelSource, Optimization,
    Profile, Session,
};

mod convert;
mod errors;
mod find;
mod library;
mod names;
mod profile;
mod providers;
mod session;
mod trace;

use session::{Loaded, Runner};

const NAME: &str = "onnxruntime";

/// The engine that is found on the machine.
pub(crate) struct OnnxRuntime;

impl Engine for OnnxRuntime {
    fn name(&self) -> &'static str {
        NAME
    }

    fn installation(&self) -> Result<Installation, Missing> {
        runtime().map(|runtime| runtime.installation.clone())
    }

    fn load(&self, model: &ModelSource, options: &EngineOptions) -> Result<Box<dyn Session>, EngineError> {
        guarded(NAME, "loading the model", || {
            let loaded = load(builder(options)?, model, options)?;
            Ok(Box::new(Runner::new(Arc::new(loaded))) as Box<dyn Session>)
        })
    }

    fn profile(
        &self,
        model: &ModelSource,
        options: &EngineOptions,
        inputs: &[Input],
        runs: usize,
    ) -> Result<Profile, EngineError> {
        guarded(NAME, "profiling the model", || profile::profile(model, options, inputs, runs))
    }

    fn optimized(&self, model: &ModelSource, options: &EngineOptions) -> Result<GraphFile, EngineError> {
        guarded(NAME, "optimising the model", || profile::optimized(model, options))
    }
}

/// The library, once loaded.
struct Runtime {
    environment: Environment,
    installation: Installation,
}

/// The library, looked for and loaded by the first who asks.
fn runtime() -> Result<&'static Runtime, Missing> {
    static RUNTIME: OnceLock<Result<Runtime, Missing>> = OnceLock::new();
    RUNTIME.get_or_init(start).as_ref().map_err(Missing::clone)
}

fn start() -> Result<Runtime, Missing> {
    let surroundings = find::Surroundings::of_this_process();
    let mut refused = Vec::new();
    for library in surroundings.libraries() {
        match open(library.clone()) {
            Ok(runtime) => return Ok(runtime),
            Err(reason) => refused.push(format!("{}: {reason}", library.display())),
        }
    }
    let named = surroundings.variable(find::VARIABLE).map(|path| path.to_string_lossy());
    if named.is_none() && refused.is_empty() {
        let packages = surroundings.packages_without_library();
        refused.extend(packages.iter().map(|folder| format!("{}: {OLD_PACKAGE}", folder.display())));
    }
    Err(missing(named.as_deref(), &refused))
}

/// Python packages before 1.19 hold ONNX Runtime inside a module that only Python can load.
const OLD_PACKAGE: &str = "the package has no library of its own, which 1.19 and newer have";

/// Why there is no library, from what the variable names and what was wrong with those found.
fn missing(named: Option<&str>, refused: &[String]) -> Missing {
    let reason = match (named, refused) {
        (_, [_, ..]) => refused.join("; "),
        (Some(path), []) => format!("no library at {path}, which {} names", find::VARIABLE),
        (None, []) => "its library was not found on this machine".to_owned(),
    };
    let hint = match named {
        Some(_) => format!("set {} to the library, or unset it", find::VARIABLE),
        None if !refused.is_empty() => {
            format!("pip install --upgrade onnxruntime, or set {} to another library", find::VARIABLE)
        }
        None => format!("pip install onnxruntime, or set {} to the library", find::VARIABLE),
    };
    Missing { reason, hint }
}

/// Loads a library, or says why it cannot be used.
fn open(path: PathBuf) -> Result<Runtime, String> {
    let version = library::version(&path)?;
    check(&version)?;
    let environment = guarded(NAME, "starting", || {
        let load = |reason: String| EngineError::Load { engine: NAME, reason };
        let environment = ort::init_from(&path).map_err(|error| load(error.to_string()))?;
        let environment = environment.with_name("weigh").with_telemetry(false);
        let environment = environment.with_logger(Arc::new(|_, _, _, _, _| {})).build();
        let environment = environment.map_err(|error| load(error.to_string()))?;
        environment.set_log_level(LogLevel::Error);
        Ok((environment, providers::built_in()))
    });
    let (environment, providers) = environment.map_err(|error| error.to_string())?;
    Ok(Runtime { environment, installation: Installation { version, library: Some(path), providers } })
}

/// Whether the bindings can use a library of that version.
fn check(version: &str) -> Result<(), String> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let usable = match (parts.next().flatten(), parts.next().flatten()) {
        (Some(1), Some(minor)) => minor >= ort::MINOR_VERSION,
        (major, _) => major > Some(1),
    };
    let needed = ort::MINOR_VERSION;
    usable.then_some(()).ok_or_else(|| format!("it is version {version}, and 1.{needed} or newer is needed"))
}

/// A builder of sessions that honours the options.
fn builder(options: &EngineOptions) -> Result<SessionBuilder, EngineError> {
    let runtime = runtime().map_err(|missing| EngineError::Missing { engine: NAME, missing })?;
    let level = match options.optimization {
        Optimization::None => GraphOptimizationLevel::Disable,
        Optimization::Basic => GraphOptimizationLevel::Level1,
        Optimization::Extended => GraphOptimizationLevel::Level2,
        Optimization::All => GraphOptimizationLevel::All,
    };
    let provider = providers::wanted(options.provider, options.threads(), &runtime.installation.providers)?;
    let configured = || -> Result<SessionBuilder, ort::Error> {
        let builder = ort::session::Session::builder(&runtime.environment)?
            .with_intra_threads(options.threads().get())?
            .with_inter_threads(1)?
            .with_parallel_execution(false)?
            .with_optimization_level(level)?;
        Ok(match provider {
            Some(provider) => builder.with_execution_providers([provider])?,
            None => builder,
        })
    };
    configured().map_err(|error| errors::load(&error))
}

fn load(
    mut builder: SessionBuilder,
    model: &ModelSource,
    options: &EngineOptions,
) -> Result<Loaded, EngineError> {
    let session = match model {
        ModelSource::File(path) => builder.commit_from_file(path),
        ModelSource::Bytes(bytes) => builder.commit_from_memory(bytes),
    };
    Loaded::new(session.map_err(|error| errors::load(&error))?, options.threads())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_refused_by_name() {
        for good in ["1.17.0", "1.22.0", "1.32.0-dev", "2.0.0"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check("1.16.3").unwrap_err(), "it is version 1.16.3, and 1.17 or newer is needed");
        assert!(check("0.9").is_err());
        assert!(check("").is_err());
    }

    #[test]
    fn what_is_missing_says_what_to_do() {
        let nothing = missing(None, &[]);
        assert_eq!(nothing.reason, "its library was not found on this machine");
        assert_eq!(nothing.hint, "pip install onnxruntime, or set ORT_DYLIB_PATH to the library");
        assert_eq!(missing(Some("/x"), &[]).reason, "no library at /x, which ORT_DYLIB_PATH names");
        let old = missing(None, &["/a: it is old".to_owned(), "/b: it is no library".to_owned()]);
        assert_eq!(old.reason, "/a: it is old; /b: it is no library");
        assert!(old.hint.starts_with("pip install --upgrade onnxruntime"));
    }

    #[test]
    fn files_that_are_no_library_are_refused_quietly() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libonnxruntime.so");
        std::fs::write(&path, "not a library").unwrap();
        assert!(open(path).is_err());
        assert!(open(folder.path().join("nothing")).is_err());
    }
}
