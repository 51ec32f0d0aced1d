//! Weights in fewer bits: the numbers, and how far they are from the original.
//!
//! Symmetric quantisation: the scale of a channel or block is its largest magnitude divided by the largest integer
//! (127, or 7), an element is `round(w / scale)`, ties to even, and means `integer · scale`. No zero points.

use half::{bf16, f16};

use super::form::{Around, Form};

/// How far stored weights are from the original.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WeightError {
    /// The largest difference, relative to the largest magnitude.
    pub max: f64,
    /// The root mean square of the differences, relative to that of the weights.
    pub rms: f64,
}

impl WeightError {
    /// Signal to quantisation noise in decibels; `None` where there is no noise.
    pub fn sqnr_db(self) -> Option<f64> {
        (self.rms > 0.0).then(|| -20.0 * self.rms.log10())
    }
}

/// A weight as it is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Encoded {
    pub data: Vec<u8>,
    pub scales: Vec<f32>,
    pub error: WeightError,
}

/// The largest integer of 8 bits, and of 4.
const I8_MAX: f32 = 127.0;
const I4_MAX: f32 = 7.0;

/// Why these weights cannot have this form.
pub(super) fn problem(values: &[f32], form: Form) -> Option<&'static str> {
    let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    if !values.iter().all(|value| value.is_finite()) {
        return Some("it has values that are infinite or no numbers");
    }
    match form {
        Form::F16 if f16::from_f32(largest).is_infinite() => {
            Some("it has values above 65504, the largest float16")
        }
        Form::Bf16 if bf16::from_f32(largest).is_infinite() => {
            Some("it has values above the largest bfloat16")
        }
        Form::I8 { .. } | Form::I4 { .. } if largest > f32::MAX / 2.0 => {
            Some("it has values that scales cannot reach")
        }
        _ => None,
    }
}

/// The weight in its form. `values` has as many elements as `dims` say, which the caller made sure of.
pub(super) fn encode(values: &[f32], dims: &[i64], form: Form) -> Encoded {
    let mut noise = Noise::default();
    match form {
        Form::F32 => Encoded {
            data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..Encoded::default()
        },
        Form::F16 => short(values, |value| {
            let short = f16::from_f32(value);
            (short.to_le_bytes(), short.to_f32())
        }),
        Form::Bf16 => short(values, |value| {
            let short = bf16::from_f32(value);
            (short.to_le_bytes(), short.to_f32())
        }),
        Form::I8 { axis, transposed } => {
            let around =
                Around::of(dims, axis).unwrap_or(Around { outer: 1, extent: 1, inner: values.len() });
            let (integers, scales) = integers(values, around, &mut noise);
            let integers = if transposed { transpose(&integers, dims) } else { integers };
            let data = integers.into_iter().map(|integer| integer as u8).collect();
            Encoded { data, scales, error: noise.error() }
        }
        Form::I4 { axis, block } => {
            let around =
                Around::of(dims, axis).unwrap_or(Around { outer: 1, extent: 1, inner: values.len() });
            let blocks = around.extent.div_ceil(block.max(1));
            let (integers, scales) = blocked(values, around, blocks, block.max(1), &mut noise);
            Encoded { data: nibbles(&integers), scales, error: noise.error() }
        }
    }
}

fn short(values: &[f32], convert: impl Fn(f32) -> ([u8; 2], f32)) -> Encoded {
    let mut noise = Noise::default();
    let mut data = Vec::with_capacity(values.len() * 2);
    for value in values {
        let (bytes, means) = convert(*value);
        data.extend_from_slice(&bytes);
        noise.add(*value, means);
    }
    Encoded { data, scales: Vec::new(), error: noise.error() }
}

/// Integers with one scale per index of the axis, over all that lies before and behind it.
fn integers(values: &[f32], around: Around, noise: &mut Noise) -> (Vec<i8>, Vec<f32>) {
    let inner = around.inner.max(1);
    let mut scales = vec![0.0f32; around.extent];
    let channel = |row: usize| row % around.extent.max(1);
    for (row, chunk) in values.chunks(inner).enumerate() {
        if let Some(scale) = scales.get_mut(channel(row)) {
            *scale = chunk.iter().fold(*scale, |largest, value| largest.max(value.abs()));
        }
    }
    scales.iter_mut().for_each(|scale| *scale = scale_of(*scale, I8_MAX));
    let mut integers = Vec::with_capacity(values.len());
    for (row, chunk) in values.chunks(inner).enumerate() {
        let scale = scales.get(channel(row)).copied().unwrap_or(1.0);
        integers.extend(chunk.iter().map(|value| noise.round(*value, scale, I8_MAX)));
    }
    (integers, scales)
}

/// Integers with one scale per block along the axis, for each index of the other axes.
fn blocked(
    values: &[f32],
    around: Around,
    blocks: usize,
    block: usize,
    noise: &mut Noise,
) -> (Vec<i8>, Vec<f32>) {
    let inner = around.inner.max(1);
    let mut scales = vec![0.0f32; around.outer.saturating_mul(blocks).saturating_mul(inner)];
    let first = |row: usize| {
        let (outer, along) = (row / around.extent.max(1), row % around.extent.max(1));
        (outer * blocks + along / block) * inner
    };
    for (row, chunk) in values.chunks(inner).enumerate() {
        for (scale, value) in scales.iter_mut().skip(first(row)).zip(chunk) {
            *scale = scale.max(value.abs());
        }
    }
    scales.iter_mut().for_each(|scale| *scale = scale_of(*scale, I4_MAX));
    let mut integers = Vec::with_capacity(values.len());
    for (row, chunk) in values.chunks(inner).enumerate() {
        let own = scales.get(first(row)..).unwrap_or_default();
        integers.extend(chunk.iter().zip(own).map(|(value, scale)| noise.round(*value, *scale, I4_MAX)));
    }
    (integers, scales)
}

/// A scale is never 0: what is all zeros has the scale 1.
fn scale_of(largest: f32, most: f32) -> f32 {
    if largest == 0.0 { 1.0 } else { (largest / most).max(f32::MIN_POSITIVE) }
}

/// Two to a byte, the first in the lower half (onnx.proto: INT4 in `raw_data`).
fn nibbles(integers: &[i8]) -> Vec<u8> {
    let nibble = |integer: Option<&i8>| integer.map_or(0, |integer| *integer as u8 & 0x0f);
    integers.chunks(2).map(|pair| nibble(pair.first()) | nibble(pair.get(1)) << 4).collect()
}

/// A matrix with its rows as columns.
fn transpose(integers: &[i8], dims: &[i64]) -> Vec<i8> {
    let columns = dims.get(1).and_then(|columns| usize::try_from(*columns).ok()).unwrap_or(1).max(1);
    let rows = integers.len() / columns;
    let mut transposed = Vec::with_capacity(integers.len());
    for column in 0..columns {
        transposed.extend((0..rows).filter_map(|row| integers.get(row * columns + column)));
    }
    transposed
}

/// Sums of what is lost.
#[derive(Default)]
struct Noise {
    largest: f64,
    worst: f64,
    signal: f64,
    noise: f64,
}

impl Noise {
    /// The integer that a value becomes.
    fn round(&mut self, value: f32, scale: f32, most: f32) -> i8 {
        let integer = (value / scale).round_ties_even().clamp(-most, most);
        self.add(value, integer * scale);
        integer as i8
    }

    fn add(&mut self, value: f32, means: f32) {
        let (value, means) = (f64::from(value), f64::from(means));
        self.largest = self.largest.max(value.abs());
        self.worst = self.worst.max((value - means).abs());
        self.signal += value * value;
        self.noise += (value - means) * (value - means);
    }

    fn error(&self) -> WeightError {
        let part = |of: f64, whole: f64| if whole > 0.0 { of / whole } else { 0.0 };
        WeightError { max: part(self.worst, self.largest), rms: part(self.noise, self.signal).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_by_hand() {
        // Rows with the largest magnitudes 1.27 and 2.54: scales 0.01 and 0.02.
        let values = [1.27, -0.5, 0.004, -2.54, 1.0, 0.03];
        let encoded = encode(&values, &[2, 3], Form::I8 { axis: 0, transposed: false });
        // 0.004 / 0.01 rounds to 0; 0.03 / 0.02 is a tie in real numbers, in float32 just below or above 1.5.
        let integers: Vec<i8> = encoded.data.iter().map(|byte| *byte as i8).collect();
        assert_eq!(integers[..5], [127, -50, 0, -127, 50]);
        assert!(encoded.scales.iter().zip([0.01, 0.02]).all(|(scale, want)| (scale - want).abs() < 1e-8));
        // The worst is 0.03 as 1 or 2 times 0.02: 0.01 of 2.54.
        assert!((encoded.error.max - 0.01 / 2.54).abs() < 1e-6, "{:?}", encoded.error);
        // Columns: the largest magnitudes are 2.54, 1 and 0.03.
        let columns = encode(&values, &[2, 3], Form::I8 { axis: 1, transposed: true });
        // 1.27 is 63.5 scales of 2.54 / 127: a tie, or next to one. Stored column by column.
        let integers: Vec<i8> = columns.data.iter().map(|byte| *byte as i8).collect();
        assert_eq!(integers[1..], [-127, -64, 127, 17, 127]);
        assert!((63..=64).contains(&integers[0]));
    }

    #[test]
    fn nibbles_are_packed_low_first() {
        assert_eq!(nibbles(&[1, -1, 7, -7, 3]), [0xf1, 0x97, 0x03]);
    }

    #[test]
    fn blocks_have_scales_of_their_own() {
        // Two columns, blocks of 2 along the rows: largest 7 and 14 above, 0.7 and 0 below.
        let values = [7.0, -14.0, 3.0, 4.0, 0.7, 0.0, 0.1, 0.0];
        let encoded = encode(&values, &[4, 2], Form::I4 { axis: 0, block: 2 });
        assert_eq!(encoded.scales[..2], [1.0, 2.0]);
        assert!((encoded.scales[2] - 0.1).abs() < 1e-8);
        assert_eq!(encoded.scales[3], 1.0, "nothing but zeros");
        // 7 −7 | 3 2 | 7 0 | 1 0
        assert_eq!(encoded.data, [0x97, 0x23, 0x07, 0x01]);
    }

    #[test]
    fn halves_round_to_even() {
        // 1 + 2^-11 lies between 1 and 1 + 2^-10: to even, down. The error is 2^-11 of the largest, 1 + 2^-11.
        let value = 1.0 + 2f32.powi(-11);
        let encoded = encode(&[value], &[1], Form::F16);
        assert_eq!(encoded.data, 0x3c00u16.to_le_bytes());
        assert!((encoded.error.max - 2f64.powi(-11) / f64::from(value)).abs() < 1e-12);
        assert_eq!(encode(&[1.5], &[1], Form::Bf16).data, 0x3fc0u16.to_le_bytes());
        assert_eq!(encode(&[1.5], &[1], Form::Bf16).error.sqnr_db(), None);
    }

    #[test]
    fn what_has_no_such_form() {
        assert!(problem(&[65504.0], Form::F16).is_none());
        assert!(problem(&[65520.0], Form::F16).is_some());
        assert!(problem(&[f32::NAN], Form::Bf16).is_some());
        assert!(problem(&[f32::MAX], Form::I8 { axis: 0, transposed: false }).is_some());
    }
}
