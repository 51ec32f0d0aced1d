//! Control flow: graphs inside nodes, run by a condition, a number of times, or along an axis.
//!
//! The bodies' own nodes do the work: what a run of a body costs is given, and counted as often as it runs.

mod branch;
mod loop_;
mod scan;
mod search;
#[cfg(test)]
pub(crate) mod testing;

use weigh_ir::{Cost, Expr, Inference, Operands, Shape, Stop, TensorType, Value, resolve_axis};

use crate::sequence::merge;

pub use branch::If;
pub use loop_::Loop;
pub use scan::Scan;
pub use search::Search;

/// How often a body is inferred until the types it carries along stay the same.
const ROUNDS: usize = 4;

/// Whether a boolean scalar is known to be true or false.
fn truth(value: Option<&Value>) -> Option<bool> {
    value?.as_exprs()?.first()?.as_int().map(|value| value != 0)
}

/// The cost of one run of a body.
pub(crate) fn body(node: &Operands<'_>, index: usize) -> Result<Cost, Stop> {
    node.bodies.get(index).cloned().unwrap_or(Err(Stop::Unknown("what a body costs is unknown")))
}

/// A type without its elements, which the next round may change.
fn without_value(typed: &TensorType) -> TensorType {
    TensorType { value: None, ..typed.clone() }
}

/// Infers body 0 with carried types that may change from round to round, until they no longer do: the stable
/// types, and all outputs of the body. `before` and `after` are the body's inputs around the carried ones,
/// `skip` is how many of its outputs come before them.
fn stable(
    node: &mut Inference<'_>,
    initial: Vec<TensorType>,
    before: &[TensorType],
    after: &[TensorType],
    skip: usize,
) -> Result<(Vec<TensorType>, Vec<TensorType>), Stop> {
    let mut carried: Vec<TensorType> = initial.iter().map(without_value).collect();
    for round in 0..ROUNDS + 2 {
        let inputs = before.iter().chain(&carried).chain(after).cloned().collect();
        let outputs = node.bodies.infer(0, inputs)?;
        if outputs.len() < skip + carried.len() {
            return Err(Stop::contradiction(format!(
                "a body carries {} tensors and returns {}",
                carried.len(),
                outputs.len()
            )));
        }
        let merged: Vec<TensorType> = carried
            .iter()
            .zip(&outputs[skip..])
            .enumerate()
            .map(|(index, (old, new))| merge(old, &without_value(new), &|axis| node.unknown_dim(index, axis)))
            .collect();
        if merged == carried {
            return Ok((carried, outputs));
        }
        carried = merged;
        if round >= ROUNDS {
            // Not even ranks settle: nothing is known but the element type.
            carried = carried.iter().map(|typed| TensorType::unknown(typed.dtype)).collect();
        }
    }
    Err(Stop::Unknown("the types that a loop carries do not settle"))
}

/// A type with an axis more, of this extent.
fn stacked(typed: &TensorType, axis: i64, extent: &Expr) -> Result<TensorType, Stop> {
    let Some(shape) = &typed.shape else { return Ok(TensorType::unknown(typed.dtype)) };
    let mut dims = shape.0.clone();
    dims.insert(resolve_axis(axis, shape.rank() + 1)?, extent.clone());
    Ok(TensorType::new(typed.dtype, Shape(dims)))
}
