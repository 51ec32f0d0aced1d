//! A limit on latency: `p99<=50ms`.

use std::fmt;
use std::str::FromStr;

use weigh_ir::units::Dimension;
use weigh_measure::{Percentile, Quantile, scenario};
use weigh_report::report::Status;

/// A limit on a percentile of latency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slo {
    /// Which percentile.
    pub quantile: Quantile,
    /// The most it may be, in milliseconds.
    pub limit_ms: f64,
}

/// What is wrong with a limit as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no limit on latency: write it as p99<=50ms (p1 to p99.99; us, ms, s)")]
pub struct NoSlo(String);

impl Slo {
    /// The limit as loads are judged by it.
    pub(super) fn objective(&self) -> scenario::Slo {
        scenario::Slo { quantile: self.quantile, limit_ns: (self.limit_ms * 1e6) as u64 }
    }

    /// Whether a percentile with its interval meets the limit: `Unknown` where the interval straddles it.
    pub fn verdict(&self, percentile: &Percentile) -> Status {
        match percentile.interval() {
            Some(interval) if interval.high <= self.limit_ms => Status::Met,
            Some(interval) if interval.low > self.limit_ms => Status::Missed,
            _ => Status::Unknown,
        }
    }
}

impl FromStr for Slo {
    type Err = NoSlo;

    fn from_str(text: &str) -> Result<Slo, NoSlo> {
        let wrong = || NoSlo(text.to_owned());
        let (metric, limit) = text.split_once("<=").or_else(|| text.split_once('<')).ok_or_else(wrong)?;
        let metric = metric.trim().strip_prefix("latency.").unwrap_or(metric.trim());
        let percent: f64 = metric.strip_prefix('p').and_then(|p| p.parse().ok()).ok_or_else(wrong)?;
        // Rid of binary noise: 99.9 / 100 is 0.9990000000000001.
        let quantile = Quantile::new((percent * 1e4).round() / 1e6).ok_or_else(wrong)?;
        let limit_ms = Dimension::Time.read(limit).ok().filter(|limit| *limit > 0.0).ok_or_else(wrong)?;
        Ok(Slo { quantile, limit_ms })
    }
}

/// `p99<=50ms`.
impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}<={}ms", self.quantile, self.limit_ms)
    }
}

#[cfg(test)]
mod tests {
    use weigh_measure::Interval;

    use super::*;

    #[test]
    fn limits_are_read() {
        let slo: Slo = "p99<=50ms".parse().unwrap();
        assert_eq!((slo.quantile, slo.limit_ms), (Quantile::P99, 50.0));
        assert_eq!("latency.p99.9 <= 0.2 s".parse::<Slo>().unwrap().to_string(), "p99.9<=200ms");
        assert_eq!("p50<800us".parse::<Slo>().unwrap().limit_ms, 0.8);
        for wrong in ["p99", "p0<=5ms", "p100<=5ms", "q9<=5ms", "p99<=5", "p99<=-5ms", "p99<=5kg", "<=", ""] {
            assert!(wrong.parse::<Slo>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_interval_across_the_limit_decides_nothing() {
        let slo: Slo = "p99<=50ms".parse().unwrap();
        let at = |low, high| Percentile::Estimated { value: low, interval: Interval { low, high } };
        assert_eq!(slo.verdict(&at(40.0, 50.0)), Status::Met);
        assert_eq!(slo.verdict(&at(49.0, 51.0)), Status::Unknown);
        assert_eq!(slo.verdict(&at(51.0, 60.0)), Status::Missed);
    }
}
