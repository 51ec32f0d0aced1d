//! Inputs made up from a shape and a type, for measuring a model without its data.
//!
//! Deterministic: the same name, shape, type, fill and seed give the same elements on every machine, and the
//! elements of one input do not depend on the other inputs.

use serde::{Deserialize, Serialize};
use weigh_ir::DType;
use weigh_ir::half::f16_from_f32;

use crate::{Input, Tensor, TensorData};

/// The most memory that synthetic inputs may take together unless the caller says otherwise: 8 GiB.
pub const DEFAULT_LIMIT_BYTES: u64 = 8 << 30;

/// What an input is to be filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// Floats spread evenly over \[0, 1). For integers and truth values the same as `Below(2)`.
    Uniform,
    /// Whole numbers spread evenly over 0, 1, ..., n − 1, e.g. token ids below the vocabulary's size. n is taken
    /// down to what the type can hold; below 1 everything is 0.
    Below(i64),
    /// 0 or false everywhere.
    Zero,
    /// 1 or true everywhere, as in an attention mask over a sequence without padding.
    One,
}

impl Fill {
    /// The fill that suits a type when nothing else is known about the input: floats in \[0, 1), integers 0 or 1
    /// (valid for nearly every embedding table and mask), all true.
    pub fn default_for(dtype: DType) -> Fill {
        match dtype {
            DType::Bool => Fill::One,
            dtype if dtype.is_integer() => Fill::Below(2),
            _ => Fill::Uniform,
        }
    }
}

/// An input to make up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSpec {
    /// The input's name in the model.
    pub name: String,
    /// The type the model declares for it. Written by its name, e.g. `float32`.
    #[serde(with = "dtype_name")]
    pub dtype: DType,
    /// The size of each dimension, all symbols bound.
    pub shape: Vec<usize>,
    /// What to fill it with.
    pub fill: Fill,
}

/// Types by their names.
mod dtype_name {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use weigh_ir::DType;

    pub(super) fn serialize<S: Serializer>(dtype: &DType, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(dtype.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DType, D::Error> {
        let name = String::deserialize(from)?;
        let found = DType::all().find(|dtype| dtype.name() == name);
        found.ok_or_else(|| D::Error::custom(format!("no element type is called `{name}`")))
    }
}

/// Why inputs were not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyntheticError {
    /// The inputs would take more memory than allowed.
    #[error(
        "input `{input}` ({dtype}{shape:?}) needs {:.1} GiB, which takes the inputs over the limit of {:.1} GiB",
        gib(*bytes),
        gib(u128::from(*limit_bytes))
    )]
    TooLarge {
        /// Name of the input that does not fit any more.
        input: String,
        /// Its type.
        dtype: DType,
        /// Its shape.
        shape: Vec<usize>,
        /// What it alone needs.
        bytes: u128,
        /// What all inputs together may take.
        limit_bytes: u64,
    },

    /// No values can be made up for this type.
    #[error("input `{input}`: no synthetic values for the type {dtype}")]
    UnsupportedType {
        /// Name of the input.
        input: String,
        /// Its type.
        dtype: DType,
    },
}

fn gib(bytes: u128) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

/// Makes the inputs. Nothing is allocated before all sizes are known to be within `limit_bytes` together.
///
/// # Errors
/// [`SyntheticError::TooLarge`] over the limit; [`SyntheticError::UnsupportedType`] for strings, complex numbers
/// and types narrower than a byte or of 8-bit floats.
pub fn synthesize(specs: &[InputSpec], seed: u64, limit_bytes: u64) -> Result<Vec<Input>, SyntheticError> {
    let mut total: u128 = 0;
    for spec in specs {
        let bytes = byte_size(spec);
        total = total.saturating_add(bytes);
        if total > u128::from(limit_bytes) {
            let InputSpec { name, dtype, shape, .. } = spec.clone();
            return Err(SyntheticError::TooLarge { input: name, dtype, shape, bytes, limit_bytes });
        }
    }
    specs.iter().map(|spec| make(spec, seed)).collect()
}

/// Elements times width, without overflow: more than 2^128 counts as that.
fn byte_size(spec: &InputSpec) -> u128 {
    let elements = spec.shape.iter().fold(1u128, |product, &dim| product.saturating_mul(dim as u128));
    let bits = u128::from(spec.dtype.bits().unwrap_or(8));
    elements.saturating_mul(bits).div_ceil(8)
}

fn make(spec: &InputSpec, seed: u64) -> Result<Input, SyntheticError> {
    let mut random = SplitMix64(seed ^ fnv1a(spec.name.as_bytes()));
    // Each arm names how wide a fraction its type holds exactly and how far its whole numbers go.
    macro_rules! fill {
        ($variant:ident, bits $bits:literal, $convert:expr) => {
            TensorData::$variant(elements(spec, || {
                #[allow(clippy::redundant_closure_call)]
                $convert(random.float(spec.fill, $bits))
            }))
        };
        ($variant:ident, max $max:expr) => {
            TensorData::$variant(elements(spec, || random.whole(spec.fill, $max as u64) as _))
        };
    }
    let data = match spec.dtype {
        DType::F64 => fill!(F64, bits 53, |value| value),
        DType::F32 => fill!(F32, bits 24, |value| value as f32),
        DType::F16 => fill!(F16, bits 10, |value| f16_from_f32(value as f32)),
        DType::BF16 => fill!(BF16, bits 8, |value| ((value as f32).to_bits() >> 16) as u16),
        DType::I64 => fill!(I64, max i64::MAX),
        DType::I32 => fill!(I32, max i32::MAX),
        DType::I16 => fill!(I16, max i16::MAX),
        DType::I8 => fill!(I8, max i8::MAX),
        DType::U64 => fill!(U64, max u64::MAX),
        DType::U32 => fill!(U32, max u32::MAX),
        DType::U16 => fill!(U16, max u16::MAX),
        DType::U8 => fill!(U8, max u8::MAX),
        DType::Bool => TensorData::Bool(elements(spec, || random.whole(spec.fill, 1) == 1)),
        dtype => return Err(SyntheticError::UnsupportedType { input: spec.name.clone(), dtype }),
    };
    let tensor =
        Tensor::new(spec.shape.clone(), data).expect("one element was made for each place in the shape");
    Ok(Input { name: spec.name.clone(), tensor })
}

/// As many elements as the shape has places. The product cannot overflow: the size was checked.
fn elements<T>(spec: &InputSpec, next: impl FnMut() -> T) -> Vec<T> {
    std::iter::repeat_with(next).take(spec.shape.iter().product()).collect()
}

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// A float for that fill; uniform ones are multiples of 2^-`bits`.
    fn float(&mut self, fill: Fill, bits: u32) -> f64 {
        match fill {
            Fill::Uniform => (self.next() >> (64 - bits)) as f64 / (1u64 << bits) as f64,
            _ => self.whole(fill, u64::MAX) as f64,
        }
    }

    /// A whole number for that fill, never above `max`.
    fn whole(&mut self, fill: Fill, max: u64) -> u64 {
        let below = match fill {
            Fill::Zero => return 0,
            Fill::One => return 1,
            Fill::Uniform => 2,
            Fill::Below(n) => u64::try_from(n).unwrap_or(0).min(max.saturating_add(1)),
        };
        // The upper half of a 64 × 64 bit product maps the full range onto 0..below.
        ((u128::from(self.next()) * u128::from(below)) >> 64) as u64
    }
}

/// The 64-bit FNV-1a hash, which gives every input its own stream of numbers.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(dtype: DType, shape: &[usize], fill: Fill) -> InputSpec {
        InputSpec { name: "x".to_owned(), dtype, shape: shape.to_vec(), fill }
    }

    fn data(dtype: DType, shape: &[usize], fill: Fill) -> TensorData {
        let inputs = synthesize(&[spec(dtype, shape, fill)], 1, DEFAULT_LIMIT_BYTES).unwrap();
        inputs[0].tensor.data().clone()
    }

    #[test]
    fn the_generator_is_splitmix64() {
        // First outputs for the seed 1234567, as published with the reference implementation.
        let mut random = SplitMix64(1234567);
        assert_eq!(random.next(), 6457827717110365317);
        assert_eq!(random.next(), 3203168211198807973);
    }

    #[test]
    fn uniform_floats_fill_the_unit_interval() {
        let TensorData::F32(values) = data(DType::F32, &[100, 100], Fill::Uniform) else { panic!() };
        assert_eq!(values.len(), 10_000);
        assert!(values.iter().all(|value| (0.0..1.0).contains(value)));
        // The mean of 10,000 uniform numbers is 1/2 with a standard deviation of 1/sqrt(12 · 10,000) = 0.0029.
        let mean = values.iter().sum::<f32>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.0145, "{mean}");
        let TensorData::F16(halves) = data(DType::F16, &[1000], Fill::Uniform) else { panic!() };
        assert!(halves.iter().all(|&bits| (0.0..1.0).contains(&weigh_ir::half::f16_to_f32(bits))));
    }

    #[test]
    fn whole_numbers_stay_below_their_bound() {
        let TensorData::I64(ids) = data(DType::I64, &[5000], Fill::Below(30522)) else { panic!() };
        assert!(ids.iter().all(|id| (0..30522).contains(id)));
        assert!(ids.iter().any(|&id| id > 30000) && ids.iter().any(|&id| id < 500));
        let TensorData::I8(small) = data(DType::I8, &[5000], Fill::Below(1000)) else { panic!() };
        assert!(small.iter().all(|&value| value >= 0) && small.contains(&127));
        assert_eq!(data(DType::I32, &[3], Fill::Below(-4)), TensorData::I32(vec![0; 3]));
        assert_eq!(data(DType::I32, &[3], Fill::Below(1)), TensorData::I32(vec![0; 3]));
    }

    #[test]
    fn constants_and_defaults() {
        assert_eq!(data(DType::F32, &[2], Fill::One), TensorData::F32(vec![1.0; 2]));
        assert_eq!(data(DType::F16, &[1], Fill::One), TensorData::F16(vec![0x3c00]));
        assert_eq!(data(DType::BF16, &[1], Fill::One), TensorData::BF16(vec![0x3f80]));
        assert_eq!(data(DType::U8, &[], Fill::Zero), TensorData::U8(vec![0]));
        assert_eq!(data(DType::Bool, &[2], Fill::default_for(DType::Bool)), TensorData::Bool(vec![true; 2]));
        assert_eq!(Fill::default_for(DType::I64), Fill::Below(2));
        assert_eq!(Fill::default_for(DType::F16), Fill::Uniform);
    }

    #[test]
    fn the_same_seed_gives_the_same_elements_whatever_the_company() {
        let x = spec(DType::F32, &[4], Fill::Uniform);
        let y = InputSpec { name: "y".to_owned(), ..x.clone() };
        let both = synthesize(&[y, x.clone()], 7, 1024).unwrap();
        let alone = synthesize(std::slice::from_ref(&x), 7, 1024).unwrap();
        assert_eq!(both[1], alone[0]);
        assert_ne!(both[0].tensor, both[1].tensor);
        assert_ne!(synthesize(&[x], 8, 1024).unwrap(), alone);
    }

    #[test]
    fn sizes_over_the_limit_are_refused_before_anything_is_allocated() {
        // 100,000 × 100,000 × 4 B = 4 × 10^10 B = 37.25 GiB
        let huge = spec(DType::F32, &[100_000, 100_000], Fill::Uniform);
        assert_eq!(
            synthesize(&[huge], 1, DEFAULT_LIMIT_BYTES).unwrap_err().to_string(),
            "input `x` (float32[100000, 100000]) needs 37.3 GiB, which takes the inputs over the limit of 8.0 GiB"
        );
        let overflowing = spec(DType::F32, &[usize::MAX; 3], Fill::Uniform);
        assert!(synthesize(&[overflowing], 1, u64::MAX).is_err());
        let half = spec(DType::U8, &[512], Fill::Zero);
        assert!(synthesize(&[half.clone(), half.clone()], 1, 1024).is_ok());
        assert!(synthesize(&[half.clone(), half], 1, 1023).is_err());
        assert!(synthesize(&[spec(DType::F32, &[usize::MAX, 0], Fill::Zero)], 1, 1024).is_ok());
    }

    #[test]
    fn specifications_survive_json() {
        let ids = spec(DType::I64, &[1, 128], Fill::Below(30522));
        let json = serde_json::to_string(&ids).unwrap();
        assert_eq!(json, r#"{"name":"x","dtype":"int64","shape":[1,128],"fill":{"below":30522}}"#);
        assert_eq!(serde_json::from_str::<InputSpec>(&json).unwrap(), ids);
        assert!(serde_json::from_str::<InputSpec>(&json.replace("int64", "int65")).is_err());
    }

    #[test]
    fn strings_cannot_be_made_up() {
        let error = synthesize(&[spec(DType::String, &[1], Fill::Uniform)], 1, 1024).unwrap_err();
        assert_eq!(error.to_string(), "input `x`: no synthetic values for the type string");
    }
}
