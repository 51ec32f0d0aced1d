//! Normalisations and softmax: outputs of the input's shape, divided by some statistic of it.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
    single,
};

/// Which statistic, over what, and the arithmetic of one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Norm {
    /// Stored mean and variance per channel: one multiplication and one addition once they are folded.
    /// Inputs: X, scale, bias, mean, variance.
    Batch,
    /// Mean and variance over the axes from here on: sum, subtract, square, sum, multiply, scale (and bias).
    Layer {
        /// The first normalised axis; may count from the end.
        axis: i64,
    },
    /// Mean and variance over the space of every channel.
    Instance,
    /// Mean and variance over the channels of a group.
    Group,
    /// Root mean square over the axes from here on: square, sum, multiply, scale.
    Rms {
        /// The first normalised axis; may count from the end.
        axis: i64,
    },
    /// Sum of squares over neighbouring channels (Krizhevsky et al. 2012, section 3.3).
    LocalResponse {
        /// How many channels.
        size: i64,
    },
    /// The p-norm along an axis: power, sum, divide.
    Lp,
    /// Mean and variance over some axes, without scale: sum, subtract, square, sum, multiply.
    MeanVariance,
    /// exp(x − max) / Σ: subtract, exp, sum, divide.
    Softmax,
    /// x − max − ln Σ exp(x − max): subtract, exp, sum, subtract.
    LogSoftmax,
    /// The largest becomes 1: comparisons only.
    Hardmax,
}

/// A normalisation as an operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalization(pub Norm);

impl Normalization {
    /// Arithmetic primitives for each element.
    fn operations(&self, node: &Operands<'_>) -> i64 {
        let (has_scale, has_bias) = (i64::from(node.has_input(1)), i64::from(node.has_input(2)));
        match self.0 {
            Norm::Batch => 2,
            Norm::Layer { .. } | Norm::Instance | Norm::Group => 5 + has_scale + has_bias,
            Norm::Rms { .. } => 3 + has_scale,
            // size squares and size − 1 additions in the window, α·, + k, power, divide.
            Norm::LocalResponse { size } => 2 * size + 3,
            Norm::Lp => 3,
            Norm::MeanVariance => 5,
            Norm::Softmax | Norm::LogSoftmax => 4,
            Norm::Hardmax => 0,
        }
    }
}

/// The divisors of all elements, and the squares of one image with `size` − 1 channels of padding.
fn local_response_workspace(node: &Operands<'_>, size: i64) -> Result<Expr, Stop> {
    let input = node.input(0)?;
    let positions: Expr = input.dims().iter().skip(2).product();
    Ok(input.elements() + (input.dim(1)? + (size - 1)) * positions)
}

impl Operator for Normalization {
    fn name(&self) -> &str {
        match self.0 {
            Norm::Batch => "BatchNormalization",
            Norm::Layer { .. } => "LayerNormalization",
            Norm::Instance => "InstanceNormalization",
            Norm::Group => "GroupNormalization",
            Norm::Rms { .. } => "RMSNormalization",
            Norm::LocalResponse { .. } => "LRN",
            Norm::Lp => "LpNormalization",
            Norm::MeanVariance => "MeanVarianceNormalization",
            Norm::Softmax => "Softmax",
            Norm::LogSoftmax => "LogSoftmax",
            Norm::Hardmax => "Hardmax",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match self.0 {
            Norm::LocalResponse { size } => format!("over {size} channels"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let mut outputs = single(TensorType::new(node.dtype(0), input.clone()));
        match self.0 {
            // Training outputs: the statistics, of the extents of the stored ones.
            Norm::Batch => {
                for index in 1..node.output_count.min(5) {
                    let statistic = if index % 2 == 1 { 3 } else { 4 };
                    outputs.push(TensorType::new(node.dtype(statistic), node.input(statistic)?.clone()));
                }
            }
            // Mean and inverse deviation, with the normalised axes reduced to 1.
            Norm::Layer { axis } => {
                let axis = input.axis(axis)?;
                let reduced = |(at, dim): (usize, &Expr)| if at < axis { dim.clone() } else { Expr::ONE };
                let statistics = Shape::new(input.dims().iter().enumerate().map(reduced));
                for _ in 1..node.output_count.min(3) {
                    outputs.push(TensorType::new(node.dtype(0), statistics.clone()));
                }
            }
            _ => {}
        }
        Ok(outputs)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.input(0)?.elements() * self.operations(node)))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        let memory = Memory::in_place([0]);
        match self.0 {
            Norm::LocalResponse { size } => {
                memory.with_workspace("divisors", local_response_workspace(node, size), node.dtype(0))
            }
            _ => memory,
        }
    }

    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        super::backward::backward(self.0, node)
    }

    fn role(&self, index: usize) -> Role {
        match (self.0, index) {
            (_, 0) => Role::Operand,
            (Norm::Batch, 3 | 4) => Role::Buffer,
            _ => Role::Parameter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, shape};

    #[test]
    fn batch_normalisation_is_a_scale_and_a_shift() {
        let channel = shape(&[64]);
        let inputs = [shape(&[1, 64, 56, 56]), channel.clone(), channel.clone(), channel.clone(), channel];
        assert_eq!(cost(&Normalization(Norm::Batch), &inputs).other_ops, Expr::Int(2 * 64 * 56 * 56));
        assert_eq!(Normalization(Norm::Batch).role(3), Role::Buffer);
    }

    #[test]
    fn layer_normalisation_can_return_its_statistics() {
        let op = Normalization(Norm::Layer { axis: -1 });
        let outputs = infer(&op, &[shape(&[2, 128, 768]), shape(&[768]), shape(&[768])]);
        assert_eq!(outputs[1].shape, Some(Shape::of(&[2, 128, 1])));
        let layer = cost(&op, &[shape(&[2, 128, 768]), shape(&[768]), shape(&[768])]);
        assert_eq!(layer.other_ops, Expr::Int(7 * 2 * 128 * 768));
    }
}
