//! Newtypes for energy and power, so that neither is ever taken for the other.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Sub};

use serde::Serialize;

/// An amount of energy in joules.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Joules(pub f64);

/// A power in watts: joules per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Watts(pub f64);

/// Joules in one watt-hour.
const PER_WATT_HOUR: f64 = 3600.0;

impl Joules {
    /// So many picojoules.
    pub fn from_pico(picojoules: f64) -> Joules {
        Joules(picojoules * 1e-12)
    }

    /// So many microjoules.
    pub fn from_micro(microjoules: f64) -> Joules {
        Joules(microjoules * 1e-6)
    }

    /// So many watt-hours.
    pub fn from_watt_hours(watt_hours: f64) -> Joules {
        Joules(watt_hours * PER_WATT_HOUR)
    }

    /// In watt-hours.
    pub fn watt_hours(self) -> f64 {
        self.0 / PER_WATT_HOUR
    }

    /// In kilowatt-hours.
    pub fn kilowatt_hours(self) -> f64 {
        self.watt_hours() / 1000.0
    }

    /// In millijoules.
    pub fn millijoules(self) -> f64 {
        self.0 * 1e3
    }

    /// The power that spends this in so many seconds; `None` where no time passes.
    pub fn over(self, seconds: f64) -> Option<Watts> {
        (seconds > 0.0).then(|| Watts(self.0 / seconds))
    }
}

impl Watts {
    /// The energy that this power spends in so many seconds.
    pub fn for_seconds(self, seconds: f64) -> Joules {
        Joules(self.0 * seconds)
    }
}

impl Add for Joules {
    type Output = Joules;

    fn add(self, other: Joules) -> Joules {
        Joules(self.0 + other.0)
    }
}

impl Sub for Joules {
    type Output = Joules;

    fn sub(self, other: Joules) -> Joules {
        Joules(self.0 - other.0)
    }
}

impl Mul<f64> for Joules {
    type Output = Joules;

    fn mul(self, times: f64) -> Joules {
        Joules(self.0 * times)
    }
}

impl Div<f64> for Joules {
    type Output = Joules;

    fn div(self, parts: f64) -> Joules {
        Joules(self.0 / parts)
    }
}

impl Sum for Joules {
    fn sum<I: Iterator<Item = Joules>>(all: I) -> Joules {
        all.fold(Joules::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        // A watt for an hour is 3600 J.
        assert_eq!(Watts(1.0).for_seconds(3600.0), Joules::from_watt_hours(1.0));
        assert_eq!(Joules(7200.0).watt_hours(), 2.0);
        assert_eq!(Joules(3.6e6).kilowatt_hours(), 1.0);
        assert_eq!(Joules(10.0).over(4.0), Some(Watts(2.5)));
        assert_eq!(Joules(10.0).over(0.0), None);
        assert_eq!(Joules::from_micro(2_000_000.0), Joules(2.0));
        assert_eq!(Joules(0.25).millijoules(), 250.0);
    }
}
