//! Operators that only move elements, each by itself.

use weigh_ir::{DType, TensorId};
use weigh_ops::{Cast, Expand, Ints, Movement, Split};

use super::Sections;
use crate::builder::Builder;

pub(super) fn movement(s: &mut Sections) {
    for (channels, extent) in [(16, 8), (64, 28), (96, 56), (128, 80)] {
        let dims = [channels, extent, extent];
        s.reduced(&dims, |b, x| {
            let x = b.function("Abs", &[x]);
            let orders = [[0, 2, 3, 1], [0, 1, 3, 2], [0, 2, 1, 3], [0, 3, 1, 2]];
            orders.iter().map(|order| b.transpose(x, order)).collect()
        });
        s.reduced(&dims, |b, x| {
            let x = b.function("Abs", &[x]);
            let other = b.function("Neg", &[x]);
            let mut made = Vec::new();
            for (axis, length) in [(1, channels), (3, extent)] {
                made.push(b.concat(&[x, other], axis));
                made.push(slice(b, x, axis, extent.min(channels) / 2));
                let halves = Ints::Fixed(vec![length / 2; 2]);
                made.extend(b.apply_many(Split { axis, sizes: halves }, &[x], 2));
            }
            made
        });
        s.reduced(&dims, |b, x| {
            let x = b.function("Abs", &[x]);
            let index = b.ints(&[3, 1, 0, 2]);
            let found = b.gather(x, index, 1);
            let half = b.apply(Cast { to: Some(DType::F16) }, &[x]);
            let whole = b.apply(Cast { to: Some(DType::F32) }, &[half]);
            let deep = b.apply(Movement::SpaceToDepth { block: 2 }, &[x]);
            vec![found, whole, deep, b.apply(Movement::DepthToSpace { block: 2 }, &[x])]
        });
        s.reduced(&[channels, 1, extent], |b, x| {
            let shape = b.ints(&[1, channels, extent, extent]);
            vec![b.apply(Expand { shape: Ints::Input(1) }, &[x, shape])]
        });
    }
    // Rows of tables, taken for the tokens of a text.
    for (rows, width, length) in [(1000, 128, 32), (20_000, 384, 128), (8_000, 768, 256)] {
        s.reduced(&[length], |b, x| {
            let table = b.weight("table", &[rows, width]);
            let tokens = b.apply(Cast { to: Some(DType::I64) }, &[x]);
            vec![b.gather(table, tokens, 0)]
        });
    }
}

fn slice(b: &mut Builder, x: TensorId, axis: i64, count: i64) -> TensorId {
    let lists = [vec![1], vec![count.max(2)], vec![axis], vec![1]].map(|list| b.ints(&list));
    let [starts, ends, axes, steps] = [1, 2, 3, 4].map(Ints::Input);
    let [a, c, d, e] = lists;
    b.apply(Movement::Slice { starts, ends, axes, steps }, &[x, a, c, d, e])
}
