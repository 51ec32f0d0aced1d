//! How the elements of a weight are stored, and what that takes.

use weigh_ir::DType;

/// How a weight is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    F32,
    F16,
    Bf16,
    /// One scale for each index of the axis. A matrix may be stored transposed; the axis is the source's.
    I8 {
        axis: usize,
        transposed: bool,
    },
    /// One scale for each block of neighbours along the axis.
    I4 {
        axis: usize,
        block: usize,
    },
}

/// The dims before, at and after an axis, the outer and the inner ones multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around {
    pub outer: usize,
    pub extent: usize,
    pub inner: usize,
}

impl Around {
    /// `None` for axes that are not there, and sizes that do not fit.
    pub fn of(dims: &[i64], axis: usize) -> Option<Around> {
        let product = |dims: &[i64]| {
            dims.iter().try_fold(1usize, |product, dim| product.checked_mul(usize::try_from(*dim).ok()?))
        };
        let extent = usize::try_from(*dims.get(axis)?).ok()?;
        Some(Around { outer: product(dims.get(..axis)?)?, extent, inner: product(dims.get(axis + 1..)?)? })
    }
}

impl Form {
    /// The element type.
    pub fn dtype(self) -> DType {
        match self {
            Form::F32 => DType::F32,
            Form::F16 => DType::F16,
            Form::Bf16 => DType::BF16,
            Form::I8 { .. } => DType::I8,
            Form::I4 { .. } => DType::I4,
        }
    }

    /// What the name of the stored tensor ends in.
    pub fn suffix(self) -> &'static str {
        match self {
            Form::F32 => "folded",
            Form::F16 => "float16",
            Form::Bf16 => "bfloat16",
            Form::I8 { .. } => "int8",
            Form::I4 { .. } => "int4",
        }
    }

    /// Bytes of so many elements, without scales: two 4-bit ones to a byte.
    pub fn bytes(self, elements: u64) -> u64 {
        match self {
            Form::F32 => elements.saturating_mul(4),
            Form::F16 | Form::Bf16 => elements.saturating_mul(2),
            Form::I8 { .. } => elements,
            Form::I4 { .. } => elements.div_ceil(2),
        }
    }

    /// The dims of the stored tensor.
    pub fn dims(self, dims: &[i64]) -> Vec<i64> {
        let mut dims = dims.to_vec();
        if let Form::I8 { transposed: true, .. } = self {
            dims.reverse();
        }
        dims
    }

    /// The dims of the scales; `None` where there are none.
    pub fn scale_dims(self, dims: &[i64]) -> Option<Vec<i64>> {
        match self {
            Form::I8 { axis, .. } => Some(vec![dims.get(axis).copied().unwrap_or(1)]),
            Form::I4 { axis, block } => {
                let mut scales = dims.to_vec();
                let along = scales.get_mut(axis)?;
                *along /= i64::try_from(block).ok().filter(|block| *block > 0)?;
                Some(scales)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_by_hand() {
        // 3×64 in blocks of 32: 192 elements, 96 bytes; two scales to a row.
        let form = Form::I4 { axis: 1, block: 32 };
        assert_eq!((form.bytes(192), form.scale_dims(&[3, 64])), (96, Some(vec![3, 2])));
        assert_eq!(form.bytes(3), 2, "half a byte is padded");
        let form = Form::I8 { axis: 0, transposed: true };
        assert_eq!((form.dims(&[3, 64]), form.scale_dims(&[3, 64])), (vec![64, 3], Some(vec![3])));
    }
}
