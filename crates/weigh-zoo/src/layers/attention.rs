//! Multi-head attention.

use weigh_ir::{Model, TensorId};
use weigh_ops::MatMul;

use super::{Layer, LayerError, Setting, divides, extent, positive};
use crate::builder::Builder;
use crate::transformer::attend;

/// Multi-head attention with its projections, in the plain operators that exporters write.
#[derive(Clone, Copy, Debug)]
pub struct SelfAttention {
    /// Width of the model.
    pub dim: i64,
    /// Heads of the queries.
    pub heads: i64,
    /// Heads of keys and values, each shared by as many of the queries' as there are more of these.
    pub kv_heads: i64,
    /// How many queries.
    pub seq: i64,
    /// How many keys and values, where they come from another sequence.
    pub kv_seq: Option<i64>,
}

impl SelfAttention {
    fn keys(&self) -> i64 {
        self.kv_seq.unwrap_or(self.seq)
    }

    /// Splits the last axis into heads and moves them before the steps, or keeps steps last with `exchanged`.
    fn split(b: &mut Builder, x: TensorId, heads: &[i64], head: i64, exchanged: bool) -> TensorId {
        let shape: Vec<i64> = [&[0, 0], heads, &[head]].concat();
        let x = b.reshape(x, &shape);
        let last = shape.len() as i64 - 1;
        let tail = if exchanged { [last, 1] } else { [1, last] };
        let order: Vec<i64> = std::iter::once(0).chain(2..last).chain(tail).collect();
        b.transpose(x, &order)
    }

    /// The inverse of [`SelfAttention::split`].
    fn merge(b: &mut Builder, x: TensorId, axes_of_heads: i64, width: i64) -> TensorId {
        let steps = 1 + axes_of_heads;
        let order: Vec<i64> = [0, steps].into_iter().chain(1..steps).chain([steps + 1]).collect();
        let x = b.transpose(x, &order);
        b.reshape(x, &[0, 0, width])
    }
}

impl Layer for SelfAttention {
    fn title(&self) -> String {
        let shared =
            if self.kv_heads == self.heads { String::new() } else { format!(" on {}", self.kv_heads) };
        format!("attention {} in {} heads{shared}", self.dim, self.heads)
    }

    fn formula(&self, batch: i64) -> String {
        let (s, t, d) = (self.seq, self.keys(), self.dim);
        let before = |letter: &str, number: i64| match batch {
            1 => (letter.to_owned(), number.to_string()),
            _ => (format!("{letter}·N"), format!("{number}·{batch}")),
        };
        let ((two, two_in_numbers), (four, four_in_numbers)) = (before("2", 2), before("4", 4));
        if self.kv_heads == self.heads && self.kv_seq.is_none() {
            return format!(
                "{four}·s·d² + {two}·s²·d = {four_in_numbers}·{s}·{d}² + {two_in_numbers}·{s}²·{d}"
            );
        }
        let kv = (d / self.heads.max(1)).saturating_mul(self.kv_heads);
        format!(
            "{two}·s·d² + {two}·t·d·dk + {two}·s·t·d \
             = {two_in_numbers}·{s}·{d}² + {two_in_numbers}·{t}·{d}·{kv} + {two_in_numbers}·{s}·{t}·{d}"
        )
    }

    fn build(&self, setting: &Setting) -> Result<Model, LayerError> {
        let SelfAttention { dim, heads, kv_heads, seq, .. } = *self;
        let extents = [("a width", dim), ("a number of heads", heads), ("a number of heads", kv_heads)];
        positive(&extents)?;
        positive(&[("a number of steps", seq), ("a number of steps", self.keys())])?;
        let head = divides("elements of width", dim, "heads", heads)?;
        let sharing = divides("heads", heads, "heads of keys and values", kv_heads)?;
        let kv = extent("the width of the keys", head, kv_heads)?;
        let mut b = setting.builder("attention")?;
        let x = setting.input(&mut b, "input", &[setting.batch, seq, dim]);
        let source = match self.kv_seq {
            Some(keys) => setting.input(&mut b, "source", &[setting.batch, keys, dim]),
            None => x,
        };
        let query = setting.dense(&mut b, "query", x, dim, dim)?;
        let key = setting.dense(&mut b, "key", source, dim, kv)?;
        let value = setting.dense(&mut b, "value", source, dim, kv)?;
        // Keys and values that queries share have an axis of one where the queries have one of several.
        let (of_queries, of_keys) = match sharing {
            1 => (vec![heads], vec![heads]),
            _ => (vec![kv_heads, sharing], vec![kv_heads, 1]),
        };
        let merged = b.scoped("products", |b| {
            let query = SelfAttention::split(b, query, &of_queries, head, false);
            let key = SelfAttention::split(b, key, &of_keys, head, true);
            let value = SelfAttention::split(b, value, &of_keys, head, false);
            let scores = b.apply(MatMul::PLAIN, &[query, key]);
            let root = b.number((head as f64).sqrt());
            let scores = b.function("Div", &[scores, root]);
            let attended = attend(b, scores, value);
            SelfAttention::merge(b, attended, of_queries.len() as i64, dim)
        });
        let y = setting.dense(&mut b, "output", merged, dim, dim)?;
        Ok(b.finish([("output", y)]))
    }
}
