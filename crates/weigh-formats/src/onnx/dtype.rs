//! Element types as ONNX numbers them (`TensorProto.DataType`).

use weigh_ir::DType;

const TABLE: [(i64, DType); 26] = [
    (1, DType::F32),
    (2, DType::U8),
    (3, DType::I8),
    (4, DType::U16),
    (5, DType::I16),
    (6, DType::I32),
    (7, DType::I64),
    (8, DType::String),
    (9, DType::Bool),
    (10, DType::F16),
    (11, DType::F64),
    (12, DType::U32),
    (13, DType::U64),
    (14, DType::Complex64),
    (15, DType::Complex128),
    (16, DType::BF16),
    (17, DType::F8E4M3FN),
    (18, DType::F8E4M3FNUZ),
    (19, DType::F8E5M2),
    (20, DType::F8E5M2FNUZ),
    (21, DType::U4),
    (22, DType::I4),
    (23, DType::F4E2M1),
    (24, DType::F8E8M0),
    (25, DType::U2),
    (26, DType::I2),
];

/// The type of a number; `None` for 0 (undefined) and numbers yet to come.
pub(super) fn from_number(number: i64) -> Option<DType> {
    TABLE.iter().find(|row| row.0 == number).map(|row| row.1)
}

/// The number of a type.
pub(super) fn number(dtype: DType) -> i64 {
    TABLE.iter().find(|row| row.1 == dtype).map_or(0, |row| row.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_number() {
        for dtype in DType::all() {
            assert_eq!(from_number(number(dtype)), Some(dtype));
        }
    }
}
