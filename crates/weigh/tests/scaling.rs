//! Formulas, how they grow, and fixed extents made symbols: `inspect --symbolic` and `--free`.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::{Value, json};
use weigh::ir::{Bindings, Expr, Symbol};

fn run(arguments: &str) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command.args(arguments.split_whitespace()).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn text(arguments: &str) -> String {
    let (code, text, errors) = run(arguments);
    assert_eq!((code, &*errors), (Some(0), ""), "{arguments}");
    text
}

fn report(arguments: &str) -> Value {
    serde_json::from_str(&text(&format!("inspect {arguments} --format json"))).unwrap()
}

fn failure(arguments: &str) -> String {
    let (code, text, errors) = run(arguments);
    assert_eq!((code, &*text), (Some(2), ""), "{arguments}");
    errors
}

/// The formula bound to numbers.
fn at(formula: &Value, dims: &[(&str, i64)]) -> Option<i64> {
    let bindings: Bindings = dims.iter().map(|(name, value)| (Symbol::new(name), *value)).collect();
    formula.as_str().unwrap().parse::<Expr>().unwrap().bind(&bindings).as_int()
}

#[test]
fn tables() {
    insta::assert_snapshot!("resnet50", text("inspect zoo:resnet50 --symbolic --free 2=h,3=w"));
    insta::assert_snapshot!("gpt2", text("inspect zoo:gpt2 --symbolic"));
    insta::assert_snapshot!("gpt2_decode", text("inspect zoo:gpt2-decode --symbolic --dim batch=8"));
    insta::assert_snapshot!("nothing_open", text("inspect zoo:lstm --symbolic --dim batch=1,seq=5"));
}

#[test]
fn freed_formulas_hold_at_other_sizes() {
    const PAIRS: [(&str, &str); 5] = [
        ("macs", "/macs"),
        ("other_ops", "/other_ops"),
        ("bytes_moved", "/bytes_moved"),
        ("activation_bytes", "/activations/total/bytes"),
        ("peak_activation_bytes", "/activations/peak/bytes"),
    ];
    for model in ["resnet50", "mobilenet_v2", "densenet121", "squeezenet1_0"] {
        let plain = report(&format!("zoo:{model}"));
        let freed = report(&format!("zoo:{model} --free input:2=h --free input:3=w"));
        assert_eq!(freed["totals"], plain["totals"], "{model}: numbers stay");
        assert_eq!(freed["bindings"], json!({ "batch": 1, "h": 224, "w": 224 }));
        assert_eq!(freed["assumed"], json!(["batch"]));
        assert_eq!(freed["model"]["inputs"][0]["shape"], json!(["batch", 3, "h", "w"]));
        for (h, w) in [(224, 224), (256, 256), (193, 321)] {
            let bound = report(&format!("zoo:{model} --input input:2x3x{h}x{w}"));
            for (formula, total) in PAIRS {
                let value = at(&freed["scaling"][formula], &[("batch", 2), ("h", h), ("w", w)]);
                let number = bound["totals"].pointer(total).unwrap().as_i64();
                assert!(
                    value.is_some() && value == number,
                    "{model} {formula} at {h}×{w}: {value:?}, {number:?}"
                );
            }
        }
    }
    // Numbers at another size, formulas all the same.
    let larger = report("zoo:resnet50 --free 2=h,3=w --dim h=256,w=256");
    let bound = report("zoo:resnet50 --input input:batchx3x256x256");
    assert_eq!(larger["totals"], bound["totals"]);
    assert_eq!(larger["scaling"], report("zoo:resnet50 --free 2=h,3=w")["scaling"]);
}

#[test]
fn floors_of_floors_are_one() {
    // Five halvings: the extents are ⌊(h + 1)/2⌋, ⌊(h + 3)/4⌋, ⌊(h + 7)/8⌋, ⌊(h + 15)/16⌋ and ⌊(h + 31)/32⌋. 14,417,920
    // = 2·2048·512 + 512·512·9 + ... are the multiply-accumulates at each position of the last.
    let macs = &report("zoo:resnet50 --free 2=h,3=w --dim batch=1")["scaling"]["macs"];
    assert_eq!(
        macs,
        "9408*((h + 1)//(2))*((w + 1)//(2)) + 245760*((h + 3)//(4))*((w + 3)//(4)) \
         + 1310720*((h + 7)//(8))*((w + 7)//(8)) + 7471104*((h + 15)//(16))*((w + 15)//(16)) \
         + 14417920*((h + 31)//(32))*((w + 31)//(32)) + 2048000"
    );
}

#[test]
fn orders_of_growth() {
    let growth = report("zoo:gpt2")["scaling"]["growth"].clone();
    assert_eq!(growth[0]["symbol"], "batch");
    assert_eq!(growth[0]["macs"], 1);
    assert_eq!(growth[1]["symbol"], "seq");
    // Attention looks at every pair of tokens.
    assert_eq!((&growth[1]["macs"], &growth[1]["peak_activation_bytes"]), (&json!(2), &json!(2)));
    assert_eq!(growth[1]["parameters"], 0);
    // With a cache it looks from one token at all before it.
    let decode = report("zoo:gpt2-decode")["scaling"]["growth"].clone();
    assert_eq!((&decode[1]["symbol"], &decode[1]["macs"]), (&json!("past"), &json!(1)));
    let images = report("zoo:resnet50 --free 2=s,3=s")["scaling"]["growth"].clone();
    assert_eq!((&images[1]["symbol"], &images[1]["macs"]), (&json!("s"), &json!(2)));
}

#[test]
fn what_the_graph_pins_is_refused() {
    insta::assert_snapshot!("pinned_vit", failure("inspect zoo:vit_b_16 --free 2=h,3=w"));
    for (model, node) in
        [("alexnet", "classifier/1/Gemm"), ("alexnet-2012", "fc6/Gemm"), ("vgg16", "classifier/0/Gemm")]
    {
        let errors = failure(&format!("inspect zoo:{model} --free 2=h,3=w"));
        assert!(errors.contains(&format!("node '{node}' pins h")), "{errors}");
    }
}

#[test]
fn usage() {
    for (arguments, expected) in [
        ("zoo:resnet50 --free 2", "'2' frees nothing"),
        ("zoo:resnet50 --free 2=3", "'2=3' frees nothing"),
        ("zoo:resnet50 --free image:2=h", "the model has no input 'image'"),
        ("zoo:resnet50 --free 7=h", "axis 7 is outside a tensor of rank 4"),
        ("zoo:resnet50 --free 0=n", "that extent is open: batch"),
        ("zoo:gpt2-decode --free 1=h", "the model has 25 inputs"),
    ] {
        let errors = failure(&format!("inspect {arguments}"));
        assert!(errors.contains(expected) && errors.contains("\nhint: "), "{arguments}: {errors}");
    }
}
