//! Gradients of normalisations: what is kept, and arithmetic for each element by the formulas of the derivatives.
//!
//! Normalised values are computed once more from the input and the statistics kept. With g the gradient times the
//! scale and n the normalised values: the input's is (g − mean g − n · mean(g·n)) / deviation.

use weigh_ir::{Backward, Cost, DType, Operands, Saved, Stop};

use super::Norm;

/// The backward pass of a normalisation in training: statistics are those of the data at hand.
pub(super) fn backward(norm: Norm, node: &Operands<'_>) -> Result<Backward, Stop> {
    let input = node.input(0)?;
    let elements = input.elements();
    let each = |operations: i64| Cost::other(&elements * operations);
    // Frameworks hold statistics in float32 whatever the activations' type.
    let statistics = |elements| Saved::extra("statistics", elements, DType::F32);
    let of = |saved: &[Saved], operations: i64| Backward::of(0, each(operations), saved.iter().cloned());
    let scaled = |all: Backward, normalised: i64, kept| {
        let all = if node.has_input(1) { all.and(1, each(2), []) } else { all };
        let all = if node.has_input(2) { all.and(2, each(1), []) } else { all };
        all.sharing(each(normalised), [Saved::Input(0), statistics(kept)])
    };
    let channels = || Ok::<_, Stop>(input.dim(0)? * input.dim(1)?);
    Ok(match norm {
        Norm::Batch => scaled(of(&[], 5), 2, input.dim(1)? * 2),
        Norm::Layer { axis } => {
            let axis = input.axis(axis)?;
            scaled(of(&[], 8), 2, input.dims()[..axis].iter().product::<weigh_ir::Expr>() * 2)
        }
        // Of groups at most as many statistics as of channels.
        Norm::Instance | Norm::Group => scaled(of(&[], 8), 2, channels()? * 2),
        Norm::Rms { axis } => {
            let axis = input.axis(axis)?;
            scaled(of(&[], 6), 1, input.dims()[..axis].iter().product())
        }
        Norm::MeanVariance => scaled(of(&[], 7), 2, channels()? * 2),
        // The divisors, from which as many neighbours' terms are summed again (Caffe's layer keeps them).
        Norm::LocalResponse { size } => {
            let divisors = Saved::like_activations("divisors", elements.clone());
            of(&[Saved::Input(0), divisors], 2 * size + 6)
        }
        Norm::Lp => of(&[Saved::Input(0)], 6),
        // y·(g − Σ g·y), and g − exp(y)·Σ g.
        Norm::Softmax | Norm::LogSoftmax => of(&[Saved::Output(0)], 4),
        Norm::Hardmax => Backward::none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Normalization;
    use crate::testing::{backward, shape};
    use weigh_ir::Expr;

    #[test]
    fn statistics() {
        let (image, vector) = (shape(&[2, 4, 3, 3]), shape(&[4]));
        let inputs = [image, vector.clone(), vector.clone(), vector.clone(), vector];
        let batch = backward(&Normalization(Norm::Batch), &inputs);
        // Mean and inverse deviation of 4 channels.
        let kept = Saved::extra("statistics", Expr::Int(8), DType::F32);
        assert_eq!(batch.saved.as_slice(), [Saved::Input(0), kept]);
        assert_eq!(batch.gradients.len(), 3);
        let softmax = backward(&Normalization(Norm::Softmax), &[shape(&[2, 8])]);
        assert_eq!(softmax.gradients[0].saved.as_slice(), [Saved::Output(0)]);
        assert_eq!(softmax.gradients[0].cost.other_ops, Expr::Int(64));
    }
}
