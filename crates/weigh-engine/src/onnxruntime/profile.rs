//! The graph that ONNX Runtime makes of a model, and a profile of it by ONNX Runtime's own profiler.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ort::session::builder::SessionBuilder;
use tempfile::TempDir;

use crate::{
    EngineError, EngineOptions, GraphFile, Input, ModelSource, NodeTime, Profile, Provider, Session,
};

use super::session::{Loaded, Runner};
use super::trace::{Kernel, kernels};
use super::{NAME, builder, errors, load, names};

/// Runs before those that count.
const WARM_UP: usize = 3;

/// Where tensors above a kilobyte go when they are saved apart.
const WEIGHTS: (&str, &str) = ("session.optimized_model_external_initializers_file_name", "weights.bin");

/// How the optimised graph is saved.
#[derive(Clone, Copy)]
enum Saved {
    /// Its weights in a file of their own: graphs of any size. Some versions fail at this where there are branches.
    WeightsApart,
    /// All in one file, which must stay below 2 GiB.
    Whole,
    Not,
}

pub(super) fn profile(
    model: &ModelSource,
    options: &EngineOptions,
    inputs: &[Input],
    runs: usize,
) -> Result<Profile, EngineError> {
    let folder = tempfile::Builder::new().prefix("weigh-profile-").tempdir();
    let folder = folder.map_err(|error| no_profile(format!("no folder for its trace: {error}")))?;
    let graph = folder.path().join("optimized.onnx");
    let open = |saved: Saved| load(profiling(builder(options)?, &folder, &graph, saved)?, model, options);
    let ways = [Saved::WeightsApart, Saved::Whole].into_iter().filter(|_| saves_graph(options.provider));
    // A graph that cannot be saved still runs.
    let (loaded, is_saved) = match ways.filter_map(|way| open(way).ok()).next() {
        Some(loaded) => (loaded, true),
        None => (open(Saved::Not)?, false),
    };

    let runs = runs.max(1);
    let trace = run(loaded, inputs, WARM_UP.saturating_add(runs))?;
    let trace = std::fs::read(folder.path().join(trace));
    let trace = trace.map_err(|error| no_profile(format!("its trace cannot be read: {error}")))?;
    let kernels = kernels(&trace, runs).map_err(no_profile)?;
    let graph = is_saved.then_some(graph).filter(|path| name_nodes(path, &kernels).is_some());
    let nodes = kernels.into_iter().map(|kernel| NodeTime {
        mean_ms: kernel.mean_us() / 1e3,
        median_ms: kernel.median_us() / 1e3,
        name: kernel.name,
        op: kernel.op,
        calls: kernel.calls as f64 / runs as f64,
    });
    Ok(Profile { nodes: nodes.collect(), graph: graph.map(|path| GraphFile::new(folder, path)) })
}

/// The graph that would run, without running it.
pub(super) fn optimized(model: &ModelSource, options: &EngineOptions) -> Result<GraphFile, EngineError> {
    if !saves_graph(options.provider) {
        return Err(no_profile(format!("the graph that the provider {} runs is not told", options.provider)));
    }
    let folder = tempfile::Builder::new().prefix("weigh-graph-").tempdir();
    let folder = folder.map_err(|error| no_profile(format!("no folder for its graph: {error}")))?;
    let path = folder.path().join("optimized.onnx");
    let open = |saved: Saved| load(saving(builder(options)?, &path, saved)?, model, options);
    open(Saved::WeightsApart).or_else(|_| open(Saved::Whole))?;
    Ok(GraphFile::new(folder, path))
}

fn no_profile(reason: String) -> EngineError {
    EngineError::NoProfile { engine: NAME, reason }
}

/// Whether ONNX Runtime can save the graph that it runs there: providers that compile parts of it cannot.
fn saves_graph(provider: Provider) -> bool {
    matches!(provider, Provider::Cpu | Provider::Cuda)
}

/// The same session, with a trace in the folder, and the optimised graph at that path.
fn profiling(
    builder: SessionBuilder,
    folder: &TempDir,
    graph: &Path,
    saved: Saved,
) -> Result<SessionBuilder, EngineError> {
    let traced =
        builder.with_profiling(folder.path().join("trace")).map_err(|error| errors::load(&error.into()))?;
    saving(traced, graph, saved)
}

/// The same session, with the optimised graph at that path.
fn saving(builder: SessionBuilder, graph: &Path, saved: Saved) -> Result<SessionBuilder, EngineError> {
    let configured = || -> Result<SessionBuilder, ort::Error> {
        Ok(match saved {
            Saved::WeightsApart => {
                builder.with_optimized_model_path(graph)?.with_config_entry(WEIGHTS.0, WEIGHTS.1)?
            }
            Saved::Whole => builder.with_optimized_model_path(graph)?,
            Saved::Not => builder,
        })
    };
    configured().map_err(|error| errors::load(&error))
}

/// Runs the model so often and returns where the trace is.
fn run(loaded: Loaded, inputs: &[Input], runs: usize) -> Result<PathBuf, EngineError> {
    let loaded = Arc::new(loaded);
    let mut runner = Runner::new(Arc::clone(&loaded));
    runner.prepare(inputs)?;
    (0..runs).try_for_each(|_| runner.run())?;
    drop(runner);
    let session = Arc::into_inner(loaded).map(Loaded::into_session);
    let mut session = session.ok_or_else(|| no_profile("the model is still in use".to_owned()))?;
    let trace = session.end_profiling().map_err(|error| no_profile(error.to_string()))?;
    Ok(PathBuf::from(trace))
}

/// Gives the saved graph's unnamed nodes the names they have in the trace. `None` where that cannot be done.
fn name_nodes(graph: &Path, kernels: &[Kernel]) -> Option<()> {
    let saved = std::fs::read(graph).ok()?;
    let named = names::filled_in(&saved, kernels)?;
    (named == saved || std::fs::write(graph, named).is_ok()).then_some(())
}
