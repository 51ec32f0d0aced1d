//! Tensors as they go into an engine and come out of it.

use weigh_ir::DType;

use crate::EngineError;

/// Declares [`TensorData`]: for each variant the type of one element and the [`DType`] it stands for.
macro_rules! tensor_data {
    ($($(#[$doc:meta])* $variant:ident($element:ty)),* $(,)?) => {
        /// The elements of a tensor, in row-major order.
        #[derive(Clone, Debug, PartialEq)]
        pub enum TensorData {
            $($(#[$doc])* $variant(Vec<$element>),)*
        }

        impl TensorData {
            /// The type of the elements.
            pub fn dtype(&self) -> DType {
                match self { $(Self::$variant(_) => DType::$variant,)* }
            }

            /// The number of elements.
            pub fn len(&self) -> usize {
                match self { $(Self::$variant(elements) => elements.len(),)* }
            }
        }
    };
}

tensor_data! {
    /// 64-bit floats.
    F64(f64),
    /// 32-bit floats.
    F32(f32),
    /// 16-bit floats (IEEE 754 binary16), as bits.
    F16(u16),
    /// Brain floats (the upper half of a binary32), as bits.
    BF16(u16),
    /// Signed 64-bit integers.
    I64(i64),
    /// Signed 32-bit integers.
    I32(i32),
    /// Signed 16-bit integers.
    I16(i16),
    /// Signed 8-bit integers.
    I8(i8),
    /// Unsigned 64-bit integers.
    U64(u64),
    /// Unsigned 32-bit integers.
    U32(u32),
    /// Unsigned 16-bit integers.
    U16(u16),
    /// Unsigned 8-bit integers.
    U8(u8),
    /// Truth values.
    Bool(bool),
}

impl TensorData {
    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Elements with a shape. The shape's product is always the number of elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: TensorData,
}

impl Tensor {
    /// A tensor of that shape; `None` where the shape's product is not the number of elements.
    pub fn new(shape: Vec<usize>, data: TensorData) -> Option<Tensor> {
        let elements = shape.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim))?;
        (elements == data.len()).then_some(Tensor { shape, data })
    }

    /// The size of each dimension, outermost first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements, in row-major order.
    pub fn data(&self) -> &TensorData {
        &self.data
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }
}

/// A value for one of a model's inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The input's name in the model.
    pub name: String,
    /// Its value.
    pub tensor: Tensor,
}

impl Input {
    /// An input of that name, shape and content.
    ///
    /// # Errors
    /// [`EngineError::Input`] where the shape's product is not the number of elements.
    pub fn new(name: impl Into<String>, shape: Vec<usize>, data: TensorData) -> Result<Input, EngineError> {
        let name = name.into();
        let (elements, described) = (data.len(), format!("{shape:?}"));
        match Tensor::new(shape, data) {
            Some(tensor) => Ok(Input { name, tensor }),
            None => Err(EngineError::Input {
                input: name,
                reason: format!("{elements} elements do not fill the shape {described}"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_must_fit_the_elements() {
        let six = || TensorData::F32(vec![0.0; 6]);
        assert!(Tensor::new(vec![2, 3], six()).is_some());
        assert!(Tensor::new(vec![2, 2], six()).is_none());
        assert!(Tensor::new(vec![usize::MAX, 2], six()).is_none());
        assert!(Tensor::new(vec![], TensorData::I64(vec![7])).is_some());
        assert!(Tensor::new(vec![0, 9], TensorData::U8(vec![])).is_some());
        let error = Input::new("x", vec![2, 2], six()).unwrap_err();
        assert_eq!(error.to_string(), "input `x`: 6 elements do not fill the shape [2, 2]");
    }
}
