//! The worked examples that the definitions of the metrics come with. Every figure is derived by hand beside it.

use weigh::ir::{DType, Expr};
use weigh::{Analysis, Opened, Options, analyze};
use weigh_measure::per_second;
use weigh_zoo::layers::{Convolution, Layer, Linear, Moves, Product, Separable, Setting, Space};

const PLAIN: Setting = Setting { batch: 1, dtype: DType::F32, bias: false };

fn weigh_layer(layer: &dyn Layer) -> Analysis {
    let model = layer.build(&PLAIN).expect("a layer");
    let facts = analyze(&model, &Options::default()).expect("facts");
    assert!(facts.coverage.is_complete());
    facts
}

/// Parameters and multiply-accumulates.
fn cost(layer: &dyn Layer) -> (i64, i64) {
    let totals = weigh_layer(layer).totals;
    (plain(&totals.parameters), plain(&totals.macs))
}

fn plain(expr: &Expr) -> i64 {
    expr.as_int().expect("a number")
}

/// A convolution with 3×3 windows on an output of 224×224.
fn conv(inputs: i64, outputs: i64) -> Convolution {
    let moves = Moves { kernel: vec![3], stride: vec![1], dilation: vec![1], padding: None };
    Convolution::new(inputs, outputs, 1, &moves, &Space::Output(vec![224, 224])).expect("a convolution")
}

#[test]
fn a_linear_layer() {
    // Co·Ci = 10·1000 of each.
    assert_eq!(cost(&Linear { inputs: 1000, outputs: 10 }), (10_000, 10_000));
}

#[test]
fn a_convolution_from_3_to_64() {
    // Co·Ci·kh·kw = 64·3·3·3 = 1,728; times 224·224 = 50,176 positions.
    assert_eq!(cost(&conv(3, 64)), (1_728, 1_728 * 50_176));
    assert_eq!(1_728 * 50_176, 86_704_128);
}

#[test]
fn a_convolution_from_32_to_64_and_its_separable_form() {
    // 64·32·9 = 18,432; times 50,176.
    let dense = cost(&conv(32, 64));
    assert_eq!(dense, (18_432, 924_844_032));
    // Depthwise 32·9 = 288 and pointwise 64·32 = 2,048; 288·50,176 + 2,048·50,176.
    let facts = weigh_layer(&Separable(conv(32, 64)));
    let macs: Vec<i64> =
        facts.layers.iter().filter_map(|layer| layer.macs.as_ref()).map(plain).filter(|n| *n > 0).collect();
    assert_eq!(macs, [14_450_688, 102_760_448]);
    let parameters: Vec<i64> =
        facts.layers.iter().map(|layer| plain(&layer.parameters)).filter(|n| *n > 0).collect();
    assert_eq!(parameters, [288, 2_048]);
    let separable = (plain(&facts.totals.parameters), plain(&facts.totals.macs));
    assert_eq!(separable, (2_336, 117_211_136));
    // 1 − 2,336/18,432 = 1 − 117,211,136/924,844,032 = 0.8733.
    let fewer = |dense: i64, separable: i64| 100.0 * (1.0 - separable as f64 / dense as f64);
    assert_eq!(format!("{:.1}", fewer(dense.0, separable.0)), "87.3");
    assert_eq!(format!("{:.1}", fewer(dense.1, separable.1)), "87.3");
}

#[test]
fn products_of_matrices() {
    // m·k·n; neither matrix is a parameter.
    assert_eq!(cost(&Product { m: 1000, k: 512, n: 1 }), (0, 512_000));
    assert_eq!(cost(&Product { m: 1000, k: 512, n: 256 }), (0, 131_072_000));
}

fn alexnet() -> (Opened, Analysis) {
    let opened = weigh::open("zoo:alexnet-2012").expect("it is in the zoo");
    let facts = analyze(&opened.model, &Options::default()).expect("facts");
    (opened, facts)
}

#[test]
fn alexnet_of_2012_computes() {
    let (_, facts) = alexnet();
    // Weights × positions of each layer; groups of 2 halve what each output of conv 2, 4 and 5 reads.
    let expected = [
        (96 * 3 * 11 * 11, 55 * 55),  // 34,848
        (256 * 48 * 5 * 5, 27 * 27),  // 307,200
        (384 * 256 * 3 * 3, 13 * 13), // 884,736
        (384 * 192 * 3 * 3, 13 * 13), // 663,552
        (256 * 192 * 3 * 3, 13 * 13), // 442,368
        (4096 * 9216, 1),
        (4096 * 4096, 1),
        (1000 * 4096, 1),
    ];
    let macs: Vec<i64> =
        facts.layers.iter().filter_map(|layer| layer.macs.as_ref()).map(plain).filter(|n| *n > 0).collect();
    assert_eq!(macs, expected.map(|(weights, positions)| weights * positions));
    assert_eq!(macs.iter().sum::<i64>(), 724_406_816);
    assert_eq!(facts.totals.macs, Expr::Int(724_406_816));
    // 2 × MACs.
    assert_eq!(facts.totals.flops(), Expr::Int(1_448_813_632));
    assert_eq!(format!("{:.3}", plain(&facts.totals.flops()) as f64 / 1e9), "1.449");
}

#[test]
fn alexnet_of_2012_holds() {
    let (opened, facts) = alexnet();
    // Biases: 96 + 256 + 384 + 384 + 256 + 4096 + 4096 + 1000 = 10,568; they are the stored tensors of one axis.
    let (biases, weights): (Vec<_>, Vec<_>) = opened
        .model
        .tensors
        .iter()
        .filter_map(|tensor| tensor.stored.as_ref())
        .filter(|stored| stored.dtype == DType::F32)
        .partition(|stored| stored.shape.rank() == 1);
    let elements = |of: &[&std::sync::Arc<weigh::ir::Stored>]| -> i64 {
        of.iter().map(|stored| plain(&stored.shape.elements())).sum()
    };
    assert_eq!(elements(&biases), 10_568);
    assert_eq!(elements(&weights), 60_954_656);
    assert_eq!(facts.totals.parameters, Expr::Int(60_954_656 + 10_568));
    // At four bytes 243.86 million, at one 60.97 million (243.82 and 60.95 without biases).
    let report = weigh::describe(&opened, &facts);
    let size = report.totals.expect("totals").model_size;
    let bytes = |count: Option<weigh::report::Count>| count.and_then(|count| count.number()).expect("bytes");
    let (fp32, int8) = (bytes(size.fp32_bytes), bytes(size.int8_bytes));
    assert_eq!((fp32, int8), (243_860_896, 60_965_224));
    assert_eq!((fp32 as f64 / 1e6).round(), 244.0);
    assert_eq!((int8 as f64 / 1e6).round(), 61.0);
    assert_eq!((60_954_656.0f64 * 4.0 / 1e6).round(), 244.0);
}

#[test]
fn alexnet_of_2012_keeps() {
    let activations = alexnet().1.totals.activations;
    // Everything that cannot be written in place: the images 3·224·224 = 150,528, conv 1 96·55² = 290,400, pool
    // 96·27² = 69,984, conv 2 256·27² = 186,624, pool 256·13² = 43,264, conv 3 and 4 384·13² = 64,896 each,
    // conv 5 43,264, pool 256·6² = 9,216, 4,096, 4,096, 1,000.
    let kept =
        [150_528, 290_400, 69_984, 186_624, 43_264, 64_896, 64_896, 43_264, 9_216, 4_096, 4_096, 1_000];
    assert_eq!(kept.iter().sum::<i64>(), 932_264);
    assert_eq!(activations.in_place_total.elements, Expr::Int(932_264));
    assert_eq!(activations.in_place_total.bytes, Expr::Int(4 * 932_264));
    // The images and what conv 1 makes of them.
    assert_eq!(activations.in_place_peak.elements, Expr::Int(150_528 + 290_400));
    assert_eq!(activations.in_place_peak.elements, Expr::Int(440_928));
    // Without writing in place: what conv 1 made and what its ReLU makes of it.
    assert_eq!(activations.peak.elements, Expr::Int(2 * 290_400));
    // Besides: a ReLU after each convolution and after fc 6 and 7, two normalisations, the flattened features,
    // two dropouts and the probabilities are tensors too.
    let relus = 290_400 + 186_624 + 64_896 + 64_896 + 43_264 + 4_096 + 4_096;
    let others = (290_400 + 186_624) + 9_216 + (4_096 + 4_096) + 1_000;
    assert_eq!(activations.total.elements, Expr::Int(932_264 + relus + others));
    // A chain has but one order.
    assert_eq!(activations.best_order_peak, Some(activations.peak.clone()));
    assert_eq!(activations.lower_bound, Some(activations.peak));
}

#[test]
fn samples_per_second() {
    // 100 / 0.2 s; 1 / 75 ms = 13.3: more than 10 images/s, whose budget is 100 ms.
    assert_eq!(per_second(100, 200.0), 500.0);
    assert_eq!(format!("{:.1}", per_second(1, 75.0)), "13.3");
    assert_eq!(per_second(1, 100.0), 10.0);
}
