//! Control flow over bodies that are functions of types.

use weigh_ir::{
    Bodies, Cost, DType, Expr, Inference, Operands, Operator, Outputs, Shape, Stop, TensorType, Value,
};

pub(crate) type Body<'a> = &'a dyn Fn(&[TensorType]) -> Vec<TensorType>;

/// Bodies as functions of the types of their inputs.
pub(crate) struct Fake<'a>(pub Vec<Body<'a>>);

impl Bodies for Fake<'_> {
    fn infer(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        Ok(self.0[index](&inputs))
    }

    fn run(&mut self, _: usize, _: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        Err(Stop::Unknown("not followed here"))
    }

    fn is_certain(&self, _: usize) -> bool {
        true
    }

    fn contradicts(&self, _: usize) -> bool {
        false
    }

    fn rule_out(&mut self, _: usize) {}
}

/// Inferred outputs and cost.
pub(crate) fn run(
    op: &dyn Operator,
    inputs: &[Option<TensorType>],
    mut bodies: Fake<'_>,
    costs: &[i64],
) -> (Outputs, Result<Cost, Stop>) {
    let inputs: Vec<_> = inputs.iter().map(Option::as_ref).collect();
    let mut node = Inference { inputs: &inputs, output_count: 2, symbol_stem: "test", bodies: &mut bodies };
    let outputs = op.infer(&mut node).expect("the operator infers");
    let costs: Vec<_> = costs.iter().map(|macs| Ok(Cost::macs(Expr::Int(*macs)))).collect();
    let found: Vec<_> = outputs.iter().map(Some).collect();
    let cost = op.cost(&Operands { inputs: &inputs, outputs: &found, bodies: &costs });
    (outputs, cost)
}

pub(crate) fn scalar(dtype: DType, value: Option<Expr>) -> Option<TensorType> {
    Some(TensorType::new(Some(dtype), Shape::scalar()).with_value(value.map(|value| Value::exprs([value]))))
}

pub(crate) fn macs(cost: Result<Cost, Stop>) -> Expr {
    cost.expect("a price").macs
}
