//! Functions applied element by element, with broadcasting.

use weigh_ir::{
    Backward, Cost, DType, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
    Value, single,
};

use super::table::{Arity, FUNCTIONS, Function, Returns};
use super::values::{binary_value, choose, clip_value, rest, unary_value};
use crate::values;

use Arity::{Any, Choice, One, Two};
use Returns::{Bool, Same};

/// An elementwise function as an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elementwise {
    /// Which function.
    pub function: &'static Function,
    /// Whether the output has the first input's shape whatever the others' (the one-sided broadcasting of ONNX
    /// before opset 7, which aligns the second input at an axis).
    pub one_sided: bool,
    /// Further operations for each element that a setting adds: a factor that is not 1.
    pub further: i64,
    /// Whether a rest has the sign of the dividend, and not of the divisor (`Mod` with `fmod`).
    pub signed_rest: bool,
}

impl Elementwise {
    /// The operator of this name, if there is such a function.
    pub fn named(name: &str) -> Option<Elementwise> {
        let function = FUNCTIONS.iter().find(|function| function.name == name)?;
        Some(Elementwise { function, one_sided: false, further: 0, signed_rest: false })
    }

    /// The operator of this name, whether upper or lower case.
    pub fn named_in_any_case(name: &str) -> Option<Elementwise> {
        FUNCTIONS
            .iter()
            .find(|function| function.name.eq_ignore_ascii_case(name))
            .and_then(|function| Elementwise::named(function.name))
    }

    /// Which inputs are operands: the condition of a choice and the bounds of a clip are not.
    fn operands(&self, inputs: usize) -> std::ops::Range<usize> {
        match self.function.arity {
            One => 0..1.min(inputs),
            Choice => 1..inputs,
            Two | Any => 0..inputs,
        }
    }

    fn value(&self, node: &Inference<'_>, shape: &Shape) -> Option<Value> {
        let operand = |index: usize| values::broadcast(node.value(index)?, node.input(index).ok()?, shape);
        let is_float = node.dtype(0).is_some_and(DType::is_float);
        let name = self.function.name;
        match self.function.arity {
            One if name == "Clip" => clip_value(node),
            One => unary_value(name, node.value(0)?),
            Two if name == "Mod" => rest(&operand(0)?, &operand(1)?, self.signed_rest),
            Two => binary_value(name, &operand(0)?, &operand(1)?, is_float),
            Any => (1..node.inputs.len())
                .try_fold(operand(0)?, |total, index| binary_value(name, &total, &operand(index)?, is_float)),
            Choice => choose(&operand(0)?, &operand(1)?, &operand(2)?),
        }
    }
}

impl Operator for Elementwise {
    fn name(&self) -> &str {
        self.function.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let involved = match self.function.arity {
            _ if self.one_sided => 1,
            One => 1,
            _ => node.inputs.len(),
        };
        let mut shape = node.input(0)?.clone();
        for index in 1..involved {
            shape = shape.broadcast(node.input(index)?)?;
        }
        let dtype = match self.function.returns {
            Bool => Some(DType::Bool),
            Same => node.dtype(self.operands(node.inputs.len()).start),
        };
        let value = self.value(node, &shape);
        Ok(single(TensorType::new(dtype, shape).with_value(value)))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let repeats = match self.function.arity {
            // n − 1 additions; the mean divides once more.
            Any => node.inputs.len() as i64 - if self.function.name == "Mean" { 0 } else { 1 },
            _ => 1,
        };
        let operations = self.function.operations * repeats + self.further;
        Ok(Cost::other(node.output(0)?.elements() * operations))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        let memory = Memory::in_place(self.operands(node.inputs.len()));
        match self.function.name {
            // What goes into the error function is needed once more for the product.
            "BiasGelu" => {
                memory.with_workspace("input and bias", node.output(0).map(Shape::elements), node.dtype(0))
            }
            _ => memory,
        }
    }

    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        super::backward::backward(self, node)
    }

    fn role(&self, index: usize) -> Role {
        match (self.function.name, self.function.arity, index) {
            ("PRelu" | "BiasGelu" | "FastGelu", _, 1) => Role::Parameter,
            (_, Choice, 0) => Role::Constant,
            (_, One, 1..) => Role::Constant,
            _ => Role::Operand,
        }
    }
}
