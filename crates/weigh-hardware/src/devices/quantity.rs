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

/// Unit and how many base units it is.
type Units = &'static [(&'static str, f64)];

const RATES: Units = &[
    ("PFLOPS", 1e15),
    ("TFLOPS", 1e12),
    ("GFLOPS", 1e9),
    ("MFLOPS", 1e6),
    ("POPS", 1e15),
    ("TOPS", 1e12),
    ("GOPS", 1e9),
    ("MOPS", 1e6),
];
const BYTES: Units = &[
    ("TiB", 1_099_511_627_776.0),
    ("GiB", 1_073_741_824.0),
    ("MiB", 1_048_576.0),
    ("KiB", 1024.0),
    ("TB", 1e12),
    ("GB", 1e9),
    ("MB", 1e6),
    ("kB", 1e3),
];
const BANDWIDTHS: Units = &[
    ("TB/s", 1e12),
    ("GB/s", 1e9),
    ("MB/s", 1e6),
    ("TiB/s", 1_099_511_627_776.0),
    ("GiB/s", 1_073_741_824.0),
    ("MiB/s", 1_048_576.0),
];
const TIMES: Units = &[("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9)];
const FREQUENCIES: Units = &[("GHz", 1e9), ("MHz", 1e6), ("kHz", 1e3)];
const POWERS: Units = &[("kW", 1e3), ("W", 1.0), ("mW", 1e-3), ("uW", 1e-6), ("µW", 1e-6)];

impl Quantity {
    fn units(self) -> Units {
        match self {
            Quantity::Rate => RATES,
            Quantity::Bytes => BYTES,
            Quantity::Bandwidth => BANDWIDTHS,
            Quantity::Time => TIMES,
            Quantity::Frequency => FREQUENCIES,
            Quantity::Power => POWERS,
            Quantity::Charge => &[("Wh", 1.0)],
            Quantity::Price => &[("USD", 1.0)],
            Quantity::Rent => &[("USD/h", 1.0)],
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
        let number: f64 = number.parse().map_err(|_| format!("{number:?} is no number"))?;
        let (_, factor) = self.units().iter().find(|(name, _)| *name == unit).ok_or_else(|| {
            let known: Vec<&str> = self.units().iter().map(|(name, _)| *name).collect();
            format!("{unit:?} is no unit of this figure ({})", known.join(", "))
        })?;
        self.check(number * factor, text)
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
        assert_eq!(Quantity::Bytes.parse("24 GiB"), Ok(25_769_803_776.0)); // 24 × 2^30
        assert_eq!(Quantity::Bytes.parse("80 GB"), Ok(80e9));
        assert_eq!(Quantity::Bandwidth.parse("820 GiB/s"), Ok(880_468_295_680.0)); // 820 × 2^30
        assert_eq!(Quantity::Time.parse("5 us"), Ok(5.0 * 1e-6));
        assert_eq!(Quantity::Power.parse(" 30  mW "), Ok(30.0 * 1e-3));
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
