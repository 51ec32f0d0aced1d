//! Blocks of transformers.

use weigh_ir::TensorId;
use weigh_ops::MatMul;

use super::Sections;
use crate::builder::Builder;
use crate::transformer::{Widths, attend, gelu, merge_heads, scores, split_heads};

/// Encoder blocks of small models.
pub(super) fn small(s: &mut Sections) {
    for (length, hidden, heads) in
        [(16, 128, 2), (64, 192, 3), (128, 256, 4), (196, 192, 3), (128, 384, 12), (32, 384, 6)]
    {
        let widths = Widths { hidden, heads, feed_forward: 4 * hidden };
        s.section(&[length, hidden], |b, x| encoders(b, x, widths, 2));
    }
}

/// Encoder blocks of large models.
pub(super) fn large(s: &mut Sections) {
    for (length, hidden, heads) in [(120, 704, 11), (200, 768, 12), (384, 640, 10), (32, 832, 13)] {
        let widths = Widths { hidden, heads, feed_forward: 4 * hidden };
        s.section(&[length, hidden], |b, x| encoders(b, x, widths, 2));
    }
}

fn encoders(b: &mut Builder, input: TensorId, widths: Widths, count: usize) -> TensorId {
    let mut x = input;
    for index in 0..count {
        x = b.scoped(index, |b| {
            // Normalised first in one block, last in the other: engines fuse differently.
            let inside = if index % 2 == 0 { b.layer_norm("norm1", x) } else { x };
            let attended = self_attention(b, inside, widths);
            let x = b.function("Add", &[x, attended]);
            let x = if index % 2 == 0 { x } else { b.layer_norm("norm1", x) };
            let inside = if index % 2 == 0 { b.layer_norm("norm2", x) } else { x };
            let y = b.linear("up", inside, widths.feed_forward);
            let y = gelu(b, y);
            let y = b.linear("down", y, widths.hidden);
            let x = b.function("Add", &[x, y]);
            if index % 2 == 0 { x } else { b.layer_norm("norm2", x) }
        });
    }
    x
}

fn self_attention(b: &mut Builder, x: TensorId, widths: Widths) -> TensorId {
    let [query, key, value] = ["query", "key", "value"].map(|name| b.linear(name, x, widths.hidden));
    let query = split_heads(b, query, widths, false);
    let key = split_heads(b, key, widths, true);
    let value = split_heads(b, value, widths, false);
    let scored = scores(b, query, key, widths);
    let x = attend(b, scored, value);
    let x = merge_heads(b, x, widths);
    b.linear("out", x, widths.hidden)
}

/// Attention inside windows of 7 × 7 with a bias for each pair of positions (Liu et al. 2021, arXiv:2103.14030).
pub(super) fn windows(s: &mut Sections) {
    const SIDE: i64 = 7;
    for (extent, hidden, heads) in [(56, 80, 2), (28, 160, 5), (14, 352, 11), (7, 704, 22)] {
        let (count, area, head) = (extent / SIDE, SIDE * SIDE, hidden / heads);
        s.section(&[extent, extent, hidden], |b, input| {
            let x = b.layer_norm("norm", input);
            let x = b.reshape(x, &[-1, count, SIDE, count, SIDE, hidden]);
            let x = b.transpose(x, &[0, 1, 3, 2, 4, 5]);
            let x = b.reshape(x, &[-1, area, hidden]);
            let x = b.linear("qkv", x, 3 * hidden);
            let x = b.reshape(x, &[-1, area, 3, heads, head]);
            let x = b.transpose(x, &[2, 0, 3, 1, 4]);
            let [query, key, value] = [0, 1, 2].map(|part| {
                let part = b.int(part);
                b.gather(x, part, 0)
            });
            let root = b.number(1.0 / (head as f64).sqrt());
            let query = b.function("Mul", &[query, root]);
            let key = b.transpose(key, &[0, 1, 3, 2]);
            let scored = b.apply(MatMul::PLAIN, &[query, key]);
            let bias = b.weight("bias", &[1, heads, area, area]);
            let scored = b.function("Add", &[scored, bias]);
            let x = attend(b, scored, value);
            let x = b.transpose(x, &[0, 2, 1, 3]);
            let x = b.reshape(x, &[-1, area, hidden]);
            let x = b.linear("out", x, hidden);
            let x = b.reshape(x, &[-1, count, count, SIDE, SIDE, hidden]);
            let x = b.transpose(x, &[0, 1, 3, 2, 4, 5]);
            let x = b.reshape(x, &[-1, extent, extent, hidden]);
            let x = b.function("Add", &[x, input]);
            let y = b.layer_norm("norm2", x);
            let y = b.linear("up", y, 4 * hidden);
            let y = gelu(b, y);
            let y = b.linear("down", y, hidden);
            b.function("Add", &[x, y])
        });
    }
}
