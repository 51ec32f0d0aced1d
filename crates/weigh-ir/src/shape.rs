//! Shapes of known rank, and the shape arithmetic that many operators share.

use std::fmt;
use std::ops::Index;

use smallvec::SmallVec;

use crate::{Expr, Stop};

/// The extents of a tensor whose rank is known. Each extent is a symbolic integer.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(pub SmallVec<[Expr; 4]>);

impl Shape {
    /// The shape of a scalar.
    pub fn scalar() -> Shape {
        Shape::default()
    }

    /// A shape of these extents.
    pub fn new(dims: impl IntoIterator<Item = Expr>) -> Shape {
        Shape(dims.into_iter().collect())
    }

    /// A shape of plain extents.
    pub fn of(dims: &[i64]) -> Shape {
        Shape(dims.iter().map(|dim| Expr::Int(*dim)).collect())
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The extents.
    pub fn dims(&self) -> &[Expr] {
        &self.0
    }

    /// The number of elements: the product of the extents.
    pub fn elements(&self) -> Expr {
        self.0.iter().product()
    }

    /// The extents as plain integers, where all are.
    pub fn as_ints(&self) -> Option<Vec<i64>> {
        self.0.iter().map(Expr::as_int).collect()
    }

    /// `axis` counted from the front; a negative axis counts from the end.
    pub fn axis(&self, axis: i64) -> Result<usize, Stop> {
        resolve_axis(axis, self.rank())
    }

    /// The extent of an axis, which may count from the end.
    pub fn dim(&self, axis: i64) -> Result<&Expr, Stop> {
        Ok(&self.0[self.axis(axis)?])
    }

    /// The shape with one extent replaced.
    pub fn with(&self, axis: usize, dim: Expr) -> Shape {
        let mut shape = self.clone();
        shape.0[axis] = dim;
        shape
    }

    /// The shape of an elementwise operator over both (ONNX "multidirectional broadcasting", as NumPy).
    ///
    /// Where neither extent is known to be 1, the result is the larger: right whatever the symbols turn
    /// out to be, since valid extents are equal or one of them is 1.
    pub fn broadcast(&self, other: &Shape) -> Result<Shape, Stop> {
        let rank = self.rank().max(other.rank());
        let from_end = |shape: &Shape, at: usize| {
            let missing = rank - shape.rank();
            if at < missing { Expr::ONE } else { shape.0[at - missing].clone() }
        };
        (0..rank)
            .map(|at| broadcast_dims(&from_end(self, at), &from_end(other, at)))
            .collect::<Result<_, _>>()
            .map(Shape)
            .map_err(|_| Stop::contradiction(format!("{self} and {other} do not broadcast")))
    }
}

/// The extent that two extents broadcast to.
pub fn broadcast_dims(a: &Expr, b: &Expr) -> Result<Expr, Stop> {
    match (a, b) {
        _ if a == b => Ok(a.clone()),
        (Expr::Int(1), other) | (other, Expr::Int(1)) => Ok(other.clone()),
        (Expr::Int(x), Expr::Int(y)) => Err(Stop::contradiction(format!("{x} and {y} do not broadcast"))),
        // A fixed extent above 1 can only meet itself or 1.
        (Expr::Int(fixed), _) | (_, Expr::Int(fixed)) => Ok(Expr::Int(*fixed)),
        _ => Ok(a.larger(b)),
    }
}

/// The axis as an index below `rank`; negative axes count from the end.
pub fn resolve_axis(axis: i64, rank: usize) -> Result<usize, Stop> {
    let signed_rank = rank as i64;
    let resolved = if axis < 0 { axis.saturating_add(signed_rank) } else { axis };
    match (0..signed_rank).contains(&resolved) {
        true => Ok(resolved as usize),
        false => Err(Stop::contradiction(format!("axis {axis} is outside a tensor of rank {rank}"))),
    }
}

impl Index<usize> for Shape {
    type Output = Expr;

    fn index(&self, axis: usize) -> &Expr {
        &self.0[axis]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, dim) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting() {
        let batch = Expr::symbol("batch");
        let images = Shape::new([batch.clone(), Expr::Int(64), Expr::Int(7), Expr::Int(7)]);
        assert_eq!(images.broadcast(&Shape::of(&[64, 1, 1])), Ok(images.clone()));
        assert!(Shape::of(&[2, 3]).broadcast(&Shape::of(&[4, 3])).is_err());
        let other = Expr::symbol("other");
        assert_eq!(broadcast_dims(&batch, &other), Ok(batch.larger(&other)));
        assert_eq!(broadcast_dims(&batch, &Expr::Int(8)), Ok(Expr::Int(8)));
    }
}
