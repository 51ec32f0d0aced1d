//! Quantities as people write them: `35.6 TFLOPS`, `24 GiB`, `936 GB/s`.
//!
//! Prefixes are SI but for the binary ones of bytes (`KiB`, `MiB`, ...). A value is kept in the quantity's base unit.

/// What a field measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// Operations per second; a multiply-accumulate is two.
    Rate,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    Bandwidth,
    /// Seconds.
    Time,
    /// Hertz.
    Frequency,
    /// Watts.
    Power,
    /// Watt-hours.
    Charge,
    /// US dollars.
    Price,
    /// US dollars per hour.
    Rent,
}

/// How many base units a unit is.
#[derive(Clone, Copy)]
enum Scale {
    /// A power of ten.
    Ten(i32),
    /// A power of two.
    Two(i32),
}
use Scale::{Ten, Two};

/// Units by name.
type Units = &'static [(&'static str, Scale)];

const RATES: Units = &[
    ("PFLOPS", Ten(15)),
    ("TFLOPS", Ten(12)),
    ("GFLOPS", Ten(9)),
    ("MFLOPS", Ten(6)),
    ("POPS", Ten(15)),
    ("TOPS", Ten(12)),
    ("GOPS", Ten(9)),
    ("MOPS", Ten(6)),
];
const BYTES: Units = &[
    ("TiB", Two(40)),
    ("GiB", Two(30)),
    ("MiB", Two(20)),
    ("KiB", Two(10)),
    ("TB", Ten(12)),
    ("GB", Ten(9)),
    ("MB", Ten(6)),
    ("kB", Ten(3)),
];
const BANDWIDTHS: Units = &[
    ("TB/s", Ten(12)),
    ("GB/s", Ten(9)),
    ("MB/s", Ten(6)),
    ("TiB/s", Two(40)),
    ("GiB/s", Two(30)),
    ("MiB/s", Two(20)),
];
const TIMES: Units = &[("s", Ten(0)), ("ms", Ten(-3)), ("us", Ten(-6)), ("µs", Ten(-6)), ("ns", Ten(-9))];
const FREQUENCIES: Units = &[("GHz", Ten(9)), ("MHz", Ten(6)), ("kHz", Ten(3))];
const POWERS: Units = &[("kW", Ten(3)), ("W", Ten(0)), ("mW", Ten(-3)), ("uW", Ten(-6)), ("µW", Ten(-6))];

impl Quantity {
    fn units(self) -> Units {
        match self {
            Quantity::Rate => RATES,
            Quantity::Bytes => BYTES,
            Quantity::Bandwidth => BANDWIDTHS,
            Quantity::Time => TIMES,
            Quantity::Frequency => FREQUENCIES,
            Quantity::Power => POWERS,
            Quantity::Charge => &[("Wh", Ten(0))],
            Quantity::Price => &[("USD", Ten(0))],
            Quantity::Rent => &[("USD/h", Ten(0))],
        }
    }

    /// What no device has less or more of, in base units, and how that is said.
    fn range(self) -> (f64, f64, &'static str) {
        match self {
            Quantity::Rate => (1e5, 1e18, "between 0.1 MFLOPS and 1000 PFLOPS"),
            Quantity::Bytes => (256.0, 1e15, "between 0.25 KiB and 1000 TB"),
            Quantity::Bandwidth => (1e5, 1e15, "between 0.1 MB/s and 1000 TB/s"),
            Quantity::Time => (1e-9, 1.0, "between 1 ns and 1 s"),
            Quantity::Frequency => (1e5, 2e10, "between 100 kHz and 20 GHz"),
            Quantity::Power => (1e-7, 1e5, "between 0.1 uW and 100 kW"),
            Quantity::Charge => (0.01, 1e4, "between 0.01 Wh and 10000 Wh"),
            Quantity::Price => (0.01, 1e7, "between 0.01 USD and 10000000 USD"),
            Quantity::Rent => (1e-5, 1e4, "between 0.00001 USD/h and 10000 USD/h"),
        }
    }

    /// An example, for hints.
    pub(super) fn example(self) -> &'static str {
        match self {
            Quantity::Rate => "\"35.6 TFLOPS\" or \"4 TOPS\"",
            Quantity::Bytes => "\"24 GiB\" or \"264 KiB\"",
            Quantity::Bandwidth => "\"936 GB/s\"",
            Quantity::Time => "\"5 us\"",
            Quantity::Frequency => "\"2.4 GHz\"",
            Quantity::Power => "\"350 W\" or \"30 mW\"",
            Quantity::Charge => "\"10.78 Wh\"",
            Quantity::Price => "\"1499 USD\"",
            Quantity::Rent => "\"0.53 USD/h\"",
        }
    }

    /// The value in base units: finite, positive and of a size that devices have.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub(super) fn parse(self, text: &str) -> Result<f64, String> {
        let (number, unit) = text
            .trim()
            .split_once(char::is_whitespace)
            .ok_or_else(|| format!("{text:?} is no number with a unit behind a space"))?;
        let unit = unit.trim();
        let value: f64 = number.parse().map_err(|_| format!("{number:?} is no number"))?;
        let (_, scale) = self.units().iter().find(|(name, _)| *name == unit).ok_or_else(|| {
            let known: Vec<&str> = self.units().iter().map(|(name, _)| *name).collect();
            format!("{unit:?} is no unit of this figure ({})", known.join(", "))
        })?;
        let scaled = match scale {
            // Read as one number, so that 133.8 T is 133800000000000 and not what a product rounds to.
            Ten(exponent) => format!("{number}e{exponent}").parse().unwrap_or(value * 10f64.powi(*exponent)),
            Two(exponent) => value * 2f64.powi(*exponent),
        };
        self.check(scaled, text)
    }

    /// The value, if a device can have it.
    pub(super) fn check(self, value: f64, text: &str) -> Result<f64, String> {
        let (least, most, said) = self.range();
        if !value.is_finite() {
            Err(format!("{text:?} is not finite"))
        } else if value <= 0.0 {
            Err(format!("{text:?} is not positive; what is not known is left out"))
        } else if !(least..=most).contains(&value) {
            Err(format!("{text:?} is absurd: not {said}"))
        } else {
            Ok(value)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prefixes_are_what_they_say() {
        assert_eq!(Quantity::Rate.parse("35.6 TFLOPS"), Ok(35.6e12));
        assert_eq!(Quantity::Rate.parse("4 TOPS"), Ok(4e12));
        assert_eq!(Quantity::Rate.parse("133.8 TFLOPS"), Ok(133_800_000_000_000.0));
        assert_eq!(Quantity::Rate.parse("1e3 GFLOPS"), Ok(1e12));
        assert_eq!(Quantity::Bytes.parse("24 GiB"), Ok(25_769_803_776.0)); // 24 × 2^30
        assert_eq!(Quantity::Bytes.parse("80 GB"), Ok(80e9));
        assert_eq!(Quantity::Bandwidth.parse("820 GiB/s"), Ok(880_468_295_680.0)); // 820 × 2^30
        assert_eq!(Quantity::Time.parse("5 us"), Ok(5e-6));
        assert_eq!(Quantity::Power.parse(" 30  mW "), Ok(30e-3));
        assert_eq!(Quantity::Rent.parse("0.526 USD/h"), Ok(0.526));
    }

    #[test]
    fn what_no_device_has_is_refused() {
        for (text, wanted) in [
            ("-5 W", "not positive"),
            ("0 W", "not positive"),
            ("NaN W", "not finite"),
            ("inf W", "not finite"),
            ("1e400 W", "not finite"),
            ("1e9 W", "absurd"),
            ("350W", "no number with a unit"),
            ("350", "no number with a unit"),
            ("350 GB", "no unit of this figure"),
            ("many W", "no number"),
            ("", "no number"),
        ] {
            let error = Quantity::Power.parse(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_sane_value_or_an_error(text in "\\PC{0,12}( (W|GB|TFLOPS))?") {
            for quantity in [Quantity::Power, Quantity::Bytes, Quantity::Rate] {
                if let Ok(value) = quantity.parse(&text) {
                    prop_assert!(value.is_finite() && value > 0.0);
                }
            }
        }
    }
}
