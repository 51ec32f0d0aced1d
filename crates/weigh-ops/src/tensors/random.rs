//! Random tensors, and dropout.
//!
//! Drawing from a generator moves bits and is no arithmetic; what the definition does to the draw counts.

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType, single,
};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// mean + scale·z.
    Normal,
    /// low + (high − low)·u.
    Uniform,
    /// 1 with the probability that the input says: a comparison.
    Bernoulli,
    /// Indices drawn by the input's unnormalised logarithmic probabilities: exp and sum over the classes.
    Multinomial {
        /// How many for each row.
        samples: i64,
    },
}

/// A tensor of random numbers. ONNX `RandomNormal`, `RandomUniform` and their `Like` forms, `Bernoulli`,
/// `Multinomial`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    /// What is drawn.
    pub distribution: Distribution,
    /// The extents; `None` for those of the input.
    pub shape: Option<Vec<i64>>,
    /// The element type; `None` for that of the input.
    pub dtype: Option<DType>,
}

impl Operator for Random {
    fn name(&self) -> &str {
        match (self.distribution, &self.shape) {
            (Distribution::Normal, Some(_)) => "RandomNormal",
            (Distribution::Normal, None) => "RandomNormalLike",
            (Distribution::Uniform, Some(_)) => "RandomUniform",
            (Distribution::Uniform, None) => "RandomUniformLike",
            (Distribution::Bernoulli, _) => "Bernoulli",
            (Distribution::Multinomial { .. }, _) => "Multinomial",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match self.distribution {
            Distribution::Multinomial { samples } => format!("{samples} samples"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let shape = match (&self.shape, self.distribution) {
            (Some(dims), _) if dims.iter().any(|dim| *dim < 0) => {
                return Err(Stop::contradiction(format!("a tensor of the extents {dims:?}")));
            }
            (Some(dims), _) => Shape::of(dims),
            (None, Distribution::Multinomial { samples }) => {
                Shape::new([node.input(0)?.dim(0)?.clone(), Expr::Int(samples)])
            }
            (None, _) => node.input(0)?.clone(),
        };
        Ok(single(TensorType::new(self.dtype.or_else(|| node.dtype(0)), shape)))
    }

    /// Two operations shift and scale each normal or uniform draw.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(match self.distribution {
            Distribution::Normal | Distribution::Uniform => Cost::other(node.output(0)?.elements() * 2),
            Distribution::Bernoulli => Cost::FREE,
            Distribution::Multinomial { .. } => Cost::other(node.input(0)?.elements() * 2),
        })
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        match self.distribution {
            Distribution::Bernoulli => Memory::in_place([0]),
            _ => Memory::fresh(),
        }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}

/// Dropout: the input unchanged in inference; scaled and masked where the node says it trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropout;

impl Dropout {
    fn trains(node: &Operands<'_>) -> bool {
        let flag = node.value(2).and_then(|value| value.as_ints());
        flag.is_some_and(|flag| flag.first().is_some_and(|flag| *flag != 0))
    }
}

impl Operator for Dropout {
    fn name(&self) -> &str {
        "Dropout"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let shape = node.input(0)?.clone();
        let value = node.value(0).filter(|_| !Dropout::trains(&node.operands())).cloned();
        let mut outputs: Outputs = smallvec![TensorType::new(node.dtype(0), shape.clone()).with_value(value)];
        if node.output_count > 1 {
            outputs.push(TensorType::new(Some(DType::Bool), shape));
        }
        Ok(outputs)
    }

    /// Nothing in inference; scale·data·mask in training.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        match Dropout::trains(node) {
            true => Ok(Cost::other(node.input(0)?.elements() * 2)),
            false => Ok(Cost::FREE),
        }
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        if Dropout::trains(node) { Memory::in_place([0]) } else { Memory::view() }
    }

    /// Training draws a mask, whatever the node says of inference: a byte for each element.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let ratio = node.value(1).and_then(|value| value.as_floats()?.first().copied());
        if ratio == Some(0.0) {
            return Ok(Backward::view());
        }
        let elements = node.input(0)?.elements();
        let mask = Saved::extra("dropout mask", elements.clone(), DType::Bool);
        Ok(Backward::of(0, Cost::other(elements * 2), [mask]))
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, shape};

    #[test]
    fn shapes_and_prices() {
        let drawn = |distribution, dims: Option<Vec<i64>>, dtype| Random { distribution, shape: dims, dtype };
        let (normal, bernoulli) = (Distribution::Normal, Distribution::Bernoulli);
        let multinomial = Distribution::Multinomial { samples: 5 };
        let rows = [
            (drawn(normal, Some(vec![2, 3]), Some(DType::F16)), vec![], DType::F16, vec![2, 3], 12),
            (drawn(normal, None, None), vec![shape(&[4])], DType::F32, vec![4], 8),
            (drawn(bernoulli, None, None), vec![shape(&[4])], DType::F32, vec![4], 0),
            (drawn(multinomial, None, Some(DType::I32)), vec![shape(&[2, 7])], DType::I32, vec![2, 5], 28),
        ];
        for (op, inputs, dtype, dims, operations) in rows {
            assert_eq!(infer(&op, &inputs)[0], TensorType::new(Some(dtype), Shape::of(&dims)), "{op:?}");
            assert_eq!(cost(&op, &inputs), Cost::other(Expr::Int(operations)), "{op:?}");
        }
    }

    #[test]
    fn dropout_is_the_identity_in_inference() {
        let symbolic = Shape::new([Expr::symbol("batch"), Expr::Int(10)]);
        let inputs = [TensorType::new(Some(DType::F32), symbolic.clone())];
        let outputs = infer(&Dropout, &inputs);
        assert_eq!(outputs[0], inputs[0]);
        assert_eq!(outputs[1], TensorType::new(Some(DType::Bool), symbolic));
        assert_eq!(cost(&Dropout, &inputs), Cost::FREE);
    }
}
