//! Between weigh's tensors and rten's values.
//!
//! rten calculates with four types: `f32`, `i32`, `i8` and `u8`. It turns the model's own 64-bit integers and truth
//! values into `i32` (cutting to the nearest value in range) and its 16- and 64-bit floats into `f32`, and expects
//! inputs to be given the same way. A float16 model is therefore measured in float32 arithmetic.

use ::rten::Value;
use rten_tensor::prelude::*;
use weigh_ir::half::f16_to_f32;

use crate::{EngineError, Input, Tensor, TensorData};

/// The input's value in the type rten calculates with.
pub(super) fn to_value(input: &Input) -> Result<Value, EngineError> {
    let shape = input.tensor.shape();
    let value = match input.tensor.data() {
        TensorData::F32(data) => value(shape, data.clone()),
        TensorData::F64(data) => value(shape, data.iter().map(|&x| x as f32).collect()),
        TensorData::F16(data) => value(shape, data.iter().map(|&bits| f16_to_f32(bits)).collect()),
        TensorData::I64(data) => value(shape, data.iter().map(|&x| saturated(x)).collect()),
        TensorData::I32(data) => value(shape, data.clone()),
        TensorData::Bool(data) => value(shape, data.iter().map(|&x| i32::from(x)).collect()),
        TensorData::I8(data) => value(shape, data.clone()),
        TensorData::U8(data) => value(shape, data.clone()),
        TensorData::BF16(_)
        | TensorData::I16(_)
        | TensorData::U64(_)
        | TensorData::U32(_)
        | TensorData::U16(_) => return Err(unsupported(input)),
    };
    Ok(value)
}

fn unsupported(input: &Input) -> EngineError {
    let reason = format!("rten cannot take the type {}", input.tensor.dtype());
    EngineError::Input { input: input.name.clone(), reason }
}

fn value<T>(shape: &[usize], data: Vec<T>) -> Value
where
    Value: From<rten_tensor::Tensor<T>>,
{
    Value::from_shape(shape, data).expect("a tensor's shape fits its elements")
}

/// The nearest 32-bit integer: what rten does to the model's own constants, where `i64::MAX` often stands for
/// "to the end".
fn saturated(value: i64) -> i32 {
    value.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// An output as a tensor; `None` for a sequence of tensors and for whatever else rten may learn to return.
pub(super) fn from_value(value: &Value) -> Option<Tensor> {
    let data = match value {
        Value::FloatTensor(tensor) => TensorData::F32(tensor.to_vec()),
        Value::Int32Tensor(tensor) => TensorData::I32(tensor.to_vec()),
        Value::Int8Tensor(tensor) => TensorData::I8(tensor.to_vec()),
        Value::UInt8Tensor(tensor) => TensorData::U8(tensor.to_vec()),
        _ => return None,
    };
    Tensor::new(value.shape().to_vec(), data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(data: TensorData) -> Result<TensorData, String> {
        let input = Input::new("x", vec![data.len()], data).unwrap();
        let value = to_value(&input).map_err(|error| error.to_string())?;
        Ok(from_value(&value).unwrap().data().clone())
    }

    #[test]
    fn types_become_what_rten_calculates_with() {
        assert_eq!(
            converted(TensorData::I64(vec![-3, 5_000_000_000, i64::MIN])),
            Ok(TensorData::I32(vec![-3, i32::MAX, i32::MIN]))
        );
        assert_eq!(converted(TensorData::Bool(vec![true, false])), Ok(TensorData::I32(vec![1, 0])));
        assert_eq!(converted(TensorData::F16(vec![0x3c00, 0xc000])), Ok(TensorData::F32(vec![1.0, -2.0])));
        assert_eq!(converted(TensorData::F64(vec![0.5])), Ok(TensorData::F32(vec![0.5])));
        assert_eq!(converted(TensorData::U8(vec![200])), Ok(TensorData::U8(vec![200])));
    }

    #[test]
    fn other_types_are_refused_by_name() {
        let refusal = "input `x`: rten cannot take the type";
        assert_eq!(converted(TensorData::BF16(vec![0])), Err(format!("{refusal} bfloat16")));
        assert_eq!(converted(TensorData::U32(vec![0])), Err(format!("{refusal} uint32")));
    }
}
