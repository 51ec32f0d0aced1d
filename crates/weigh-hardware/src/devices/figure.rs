//! A figure and what it rests on: where it stands, when that was written, and how it came about.

use std::fmt;
use std::sync::Arc;

/// How a figure came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Basis {
    /// The manufacturer or the seller says so.
    Datasheet,
    /// Computed from figures that the manufacturer gives, e.g. units × clock × operations per cycle.
    Derived,
    /// Somebody measured it.
    Measured,
    /// Nobody says it: a value typical of the class, or a rough judgement.
    Estimate,
}

impl Basis {
    /// Every basis, the firmest first.
    pub const ALL: [Basis; 4] = [Basis::Datasheet, Basis::Derived, Basis::Measured, Basis::Estimate];

    /// The word for it, as in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Basis::Datasheet => "datasheet",
            Basis::Derived => "derived",
            Basis::Measured => "measured",
            Basis::Estimate => "estimate",
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A document, page or measurement that figures are taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is called.
    pub title: String,
    /// Who published it; `None` where a user's file does not say.
    pub publisher: Option<String>,
    /// When it was published, or as of when it holds.
    pub date: Date,
    /// The publisher's page.
    pub url: Option<String>,
}

/// A year, a month of a year, or a day: `2021`, `2021-04`, `2021-04-30`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(String);

impl Date {
    /// Reads a date; `None` for anything but the three forms, for years before 1990 or after 2100, and for months and
    /// days that no year has.
    pub fn parse(text: &str) -> Option<Date> {
        let parts: Vec<&str> = text.split('-').collect();
        let number = |part: &str, digits: usize| {
            let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u32>().ok()).flatten()
        };
        let (year, rest) = parts.split_first()?;
        let valid = (1990..=2100).contains(&number(year, 4)?)
            && match rest {
                [] => true,
                [month] => (1..=12).contains(&number(month, 2)?),
                [month, day] => (1..=12).contains(&number(month, 2)?) && (1..=31).contains(&number(day, 2)?),
                _ => false,
            };
        valid.then(|| Date(text.to_owned()))
    }

    /// The date of something that does not tell its own.
    pub fn unknown() -> Date {
        Date(String::new())
    }

    /// The year; 0 of an unknown date.
    pub fn year(&self) -> u32 {
        // The form was checked when it was read.
        self.0.get(..4).and_then(|year| year.parse().ok()).unwrap_or_default()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value with what it rests on. The unit is that of the place where the figure stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure<T> {
    /// The value.
    pub value: T,
    /// How it came about.
    pub basis: Basis,
    /// Where it is from.
    pub source: Arc<Source>,
    /// The place in the source: a table, section or page.
    pub place: Option<String>,
    /// What else must be known to read it right: the clock it holds at, what is in it and what is not.
    pub note: Option<String>,
}

impl<T> Figure<T> {
    /// A figure without place and note.
    pub fn new(value: T, basis: Basis, source: Arc<Source>) -> Figure<T> {
        Figure { value, basis, source, place: None, note: None }
    }

    /// The same with a note.
    pub fn with_note(mut self, note: impl Into<String>) -> Figure<T> {
        self.note = Some(note.into());
        self
    }

    /// Another value on the same grounds.
    pub fn map<U>(&self, value: impl FnOnce(&T) -> U) -> Figure<U> {
        Figure {
            value: value(&self.value),
            basis: self.basis,
            source: Arc::clone(&self.source),
            place: self.place.clone(),
            note: self.note.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_three_forms() {
        for good in ["2021", "2021-04", "2021-04-30"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
            assert_eq!(Date::parse(good).unwrap().year(), 2021);
        }
        for bad in
            ["", "21", "2021-4", "2021-13", "2021-04-32", "2021-04-30-1", "1066", "+202", "2021-0x", "2021-"]
        {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }
}
