//! What transformers are made of, in the plain operators that exporters write.

use weigh_ir::{DType, TensorId};
use weigh_ops::{Generated, MatMul, Query};

use crate::builder::Builder;

/// The widths of a transformer.
#[derive(Clone, Copy)]
pub(crate) struct Widths {
    pub hidden: i64,
    pub heads: i64,
    pub feed_forward: i64,
}

impl Widths {
    /// Those of all "base" models here.
    pub const BASE: Widths = Widths { hidden: 768, heads: 12, feed_forward: 3072 };

    pub fn head(self) -> i64 {
        self.hidden / self.heads
    }
}

/// [batch, seq, hidden] to [batch, heads, seq, head], or with the last two exchanged.
pub(crate) fn split_heads(b: &mut Builder, x: TensorId, widths: Widths, exchanged: bool) -> TensorId {
    let x = b.reshape(x, &[0, 0, widths.heads, widths.head()]);
    b.transpose(x, if exchanged { &[0, 2, 3, 1] } else { &[0, 2, 1, 3] })
}

/// [batch, heads, seq, head] to [batch, seq, hidden].
pub(crate) fn merge_heads(b: &mut Builder, x: TensorId, widths: Widths) -> TensorId {
    let x = b.transpose(x, &[0, 2, 1, 3]);
    b.reshape(x, &[0, 0, widths.hidden])
}

/// How much each query attends to each key (stored exchanged), before softmax.
pub(crate) fn scores(b: &mut Builder, query: TensorId, key: TensorId, widths: Widths) -> TensorId {
    let product = b.apply(MatMul::PLAIN, &[query, key]);
    let root = b.number((widths.head() as f64).sqrt());
    b.function("Div", &[product, root])
}

/// Softmax of the scores, and the values they select.
pub(crate) fn attend(b: &mut Builder, scores: TensorId, value: TensorId) -> TensorId {
    let weights = b.softmax(scores);
    b.apply(MatMul::PLAIN, &[weights, value])
}

/// x·(1 + erf(x/√2))/2.
pub(crate) fn gelu(b: &mut Builder, x: TensorId) -> TensorId {
    let (root, one, half) = (b.number(std::f64::consts::SQRT_2), b.number(1.0), b.number(0.5));
    let scaled = b.function("Div", &[x, root]);
    let erf = b.function("Erf", &[scaled]);
    let sum = b.function("Add", &[erf, one]);
    let product = b.function("Mul", &[x, sum]);
    b.function("Mul", &[product, half])
}

/// x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2.
pub(crate) fn gelu_by_tanh(b: &mut Builder, x: TensorId) -> TensorId {
    let (three, one, half) = (b.number(3.0), b.number(1.0), b.number(0.5));
    let (factor, root) = (b.number(0.044715), b.number((2.0 / std::f64::consts::PI).sqrt()));
    let cube = b.function("Pow", &[x, three]);
    let term = b.function("Mul", &[cube, factor]);
    let sum = b.function("Add", &[x, term]);
    let scaled = b.function("Mul", &[sum, root]);
    let tanh = b.function("Tanh", &[scaled]);
    let sum = b.function("Add", &[tanh, one]);
    let halved = b.function("Mul", &[x, half]);
    b.function("Mul", &[halved, sum])
}

/// An extent of a tensor, as a single integer of the graph.
pub(crate) fn extent_of(b: &mut Builder, x: TensorId, axis: i64) -> TensorId {
    let shape = b.apply(Query::Shape { start: 0, end: None }, &[x]);
    let axis = b.int(axis);
    b.gather(shape, axis, 0)
}

/// 0, 1, 2, ... below a single integer of the graph.
pub(crate) fn positions(b: &mut Builder, length: TensorId) -> TensorId {
    let (zero, one) = (b.int(0), b.int(1));
    b.apply(Generated::Range, &[zero, length, one])
}

/// The lowest number of the type that scores are in: what is masked out.
pub(crate) const LOWEST: f64 = f32::MIN as f64;

/// An input of token numbers (or their like).
pub(crate) fn tokens(b: &mut Builder, name: &str, length: weigh_ir::Expr) -> TensorId {
    let batch = b.batch();
    b.input(name, DType::I64, [batch, length])
}
