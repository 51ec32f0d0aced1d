//! Element types of tensors, with exact widths in bits.
//!
//! Sub-byte types are packed (two 4-bit elements per byte), so sizes are computed in bits and rounded up
//! to whole bytes once per tensor, never once per element.

use std::fmt;

/// The element type of a tensor.
///
/// The set is the union of what the supported formats can store; widths follow the ONNX `TensorProto`
/// specification (onnx.proto, "DataType").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // each variant is the type's usual name
pub enum DType {
    F64,
    F32,
    F16,
    BF16,
    F8E4M3FN,
    F8E4M3FNUZ,
    F8E5M2,
    F8E5M2FNUZ,
    F8E8M0,
    F4E2M1,
    I64,
    I32,
    I16,
    I8,
    I4,
    I2,
    U64,
    U32,
    U16,
    U8,
    U4,
    U2,
    Bool,
    Complex64,
    Complex128,
    String,
}

/// Name and width of every type, in declaration order.
const TABLE: [(DType, &str, u32); 26] = [
    (DType::F64, "float64", 64),
    (DType::F32, "float32", 32),
    (DType::F16, "float16", 16),
    (DType::BF16, "bfloat16", 16),
    (DType::F8E4M3FN, "float8e4m3fn", 8),
    (DType::F8E4M3FNUZ, "float8e4m3fnuz", 8),
    (DType::F8E5M2, "float8e5m2", 8),
    (DType::F8E5M2FNUZ, "float8e5m2fnuz", 8),
    (DType::F8E8M0, "float8e8m0", 8),
    (DType::F4E2M1, "float4e2m1", 4),
    (DType::I64, "int64", 64),
    (DType::I32, "int32", 32),
    (DType::I16, "int16", 16),
    (DType::I8, "int8", 8),
    (DType::I4, "int4", 4),
    (DType::I2, "int2", 2),
    (DType::U64, "uint64", 64),
    (DType::U32, "uint32", 32),
    (DType::U16, "uint16", 16),
    (DType::U8, "uint8", 8),
    (DType::U4, "uint4", 4),
    (DType::U2, "uint2", 2),
    (DType::Bool, "bool", 8),
    (DType::Complex64, "complex64", 64),
    (DType::Complex128, "complex128", 128),
    (DType::String, "string", 0),
];

impl DType {
    /// Every element type.
    pub fn all() -> impl Iterator<Item = DType> {
        TABLE.iter().map(|row| row.0)
    }

    /// The type's name as printed and as written in JSON, e.g. `float32`.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// Width of one element in bits; `None` for strings, whose size depends on their content.
    pub fn bits(self) -> Option<u32> {
        Some(TABLE[self as usize].2).filter(|&bits| bits > 0)
    }

    /// Whether this is a floating-point (or complex) type.
    pub fn is_float(self) -> bool {
        use DType::*;
        matches!(
            self,
            F64 | F32
                | F16
                | BF16
                | F8E4M3FN
                | F8E4M3FNUZ
                | F8E5M2
                | F8E5M2FNUZ
                | F8E8M0
                | F4E2M1
                | Complex64
                | Complex128
        )
    }

    /// Whether this is a signed or unsigned integer type (not bool).
    pub fn is_integer(self) -> bool {
        !self.is_float() && !matches!(self, DType::Bool | DType::String)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_declaration_order() {
        for (index, (dtype, _, _)) in TABLE.iter().enumerate() {
            assert_eq!(*dtype as usize, index);
        }
    }

    #[test]
    fn widths() {
        assert_eq!(DType::F32.bits(), Some(32));
        assert_eq!(DType::I4.bits(), Some(4));
        assert_eq!(DType::String.bits(), None);
    }
}
