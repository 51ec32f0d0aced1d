//! Energy: what counters measure, and what can be modelled where there is none.
//!
//! The two never mix. [`counters`] finds this machine's counters and a [`Meter`] reads them over a window of seconds;
//! its figures are [`Basis::Measured`]. [`modelled`] prices operations and bytes by a published table and
//! [`from_power`] takes a power for a time; their figures are [`Basis::Modelled`] and say what they rest on. [`carbon`]
//! turns energy of either kind into emissions.

mod battery;
pub mod carbon;
mod counters;
mod meter;
mod model;
mod nvml;
mod powercap;
mod tables;
mod units;

use serde::Serialize;

pub use counters::{Absent, Counter, Counters, Kind, Scope, counters, counters_in};
pub use meter::{Idle, Meter, Window};
pub use model::{Modelled, Power, Unpriced, Work, from_power, modelled};
pub use tables::{OperationTable, operation_table, operation_tables};
pub use units::{Joules, Watts};

/// Where a figure comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A counter told it.
    Measured {
        /// Which counter.
        source: String,
        /// Over how many seconds.
        seconds: f64,
    },
    /// It was calculated.
    Modelled {
        /// From what, for people: a table and its source, or a power and a time.
        rests_on: String,
    },
}

/// An amount of energy and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Energy {
    /// How much; where bounds are known, their middle.
    pub joules: Joules,
    /// Between which amounts it is, where the table it rests on gives a range.
    pub bounds: Option<(Joules, Joules)>,
    /// Measured or modelled.
    pub basis: Basis,
}

impl Energy {
    /// The share of each of so many inferences, of which there is at least one.
    pub fn each_of(&self, inferences: u64) -> Option<Energy> {
        let parts = (inferences > 0).then_some(inferences as f64)?;
        let bounds = self.bounds.map(|(low, high)| (low / parts, high / parts));
        Some(Energy { joules: self.joules / parts, bounds, basis: self.basis.clone() })
    }

    /// Inferences that one watt-hour lasts for, where this is the energy of one.
    pub fn inferences_per_watt_hour(&self) -> Option<f64> {
        (self.joules.0 > 0.0).then(|| Joules::from_watt_hours(1.0).0 / self.joules.0)
    }

    /// Hours that a battery lasts at a rate of inferences per second, each of this energy, beside what the machine
    /// takes all the time. Whether the machine can keep that rate is not asked. `None` where nothing is spent.
    pub fn battery_hours(
        &self,
        battery_watt_hours: f64,
        per_second: f64,
        idle: Option<Watts>,
    ) -> Option<f64> {
        let watts = self.joules.0 * per_second + idle.unwrap_or_default().0;
        (watts > 0.0 && battery_watt_hours >= 0.0).then(|| battery_watt_hours / watts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_a_joule() -> Energy {
        let basis = Basis::Modelled { rests_on: "a test".to_owned() };
        Energy { joules: Joules(0.5), bounds: Some((Joules(0.4), Joules(0.6))), basis }
    }

    #[test]
    fn a_watt_hour_and_a_battery_last() {
        let energy = half_a_joule();
        // 3600 J / 0.5 J.
        assert_eq!(energy.inferences_per_watt_hour(), Some(7200.0));
        // 10 inferences/s are 5 W; with 2.5 W idle 7.5 W: a battery of 15 Wh lasts two hours.
        assert_eq!(energy.battery_hours(15.0, 10.0, Some(Watts(2.5))), Some(2.0));
        assert_eq!(energy.battery_hours(15.0, 10.0, None), Some(3.0));
        assert_eq!(energy.battery_hours(15.0, 0.0, None), None);
    }

    #[test]
    fn a_window_is_shared_among_its_inferences() {
        let each = half_a_joule().each_of(5).unwrap();
        assert_eq!((each.joules, each.bounds), (Joules(0.1), Some((Joules(0.08), Joules(0.12)))));
        assert_eq!(half_a_joule().each_of(0), None);
    }
}
