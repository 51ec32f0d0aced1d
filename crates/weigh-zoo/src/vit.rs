//! Vision transformers: an image as a sequence of patches.

use weigh_ir::{Model, TensorId};
use weigh_ops::{Expand, Ints, Query, Split};

use crate::builder::{Builder, Filters};
use crate::transformer::{Widths, attend, gelu, merge_heads, scores, split_heads};
use crate::{Entry, Options, Task};

pub(crate) const VIT_B_16: Entry = Entry {
    name: "vit_b_16",
    title: "ViT-B/16",
    task: Task::ImageClassification,
    source: "Dosovitskiy et al. 2020, arXiv:2010.11929; torchvision",
    build: vit_b_16,
};

fn vit_b_16(options: &Options) -> Model {
    const PATCH: i64 = 16;
    let widths = Widths::BASE;
    let mut b = Builder::new("vit_b_16", options);
    let images = b.images();
    let patches = Filters { channels: widths.hidden, kernel: PATCH, stride: PATCH, padding: 0, groups: 1 };
    let mut x = b.conv_biased("conv_proj", images, patches);
    let count = b.extent(x, 2) * b.extent(x, 3);
    x = b.reshape(x, &[0, widths.hidden, count]);
    x = b.transpose(x, &[0, 2, 1]);
    x = with_class_token(&mut b, x, widths);
    x = b.scoped("encoder", |b| {
        let length = b.extent(x, 1);
        let positions = b.weight("pos_embedding", &[1, length, widths.hidden]);
        x = b.function("Add", &[x, positions]);
        for layer in 0..12 {
            x = b.scoped(format!("layers/encoder_layer_{layer}"), |b| encoder_layer(b, x, widths));
        }
        b.layer_norm("ln", x)
    });
    let first = b.int(0);
    x = b.gather(x, first, 1);
    x = b.linear("heads/head", x, 1000);
    b.finish([("output", x)])
}

/// One learned vector before each sequence.
fn with_class_token(b: &mut Builder, x: TensorId, widths: Widths) -> TensorId {
    let token = b.weight("class_token", &[1, 1, widths.hidden]);
    let batch = b.apply(Query::Shape { start: 0, end: Some(1) }, &[x]);
    let rest = b.ints(&[1, widths.hidden]);
    let shape = b.concat(&[batch, rest], 0);
    let tokens = b.apply(Expand { shape: Ints::Input(1) }, &[token, shape]);
    b.concat(&[tokens, x], 1)
}

fn encoder_layer(b: &mut Builder, input: TensorId, widths: Widths) -> TensorId {
    let x = b.layer_norm("ln_1", input);
    let x = b.scoped("self_attention", |b| {
        let projected = b.linear("in_proj", x, 3 * widths.hidden);
        let sizes = b.ints(&[widths.hidden; 3]);
        let split = Split { axis: 2, sizes: Ints::Input(1) };
        let parts = b.apply_many(split, &[projected, sizes], 3);
        let query = split_heads(b, parts[0], widths, false);
        let key = split_heads(b, parts[1], widths, true);
        let value = split_heads(b, parts[2], widths, false);
        let scores = scores(b, query, key, widths);
        let context = attend(b, scores, value);
        let context = merge_heads(b, context, widths);
        b.linear("out_proj", context, widths.hidden)
    });
    let residual = b.function("Add", &[x, input]);
    let x = b.layer_norm("ln_2", residual);
    let x = b.scoped("mlp", |b| {
        let x = b.linear(0, x, widths.feed_forward);
        let x = b.scoped(1, |b| gelu(b, x));
        b.linear(3, x, widths.hidden)
    });
    b.function("Add", &[residual, x])
}
