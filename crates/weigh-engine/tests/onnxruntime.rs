//! ONNX Runtime through the public interface, on models a few bytes long. Where it is not installed, nothing is tested
//! and a line says so.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::num::NonZeroUsize;

use weigh_engine::{
    Engine, EngineError, EngineOptions, Input, ModelSource, Optimization, Provider, Session, TensorData,
    engine,
};

mod onnx;
use onnx::{FLOAT, INT64, floats, two_outputs};

/// The engine, where it is usable.
fn onnxruntime() -> Option<&'static dyn Engine> {
    let engine = engine("onnxruntime").unwrap();
    engine
        .installation()
        .map_err(|missing| eprintln!("not tested: onnxruntime: {missing}; {}", missing.hint))
        .ok()?;
    Some(engine)
}

fn two_threads() -> EngineOptions {
    EngineOptions { threads: NonZeroUsize::new(2), ..EngineOptions::default() }
}

fn load(engine: &dyn Engine, bytes: Vec<u8>) -> Result<Box<dyn Session>, EngineError> {
    engine.load(&ModelSource::Bytes(bytes), &two_threads())
}

#[test]
fn all_outputs_are_computed_in_every_run() {
    let Some(engine) = onnxruntime() else { return };
    onnx::computes_all_outputs(&mut *load(engine, two_outputs("")).unwrap());
}

#[test]
fn an_installation_tells_where_it_is() {
    let Some(engine) = onnxruntime() else { return };
    let found = engine.installation().unwrap();
    assert!(found.version.starts_with(|letter: char| letter.is_ascii_digit()), "{}", found.version);
    assert!(found.library.unwrap().is_absolute());
    assert_eq!(found.providers.first(), Some(&Provider::Cpu));
}

#[test]
fn every_type_goes_in_and_comes_out_as_it_is() {
    let Some(engine) = onnxruntime() else { return };
    // The numbers of TensorProto.DataType.
    let types = [
        (1, TensorData::F32(vec![1.5, -0.0, f32::INFINITY])),
        (2, TensorData::U8(vec![0, 7, 255])),
        (3, TensorData::I8(vec![-128, 0, 127])),
        (4, TensorData::U16(vec![0, 7, 65535])),
        (5, TensorData::I16(vec![-32768, 0, 5])),
        (6, TensorData::I32(vec![i32::MIN, 0, i32::MAX])),
        (7, TensorData::I64(vec![i64::MIN, 0, i64::MAX])),
        (9, TensorData::Bool(vec![true, false, true])),
        (10, TensorData::F16(vec![0x3c00, 0x8000, 0x7c00])),
        (11, TensorData::F64(vec![0.1, -1e300, 0.0])),
        (12, TensorData::U32(vec![0, 7, u32::MAX])),
        (13, TensorData::U64(vec![0, 7, u64::MAX])),
        (16, TensorData::BF16(vec![0x3f80, 0x8000, 0x7f80])),
    ];
    for (number, data) in types {
        let (x, y) = (("x", number, &[3][..]), ("y", number, &[3][..]));
        let model = onnx::model(&[("Identity", "same", &["x"], &["y"])], &[x], &[y]);
        let mut session = load(engine, model).unwrap();
        session.prepare(&[Input::new("x", vec![3], data.clone()).unwrap()]).unwrap();
        let outputs = session.run_with_outputs().unwrap();
        assert_eq!((outputs[0].1.shape(), outputs[0].1.data()), (&[3][..], &data));
    }
}

#[test]
fn tensors_may_be_empty_or_scalars() {
    let Some(engine) = onnxruntime() else { return };
    for (shape, data) in [(vec![], TensorData::F32(vec![2.0])), (vec![0, 3], TensorData::F32(vec![]))] {
        let declared: Vec<u64> = shape.iter().map(|&dim| dim as u64).collect();
        let model = onnx::model(
            &[("Relu", "relu", &["x"], &["y"])],
            &[("x", FLOAT, &declared)],
            &[("y", FLOAT, &declared)],
        );
        let mut session = load(engine, model).unwrap();
        session.prepare(&[Input::new("x", shape.clone(), data.clone()).unwrap()]).unwrap();
        let outputs = session.run_with_outputs().unwrap();
        assert_eq!((outputs[0].1.shape(), outputs[0].1.data()), (&shape[..], &data));
    }
}

#[test]
fn inputs_must_be_the_models() {
    let Some(engine) = onnxruntime() else { return };
    let mut session = load(engine, two_outputs("")).unwrap();
    let mut message = |inputs: &[Input]| session.prepare(inputs).unwrap_err().to_string();
    let (a, b) = (floats("a", &[1.0; 3]), floats("b", &[1.0; 3]));
    assert_eq!(message(std::slice::from_ref(&a)), "input `b`: not given");
    assert_eq!(message(&[a.clone(), b.clone(), a.clone()]), "input `a`: given more than once");
    assert_eq!(message(&[floats("c", &[1.0])]), "input `c`: the model has no such input; it has a, b");
    assert_eq!(
        message(&[a.clone(), floats("b", &[1.0; 4])]),
        "input `b`: expected dim 0 to have size 3 but got 4"
    );
    let wrong_type = Input::new("b", vec![3], TensorData::I64(vec![1; 3])).unwrap();
    assert_eq!(message(&[a, wrong_type]), "input `b`: the model takes float32 here, not int64");
    // Nothing was prepared.
    assert!(session.run().is_err());
}

#[test]
fn an_unknown_operator_is_named() {
    let Some(engine) = onnxruntime() else { return };
    let model =
        onnx::model(&[("MadeUp", "top", &["a"], &["c"])], &[("a", FLOAT, &[3])], &[("c", FLOAT, &[3])]);
    let error = load(engine, model).err().unwrap();
    assert!(matches!(error, EngineError::UnsupportedOperator { .. }), "{error:?}");
    assert_eq!(error.to_string(), "onnxruntime does not support the operator MadeUp (node `top`)");
}

#[test]
fn what_is_no_model_does_not_load() {
    let Some(engine) = onnxruntime() else { return };
    let whole = two_outputs("");
    for bytes in [&b""[..], b"RTEN", &whole[..40]] {
        let error = load(engine, bytes.to_vec()).err().unwrap();
        assert!(matches!(error, EngineError::Load { .. }), "{error:?}");
    }
    let missing = ModelSource::File("/no/such/model.onnx".into());
    let error = engine.load(&missing, &two_threads()).err().unwrap();
    assert!(matches!(error, EngineError::Load { .. }), "{error:?}");
}

#[test]
fn a_failing_operator_is_a_run_error() {
    let Some(engine) = onnxruntime() else { return };
    let model = onnx::model(
        &[("Gather", "embedding", &["table", "ids"], &["rows"])],
        &[("table", FLOAT, &[3]), ("ids", INT64, &[1])],
        &[("rows", FLOAT, &[1])],
    );
    let mut session = load(engine, model).unwrap();
    let ids = Input::new("ids", vec![1], TensorData::I64(vec![9])).unwrap();
    session.prepare(&[floats("table", &[1.0; 3]), ids]).unwrap();
    let error = session.run().unwrap_err().to_string();
    assert!(error.starts_with("onnxruntime failed to run the model: "), "{error}");
    assert!(error.contains("embedding"), "{error}");
}

#[test]
fn an_output_that_is_no_tensor_runs_but_cannot_be_read() {
    let Some(engine) = onnxruntime() else { return };
    let model = onnx::model_with_sequence_output();
    let mut session = load(engine, model).unwrap();
    session.prepare(&[floats("x", &[1.0; 3])]).unwrap();
    session.run().unwrap();
    assert_eq!(
        session.run_with_outputs().unwrap_err().to_string(),
        "onnxruntime failed to run the model: output `list` is not a tensor of numbers"
    );
}

#[test]
fn providers_that_are_not_there_are_refused() {
    let Some(engine) = onnxruntime() else { return };
    let present = engine.installation().unwrap().providers;
    for provider in Provider::ALL.iter().copied().filter(|provider| !present.contains(provider)) {
        let options = EngineOptions { provider, ..two_threads() };
        let error = engine.load(&ModelSource::Bytes(two_outputs("")), &options).err().unwrap();
        assert!(matches!(error, EngineError::Unsupported { .. }), "{error:?}");
    }
}

#[test]
fn a_profile_names_the_nodes_that_ran() {
    let Some(engine) = onnxruntime() else { return };
    let inputs = [floats("a", &[1.0; 3]), floats("b", &[0.5; 3])];
    let options = EngineOptions { optimization: Optimization::None, ..two_threads() };
    let profile = engine.profile(&ModelSource::Bytes(two_outputs("")), &options, &inputs, 5).unwrap();
    let mut nodes: Vec<(&str, &str)> =
        profile.nodes.iter().map(|node| (node.name.as_str(), node.op.as_str())).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, [("Relu_1", "Relu"), ("add", "Add"), ("sub", "Sub")]);
    assert!(profile.nodes.iter().all(|node| node.calls == 1.0 && node.mean_ms >= 0.0));

    let graph = profile.graph.unwrap();
    let path = graph.path().to_owned();
    let saved = std::fs::read(&path).unwrap();
    let beside = weigh_formats::Surroundings { external_size: &|_| None };
    let read = weigh_formats::read(&saved, &beside).unwrap();
    let mut names: Vec<&str> = read.graph.nodes.iter().map(|node| &*node.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["Relu_1", "add", "sub"], "the unnamed node has its name from the trace");
    drop(graph);
    assert!(!path.exists() && !path.parent().unwrap().exists());
}
