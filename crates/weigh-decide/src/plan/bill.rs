//! What so many servers of a speed cost: hours, money, energy.
//!
//! Items that come once, or that have a deadline, are done at full speed, and servers are paid for while they work.
//! Others come through the day, and servers are paid for all day.

use super::Candidate;
use super::workload::Workload;

/// What serving costs: of a day, or, for items that come once, of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bill {
    /// Hours that servers are there for, all together.
    pub server_hours: f64,
    /// Hours that they work, all together; `None` where nobody said how much is to be done.
    pub busy_hours: Option<f64>,
    /// Hours until all is done, or all of a period.
    pub hours: Option<f64>,
}

impl Bill {
    /// `per_second` is what one server can do.
    pub fn of(workload: &Workload, servers: u64, per_second: f64) -> Bill {
        let count = servers as f64;
        let hours = workload.items.map(|items| items / (count * per_second * workload.utilisation * 3600.0));
        let at_once = workload.is_once() || workload.deadline_h.is_some();
        let server_hours = match (hours, workload.period_h) {
            (Some(hours), None) => hours * count,
            (Some(hours), Some(period)) if at_once => hours * count * 24.0 / period,
            _ => 24.0 * count,
        };
        let busy_hours = workload.items_paid().map(|items| items / per_second / 3600.0);
        Bill { server_hours, busy_hours, hours: hours.filter(|_| at_once) }
    }

    /// Dollars.
    pub fn cost(&self, per_h: f64) -> f64 {
        self.server_hours * per_h
    }

    /// Kilowatt-hours, and whether all that servers take is in them: with nothing known of idle power only what the
    /// work takes is.
    pub fn kilowatt_hours(&self, workload: &Workload, candidate: &Candidate) -> Option<(f64, bool)> {
        let energy = candidate.energy.as_ref()?;
        let work = workload.items_paid()? * energy.joules / 3.6e6;
        let idle_hours = match energy.is_all {
            true => self.server_hours - self.busy_hours?,
            false => self.server_hours,
        };
        // Rounding may leave a trace of idle hours.
        let idle_hours = if idle_hours < 1e-9 * self.server_hours { 0.0 } else { idle_hours };
        match candidate.idle_watts {
            Some(watts) => Some((work + watts * idle_hours / 1e3, true)),
            None => Some((work, energy.is_all && idle_hours == 0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ItemEnergy, Speed};
    use super::*;
    use weigh_report::report::Basis;

    #[test]
    fn what_comes_once_is_paid_by_the_hour() {
        // 10 M at 1280/s are 7812.5 s, 2.17 h, on one server or half of it on two.
        let once = Workload { items: Some(1e7), ..Workload::default() };
        let bill = Bill::of(&once, 1, 1280.0);
        assert!((bill.hours.unwrap() - 7812.5 / 3600.0).abs() < 1e-12);
        assert_eq!(Bill::of(&once, 2, 1280.0).server_hours, bill.server_hours);
        assert_eq!(bill.busy_hours, Some(bill.server_hours));
    }

    #[test]
    fn what_comes_through_the_day_is_paid_all_day() {
        let daily = Workload { items: Some(1e6), period_h: Some(24.0), ..Workload::default() };
        let bill = Bill::of(&daily, 2, 100.0);
        assert_eq!((bill.server_hours, bill.hours), (48.0, None));
        // 1 M at 100/s: 10,000 s.
        assert!((bill.busy_hours.unwrap() - 1e4 / 3600.0).abs() < 1e-12);
        let in_time = Workload { deadline_h: Some(2.0), ..daily };
        let bill = Bill::of(&in_time, 2, 100.0);
        assert!((bill.hours.unwrap() - 5e3 / 3600.0).abs() < 1e-12);
        assert!((bill.server_hours - 1e4 / 3600.0).abs() < 1e-12);
    }

    #[test]
    fn idle_servers_take_power_too() {
        // 10/s of 100/s, all day on one server: 864,000 items in 2.4 of 24 hours.
        let workload = Workload { rate: Some(10.0), ..Workload::default() };
        let bill = Bill::of(&workload, 1, 100.0);
        let speed = Speed { per_second: 100.0, ci: None, stddev_ms: None, p99_ms: None };
        let mut candidate = Candidate::given("a", 1, speed);
        assert_eq!(bill.kilowatt_hours(&workload, &candidate), None);
        // 100 W at work are 1 J an item: 0.24 kWh. With 10 W for the other 21.6 hours: 0.456 kWh.
        candidate.set_power(100.0);
        let (all, complete) = bill.kilowatt_hours(&workload, &candidate).unwrap();
        assert!((all - 0.24).abs() < 1e-12 && !complete);
        candidate.idle_watts = Some(10.0);
        let (all, complete) = bill.kilowatt_hours(&workload, &candidate).unwrap();
        assert!((all - 0.456).abs() < 1e-12 && complete);
        // What work adds to an idle machine: idle power counts all day.
        let added = ItemEnergy { joules: 1.0, is_all: false, basis: Basis::Measured, source: String::new() };
        candidate.energy = Some(added);
        let (all, _) = bill.kilowatt_hours(&workload, &candidate).unwrap();
        assert!((all - 0.48).abs() < 1e-12);
    }
}
