//! Stored values as nodes.

use std::sync::Arc;

use weigh_ir::{
    Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Stop, Stored, TensorType, single,
};

/// A stored value as a node. ONNX `Constant`.
#[derive(Clone, Debug)]
pub struct Constant(pub Arc<Stored>);

impl Operator for Constant {
    fn name(&self) -> &str {
        "Constant"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        self.0.dtype.to_string()
    }

    fn infer(&self, _: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let typed = TensorType::new(Some(self.0.dtype), self.0.shape.clone());
        Ok(single(typed.with_value(self.0.value.clone())))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::untouched()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}
