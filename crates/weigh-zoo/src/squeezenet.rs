//! SqueezeNet: few channels in, many out, no fully connected layer.

use weigh_ir::{Model, TensorId};
use weigh_ops::Window;

use crate::builder::{Builder, Filters};
use crate::{Entry, Options, Task};

pub(crate) const SQUEEZENET1_0: Entry = Entry {
    name: "squeezenet1_0",
    title: "SqueezeNet 1.0",
    task: Task::ImageClassification,
    source: "Iandola et al. 2016, arXiv:1602.07360; torchvision",
    build: squeezenet1_0,
};

fn squeezenet1_0(options: &Options) -> Model {
    let mut b = Builder::new("squeezenet1_0", options);
    let mut x = b.images();
    let pool = || Window { ceil: true, ..Window::square(3, 2, 0) };
    x = b.scoped("features", |b| {
        x = b.conv_biased(0, x, Filters::same(96, 7, 2).padded(0));
        x = b.relu(1, x);
        x = b.max_pool(2, x, pool());
        for (at, squeezed, expanded) in [(3, 16, 64), (4, 16, 64), (5, 32, 128)] {
            x = fire(b, at, x, squeezed, expanded);
        }
        x = b.max_pool(6, x, pool());
        for (at, squeezed, expanded) in [(7, 32, 128), (8, 48, 192), (9, 48, 192), (10, 64, 256)] {
            x = fire(b, at, x, squeezed, expanded);
        }
        x = b.max_pool(11, x, pool());
        fire(b, 12, x, 64, 256)
    });
    x = b.scoped("classifier", |b| {
        x = b.conv_biased(1, x, Filters::same(1000, 1, 1));
        x = b.relu(2, x);
        b.global_average_pool(3, x)
    });
    x = b.flatten(x);
    b.finish([("output", x)])
}

/// A 1×1 convolution to few channels, then 1×1 and 3×3 convolutions side by side.
fn fire(b: &mut Builder, at: i64, x: TensorId, squeezed: i64, expanded: i64) -> TensorId {
    b.scoped(at, |b| {
        let x = b.conv_biased("squeeze", x, Filters::same(squeezed, 1, 1));
        let x = b.relu("squeeze_activation", x);
        let parts = [("expand1x1", 1), ("expand3x3", 3)].map(|(name, kernel)| {
            let part = b.conv_biased(name, x, Filters::same(expanded, kernel, 1));
            b.relu(format!("{name}_activation"), part)
        });
        b.concat(&parts, 1)
    })
}
