//! Operators whose output is the input's data seen with another shape: nothing moves, nothing is computed.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType, resolve_axis, single,
};

use crate::parameter::Ints;

/// How the new shape follows from the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The same shape. ONNX `Identity`.
    Identity,
    /// The same shape, the bits read as another element type of the same width. ONNX `BitCast`.
    BitCast {
        /// The element type.
        to: DType,
    },
    /// A prescribed shape; 0 keeps an extent (unless `zero_is_empty`), −1 takes what is left. ONNX `Reshape`.
    Reshape {
        /// The prescribed extents.
        shape: Ints,
        /// Whether 0 means an empty extent instead.
        zero_is_empty: bool,
    },
    /// A matrix: extents before the axis, extents from it on. ONNX `Flatten`.
    Flatten {
        /// Where to cut.
        axis: i64,
    },
    /// Extents of 1 vanish: those at these axes, or all. ONNX `Squeeze`.
    Squeeze {
        /// The axes; none means every extent of 1.
        axes: Ints,
    },
    /// Extents of 1 appear at these axes of the output. ONNX `Unsqueeze`.
    Unsqueeze {
        /// The axes.
        axes: Ints,
    },
}

impl View {
    fn shape(&self, node: &Inference<'_>) -> Result<Shape, Stop> {
        let input = node.input(0)?;
        match self {
            View::Identity | View::BitCast { .. } => Ok(input.clone()),
            View::Reshape { shape, zero_is_empty } => reshape(input, &target(shape, node)?, *zero_is_empty),
            View::Flatten { axis } => {
                // Unlike elsewhere, the axis may be the rank: then all extents come before it.
                let axis = if *axis == input.rank() as i64 { input.rank() } else { input.axis(*axis)? };
                let (before, after) = input.dims().split_at(axis);
                Ok(Shape::new([before.iter().product(), after.iter().product()]))
            }
            View::Squeeze { axes } => squeeze(input, axes.read_optional(node)?),
            View::Unsqueeze { axes } => unsqueeze(input, &axes.read(node)?),
        }
    }
}

/// The prescribed extents, which may be formulas where they were computed from shapes.
fn target(shape: &Ints, node: &Inference<'_>) -> Result<Vec<Expr>, Stop> {
    match shape {
        Ints::Fixed(dims) => Ok(dims.iter().map(|dim| Expr::Int(*dim)).collect()),
        Ints::Input(index) => match node.value(*index).and_then(|value| value.as_exprs()) {
            Some(dims) => Ok(dims.to_vec()),
            None => match node.input(*index)?.as_ints().as_deref() {
                // The rank is known even where the extents are not.
                Some([rank]) => {
                    let rank = usize::try_from(*rank).unwrap_or(0).min(64);
                    Ok((0..rank).map(|axis| node.unknown_dim(0, axis)).collect())
                }
                _ => Err(Stop::Unknown("the target shape is not known")),
            },
        },
    }
}

fn reshape(input: &Shape, target: &[Expr], zero_is_empty: bool) -> Result<Shape, Stop> {
    let mut dims: Vec<Expr> = Vec::with_capacity(target.len());
    let mut inferred = None;
    for (axis, dim) in target.iter().enumerate() {
        dims.push(match dim.as_int() {
            Some(-1) if inferred.is_some() => return Err(Stop::contradiction("more than one extent of -1")),
            Some(-1) => {
                inferred = Some(axis);
                Expr::ONE
            }
            Some(0) if !zero_is_empty => match input.dims().get(axis) {
                Some(kept) => kept.clone(),
                None => return Err(Stop::contradiction(format!("extent {axis} of {input} does not exist"))),
            },
            Some(negative) if negative < 0 => {
                return Err(Stop::contradiction(format!("an extent of {negative}")));
            }
            _ => dim.clone(),
        });
    }
    let (all, known) = (input.elements(), dims.iter().product::<Expr>());
    match inferred {
        Some(axis) => {
            // Equal extents cancel even where the quotient is no polynomial.
            dims[axis] = if known == Expr::ZERO { Expr::ZERO } else { all.floor_div(&known) };
            if let (Some(all), Some(known)) = (all.as_int(), known.as_int())
                && known != 0
                && all % known != 0
            {
                return Err(Stop::contradiction(format!("{all} elements do not reshape to {target:?}")));
            }
        }
        None => {
            if let (Some(all), Some(wanted)) = (all.as_int(), known.as_int())
                && all != wanted
            {
                return Err(Stop::contradiction(format!("{input} does not reshape to {target:?}")));
            }
        }
    }
    Ok(Shape::new(dims))
}

fn squeeze(input: &Shape, axes: Option<Vec<i64>>) -> Result<Shape, Stop> {
    let axes = axes.filter(|axes| !axes.is_empty());
    let mut gone = vec![false; input.rank()];
    match axes {
        None => {
            for (axis, dim) in input.dims().iter().enumerate() {
                gone[axis] = *dim == Expr::ONE;
            }
        }
        Some(axes) => {
            for axis in axes {
                let axis = input.axis(axis)?;
                if input[axis].as_int().is_some_and(|dim| dim != 1) {
                    return Err(Stop::contradiction(format!("axis {axis} of {input} is not 1")));
                }
                gone[axis] = true;
            }
        }
    }
    Ok(Shape::new(input.dims().iter().zip(gone).filter(|(_, gone)| !gone).map(|(dim, _)| dim.clone())))
}

fn unsqueeze(input: &Shape, axes: &[i64]) -> Result<Shape, Stop> {
    let rank = input.rank() + axes.len();
    let mut new = vec![false; rank];
    for axis in axes {
        let axis = resolve_axis(*axis, rank)?;
        if std::mem::replace(&mut new[axis], true) {
            return Err(Stop::contradiction(format!("axis {axis} is named twice")));
        }
    }
    let mut old = input.dims().iter();
    Ok(Shape::new(
        new.into_iter().map(|new| if new { Expr::ONE } else { old.next().cloned().unwrap_or(Expr::ONE) }),
    ))
}

/// What the elements become is not followed.
fn bit_cast(node: &Inference<'_>, to: DType) -> Result<TensorType, Stop> {
    match node.dtype(0) {
        Some(from) if from.bits() != to.bits() => {
            Err(Stop::contradiction(format!("the bits of {from} are no {to}")))
        }
        _ => Ok(TensorType::new(Some(to), node.input(0)?.clone())),
    }
}

impl Operator for View {
    fn name(&self) -> &str {
        match self {
            View::Identity => "Identity",
            View::BitCast { .. } => "BitCast",
            View::Reshape { .. } => "Reshape",
            View::Flatten { .. } => "Flatten",
            View::Squeeze { .. } => "Squeeze",
            View::Unsqueeze { .. } => "Unsqueeze",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match self {
            View::BitCast { to } => format!("to {to}"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        if let (View::Identity, Some(Some(input))) = (self, node.inputs.first()) {
            return Ok(single((*input).clone()));
        }
        if let View::BitCast { to } = self {
            return bit_cast(node, *to).map(single);
        }
        let shape = self.shape(node)?;
        Ok(single(TensorType::new(node.dtype(0), shape).with_value(node.value(0).cloned())))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::view()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        match self {
            View::BitCast { .. } => Ok(Backward::none()),
            _ => Ok(Backward::view()),
        }
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, ints, output, shape};
    use weigh_ir::NoBodies;

    #[test]
    fn reshape_rules() {
        let op = View::Reshape { shape: Ints::Input(1), zero_is_empty: false };
        assert_eq!(output(&op, &[shape(&[2, 3, 4]), ints(&[0, -1])]), Shape::of(&[2, 12]));
        assert!(reshape(&Shape::of(&[2, 3]), &[Expr::Int(4), Expr::Int(-1)], false).is_err());
    }

    #[test]
    fn what_is_left_stays_symbolic() {
        let (batch, seq) = (Expr::symbol("batch"), Expr::symbol("seq"));
        let hidden =
            TensorType::new(Some(DType::F32), Shape::new([batch.clone(), seq.clone(), Expr::Int(768)]));
        let op = View::Reshape { shape: Ints::Fixed(vec![0, 0, 12, -1]), zero_is_empty: false };
        assert_eq!(output(&op, &[hidden]), Shape::new([batch, seq, Expr::Int(12), Expr::Int(64)]));
    }

    #[test]
    fn squeeze_and_unsqueeze() {
        let unsqueeze = View::Unsqueeze { axes: Ints::Fixed(vec![0, -1]) };
        assert_eq!(output(&unsqueeze, &[shape(&[5])]), Shape::of(&[1, 5, 1]));
        let squeeze = View::Squeeze { axes: Ints::Fixed(vec![]) };
        assert_eq!(output(&squeeze, &[shape(&[1, 5, 1])]), Shape::of(&[5]));
        let flatten = View::Flatten { axis: 1 };
        assert_eq!(output(&flatten, &[shape(&[2, 256, 6, 6])]), Shape::of(&[2, 9216]));
    }

    #[test]
    fn bits_keep_their_width() {
        let op = View::BitCast { to: DType::I32 };
        assert_eq!(infer(&op, &[shape(&[2, 3])])[0], TensorType::new(Some(DType::I32), Shape::of(&[2, 3])));
        let wide = ints(&[1]);
        let mut node =
            Inference { inputs: &[Some(&wide)], output_count: 1, symbol_stem: "", bodies: &mut NoBodies };
        assert!(op.infer(&mut node).is_err());
    }
}
