//! Files whose weights take fewer bits, on files made by hand.

mod wire;

use std::io;

use weigh_formats::onnx::quantize::{Beside, Plan, QuantizeError, Request, WeightType};
use weigh_formats::{Surroundings, read};
use weigh_ir::{DType, Model};
use wire::{Dim, FLOAT, Random, Wire, attribute, ints, model, node, tensor, value_info};

/// 64 inputs, 32 outputs; the elements count up from −1024 in sixty-fourths.
fn floats(count: i64) -> Vec<u8> {
    (0..count).flat_map(|index| ((index - 1024) as f32 / 64.0).to_le_bytes()).collect()
}

fn weight(name: &str) -> Wire {
    tensor(name, FLOAT, &[64, 32], &floats(64 * 32))
}

fn graph_of(weight: Wire) -> Wire {
    Wire::new()
        .message(1, node("MatMul", "product", &["x", "w"], &["h"]))
        .message(1, node("ReduceMean", "mean", &["h"], &["y"]).message(5, axes(&[1])))
        .text(2, "small")
        .message(5, weight)
        .message(11, value_info("x", FLOAT, Some(&[Dim::Of(1), Dim::Of(64)])))
        .message(12, value_info("y", FLOAT, None))
}

fn axes(values: &[i64]) -> Wire {
    values.iter().fold(Wire::new().text(1, "axes").int(20, 7), |all, axis| all.int(8, *axis))
}

fn sound() -> Vec<u8> {
    model(graph_of(weight("w")), 17)
}

fn nothing(_: &str, _: u64, _: u64) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::NotFound.into())
}

fn written(bytes: &[u8], request: &Request) -> Vec<u8> {
    let plan = Plan::new(bytes, request).expect("a plan");
    let mut out = Vec::new();
    let written = plan.write(&nothing, &mut out, None).expect("it is written");
    assert_eq!(written.file_bytes, out.len() as u64);
    assert_eq!(plan.file_bytes("data"), out.len() as u64, "as planned");
    out
}

fn graph(bytes: &[u8]) -> Model {
    read(bytes, &Surroundings { external_size: &|_| Some(u64::MAX) }).expect("a model")
}

fn operators(model: &Model) -> Vec<String> {
    model.graph.nodes.iter().map(|node| node.op.name().to_owned()).collect()
}

fn stored(model: &Model) -> Vec<(String, DType, u64)> {
    let of = |tensor: &weigh_ir::Tensor| {
        let stored = tensor.stored.as_ref().filter(|stored| stored.bytes > 64)?;
        Some((tensor.name.to_string(), stored.dtype, stored.bytes))
    };
    model.tensors.iter().filter_map(of).collect()
}

#[test]
fn types_and_sizes() {
    let one = |weights| {
        let model = graph(&written(&sound(), &Request::of(weights)));
        (operators(&model), stored(&model))
    };
    let named = |name: &str, dtype, bytes| (name.to_owned(), dtype, bytes);
    // 2048 weights; one scale for each of 32 outputs; two blocks of 32 for each output.
    let (ops, tensors) = one(WeightType::F16);
    assert_eq!(ops, ["Cast", "MatMul", "ReduceMean"]);
    assert_eq!(tensors, [named("w/float16", DType::F16, 4096)]);
    let (ops, tensors) = one(WeightType::I8);
    assert_eq!(ops, ["DequantizeLinear", "MatMul", "ReduceMean"]);
    assert_eq!(tensors, [named("w/int8", DType::I8, 2048), named("w/scale", DType::F32, 128)]);
    let (ops, tensors) = one(WeightType::I4);
    assert_eq!(ops, ["DequantizeLinear", "MatMul", "Constant", "ReduceMean"], "carried to operator set 21");
    assert_eq!(tensors, [named("w/int4", DType::I4, 1024), named("w/scale", DType::F32, 256)]);
}

#[test]
fn a_skeleton_is_the_same_graph_without_weights() {
    for weights in [WeightType::F16, WeightType::Bf16, WeightType::I8, WeightType::I4] {
        let bytes = sound();
        let request = Request { dynamic: weights == WeightType::I8, ..Request::of(weights) };
        let skeleton = Plan::new(&bytes, &request).expect("a plan").skeleton().expect("a skeleton");
        assert!(skeleton.len() < 2000, "{} bytes", skeleton.len());
        let (a, b) = (graph(&skeleton), graph(&written(&bytes, &request)));
        assert_eq!((operators(&a), stored(&a)), (operators(&b), stored(&b)));
    }
}

#[test]
fn products_with_integers() {
    let request = Request { dynamic: true, ..Request::of(WeightType::I8) };
    let model = graph(&written(&sound(), &request));
    let expected = ["DynamicQuantizeLinear", "MatMulInteger", "Cast", "Mul", "Mul", "ReduceMean"];
    assert_eq!(operators(&model), expected);
}

#[test]
fn old_operator_sets_need_no_axis() {
    let old = model(graph_of(weight("w")), 9);
    let of = |weights| Plan::new(&old, &Request::of(weights)).map(|plan| plan.operator_set());
    assert_eq!(of(WeightType::I8).expect("a plan"), (9, 9));
    assert_eq!(operators(&graph(&written(&old, &Request::of(WeightType::I8))))[..2], ["Cast", "Mul"]);
    let refused = of(WeightType::I4).expect_err("too old").to_string();
    assert_eq!(
        refused,
        "int4 needs operator set 21; the model is of 9, and nodes that old are not carried over"
    );
}

#[test]
fn bfloat16_carries_a_model_that_is_a_little_too_old() {
    let softmax = Wire::new().message(1, node("Softmax", "soft", &["x"], &["z"]));
    let old = model(Wire(softmax.0.into_iter().chain(graph_of(weight("w")).0).collect()), 12);
    let model = graph(&written(&old, &Request::of(WeightType::Bf16)));
    // Softmax took its input for a matrix; ReduceMean did not change before 18.
    let expected = ["Shape", "Flatten", "Softmax", "Reshape", "Cast", "MatMul", "ReduceMean"];
    assert_eq!(operators(&model), expected);
}

#[test]
fn what_cannot_be_carried_is_named() {
    let graph = graph_of(weight("w")).message(1, node("DFT", "spectrum", &["x"], &["z"]));
    let refused = Plan::new(&model(graph, 17), &Request::of(WeightType::I4)).err().expect("refused");
    assert!(refused.to_string().ends_with("node 'spectrum' (DFT) means something else there"), "{refused}");
}

#[test]
fn weights_that_have_no_such_form_are_kept() {
    let mut data = floats(64 * 32);
    data[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let bytes = model(graph_of(tensor("w", FLOAT, &[64, 32], &data)), 17);
    let plan = Plan::new(&bytes, &Request::of(WeightType::I8)).expect("a plan");
    let mut out = Vec::new();
    let written = plan.write(&nothing, &mut out, None).expect("written");
    assert_eq!(written.rows[0].kept.as_deref(), Some("it has values that are infinite or no numbers"));
    assert_eq!(operators(&graph(&out)), ["MatMul", "ReduceMean"]);
    let skipped = Request { skip: vec!["product".to_owned()], ..Request::of(WeightType::I8) };
    let plan = Plan::new(&bytes, &skipped).expect("a plan");
    assert_eq!(plan.rows()[0].kept.as_deref(), Some("it was to be left"));
    let unknown = Request { skip: vec!["produkt".to_owned()], ..skipped };
    assert!(matches!(Plan::new(&bytes, &unknown), Err(QuantizeError::NoSuchLayer(_))));
}

/// The same weight as `float_data`, as the value of a `Constant`, and in another file.
#[test]
fn wherever_weights_lie() {
    let expected = stored(&graph(&written(&sound(), &Request::of(WeightType::I8))));
    let values = floats(64 * 32);
    let typed = Wire::new().int(1, 64).int(1, 32).int(2, FLOAT).bytes(4, &values).text(8, "w");
    let typed = model(graph_of(typed), 17);
    assert_eq!(stored(&graph(&written(&typed, &Request::of(WeightType::I8)))), expected);

    let value = Wire::new().text(1, "value").int(20, 4).message(5, weight("inner"));
    let constant = Wire::new()
        .message(1, node("Constant", "c", &[], &["w"]).message(5, value))
        .message(1, node("MatMul", "product", &["x", "w"], &["y"]))
        .message(11, value_info("x", FLOAT, Some(&[Dim::Of(1), Dim::Of(64)])))
        .message(12, value_info("y", FLOAT, None));
    let constant = model(constant, 17);
    assert_eq!(stored(&graph(&written(&constant, &Request::of(WeightType::I8)))), expected);

    let entry = |key: &str, value: &str| Wire::new().text(1, key).text(2, value);
    let external = Wire::new().int(1, 64).int(1, 32).int(2, FLOAT).text(8, "w").int(14, 1);
    let external = external.message(13, entry("location", "data")).message(13, entry("offset", "4"));
    let external = model(graph_of(external), 17);
    let plan = Plan::new(&external, &Request::of(WeightType::I8)).expect("a plan");
    let mut out = Vec::new();
    let read = |name: &str, offset: u64, length: u64| {
        assert_eq!((name, offset, length), ("data", 4, 64 * 32 * 4));
        Ok(values.clone())
    };
    plan.write(&read, &mut out, None).expect("written");
    assert_eq!(stored(&graph(&out)), expected);
    let cut = |_: &str, _: u64, _: u64| Ok(vec![0; 5]);
    let error = plan.write(&cut, &mut Vec::new(), None).expect_err("too short").to_string();
    assert_eq!(error, "tensor 'w': 8192 bytes are needed, 5 are stored");
}

#[test]
fn what_one_file_cannot_hold_goes_into_two() {
    let bytes = sound();
    let plan = Plan::new(&bytes, &Request::of(WeightType::F16)).expect("a plan").with_limit(2000);
    assert!(matches!(plan.write(&nothing, &mut Vec::new(), None), Err(QuantizeError::TooLarge(_))));
    let (mut out, mut data) = (Vec::new(), Vec::new());
    let beside = Beside { name: "m.data", out: &mut data };
    let written = plan.write(&nothing, &mut out, Some(beside)).expect("written");
    assert_eq!((written.file_bytes, written.bytes_beside), (out.len() as u64, data.len() as u64));
    assert_eq!(plan.file_bytes("m.data"), written.file_bytes + written.bytes_beside);
    assert_eq!((stored(&graph(&out))[0].2, data.len()), (4096, 4096));
}

#[test]
fn a_normalisation_is_folded() {
    let channel = |name: &str, value: f32| {
        let values: Vec<u8> = (0..16).flat_map(|_| value.to_le_bytes()).collect();
        tensor(name, FLOAT, &[16], &values)
    };
    let values: Vec<u8> = (0..16 * 8 * 9).flat_map(|_| 2f32.to_le_bytes()).collect();
    // γ = 3, σ² = 3.5, ε = 0.5: g = 1.5; b' = 1.5 · (0 − 5) + 0.25 = −7.25; W' = 3.
    let epsilon = Wire::new().text(1, "epsilon").float(2, 0.5).int(20, 1);
    let graph_of = Wire::new()
        .message(1, node("Conv", "conv", &["x", "w"], &["h"]))
        .message(1, node("BatchNormalization", "bn", &["h", "g", "b", "m", "v"], &["y"]).message(5, epsilon))
        .message(5, tensor("w", FLOAT, &[16, 8, 3, 3], &values))
        .message(5, channel("g", 3.0))
        .message(5, channel("b", 0.25))
        .message(5, channel("m", 5.0))
        .message(5, channel("v", 3.5))
        .message(11, value_info("x", FLOAT, Some(&[Dim::Of(1), Dim::Of(8), Dim::Of(8), Dim::Of(8)])))
        .message(12, value_info("y", FLOAT, None));
    let bytes = model(graph_of, 17);
    let request = Request { fold_batch_norm: true, ..Request::of(WeightType::F32) };
    let out = written(&bytes, &request);
    let folded = graph(&out);
    assert_eq!(operators(&folded), ["Conv"]);
    let names: Vec<_> =
        folded.graph.nodes[0].inputs.iter().flatten().map(|id| &*folded.tensor(*id).name).collect();
    assert_eq!(names, ["x", "w", "w/folded_bias"]);
    let bias = (-7.25f32).to_le_bytes();
    assert!(out.windows(64).any(|window| window.chunks(4).all(|value| value == bias)));
    let weight = 3f32.to_le_bytes();
    assert!(out.windows(4608).any(|window| window.chunks(4).all(|value| value == weight)));
    let eight = graph(&written(&bytes, &Request { weights: WeightType::I8, ..request }));
    assert_eq!(operators(&eight), ["DequantizeLinear", "Conv"]);
}

#[test]
fn rows_of_a_table_are_picked_before_they_are_widened() {
    let graph_of = Wire::new()
        .message(1, node("Gather", "embed", &["w", "ids"], &["y"]).message(5, attribute("axis", 0)))
        .message(5, weight("w"))
        .message(5, ints("ids", &[2], &[1, 3]))
        .message(12, value_info("y", FLOAT, None));
    let bytes = model(graph_of, 17);
    let ops = |weights| operators(&graph(&written(&bytes, &Request::of(weights))));
    assert_eq!(ops(WeightType::F16), ["Gather", "Cast"]);
    assert_eq!(ops(WeightType::I8), ["Gather", "Cast", "Gather", "Mul"]);
    assert_eq!(ops(WeightType::I4), ops(WeightType::I8), "no operator picks 4-bit rows");
}

#[test]
fn damaged_files_are_errors() {
    let sound = sound();
    let mut random = Random(1);
    let requests = [
        Request { fold_batch_norm: true, ..Request::of(WeightType::I4) },
        Request { dynamic: true, ..Request::of(WeightType::I8) },
        Request::of(WeightType::Bf16),
    ];
    let attempt = |bytes: &[u8]| {
        for request in &requests {
            let Ok(plan) = Plan::new(bytes, request) else { continue };
            let _ = plan.skeleton();
            let _ = plan.write(&nothing, &mut io::sink(), None);
        }
    };
    (0..400).for_each(|length| attempt(&sound[..length]));
    for _ in 0..3_000 {
        let mut damaged = sound.clone();
        for _ in 0..2 {
            // Most of the file is weights: the graph lies around them.
            let at = random.below(400);
            let at = if random.once_in(2) { at } else { damaged.len() - 1 - at % 160 };
            damaged[at] = random.next() as u8;
        }
        attempt(&damaged);
    }
}
