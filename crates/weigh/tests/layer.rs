//! `weigh layer` against the worked examples of the metrics' definitions. Every expected number is derived by
//! hand beside it; snapshots show what people see.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::Value;

fn weigh(arguments: &str) -> Command {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command.arg("layer").args(arguments.split_whitespace()).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    command
}

fn text(arguments: &str) -> String {
    let output = weigh(arguments).assert().success().get_output().clone();
    assert!(output.stderr.is_empty(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &str) -> Value {
    serde_json::from_str(&text(&format!("{arguments} --format json"))).unwrap()
}

/// Parameters and multiply-accumulates of the totals.
fn cost(arguments: &str) -> (i64, i64) {
    let report = json(arguments);
    assert_eq!(report["totals"]["complete"]["compute"], true, "{arguments}");
    let total = |metric: &str| report["totals"][metric].as_i64().unwrap();
    assert_eq!(total("flops"), 2 * total("macs"), "{arguments}");
    (total("parameters"), total("macs"))
}

#[test]
fn linear() {
    assert_eq!(cost("linear --in 1000 --out 10"), (10_000, 10_000));
    assert_eq!(cost("linear --in 1000 --out 10 --bias"), (10_010, 10_000));
    assert_eq!(cost("linear --in 1000 --out 10 --batch 8"), (10_000, 80_000));
    let report = json("linear --in 1000 --out 10 --bias");
    // Each output adds its bias; 1000 in and 10 out, of 4 bytes each; those and 10,010 parameters are moved.
    assert_eq!(report["totals"]["other_ops"], 10);
    assert_eq!(report["totals"]["activations"]["total"]["bytes"], 4_040);
    assert_eq!(report["totals"]["bytes_moved"], 44_080);
    assert_eq!(report["totals"]["arithmetic_intensity"], 20_000.0 / 44_080.0);
    assert_eq!(report["model"]["format"], "layer");
}

#[test]
fn convolution() {
    // 64·3·3·3 and 64·32·3·3 weights, each at 224·224 positions.
    assert_eq!(cost("conv --in 3 --out 64 --kernel 3 --output 224x224"), (1_728, 86_704_128));
    assert_eq!(cost("conv --in 3 --out 64 --kernel 3 --output 224x224 --bias"), (1_792, 86_704_128));
    assert_eq!(cost("conv --in 32 --out 64 --kernel 3 --output 224x224"), (18_432, 924_844_032));
    // The first of AlexNet as published: 96·3·11·11 weights at 55·55 positions of a 224×224 image, padded by 2.
    let alexnet = "conv --in 3 --out 96 --kernel 11 --stride 4 --padding 2 --input 224x224";
    assert_eq!(cost(alexnet), (34_848, 34_848 * 55 * 55));
    // One axis and three: 64·1·9 at 16000/4, 16·16·3·5·1 at 8·8·8.
    assert_eq!(cost("conv --in 1 --out 64 --kernel 9 --stride 4 --input 16000"), (576, 576 * 4_000));
    assert_eq!(cost("conv --in 16 --out 16 --kernel 3x5x1 --output 8x8x8"), (3_840, 3_840 * 512));
    // Dilation moves the window's elements apart; it makes no more of them.
    assert_eq!(cost("conv --in 3 --out 64 --kernel 3 --dilation 4 --output 224x224"), (1_728, 86_704_128));
}

#[test]
fn groups_divide_the_cost() {
    let (parameters, macs) = cost("conv --in 32 --out 64 --kernel 3 --output 224x224");
    for groups in [2, 4, 32] {
        let grouped = format!("grouped --in 32 --out 64 --kernel 3 --output 224x224 --groups {groups}");
        assert_eq!(cost(&grouped), (parameters / groups, macs / groups));
    }
    // 32·3·3 weights at 224·224 positions.
    assert_eq!(cost("depthwise --in 32 --kernel 3 --output 224x224"), (288, 14_450_688));
}

#[test]
fn separable() {
    let report = json("separable --in 32 --out 64 --kernel 3 --output 224x224");
    // Depthwise 32·3·3 = 288 weights, pointwise 64·32 = 2,048, each at 224·224 = 50,176 positions.
    let layers: Vec<(i64, i64)> = report["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| (layer["parameters"].as_i64().unwrap(), layer["macs"].as_i64().unwrap()))
        .collect();
    assert_eq!(layers, [(288, 14_450_688), (2_048, 102_760_448)]);
    assert_eq!(report["totals"]["parameters"], 2_336);
    assert_eq!(report["totals"]["macs"], 117_211_136);
    let comparisons = report["comparisons"].as_array().unwrap();
    let expected = [("parameters", 18_432.0, 2_336.0), ("macs", 924_844_032.0, 117_211_136.0)];
    assert_eq!(comparisons.len(), expected.len());
    for (comparison, (metric, standard, separable)) in comparisons.iter().zip(expected) {
        assert_eq!(comparison["a"], "standard convolution");
        assert_eq!(comparison["b"], "separable");
        assert_eq!(comparison["metric"], metric);
        assert_eq!(comparison["a_value"], standard);
        assert_eq!(comparison["b_value"], separable);
        // 1/64 + 1/9 of the cost: 12.7 %, hence 87.3 % less.
        let ratio = comparison["ratio"].as_f64().unwrap();
        assert!((ratio - (1.0 / 64.0 + 1.0 / 9.0)).abs() < 1e-12, "{ratio}");
    }
    let table = text("separable --in 32 --out 64 --kernel 3 --output 224x224");
    assert!(table.contains("87.3 % fewer parameters, 87.3 % fewer MACs"), "{table}");
    // A quarter of the positions: 112·112 after a stride of 2, in both parts.
    let quartered = "separable --in 32 --out 64 --kernel 3 --stride 2 --input 224x224";
    assert_eq!(cost(quartered), (2_336, 117_211_136 / 4));
}

#[test]
fn matrices() {
    // m·n·k; both matrices are given, nothing is learned.
    assert_eq!(cost("gemm --m 1000 --k 512 --n 1"), (0, 512_000));
    assert_eq!(cost("gemm --m 1000 --k 512"), (0, 512_000));
    assert_eq!(cost("gemm --m 1000 --k 512 --n 256"), (0, 131_072_000));
    assert_eq!(cost("gemm --m 1000 --k 512 --n 256 --batch 3 --bias"), (0, 393_216_000));
}

#[test]
fn attention() {
    let vit = "attention --dim 768 --heads 12 --seq 197";
    // Four projections of 768·768; two products of 197·197·768.
    let products = 2 * 197 * 197 * 768;
    assert_eq!(cost(vit), (4 * 768 * 768, 4 * 197 * 768 * 768 + products));
    assert_eq!(cost(&format!("{vit} --bias")).0, 4 * (768 * 768 + 768));
    // All twelve layers of ViT-B/16 make 715,327,488.
    assert_eq!(12 * products, 715_327_488);
    let report = json(vit);
    let layers = report["layers"].as_array().unwrap();
    let macs = layers.iter().filter_map(|layer| layer["macs"].as_i64()).filter(|macs| *macs > 0);
    let (projection, product) = (197 * 768 * 768, products / 2);
    let expected = [projection, projection, projection, product, product, projection];
    assert_eq!(macs.collect::<Vec<_>>(), expected);
    // Three heads of queries share one of keys and values, which come from 77 other steps.
    let shared = "attention --dim 768 --heads 12 --kv-heads 4 --seq 197 --kv-seq 77";
    let (full, narrow) = (768 * 768, 768 * 256);
    assert_eq!(cost(shared), (2 * (full + narrow), 2 * (197 * full + 77 * narrow + 197 * 77 * 768)));
}

#[test]
fn lstm() {
    // 4 gates · 512·(512 + 512) weights, used in every step; two biases for each gate.
    let weights = 4 * 512 * 1_024;
    assert_eq!(cost("lstm --in 512 --hidden 512 --seq 1"), (weights, weights));
    assert_eq!(cost("lstm --in 512 --hidden 512 --seq 100 --batch 2"), (weights, 200 * weights));
    assert_eq!(cost("lstm --in 512 --hidden 512 --bias").0, weights + 8 * 512);
    // Both ways twice the weights; the second layer reads 1,024 features.
    let stacked = 2 * weights + 2 * 4 * 512 * (1_024 + 512);
    let arguments = "lstm --in 512 --hidden 512 --seq 100 --layers 2 --bidirectional";
    assert_eq!(cost(arguments), (stacked, 100 * stacked));
}

#[test]
fn narrower_types_move_fewer_bytes() {
    let bytes = |dtype: &str| {
        let report =
            json(&format!("conv --in 3 --out 64 --kernel 3 --output 224x224 --bias --dtype {dtype}"));
        assert_eq!(report["totals"]["parameters"], 1_792, "{dtype}");
        report["totals"]["activations"]["total"]["bytes"].as_i64().unwrap()
    };
    assert_eq!(bytes("float32"), 4 * (3 + 64) * 224 * 224);
    assert_eq!(bytes("float16"), bytes("float32") / 2);
    assert_eq!(bytes("int8"), bytes("float32") / 4);
    // The biases of attention are additions of their own: parameters all the same.
    let attention =
        |dtype: &str| cost(&format!("attention --dim 64 --heads 4 --seq 9 --bias --dtype {dtype}"));
    assert_eq!(attention("int8"), attention("float32"));
}

#[test]
fn documents_follow_the_schema() {
    let schema = serde_json::to_value(weigh::report::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for arguments in ["separable --in 32 --out 64 --kernel 3 --output 8x8", "lstm --in 8 --hidden 8"] {
        let document = json(arguments);
        assert_eq!(document["schema"], "weigh.report/1");
        assert!(validator.is_valid(&document), "{arguments}");
    }
}

#[test]
fn tables() {
    insta::assert_snapshot!("conv", text("conv --in 3 --out 64 --kernel 3 --output 224x224"));
    insta::assert_snapshot!("separable", text("separable --in 32 --out 64 --kernel 3 --output 224x224"));
    insta::assert_snapshot!(
        "attention",
        text("attention --dim 768 --heads 12 --seq 197 --kv-heads 4 --batch 2")
    );
    insta::assert_snapshot!("markdown", text("linear --in 1000 --out 10 --bias --format markdown"));
    let only = text("linear --in 1000 --out 10 --no-bias");
    assert!(only.contains("without bias") && !only.contains("with bias"), "{only}");
}

#[test]
fn written_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("layer.csv");
    let printed = text(&format!("linear --in 8 --out 8 --format csv -o {}", file.display()));
    assert!(printed.is_empty());
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 2);
}

#[test]
fn hostile_numbers() {
    const HUGE: &str = "9223372036854775807";
    let huge = |text: &str| text.replace("HUGE", HUGE);
    let cases = [
        ("linear --in 0 --out 10", "positive"),
        ("linear --in -5 --out 10", "positive"),
        ("linear --in ten --out 10", "whole number"),
        ("linear --in 99999999999999999999 --out 1", "64 bits"),
        ("linear --in HUGE --out HUGE", "64 bits"),
        ("linear --in 1 --out 1 --batch HUGE", "64 bits"),
        ("conv --in 3 --out 64 --kernel 3 --output 224x224 --groups 2", "3 input channels"),
        ("grouped --in 4 --out 3 --kernel 3 --output 8 --groups 2", "3 output channels"),
        ("conv --in 3 --out 64 --kernel 3x3 --output 224", "axes"),
        ("conv --in 3 --out 64 --kernel 3 --output 2x2x2x2", "axes"),
        ("conv --in 3 --out 64 --kernel 9 --input 4 --padding 0", "does not fit"),
        ("conv --in 3 --out 64 --kernel 3 --output 4 --padding 99", "padding"),
        ("conv --in 3 --out 64 --kernel 3 --output 4 --padding -1", "negative"),
        ("conv --in 1 --out 1 --kernel HUGE --dilation HUGE --output 8", "64 bits"),
        ("separable --in 1 --out 1 --kernel 1 --stride HUGE --output HUGExHUGE", "64 bits"),
        ("depthwise --in HUGE --kernel 3 --output 8x8", "64 bits"),
        ("gemm --m 4000000000 --k 4000000000", "64 bits"),
        ("attention --dim 768 --heads 7 --seq 3", "7 heads"),
        ("attention --dim 768 --heads 12 --kv-heads 5 --seq 3", "5 heads"),
        ("attention --dim 768 --heads 12 --seq HUGE", "64 bits"),
        ("lstm --in 1 --hidden HUGE", "64 bits"),
        ("lstm --in 1 --hidden 1 --layers 1000000", "1000 layers"),
    ];
    for (arguments, message) in cases {
        let output = weigh(&huge(arguments)).assert().code(2).get_output().clone();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.stdout.is_empty(), "{arguments}");
        assert!(told.contains(message), "{arguments}: {told}");
        assert!(told.lines().any(|line| line.starts_with("hint: ")), "{arguments}: {told}");
    }
}
