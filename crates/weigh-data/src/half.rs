//! Rounding to half precision.

/// The binary16 nearest to a number, ties to even, as bits: what NumPy's `astype(float16)` gives.
pub(crate) fn rounded(value: f32) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = f64::from(value.abs());
    if magnitude.is_nan() {
        return sign | 0x7e00;
    }
    if magnitude >= 65_520.0 {
        return sign | 0x7c00;
    }
    // The binary32's own exponent; subnormal halves share the smallest.
    let exponent = ((value.to_bits() >> 23 & 0xff) as i32 - 127).max(-14);
    let steps = (magnitude / 2f64.powi(exponent - 10)).round_ties_even() as u16;
    // A full mantissa of 2048 carries into the exponent by itself.
    sign | ((((exponent + 14) as u16) << 10) + steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weigh_ir::half::f16_to_f32;

    #[test]
    fn values_by_hand() {
        for (value, bits) in [
            (0.0, 0),
            (-0.0, 0x8000),
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65_504.0, 0x7bff),
            (65_519.0, 0x7bff),
            (65_520.0, 0x7c00),
            // Halfway between 1 and 1 + 2^-10, and between that and 1 + 2^-9: to the even one.
            (1.0 + 2f32.powi(-11), 0x3c00),
            (1.0 + 3.0 * 2f32.powi(-11), 0x3c02),
            (2f32.powi(-24), 1),
            (2f32.powi(-25), 0),
            (f32::NEG_INFINITY, 0xfc00),
        ] {
            assert_eq!(rounded(value), bits, "{value}");
        }
        assert!(f16_to_f32(rounded(f32::NAN)).is_nan());
    }

    #[test]
    fn every_half_is_its_own_rounding() {
        for bits in (0..0x7c00).chain(0x8000..0xfc00) {
            assert_eq!(rounded(f16_to_f32(bits)), bits);
        }
    }
}
