//! Operators that make tensors from attributes, shapes, conditions or chance.

mod constant;
mod expand;
mod generated;
mod query;
mod random;
mod selection;

use weigh_ir::{Expr, Inference, Stop};

pub use constant::Constant;
pub use expand::{Expand, Triangle};
pub use generated::Generated;
pub use query::Query;
pub use random::{Distribution, Dropout, Random};
pub use selection::Selection;

/// The extents that an input holds as its elements; fresh symbols where only their number is known.
pub(crate) fn extents_in(node: &Inference<'_>, index: usize) -> Result<Vec<Expr>, Stop> {
    if let Some(dims) = node.value(index).and_then(|value| value.as_exprs()) {
        return match dims.iter().find(|dim| dim.as_int().is_some_and(|dim| dim < 0)) {
            Some(negative) => Err(Stop::contradiction(format!("an extent of {negative}"))),
            None => Ok(dims.to_vec()),
        };
    }
    match node.input(index)?.as_ints().as_deref() {
        Some([rank]) => {
            let rank = usize::try_from(*rank).unwrap_or(0).min(64);
            Ok((0..rank).map(|axis| node.unknown_dim(0, axis)).collect())
        }
        _ => Err(Stop::Unknown("a shape depends on values that are not known")),
    }
}
