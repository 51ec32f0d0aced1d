//! ResNet: convolutions that add to what they read. Batch normalisation is left unfused.

use weigh_ir::{Model, TensorId};
use weigh_ops::Window;

use crate::builder::{Builder, Filters};
use crate::{Entry, Options, Task};

const fn entry(name: &'static str, title: &'static str, build: fn(&Options) -> Model) -> Entry {
    let source = "He et al. 2015, arXiv:1512.03385; torchvision";
    Entry { name, title, task: Task::ImageClassification, source, build }
}

use Block::{Basic, Bottleneck};

pub(crate) const RESNET18: Entry =
    entry("resnet18", "ResNet-18", |options| resnet(options, "resnet18", Basic, [2, 2, 2, 2]));
pub(crate) const RESNET34: Entry =
    entry("resnet34", "ResNet-34", |options| resnet(options, "resnet34", Basic, [3, 4, 6, 3]));
pub(crate) const RESNET50: Entry =
    entry("resnet50", "ResNet-50", |options| resnet(options, "resnet50", Bottleneck, [3, 4, 6, 3]));
pub(crate) const RESNET101: Entry =
    entry("resnet101", "ResNet-101", |options| resnet(options, "resnet101", Bottleneck, [3, 4, 23, 3]));
pub(crate) const RESNET152: Entry =
    entry("resnet152", "ResNet-152", |options| resnet(options, "resnet152", Bottleneck, [3, 8, 36, 3]));

/// What a residual block computes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, 3×3, 1×1 to four times the width. The 3×3 convolution takes the stride, as in torchvision and
    /// unlike in the paper.
    Bottleneck,
}

fn resnet(options: &Options, name: &str, block: Block, depths: [usize; 4]) -> Model {
    let mut b = Builder::new(name, options);
    let mut x = b.images();
    x = b.conv("conv1", x, Filters::same(64, 7, 2));
    x = b.batch_norm("bn1", x);
    x = b.relu("relu", x);
    x = b.max_pool("maxpool", x, Window::square(3, 2, 1));
    for (stage, (width, depth)) in [64, 128, 256, 512].into_iter().zip(depths).enumerate() {
        for index in 0..depth {
            let stride = if stage > 0 && index == 0 { 2 } else { 1 };
            x = b.scoped(format!("layer{}/{index}", stage + 1), |b| residual(b, x, block, width, stride));
        }
    }
    x = b.global_average_pool("avgpool", x);
    x = b.flatten(x);
    x = b.linear("fc", x, 1000);
    b.finish([("output", x)])
}

fn residual(b: &mut Builder, input: TensorId, block: Block, width: i64, stride: i64) -> TensorId {
    let layers = match block {
        Basic => vec![Filters::same(width, 3, stride), Filters::same(width, 3, 1)],
        Bottleneck => {
            vec![Filters::same(width, 1, 1), Filters::same(width, 3, stride), Filters::same(4 * width, 1, 1)]
        }
    };
    let mut x = input;
    for (index, filters) in layers.iter().enumerate() {
        x = b.conv(format!("conv{}", index + 1), x, *filters);
        x = b.batch_norm(format!("bn{}", index + 1), x);
        if index + 1 < layers.len() {
            x = b.relu("relu", x);
        }
    }
    let channels = b.extent(x, 1);
    let shortcut = if stride == 1 && b.extent(input, 1) == channels {
        input
    } else {
        b.scoped("downsample", |b| {
            let shortcut = b.conv(0, input, Filters::same(channels, 1, stride));
            b.batch_norm(1, shortcut)
        })
    };
    x = b.function("Add", &[x, shortcut]);
    b.relu("relu", x)
}
