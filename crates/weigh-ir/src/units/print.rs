//! Amounts as text: few digits, and the unit that suits their size.

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

/// A time given in milliseconds, in the unit that suits it: `83.2 µs`, `59.7 ms`, `1.20 s`, `16.7 min`, `2.78 h`.
pub fn milliseconds(value: f64) -> String {
    let (factor, unit) = time_unit(value);
    format!("{} {unit}", significant(value * factor, 3))
}

/// The unit in which a time is shown, and how many of it are a millisecond.
pub fn time_unit(milliseconds: f64) -> (f64, &'static str) {
    const MINUTE: f64 = 60e3;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    match milliseconds.abs() {
        time if time >= 2.0 * DAY => (1.0 / DAY, "days"),
        time if time >= 2.0 * HOUR => (1.0 / HOUR, "h"),
        time if time >= 2.0 * MINUTE => (1.0 / MINUTE, "min"),
        time if time >= 1e3 => (1e-3, "s"),
        time if time >= 1.0 || time == 0.0 => (1.0, "ms"),
        time if time >= 1e-3 => (1e3, "µs"),
        _ => (1e6, "ns"),
    }
}

/// A rate: `13.3/s`, `12.35 k/s`; less than one in ten seconds by the hour, `4.20/h`, or the day.
pub fn per_second(value: f64) -> String {
    let written = |value: f64| match value.abs() >= 10_000.0 {
        true => si(value),
        false => significant(value, 3),
    };
    match value.abs() {
        rate if rate >= 0.1 || rate == 0.0 => format!("{}/s", written(value)),
        rate if rate >= 1.0 / 3600.0 => format!("{}/h", written(value * 3600.0)),
        _ => format!("{}/day", written(value * 86_400.0)),
    }
}

/// An energy in joules: `412 mJ`, `1.50 J`, `3.60 MJ`.
pub fn joules(value: f64) -> String {
    with_prefix(value, "J", &[("M", 1e6), ("k", 1e3), ("", 1.0), ("m", 1e-3), ("µ", 1e-6)])
}

/// A power in watts: `250 mW`, `75.0 W`.
pub fn watts(value: f64) -> String {
    with_prefix(value, "W", &[("k", 1e3), ("", 1.0), ("m", 1e-3), ("µ", 1e-6)])
}

/// A mass in grams: `12.0 mg`, `3.20 kg`.
pub fn grams(value: f64) -> String {
    match value.abs() >= 1e6 {
        true => format!("{} t", significant(value / 1e6, 3)),
        false => with_prefix(value, "g", &[("k", 1e3), ("", 1.0), ("m", 1e-3), ("µ", 1e-6)]),
    }
}

/// Money: `$0.0042`, `$2.50`, `$12,345`.
pub fn dollars(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let amount = value.abs();
    match amount {
        amount if amount >= 1000.0 => format!("{sign}${}", grouped(&format!("{amount:.0}"))),
        amount if amount >= 1.0 || amount == 0.0 => format!("{sign}${amount:.2}"),
        amount => format!("{sign}${}", significant(amount, 2)),
    }
}

/// Digits in groups of three: `12,345`.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The value with the largest prefix that leaves at least 1, or the smallest prefix.
fn with_prefix(value: f64, unit: &str, prefixes: &[(&str, f64)]) -> String {
    let plain = ("", 1.0);
    let fits = prefixes.iter().find(|(_, factor)| value.abs() >= *factor).or(prefixes.last()).copied();
    let (prefix, factor) = if value == 0.0 { plain } else { fits.unwrap_or(plain) };
    format!("{} {prefix}{unit}", significant(value / factor, 3))
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
        // A million at 100 and at 1000 a second, and ten million at 1280: 10,000 s, 1000 s, 7812.5 s.
        assert_eq!([1e7, 1e6, 7.8125e6].map(milliseconds), ["2.78 h", "16.7 min", "2.17 h"]);
    }

    #[test]
    fn energies_and_masses() {
        assert_eq!(
            [0.412, 1.5, 2.5e-5, 1234.0, 0.0].map(joules),
            ["412 mJ", "1.50 J", "25.0 µJ", "1.23 kJ", "0 J"]
        );
        assert_eq!([75.0, 0.25].map(watts), ["75.0 W", "250 mW"]);
        assert_eq!([3200.0, 0.012, 2.5e6].map(grams), ["3.20 kg", "12.0 mg", "2.50 t"]);
    }

    #[test]
    fn rates_and_money() {
        // 1000 / 75 ms.
        assert_eq!(
            [13.333, 12_345.0, 0.01, 1e-5].map(per_second),
            ["13.3/s", "12.35 k/s", "36.0/h", "0.864/day"]
        );
        assert_eq!(
            [2.5, 12_345.4, 0.00417, 0.0, -3.0].map(dollars),
            ["$2.50", "$12,345", "$0.0042", "$0.00", "-$3.00"]
        );
    }
}
