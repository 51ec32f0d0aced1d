//! MobileNets: depthwise separable convolutions, later between thin layers that add.

use weigh_ir::{Model, TensorId};

use crate::blocks::{Activation, conv_norm, squeeze_excitation};
use crate::builder::{Builder, Filters};
use crate::{Entry, Options, Task};

pub(crate) const MOBILENET_V1: Entry = Entry {
    name: "mobilenet_v1",
    title: "MobileNet V1 (1.0, 224)",
    task: Task::ImageClassification,
    source: "Howard et al. 2017, arXiv:1704.04861",
    build: mobilenet_v1,
};

pub(crate) const MOBILENET_V2: Entry = Entry {
    name: "mobilenet_v2",
    title: "MobileNet V2",
    task: Task::ImageClassification,
    source: "Sandler et al. 2018, arXiv:1801.04381; torchvision",
    build: mobilenet_v2,
};

pub(crate) const MOBILENET_V3_SMALL: Entry = Entry {
    name: "mobilenet_v3_small",
    title: "MobileNet V3 small",
    task: Task::ImageClassification,
    source: "Howard et al. 2019, arXiv:1905.02244; torchvision",
    build: mobilenet_v3_small,
};

/// Table 1 of the paper. Every convolution is normalised and followed by ReLU.
fn mobilenet_v1(options: &Options) -> Model {
    // (channels, stride of the depthwise convolution)
    const LAYERS: [(i64, i64); 13] = [
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        (512, 1),
        (512, 1),
        (512, 1),
        (512, 1),
        (512, 1),
        (1024, 2),
        (1024, 1),
    ];
    let mut b = Builder::new("mobilenet_v1", options);
    let mut x = b.images();
    x = b.scoped("features", |b| {
        x = conv_norm(b, 0, x, Filters::same(32, 3, 2), Activation::Relu);
        for (index, (channels, stride)) in LAYERS.into_iter().enumerate() {
            x = b.scoped(index + 1, |b| {
                let inputs = b.extent(x, 1);
                let depthwise = Filters::same(inputs, 3, stride).grouped(inputs);
                let x = conv_norm(b, "depthwise", x, depthwise, Activation::Relu);
                conv_norm(b, "pointwise", x, Filters::same(channels, 1, 1), Activation::Relu)
            });
        }
        x
    });
    x = b.global_average_pool("avgpool", x);
    x = b.flatten(x);
    x = b.linear("classifier", x, 1000);
    b.finish([("output", x)])
}

fn mobilenet_v2(options: &Options) -> Model {
    // (expansion, channels, repeats, stride): table 2 of the paper
    const STAGES: [(i64, i64, usize, i64); 7] = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ];
    let mut b = Builder::new("mobilenet_v2", options);
    let mut x = b.images();
    x = b.scoped("features", |b| {
        x = conv_norm(b, 0, x, Filters::same(32, 3, 2), Activation::Relu6);
        let mut at = 1;
        for (expansion, channels, repeats, stride) in STAGES {
            for repeat in 0..repeats {
                let stride = if repeat == 0 { stride } else { 1 };
                x = b.scoped(format!("{at}/conv"), |b| linear_bottleneck(b, x, expansion, channels, stride));
                at += 1;
            }
        }
        conv_norm(b, at, x, Filters::same(1280, 1, 1), Activation::Relu6)
    });
    x = b.global_average_pool("avgpool", x);
    x = b.flatten(x);
    x = b.linear("classifier/1", x, 1000);
    b.finish([("output", x)])
}

/// Expand, convolve depthwise, project without an activation; add where the shape stays.
fn linear_bottleneck(b: &mut Builder, x: TensorId, expansion: i64, channels: i64, stride: i64) -> TensorId {
    let (input, inputs) = (x, b.extent(x, 1));
    let (hidden, mut x, mut at) = (expansion * inputs, x, 0);
    if expansion != 1 {
        x = conv_norm(b, at, x, Filters::same(hidden, 1, 1), Activation::Relu6);
        at += 1;
    }
    x = conv_norm(b, at, x, Filters::same(hidden, 3, stride).grouped(hidden), Activation::Relu6);
    x = b.conv(at + 1, x, Filters::same(channels, 1, 1));
    x = b.batch_norm(at + 2, x);
    if stride == 1 && inputs == channels { b.function("Add", &[input, x]) } else { x }
}

/// One row of table 2 of the paper on MobileNet V3.
struct Row {
    kernel: i64,
    expanded: i64,
    channels: i64,
    squeezes: bool,
    activation: Activation,
    stride: i64,
}

const fn row(
    kernel: i64,
    expanded: i64,
    channels: i64,
    squeezes: bool,
    activation: Activation,
    stride: i64,
) -> Row {
    Row { kernel, expanded, channels, squeezes, activation, stride }
}

fn mobilenet_v3_small(options: &Options) -> Model {
    use Activation::{HardSwish, Relu};
    const ROWS: [Row; 11] = [
        row(3, 16, 16, true, Relu, 2),
        row(3, 72, 24, false, Relu, 2),
        row(3, 88, 24, false, Relu, 1),
        row(5, 96, 40, true, HardSwish, 2),
        row(5, 240, 40, true, HardSwish, 1),
        row(5, 240, 40, true, HardSwish, 1),
        row(5, 120, 48, true, HardSwish, 1),
        row(5, 144, 48, true, HardSwish, 1),
        row(5, 288, 96, true, HardSwish, 2),
        row(5, 576, 96, true, HardSwish, 1),
        row(5, 576, 96, true, HardSwish, 1),
    ];
    let mut b = Builder::new("mobilenet_v3_small", options);
    let mut x = b.images();
    x = b.scoped("features", |b| {
        x = conv_norm(b, 0, x, Filters::same(16, 3, 2), HardSwish);
        for (index, row) in ROWS.iter().enumerate() {
            x = b.scoped(format!("{}/block", index + 1), |b| v3_block(b, x, row));
        }
        conv_norm(b, ROWS.len() + 1, x, Filters::same(576, 1, 1), HardSwish)
    });
    x = b.global_average_pool("avgpool", x);
    x = b.flatten(x);
    x = b.scoped("classifier", |b| {
        x = b.linear(0, x, 1024);
        x = b.activation(1, "HardSwish", x);
        b.linear(3, x, 1000)
    });
    b.finish([("output", x)])
}

fn v3_block(b: &mut Builder, input: TensorId, row: &Row) -> TensorId {
    let (inputs, mut x, mut at) = (b.extent(input, 1), input, 0);
    if row.expanded != inputs {
        x = conv_norm(b, at, x, Filters::same(row.expanded, 1, 1), row.activation);
        at += 1;
    }
    let depthwise = Filters::same(row.expanded, row.kernel, row.stride).grouped(row.expanded);
    x = conv_norm(b, at, x, depthwise, row.activation);
    at += 1;
    if row.squeezes {
        x = squeeze_excitation(b, at, x, multiple_of_8(row.expanded / 4), Activation::Relu, "HardSigmoid");
        at += 1;
    }
    x = conv_norm(b, at, x, Filters::same(row.channels, 1, 1), Activation::Linear);
    if row.stride == 1 && inputs == row.channels { b.function("Add", &[x, input]) } else { x }
}

/// The nearest multiple of 8, or the next one up where that takes away a tenth: torchvision's rule.
fn multiple_of_8(channels: i64) -> i64 {
    let nearest = ((channels + 4) / 8 * 8).max(8);
    if nearest * 10 < channels * 9 { nearest + 8 } else { nearest }
}
