//! Normalisation of a sum: the residual connection and the normalisation after it in one node.

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType,
};

/// Which normalisation, and where its inputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipNorm {
    /// Inputs: X, skip, scale, shift, bias. `SkipLayerNormalization` of com.microsoft.
    Layer,
    /// Inputs: X, skip, scale, bias. `SkipSimplifiedLayerNormalization` of com.microsoft.
    Rms,
    /// Inputs: X, scale, shift, skip, bias. `SkipGroupNorm` of com.microsoft.
    Group {
        /// Arithmetic of the activation of each element.
        activation: i64,
    },
}

impl SkipNorm {
    /// Arithmetic of one element, as the normalisations by themselves have it.
    fn operations(self, node: &Operands<'_>) -> i64 {
        let has = |index| i64::from(node.has_input(index));
        match self {
            // Mean, difference, square, variance, quotient; scale and shift.
            SkipNorm::Layer => 5 + has(2) + has(3),
            SkipNorm::Rms => 3 + has(2),
            SkipNorm::Group { activation } => 5 + has(1) + has(2) + activation,
        }
    }

    fn skip(self) -> usize {
        if matches!(self, SkipNorm::Group { .. }) { 3 } else { 1 }
    }

    fn bias(self) -> usize {
        if self == SkipNorm::Rms { 3 } else { 4 }
    }
}

/// The normalised sum of an input, a residual and perhaps a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkipNormalization(pub SkipNorm);

impl Operator for SkipNormalization {
    fn name(&self) -> &str {
        match self.0 {
            SkipNorm::Layer => "SkipLayerNormalization",
            SkipNorm::Rms => "SkipSimplifiedLayerNormalization",
            SkipNorm::Group { .. } => "SkipGroupNorm",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    /// The normalised sum; then mean and inverse deviation, which training asks for, and the sum itself.
    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let whole = TensorType::new(node.dtype(0), input.clone());
        if matches!(self.0, SkipNorm::Group { .. }) {
            return Ok(smallvec![whole.clone(), whole]);
        }
        let last = input.axis(-1)?;
        let statistic = TensorType::new(Some(DType::F32), input.with(last, Expr::ONE));
        Ok(smallvec![whole.clone(), statistic.clone(), statistic, whole])
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let biased = i64::from(node.has_input(self.0.bias()));
        Ok(Cost::other(node.input(0)?.elements() * (1 + biased + self.0.operations(node))))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        Memory::in_place([0, self.0.skip()].into_iter().filter(|index| node.has_input(*index)))
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 || index == self.0.skip() { Role::Operand } else { Role::Parameter }
    }
}

/// Words, positions and perhaps segments looked up, added and normalised. `EmbedLayerNormalization` and
/// `QEmbedLayerNormalization` of com.microsoft.
///
/// Inputs: words, segments, the tables of words, positions and segments, scale, shift, mask; then positions, or in
/// the quantised form the scales and the zero points of the tables, the scale and the shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbedNormalization {
    /// Whether tables, scale and shift are 8-bit integers.
    pub quantized: bool,
}

impl Operator for EmbedNormalization {
    fn name(&self) -> &str {
        if self.quantized { "QEmbedLayerNormalization" } else { "EmbedLayerNormalization" }
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let extents = || Some((node.input(2).ok()?.dim(0).ok()?, node.input(2).ok()?.dim(-1).ok()?));
        extents().map(|(words, hidden)| format!("{words} words of {hidden}")).unwrap_or_default()
    }

    /// The normalised sum, how many words the mask leaves in each sequence, and the sum itself.
    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (words, table) = (node.input(0)?, node.input(2)?);
        let hidden = table.dim(-1)?.clone();
        let mut dims = words.0.clone();
        dims.push(hidden);
        let dtype = if self.quantized { Some(DType::F32) } else { node.dtype(2) };
        let sum = TensorType::new(dtype, Shape(dims));
        let lengths = TensorType::new(Some(DType::I32), Shape::new([words.dim(0)?.clone()]));
        Ok(smallvec![sum.clone(), lengths, sum])
    }

    /// The sums, and 7 for each element of a layer normalisation; 2 more for each look-up that is dequantised.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let tables = 2 + i64::from(node.has_input(4));
        let dequantised = if self.quantized { 2 * tables } else { 0 };
        Ok(Cost::other(node.output(0)?.elements() * (tables - 1 + dequantised + 7)))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::selects(2)
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        if (2..=6).contains(&index) { Role::Parameter } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, partial_cost, shape};

    #[test]
    fn layer_normalisation_of_a_sum() {
        let op = SkipNormalization(SkipNorm::Layer);
        let (tokens, vector) = (shape(&[2, 7, 16]), shape(&[16]));
        let inputs = [tokens.clone(), tokens.clone(), vector.clone(), vector.clone(), vector.clone()];
        let outputs = infer(&op, &inputs);
        assert_eq!((&outputs[0], &outputs[3]), (&tokens, &tokens));
        assert_eq!(outputs[1], shape(&[2, 7, 1]));
        // Two sums, and 7 of a layer normalisation with scale and shift.
        assert_eq!(cost(&op, &inputs).other_ops, Expr::Int(2 * 7 * 16 * 9));
        // One sum, and 4 of a root-mean-square normalisation with scale.
        let rms = cost(&SkipNormalization(SkipNorm::Rms), &inputs[..3]);
        assert_eq!(rms.other_ops, Expr::Int(2 * 7 * 16 * 5));
        assert_eq!((op.role(1), op.role(4)), (Role::Operand, Role::Parameter));
    }

    #[test]
    fn group_normalisation_of_a_sum() {
        let op = SkipNormalization(SkipNorm::Group { activation: 5 });
        let (image, vector) = (shape(&[1, 4, 4, 32]), shape(&[32]));
        let inputs = [image.clone(), vector.clone(), vector, image.clone()];
        assert_eq!(infer(&op, &inputs)[1], image);
        // One sum, 7 of the normalisation, 5 of SiLU.
        assert_eq!(cost(&op, &inputs).other_ops, Expr::Int(512 * 13));
        assert_eq!((op.role(3), op.role(4)), (Role::Operand, Role::Parameter));
    }

    #[test]
    fn embeddings() {
        let words = TensorType::new(Some(DType::I32), Shape::of(&[2, 7]));
        let inputs = [
            Some(words.clone()),
            None,
            Some(shape(&[100, 16])),
            Some(shape(&[9, 16])),
            None,
            Some(shape(&[16])),
            Some(shape(&[16])),
        ];
        // One sum and 7 for each of 2·7·16 elements.
        let op = EmbedNormalization { quantized: false };
        assert_eq!(partial_cost(&op, &inputs).other_ops, Expr::Int(224 * 8));
        let all = [words.clone(), words, shape(&[100, 16]), shape(&[9, 16]), shape(&[2, 16])];
        let outputs = infer(&op, &all);
        assert_eq!(outputs[0], shape(&[2, 7, 16]));
        assert_eq!(outputs[1], TensorType::new(Some(DType::I32), Shape::of(&[2])));
    }
}
