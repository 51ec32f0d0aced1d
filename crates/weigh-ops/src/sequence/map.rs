//! A body run for every member of a sequence.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Members, Memory, Operands, Operator, Outputs, Role, Stop, TensorType,
};

use super::members::some_member;
use crate::control::body;

/// A body run for every member of the sequences among the inputs; tensors among them are given whole to every
/// run. Each output of the body becomes a sequence. ONNX `SequenceMap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceMap;

const UNKNOWN_LENGTH: Stop = Stop::Unknown("the number of members of a sequence is unknown");

/// The members of input `index`, if it is a sequence whose length is known.
fn each<'a>(inputs: &[Option<&'a TensorType>], index: usize) -> Option<&'a [TensorType]> {
    inputs.get(index).copied().flatten()?.sequence.as_ref()?.each()
}

/// Whether every run gets the same shapes.
fn are_alike(inputs: &[Option<&TensorType>]) -> bool {
    (0..inputs.len())
        .filter_map(|index| each(inputs, index))
        .all(|members| members.windows(2).all(|pair| pair[0].shape == pair[1].shape))
}

/// What run `at` gets of an input.
fn argument(input: &TensorType, at: Option<usize>, unknown: &dyn Fn(usize) -> Expr) -> TensorType {
    match (&input.sequence, at) {
        (Some(Members::Each(members)), Some(at)) => members.get(at).cloned().unwrap_or_default(),
        (Some(Members::Each(_)), None) => TensorType::default(),
        (Some(Members::Like(member)), _) => some_member(member, unknown),
        (None, _) => input.clone(),
    }
}

impl Operator for SequenceMap {
    fn name(&self) -> &str {
        "SequenceMap"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        each(node.inputs, 0).map(|members| format!("{} times", members.len())).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let inputs = node.inputs;
        let stem = node.symbol_stem;
        let arguments = |at: Option<usize>| -> Vec<TensorType> {
            let argument = |(index, input): (usize, &Option<&TensorType>)| {
                let unknown = |axis| Expr::symbol(&format!("{stem}_{index}_{axis}"));
                input.map(|input| argument(input, at, &unknown)).unwrap_or_default()
            };
            inputs.iter().enumerate().map(argument).collect()
        };
        let Some(members) = each(inputs, 0) else {
            return Ok(node
                .bodies
                .infer(0, arguments(None))?
                .into_iter()
                .map(TensorType::sequence_like)
                .collect());
        };
        let count = node.output_count;
        let collect = |run: &mut dyn FnMut(Vec<TensorType>) -> Result<Vec<TensorType>, Stop>| {
            let mut collected = vec![Vec::new(); count];
            for at in 0..members.len() {
                collected.iter_mut().zip(run(arguments(Some(at)))?).for_each(|(all, one)| all.push(one));
            }
            Ok(collected.into_iter().map(TensorType::sequence_of).collect())
        };
        let followed = match are_alike(inputs) {
            true => None,
            false => collect(&mut |arguments| node.bodies.run(0, arguments)).ok(),
        };
        followed.map_or_else(|| collect(&mut |arguments| node.bodies.infer(0, arguments)), Ok)
    }

    /// What a run costs, times the members: where these are alike, so are the runs.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let members = each(node.inputs, 0).ok_or(UNKNOWN_LENGTH)?;
        if !are_alike(node.inputs) {
            return Err(Stop::Unknown("the members of a sequence differ"));
        }
        Ok(body(node, 0)?.times(&Expr::from(members.len())))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::UNFOLLOWED)
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::Fake;
    use crate::testing::shape;
    use weigh_ir::{DType, Shape};

    fn run(input: &TensorType) -> (TensorType, Result<Cost, Stop>) {
        let inputs = [Some(input)];
        // A body that gives back its first argument.
        let mut bodies = Fake(vec![&|inputs| inputs[..1].to_vec()]);
        let mut node =
            Inference { inputs: &inputs, output_count: 1, symbol_stem: "test", bodies: &mut bodies };
        let outputs = SequenceMap.infer(&mut node).expect("the operator infers");
        let bodies = [Ok(Cost::macs(Expr::Int(10)))];
        let found = [Some(&outputs[0])];
        (
            outputs[0].clone(),
            SequenceMap.cost(&Operands { inputs: &inputs, outputs: &found, bodies: &bodies }),
        )
    }

    #[test]
    fn every_member_is_a_run() {
        let alike = TensorType::sequence_of([shape(&[2]), shape(&[2]), shape(&[2])]);
        assert_eq!(run(&alike), (alike.clone(), Ok(Cost::macs(Expr::Int(30)))));
        let different = TensorType::sequence_of([shape(&[2]), shape(&[3])]);
        let (outputs, cost) = run(&different);
        assert_eq!(outputs, different);
        assert!(cost.is_err());
    }

    #[test]
    fn of_an_unknown_number_only_the_kind_is_known() {
        let member = TensorType::new(Some(DType::F32), Shape::new([Expr::symbol("n"), Expr::Int(3)]));
        let (output, cost) = run(&TensorType::sequence_like(member));
        let like = TensorType::new(Some(DType::F32), Shape::new([Expr::symbol("test_0_0"), Expr::Int(3)]));
        assert_eq!(output, TensorType::sequence_like(like));
        assert_eq!(cost, Err(UNKNOWN_LENGTH));
    }
}
