//! Numbers with units as people read them: SI prefixes for counts and rates, IEC prefixes for memory.

/// A count with an SI prefix and four significant digits: `4.089 G`, `25.56 M`, `512`.
/// Integers below 10,000 are printed whole.
pub fn si(value: f64) -> String {
    const PREFIXES: [&str; 7] = ["", " k", " M", " G", " T", " P", " E"];
    if value.abs() < 10_000.0 && value.fract() == 0.0 {
        return format!("{value}");
    }
    scaled(value, 1000.0, &PREFIXES)
}

/// Bytes with an IEC prefix and four significant digits: `97.49 MiB`, `512 B`.
pub fn bytes(value: f64) -> String {
    const PREFIXES: [&str; 7] = [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"];
    if value.abs() < 1024.0 && value.fract() == 0.0 {
        return format!("{value} B");
    }
    scaled(value, 1024.0, &PREFIXES)
}

/// A time given in milliseconds, in the unit that suits it: `59.7 ms`, `83 µs`, `1.20 s`.
pub fn milliseconds(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 1000.0 => format!("{} s", significant(value / 1000.0, 3)),
        magnitude if magnitude >= 1.0 || magnitude == 0.0 => format!("{} ms", significant(value, 3)),
        _ => format!("{} µs", significant(value * 1000.0, 3)),
    }
}

/// A share between 0 and 1 as a percentage: `5.7 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `value` with that many significant digits and no exponent.
pub fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    // The exponent after rounding: 0.99996 with four digits is 1.000, not 1.0000.
    let rounded = format!("{value:.*e}", (digits - 1).max(0) as usize);
    let exponent = rounded.rsplit('e').next().and_then(|text| text.parse::<i32>().ok()).unwrap_or(0);
    let decimals = (digits - 1 - exponent).max(0) as usize;
    format!("{value:.decimals$}")
}

fn scaled(value: f64, base: f64, prefixes: &[&str]) -> String {
    let mut scaled = value;
    let mut index = 0;
    // 999.95 would print as 1000.0: move on to the next prefix before that.
    while scaled.abs() >= base * 0.99995 && index + 1 < prefixes.len() {
        scaled /= base;
        index += 1;
    }
    format!("{}{}", significant(scaled, 4), prefixes[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(si(0.0), "0");
        assert_eq!(si(9_999.0), "9999");
        assert_eq!(si(10_000.0), "10.00 k");
        assert_eq!(si(25_557_032.0), "25.56 M");
        assert_eq!(si(4_089_184_256.0), "4.089 G");
        assert_eq!(si(999_960_000.0), "1.000 G");
    }

    #[test]
    fn memory() {
        assert_eq!(bytes(512.0), "512 B");
        assert_eq!(bytes(102_228_128.0), "97.49 MiB");
    }

    #[test]
    fn times() {
        assert_eq!(milliseconds(59.71), "59.7 ms");
        assert_eq!(milliseconds(0.0832), "83.2 µs");
        assert_eq!(milliseconds(1203.0), "1.20 s");
    }
}
