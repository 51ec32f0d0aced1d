//! The embedded engine: rten, a CPU runtime for ONNX models written in Rust.
//!
//! Models are loaded the way rten's own documentation loads them, with its default optimisations. What depends on
//! no input is computed at load time (constant propagation), belongs to the load time, and is not in the runs;
//! nothing else is kept between runs but the order of execution.

use std::ffi::OsStr;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use ::rten::{LoadError, Model, ModelOptions, NodeId, RunError, RunErrorKind, RunOptions, ThreadPool, Value};

use crate::guard::guarded;
use crate::inputs::in_order;
use crate::{
    Engine, EngineError, EngineOptions, GraphFile, Input, Installation, Missing, ModelSource, Optimization,
    Profile, Provider, Session, Tensor,
};

mod convert;

const NAME: &str = "rten";
/// The crate does not tell its version at run time; a test compares this with the lock file.
const VERSION: &str = "0.27.0";

/// The embedded engine.
pub(crate) struct Rten;

impl Engine for Rten {
    fn name(&self) -> &'static str {
        NAME
    }

    fn installation(&self) -> Result<Installation, Missing> {
        Ok(Installation { version: VERSION.to_owned(), library: None, providers: vec![Provider::Cpu] })
    }

    fn load(&self, model: &ModelSource, options: &EngineOptions) -> Result<Box<dyn Session>, EngineError> {
        guarded(NAME, "loading the model", || {
            let reader = reader(options)?;
            let threads = options.threads();
            let pool = start_pool(threads)?;
            let model = read(&reader, model)?;
            Ok(Box::new(RtenSession::new(Arc::new(model), pool, threads)) as Box<dyn Session>)
        })
    }

    fn profile(
        &self,
        _: &ModelSource,
        _: &EngineOptions,
        _: &[Input],
        _: usize,
    ) -> Result<Profile, EngineError> {
        let reason = "it prints the times of its operators instead of returning them".to_owned();
        Err(EngineError::NoProfile { engine: NAME, reason })
    }

    fn optimized(&self, _: &ModelSource, _: &EngineOptions) -> Result<GraphFile, EngineError> {
        let reason = "it does not tell the graph that it runs".to_owned();
        Err(EngineError::NoProfile { engine: NAME, reason })
    }
}

/// A reader of models that honours the options.
fn reader(options: &EngineOptions) -> Result<ModelOptions, EngineError> {
    let refuse = |what: String| Err(EngineError::Unsupported { engine: NAME, what });
    if options.provider != Provider::Cpu {
        return refuse(format!("the provider {}: it runs on the CPU", options.provider));
    }
    let mut reader = ModelOptions::with_all_ops();
    match options.optimization {
        Optimization::None => reader.enable_optimization(false),
        Optimization::All => &mut reader,
        level => return refuse(format!("the optimization level {level}: it knows none and all")),
    };
    Ok(reader)
}

fn read(reader: &ModelOptions, source: &ModelSource) -> Result<Model, EngineError> {
    match source {
        ModelSource::File(path) if has_known_extension(path) => reader.load_file(path).map_err(load_error),
        // rten tells formats of files apart by their extension, of bytes by their content.
        ModelSource::File(path) => {
            let bytes = std::fs::read(path).map_err(|error| load(format!("{}: {error}", path.display())))?;
            reader.load(bytes).map_err(load_error)
        }
        ModelSource::Bytes(bytes) => reader.load(bytes.clone()).map_err(load_error),
    }
}

fn has_known_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(OsStr::new("onnx")))
}

/// A pool of exactly that many threads.
fn start_pool(threads: NonZeroUsize) -> Result<Arc<ThreadPool>, EngineError> {
    // Every run looks up rten's own pool even where it then uses the session's. It starts with the first look,
    // which must not fall into the first inference.
    ::rten::thread_pool();
    let pool = ThreadPool::with_num_threads(threads.get());
    // A pool whose threads did not start would silently run everything on the calling thread.
    let started = pool.run(|| rayon::current_thread_index().map(|_| rayon::current_num_threads()));
    match started {
        Some(count) if count == threads.get() => Ok(Arc::new(pool)),
        _ => Err(load(format!("{threads} threads could not be started"))),
    }
}

struct RtenSession {
    model: Arc<Model>,
    inputs: Vec<String>,
    outputs: Vec<String>,
    prepared: Vec<(NodeId, Value)>,
    threads: NonZeroUsize,
    options: RunOptions,
}

impl RtenSession {
    fn new(model: Arc<Model>, pool: Arc<ThreadPool>, threads: NonZeroUsize) -> RtenSession {
        let name =
            |id: &NodeId| model.node_info(*id).and_then(|node| node.name()).unwrap_or_default().to_owned();
        RtenSession {
            inputs: model.input_ids().iter().map(name).collect(),
            outputs: model.output_ids().iter().map(name).collect(),
            prepared: Vec::new(),
            threads,
            options: RunOptions::default().with_thread_pool(Some(pool)),
            model,
        }
    }

    /// One inference over the prepared inputs. They are lent, not given, so rten cannot overwrite them.
    fn infer(&self) -> Result<Vec<Value>, EngineError> {
        guarded(NAME, "running the model", || {
            let inputs = self.prepared.iter().map(|(id, value)| (*id, value.into())).collect();
            let options = Some(self.options.clone());
            self.model.run(inputs, self.model.output_ids(), options).map_err(run_error)
        })
    }
}

impl Session for RtenSession {
    fn inputs(&self) -> &[String] {
        &self.inputs
    }

    fn outputs(&self) -> &[String] {
        &self.outputs
    }

    fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    fn prepare(&mut self, inputs: &[Input]) -> Result<(), EngineError> {
        let given = in_order(&self.inputs, inputs)?;
        let values = given.into_iter().map(convert::to_value);
        let prepared = self.model.input_ids().iter().zip(values).map(|(&id, value)| Ok((id, value?)));
        self.prepared = prepared.collect::<Result<_, EngineError>>()?;
        Ok(())
    }

    fn run(&mut self) -> Result<(), EngineError> {
        black_box(self.infer()?);
        Ok(())
    }

    fn run_with_outputs(&mut self) -> Result<Vec<(String, Tensor)>, EngineError> {
        let values = self.infer()?;
        let named = self.outputs.iter().zip(&values).map(|(name, value)| {
            let tensor = convert::from_value(value).ok_or_else(|| EngineError::Run {
                engine: NAME,
                reason: format!("output `{name}` is not a tensor"),
            })?;
            Ok((name.clone(), tensor))
        });
        named.collect()
    }

    /// The fork gets a pool of its own: rten runs a model inside its pool, so that two runners of one pool would wait
    /// for each other.
    fn fork(&self) -> Result<Box<dyn Session>, EngineError> {
        guarded(NAME, "starting threads", || {
            let pool = start_pool(self.threads)?;
            Ok(Box::new(RtenSession::new(Arc::clone(&self.model), pool, self.threads)) as Box<dyn Session>)
        })
    }
}

fn load(reason: String) -> EngineError {
    EngineError::Load { engine: NAME, reason }
}

/// rten keeps the cause "no such operator" private: only its words tell it from an operator that is there but used
/// in a way it does not take.
fn load_error(error: LoadError) -> EngineError {
    const UNKNOWN: &str = " operator not supported or not enabled";
    let message = error.to_string();
    let operator = message.strip_suffix(UNKNOWN).and_then(|before| before.rsplit(' ').next());
    match operator {
        Some(operator) => EngineError::UnsupportedOperator {
            engine: NAME,
            operator: operator.to_owned(),
            node: error.node().filter(|name| !name.is_empty()).map(str::to_owned),
        },
        None => load(message),
    }
}

fn run_error(error: RunError) -> EngineError {
    let reason = error.to_string();
    match (error.kind(), error.node_path().as_slice()) {
        (RunErrorKind::InvalidInput, [Some(input)]) => {
            let prefix = format!("input \"{input}\" is invalid: ");
            let reason = reason.strip_prefix(&prefix).unwrap_or(&reason).to_owned();
            EngineError::Input { input: (*input).to_owned(), reason }
        }
        _ => EngineError::Run { engine: NAME, reason },
    }
}
