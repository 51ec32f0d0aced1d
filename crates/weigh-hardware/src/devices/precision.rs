//! What devices compute in, and what they compute an element type in that has no unit of its own.

use std::fmt;

use weigh_ir::DType;

/// A format that a device multiplies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // each variant is the format's usual name
pub enum Precision {
    Fp64,
    Fp32,
    Tf32,
    Bf16,
    Fp16,
    Fp8,
    Fp4,
    Int8,
    Int4,
}

/// The part of a device that multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Ordinary arithmetic: vector instructions of a processor, the shader cores of a GPU.
    Vector,
    /// A unit that multiplies matrices: tensor cores, systolic arrays, tiles.
    Matrix,
}

impl Precision {
    /// Every format, in the order in which they are shown.
    pub const ALL: [Precision; 9] = {
        use Precision::*;
        [Fp64, Fp32, Tf32, Bf16, Fp16, Fp8, Fp4, Int8, Int4]
    };

    /// Its name in files and reports, e.g. `fp32`.
    pub fn name(self) -> &'static str {
        use Precision::*;
        match self {
            Fp64 => "fp64",
            Fp32 => "fp32",
            Tf32 => "tf32",
            Bf16 => "bf16",
            Fp16 => "fp16",
            Fp8 => "fp8",
            Fp4 => "fp4",
            Int8 => "int8",
            Int4 => "int4",
        }
    }

    /// Bits that an element takes in memory.
    pub fn bits(self) -> u32 {
        use Precision::*;
        match self {
            Fp64 => 64,
            Fp32 | Tf32 => 32,
            Bf16 | Fp16 => 16,
            Fp8 | Int8 => 8,
            Fp4 | Int4 => 4,
        }
    }

    /// What a device may compute an element type in: the type itself first, then the formats that hold all its values
    /// and are next in speed, as runtimes widen them. Empty where weigh knows no rate for the type.
    ///
    /// float32 is never taken for tf32: that would drop bits that the model has.
    pub fn for_dtype(dtype: DType) -> &'static [Precision] {
        use Precision::*;
        match dtype {
            DType::F64 => &[Fp64],
            DType::F32 => &[Fp32],
            // A bfloat16 does not fit a float16: its range is that of a float32.
            DType::BF16 => &[Bf16, Fp32],
            DType::F16 => &[Fp16, Fp32],
            DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ => {
                &[Fp8, Fp16, Bf16, Fp32]
            }
            DType::F4E2M1 => &[Fp4, Fp8, Fp16, Bf16, Fp32],
            DType::I8 | DType::U8 => &[Int8, Fp16, Bf16, Fp32],
            DType::I4 | DType::U4 | DType::I2 | DType::U2 => &[Int4, Int8, Fp16, Bf16, Fp32],
            _ => &[],
        }
    }
}

impl Unit {
    /// Both units.
    pub const ALL: [Unit; 2] = [Unit::Vector, Unit::Matrix];

    /// Its name in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Vector => "vector",
            Unit::Matrix => "matrix",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_falls_to_a_narrower_one() {
        for dtype in DType::all() {
            for precision in Precision::for_dtype(dtype) {
                assert!(Some(precision.bits()) >= dtype.bits(), "{dtype} as {precision}");
            }
        }
        assert_eq!(Precision::for_dtype(DType::F32), [Precision::Fp32]);
    }
}
