//! Blocks of convolutional networks.

use weigh_ir::TensorId;
use weigh_ops::{Conv, ConvTranspose, Ints, Padding, Split, Window};

use super::Sections;
use crate::blocks::{Activation, conv_norm, squeeze_excitation};
use crate::builder::{Builder, Filters};

/// Inverted residuals (Sandler et al. 2018, arXiv:1801.04381), with and without squeeze-excitation.
pub(super) fn mobile(s: &mut Sections) {
    use Activation::{HardSwish, Relu, Relu6, Silu};
    // (extent, channels, expanded, kernel, stride, squeezes, activation)
    const BLOCKS: [(i64, i64, i64, i64, i64, bool, Activation); 22] = [
        (112, 16, 16, 3, 1, false, Relu),
        (112, 16, 48, 3, 2, false, Relu6),
        (112, 24, 96, 3, 2, false, Silu),
        (56, 24, 72, 3, 1, false, Relu6),
        (56, 32, 144, 3, 1, true, Silu),
        (56, 24, 64, 5, 2, true, Relu),
        (56, 32, 160, 3, 2, false, Relu6),
        (28, 40, 120, 5, 1, true, HardSwish),
        (28, 40, 240, 3, 1, true, Silu),
        (28, 48, 128, 3, 2, false, Relu6),
        (28, 32, 192, 3, 1, false, Relu6),
        (28, 80, 224, 5, 2, true, Silu),
        (14, 64, 352, 3, 1, false, Relu6),
        (14, 80, 480, 5, 1, true, Silu),
        (14, 56, 208, 5, 1, true, HardSwish),
        (14, 104, 624, 3, 1, false, Relu6),
        (14, 112, 640, 5, 2, true, Silu),
        (14, 48, 128, 3, 1, true, HardSwish),
        (7, 96, 544, 5, 1, true, HardSwish),
        (7, 176, 1056, 3, 1, false, Relu6),
        (7, 192, 1120, 5, 1, true, Silu),
        (7, 336, 1200, 3, 1, false, Relu6),
    ];
    for (extent, channels, expanded, kernel, stride, squeezes, activation) in BLOCKS {
        s.section(&[channels, extent, extent], |b, input| {
            // Twice: in the second block everything comes from the first.
            let mut x = input;
            for (index, stride) in [1, stride].into_iter().enumerate() {
                x = b.scoped(index, |b| {
                    let before = x;
                    let x = conv_norm(b, "expand", x, Filters::same(expanded, 1, 1), activation);
                    let depthwise = Filters::same(expanded, kernel, stride).grouped(expanded);
                    let mut x = conv_norm(b, "depthwise", x, depthwise, activation);
                    if squeezes {
                        let gate = if activation == HardSwish { "HardSigmoid" } else { "Sigmoid" };
                        x = squeeze_excitation(b, "se", x, (expanded / 16).max(8), Relu, gate);
                    }
                    let x = conv_norm(b, "project", x, Filters::same(channels, 1, 1), Activation::Linear);
                    if stride == 1 { b.function("Add", &[x, before]) } else { x }
                });
            }
            x
        });
    }
    s.section(&[160, 7, 7], |b, x| {
        let x = conv_norm(b, "head", x, Filters::same(1152, 1, 1), Relu6);
        let x = b.global_average_pool("pool", x);
        let x = b.flatten(x);
        b.linear("classifier", x, 900)
    });
}

/// Residual blocks (He et al. 2015, arXiv:1512.03385): two convolutions, or three around a bottleneck.
pub(super) fn residual(s: &mut Sections) {
    // (extent, channels, inner channels, stride); inner 0: two convolutions
    const BLOCKS: [(i64, i64, i64, i64); 14] = [
        (56, 64, 0, 1),
        (56, 240, 64, 1),
        (56, 64, 0, 2),
        (56, 256, 112, 2),
        (28, 128, 0, 1),
        (28, 480, 128, 1),
        (28, 144, 0, 2),
        (28, 512, 240, 2),
        (14, 240, 0, 1),
        (14, 960, 256, 1),
        (14, 272, 0, 2),
        (14, 1024, 480, 2),
        (7, 480, 0, 1),
        (7, 1920, 512, 1),
    ];
    for (extent, channels, inner, stride) in BLOCKS {
        s.section(&[channels, extent, extent], |b, input| {
            let mut x = input;
            for (index, stride) in [1, stride].into_iter().enumerate() {
                x = b.scoped(index, |b| residual_block(b, x, channels, inner, stride));
            }
            x
        });
    }
}

fn residual_block(b: &mut Builder, x: TensorId, channels: i64, inner: i64, stride: i64) -> TensorId {
    let outputs = channels * stride;
    let shortcut = match stride {
        1 => x,
        _ => conv_norm(b, "down", x, Filters::same(outputs, 1, stride), Activation::Linear),
    };
    let x = match inner {
        0 => {
            let x = conv_norm(b, "a", x, Filters::same(outputs, 3, stride), Activation::Relu);
            conv_norm(b, "b", x, Filters::same(outputs, 3, 1), Activation::Linear)
        }
        _ => {
            let x = conv_norm(b, "a", x, Filters::same(inner, 1, 1), Activation::Relu);
            let x = conv_norm(b, "b", x, Filters::same(inner, 3, stride), Activation::Relu);
            conv_norm(b, "c", x, Filters::same(outputs, 1, 1), Activation::Linear)
        }
    };
    let x = b.function("Add", &[x, shortcut]);
    b.relu("relu", x)
}

/// Plain stacks with maximum pools, large windows, and large linear layers (Simonyan and Zisserman 2014,
/// arXiv:1409.1556; Krizhevsky et al. 2012).
pub(super) fn plain(s: &mut Sections) {
    // (extent, inputs, outputs, kernel)
    const LAYERS: [(i64, i64, i64, i64); 14] = [
        (112, 64, 96, 3),
        (112, 32, 48, 3),
        (56, 128, 224, 3),
        (55, 48, 192, 5),
        (54, 64, 64, 3),
        (28, 256, 448, 3),
        (27, 64, 208, 5),
        (27, 96, 96, 3),
        (14, 512, 480, 3),
        (13, 192, 368, 3),
        (13, 64, 64, 3),
        (56, 32, 32, 7),
        (27, 48, 176, 1),
        (13, 80, 240, 1),
    ];
    for (extent, inputs, outputs, kernel) in LAYERS {
        s.section(&[inputs, extent, extent], |b, x| {
            let x = b.conv_biased("a", x, Filters::same(outputs, kernel, 1));
            let x = b.relu("relu_a", x);
            let x = b.conv_biased("b", x, Filters::same(outputs, kernel.min(3), 1));
            let x = b.relu("relu_b", x);
            let window = if extent % 2 == 0 { Window::square(2, 2, 0) } else { Window::square(3, 2, 0) };
            b.max_pool("pool", x, window)
        });
    }
    s.section(&[192, 6, 6], |b, x| {
        let x = b.flatten(x);
        let x = b.linear("a", x, 3584);
        let x = b.relu("relu_a", x);
        let x = b.linear("b", x, 3584);
        let x = b.relu("relu_b", x);
        b.linear("c", x, 900)
    });
}

/// Layers over all that came before, and normalisation before convolution (Huang et al. 2016, arXiv:1608.06993).
pub(super) fn dense(s: &mut Sections) {
    // (extent, channels)
    const BLOCKS: [(i64, i64); 8] =
        [(56, 80), (56, 176), (28, 144), (28, 400), (14, 272), (14, 784), (7, 528), (7, 944)];
    for (extent, channels) in BLOCKS {
        s.section(&[channels, extent, extent], |b, input| {
            let mut all = input;
            for index in 0..3 {
                all = b.scoped(index, |b| {
                    let x = b.batch_norm("norm1", all);
                    let x = b.relu("relu1", x);
                    let x = conv_norm(b, "a", x, Filters::same(128, 1, 1), Activation::Relu);
                    let x = b.conv("b", x, Filters::same(32, 3, 1));
                    b.concat(&[all, x], 1)
                });
            }
            let x = b.batch_norm("norm", all);
            let x = b.relu("relu", x);
            let x = b.conv("transition", x, Filters::same(channels / 2, 1, 1));
            b.average_pool("pool", x, Window::square(2, 2, 0))
        });
    }
    // Squeeze and expand (Iandola et al. 2016, arXiv:1602.07360).
    for (extent, squeezed, expanded) in [(54, 16, 72), (27, 32, 136), (27, 40, 200), (13, 64, 248)] {
        s.section(&[2 * expanded, extent, extent], |b, x| {
            let x = b.conv_biased("squeeze", x, Filters::same(squeezed, 1, 1));
            let x = b.relu("relu", x);
            let one = b.conv_biased("one", x, Filters::same(expanded, 1, 1));
            let one = b.relu("relu_one", one);
            let three = b.conv_biased("three", x, Filters::same(expanded, 3, 1));
            let three = b.relu("relu_three", three);
            b.concat(&[one, three], 1)
        });
    }
}

/// Bottlenecks with grouped convolutions (Xie et al. 2016, arXiv:1611.05431; Radosavovic et al. 2020,
/// arXiv:2003.13678).
pub(super) fn grouped(s: &mut Sections) {
    // (extent, channels, group width, squeezes)
    const BLOCKS: [(i64, i64, i64, bool); 12] = [
        (56, 112, 4, false),
        (56, 48, 8, true),
        (56, 128, 8, false),
        (28, 240, 8, false),
        (28, 112, 8, true),
        (28, 96, 16, false),
        (14, 480, 16, false),
        (14, 192, 8, true),
        (14, 224, 16, false),
        (7, 960, 32, false),
        (7, 448, 8, true),
        (7, 384, 16, false),
    ];
    for (extent, channels, width, squeezes) in BLOCKS {
        s.section(&[channels, extent, extent], |b, input| {
            let mut x = input;
            for (index, stride) in [1, if extent > 7 { 2 } else { 1 }].into_iter().enumerate() {
                x = b.scoped(index, |b| {
                    let before = x;
                    let x = conv_norm(b, "a", x, Filters::same(channels, 1, 1), Activation::Relu);
                    let grouped = Filters::same(channels, 3, stride).grouped(channels / width);
                    let mut x = conv_norm(b, "b", x, grouped, Activation::Relu);
                    if squeezes {
                        x = squeeze_excitation(b, "se", x, channels / 4, Activation::Relu, "Sigmoid");
                    }
                    let x = conv_norm(b, "c", x, Filters::same(channels, 1, 1), Activation::Linear);
                    let x = if stride == 1 { b.function("Add", &[x, before]) } else { x };
                    b.relu("relu", x)
                });
            }
            x
        });
    }
}

/// First layers: three colours in, large extents.
pub(super) fn stem(s: &mut Sections) {
    // (extent, channels, kernel, stride, padding)
    const STEMS: [(i64, i64, i64, i64, i64); 9] = [
        (224, 16, 3, 2, 1),
        (224, 32, 3, 2, 1),
        (224, 48, 3, 1, 1),
        (224, 64, 7, 2, 3),
        (224, 80, 7, 2, 0),
        (224, 64, 11, 4, 2),
        (224, 96, 4, 4, 0),
        (224, 512, 16, 16, 0),
        (320, 24, 3, 2, 1),
    ];
    for (extent, channels, kernel, stride, padding) in STEMS {
        s.section(&[3, extent, extent], |b, x| {
            let x = b.conv_biased("conv", x, Filters::same(channels, kernel, stride).padded(padding));
            let x = b.relu("relu", x);
            if stride == 2 { b.max_pool("pool", x, Window::square(3, 2, 1)) } else { x }
        });
    }
}

/// Halves of channels that are convolved, joined and shuffled (Ma et al. 2018, arXiv:1807.11164).
pub(super) fn shuffle(s: &mut Sections) {
    for (extent, channels) in [(28, 104), (28, 152), (14, 240), (14, 320), (7, 480), (7, 640)] {
        s.section(&[channels, extent, extent], |b, input| {
            let mut x = input;
            for index in 0..2 {
                x = b.scoped(index, |b| {
                    let half = channels / 2;
                    let halves =
                        b.apply_many(Split { axis: 1, sizes: Ints::Fixed(vec![half, half]) }, &[x], 2);
                    let y = conv_norm(b, "a", halves[1], Filters::same(half, 1, 1), Activation::Relu);
                    let y = conv_norm(b, "b", y, Filters::same(half, 3, 1).grouped(half), Activation::Linear);
                    let y = conv_norm(b, "c", y, Filters::same(half, 1, 1), Activation::Relu);
                    let joined = b.concat(&[halves[0], y], 1);
                    let x = b.reshape(joined, &[0, 2, half, extent, extent]);
                    let x = b.transpose(x, &[0, 2, 1, 3, 4]);
                    b.reshape(x, &[0, channels, extent, extent])
                });
            }
            x
        });
    }
}

/// Convolutions along one axis, as over sound, and transposed ones.
pub(super) fn signal(s: &mut Sections) {
    // (length, inputs, outputs, kernel, stride)
    const LAYERS: [(i64, i64, i64, i64, i64); 8] = [
        (16000, 1, 32, 25, 10),
        (4000, 32, 64, 9, 2),
        (1600, 64, 64, 5, 1),
        (1000, 80, 256, 3, 1),
        (500, 256, 256, 3, 2),
        (400, 128, 512, 1, 1),
        (100, 512, 512, 3, 1),
        (60, 256, 256, 5, 1),
    ];
    for (length, inputs, outputs, kernel, stride) in LAYERS {
        s.section(&[inputs, length], |b, x| {
            let weight = b.weight("weight", &[outputs, inputs, kernel]);
            let window = Window {
                kernel: vec![kernel],
                strides: vec![stride],
                dilations: vec![1],
                padding: Padding::symmetric(&[kernel / 2]),
                ceil: false,
            };
            let x = b.apply(Conv::plain(window, 1), &[x, weight]);
            b.relu("relu", x)
        });
    }
    for (extent, inputs, outputs, kernel) in
        [(14, 256, 128, 2), (28, 128, 64, 4), (56, 64, 32, 2), (80, 32, 32, 2)]
    {
        s.section(&[inputs, extent, extent], |b, x| {
            let weight = b.weight("weight", &[inputs, outputs, kernel, kernel]);
            let window = Window::square(kernel, 2, (kernel - 2) / 2);
            let op =
                ConvTranspose { window, groups: 1, output_padding: vec![], output_shape: None, pads: None };
            let x = b.apply(op, &[x, weight]);
            b.relu("relu", x)
        });
    }
}

/// Large depthwise windows, then linear layers over channels moved last (Liu et al. 2022, arXiv:2201.03545).
pub(super) fn channels_last(s: &mut Sections) {
    for (extent, channels) in [(56, 80), (28, 176), (14, 352), (7, 704)] {
        s.section(&[channels, extent, extent], |b, input| {
            let mut x = input;
            for index in 0..2 {
                x = b.scoped(index, |b| {
                    let before = x;
                    let x = b.conv_biased("depthwise", x, Filters::same(channels, 7, 1).grouped(channels));
                    let x = b.transpose(x, &[0, 2, 3, 1]);
                    let x = b.layer_norm("norm", x);
                    let x = b.linear("up", x, 4 * channels);
                    let x = crate::transformer::gelu(b, x);
                    let x = b.linear("down", x, channels);
                    let x = b.transpose(x, &[0, 3, 1, 2]);
                    let scale = b.weight("scale", &[channels, 1, 1]);
                    let x = b.function("Mul", &[x, scale]);
                    b.function("Add", &[x, before])
                });
            }
            x
        });
    }
}
