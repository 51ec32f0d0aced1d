//! Amounts as people write them: `33ms`, `20 MiB`, `4.1G`, `200/s`, `1M/day`, `2.50/h`, `50mJ`, `5 %`.

use super::Dimension;

/// Text that is no amount of what it should be one of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoQuantity {
    /// It is an amount of something else.
    #[error("'{text}' is {is}, not {wanted}: write it as {example}")]
    Other {
        /// As written.
        text: String,
        /// What it is: `a time`.
        is: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// How that is written.
        example: &'static str,
    },
    /// It is no amount of anything.
    #[error("'{text}' is not {wanted}: write it as {example}")]
    Nothing {
        /// As written.
        text: String,
        /// What it should be.
        wanted: &'static str,
        /// How that is written.
        example: &'static str,
    },
}

/// Things to be done: so many, once or in every period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// How many.
    pub items: f64,
    /// The period in milliseconds that they come in; `None` where they come once.
    pub period_ms: Option<f64>,
}

const MINUTE: f64 = 60e3;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// Units of time in milliseconds. A month and a year are those of the mean Gregorian year, 365.2425 days.
const TIMES: &[(&str, f64)] = &[
    ("ns", 1e-6),
    ("us", 1e-3),
    ("µs", 1e-3),
    ("μs", 1e-3),
    ("ms", 1.0),
    ("s", 1e3),
    ("sec", 1e3),
    ("second", 1e3),
    ("min", MINUTE),
    ("minute", MINUTE),
    ("h", HOUR),
    ("hour", HOUR),
    ("d", DAY),
    ("day", DAY),
    ("week", 7.0 * DAY),
    ("month", 365.2425 / 12.0 * DAY),
    ("year", 365.2425 * DAY),
];

/// Units of memory. A lone prefix is a power of 1024, as memory is sold.
const SIZES: &[(&str, f64)] = &[
    ("", 1.0),
    ("b", 1.0),
    ("k", 1024.0),
    ("kib", 1024.0),
    ("m", 1_048_576.0),
    ("mib", 1_048_576.0),
    ("g", 1_073_741_824.0),
    ("gib", 1_073_741_824.0),
    ("t", 1_099_511_627_776.0),
    ("tib", 1_099_511_627_776.0),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("tb", 1e12),
];

const ENERGIES: &[(&str, f64)] = &[
    ("uJ", 1e-6),
    ("µJ", 1e-6),
    ("mJ", 1e-3),
    ("J", 1.0),
    ("kJ", 1e3),
    ("MJ", 1e6),
    ("mWh", 3.6),
    ("Wh", 3.6e3),
    ("kWh", 3.6e6),
];

const POWERS: &[(&str, f64)] = &[("uW", 1e-6), ("µW", 1e-6), ("mW", 1e-3), ("W", 1.0), ("kW", 1e3)];

const MASSES: &[(&str, f64)] = &[("mg", 1e-3), ("g", 1.0), ("kg", 1e3), ("t", 1e6)];

/// Prefixes of counts, as exponents of ten.
const PREFIXES: &[(&str, &str)] =
    &[("", ""), ("k", "e3"), ("K", "e3"), ("M", "e6"), ("G", "e9"), ("B", "e9"), ("T", "e12"), ("P", "e15")];

/// Words after a count that say what is counted.
const THINGS: &[&str] = &[
    "FLOPs",
    "FLOP",
    "MACs",
    "MAC",
    "ops",
    "samples",
    "sample",
    "images",
    "image",
    "frames",
    "frame",
    "tokens",
    "token",
    "queries",
    "query",
    "requests",
    "request",
    "items",
    "item",
    "parameters",
    "params",
];

impl Dimension {
    /// An amount, in the unit of the dimension; finite and not negative.
    ///
    /// # Errors
    /// Where it is none, or one of something else.
    pub fn read(self, text: &str) -> Result<f64, NoQuantity> {
        if let Some(value) = self.parse(text) {
            return Ok(value);
        }
        let (wanted, example) = (self.name(), self.example());
        let other = Dimension::ALL.into_iter().find(|other| other.parse(text).is_some());
        Err(match other {
            Some(other) => NoQuantity::Other { text: text.to_owned(), is: other.name(), wanted, example },
            None => NoQuantity::Nothing { text: text.to_owned(), wanted, example },
        })
    }

    fn parse(self, text: &str) -> Option<f64> {
        let text = text.trim();
        let value = match self {
            Dimension::Count => count(text),
            Dimension::Bytes => scaled(text, |unit| lookup(SIZES, &unit.to_ascii_lowercase())),
            Dimension::Time => scaled(text, time),
            Dimension::Rate => rate(text),
            Dimension::Share => share(text),
            Dimension::Energy => scaled(text, |unit| lookup(ENERGIES, unit)),
            Dimension::Power => scaled(text, |unit| lookup(POWERS, unit)),
            Dimension::Money => money(text),
            Dimension::Price => price(text),
            Dimension::Mass => scaled(text, |unit| lookup(MASSES, unit)),
        };
        value.filter(|value| value.is_finite() && *value >= 0.0)
    }
}

impl Workload {
    /// `1M/day`, `10M`.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn read(text: &str) -> Result<Workload, NoQuantity> {
        let (items, period) = match text.split_once('/') {
            Some((items, period)) => (items, Some(period)),
            None => (text, None),
        };
        let period_ms = period.map(|period| time(period.trim()));
        match (Dimension::Count.read(items)?, period_ms) {
            (items, None) => Ok(Workload { items, period_ms: None }),
            (items, Some(Some(period))) => Ok(Workload { items, period_ms: Some(period) }),
            _ => Err(NoQuantity::Nothing {
                text: text.to_owned(),
                wanted: "an amount of work",
                example: "1M/day or 10M",
            }),
        }
    }
}

fn lookup(units: &[(&str, f64)], unit: &str) -> Option<f64> {
    units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

/// Milliseconds in a unit of time, singular or plural.
fn time(unit: &str) -> Option<f64> {
    let singular = unit.strip_suffix('s').filter(|singular| singular.len() > 2);
    lookup(TIMES, unit).or_else(|| lookup(TIMES, singular?))
}

/// Splits `1.5 GiB` after the number. An exponent belongs to the number, and so do underscores.
fn split(text: &str) -> Option<(String, &str)> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'0'..=b'9' | b'.' | b'_' => end += 1,
            b'e' | b'E' if is_digit(end + 1) => end += 2,
            b'e' | b'E' if matches!(bytes.get(end + 1), Some(b'+' | b'-')) && is_digit(end + 2) => end += 3,
            _ => break,
        }
    }
    let (number, unit) = text.split_at(end);
    (!number.is_empty()).then(|| (number.replace('_', ""), unit.trim()))
}

fn scaled(text: &str, factor: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let (number, unit) = split(text)?;
    Some(number.parse::<f64>().ok()? * factor(unit)?)
}

fn count(text: &str) -> Option<f64> {
    let (number, unit) = split(text)?;
    let unit = THINGS.iter().find_map(|thing| unit.strip_suffix(thing)).unwrap_or(unit).trim();
    let exponent = PREFIXES.iter().find(|(prefix, _)| *prefix == unit).map(|(_, exponent)| *exponent)?;
    match number.contains(['e', 'E']) {
        true => Some(number.parse::<f64>().ok()? * format!("1{exponent}").parse::<f64>().ok()?),
        // Together, so that 4.1G is 4,100,000,000 and not the nearest product.
        false => format!("{number}{exponent}").parse().ok(),
    }
}

/// `200/s`, `1M/day`; without a period, per second.
fn rate(text: &str) -> Option<f64> {
    let text = text.strip_suffix("fps").or_else(|| text.strip_suffix("qps")).unwrap_or(text);
    match text.split_once('/') {
        Some((items, period)) => Some(count(items.trim())? / time(period.trim())? * 1e3),
        None => count(text.trim()),
    }
}

fn share(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(percent) => Some(percent.trim().parse::<f64>().ok()? / 100.0),
        None => text.parse().ok().filter(|share| (0.0..=1.0).contains(share)),
    }
}

fn money(text: &str) -> Option<f64> {
    let bare = text.strip_prefix('$').or_else(|| text.strip_suffix('$')).or_else(|| text.strip_suffix("USD"));
    count(bare.unwrap_or(text).trim())
}

fn price(text: &str) -> Option<f64> {
    let (amount, period) = text.split_once('/')?;
    Some(money(amount.trim())? / (time(period.trim())? / HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read() {
        let cases = [
            (Dimension::Time, "33ms", 33.0),
            (Dimension::Time, "2.5 h", 9e6),
            (Dimension::Time, "800us", 0.8),
            (Dimension::Time, "24 hours", 86.4e6),
            (Dimension::Time, "3 days", 259.2e6),
            (Dimension::Bytes, "20 MiB", 20_971_520.0),
            (Dimension::Bytes, "1.5g", 1_610_612_736.0),
            (Dimension::Bytes, "500 MB", 5e8),
            (Dimension::Bytes, "4096", 4096.0),
            (Dimension::Count, "4.1G", 4.1e9),
            (Dimension::Count, "100 M", 1e8),
            (Dimension::Count, "3e9", 3e9),
            (Dimension::Count, "1.5e-1k", 150.0),
            (Dimension::Count, "2TFLOPs", 2e12),
            (Dimension::Count, "1_000_000 images", 1e6),
            (Dimension::Rate, "400/s", 400.0),
            (Dimension::Rate, "86400/day", 1.0),
            (Dimension::Rate, "3.6k/h", 1.0),
            (Dimension::Rate, "30 fps", 30.0),
            (Dimension::Rate, "200", 200.0),
            (Dimension::Rate, "10 images/s", 10.0),
            (Dimension::Share, "5 %", 0.05),
            (Dimension::Share, "0.7", 0.7),
            (Dimension::Energy, "50mJ", 0.05),
            (Dimension::Energy, "2 Wh", 7200.0),
            (Dimension::Power, "15W", 15.0),
            (Dimension::Money, "$5", 5.0),
            (Dimension::Price, "2.50/h", 2.5),
            (Dimension::Price, "24$/day", 1.0),
            (Dimension::Price, "$0.50 / h", 0.5),
            (Dimension::Mass, "2kg", 2000.0),
        ];
        for (dimension, text, value) in cases {
            let read = dimension.read(text);
            assert!(
                read.as_ref().is_ok_and(|read| (read - value).abs() <= 1e-12 * value),
                "{text}: {read:?}"
            );
        }
    }

    #[test]
    fn what_is_no_amount_is_told() {
        let of = |dimension: Dimension, text: &str| match dimension.read(text) {
            Ok(value) => panic!("{text} is read as {value}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(of(Dimension::Rate, "33ms"), "'33ms' is a time, not a rate: write it as 400/s");
        assert_eq!(of(Dimension::Time, "33"), "'33' is a count, not a time: write it as 33ms");
        assert_eq!(of(Dimension::Bytes, "4 apples"), "'4 apples' is not a size in memory: write it as 20MiB");
        for wrong in ["", "GiB", "-1", "1e999", "nan", "inf", "1..2", "µ", "/", "5/", "/s", "1e", "$"] {
            for dimension in Dimension::ALL {
                assert!(dimension.read(wrong).is_err(), "{wrong} as {dimension:?}");
            }
        }
    }

    #[test]
    fn what_is_shown_can_be_read() {
        let shown = [(Dimension::Time, 9e6), (Dimension::Bytes, 20_971_520.0), (Dimension::Count, 4.1e9)];
        let more = [(Dimension::Rate, 13.3), (Dimension::Energy, 0.05), (Dimension::Price, 2.5)];
        for (dimension, value) in shown.into_iter().chain(more) {
            assert_eq!(dimension.read(&dimension.show(value)), Ok(value), "{}", dimension.show(value));
        }
    }

    #[test]
    fn work_comes_once_or_again_and_again() {
        assert_eq!(Workload::read("1M/day"), Ok(Workload { items: 1e6, period_ms: Some(DAY) }));
        assert_eq!(Workload::read("10M images"), Ok(Workload { items: 1e7, period_ms: None }));
        assert!(Workload::read("1M/apple").is_err() && Workload::read("").is_err());
    }
}
