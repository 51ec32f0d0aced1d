//! Settings that some versions of an operator take as attributes and others as inputs.

use weigh_ir::{Expr, Inference, Operands, Stop};

/// A list of integers: fixed by the file, or an input of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ints {
    /// Fixed.
    Fixed(Vec<i64>),
    /// The elements of this input.
    Input(usize),
}

impl Ints {
    /// The integers, where they are known.
    pub fn read(&self, node: &Inference<'_>) -> Result<Vec<i64>, Stop> {
        match self {
            Ints::Fixed(values) => Ok(values.clone()),
            Ints::Input(index) => node.ints(*index),
        }
    }

    /// The integers, or `None` where they are an input that is left out.
    pub fn read_optional(&self, node: &Inference<'_>) -> Result<Option<Vec<i64>>, Stop> {
        match self {
            Ints::Input(index) if !node.has_input(*index) => Ok(None),
            _ => self.read(node).map(Some),
        }
    }

    /// The integers or formulas, where they are known.
    pub(crate) fn exprs(&self, node: &Inference<'_>) -> Option<Vec<Expr>> {
        match self {
            Ints::Fixed(values) => Some(values.iter().map(|value| Expr::Int(*value)).collect()),
            Ints::Input(index) => node.value(*index)?.as_exprs().map(<[Expr]>::to_vec),
        }
    }
}

/// The first element of an input that holds integers, where it is known: the one of a scalar.
pub(crate) fn first(node: &Operands<'_>, index: usize) -> Option<Expr> {
    node.value(index)?.as_exprs()?.first().cloned()
}
