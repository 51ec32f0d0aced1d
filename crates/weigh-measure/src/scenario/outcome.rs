//! What came of a run, and whether it counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::early;
use super::kind::Scenario;
use super::slo::{Slo, Verdict};
use crate::statistics::{Distribution, Quantile};

/// How much of a latency may be the load generator's own lateness before the run is void.
pub const MAX_LAG_SHARE: f64 = 0.01;

/// Why a run says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Void {
    /// It was cancelled.
    Cancelled,
    /// The time was up before all queries had started: what is there leaves out those that waited longest.
    Unfinished {
        /// How many had not started.
        queries: usize,
    },
    /// The load generator was late itself.
    Lag {
        /// [`Outcome::lag_share`].
        share: f64,
    },
}

/// One line without a full stop.
impl fmt::Display for Void {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Void::Cancelled => write!(f, "cancelled"),
            Void::Unfinished { queries } => {
                write!(f, "overloaded: time was up with {queries} queries not started")
            }
            Void::Lag { share } => {
                let percent = share * 100.0;
                write!(f, "the load generator was late: up to {percent:.1} % of the latency is its own")
            }
        }
    }
}

/// What a run measured. Times are in nanoseconds; there is one entry for each query that was done, in the order of
/// arrival.
///
/// A query's latency is its time in the queue and its time of service. In the offline scenario each sample counts as
/// a query here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The scenario.
    pub scenario: Scenario,
    /// Queries per second that were to arrive on average; servers only.
    pub rate_asked: Option<f64>,
    /// Queries done per second, from the start of the run to the end of the last; `None` where nothing was done or
    /// took no time.
    pub rate_achieved: Option<f64>,
    /// From the start of the run to the end of the last query.
    pub duration_ns: u64,
    /// From the moment a query was meant to arrive to the start of its batch.
    pub queue_ns: Vec<u64>,
    /// From the start of its batch to the batch's end.
    pub service_ns: Vec<u64>,
    /// How much of the queue time is the load generator's fault, at most: it woke late, or was late before and the
    /// stream has not been idle since.
    pub lag_ns: Vec<u64>,
    /// How long the queries that had arrived but not started had waited when the run was ended.
    pub waiting_ns: Vec<u64>,
    /// How many batches there were of each size, in queries.
    pub batches: BTreeMap<usize, usize>,
    /// How much lower latency would be at most, had the load generator never been late: the larger of the two
    /// relative changes of the median and of the scenario's percentile. The run is void above [`MAX_LAG_SHARE`].
    pub lag_share: f64,
    /// Why the run says nothing, if so.
    pub void: Option<Void>,
}

/// A batch that was run, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ran {
    pub first: usize,
    pub count: usize,
    pub started: u64,
    pub finished: u64,
    pub lag: u64,
}

/// How a run ended.
pub(super) struct End {
    pub cancelled: bool,
    /// When streams were told to stop before all was done.
    pub stopped_at: u64,
    /// The arrivals of the queries that had not started.
    pub left: Vec<u64>,
}

impl Outcome {
    /// Puts together what streams did: `runs` are in the order of their first queries, which arrived at `arrivals`.
    pub(super) fn new(
        scenario: Scenario,
        rate_asked: Option<f64>,
        arrivals: &[u64],
        runs: &[Ran],
        end: &End,
    ) -> Outcome {
        let queries = runs.iter().flat_map(|run| {
            arrivals.iter().skip(run.first).take(run.count).map(move |arrival| {
                let queue = run.started.saturating_sub(*arrival);
                (queue, run.finished - run.started, run.lag.min(queue))
            })
        });
        let (mut queue_ns, mut service_ns, mut lag_ns) = (Vec::new(), Vec::new(), Vec::new());
        for (queue, service, lag) in queries {
            queue_ns.push(queue);
            service_ns.push(service);
            lag_ns.push(lag);
        }
        let mut batches = BTreeMap::new();
        runs.iter().for_each(|run| *batches.entry(run.count).or_default() += 1);
        let duration_ns = runs.iter().map(|run| run.finished).max().unwrap_or(0);
        let arrived = end.left.iter().filter(|&&arrival| arrival <= end.stopped_at);
        let mut outcome = Outcome {
            scenario,
            rate_asked,
            rate_achieved: (duration_ns > 0).then(|| queue_ns.len() as f64 * 1e9 / duration_ns as f64),
            duration_ns,
            queue_ns,
            service_ns,
            lag_ns,
            waiting_ns: arrived.map(|arrival| end.stopped_at - arrival).collect(),
            batches,
            lag_share: 0.0,
            void: None,
        };
        outcome.lag_share = outcome.share_of_lag();
        outcome.void = if end.cancelled {
            Some(Void::Cancelled)
        } else if !end.left.is_empty() {
            Some(Void::Unfinished { queries: end.left.len() })
        } else {
            (outcome.lag_share > MAX_LAG_SHARE).then_some(Void::Lag { share: outcome.lag_share })
        };
        outcome
    }

    /// How many queries were done.
    pub fn queries(&self) -> usize {
        self.queue_ns.len()
    }

    /// Each query's latency: queue and service.
    pub fn latencies_ns(&self) -> Vec<u64> {
        self.queue_ns.iter().zip(&self.service_ns).map(|(queue, service)| queue + service).collect()
    }

    /// The distribution of latency in milliseconds; `None` where no query was done.
    pub fn latency_ms(&self) -> Option<Distribution> {
        milliseconds(&self.latencies_ns())
    }

    /// The distribution of time in the queue in milliseconds; `None` where no query was done.
    pub fn queue_ms(&self) -> Option<Distribution> {
        milliseconds(&self.queue_ns)
    }

    /// The distribution of time of service in milliseconds; `None` where no query was done.
    pub fn service_ms(&self) -> Option<Distribution> {
        milliseconds(&self.service_ns)
    }

    /// Samples done per second: the metric of the offline scenario.
    pub fn samples_per_second(&self) -> Option<f64> {
        self.rate_achieved.map(|rate| rate * self.scenario.samples_per_query() as f64)
    }

    /// The early-stopping estimate of a percentile of latency in nanoseconds ([`early::estimate`]): the metric of
    /// every scenario but offline, at [`Scenario::quantile`]. `None` for too few queries and for a void run.
    pub fn estimate_ns(&self, quantile: Quantile) -> Option<u64> {
        match self.void {
            None => early::estimate(&self.latencies_ns(), quantile),
            Some(_) => None,
        }
    }

    /// How many queries are over a limit for sure: those done, and those still waiting when the run was ended.
    pub fn over(&self, limit_ns: u64) -> usize {
        self.at_least_ns().filter(|&latency| latency > limit_ns).count()
    }

    /// How many queries say as much about that limit as one independent one ([`early::clustering`]).
    pub fn clustering(&self, limit_ns: u64) -> f64 {
        early::clustering(&self.at_least_ns().collect::<Vec<u64>>(), limit_ns)
    }

    /// How long each query that arrived took at least.
    fn at_least_ns(&self) -> impl Iterator<Item = u64> {
        let done = self.queue_ns.iter().zip(&self.service_ns).map(|(queue, service)| queue + service);
        done.chain(self.waiting_ns.iter().copied())
    }

    /// Whether the objective was met, with 99 % confidence ([`early::judge`]).
    ///
    /// Void runs say nothing, with one exception: of an overloaded run that was ended, queries that had waited longer
    /// than the limit are over it whatever would have come, so that it can be a miss.
    pub fn meets(&self, slo: Slo) -> Verdict {
        let arrived: Vec<u64> = self.at_least_ns().collect();
        match (self.void, early::judge(&arrived, slo.quantile, slo.limit_ns)) {
            (None, verdict) => verdict,
            (Some(Void::Unfinished { .. }), Verdict::Missed) => Verdict::Missed,
            (Some(_), _) => Verdict::Unknown,
        }
    }

    fn share_of_lag(&self) -> f64 {
        let with = self.latencies_ns();
        let without: Vec<u64> = with.iter().zip(&self.lag_ns).map(|(latency, lag)| latency - lag).collect();
        let quantiles = [Some(Quantile::P50), self.scenario.quantile()];
        let shares = quantiles.into_iter().flatten().filter_map(|quantile| {
            let (with, without) =
                (early::order_statistic(&with, quantile)?, early::order_statistic(&without, quantile)?);
            (with > 0).then(|| 1.0 - without as f64 / with as f64)
        });
        shares.fold(0.0, f64::max)
    }
}

fn milliseconds(nanoseconds: &[u64]) -> Option<Distribution> {
    Distribution::new(nanoseconds.iter().map(|&ns| ns as f64 / 1e6).collect())
}
