//! AlexNet: as published in 2012, and the one-tower variant of 2014 that torchvision has.

use weigh_ir::{Model, TensorId};
use weigh_ops::{Dropout, Norm, Normalization, Window};

use crate::builder::{Builder, Filters};
use crate::{Entry, Options, Task};

pub(crate) const ALEXNET: Entry = Entry {
    name: "alexnet",
    title: "AlexNet",
    task: Task::ImageClassification,
    source: "Krizhevsky 2014, arXiv:1404.5997; torchvision",
    build: alexnet,
};

pub(crate) const ALEXNET_2012: Entry = Entry {
    name: "alexnet-2012",
    title: "AlexNet (2012)",
    task: Task::ImageClassification,
    source: "Krizhevsky, Sutskever, Hinton 2012, NeurIPS 25",
    build: alexnet_2012,
};

fn alexnet(options: &Options) -> Model {
    let mut b = Builder::new("alexnet", options);
    let mut x = b.images();
    x = b.scoped("features", |b| {
        let first = Filters { channels: 64, kernel: 11, stride: 4, padding: 2, groups: 1 };
        x = conv_relu(b, 0, x, first);
        x = b.max_pool(2, x, Window::square(3, 2, 0));
        x = conv_relu(b, 3, x, Filters::same(192, 5, 1));
        x = b.max_pool(5, x, Window::square(3, 2, 0));
        for (at, channels) in [(6, 384), (8, 256), (10, 256)] {
            x = conv_relu(b, at, x, Filters::same(channels, 3, 1));
        }
        b.max_pool(12, x, Window::square(3, 2, 0))
    });
    x = b.flatten(x);
    x = b.scoped("classifier", |b| {
        for at in [1, 4] {
            x = b.linear(at, x, 4096);
            x = b.relu(at + 1, x);
        }
        b.linear(6, x, 1000)
    });
    b.finish([("output", x)])
}

fn conv_relu(b: &mut Builder, at: i64, x: TensorId, filters: Filters) -> TensorId {
    let x = b.conv_biased(at, x, filters);
    b.relu(at + 1, x)
}

/// Two towers on two devices: convolutions 2, 4 and 5 see only their own half of the channels. The paper's
/// 55×55 positions of the first convolution over 224×224 pixels take a padding of 2.
fn alexnet_2012(options: &Options) -> Model {
    const LAYERS: [(Filters, bool, bool); 5] = [
        // (filters, whether they are normalised, whether they are pooled)
        (Filters { channels: 96, kernel: 11, stride: 4, padding: 2, groups: 1 }, true, true),
        (Filters { channels: 256, kernel: 5, stride: 1, padding: 2, groups: 2 }, true, true),
        (Filters { channels: 384, kernel: 3, stride: 1, padding: 1, groups: 1 }, false, false),
        (Filters { channels: 384, kernel: 3, stride: 1, padding: 1, groups: 2 }, false, false),
        (Filters { channels: 256, kernel: 3, stride: 1, padding: 1, groups: 2 }, false, true),
    ];
    let mut b = Builder::new("alexnet-2012", options);
    let mut x = b.images();
    for (index, (filters, normalised, pooled)) in LAYERS.into_iter().enumerate() {
        let layer = index + 1;
        x = b.conv_biased(format!("conv{layer}"), x, filters);
        x = b.relu(format!("relu{layer}"), x);
        if normalised {
            x = b.scoped(format!("norm{layer}"), |b| {
                b.apply(Normalization(Norm::LocalResponse { size: 5 }), &[x])
            });
        }
        if pooled {
            x = b.max_pool(format!("pool{layer}"), x, Window::square(3, 2, 0));
        }
    }
    x = b.flatten(x);
    for layer in [6, 7] {
        x = b.linear(format!("fc{layer}"), x, 4096);
        x = b.relu(format!("relu{layer}"), x);
        x = b.scoped(format!("drop{layer}"), |b| b.apply(Dropout, &[x]));
    }
    x = b.linear("fc8", x, 1000);
    x = b.scoped("prob", |b| b.softmax(x));
    b.finish([("prob", x)])
}
