//! Fused elementwise functions: the output has the shape of the first input, the other inputs are added to it,
//! multiply it, or hold what the function needs.
//!
//! Each is a row of [`POINTWISE`]. The arithmetic is that of the definition in ONNX Runtime's documentation of its
//! own operators, in the primitives that [`FUNCTIONS`](crate::FUNCTIONS) counts.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType, single,
};

/// One fused elementwise function.
#[derive(Debug, PartialEq, Eq)]
pub struct PointwiseFunction {
    /// The name, as in com.microsoft.
    pub name: &'static str,
    /// Arithmetic primitives for each element.
    pub operations: i64,
    /// Of every input after the first what it means, and how much arithmetic its presence adds.
    pub others: &'static [(Role, i64)],
    /// A second output, where there is one.
    pub mask: Option<Mask>,
}

/// What a dropout kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// A boolean for each element.
    Booleans,
    /// A bit for each element, in words of 32.
    Bits,
}

const fn row(name: &'static str, operations: i64, others: &'static [(Role, i64)]) -> PointwiseFunction {
    PointwiseFunction { name, operations, others, mask: None }
}

const fn dropout(name: &'static str, mask: Mask, others: &'static [(Role, i64)]) -> PointwiseFunction {
    PointwiseFunction { name, operations: 0, others, mask: Some(mask) }
}

use Role::{Constant, Operand, Parameter};

/// Every fused elementwise function.
pub const POINTWISE: &[PointwiseFunction] = &[
    row("FastGelu", 8, &[(Parameter, 1)]),
    row("BiasAdd", 0, &[(Parameter, 1), (Operand, 1)]),
    row("BiasSoftmax", 4, &[(Operand, 1)]),
    // x + y·gate.
    row("GatedAdd", 0, &[(Operand, 1), (Operand, 1)]),
    // Square, sum, multiply; scale; z·sigmoid(z) and the product with it.
    row("GatedRMSNorm", 3, &[(Parameter, 1), (Operand, 6)]),
    row("BranchwiseRMSNorm", 3, &[(Parameter, 1)]),
    // z = a·x; z·sigmoid(z).
    row("ScaledSiLU", 6, &[(Constant, 0)]),
    row("SampleOp", 0, &[]),
    dropout("BiasDropout", Mask::Booleans, &[(Parameter, 1), (Operand, 1), (Constant, 0), (Constant, 0)]),
    dropout("BitmaskDropout", Mask::Bits, &[(Constant, 0), (Constant, 0)]),
    dropout("BitmaskBiasDropout", Mask::Bits, &[(Parameter, 1), (Operand, 1), (Constant, 0), (Constant, 0)]),
];

/// A fused elementwise function as an operator. Dropout keeps everything: that is what it does in inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointwise(pub &'static PointwiseFunction);

impl Pointwise {
    /// The operator of this name, if there is such a function.
    pub fn named(name: &str) -> Option<Pointwise> {
        POINTWISE.iter().find(|function| function.name == name).map(Pointwise)
    }
}

impl Operator for Pointwise {
    fn name(&self) -> &str {
        self.0.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let mut outputs = single(TensorType::new(node.dtype(0), input.clone()));
        match self.0.mask {
            None => {}
            Some(Mask::Booleans) => outputs.push(TensorType::new(Some(DType::Bool), input.clone())),
            Some(Mask::Bits) => {
                let words = input.elements().ceil_div(&Expr::Int(32));
                outputs.push(TensorType::new(Some(DType::U32), Shape::new([words])));
            }
        }
        Ok(outputs)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let others = self.0.others.iter().zip(1..).filter(|(_, index)| node.has_input(*index));
        let per_element = self.0.operations + others.map(|((_, operations), _)| operations).sum::<i64>();
        Ok(Cost::other(node.input(0)?.elements() * per_element))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        let others = index.checked_sub(1).map(|other| self.0.others.get(other).map_or(Constant, |row| row.0));
        others.unwrap_or(Operand)
    }
}

/// An activation of one half of the last axis times the other half: `BiasSplitGelu` and `SwiGLU` of
/// com.microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Inputs: X, bias. (x + b) · gelu(z + d), x and z being the halves.
    SplitGelu,
    /// Inputs: gate, and the other half where it is not in there too. g·sigmoid(a·g)·(l + c).
    SwiGlu,
}

impl Operator for Gate {
    fn name(&self) -> &str {
        match self {
            Gate::SplitGelu => "BiasSplitGelu",
            Gate::SwiGlu => "SwiGLU",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let last = input.axis(-1)?;
        let shape = match self {
            Gate::SwiGlu if node.has_input(1) => input.clone(),
            _ => input.with(last, input.dim(-1)?.floor_div(&Expr::Int(2))),
        };
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    /// Two bias adds, 5 of Gelu and a product; or factor, sigmoid (4), product, sum, product.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.output(0)?.elements() * 8))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        if node.has_input(1) && *self == Gate::SwiGlu { Memory::in_place([0, 1]) } else { Memory::fresh() }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        if index == 1 && *self == Gate::SplitGelu { Role::Parameter } else { Role::Operand }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, partial_cost, shape};

    #[test]
    fn names_are_unique() {
        for (index, function) in POINTWISE.iter().enumerate() {
            assert!(POINTWISE[..index].iter().all(|other| other.name != function.name), "{}", function.name);
        }
    }

    #[test]
    fn what_is_there_counts() {
        let (tokens, vector) = (shape(&[2, 3, 8]), shape(&[8]));
        let add = Pointwise::named("BiasAdd").expect("a function");
        assert_eq!(cost(&add, &[tokens.clone(), vector.clone(), tokens.clone()]).other_ops, Expr::Int(96));
        let dropout = Pointwise::named("BiasDropout").expect("a function");
        let inputs = [Some(tokens.clone()), Some(vector), None];
        assert_eq!(partial_cost(&dropout, &inputs).other_ops, Expr::Int(48));
        assert_eq!((add.role(1), add.role(2), add.role(9)), (Role::Parameter, Role::Operand, Role::Constant));
    }

    #[test]
    fn a_mask_of_bits() {
        let op = Pointwise::named("BitmaskDropout").expect("a function");
        // 2·3·8 = 48 bits are two words.
        let words = TensorType::new(Some(DType::U32), Shape::of(&[2]));
        assert_eq!(infer(&op, &[shape(&[2, 3, 8])])[1], words);
    }

    #[test]
    fn halves() {
        let inputs = [shape(&[2, 3, 8]), shape(&[8])];
        assert_eq!(infer(&Gate::SplitGelu, &inputs)[0], shape(&[2, 3, 4]));
        assert_eq!(cost(&Gate::SplitGelu, &inputs).other_ops, Expr::Int(24 * 8));
        assert_eq!(infer(&Gate::SwiGlu, &inputs[..1])[0], shape(&[2, 3, 4]));
        assert_eq!(infer(&Gate::SwiGlu, &[inputs[0].clone(), inputs[0].clone()])[0], inputs[0]);
    }
}
