//! Losses of classifiers: what training minimises.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType, single,
};

/// Subtract the largest, exp, sum, subtract the logarithm.
const LOG_SOFTMAX: i64 = 4;

/// What becomes of the losses of the single labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// They stay.
    None,
    /// Their sum.
    Sum,
    /// Their mean, weighted by the classes' weights where there are any.
    Mean,
}

/// −log p of the labelled class. Scores (0) with classes along axis 1, labels (1), weights of the classes (2).
/// ONNX `NegativeLogLikelihoodLoss`, and `SoftmaxCrossEntropyLoss` with a logarithmic softmax before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassLoss {
    /// Whether the scores become logarithms of probabilities first; these are the second output.
    pub softmax: bool,
    /// What becomes of the losses of the labels.
    pub reduction: Reduction,
    /// Whether labels of some value count for nothing.
    pub ignores: bool,
}

impl Operator for ClassLoss {
    fn name(&self) -> &str {
        if self.softmax { "SoftmaxCrossEntropyLoss" } else { "NegativeLogLikelihoodLoss" }
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        node.input(0).and_then(|scores| scores.dim(1)).map(|n| format!("{n} classes")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let loss = match self.reduction {
            Reduction::None => node.input(1)?.clone(),
            Reduction::Sum | Reduction::Mean => Shape::scalar(),
        };
        let mut outputs = single(TensorType::new(node.dtype(0), loss));
        if self.softmax {
            let log_probabilities = node.input(0).ok().cloned();
            outputs.push(TensorType { shape: log_probabilities, ..TensorType::unknown(node.dtype(0)) });
        }
        Ok(outputs)
    }

    /// A label's loss is negated, and multiplied by the weight of its class. Which class, and whether it counts,
    /// is a selection. A mean over what counts, or a weighted one, divides by a sum of its own.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let labels = node.input(1)?.elements();
        let weighted = node.has_input(2);
        let sums = match self.reduction {
            Reduction::None => Expr::ZERO,
            Reduction::Mean if weighted || self.ignores => &labels * 2 + 1,
            Reduction::Sum | Reduction::Mean => labels.clone(),
        };
        let softmax = match self.softmax {
            true => node.input(0)?.elements() * LOG_SOFTMAX,
            false => Expr::ZERO,
        };
        Ok(Cost::other(softmax + labels * (1 + i64::from(weighted)) + sums))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// The probabilities less 1 at the label, times the gradient.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let elements = node.input(0)?.elements();
        let labels = [Saved::Input(1)];
        if !self.softmax {
            return Ok(Backward::of(0, Cost::other(node.input(1)?.elements()), labels));
        }
        let logarithms = Saved::like_activations("log-probabilities", elements.clone());
        Ok(Backward::of(0, Cost::other(elements * 3), labels.into_iter().chain([logarithms])))
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
    fn losses_and_their_reductions() {
        let inputs = [shape(&[3, 5, 2]), shape(&[3, 2]), shape(&[5])];
        // 30 scores and 6 labels. Negated: 6; weighted: 6 more; summed: 6; the weights too, and one division.
        let rows = [
            (false, Reduction::None, false, 2, 6, vec![3, 2]),
            (false, Reduction::None, false, 3, 12, vec![3, 2]),
            (false, Reduction::Sum, false, 3, 18, vec![]),
            (false, Reduction::Mean, false, 2, 12, vec![]),
            (false, Reduction::Mean, true, 2, 19, vec![]),
            (false, Reduction::Mean, false, 3, 25, vec![]),
            (true, Reduction::Mean, false, 3, 30 * 4 + 25, vec![]),
        ];
        for (softmax, reduction, ignores, count, operations, dims) in rows {
            let op = ClassLoss { softmax, reduction, ignores };
            assert_eq!(infer(&op, &inputs[..count])[0], shape(&dims), "{op:?}");
            assert_eq!(cost(&op, &inputs[..count]), Cost::other(Expr::Int(operations)), "{op:?}");
        }
    }

    #[test]
    fn the_second_output_is_the_logarithm() {
        let op = ClassLoss { softmax: true, reduction: Reduction::Sum, ignores: false };
        let inputs = [shape(&[3, 5]), shape(&[3])];
        assert_eq!(infer(&op, &inputs)[1], inputs[0]);
    }
}
