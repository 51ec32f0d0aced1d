//! What amounts are amounts of.

/// What an amount is an amount of. Its numbers are in one unit, the one that [`Dimension::unit`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Things.
    Count,
    /// Memory, in bytes.
    Bytes,
    /// Time, in milliseconds.
    Time,
    /// Things in a time, per second.
    Rate,
    /// A part of a whole: 5 % is 0.05.
    Share,
    /// Energy, in joules.
    Energy,
    /// Power, in watts.
    Power,
    /// Money, in dollars.
    Money,
    /// Money in a time, in dollars per hour.
    Price,
    /// Mass, in grams.
    Mass,
}

impl Dimension {
    /// All of them; where text could be several, the first is what it is called.
    pub const ALL: [Dimension; 10] = [
        Dimension::Time,
        Dimension::Price,
        Dimension::Count,
        Dimension::Rate,
        Dimension::Share,
        Dimension::Energy,
        Dimension::Power,
        Dimension::Money,
        Dimension::Mass,
        Dimension::Bytes,
    ];

    /// What it is, with its article.
    pub fn name(self) -> &'static str {
        match self {
            Dimension::Count => "a count",
            Dimension::Bytes => "a size in memory",
            Dimension::Time => "a time",
            Dimension::Rate => "a rate",
            Dimension::Share => "a percentage",
            Dimension::Energy => "an energy",
            Dimension::Power => "a power",
            Dimension::Money => "an amount of money",
            Dimension::Price => "a price per time",
            Dimension::Mass => "a mass",
        }
    }

    /// The unit that its numbers are in.
    pub fn unit(self) -> &'static str {
        match self {
            Dimension::Count | Dimension::Share => "",
            Dimension::Bytes => "bytes",
            Dimension::Time => "ms",
            Dimension::Rate => "/s",
            Dimension::Energy => "J",
            Dimension::Power => "W",
            Dimension::Money => "$",
            Dimension::Price => "$/h",
            Dimension::Mass => "g",
        }
    }

    /// How it is written.
    pub fn example(self) -> &'static str {
        match self {
            Dimension::Count => "300M",
            Dimension::Bytes => "20MiB",
            Dimension::Time => "33ms",
            Dimension::Rate => "400/s",
            Dimension::Share => "5%",
            Dimension::Energy => "50mJ",
            Dimension::Power => "15W",
            Dimension::Money => "$5",
            Dimension::Price => "$2.50/h",
            Dimension::Mass => "2kg",
        }
    }

    /// An amount as text, with few digits.
    pub fn show(self, value: f64) -> String {
        match self {
            Dimension::Count => super::si(value),
            Dimension::Bytes => super::bytes(value),
            Dimension::Time => super::milliseconds(value),
            Dimension::Rate => super::per_second(value),
            Dimension::Share => super::percent(value),
            Dimension::Energy => super::joules(value),
            Dimension::Power => super::watts(value),
            Dimension::Money => super::dollars(value),
            // By the day where an hour costs less than a cent.
            Dimension::Price if value.abs() < 0.01 => format!("{}/day", super::dollars(value * 24.0)),
            Dimension::Price => format!("{}/h", super::dollars(value)),
            Dimension::Mass => super::grams(value),
        }
    }
}
