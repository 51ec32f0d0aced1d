//! Attention, with and without the projections before it.
//!
//! Multiply-accumulates are those of the two products, Q·Kᵀ over the head extent and scores·V over the keys:
//! batch · heads · queries · keys · (extent of keys + extent of values). Masks, causal ones and windows too,
//! do not reduce the count: the dense convention of the field. Heads that share keys and values cost as much
//! as heads that do not. Scaling, masks that are added, soft caps and the softmax are other operations.

mod decoder;
mod flex;
mod gated_bias;
mod inputs;
mod linear;
mod ordered;
mod packed;
mod plain;
mod projected;
mod rotary;

use weigh_ir::{DType, Expr, Operands, Shape, Stop};

pub use decoder::DecoderAttention;
pub use flex::FlexAttention;
pub use gated_bias::GatedPositionBias;
pub use inputs::AttentionInputs;
pub use linear::{CausalConv, LinearAttention, UpdateRule};
pub use ordered::OrderedAttention;
pub use packed::{PackedAttention, PackedForm};
pub use plain::Attention;
pub use projected::ProjectedAttention;
pub use rotary::{RotaryEmbedding, RotaryPair};

/// Subtract the largest, exp, sum, divide.
const SOFTMAX: i64 = 4;
/// Two products and a sum, for every element that is rotated.
const ROTATION: i64 = 3;
/// cap·tanh(score / cap).
const SOFT_CAP: i64 = 3;

/// How Q, K or V splits into heads: batch, heads, steps, extent of a head.
struct Heads {
    pub batch: Expr,
    pub heads: Expr,
    pub steps: Expr,
    pub head: Expr,
}

/// The extent of one of `parts` equal parts.
fn part(whole: &Expr, parts: &Expr) -> Result<Expr, Stop> {
    match (whole, parts) {
        (_, Expr::Int(..=0)) => Err(Stop::contradiction(format!("attention with {parts} heads"))),
        (Expr::Int(whole), Expr::Int(parts)) if whole % parts != 0 => {
            Err(Stop::contradiction(format!("{whole} elements do not split into {parts} heads")))
        }
        _ => Ok(whole.exact_div(parts).unwrap_or_else(|| whole.floor_div(parts))),
    }
}

/// Splits `[batch, steps, heads · head]` or `[batch, heads, steps, head]`.
fn split(shape: &Shape, heads: Option<i64>) -> Result<Heads, Stop> {
    match (shape.dims(), heads) {
        ([batch, heads, steps, head], _) => {
            Ok(Heads { batch: batch.clone(), heads: heads.clone(), steps: steps.clone(), head: head.clone() })
        }
        ([batch, steps, hidden], Some(heads)) => {
            let heads = Expr::Int(heads);
            let head = part(hidden, &heads)?;
            Ok(Heads { batch: batch.clone(), heads, steps: steps.clone(), head })
        }
        ([_, _, _], None) => Err(Stop::Unknown("the number of heads is unknown")),
        _ => Err(Stop::contradiction(format!("attention takes tensors of rank 3 or 4, not {shape}"))),
    }
}

/// The extents of Q, K and V that merged weights make: as they are given, or a third each.
fn projections(weights: &Shape, sizes: Option<[i64; 3]>) -> Result<[Expr; 3], Stop> {
    if let Some(sizes) = sizes {
        return Ok(sizes.map(Expr::Int));
    }
    let (merged, three) = (weights.dim(1)?, Expr::Int(3));
    let third = merged.exact_div(&three).unwrap_or_else(|| merged.floor_div(&three));
    Ok([third.clone(), third.clone(), third])
}

/// Whether an input is there and is added, not used to select.
fn adds(node: &Operands<'_>, index: usize) -> bool {
    node.has_input(index) && node.dtype(index) != Some(DType::Bool)
}

/// The one element of an input.
fn scalar(node: &Operands<'_>, index: usize) -> Result<Expr, Stop> {
    let elements = node.value(index).and_then(|value| value.as_exprs());
    let first = elements.and_then(|elements| elements.first()).cloned();
    first.ok_or(Stop::Unknown("the number of keys is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_that_do_not_divide_are_a_contradiction() {
        assert!(part(&Expr::Int(10), &Expr::Int(3)).is_err());
    }
}
