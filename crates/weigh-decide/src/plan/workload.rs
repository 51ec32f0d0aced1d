//! What is to be done: how much, how often, how soon. What contradicts itself is refused.

use weigh_ir::units::{milliseconds, per_second};
use weigh_report::report::PlannedWorkload;

/// A limit on a percentile of latency, waiting included.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// Which percentile, as a fraction: 0.99.
    pub quantile: f64,
    /// The most that it may be, in milliseconds.
    pub limit_ms: f64,
    /// As written: `p99<=100ms`.
    pub text: String,
}

/// A workload. Every rate is one of items, not of batches.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Items in all, where they come once; of one period, where they come again and again.
    pub items: Option<f64>,
    /// That period, in hours.
    pub period_h: Option<f64>,
    /// Mean rate per second, where it was given and not items.
    pub rate: Option<f64>,
    /// The highest rate per second.
    pub peak: Option<f64>,
    /// The hours within which all items, or all of a period, must be done.
    pub deadline_h: Option<f64>,
    /// A limit on latency at the highest rate.
    pub slo: Option<Slo>,
    /// How long a batch may wait for more items, in milliseconds; 0 takes what is there.
    pub max_delay_ms: f64,
    /// The share of its capacity that a server may be used at, above 0 and at most 1.
    pub utilisation: f64,
    /// The servers that there are; `None` for as many as it takes.
    pub servers: Option<u64>,
    /// No more servers than this are thought of.
    pub max_servers: u64,
    /// Days that a cost is told for.
    pub days: Option<f64>,
    /// What the items are: samples, images, tokens.
    pub unit: String,
}

impl Default for Workload {
    /// Nothing is asked: what one server can do.
    fn default() -> Workload {
        Workload {
            items: None,
            period_h: None,
            rate: None,
            peak: None,
            deadline_h: None,
            slo: None,
            max_delay_ms: 0.0,
            utilisation: 1.0,
            servers: None,
            max_servers: 10_000,
            days: None,
            unit: "samples".to_owned(),
        }
    }
}

/// What is asked for contradicts itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Contradiction {
    /// A mean rate twice.
    #[error("both items and a rate are given")]
    ItemsAndRate,
    /// A peak that is none.
    #[error("the peak of {} is below the mean rate of {}", per_second(*peak), per_second(*mean))]
    PeakBelowMean {
        /// Items per second.
        peak: f64,
        /// Items per second.
        mean: f64,
    },
    /// Items that come once have no rate, and nobody waits in line.
    #[error("items that come once have no {0}")]
    OnceHasNo(&'static str),
    /// Something must be done by then, but nothing is to be done.
    #[error("a deadline without items")]
    DeadlineOfNothing,
    /// Periods overlap.
    #[error(
        "the deadline of {} is longer than the period of {} in which the next items come",
        milliseconds(deadline_h * HOUR_MS), milliseconds(period_h * HOUR_MS)
    )]
    DeadlineBeyondPeriod {
        /// Hours.
        deadline_h: f64,
        /// Hours.
        period_h: f64,
    },
    /// Latency at no rate.
    #[error("a limit on latency without a rate")]
    LatencyOfNothing,
    /// More servers than may be thought of.
    #[error("{servers} servers are more than the {most} at most")]
    TooManyServers {
        /// Servers that there are.
        servers: u64,
        /// Servers at most.
        most: u64,
    },
}

pub(super) const HOUR_MS: f64 = 3.6e6;
const DAY_S: f64 = 86_400.0;

impl Contradiction {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Contradiction::ItemsAndRate => "give --items 1M/day or --rate 12/s, not both",
            Contradiction::PeakBelowMean { .. } => "--peak is the highest rate: give at least the mean rate",
            Contradiction::OnceHasNo(_) => {
                "give a rate (--rate 200/s, --items 1M/day), or for items that come once a --deadline"
            }
            Contradiction::DeadlineOfNothing => {
                "say how many items: --items 10M, or --items 1M/day; a rate has no end"
            }
            Contradiction::DeadlineBeyondPeriod { .. } => {
                "give a deadline within the period, or leave it out: then the mean rate is kept up with"
            }
            Contradiction::LatencyOfNothing => {
                "say how many come: --rate 200/s, --peak 600/s, --items 1M/day"
            }
            Contradiction::TooManyServers { .. } => "raise --max-servers",
        }
    }
}

impl Workload {
    /// That nothing contradicts itself.
    ///
    /// # Errors
    /// See [`Contradiction`].
    pub fn check(&self) -> Result<(), Contradiction> {
        if self.items.is_some() && self.rate.is_some() {
            return Err(Contradiction::ItemsAndRate);
        }
        if self.is_once() {
            let has = [(self.peak.is_some(), "peak"), (self.slo.is_some(), "limit on latency")];
            let has = has.into_iter().chain([(self.days.is_some(), "days to be paid for")]);
            if let Some((_, what)) = has.into_iter().find(|(has, _)| *has) {
                return Err(Contradiction::OnceHasNo(what));
            }
        }
        if let (Some(peak), Some(mean)) = (self.peak, self.mean())
            && peak < mean
        {
            return Err(Contradiction::PeakBelowMean { peak, mean });
        }
        match (self.deadline_h, self.items, self.period_h) {
            (Some(_), None, _) => return Err(Contradiction::DeadlineOfNothing),
            (Some(deadline_h), Some(_), Some(period_h)) if deadline_h > period_h => {
                return Err(Contradiction::DeadlineBeyondPeriod { deadline_h, period_h });
            }
            _ => {}
        }
        if self.slo.is_some() && self.highest().is_none() {
            return Err(Contradiction::LatencyOfNothing);
        }
        match self.servers {
            Some(servers) if servers > self.max_servers => {
                Err(Contradiction::TooManyServers { servers, most: self.max_servers })
            }
            _ => Ok(()),
        }
    }

    /// Whether items come once, and not again and again.
    pub fn is_once(&self) -> bool {
        self.items.is_some() && self.period_h.is_none()
    }

    /// Whether anything is asked at all.
    pub fn is_nothing(&self) -> bool {
        self.items.is_none() && self.highest().is_none()
    }

    /// Mean rate per second.
    pub fn mean(&self) -> Option<f64> {
        let of_items = || Some(self.items? / (self.period_h? * 3600.0));
        self.rate.or_else(of_items)
    }

    /// The highest rate per second: the peak, or else the mean rate.
    pub fn highest(&self) -> Option<f64> {
        self.peak.or_else(|| self.mean())
    }

    /// Items that a cost is for: those of a day, or all.
    pub(super) fn items_paid(&self) -> Option<f64> {
        match self.is_once() {
            true => self.items,
            false => self.mean().map(|mean| mean * DAY_S),
        }
    }

    /// At its place in the document.
    pub(super) fn document(&self) -> PlannedWorkload {
        PlannedWorkload {
            items: self.items,
            period_h: self.period_h,
            unit: self.unit.clone(),
            rate_per_second: self.mean(),
            peak_per_second: self.peak,
            deadline_h: self.deadline_h,
            slo: self.slo.as_ref().map(|slo| slo.text.clone()),
            max_delay_ms: (self.max_delay_ms > 0.0).then_some(self.max_delay_ms),
            utilisation: self.utilisation,
            servers: self.servers,
            days: self.days,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slo() -> Option<Slo> {
        Some(Slo { quantile: 0.99, limit_ms: 100.0, text: "p99<=100ms".to_owned() })
    }

    #[test]
    fn a_million_a_day_is_a_rate() {
        let daily = Workload { items: Some(864_000.0), period_h: Some(24.0), ..Workload::default() };
        assert_eq!(
            (daily.mean(), daily.highest(), daily.items_paid()),
            (Some(10.0), Some(10.0), Some(864e3))
        );
        let once = Workload { items: Some(1e7), ..Workload::default() };
        assert_eq!((once.mean(), once.items_paid(), once.check()), (None, Some(1e7), Ok(())));
        assert!(Workload::default().is_nothing() && Workload::default().check().is_ok());
    }

    #[test]
    fn contradictions_are_told() {
        let at = |change: &dyn Fn(&mut Workload)| {
            let mut workload = Workload { rate: Some(200.0), ..Workload::default() };
            change(&mut workload);
            workload.check().map_err(|error| error.to_string())
        };
        assert_eq!(at(&|w| w.peak = Some(600.0)), Ok(()));
        assert_eq!(
            at(&|w| w.peak = Some(100.0)).unwrap_err(),
            "the peak of 100/s is below the mean rate of 200/s"
        );
        assert_eq!(at(&|w| w.items = Some(5.0)).unwrap_err(), "both items and a rate are given");
        assert_eq!(at(&|w| w.deadline_h = Some(1.0)).unwrap_err(), "a deadline without items");
        let once = |w: &mut Workload| (w.rate, w.items) = (None, Some(1e7));
        assert_eq!(
            at(&|w| (once(w), w.slo = slo()).1).unwrap_err(),
            "items that come once have no limit on latency"
        );
        assert_eq!(
            at(&|w| (once(w), w.peak = Some(1.0)).1).unwrap_err(),
            "items that come once have no peak"
        );
        let daily = |w: &mut Workload| (w.rate, w.items, w.period_h) = (None, Some(1e6), Some(24.0));
        assert_eq!(at(&|w| (daily(w), w.deadline_h = Some(4.0)).1), Ok(()));
        assert_eq!(
            at(&|w| (daily(w), w.deadline_h = Some(48.5)).1).unwrap_err(),
            "the deadline of 2.02 days is longer than the period of 24.0 h in which the next items come"
        );
        assert_eq!(
            at(&|w| (w.rate, w.slo) = (None, slo())).unwrap_err(),
            "a limit on latency without a rate"
        );
        assert!(at(&|w| w.servers = Some(20_000)).is_err());
    }
}
