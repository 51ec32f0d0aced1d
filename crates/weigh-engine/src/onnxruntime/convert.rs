//! Between weigh's tensors and ONNX Runtime's values. Every type goes in and comes out as it is.

use half::{bf16, f16};
use ort::value::{DynValue, PrimitiveTensorElementType, Tensor as OrtTensor, TensorElementType, ValueType};
use weigh_ir::DType;

use crate::{EngineError, Input, Tensor, TensorData};

/// The types that both sides have, with their names there.
const TYPES: [(DType, TensorElementType); 13] = [
    (DType::F64, TensorElementType::Float64),
    (DType::F32, TensorElementType::Float32),
    (DType::F16, TensorElementType::Float16),
    (DType::BF16, TensorElementType::Bfloat16),
    (DType::I64, TensorElementType::Int64),
    (DType::I32, TensorElementType::Int32),
    (DType::I16, TensorElementType::Int16),
    (DType::I8, TensorElementType::Int8),
    (DType::U64, TensorElementType::Uint64),
    (DType::U32, TensorElementType::Uint32),
    (DType::U16, TensorElementType::Uint16),
    (DType::U8, TensorElementType::Uint8),
    (DType::Bool, TensorElementType::Bool),
];

/// What a model declares about an input.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    kind: Kind,
    /// The extent of each axis, negative where it is open.
    shape: Vec<i64>,
}

#[derive(Clone, Debug)]
enum Kind {
    Tensor(DType),
    /// In ONNX Runtime's words.
    Other(String),
}

impl Declared {
    pub(super) fn new(declared: &ValueType) -> Declared {
        let (kind, shape) = match declared {
            ValueType::Tensor { ty, shape, .. } => (TYPES.iter().find(|row| row.1 == *ty), shape.to_vec()),
            _ => (None, Vec::new()),
        };
        let kind = kind.map_or_else(|| Kind::Other(declared.to_string()), |row| Kind::Tensor(row.0));
        Declared { kind, shape }
    }

    /// Why an input of that type and shape is not what was declared. ONNX Runtime says the same in the first run,
    /// but not always of which input.
    fn misfit(&self, tensor: &Tensor) -> Option<String> {
        match &self.kind {
            Kind::Other(kind) => return Some(format!("the model takes {kind} here, which cannot be given")),
            Kind::Tensor(dtype) if *dtype != tensor.dtype() => {
                return Some(format!("the model takes {dtype} here, not {}", tensor.dtype()));
            }
            Kind::Tensor(_) => {}
        }
        let (declared, given) = (&self.shape, tensor.shape());
        if declared.len() != given.len() {
            return Some(format!("expected {} dims but got {}", declared.len(), given.len()));
        }
        let mut dims = declared.iter().zip(given).enumerate();
        let (axis, (&declared, given)) = dims
            .find(|(_, (declared, given))| usize::try_from(**declared).is_ok_and(|size| size != **given))?;
        Some(format!("expected dim {axis} to have size {declared} but got {given}"))
    }
}

/// The input's value.
///
/// # Errors
/// [`EngineError::Input`] where its type or shape is not the declared one.
pub(super) fn to_value(input: &Input, declared: &Declared) -> Result<DynValue, EngineError> {
    let wrong = |reason: String| EngineError::Input { input: input.name.clone(), reason };
    if let Some(reason) = declared.misfit(&input.tensor) {
        return Err(wrong(reason));
    }
    let shape = input.tensor.shape();
    let value = match input.tensor.data() {
        TensorData::F64(data) => value(shape, data.clone()),
        TensorData::F32(data) => value(shape, data.clone()),
        TensorData::F16(data) => value(shape, data.iter().map(|&bits| f16::from_bits(bits)).collect()),
        TensorData::BF16(data) => value(shape, data.iter().map(|&bits| bf16::from_bits(bits)).collect()),
        TensorData::I64(data) => value(shape, data.clone()),
        TensorData::I32(data) => value(shape, data.clone()),
        TensorData::I16(data) => value(shape, data.clone()),
        TensorData::I8(data) => value(shape, data.clone()),
        TensorData::U64(data) => value(shape, data.clone()),
        TensorData::U32(data) => value(shape, data.clone()),
        TensorData::U16(data) => value(shape, data.clone()),
        TensorData::U8(data) => value(shape, data.clone()),
        TensorData::Bool(data) => value(shape, data.clone()),
    };
    value.map_err(|error| wrong(error.to_string()))
}

fn value<T>(shape: &[usize], data: Vec<T>) -> Result<DynValue, ort::Error>
where
    T: PrimitiveTensorElementType + std::fmt::Debug + Clone + 'static,
{
    Ok(OrtTensor::from_array((shape.to_vec(), data))?.into_dyn())
}

/// An output as a tensor; `None` where it is none, or one of a type that weigh's tensors do not have.
pub(super) fn from_value(value: &DynValue) -> Option<Tensor> {
    let ValueType::Tensor { ty, .. } = value.dtype() else { return None };
    let dtype = TYPES.iter().find(|row| row.1 == *ty)?.0;
    match dtype {
        DType::F64 => tensor(value, |data| TensorData::F64(data.to_vec())),
        DType::F32 => tensor(value, |data| TensorData::F32(data.to_vec())),
        DType::F16 => tensor(value, |data: &[f16]| {
            TensorData::F16(data.iter().map(|element| element.to_bits()).collect())
        }),
        DType::BF16 => tensor(value, |data: &[bf16]| {
            TensorData::BF16(data.iter().map(|element| element.to_bits()).collect())
        }),
        DType::I64 => tensor(value, |data| TensorData::I64(data.to_vec())),
        DType::I32 => tensor(value, |data| TensorData::I32(data.to_vec())),
        DType::I16 => tensor(value, |data| TensorData::I16(data.to_vec())),
        DType::I8 => tensor(value, |data| TensorData::I8(data.to_vec())),
        DType::U64 => tensor(value, |data| TensorData::U64(data.to_vec())),
        DType::U32 => tensor(value, |data| TensorData::U32(data.to_vec())),
        DType::U16 => tensor(value, |data| TensorData::U16(data.to_vec())),
        DType::U8 => tensor(value, |data| TensorData::U8(data.to_vec())),
        DType::Bool => tensor(value, |data| TensorData::Bool(data.to_vec())),
        _ => None,
    }
}

fn tensor<T: PrimitiveTensorElementType>(
    value: &DynValue,
    data: impl FnOnce(&[T]) -> TensorData,
) -> Option<Tensor> {
    let (shape, elements) = value.try_extract_tensor::<T>().ok()?;
    let shape: Option<Vec<usize>> = shape.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    Tensor::new(shape?, data(elements))
}

#[cfg(test)]
mod tests {
    use ort::value::{Shape, SymbolicDimensions};

    use super::*;

    fn declared(ty: TensorElementType, shape: &[i64]) -> Declared {
        let shape = Shape::new(shape.iter().copied());
        let dimension_symbols = SymbolicDimensions::empty(shape.len());
        Declared::new(&ValueType::Tensor { ty, shape, dimension_symbols })
    }

    #[test]
    fn misfits_are_told_before_the_first_run() {
        let image = declared(TensorElementType::Float32, &[-1, 3, 2]);
        let misfit = |shape: &[usize], data| image.misfit(&Tensor::new(shape.to_vec(), data).unwrap());
        assert_eq!(misfit(&[1, 3, 2], TensorData::F32(vec![0.0; 6])), None);
        assert_eq!(misfit(&[2, 3, 2], TensorData::F32(vec![0.0; 12])), None);
        assert_eq!(
            misfit(&[1, 2, 3], TensorData::F32(vec![0.0; 6])).unwrap(),
            "expected dim 1 to have size 3 but got 2"
        );
        assert_eq!(misfit(&[6], TensorData::F32(vec![0.0; 6])).unwrap(), "expected 3 dims but got 1");
        assert_eq!(
            misfit(&[1, 3, 2], TensorData::I64(vec![0; 6])).unwrap(),
            "the model takes float32 here, not int64"
        );
        let text = declared(TensorElementType::String, &[1]);
        assert!(text.misfit(&Tensor::new(vec![1], TensorData::U8(vec![0])).unwrap()).is_some());
    }
}
