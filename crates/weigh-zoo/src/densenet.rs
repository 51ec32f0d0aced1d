//! DenseNet: every layer of a block reads what all layers before it made.

use weigh_ir::{Model, TensorId};
use weigh_ops::Window;

use crate::builder::{Builder, Filters};
use crate::{Entry, Options, Task};

pub(crate) const DENSENET121: Entry = Entry {
    name: "densenet121",
    title: "DenseNet-121",
    task: Task::ImageClassification,
    source: "Huang et al. 2016, arXiv:1608.06993; torchvision",
    build: densenet121,
};

/// Channels that each layer adds, and how many times that its 1×1 convolution makes.
const GROWTH: i64 = 32;
const BOTTLENECK: i64 = 4;

fn densenet121(options: &Options) -> Model {
    const DEPTHS: [usize; 4] = [6, 12, 24, 16];
    let mut b = Builder::new("densenet121", options);
    let mut x = b.images();
    x = b.scoped("features", |b| {
        x = b.conv("conv0", x, Filters::same(64, 7, 2));
        x = b.batch_norm("norm0", x);
        x = b.relu("relu0", x);
        x = b.max_pool("pool0", x, Window::square(3, 2, 1));
        for (index, depth) in DEPTHS.into_iter().enumerate() {
            x = b.scoped(format!("denseblock{}", index + 1), |b| dense_block(b, x, depth));
            if index + 1 < DEPTHS.len() {
                x = b.scoped(format!("transition{}", index + 1), |b| transition(b, x));
            }
        }
        b.batch_norm("norm5", x)
    });
    x = b.relu("relu", x);
    x = b.global_average_pool("avgpool", x);
    x = b.flatten(x);
    x = b.linear("classifier", x, 1000);
    b.finish([("output", x)])
}

fn dense_block(b: &mut Builder, x: TensorId, depth: usize) -> TensorId {
    let mut parts = vec![x];
    for layer in 1..=depth {
        let made = b.scoped(format!("denselayer{layer}"), |b| {
            let mut x = if parts.len() == 1 { parts[0] } else { b.concat(&parts, 1) };
            for (index, filters) in
                [(1, Filters::same(BOTTLENECK * GROWTH, 1, 1)), (2, Filters::same(GROWTH, 3, 1))]
            {
                x = b.batch_norm(format!("norm{index}"), x);
                x = b.relu(format!("relu{index}"), x);
                x = b.conv(format!("conv{index}"), x, filters);
            }
            x
        });
        parts.push(made);
    }
    b.concat(&parts, 1)
}

/// Half the channels, half the extents.
fn transition(b: &mut Builder, x: TensorId) -> TensorId {
    let channels = b.extent(x, 1);
    let x = b.batch_norm("norm", x);
    let x = b.relu("relu", x);
    let x = b.conv("conv", x, Filters::same(channels / 2, 1, 1));
    b.average_pool("pool", x, Window::square(2, 2, 0))
}
