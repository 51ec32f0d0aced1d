//! The data of tensors: known elements, and random weights.

use std::any::Any;

use weigh_ir::{DType, Node, Value};
use weigh_ops::{Conv, Gemm, MatMul, Norm, Normalization};

/// Known elements as little-endian bytes; `None` for types of which the graph knows no elements.
pub(super) fn raw(value: &Value, dtype: DType) -> Option<Vec<u8>> {
    macro_rules! ints {
        ($type:ty) => {
            Some(value.as_ints()?.into_iter().flat_map(|int| (int as $type).to_le_bytes()).collect())
        };
    }
    match dtype {
        DType::I64 | DType::U64 => ints!(i64),
        DType::I32 | DType::U32 => ints!(i32),
        DType::I16 | DType::U16 => ints!(i16),
        DType::I8 | DType::U8 | DType::Bool => ints!(i8),
        DType::F32 => Some(value.as_floats()?.into_iter().flat_map(|x| (x as f32).to_le_bytes()).collect()),
        DType::F64 => Some(value.as_floats()?.into_iter().flat_map(f64::to_le_bytes).collect()),
        _ => None,
    }
}

/// Uniform numbers around a centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Distribution {
    center: f32,
    spread: f32,
    state: u64,
}

impl Distribution {
    /// Numbers that suit what the first reader of a tensor does with it. Weights of a sum have the variance
    /// 1 / terms, so that activations neither vanish nor explode; scales and variances are near 1, everything
    /// else that is a vector near 0.
    pub fn of(reader: Option<(&Node, usize)>, dims: &[i64], seed: u64, index: u64) -> Distribution {
        let (center, spread) = match reader {
            Some((node, input)) => match (&*node.op as &dyn Any).downcast_ref::<Normalization>() {
                Some(Normalization(Norm::Batch)) if input == 4 => (1.0, 0.1),
                Some(_) if input == 1 => (1.0, 0.1),
                _ => (0.0, weights_spread(&*node.op, input, dims)),
            },
            None => (0.0, 0.1),
        };
        let mut state = seed ^ index.wrapping_mul(0xa076_1d64_78bd_642f);
        next(&mut state);
        Distribution { center, spread, state }
    }

    /// Appends so many bytes of numbers.
    pub fn append(mut self, bytes: u64, into: &mut Vec<u8>) {
        for _ in 0..bytes / 4 {
            // 24 random bits, the precision of the type, as a number from −1 to 1.
            let unit = (next(&mut self.state) >> 40) as f32 / (1 << 23) as f32 - 1.0;
            into.extend_from_slice(&(self.center + self.spread * unit).to_le_bytes());
        }
    }
}

/// A uniform distribution of this spread has the variance 1 / terms.
fn weights_spread(op: &dyn Any, input: usize, dims: &[i64]) -> f32 {
    if dims.len() < 2 {
        return 0.1;
    }
    let terms: i64 = if op.is::<Conv>() {
        dims[1..].iter().product()
    } else if op.is::<MatMul>() && input == 1 {
        dims[dims.len() - 2]
    } else if op.downcast_ref::<Gemm>().is_some_and(|gemm| !gemm.transpose_b) {
        dims[0]
    } else {
        dims[dims.len() - 1]
    };
    (3.0 / terms.max(1) as f32).sqrt()
}

/// SplitMix64 (Steele, Lea, Flood 2014): a 64-bit counter, scrambled.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_have_the_variance_asked_for() {
        let distribution = Distribution { center: 0.0, spread: weights_spread(&(), 1, &[64, 300]), state: 7 };
        let mut bytes = Vec::new();
        distribution.append(4 * 100_000, &mut bytes);
        let numbers = bytes.chunks_exact(4).map(|chunk| f32::from_le_bytes(chunk.try_into().expect("four")));
        let (mut sum, mut squares) = (0.0f64, 0.0f64);
        numbers.for_each(|x| {
            sum += f64::from(x);
            squares += f64::from(x) * f64::from(x);
        });
        assert!((sum / 1e5).abs() < 1e-3, "{sum}");
        assert!((squares / 1e5 * 300.0 - 1.0).abs() < 0.02, "{squares}");
    }

    #[test]
    fn known_elements() {
        assert_eq!(raw(&Value::ints([-1]), DType::I64), Some(vec![0xff; 8]));
        assert_eq!(raw(&Value::ints([1, 0]), DType::Bool), Some(vec![1, 0]));
        assert_eq!(raw(&Value::Floats([1.0].into()), DType::F32), Some(vec![0, 0, 0x80, 0x3f]));
        assert_eq!(raw(&Value::ints([1]), DType::I4), None);
    }
}
