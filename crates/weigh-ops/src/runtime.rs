//! Operators of ONNX Runtime that belong to no other family: each with its own shape rule and price, by ONNX
//! Runtime's documentation, "Contrib operators".

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Packing, Role, Shape, Stop,
    TensorType, single,
};

/// An operator of com.microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeOperator {
    /// Drops the padding of sequences: `[batch, steps, hidden]` becomes `[tokens, hidden]`.
    RemovePadding,
    /// The inverse: tokens (0) go to their offsets `[batch, steps]` (1).
    RestorePadding,
    /// A bias for each head (table 0) by the distance of query and key, of which there are so many (1, 2).
    RelativePositionBias,
    /// All slices of a size along an axis, next to each other on a new last axis.
    UnfoldTensor {
        /// The axis.
        axis: i64,
        /// The extent of a slice.
        size: i64,
        /// From one slice to the next.
        step: i64,
    },
    /// The distance of every row of A from every row of B.
    Distances {
        /// Whether the root is drawn.
        rooted: bool,
    },
    /// Slices of a table (0) stored in few bits, at indices (1), dequantised by scales (2) and zero points (3).
    QuantizedGather {
        /// Along which axis.
        axis: i64,
        /// Bits of an element, where several are packed into a byte (of uint8 tables) along the last axis.
        packed: Option<i64>,
    },
    /// Scores (1) of which those that would repeat tokens (0) are ruled out.
    RuleOutRepeats,
    /// The inverse of square matrices.
    Inverse,
    /// A matrix of state for each head, to which every token adds: `LinearAttention`. Inputs: queries, keys,
    /// values, state, decay, rate.
    LinearAttention {
        /// Heads of queries.
        heads: i64,
        /// Heads of keys and values.
        kv_heads: i64,
        /// Whether what the state already says of a key is taken off its value first.
        delta: bool,
        /// For how many of the last tokens the state is returned; 0 for the last, without an axis.
        window: i64,
    },
    /// A convolution of each channel with what came before: inputs X `[batch, channels, steps]`, weights
    /// `[channels, 1, window]`, bias, state.
    CausalConv {
        /// Arithmetic of the activation.
        activation: i64,
        /// Steps between the elements of the window.
        dilation: i64,
    },
    /// The path through a matrix of costs (the last two axes) that costs least.
    Alignment,
    /// Tokens so far (1) with those of the predicted ones (3) that agree with a source (0), and where to go on.
    Bifurcation,
    /// Each different element of a vector once, the place of each element among those, and how often each is there.
    Distinct,
    /// Words `[words, letters]` (0) as vectors: letters embedded (3), convolved (1, 2), the largest taken.
    WordVectors,
}

use RuntimeOperator::*;

/// The extents of a linear attention: batch, steps, extent of a key, extent of a value.
fn linear_extents(node: &Operands<'_>, heads: i64, kv_heads: i64) -> Result<[Expr; 4], Stop> {
    let (query, value) = (node.input(0)?, node.input(2)?);
    let ([batch, steps, queries], [_, _, values]) = (query.dims(), value.dims()) else {
        return Err(Stop::contradiction(format!("linear attention takes rank 3, not {query} and {value}")));
    };
    if heads < 1 || kv_heads < 1 {
        return Err(Stop::contradiction(format!("attention with {heads} and {kv_heads} heads")));
    }
    let part = |whole: &Expr, parts: i64| whole.floor_div(&Expr::Int(parts));
    Ok([batch.clone(), steps.clone(), part(queries, heads), part(values, kv_heads)])
}

/// The one element of an input.
fn scalar(node: &Inference<'_>, index: usize) -> Option<Expr> {
    node.value(index)?.as_exprs()?.first().cloned()
}

impl RuntimeOperator {
    fn shapes(&self, node: &Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let like = |dims: Vec<Expr>| TensorType::new(node.dtype(0), Shape::new(dims));
        let counts = |dims: Vec<Expr>| TensorType::new(Some(DType::I32), Shape::new(dims));
        Ok(match *self {
            RemovePadding => {
                let [batch, steps, hidden] = three(input)?;
                smallvec![
                    like(vec![node.unknown_dim(0, 0), hidden]),
                    counts(vec![batch.clone(), steps]),
                    counts(vec![batch + 1]),
                    counts(vec![Expr::ONE]),
                ]
            }
            RestorePadding => {
                let mut dims = node.input(1)?.dims().to_vec();
                dims.push(input.dim(-1)?.clone());
                single(like(dims))
            }
            RelativePositionBias => {
                let length = |index, axis| scalar(node, index).unwrap_or_else(|| node.unknown_dim(0, axis));
                single(like(vec![Expr::ONE, input.dim(-1)?.clone(), length(1, 2), length(2, 3)]))
            }
            UnfoldTensor { axis, size, step } => {
                let axis = input.axis(axis)?;
                if size < 0 || step < 1 {
                    return Err(Stop::contradiction(format!("slices of {size} every {step}")));
                }
                let slices = (&input[axis] - size).floor_div(&Expr::Int(step)) + 1;
                let mut shape = input.with(axis, slices);
                shape.0.push(Expr::Int(size));
                single(TensorType::new(node.dtype(0), shape))
            }
            Distances { .. } => single(like(vec![input.dim(0)?.clone(), node.input(1)?.dim(0)?.clone()])),
            QuantizedGather { axis, packed } => {
                let mut table = input.clone();
                if let (Some(bits), Some(DType::U8), Ok(last)) = (packed, node.dtype(0), table.axis(-1)) {
                    table.0[last] = &table[last] * 8i64.checked_div(bits).unwrap_or(1);
                }
                let axis = table.axis(axis)?;
                let (before, after) = (&table.0[..axis], &table.0[axis + 1..]);
                let dims = before.iter().chain(node.input(1)?.dims()).chain(after).cloned();
                single(TensorType::new(node.dtype(2), Shape::new(dims)))
            }
            RuleOutRepeats => single(TensorType::new(node.dtype(1), node.input(1)?.clone())),
            Inverse => single(TensorType::new(node.dtype(0), input.clone())),
            Alignment => single(counts(vec![Expr::Int(2), node.unknown_dim(0, 1)])),
            Bifurcation => {
                let tokens = TensorType::new(node.dtype(0), Shape::new([node.unknown_dim(0, 0)]));
                smallvec![tokens, TensorType::new(node.dtype(0), node.input(2)?.clone())]
            }
            Distinct => {
                let found = node.unknown_dim(0, 0);
                let numbers = |shape: Shape| TensorType::new(Some(DType::I64), shape);
                let kept = Shape::new([found.clone()]);
                smallvec![like(vec![found]), numbers(input.clone()), numbers(kept)]
            }
            WordVectors => {
                let vectors = Shape::new([input.dim(0)?.clone(), node.input(1)?.dim(0)?.clone()]);
                single(TensorType::new(node.dtype(1), vectors))
            }
            LinearAttention { heads, kv_heads, window, .. } => {
                let [batch, steps, key, value] = linear_extents(&node.operands(), heads, kv_heads)?;
                let state = [batch.clone(), Expr::Int(kv_heads), key, value.clone()];
                let windows = (window > 0).then_some(Expr::Int(window));
                let state = Shape::new(windows.into_iter().chain(state));
                let dtype = if node.has_input(3) { node.dtype(3) } else { node.dtype(0) };
                smallvec![
                    like(vec![batch, steps, value * heads.max(kv_heads)]),
                    TensorType::new(dtype, state),
                ]
            }
            CausalConv { dilation, .. } => {
                let kept = (node.input(1)?.dim(-1)? - 1) * dilation;
                let last = input.axis(-1)?;
                smallvec![
                    TensorType::new(node.dtype(0), input.clone()),
                    TensorType::new(node.dtype(0), input.with(last, kept)),
                ]
            }
        })
    }
}

/// Elements of one slice along the first axis.
fn beyond_first(shape: &Shape) -> Expr {
    shape.dims().iter().skip(1).product()
}

fn three(shape: &Shape) -> Result<[Expr; 3], Stop> {
    match shape.dims() {
        [batch, steps, hidden] => Ok([batch.clone(), steps.clone(), hidden.clone()]),
        _ => Err(Stop::contradiction(format!("padding is dropped from tensors of rank 3, not {shape}"))),
    }
}

impl Operator for RuntimeOperator {
    fn name(&self) -> &str {
        match self {
            RemovePadding => "RemovePadding",
            RestorePadding => "RestorePadding",
            RelativePositionBias => "RelativePositionBias",
            UnfoldTensor { .. } => "UnfoldTensor",
            Distances { .. } => "CDist",
            QuantizedGather { .. } => "GatherBlockQuantized",
            RuleOutRepeats => "NGramRepeatBlock",
            Inverse => "Inverse",
            LinearAttention { .. } => "LinearAttention",
            CausalConv { .. } => "CausalConvWithState",
            Alignment => "DynamicTimeWarping",
            Bifurcation => "BifurcationDetector",
            Distinct => "Unique",
            WordVectors => "WordConvEmbedding",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match self {
            UnfoldTensor { size, step, .. } => format!("{size} every {step}"),
            LinearAttention { heads, .. } => format!("{heads} heads"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        self.shapes(node)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        match *self {
            RemovePadding
            | RestorePadding
            | UnfoldTensor { .. }
            | RuleOutRepeats
            | Bifurcation
            | Distinct => Ok(Cost::FREE),
            // Difference, two quotients, logarithm and sum for each pair of positions.
            RelativePositionBias => {
                let output = node.output(0)?;
                Ok(Cost::other(output.dim(-2)? * output.dim(-1)? * 5))
            }
            // Each element and the best way there.
            Alignment => Ok(Cost::other(node.input(0)?.elements())),
            // The window at every place of every word; a bias and an activation.
            WordVectors => {
                let (words, weights) = (node.input(0)?, node.input(1)?);
                let [filters, _, window, _] = weights.dims() else {
                    return Err(Stop::contradiction(format!("{weights} are no windows over letters")));
                };
                let places = (words.dim(1)? - window + 1).larger(&Expr::ONE);
                let vectors = words.dim(0)? * places * filters;
                let each = beyond_first(weights);
                Ok(Cost::macs(&vectors * each).and_other(vectors * 2))
            }
            // Difference, square, sum; the root.
            Distances { rooted } => {
                let pairs = node.output(0)?.elements();
                Ok(Cost::other(pairs * (node.input(0)?.dim(-1)? * 3 + i64::from(rooted))))
            }
            QuantizedGather { .. } => {
                Ok(Cost::other(node.output(0)?.elements() * (1 + i64::from(node.has_input(3)))))
            }
            Inverse => Err(Stop::Unknown("how a matrix is inverted is left to the runtime")),
            // Key times value into the state, the state times the query, and the state times the key where that is
            // taken off; the decay of the state, and the difference and rate of each value.
            LinearAttention { heads, kv_heads, delta, .. } => {
                let [batch, steps, key, value] = linear_extents(node, heads, kv_heads)?;
                let (tokens, state) = (batch * steps, key * &value);
                let products =
                    kv_heads.saturating_mul(1 + i64::from(delta)).saturating_add(heads.max(kv_heads));
                let decays = &state * kv_heads * i64::from(node.has_input(4));
                let corrections = value * kv_heads * (2 * i64::from(delta));
                Ok(Cost::macs(&tokens * state * products).and_other(tokens * (decays + corrections)))
            }
            CausalConv { activation, .. } => {
                let elements = node.input(0)?.elements();
                let per_element = activation + i64::from(node.has_input(2));
                Ok(Cost::macs(&elements * node.input(1)?.dim(-1)?).and_other(elements * per_element))
            }
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        match self {
            QuantizedGather { packed: None, .. } => Memory::selects(0),
            RuleOutRepeats => Memory::in_place([1]),
            _ => Memory::fresh(),
        }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        match (*self, index) {
            (QuantizedGather { packed: Some(bits), .. }, 0) => {
                Role::Packed(Packing { bits: u8::try_from(bits).unwrap_or(u8::MAX), elements: None })
            }
            (QuantizedGather { .. } | RelativePositionBias, 0) | (CausalConv { .. }, 1 | 2) => {
                Role::Parameter
            }
            (QuantizedGather { .. } | RelativePositionBias | RestorePadding | RemovePadding, _) => {
                Role::Constant
            }
            (RuleOutRepeats, 0) | (WordVectors, 0) | (Bifurcation, _) => Role::Constant,
            (WordVectors, _) => Role::Parameter,
            _ => Role::Operand,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, output, shape};

    #[test]
    fn shapes() {
        let packed = TensorType::new(Some(DType::U8), Shape::of(&[100, 16]));
        let rows: [(RuntimeOperator, Vec<TensorType>, &[i64]); 5] = [
            (RestorePadding, vec![shape(&[9, 16]), shape(&[2, 7])], &[2, 7, 16]),
            (UnfoldTensor { axis: 1, size: 3, step: 2 }, vec![shape(&[2, 9, 4])], &[2, 4, 4, 3]),
            (Distances { rooted: true }, vec![shape(&[5, 3]), shape(&[7, 3])], &[5, 7]),
            (
                QuantizedGather { axis: 0, packed: Some(4) },
                vec![packed, shape(&[2, 7]), shape(&[100, 1])],
                &[2, 7, 32],
            ),
            (RuleOutRepeats, vec![shape(&[2, 9]), shape(&[2, 50])], &[2, 50]),
        ];
        for (op, inputs, expected) in rows {
            assert_eq!(output(&op, &inputs), Shape::of(expected), "{op:?}");
        }
    }

    #[test]
    fn words_as_vectors() {
        // 2 words of 8 letters of 4, windows of 3: 6 places, 5 filters of 12.
        let inputs = [shape(&[2, 8]), shape(&[5, 1, 3, 4]), shape(&[5]), shape(&[20, 4])];
        assert_eq!(output(&WordVectors, &inputs), Shape::of(&[2, 5]));
        let expected = Cost { macs: Expr::Int(2 * 6 * 5 * 12), other_ops: Expr::Int(2 * 6 * 5 * 2) };
        assert_eq!(cost(&WordVectors, &inputs), expected);
    }

    #[test]
    fn what_data_decides() {
        let path = output(&Alignment, &[shape(&[5, 7])]);
        assert_eq!((&path[0], path[1].as_symbol().is_some()), (&Expr::Int(2), true));
        let found = infer(&Distinct, &[shape(&[9])]);
        assert_eq!((&found[0].shape, &found[1].shape), (&found[2].shape, &Some(Shape::of(&[9]))));
    }

    #[test]
    fn a_state_for_each_head() {
        // 2·3 tokens, 2 heads of 4×5: state += k·v, q·state and k·state of 20 each.
        let op = LinearAttention { heads: 2, kv_heads: 2, delta: true, window: 0 };
        let inputs = [shape(&[2, 3, 8]), shape(&[2, 3, 8]), shape(&[2, 3, 10])];
        assert_eq!(infer(&op, &inputs)[0], shape(&[2, 3, 10]));
        assert_eq!(infer(&op, &inputs)[1], shape(&[2, 2, 4, 5]));
        assert_eq!(
            cost(&op, &inputs),
            Cost { macs: Expr::Int(6 * 2 * 20 * 3), other_ops: Expr::Int(6 * 20) }
        );
    }

    #[test]
    fn a_window_over_the_past() {
        let op = CausalConv { activation: 5, dilation: 1 };
        let inputs = [shape(&[2, 6, 10]), shape(&[6, 1, 4]), shape(&[6])];
        assert_eq!(infer(&op, &inputs)[1], shape(&[2, 6, 3]));
        assert_eq!(cost(&op, &inputs), Cost { macs: Expr::Int(120 * 4), other_ops: Expr::Int(120 * 6) });
    }
}
