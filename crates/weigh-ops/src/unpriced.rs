//! Operators whose outputs are known, and whose price is not: each says why.

use weigh_ir::{
    Backward, Cost, DType, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
    single,
};

use crate::MatMul;

/// What is known of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing at all.
    Nothing,
    /// One output shaped like input 0, of this type; `None` for that of the input.
    Like(Option<DType>),
    /// The product of two matrices.
    Product {
        /// Whether the last two axes of the first are exchanged.
        transpose_a: bool,
        /// Whether those of the second are.
        transpose_b: bool,
    },
    /// All hidden states `[steps, directions, batch, hidden]`, the last one and the last cell state, from X
    /// `[steps, batch, input]` and recurrent weights (2) `[directions, 4 · hidden, hidden]`.
    Recurrent,
}

/// An operator without a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpriced {
    /// The name.
    pub name: &'static str,
    /// What is known of its outputs.
    pub known: Known,
    /// Which inputs are learned.
    pub learned: &'static [usize],
    /// Why nobody knows what it costs.
    pub reason: &'static str,
}

impl Unpriced {
    /// `LongformerAttention` of com.microsoft.
    pub const LONGFORMER: Unpriced = Unpriced {
        name: "LongformerAttention",
        known: Known::Like(None),
        learned: &[1, 2, 4, 5],
        reason: "which tokens attend to all others is data",
    };

    /// `AttnLSTM` of com.microsoft.
    pub const ATTENTIVE_LSTM: Unpriced = Unpriced {
        name: "AttnLSTM",
        known: Known::Recurrent,
        learned: &[1, 2, 3, 7, 8, 9, 10, 13],
        reason: "no rule for a recurrent cell that attends",
    };

    /// `EPContext` of com.microsoft: a graph compiled for a device.
    pub const COMPILED: Unpriced = Unpriced {
        name: "EPContext",
        known: Known::Nothing,
        learned: &[],
        reason: "a graph that is compiled for a device cannot be read",
    };

    /// `MurmurHash3` of com.microsoft.
    pub const HASH: Unpriced = Unpriced {
        name: "MurmurHash3",
        known: Known::Like(Some(DType::U32)),
        learned: &[],
        reason: "the arithmetic of a hash depends on how long its input is",
    };

    /// `SparseToDenseMatMul` of com.microsoft.
    pub const SPARSE_PRODUCT: Unpriced = Unpriced {
        name: "SparseToDenseMatMul",
        known: Known::Product { transpose_a: false, transpose_b: false },
        learned: &[],
        reason: "how many elements of a sparse matrix are not zero is data",
    };
}

impl Operator for Unpriced {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        match self.known {
            Known::Nothing => Err(Stop::Unknown(self.reason)),
            Known::Like(dtype) => {
                Ok(single(TensorType::new(dtype.or(node.dtype(0)), node.input(0)?.clone())))
            }
            Known::Product { transpose_a, transpose_b } => {
                MatMul { transpose_a, transpose_b, ..MatMul::PLAIN }.infer(node)
            }
            Known::Recurrent => {
                let (input, weights) = (node.input(0)?, node.input(2)?);
                let [directions, batch, hidden] =
                    [weights.dim(0)?, input.dim(1)?, weights.dim(2)?].map(Clone::clone);
                let last = Shape::new([directions.clone(), batch.clone(), hidden.clone()]);
                let all = Shape::new([input.dim(0)?.clone(), directions, batch, hidden]);
                Ok([all, last.clone(), last]
                    .map(|shape| TensorType::new(node.dtype(0), shape))
                    .into_iter()
                    .collect())
            }
        }
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Err(Stop::Unknown(self.reason))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh().with_unknown_workspace()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::Unknown(self.reason))
    }

    fn role(&self, index: usize) -> Role {
        match self.known {
            _ if self.learned.contains(&index) => Role::Parameter,
            Known::Like(_) | Known::Recurrent if index > 0 => Role::Constant,
            _ => Role::Operand,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, shape};

    #[test]
    fn outputs_without_a_price() {
        let inputs = [shape(&[5, 2, 3]), shape(&[1, 16, 7]), shape(&[1, 16, 4])];
        let states = infer(&Unpriced::ATTENTIVE_LSTM, &inputs).to_vec();
        assert_eq!(states, [shape(&[5, 1, 2, 4]), shape(&[1, 2, 4]), shape(&[1, 2, 4])]);
        let known = Known::Product { transpose_a: true, transpose_b: false };
        let product = Unpriced { known, ..Unpriced::SPARSE_PRODUCT };
        assert_eq!(infer(&product, &[shape(&[3, 5]), shape(&[3, 4])])[0], shape(&[5, 4]));
        assert_eq!(infer(&Unpriced::HASH, &[shape(&[2, 3])])[0].dtype, Some(DType::U32));
        assert_eq!(
            (Unpriced::LONGFORMER.role(4), Unpriced::LONGFORMER.role(3)),
            (Role::Parameter, Role::Constant)
        );
        assert!(Unpriced::COMPILED.cost(&Operands { inputs: &[], outputs: &[], bodies: &[] }).is_err());
    }
}
