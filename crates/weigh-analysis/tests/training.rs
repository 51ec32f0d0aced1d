//! What training takes: by hand on small graphs, and against published formulas.

mod net;

use net::Net;
use weigh_analysis::Options;
use weigh_analysis::training::{Optimizer, Precision, Recipe, Training, train};
use weigh_ir::{Cost, DType, Expr, TensorId};
use weigh_ops::{
    Conv, Dropout, Gemm, GlobalPool, Ints, Layout, MatMul, Movement, Norm, Normalization, Pooling, View,
    Window,
};

fn trained(net: &Net, recipe: Recipe) -> Training {
    train(&net.0, &Options::default(), recipe).expect("it can be analysed")
}

/// Convolution 3→4 (3×3 on 8×8), Relu, convolution 4→4, mean, linear 4→2. Batch 2.
fn small() -> Net {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[2, 3, 8, 8]);
    let (w1, w2) = (net.stored(DType::F32, &[4, 3, 3, 3]), net.stored(DType::F32, &[4, 4, 3, 3]));
    let conv = || Conv::plain(Window::square(3, 1, 1), 1);
    let first = net.node(conv(), &[x, w1]);
    let active = net.relu(first);
    let second = net.node(conv(), &[active, w2]);
    let mean = net.node(GlobalPool { pooling: Pooling::Average, layout: Layout::ChannelsFirst }, &[second]);
    let flat = net.node(View::Flatten { axis: 1 }, &[mean]);
    let (w3, b3) = (net.stored(DType::F32, &[2, 4]), net.stored(DType::F32, &[2]));
    let y = net.node(Gemm::LINEAR, &[flat, w3, b3]);
    net.output(y);
    net
}

#[test]
fn gradients_of_a_small_network() {
    let training = trained(&small(), Recipe::default());
    // Forward: 2·64·4·27 + 2·64·4·36 + 2·2·4. The first convolution's input wants no gradient.
    let (first, second, linear) = (13_824, 18_432, 16);
    assert_eq!(training.forward.macs, Expr::Int(first + second + linear));
    assert_eq!(training.backward_data.macs, Expr::Int(second + linear));
    assert_eq!(training.backward_weights.macs, Expr::Int(first + second + linear));
    assert!(training.unknown.is_empty());
    // Kept: the input (2·3·64), what Relu makes, once for Relu and the convolution after it (2·4·64), and the means
    // (2·4) for the linear layer: 904 elements.
    assert_eq!(training.saved_bytes, Expr::Int((384 + 512 + 8) * 4));
    // 108 + 144 + 8 + 2 parameters, their gradients, and twice as much for Adam.
    assert_eq!(training.parameters, Expr::Int(262));
    assert_eq!((&training.parameter_bytes, &training.gradient_bytes), (&Expr::Int(1048), &Expr::Int(1048)));
    assert_eq!(training.optimizer_bytes, Expr::Int(2096));
}

#[test]
fn the_peak_of_a_small_network() {
    let training = trained(&small(), Recipe { optimizer: Optimizer::Sgd, ..Recipe::default() });
    let memory = training.memory.expect("everything is known");
    // Of elements. There all the time: the input, 384. Forward in the step of Relu: what it reads and makes,
    // 512 each. In the second convolution: 512 and 512. Backward there: the kept 512, the gradients of output and
    // input, 512 each: 384 + 1536 is the most.
    assert_eq!(memory.stored.price.peak, (384 + 3 * 512) * 4);
    assert_eq!(memory.state_bytes, 2 * 1048);
    assert_eq!(memory.bytes(&memory.stored.price), 2 * 1048 + 1920 * 4);
    // Cut after every node but the view.
    assert_eq!(memory.chain.blocks.len(), 5);
}

#[test]
fn mixed_precision_halves_activations() {
    let recipe = Recipe { precision: Precision::Mixed(DType::BF16), ..Recipe::default() };
    let training = trained(&small(), recipe);
    assert_eq!(training.saved_bytes, Expr::Int((384 + 512 + 8) * 2));
    // 16 bytes for each parameter.
    assert_eq!(training.state_bytes(), Expr::Int(262 * 16));
}

#[test]
fn an_unknown_backward_pass_is_not_zero() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[2, 4]);
    let w = net.stored(DType::F32, &[4, 4]);
    let y = net.node(MatMul::PLAIN, &[x, w]);
    let z = net.node(weigh_ops::Unpriced::LONGFORMER, &[y]);
    net.output(z);
    let training = trained(&net, Recipe::default());
    assert_eq!(training.unknown, [("LongformerAttention".to_owned(), 1)]);
    assert!(training.memory.is_none());
    // The gradient is taken to go on, so what is before still counts.
    assert_eq!(training.backward_weights.macs, Expr::Int(32));
}

#[test]
fn nothing_is_trained_behind_what_has_no_slope() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[2, 4]);
    let w = net.stored(DType::F32, &[4, 4]);
    let y = net.node(MatMul::PLAIN, &[x, w]);
    let z = net.function("Floor", &[y]);
    net.output(z);
    let training = trained(&net, Recipe::default());
    assert_eq!((training.backward_weights, training.saved_bytes), (Cost::FREE, Expr::ZERO));
}

const BATCH: i64 = 2;
const STEPS: i64 = 16;
const HIDDEN: i64 = 32;
const HEADS: i64 = 4;

fn linear(net: &mut Net, x: TensorId, from: i64, to: i64) -> TensorId {
    let (weights, bias) = (net.stored(DType::F32, &[from, to]), net.stored(DType::F32, &[to]));
    let product = net.node(MatMul::PLAIN, &[x, weights]);
    net.function("Add", &[product, bias])
}

fn normalised(net: &mut Net, x: TensorId) -> TensorId {
    let (scale, shift) = (net.stored(DType::F32, &[HIDDEN]), net.stored(DType::F32, &[HIDDEN]));
    net.node(Normalization(Norm::Layer { axis: -1 }), &[x, scale, shift])
}

fn heads(net: &mut Net, x: TensorId, order: &[i64]) -> TensorId {
    let shape = Ints::Fixed(vec![BATCH, STEPS, HEADS, HIDDEN / HEADS]);
    let split = net.node(View::Reshape { shape, zero_is_empty: false }, &[x]);
    net.node(Movement::Transpose { order: Some(order.to_vec()) }, &[split])
}

/// A layer of a transformer with its three dropouts.
fn transformer() -> Net {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[BATCH, STEPS, HIDDEN]);
    let normal = normalised(&mut net, x);
    let [q, k, v] = [0; 3].map(|_| linear(&mut net, normal, HIDDEN, HIDDEN));
    let (q, k, v) = (
        heads(&mut net, q, &[0, 2, 1, 3]),
        heads(&mut net, k, &[0, 2, 3, 1]),
        heads(&mut net, v, &[0, 2, 1, 3]),
    );
    let scores = net.node(MatMul::PLAIN, &[q, k]);
    let probabilities = net.node(Normalization(Norm::Softmax), &[scores]);
    let dropped = net.node(Dropout, &[probabilities]);
    let attended = net.node(MatMul::PLAIN, &[dropped, v]);
    let merged = net.node(Movement::Transpose { order: Some(vec![0, 2, 1, 3]) }, &[attended]);
    let shape = Ints::Fixed(vec![BATCH, STEPS, HIDDEN]);
    let merged = net.node(View::Reshape { shape, zero_is_empty: false }, &[merged]);
    let projected = linear(&mut net, merged, HIDDEN, HIDDEN);
    let dropped = net.node(Dropout, &[projected]);
    let sum = net.function("Add", &[x, dropped]);
    let normal = normalised(&mut net, sum);
    let wide = linear(&mut net, normal, HIDDEN, 4 * HIDDEN);
    let active = net.function("Gelu", &[wide]);
    let narrow = linear(&mut net, active, 4 * HIDDEN, HIDDEN);
    let dropped = net.node(Dropout, &[narrow]);
    let y = net.function("Add", &[sum, dropped]);
    net.output(y);
    net
}

#[test]
fn the_activations_of_a_transformer_layer() {
    // Korthikanti et al., arXiv 2205.05198, equation 1: s·b·h·(34 + 5·a·s/h) bytes in 16 bits. They leave out the
    // statistics of the two normalisations: two float32 of each token.
    let recipe = Recipe { precision: Precision::Mixed(DType::F16), ..Recipe::default() };
    let training = trained(&transformer(), recipe);
    let tokens = BATCH * STEPS;
    let published = tokens * HIDDEN * 34 + 5 * HEADS * STEPS * tokens;
    assert_eq!(training.saved_bytes, Expr::Int(published + 2 * 2 * 4 * tokens));
    // The backward pass has twice the products of the forward pass.
    let forward = training.forward.macs.as_int().expect("a number");
    assert_eq!(
        training.backward_data.macs.clone() + training.backward_weights.macs.clone(),
        Expr::Int(2 * forward)
    );
}
