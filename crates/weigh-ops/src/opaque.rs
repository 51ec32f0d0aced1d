//! Operators that nothing is known about: counted, listed, and never priced at zero.

use weigh_ir::{Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Stop};

/// An operator without rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// Its name in the file, with the domain where that is not the standard's.
    pub name: String,
}

impl Operator for Opaque {
    fn name(&self) -> &str {
        &self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, _: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Err(Stop::Unknown("no rule for this operator"))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Err(Stop::Unknown("no rule for this operator"))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh().with_unknown_workspace()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::Unknown("nobody knows what it does"))
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}
