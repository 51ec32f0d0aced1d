//! The embedded engine through the public interface, on models a few bytes long.
#![allow(clippy::unwrap_used)]

use std::num::NonZeroUsize;

use weigh_engine::{
    EngineError, EngineOptions, Input, ModelSource, Optimization, Provider, Session, TensorData, engine,
};

mod onnx;
use onnx::{FLOAT, INT64, floats, two_outputs};

fn load(bytes: Vec<u8>) -> Result<Box<dyn Session>, EngineError> {
    let options = EngineOptions { threads: NonZeroUsize::new(2), ..EngineOptions::default() };
    engine("rten").unwrap().load(&ModelSource::Bytes(bytes), &options)
}

#[test]
fn all_outputs_are_computed_in_every_run() {
    onnx::computes_all_outputs(&mut *load(two_outputs("relu")).unwrap());
}

#[test]
fn int64_goes_in_and_comes_out_as_int32() {
    let model = onnx::model(
        &[("Add", "add", &["ids", "ids"], &["twice"])],
        &[("ids", INT64, &[2])],
        &[("twice", INT64, &[2])],
    );
    let mut session = load(model).unwrap();
    session.prepare(&[Input::new("ids", vec![2], TensorData::I64(vec![20, -1])).unwrap()]).unwrap();
    assert_eq!(session.run_with_outputs().unwrap()[0].1.data(), &TensorData::I32(vec![40, -2]));
}

#[test]
fn a_model_file_may_have_any_extension() {
    let path = std::env::temp_dir().join(format!("weigh-engine-{}.model", std::process::id()));
    std::fs::write(&path, two_outputs("relu")).unwrap();
    let session = engine("rten").unwrap().load(&ModelSource::File(path.clone()), &EngineOptions::default());
    std::fs::remove_file(&path).unwrap();
    let session = session.unwrap();
    assert_eq!(session.threads(), std::thread::available_parallelism().unwrap());
    assert_eq!(session.inputs(), ["a", "b"]);
}

#[test]
fn an_unknown_operator_is_named() {
    let model =
        onnx::model(&[("MadeUp", "top", &["a"], &["c"])], &[("a", FLOAT, &[3])], &[("c", FLOAT, &[3])]);
    let error = load(model).err().unwrap();
    assert!(matches!(error, EngineError::UnsupportedOperator { .. }), "{error:?}");
    assert_eq!(error.to_string(), "rten does not support the operator MadeUp (node `top`)");
}

#[test]
fn what_is_no_model_does_not_load() {
    let message = |bytes: &[u8]| load(bytes.to_vec()).err().unwrap().to_string();
    assert_eq!(message(b""), "rten cannot load the model: unknown model file type");
    assert!(message(b"RTEN").starts_with("rten cannot load the model: "));
    let cut = &two_outputs("relu")[..40];
    assert!(message(cut).starts_with("rten cannot load the model: "), "{}", message(cut));

    let missing = ModelSource::File("/no/such/model.onnx".into());
    let error = engine("rten").unwrap().load(&missing, &EngineOptions::default()).err().unwrap();
    assert!(error.to_string().starts_with("rten cannot load the model: "), "{error}");
}

#[test]
fn inputs_must_be_the_models() {
    let mut session = load(two_outputs("relu")).unwrap();
    let mut message = |inputs: &[Input]| session.prepare(inputs).unwrap_err().to_string();
    let (a, b) = (floats("a", &[1.0; 3]), floats("b", &[1.0; 3]));
    assert_eq!(message(std::slice::from_ref(&a)), "input `b`: not given");
    assert_eq!(message(&[a.clone(), b.clone(), a.clone()]), "input `a`: given more than once");
    assert_eq!(message(&[floats("c", &[1.0])]), "input `c`: the model has no such input; it has a, b");

    session.prepare(&[a.clone(), floats("b", &[1.0; 4])]).unwrap();
    let error = session.run().unwrap_err();
    assert_eq!(error.to_string(), "input `b`: expected dim 0 to have size 3 but got 4");

    let wrong_type = Input::new("b", vec![3], TensorData::I64(vec![1; 3])).unwrap();
    session.prepare(&[a, wrong_type]).unwrap();
    let error = session.run().unwrap_err();
    assert!(matches!(error, EngineError::Input { .. }), "{error:?}");
}

#[test]
fn a_failing_operator_is_a_run_error() {
    // The shapes are not declared to the end: 2 and 3 cannot be broadcast.
    let model = onnx::model(
        &[("Add", "add", &["a", "b"], &["c"])],
        &[("a", FLOAT, &[2]), ("b", FLOAT, &[3])],
        &[("c", FLOAT, &[3])],
    );
    let mut session = load(model).unwrap();
    session.prepare(&[floats("a", &[1.0; 2]), floats("b", &[1.0; 3])]).unwrap();
    let error = session.run().unwrap_err();
    assert!(
        error.to_string().starts_with("rten failed to run the model: operator \"add\" failed: "),
        "{error}"
    );
}

#[test]
fn options_it_cannot_honour_are_refused() {
    let message = |options: EngineOptions| {
        let loaded = engine("rten").unwrap().load(&ModelSource::Bytes(two_outputs("relu")), &options);
        loaded.err().map(|error| error.to_string())
    };
    let level = |optimization| EngineOptions { optimization, ..EngineOptions::default() };
    assert_eq!(message(level(Optimization::None)), None);
    assert_eq!(message(level(Optimization::All)), None);
    assert_eq!(
        message(level(Optimization::Basic)).unwrap(),
        "rten does not support the optimization level basic: it knows none and all"
    );
    assert_eq!(
        message(EngineOptions { provider: Provider::Cuda, ..EngineOptions::default() }).unwrap(),
        "rten does not support the provider cuda: it runs on the CPU"
    );
}

#[test]
fn a_fork_has_inputs_of_its_own() {
    let mut session = load(two_outputs("relu")).unwrap();
    session.prepare(&[floats("a", &[1.0; 3]), floats("b", &[0.0; 3])]).unwrap();
    let mut fork = session.fork().unwrap();
    fork.prepare(&[floats("a", &[7.0; 3]), floats("b", &[0.0; 3])]).unwrap();
    let there = std::thread::spawn(move || fork.run_with_outputs().unwrap());
    assert_eq!(session.run_with_outputs().unwrap()[0].1.data(), &TensorData::F32(vec![1.0; 3]));
    assert_eq!(there.join().unwrap()[0].1.data(), &TensorData::F32(vec![7.0; 3]));
}

#[test]
fn there_is_no_profile() {
    let source = ModelSource::Bytes(two_outputs("relu"));
    let error = engine("rten").unwrap().profile(&source, &EngineOptions::default(), &[], 1).unwrap_err();
    assert!(matches!(error, EngineError::NoProfile { .. }), "{error:?}");
}

#[test]
fn the_version_is_the_locked_one() {
    let lock = include_str!("../../../Cargo.lock").replace("\r\n", "\n");
    let version = engine("rten").unwrap().installation().unwrap().version;
    assert!(lock.contains(&format!("name = \"rten\"\nversion = \"{version}\"\n")), "rten is not {version}");
}
