//! What holds for every engine that is usable on this machine, over the architectures of the zoo.
//!
//! The small ones run by default; `cargo test -p weigh-engine --test conformance -- --ignored` runs all.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::num::NonZeroUsize;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use weigh_engine::synthetic::{DEFAULT_LIMIT_BYTES, Fill, InputSpec, synthesize};
use weigh_engine::{
    Engine, EngineError, EngineOptions, Input, ModelSource, Optimization, Session, Tensor, TensorData,
    engines,
};
use weigh_formats::onnx::{Weights, WriteOptions, write};
use weigh_ir::{Bindings, Symbol};
use weigh_zoo::{Batch, ENTRIES, Entry, Options};

mod onnx;

/// Architectures that run in a moment, one for each kind of layer.
const SMALL: [&str; 4] = ["squeezenet1_0", "mobilenet_v3_small", "densenet121", "lstm"];

/// What an engine cannot do: its name, the architecture, and the message that says so. A row that is no longer true
/// fails [`exceptions_are_true`].
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("rten", "alexnet-2012", "rten does not support the operator LRN (node `norm1/LRN`)")];

/// How far outputs of two engines may differ, as a share of the largest output: sums of thousands of float32 products
/// in different orders.
const TOLERANCE: f64 = 1e-3;

/// Extents of the symbols in the zoo's inputs.
const EXTENTS: [(&str, i64); 3] = [("batch", 1), ("seq", 8), ("past", 4)];

/// A model and inputs for it.
struct Case {
    name: &'static str,
    model: ModelSource,
    inputs: Vec<InputSpec>,
}

impl Case {
    fn new(entry: &Entry, weights: Weights) -> Case {
        let model = (entry.build)(&Options { batch: Batch::Fixed(1) });
        let extents: Bindings =
            EXTENTS.iter().map(|(symbol, extent)| (Symbol::new(symbol), *extent)).collect();
        let spec = |id: &weigh_ir::TensorId| {
            let tensor = model.tensor(*id);
            let name = tensor.name.to_string();
            let dims = tensor.declared.as_ref().unwrap().dims().iter();
            let dtype = tensor.dtype.unwrap();
            let fill = match name.as_str() {
                "input_ids" => Fill::Below(1000),
                "attention_mask" => Fill::One,
                _ => Fill::default_for(dtype),
            };
            let shape = dims.map(|dim| usize::try_from(dim.bind(&extents).as_int().unwrap()).unwrap());
            InputSpec { shape: shape.collect(), name, dtype, fill }
        };
        let inputs = model.graph.inputs.iter().map(spec).collect();
        let model = ModelSource::Bytes(write(&model, &WriteOptions { weights }).unwrap());
        Case { name: entry.name, model, inputs }
    }

    fn small(name: &str) -> Case {
        Case::new(weigh_zoo::find(name).unwrap(), Weights::Random { seed: 1 })
    }

    fn inputs(&self, seed: u64) -> Vec<Input> {
        synthesize(&self.inputs, seed, DEFAULT_LIMIT_BYTES).unwrap()
    }

    fn load(&self, engine: &dyn Engine, optimization: Optimization) -> Result<Box<dyn Session>, EngineError> {
        engine.load(&self.model, &options(optimization))
    }

    /// The outputs for the inputs of a seed.
    fn outputs(&self, session: &mut dyn Session, seed: u64) -> Outputs {
        session.prepare(&self.inputs(seed)).unwrap();
        session.run_with_outputs().unwrap()
    }
}

type Outputs = Vec<(String, Tensor)>;

fn options(optimization: Optimization) -> EngineOptions {
    EngineOptions { threads: NonZeroUsize::new(2), optimization, ..EngineOptions::default() }
}

/// The engines to test. Says which cannot be.
fn usable() -> Vec<&'static dyn Engine> {
    let usable = |engine: &&dyn Engine| {
        let installation = engine.installation();
        if let Err(missing) = &installation {
            eprintln!("not tested: {}: {missing}; {}", engine.name(), missing.hint);
        }
        installation.is_ok()
    };
    engines().iter().copied().filter(usable).collect()
}

/// The engines that can run that architecture.
fn able(name: &str) -> Vec<&'static dyn Engine> {
    let excepted =
        |engine: &&dyn Engine| EXCEPTIONS.iter().any(|row| (row.0, row.1) == (engine.name(), name));
    usable().into_iter().filter(|engine| !excepted(engine)).collect()
}

/// The elements as numbers: engines may calculate with other types than the model's.
fn numbers(tensor: &Tensor) -> Vec<f64> {
    match tensor.data() {
        TensorData::F32(data) => data.iter().copied().map(f64::from).collect(),
        TensorData::I32(data) => data.iter().copied().map(f64::from).collect(),
        TensorData::I64(data) => data.iter().map(|&value| value as f64).collect(),
        other => panic!("no zoo model has outputs of {}", other.dtype()),
    }
}

/// Fails unless the outputs are the same but for rounding, and are of some size at all.
fn assert_close(outputs: &Outputs, expected: &Outputs, who: &str) {
    assert_eq!(outputs.len(), expected.len(), "{who}");
    for ((name, found), (expected_name, expected)) in outputs.iter().zip(expected) {
        assert_eq!((name, found.shape()), (expected_name, expected.shape()), "{who}");
        let (found, expected) = (numbers(found), numbers(expected));
        let largest = expected.iter().fold(0f64, |largest, value| largest.max(value.abs()));
        assert!(largest.is_finite() && largest > 1e-6, "{who}: `{name}` says nothing: at most {largest}");
        let far = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0f64, f64::max);
        assert!(far <= TOLERANCE * largest, "{who}: `{name}` is off by {far} of {largest}");
    }
}

/// All engines at all their levels give the outputs of the first one without optimisation.
fn assert_agreement(case: &Case) {
    let mut expected: Option<Outputs> = None;
    for engine in able(case.name) {
        for level in Optimization::ALL {
            let who = format!("{} on {} at {level}", case.name, engine.name());
            let mut session = match case.load(engine, *level) {
                Err(EngineError::Unsupported { .. }) => continue,
                loaded => loaded.unwrap_or_else(|error| panic!("{who}: {error}")),
            };
            let outputs = case.outputs(&mut *session, 7);
            match &expected {
                Some(expected) => assert_close(&outputs, expected, &who),
                None => expected = Some(outputs),
            }
        }
    }
}

#[test]
fn engines_agree_on_small_architectures() {
    SMALL.iter().for_each(|name| assert_agreement(&Case::small(name)));
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn engines_agree_on_the_whole_zoo() {
    for entry in ENTRIES {
        eprintln!("{}", entry.name);
        assert_agreement(&Case::new(entry, Weights::Random { seed: 1 }));
    }
}

#[test]
fn exceptions_are_true() {
    let usable = usable();
    for (engine, name, message) in EXCEPTIONS {
        let Some(engine) = usable.iter().find(|usable| usable.name() == engine) else { continue };
        let case = Case::new(weigh_zoo::find(name).unwrap(), Weights::Zero);
        let error = case.load(*engine, Optimization::All).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(message), "{name} on {}", engine.name());
    }
}

#[test]
fn every_engine_can_leave_the_graph_alone_and_do_all_it_can() {
    let case = Case::small("lstm");
    for engine in usable() {
        for level in [Optimization::None, Optimization::All] {
            assert!(case.load(engine, level).is_ok(), "{} at {level}", engine.name());
        }
    }
}

#[test]
fn forks_run_at_the_same_time_over_inputs_of_their_own() {
    let case = Case::small("squeezenet1_0");
    for engine in usable() {
        let mut session = case.load(engine, Optimization::All).unwrap();
        let alone: Vec<Outputs> = (0..2).map(|seed| case.outputs(&mut *session, seed)).collect();
        assert_ne!(alone[0], alone[1]);
        let mut forks = [session.fork().unwrap(), session.fork().unwrap().fork().unwrap()];
        assert_eq!((forks[0].inputs(), forks[0].outputs()), (session.inputs(), session.outputs()));
        assert_eq!(forks[1].threads(), session.threads());
        drop(session);
        let together = Barrier::new(2);
        std::thread::scope(|scope| {
            for ((fork, alone), seed) in forks.iter_mut().zip(&alone).zip(0..) {
                let (case, together) = (&case, &together);
                scope.spawn(move || {
                    fork.prepare(&case.inputs(seed)).unwrap();
                    together.wait();
                    for _ in 0..5 {
                        fork.run().unwrap();
                        assert_close(&fork.run_with_outputs().unwrap(), alone, engine.name());
                    }
                });
            }
        });
    }
}

#[test]
fn forks_do_not_wait_for_each_other() {
    let case = Case::small("lstm");
    let steps = |count| {
        let spec = InputSpec { shape: vec![count, 1, 512], ..case.inputs[0].clone() };
        synthesize(&[spec], 1, DEFAULT_LIMIT_BYTES).unwrap()
    };
    let one_thread = EngineOptions { threads: NonZeroUsize::new(1), ..EngineOptions::default() };
    for engine in usable() {
        let mut long = engine.load(&case.model, &one_thread).unwrap();
        let mut short = long.fork().unwrap();
        long.prepare(&steps(2000)).unwrap();
        short.prepare(&steps(1)).unwrap();
        // Runners that wait for each other take turns: a long run would see one short one end, never many.
        let (is_running, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        let ended = AtomicUsize::new(0);
        let most = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(SeqCst) {
                    short.run().unwrap();
                    ended.fetch_add(usize::from(is_running.load(SeqCst)), SeqCst);
                }
            });
            let mut during_a_run = || {
                ended.store(0, SeqCst);
                is_running.store(true, SeqCst);
                long.run().unwrap();
                is_running.store(false, SeqCst);
                ended.load(SeqCst)
            };
            let most = (0..50).map(|_| during_a_run()).find(|ended| *ended >= 5);
            is_over.store(true, SeqCst);
            most
        });
        assert!(most.is_some(), "runners of {} take turns", engine.name());
    }
}

#[test]
fn prepared_inputs_can_be_replaced() {
    let case = Case::small("lstm");
    for engine in usable() {
        let mut session = case.load(engine, Optimization::All).unwrap();
        let first = case.outputs(&mut *session, 1);
        let second = case.outputs(&mut *session, 2);
        assert_ne!(first, second, "{}", engine.name());
        // Another length too: the model leaves it open.
        let longer = InputSpec { shape: vec![20, 1, 512], ..case.inputs[0].clone() };
        session.prepare(&synthesize(&[longer], 1, DEFAULT_LIMIT_BYTES).unwrap()).unwrap();
        assert_eq!(session.run_with_outputs().unwrap()[0].1.shape(), [20, 1, 512]);
        assert_close(&case.outputs(&mut *session, 1), &first, engine.name());
    }
}

#[test]
fn bad_inputs_are_errors_about_an_input() {
    let case = Case::small("lstm");
    let good = case.inputs(1).remove(0);
    let input = |name: &str, shape: Vec<usize>, data| Input::new(name, shape, data).unwrap();
    let bad = [
        vec![],
        vec![good.clone(), good.clone()],
        vec![good.clone(), input("no_such_input", vec![1], TensorData::F32(vec![0.0]))],
        vec![input("input", vec![8, 1, 512], TensorData::I64(vec![0; 8 * 512]))],
        vec![input("input", vec![8, 512], TensorData::F32(vec![0.0; 8 * 512]))],
        vec![input("input", vec![8, 1, 511], TensorData::F32(vec![0.0; 8 * 511]))],
    ];
    for engine in usable() {
        let mut session = case.load(engine, Optimization::All).unwrap();
        for inputs in &bad {
            let error = session.prepare(inputs).and_then(|()| session.run()).unwrap_err();
            assert!(matches!(error, EngineError::Input { .. }), "{}: {error:?}", engine.name());
        }
        session.prepare(std::slice::from_ref(&good)).unwrap();
        session.run().unwrap();
    }
}

#[test]
fn weights_may_be_in_a_file_beside_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    std::fs::write(&model, onnx::model_with_weights_in("model.onnx.data")).unwrap();
    let weights: Vec<u8> = [0.5f32, 1.0, 2.0].iter().flat_map(|weight| weight.to_le_bytes()).collect();
    for engine in usable() {
        let load = || engine.load(&ModelSource::File(model.clone()), &options(Optimization::All));
        std::fs::write(folder.path().join("model.onnx.data"), &weights).unwrap();
        let mut session = load().unwrap();
        let x = Input::new("x", vec![3], TensorData::F32(vec![1.0; 3])).unwrap();
        session.prepare(&[x]).unwrap();
        let outputs = session.run_with_outputs().unwrap();
        assert_eq!(outputs[0].1.data(), &TensorData::F32(vec![1.5, 2.0, 3.0]), "{}", engine.name());
        drop(session);
        std::fs::remove_file(folder.path().join("model.onnx.data")).unwrap();
        let error = load().err().unwrap();
        assert!(matches!(error, EngineError::Load { .. }), "{}: {error:?}", engine.name());
    }
}

#[test]
fn damaged_models_are_errors() {
    let ModelSource::Bytes(whole) = Case::small("squeezenet1_0").model else {
        panic!("zoo models are bytes")
    };
    for engine in usable() {
        for cut in [0, 1, 2, 7, 100, 5000, whole.len() / 2, whole.len() - 100] {
            let damaged = ModelSource::Bytes(whole[..cut].to_vec());
            let error = engine.load(&damaged, &options(Optimization::All)).err();
            assert!(
                matches!(error, Some(EngineError::Load { .. })),
                "{} took {cut} bytes of a model: {error:?}",
                engine.name()
            );
        }
    }
}

#[test]
fn profiles_are_of_the_graph_that_ran() {
    let case = Case::small("squeezenet1_0");
    for engine in usable() {
        let profiled = engine.profile(&case.model, &options(Optimization::All), &case.inputs(1), 4);
        let profile = match profiled {
            Err(EngineError::NoProfile { .. }) => continue,
            profiled => profiled.unwrap(),
        };
        // 26 convolutions, 8 pools and joins at least.
        assert!(profile.nodes.len() >= 34, "{}", profile.nodes.len());
        assert!(profile.nodes.iter().all(|node| node.calls == 1.0));
        assert!(profile.nodes.iter().map(|node| node.mean_ms).sum::<f64>() > 0.0);
        let graph = profile.graph.unwrap();
        let saved = std::fs::read(graph.path()).unwrap();
        let beside = weigh_formats::Surroundings { external_size: &|_| None };
        let read = weigh_formats::read(&saved, &beside).unwrap();
        let names: Vec<&str> = read.graph.nodes.iter().map(|node| &*node.name).collect();
        for node in &profile.nodes {
            assert!(names.contains(&node.name.as_str()), "{} is not in the graph", node.name);
        }
    }
}
