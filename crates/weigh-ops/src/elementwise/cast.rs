//! Elements as another type.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Stop, TensorType,
    Value, single,
};

use super::values::certainly_equal;

/// Conversion to another element type. ONNX `Cast`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// The type to convert to; `None` where the second input's type is meant (`CastLike`).
    pub to: Option<DType>,
}

impl Operator for Cast {
    fn name(&self) -> &str {
        "Cast"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        self.to.map(|dtype| format!("to {dtype}")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let to = self.to.or_else(|| node.dtype(1));
        let value = node.value(0).and_then(|value| cast_value(value, to?));
        Ok(single(TensorType::new(to, node.input(0)?.clone()).with_value(value)))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    /// Cast back; integers and booleans have no gradient.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let is_float = |dtype: Option<DType>| dtype.is_some_and(DType::is_float);
        match is_float(node.dtype(0)) && is_float(self.to.or(node.dtype(1))) {
            true => Ok(Backward::moves([0])),
            false => Ok(Backward::none()),
        }
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Type }
    }
}

fn cast_value(value: &Value, to: DType) -> Option<Value> {
    match (value, to) {
        (Value::Ints(_), to) if to.is_integer() => Some(value.clone()),
        (Value::Ints(ints), DType::Bool) => {
            let truth = |value: &Expr| Some(Expr::Int(i64::from(!certainly_equal(value, &Expr::ZERO)?)));
            Some(Value::Ints(ints.iter().map(truth).collect::<Option<_>>()?))
        }
        (Value::Ints(_), to) if to.is_float() => match value.as_floats() {
            Some(floats) => Some(Value::Floats(floats.into())),
            // A formula stays an exact integer while it passes through floating point.
            None => Some(value.clone()),
        },
        (Value::Floats(floats), to) if to.is_float() => Some(Value::Floats(floats.clone())),
        (Value::Floats(floats), to) if to.is_integer() => {
            // Towards zero. What a number beyond the type becomes is up to the runtime.
            let fits = |value: &&f64| value.abs() < 9e18;
            let ints =
                floats.iter().map(|value| Some(value).filter(fits).map(|value| Expr::Int(*value as i64)));
            Some(Value::Ints(ints.collect::<Option<_>>()?))
        }
        (Value::Floats(floats), DType::Bool) => {
            Some(Value::ints(floats.iter().map(|value| i64::from(*value != 0.0))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::infer;
    use weigh_ir::Shape;

    fn floats(values: &[f64]) -> TensorType {
        let shape = Shape::of(&[values.len() as i64]);
        TensorType::known(DType::F32, shape, Value::Floats(values.into()))
    }

    #[test]
    fn casts_truncate() {
        let cast = |values: &[f64]| infer(&Cast { to: Some(DType::I64) }, &[floats(values)])[0].value.clone();
        assert_eq!(cast(&[-1.5, 2.9]), Some(Value::ints([-1, 2])));
        assert_eq!(cast(&[f64::NAN]), None);
        assert_eq!(cast(&[1e300]), None);
    }
}
