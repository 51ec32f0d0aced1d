//! Text generated token by token, with the model inside.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType,
};

use crate::parameter::first;

/// A decoder run until all sequences end, and what runs once before it. `BeamSearch`, `GreedySearch`, `Sampling` and
/// `WhisperBeamSearch` of com.microsoft.
///
/// Inputs: prompt or features, longest length; then, with beams, shortest length, how many beams, how many sequences
/// are returned, and settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// The name of this form.
    pub name: &'static str,
    /// Whether several sequences are followed at once.
    pub beams: bool,
    /// How many graphs there are inside.
    pub bodies: usize,
}

/// How many outputs a form has at most.
const OUTPUTS: usize = 5;
const MAX_LENGTH: usize = 1;
const RETURNED: usize = 4;

impl Operator for Search {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        first(node, MAX_LENGTH).map(|length| format!("up to {length} tokens")).unwrap_or_default()
    }

    /// The graphs inside see the shapes that they declare.
    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        for index in 0..self.bodies {
            match node.bodies.infer(index, Vec::new()) {
                Err(Stop::Contradiction(message)) => return Err(Stop::Contradiction(message)),
                // Nothing outside depends on what they make.
                Err(Stop::Unknown(_)) | Ok(_) => {}
            }
        }
        let setting = |index: usize, axis: usize| {
            first(&node.operands(), index).unwrap_or_else(|| node.unknown_dim(0, axis))
        };
        let batch = node.input(0)?.dim(0)?.clone();
        let tokens = |dims: Vec<Expr>| TensorType::new(Some(DType::I32), Shape::new(dims));
        let mut outputs = Outputs::new();
        if self.beams {
            let returned = setting(RETURNED, 1);
            outputs.push(tokens(vec![batch.clone(), returned.clone(), setting(MAX_LENGTH, 2)]));
            outputs.push(TensorType::new(None, Shape::new([batch, returned])));
        } else {
            outputs.push(tokens(vec![batch, setting(MAX_LENGTH, 1)]));
        }
        // Scores, for those who look inside.
        outputs.resize(OUTPUTS, TensorType::unknown(None));
        Ok(outputs)
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Err(Stop::Unknown("how many tokens are generated is data"))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh().with_unknown_workspace()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, ints, shape};

    #[test]
    fn what_is_returned() {
        let beams = Search { name: "BeamSearch", beams: true, bodies: 0 };
        let inputs = [shape(&[2, 7]), ints(&[50]), ints(&[1]), ints(&[4]), ints(&[3])];
        let outputs = infer(&beams, &inputs);
        assert_eq!(outputs[0], TensorType::new(Some(DType::I32), Shape::of(&[2, 3, 50])));
        assert_eq!(outputs[1].shape, Some(Shape::of(&[2, 3])));
        let greedy = Search { name: "GreedySearch", beams: false, bodies: 0 };
        assert_eq!(infer(&greedy, &inputs[..2])[0].shape, Some(Shape::of(&[2, 50])));
        assert!(greedy.cost(&Operands { inputs: &[], outputs: &[], bodies: &[] }).is_err());
    }
}
