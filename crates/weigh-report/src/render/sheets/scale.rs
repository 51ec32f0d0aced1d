//! One unit for all numbers of a column, and as many digits as are read.

use weigh_ir::units::{self, time_unit};

use super::Cell;
use crate::render::numbers::{self, Kind, apart};
use crate::report::{Count, Interval};

/// From here on a number has more digits than are read.
const LONG: f64 = 1e5;

/// How many digits of a count are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Digits {
    /// All of them.
    Exact,
    /// A few, in a unit for the column.
    Rounded,
}

/// The unit of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::render) struct Scale {
    /// What values are multiplied by.
    factor: f64,
    /// The unit's name: a prefix for counts.
    pub(in crate::render) unit: &'static str,
}

impl Scale {
    /// The unit of a column of counts: that of its largest value.
    pub(in crate::render) fn counts(values: impl Iterator<Item = f64>, kind: Kind) -> Scale {
        const COUNTS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
        const BYTES: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let (base, names) = if kind == Kind::Bytes { (1024.0, BYTES) } else { (1000.0, COUNTS) };
        let most = values.fold(0.0, f64::max);
        let (mut factor, mut index) = (1.0, 0);
        while most * factor >= base && index + 1 < names.len() {
            (factor, index) = (factor / base, index + 1);
        }
        Scale { factor, unit: names[index] }
    }

    /// The unit of a column of counts that is written with these digits.
    pub(in crate::render) fn of(values: impl Iterator<Item = f64>, kind: Kind, digits: Digits) -> Scale {
        match (digits, kind) {
            (Digits::Rounded, _) => Scale::counts(values, kind),
            (Digits::Exact, Kind::Bytes) => Scale { unit: "bytes", ..PLAIN },
            (Digits::Exact, Kind::Count) => PLAIN,
        }
    }

    /// Things a second.
    pub(in crate::render) fn rates() -> Scale {
        Scale { unit: "/s", ..PLAIN }
    }

    /// The unit of sizes that are far apart.
    pub(in crate::render) fn sizes(values: impl Iterator<Item = f64>) -> Scale {
        Scale::readable(values, 1.0, |size| Scale::counts(std::iter::once(size), Kind::Bytes))
    }

    /// The unit of times that are given in milliseconds.
    pub(in crate::render) fn times(values: impl Iterator<Item = f64>) -> Scale {
        Scale::readable(values, 0.05, |time| {
            let (factor, unit) = time_unit(time);
            Scale { factor, unit }
        })
    }

    /// The unit of the largest value; of the smallest, where that would be less than `short` and none is too long in it.
    fn readable(values: impl Iterator<Item = f64>, short: f64, unit: fn(f64) -> Scale) -> Scale {
        let (least, most) = values
            .filter(|value| *value > 0.0)
            .fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), value| {
                (least.min(value), most.max(value))
            });
        let (of_least, of_most) = (unit(least.min(most)), unit(most));
        let is_short = least * of_most.factor < short && most * of_least.factor < LONG;
        if is_short { of_least } else { of_most }
    }

    /// A count: two decimals, two digits of a small one; none of a whole.
    pub(in crate::render) fn count(self, value: f64) -> Cell {
        Cell::digits(match value * self.factor {
            whole if self.factor == 1.0 => format!("{whole}"),
            small if small.abs() < 0.1 => units::significant(small, 2),
            scaled => format!("{scaled:.2}"),
        })
    }

    /// A measured or expected value: three digits.
    pub(in crate::render) fn value(self, value: f64) -> Cell {
        let texts = apart(&[value * self.factor]);
        texts.into_iter().next().map_or(Cell::Unknown, Cell::digits)
    }

    /// A value and its interval, with enough digits to tell them apart.
    pub(in crate::render) fn with_interval(self, value: f64, interval: Option<Interval>) -> (Cell, Cell) {
        let Some(ends) = interval else { return (self.value(value), Cell::Nothing) };
        match <[String; 3]>::try_from(apart(&[value, ends[0], ends[1]].map(|value| value * self.factor))) {
            Ok([value, low, high]) => (Cell::digits(value), Cell::Interval([low, high])),
            Err(_) => (self.value(value), Cell::Nothing),
        }
    }

    /// A count that may be a formula: as a program reads it where it is exact.
    pub(in crate::render) fn formula(self, count: &Count, kind: Kind, digits: Digits) -> Cell {
        match (count.number(), digits) {
            (Some(value), Digits::Exact) => Cell::digits(value.to_string()),
            (Some(value), Digits::Rounded) => self.count(value as f64),
            (None, Digits::Exact) => Cell::Code(count.exact()),
            (None, Digits::Rounded) if count.0.invalid().is_some() => Cell::Unknown,
            (None, Digits::Rounded) => Cell::Text(numbers::count(count, kind)),
        }
    }
}

/// Values that are in one unit as they are: rates, millijoules.
pub(super) const PLAIN: Scale = Scale { factor: 1.0, unit: "" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_unit() {
        let macs = [300_774_272.0, 818_925_056.0, 15_470_264_320.0];
        let scale = Scale::counts(macs.into_iter(), Kind::Count);
        let texts = macs.map(|value| scale.count(value).to_string());
        assert_eq!((scale.unit, texts), ("G", ["0.30", "0.82", "15.47"].map(str::to_owned)));
        assert_eq!(scale.count(56_500_000.0).to_string(), "0.056");
        assert_eq!(scale.count(0.0).to_string(), "0");
        let kibibytes = Scale::counts([2048.0].into_iter(), Kind::Bytes);
        assert_eq!(kibibytes, Scale { factor: 1.0 / 1024.0, unit: "KiB" });
        assert_eq!(Scale::counts(std::iter::empty(), Kind::Count), PLAIN);
        assert_eq!(PLAIN.count(512.0).to_string(), "512");
    }

    #[test]
    fn an_interval_has_the_digits_of_its_value() {
        let scale = Scale::times([0.0571, 0.83].into_iter());
        assert_eq!(Scale::times([0.5, 1.9].into_iter()).unit, "ms");
        assert_eq!(Scale::times([20.1, 9390.0].into_iter()).unit, "ms");
        assert_eq!(Scale::times([0.0576, 106.0].into_iter()).unit, "ms");
        assert_eq!(Scale::times(std::iter::empty()).unit, "ms");
        let (value, interval) = scale.with_interval(0.83, Some([0.8296, 0.8342]));
        assert_eq!(
            (scale.unit, value.to_string(), interval.to_string()),
            ("µs", "830.0".into(), "[829.6, 834.2]".into())
        );
        assert_eq!(scale.with_interval(0.0571, None), (Cell::digits("57.1".into()), Cell::Nothing));
    }
}
