//! Questions about shapes.

use weigh_ir::{
    Backward, Cost, DType, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
    Value, single,
};

/// What a query tells about its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// The extents from one axis to another. ONNX `Shape`.
    Shape {
        /// The first axis.
        start: i64,
        /// One past the last axis; `None` for the rank.
        end: Option<i64>,
    },
    /// The number of elements. ONNX `Size`.
    Size,
}

impl Operator for Query {
    fn name(&self) -> &str {
        match self {
            Query::Shape { .. } => "Shape",
            Query::Size => "Size",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        Ok(single(match self {
            Query::Size => TensorType::known(DType::I64, Shape::scalar(), Value::exprs([input.elements()])),
            Query::Shape { start, end } => {
                let rank = input.rank() as i64;
                let clamp = |axis: i64| {
                    (if axis < 0 { axis.saturating_add(rank) } else { axis }).clamp(0, rank) as usize
                };
                let (start, end) = (clamp(*start), clamp(end.unwrap_or(rank)));
                let dims = &input.dims()[start.min(end)..end];
                let shape = Shape::of(&[dims.len() as i64]);
                TensorType::known(DType::I64, shape, Value::exprs(dims.iter().cloned()))
            }
        }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::infer;
    use weigh_ir::{DType, Expr, Value};

    #[test]
    fn queries_return_formulas() {
        let batch = Expr::symbol("batch");
        let input = TensorType::new(Some(DType::F32), Shape::new([batch.clone(), Expr::Int(3)]));
        let dims = infer(&Query::Shape { start: 0, end: Some(-1) }, &[input]);
        assert_eq!(dims[0].value, Some(Value::exprs([batch])));
    }
}
