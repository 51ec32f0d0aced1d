//! IEEE 754 binary16, as bits. Readers, engines and synthetic inputs need two conversions of it and no arithmetic.

/// The value of a half-precision number. Exact: every binary16 is a binary32.
pub fn f16_to_f32(bits: u16) -> f32 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let mantissa = f32::from(bits & 0x3ff);
    match exponent {
        0 => sign * mantissa * 2f32.powi(-24),
        31 if mantissa == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + mantissa / 1024.0) * 2f32.powi(exponent - 15),
    }
}

/// The half-precision bits of a single-precision value, cut (not rounded) to 11 significant bits: exact where the
/// value has no more. Values whose magnitude is under 2^-14 become zero, over 65504 infinity.
pub fn f16_from_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let exponent = (bits >> 23 & 0xff) as i32 - 127 + 15;
    match exponent {
        ..1 => sign,
        1..31 => sign | (exponent as u16) << 10 | (bits >> 13 & 0x3ff) as u16,
        _ => sign | 0x7c00,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_hand() {
        // sign 1 bit, exponent 5 bits biased by 15, fraction 10 bits
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x0400, 2f32.powi(-14)),
        ] {
            assert_eq!(f16_to_f32(bits), value);
            assert_eq!(f16_from_f32(value), bits);
        }
        assert_eq!(f16_to_f32(0x0001), 2f32.powi(-24));
        assert_eq!(f16_to_f32(0x7c00), f32::INFINITY);
        assert!(f16_to_f32(0x7e00).is_nan());
        assert_eq!(f16_from_f32(1e6), 0x7c00);
    }

    #[test]
    fn normal_numbers_survive_the_round_trip() {
        for bits in (0x0400..0x7c00).chain(0x8400..0xfc00) {
            assert_eq!(f16_from_f32(f16_to_f32(bits)), bits);
        }
    }
}
