//! EfficientNet: inverted bottlenecks with squeeze and excitation.

use weigh_ir::{Model, TensorId};

use crate::blocks::{Activation, conv_norm, squeeze_excitation};
use crate::builder::{Builder, Filters};
use crate::{Entry, Options, Task};

pub(crate) const EFFICIENTNET_B0: Entry = Entry {
    name: "efficientnet_b0",
    title: "EfficientNet-B0",
    task: Task::ImageClassification,
    source: "Tan, Le 2019, arXiv:1905.11946; torchvision",
    build: efficientnet_b0,
};

/// One row of table 1 of the paper.
struct Stage {
    expansion: i64,
    kernel: i64,
    stride: i64,
    channels: i64,
    repeats: usize,
}

const fn stage(expansion: i64, kernel: i64, stride: i64, channels: i64, repeats: usize) -> Stage {
    Stage { expansion, kernel, stride, channels, repeats }
}

const STAGES: [Stage; 7] = [
    stage(1, 3, 1, 16, 1),
    stage(6, 3, 2, 24, 2),
    stage(6, 5, 2, 40, 2),
    stage(6, 3, 2, 80, 3),
    stage(6, 5, 1, 112, 3),
    stage(6, 5, 2, 192, 4),
    stage(6, 3, 1, 320, 1),
];

fn efficientnet_b0(options: &Options) -> Model {
    let mut b = Builder::new("efficientnet_b0", options);
    let mut x = b.images();
    x = b.scoped("features", |b| {
        x = conv_norm(b, 0, x, Filters::same(32, 3, 2), Activation::Silu);
        for (index, stage) in STAGES.iter().enumerate() {
            for repeat in 0..stage.repeats {
                let stride = if repeat == 0 { stage.stride } else { 1 };
                x = b.scoped(format!("{}/{repeat}/block", index + 1), |b| block(b, x, stage, stride));
            }
        }
        conv_norm(b, STAGES.len() + 1, x, Filters::same(1280, 1, 1), Activation::Silu)
    });
    x = b.global_average_pool("avgpool", x);
    x = b.flatten(x);
    x = b.linear("classifier/1", x, 1000);
    b.finish([("output", x)])
}

fn block(b: &mut Builder, input: TensorId, stage: &Stage, stride: i64) -> TensorId {
    let inputs = b.extent(input, 1);
    let (hidden, mut x, mut at) = (inputs * stage.expansion, input, 0);
    if stage.expansion != 1 {
        x = conv_norm(b, at, x, Filters::same(hidden, 1, 1), Activation::Silu);
        at += 1;
    }
    x = conv_norm(b, at, x, Filters::same(hidden, stage.kernel, stride).grouped(hidden), Activation::Silu);
    x = squeeze_excitation(b, at + 1, x, (inputs / 4).max(1), Activation::Silu, "Sigmoid");
    x = conv_norm(b, at + 2, x, Filters::same(stage.channels, 1, 1), Activation::Linear);
    if stride == 1 && inputs == stage.channels { b.function("Add", &[x, input]) } else { x }
}
