//! VGG: 3×3 convolutions in stages of growing width.

use weigh_ir::Model;
use weigh_ops::Window;

use crate::builder::{Builder, Filters};
use crate::{Entry, Options, Task};

const fn entry(name: &'static str, title: &'static str, build: fn(&Options) -> Model) -> Entry {
    let source = "Simonyan, Zisserman 2014, arXiv:1409.1556; torchvision";
    Entry { name, title, task: Task::ImageClassification, source, build }
}

pub(crate) const VGG11: Entry = entry("vgg11", "VGG-11", |options| vgg(options, "vgg11", [1, 1, 2, 2, 2]));
pub(crate) const VGG16: Entry = entry("vgg16", "VGG-16", |options| vgg(options, "vgg16", [2, 2, 3, 3, 3]));
pub(crate) const VGG19: Entry = entry("vgg19", "VGG-19", |options| vgg(options, "vgg19", [2, 2, 4, 4, 4]));

fn vgg(options: &Options, name: &str, depths: [usize; 5]) -> Model {
    let mut b = Builder::new(name, options);
    let mut x = b.images();
    x = b.scoped("features", |b| {
        let mut at = 0;
        for (channels, depth) in [64, 128, 256, 512, 512].into_iter().zip(depths) {
            for _ in 0..depth {
                x = b.conv_biased(at, x, Filters::same(channels, 3, 1));
                x = b.relu(at + 1, x);
                at += 2;
            }
            x = b.max_pool(at, x, Window::square(2, 2, 0));
            at += 1;
        }
        x
    });
    x = b.flatten(x);
    x = b.scoped("classifier", |b| {
        for at in [0, 3] {
            x = b.linear(at, x, 4096);
            x = b.relu(at + 1, x);
        }
        b.linear(6, x, 1000)
    });
    b.finish([("output", x)])
}
