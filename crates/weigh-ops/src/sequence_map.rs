//! A body run for every member of a sequence.

use weigh_ir::{Cost, Expr, Inference, Members, Memory, Operands, Operator, Outputs, Role, Stop, TensorType};

use crate::sequence::some_member;

/// A body run for every member of the sequences among the inputs; tensors among them are given whole to every
/// run. Each output of the body becomes a sequence. ONNX `SequenceMap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceMap;

const UNKNOWN_LENGTH: Stop = Stop::Unknown("the number of members of a sequence is unknown");

/// The members of input `index`, if it is a sequence whose length is known.
fn each<'a>(inputs: &[Option<&'a TensorType>], index: usize) -> Option<&'a [TensorType]> {
    inputs.get(index).copied().flatten()?.sequence.as_ref()?.each()
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
        let mut run = |at: Option<usize>| {
            let arguments = inputs.iter().enumerate().map(|(index, input)| {
                let unknown = |axis| Expr::symbol(&format!("{stem}_{index}_{axis}"));
                input.map(|input| argument(input, at, &unknown)).unwrap_or_default()
            });
            node.bodies.infer(0, arguments.collect())
        };
        match each(inputs, 0) {
            Some(members) => {
                let mut collected = vec![Vec::new(); node.output_count];
                for at in 0..members.len() {
                    collected.iter_mut().zip(run(Some(at))?).for_each(|(all, one)| all.push(one));
                }
                Ok(collected.into_iter().map(TensorType::sequence_of).collect())
            }
            None => Ok(run(None)?.into_iter().map(TensorType::sequence_like).collect()),
        }
    }

    /// What a run costs, times the members: where these are alike, so are the runs.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let members = each(node.inputs, 0).ok_or(UNKNOWN_LENGTH)?;
        let are_alike = (0..node.inputs.len())
            .filter_map(|index| each(node.inputs, index))
            .all(|members| members.windows(2).all(|pair| pair[0].shape == pair[1].shape));
        if !are_alike {
            return Err(Stop::Unknown("the members of a sequence differ"));
        }
        let body = node.bodies.first().cloned().unwrap_or(Err(Stop::Unknown("what a body costs is unknown")));
        Ok(body?.times(&Expr::from(members.len())))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;
    use weigh_ir::{Bodies, DType, Shape};

    /// A body that gives back its first argument.
    struct Same;

    impl Bodies for Same {
        fn infer(&mut self, _: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
            Ok(inputs.into_iter().take(1).collect())
        }
    }

    fn run(input: &TensorType) -> (TensorType, Result<Cost, Stop>) {
        let inputs = [Some(input)];
        let mut node = Inference { inputs: &inputs, output_count: 1, symbol_stem: "test", bodies: &mut Same };
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
