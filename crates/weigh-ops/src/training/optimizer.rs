//! Steps of training that a graph spells out: optimisers and gradients.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
};

/// How a tensor moves along its gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateStep {
    /// By the root of the sum of squared gradients.
    Adagrad {
        /// Whether the rate decays.
        decays: bool,
    },
    /// By running means of gradients and of their squares.
    Adam {
        /// Whether the tensor shrinks afterwards.
        shrinks: bool,
    },
    /// By a running sum of gradients.
    Momentum {
        /// Whether the step looks ahead.
        nesterov: bool,
    },
}

/// One step of an optimiser. Rate and number of steps so far, then tensors, their gradients, and one state or two
/// for each; tensors and states come out anew. ONNX `Adagrad`, `Adam`, `Momentum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Optimizer {
    /// How tensors move.
    pub step: UpdateStep,
    /// Whether a multiple of the tensor is added to its gradient.
    pub regularizes: bool,
    /// How many inputs there are.
    pub inputs: usize,
}

/// Rate and number of steps.
const SETTINGS: usize = 2;

impl Optimizer {
    fn states(&self) -> usize {
        match self.step {
            UpdateStep::Adam { .. } => 2,
            UpdateStep::Adagrad { .. } | UpdateStep::Momentum { .. } => 1,
        }
    }

    /// How many tensors are optimised.
    fn tensors(&self) -> usize {
        self.inputs.saturating_sub(SETTINGS) / (2 + self.states())
    }

    /// Operations of each element, and of the rate once for all.
    fn operations(&self) -> (i64, i64) {
        let (element, rate) = match self.step {
            // H + g·g; √H + ε; x − r·g/H. The rate: R / (1 + T·d).
            UpdateStep::Adagrad { decays } => (7, if decays { 3 } else { 0 }),
            // α·V + (1 − α)·g; β·H + (1 − β)·g·g; √H + ε; x − r·V/H; what shrinks is multiplied. The rate: R·√(1 − β^T) /
            // (1 − α^T).
            UpdateStep::Adam { shrinks } => (12 + i64::from(shrinks), 7),
            // α·V + β·g; x − r·(g + α·V), or x − r·V.
            UpdateStep::Momentum { nesterov } => (if nesterov { 7 } else { 5 }, 0),
        };
        (element + if self.regularizes { 2 } else { 0 }, rate)
    }
}

impl Operator for Optimizer {
    fn name(&self) -> &str {
        match self.step {
            UpdateStep::Adagrad { .. } => "Adagrad",
            UpdateStep::Adam { .. } => "Adam",
            UpdateStep::Momentum { .. } => "Momentum",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("{} tensors", self.tensors())
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let tensors = self.tensors();
        let new = (0..tensors).chain(2 * tensors..(2 + self.states()) * tensors);
        Ok(new.map(|index| same_type(node, SETTINGS + index)).collect())
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (element, rate) = self.operations();
        let elements = (SETTINGS..SETTINGS + self.tensors()).map(|index| Ok(node.input(index)?.elements()));
        Ok(Cost::other(elements.sum::<Result<Expr, Stop>>()? * element + Expr::Int(rate)))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([SETTINGS])
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::Unknown("it is part of a training step"))
    }

    fn role(&self, index: usize) -> Role {
        match index.checked_sub(SETTINGS) {
            None => Role::Constant,
            Some(at) if at < 2 * self.tensors() => Role::Operand,
            Some(_) => Role::Buffer,
        }
    }
}

/// Type and shape of an input, which an output has too.
fn same_type(node: &Inference<'_>, index: usize) -> TensorType {
    let shape: Option<Shape> = node.input(index).ok().cloned();
    TensorType { shape, ..TensorType::unknown(node.dtype(index)) }
}

/// Derivatives of a tensor, named by the node, with respect to its first inputs. ONNX `Gradient`.
///
/// What lies between them is not part of the node: its price is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gradient;

impl Operator for Gradient {
    fn name(&self) -> &str {
        "Gradient"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Ok((0..node.output_count).map(|index| same_type(node, index)).collect())
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Err(Stop::Unknown("what is differentiated is given by name only"))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::Unknown("it is part of a training step"))
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, shape};

    #[test]
    fn steps() {
        let (scalar, a, b) = (shape(&[]), shape(&[3]), shape(&[4, 2]));
        let one_state = [&scalar, &scalar, &a, &b, &a, &b, &a, &b].map(Clone::clone);
        let two_states = [&scalar, &scalar, &a, &b, &a, &b, &a, &b, &a, &b].map(Clone::clone);
        let op = |step, regularizes, inputs| Optimizer { step, regularizes, inputs };
        // 11 elements altogether.
        let adagrad = op(UpdateStep::Adagrad { decays: true }, true, 8);
        assert_eq!(cost(&adagrad, &one_state), Cost::other(Expr::Int(11 * 9 + 3)));
        assert_eq!(infer(&adagrad, &one_state).to_vec(), one_state[2..6]);
        assert_eq!(
            (adagrad.role(1), adagrad.role(5), adagrad.role(6)),
            (Role::Constant, Role::Operand, Role::Buffer)
        );
        let momentum = |nesterov| op(UpdateStep::Momentum { nesterov }, false, 8);
        assert_eq!(cost(&momentum(false), &one_state).other_ops, Expr::Int(55));
        assert_eq!(cost(&momentum(true), &one_state).other_ops, Expr::Int(77));
        let adam = op(UpdateStep::Adam { shrinks: false }, false, 10);
        assert_eq!(cost(&adam, &two_states).other_ops, Expr::Int(11 * 12 + 7));
        assert_eq!(infer(&adam, &two_states).len(), 6);
    }

    #[test]
    fn gradients_are_shaped_but_not_priced() {
        let inputs = [shape(&[3]), shape(&[4, 2])];
        assert_eq!(infer(&Gradient, &inputs)[1], inputs[1]);
        let operands = Operands { inputs: &[], outputs: &[], bodies: &[] };
        assert!(Gradient.cost(&operands).is_err());
    }
}
