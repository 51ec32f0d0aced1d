//! How many servers it takes: for the mean rate, the peak, the deadline, and for latency at the peak.

use weigh_ir::units::{milliseconds, per_second, si};

use super::judge::{Finding, Judged, judge, smallest};
use super::queue::Station;
use super::workload::Workload;
use super::{Candidate, erlang};

/// Servers, and what asks for so many.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Servers {
    pub count: u64,
    /// `None` where one server is enough for anything.
    pub reason: Option<&'static str>,
    /// The percentile at the highest rate with that many.
    pub latency: Option<Judged>,
    /// The same with one fewer, where latency asks for so many.
    pub one_fewer: Option<Judged>,
}

/// No number of servers does.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum TooFew {
    #[error("it needs {0} servers for the {1}, more than the {2} at most")]
    Most(u64, &'static str, u64),
    #[error("no number of servers meets {0}: even without waiting it is {1}")]
    Latency(String, String),
    #[error("more than {1} servers would be needed for {0}")]
    Beyond(String, u64),
}

pub(super) const MEAN: &str = "mean rate";
pub(super) const PEAK: &str = "peak rate";
pub(super) const DEADLINE: &str = "deadline";
pub(super) const LATENCY: &str = "latency at peak";

/// How fast a server is, at one end of the interval or in its middle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace<'a> {
    pub candidate: &'a Candidate,
    /// Items per second.
    pub per_second: f64,
    /// Standard deviation over mean of the time of an inference.
    pub variation: f64,
}

impl Pace<'_> {
    /// The fewest servers that do all that is asked.
    pub fn servers(&self, workload: &Workload) -> Result<Servers, TooFew> {
        let (least, reason) = self.without_waiting(workload);
        if least > workload.max_servers {
            return Err(TooFew::Most(least, reason.unwrap_or(MEAN), workload.max_servers));
        }
        let plain = Servers { count: least, reason, latency: None, one_fewer: None };
        match workload.slo.is_some() {
            true => self.with_latency(workload, &plain),
            false => Ok(plain),
        }
    }

    /// So many servers, whatever they are needed for.
    pub fn with(&self, workload: &Workload, count: u64) -> Servers {
        Servers { count, reason: None, latency: self.latency(workload, count), one_fewer: None }
    }

    /// What the rates and the deadline ask for. The first of those that ask for the most is named.
    fn without_waiting(&self, workload: &Workload) -> (u64, Option<&'static str>) {
        let used = self.per_second * workload.utilisation;
        let in_time = |items: f64, hours: f64| items / (used * hours * 3600.0);
        let asked = [
            (MEAN, workload.mean().map(|mean| mean / used)),
            (PEAK, workload.peak.map(|peak| peak / self.per_second)),
            (DEADLINE, workload.items.zip(workload.deadline_h).map(|(items, hours)| in_time(items, hours))),
        ];
        let whole = |load: f64| (load - 1e-9).ceil().clamp(1.0, u64::MAX as f64 / 2.0) as u64;
        let asked = asked.into_iter().filter_map(|(reason, load)| Some((whole(load?), Some(reason))));
        asked.fold((1, None), |most, next| if next.0 > most.0 || most.1.is_none() { next } else { most })
    }

    fn with_latency(&self, workload: &Workload, least: &Servers) -> Result<Servers, TooFew> {
        let Some((slo, rate)) = workload.slo.as_ref().zip(workload.highest()) else {
            return Ok(least.clone());
        };
        let service_s = self.service_ms() / 1e3;
        // So many channels that hardly anyone waits, each item by itself: more do not help.
        let erlangs = rate * service_s;
        let plenty = (erlangs + 8.0 * erlangs.sqrt() + 16.0) / self.candidate.streams as f64;
        let plenty = (plenty.ceil() as u64).max(least.count);
        let most = plenty.min(workload.max_servers);
        // Full batches share the work; until they are full, each item asks for an inference.
        let shared = erlangs / self.candidate.batch as f64;
        let patience = (slo.limit_ms / 1e3 - service_s).max(0.0) / service_s;
        let near = |servers: u64| {
            let channels = servers.saturating_mul(self.candidate.streams);
            erlang::waits_longer(channels, shared, self.variation, patience) <= 1.0 - slo.quantile
        };
        let guess = smallest(least.count, most, least.count, near).unwrap_or(most);
        let mut seen = Vec::new();
        let found = smallest(least.count, most, guess, |servers| {
            let judged = self.judged(workload, servers);
            seen.push((servers, judged));
            judged.is_some_and(|judged| judged.finding == Finding::Met)
        });
        let at =
            |count: u64| seen.iter().find(|(servers, _)| *servers == count).and_then(|(_, judged)| *judged);
        match found {
            Some(count) if count > least.count => {
                Ok(Servers { count, reason: Some(LATENCY), latency: at(count), one_fewer: at(count - 1) })
            }
            Some(count) => Ok(Servers { latency: at(count), ..least.clone() }),
            None if most < plenty => Err(TooFew::Beyond(slo.text.clone(), most)),
            None => {
                let best = at(most).map_or(f64::NAN, |judged| judged.ms);
                Err(TooFew::Latency(slo.text.clone(), milliseconds(best)))
            }
        }
    }

    /// The percentile at the highest rate, where there is a limit on it.
    fn latency(&self, workload: &Workload, servers: u64) -> Option<Judged> {
        workload.slo.as_ref().and_then(|_| self.judged(workload, servers))
    }

    fn judged(&self, workload: &Workload, servers: u64) -> Option<Judged> {
        let slo = workload.slo.as_ref()?;
        Some(judge(&self.station(workload, servers)?, slo.quantile, slo.limit_ms))
    }

    /// The servers under the highest rate.
    fn station(&self, workload: &Workload, servers: u64) -> Option<Station> {
        Some(Station {
            rate: workload.highest()?,
            channels: usize::try_from(servers.checked_mul(self.candidate.streams)?).ok()?,
            batch: usize::try_from(self.candidate.batch).ok()?,
            delay_s: if self.candidate.batch > 1 { workload.max_delay_ms / 1e3 } else { 0.0 },
            mean_s: self.service_ms() / 1e3,
            variation: self.variation,
        })
    }

    /// Mean time of an inference in milliseconds.
    pub fn service_ms(&self) -> f64 {
        self.candidate.service_ms(self.per_second)
    }

    /// What was assumed and how it was found, in words.
    pub fn queue(&self, workload: &Workload, servers: &Servers) -> Option<String> {
        let (latency, rate) = servers.latency.zip(workload.highest())?;
        let channels = match self.candidate.streams {
            1 => String::new(),
            streams => format!(" with {streams} streams each"),
        };
        let batches = match (self.candidate.batch, workload.max_delay_ms) {
            (1, _) => "one item at a time".to_owned(),
            (batch, 0.0) => format!("up to {batch} of those that wait at a time, in the time of {batch}"),
            (batch, delay) => {
                format!(
                    "{batch} at a time or as many as came in {}, in the time of {batch}",
                    milliseconds(delay)
                )
            }
        };
        let (service, spread) = (self.service_ms(), self.service_ms() * self.variation);
        let service = match self.variation > 0.0 {
            true => format!(
                "log-normal {} with standard deviation {}",
                milliseconds(service),
                milliseconds(spread)
            ),
            false => format!("constant {}", milliseconds(service)),
        };
        let found = match latency.items {
            0 => "more come than are served: the line grows without end".to_owned(),
            items => format!("simulated with {} arrivals", si(items as f64)),
        };
        Some(format!(
            "Poisson arrivals at {}, one line for {} server(s){channels}, {batches}; service {service}; {found}",
            per_second(rate),
            servers.count
        ))
    }
}
