//! Quantisation, its inverse, and the products of matrices that quantise or dequantise on the way.
//!
//! Quantising an element divides, rounds and adds the zero point; the reverse subtracts it and multiplies.
//! Saturation compares. Zero points inside an integer product belong to its multiply-accumulates.

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Packing, Role, Shape, Stop,
    TensorType, single,
};

use crate::MatMul;

/// How one scale serves many elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granularity {
    /// The axis that has scales of its own, where there is more than one scale.
    pub axis: i64,
    /// How many neighbours along that axis share a scale; 0 where only the shape of the scale tells.
    pub block_size: i64,
}

impl Granularity {
    fn detail(self, node: &Operands<'_>) -> String {
        let Ok(scale) = node.input(1) else { return String::new() };
        match (self.block_size, scale.rank()) {
            (1.., _) => format!("blocks of {}", self.block_size),
            (_, 0) => "per tensor".to_owned(),
            (_, 1) if scale[0] == Expr::ONE => "per tensor".to_owned(),
            (_, 1) => format!("per axis {}", self.axis),
            _ => "per block".to_owned(),
        }
    }
}

/// Real numbers to few bits: `round(x / scale) + zero point`. ONNX `QuantizeLinear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantize {
    /// How one scale serves many elements.
    pub granularity: Granularity,
    /// The type to quantise to; `None` for that of the zero point, or uint8 where there is none.
    pub to: Option<DType>,
}

impl Operator for Quantize {
    fn name(&self) -> &str {
        "QuantizeLinear"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.granularity.detail(node)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let to = self.to.or_else(|| if node.has_input(2) { node.dtype(2) } else { Some(DType::U8) });
        Ok(single(TensorType::new(to, node.input(0)?.clone())))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.input(0)?.elements() * (2 + i64::from(node.has_input(2)))))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// Few bits to real numbers: `(x − zero point) · scale`. ONNX `DequantizeLinear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dequantize {
    /// How one scale serves many elements.
    pub granularity: Granularity,
    /// The type of the result; `None` for that of the scale.
    pub to: Option<DType>,
}

impl Operator for Dequantize {
    fn name(&self) -> &str {
        "DequantizeLinear"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.granularity.detail(node)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Ok(single(TensorType::new(self.to.or_else(|| node.dtype(1)), node.input(0)?.clone())))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.input(0)?.elements() * (1 + i64::from(node.has_input(2)))))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// Arithmetic of finding the scale and the zero point of a tensor: (max − min) / range; min / scale
/// subtracted from the lowest and rounded.
const DYNAMIC_SCALE: i64 = 5;
/// Arithmetic of quantising one element: divide, round, add.
const DYNAMIC_ELEMENT: i64 = 3;

fn dynamic_quantisation(elements: Expr) -> Expr {
    elements * DYNAMIC_ELEMENT + DYNAMIC_SCALE
}

/// Quantisation to uint8 by the range that the tensor has. ONNX `DynamicQuantizeLinear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicQuantize;

impl Operator for DynamicQuantize {
    fn name(&self) -> &str {
        "DynamicQuantizeLinear"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Ok(smallvec![
            TensorType::new(Some(DType::U8), node.input(0)?.clone()),
            TensorType::new(Some(DType::F32), Shape::scalar()),
            TensorType::new(Some(DType::U8), Shape::scalar()),
        ])
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(dynamic_quantisation(node.input(0)?.elements())))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

/// An integer product that returns real numbers. `MatMulIntegerToFloat` and `DynamicQuantizeMatMul` of
/// com.microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerMatMul {
    /// Whether the left matrix comes in real numbers and is quantised on the way. Inputs then: A, B, the
    /// scale and zero point of B, bias; otherwise A, B, both scales, both zero points, bias.
    pub quantizes_left: bool,
}

impl IntegerMatMul {
    fn bias(self) -> usize {
        if self.quantizes_left { 4 } else { 6 }
    }
}

impl Operator for IntegerMatMul {
    fn name(&self) -> &str {
        if self.quantizes_left { "DynamicQuantizeMatMul" } else { "MatMulIntegerToFloat" }
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        MatMul::PLAIN.detail(node)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let mut outputs = MatMul::PLAIN.infer(node)?;
        outputs[0].dtype = node.dtype(2);
        Ok(outputs)
    }

    /// The product; each element of it is scaled and gets a bias; the left matrix is quantised.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let per_element = 1 + i64::from(node.has_input(self.bias()));
        let cost = MatMul::PLAIN.cost(node)?.and_other(node.output(0)?.elements() * per_element);
        match self.quantizes_left {
            true => Ok(cost.and_other(dynamic_quantisation(node.input(0)?.elements()))),
            false => Ok(cost),
        }
    }

    /// The left matrix as 8-bit integers, where it does not come so.
    fn memory(&self, node: &Operands<'_>) -> Memory {
        match self.quantizes_left {
            true => Memory::fresh().with_workspace(
                "quantised input",
                node.input(0).map(Shape::elements),
                Some(DType::U8),
            ),
            false => Memory::fresh(),
        }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 => Role::Operand,
            _ if index == 1 || index == self.bias() => Role::Parameter,
            _ => Role::Constant,
        }
    }
}

/// A product with a matrix stored in few bits, each block of a column with a scale. `MatMulNBits` and
/// `MatMulBnb4` of com.microsoft.
///
/// Inputs: A, packed B `[outputs, blocks, bytes of a block]`, scales, zero points, group indices, bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockQuantizedMatMul {
    /// The name of this form: `MatMulNBits`, `MatMulBnb4`.
    pub name: &'static str,
    /// The extent that is contracted.
    pub inputs: i64,
    /// The columns of the product.
    pub outputs: i64,
    /// Bits of one element of B.
    pub bits: i64,
    /// How many neighbours share a scale.
    pub block_size: i64,
}

impl BlockQuantizedMatMul {
    /// How many elements the packed B stands for; its bytes hold several each.
    pub fn weight_elements(&self) -> Expr {
        Expr::Int(self.inputs) * self.outputs
    }
}

impl Operator for BlockQuantizedMatMul {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("{}→{} {} bit, blocks of {}", self.inputs, self.outputs, self.bits, self.block_size)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let a = node.input(0)?;
        match a.dim(-1)? {
            Expr::Int(inner) if *inner != self.inputs => {
                Err(Stop::contradiction(format!("{a} meets a matrix with {} rows", self.inputs)))
            }
            _ => Ok(single(TensorType::new(node.dtype(0), a.with(a.rank() - 1, Expr::Int(self.outputs))))),
        }
    }

    /// m·n·k; every element of B is dequantised once, every output may get a bias.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let elements = node.output(0)?.elements();
        let biases = &elements * i64::from(node.has_input(5));
        Ok(Cost::macs(elements * self.inputs).and_other(self.weight_elements() * 2 + biases))
    }

    /// Unfused: the packed matrix as numbers of the left one's type.
    fn memory(&self, node: &Operands<'_>) -> Memory {
        let elements = Ok(self.weight_elements());
        Memory::fresh().with_workspace("dequantised weights", elements, node.dtype(0))
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 => Role::Operand,
            1 => Role::Packed(Packing {
                bits: u8::try_from(self.bits).unwrap_or(u8::MAX),
                elements: self.weight_elements().as_int(),
            }),
            5 => Role::Parameter,
            _ => Role::Constant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, output, shape};

    const TENSOR: Granularity = Granularity { axis: 1, block_size: 0 };

    fn typed(dtype: DType, dims: &[i64]) -> TensorType {
        TensorType::new(Some(dtype), Shape::of(dims))
    }

    #[test]
    fn types_and_prices() {
        let quantize = Quantize { granularity: TENSOR, to: None };
        let dequantize = Dequantize { granularity: TENSOR, to: None };
        let (image, scale) = (shape(&[2, 3, 4]), shape(&[]));
        // (operator, inputs, result, arithmetic for the 24 elements).
        let rows: [(&dyn Operator, Vec<TensorType>, DType, i64); 5] = [
            (&quantize, vec![image.clone(), scale.clone()], DType::U8, 2 * 24),
            (&quantize, vec![image.clone(), scale.clone(), typed(DType::I8, &[])], DType::I8, 3 * 24),
            (&dequantize, vec![typed(DType::I8, &[2, 3, 4]), typed(DType::F16, &[])], DType::F16, 24),
            (&dequantize, vec![typed(DType::U8, &[24]), scale, typed(DType::U8, &[])], DType::F32, 48),
            (&DynamicQuantize, vec![image], DType::U8, 3 * 24 + 5),
        ];
        for (op, inputs, dtype, operations) in rows {
            assert_eq!(
                infer(op, &inputs)[0],
                typed(dtype, &inputs[0].shape.as_ref().and_then(Shape::as_ints).expect("plain"))
            );
            assert_eq!(cost(op, &inputs), Cost::other(Expr::Int(operations)), "{op:?}");
        }
    }

    #[test]
    fn integer_products() {
        let (a, b, scale) = (typed(DType::U8, &[5, 7]), typed(DType::I8, &[7, 3]), shape(&[]));
        let to_float = IntegerMatMul { quantizes_left: false };
        let inputs = [a, b.clone(), scale.clone(), scale.clone()];
        assert_eq!(infer(&to_float, &inputs)[0], shape(&[5, 3]));
        assert_eq!(cost(&to_float, &inputs), Cost { macs: Expr::Int(105), other_ops: Expr::Int(15) });
        let dynamic = IntegerMatMul { quantizes_left: true };
        let inputs = [shape(&[5, 7]), b, scale, typed(DType::I8, &[]), shape(&[3])];
        // 15 outputs scaled and biased, 35 inputs quantised.
        let other_ops = Expr::Int(15 * 2 + 35 * 3 + 5);
        assert_eq!(cost(&dynamic, &inputs), Cost { macs: Expr::Int(105), other_ops });
    }

    #[test]
    fn products_with_packed_weights() {
        let op = BlockQuantizedMatMul {
            name: "MatMulNBits",
            inputs: 4096,
            outputs: 11008,
            bits: 4,
            block_size: 32,
        };
        let seq = Expr::symbol("seq");
        let a = TensorType::new(Some(DType::F16), Shape::new([Expr::ONE, seq.clone(), Expr::Int(4096)]));
        let inputs = [a, typed(DType::U8, &[11008, 128, 16]), typed(DType::F16, &[11008, 128])];
        assert_eq!(output(&op, &inputs), Shape::new([Expr::ONE, seq.clone(), Expr::Int(11008)]));
        let elements = 4096 * 11008;
        assert_eq!(cost(&op, &inputs), Cost { macs: seq * elements, other_ops: Expr::Int(2 * elements) });
        assert_eq!(op.weight_elements(), Expr::Int(elements));
        let packed = Role::Packed(Packing { bits: 4, elements: Some(elements) });
        assert_eq!((op.role(1), op.role(2)), (packed, Role::Constant));
    }
}
