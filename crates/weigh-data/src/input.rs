//! The inputs of a model, as data must fill them.

use weigh_engine::synthetic::DEFAULT_LIMIT_BYTES;
use weigh_engine::{Tensor, TensorData};
use weigh_ir::DType;

use crate::DataError;

/// An input of a model with all dims known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInput {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub dtype: DType,
    /// Its shape; the leading extent is the batch.
    pub shape: Vec<usize>,
}

impl ModelInput {
    /// The leading extent; 1 for a scalar.
    pub(crate) fn batch(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Refuses inputs without elements, and those above [`DEFAULT_LIMIT_BYTES`].
    pub(crate) fn check(&self) -> Result<(), DataError> {
        let elements = self.shape.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim as u64));
        let bytes =
            elements.and_then(|elements| elements.checked_mul(u64::from(self.dtype.bits()?.div_ceil(8))));
        match bytes {
            Some(1..=DEFAULT_LIMIT_BYTES) => Ok(()),
            Some(0) => Err(self.error(
                format!("no data go into the shape {:?}", self.shape),
                "bind its dims to more than 0",
            )),
            _ => Err(self.error(
                format!(
                    "{}{:?} is more than {} GiB, or of no fixed size",
                    self.dtype,
                    self.shape,
                    DEFAULT_LIMIT_BYTES >> 30
                ),
                "bind its dims to less",
            )),
        }
    }

    /// The elements as this input.
    pub(crate) fn tensor(&self, data: TensorData) -> Result<Tensor, DataError> {
        let elements = data.len();
        Tensor::new(self.shape.clone(), data).ok_or_else(|| {
            self.error(
                format!("{elements} elements do not fill {:?}", self.shape),
                "check the number of files in a batch",
            )
        })
    }

    /// An error about this input.
    pub(crate) fn error(&self, reason: impl std::fmt::Display, hint: impl Into<String>) -> DataError {
        DataError::input(&self.name, reason, hint)
    }

    /// An error of a recipe, told of this input.
    pub(crate) fn refused(&self, error: &DataError) -> DataError {
        self.error(error, error.hint())
    }
}

impl std::fmt::Display for ModelInput {
    /// As in a list: name, type and shape.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` ({}{:?})", self.name, self.dtype, self.shape)
    }
}
