//! The highest rate of queries that meets an objective.

use serde::{Deserialize, Serialize};

use super::early::{queries_for_estimate, shows_miss};
use super::load::{Batching, MAX_QUERIES, Server};
use super::outcome::{Outcome, Void};
use super::slo::{Slo, Verdict};

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchPlan {
    /// What is to be met.
    pub slo: Slo,
    /// The rate to try first, in queries per second: the number of streams over the time of service, say.
    pub hint: f64,
    /// How far above the highest rate that met it the lowest that did not may be, relative to the former.
    pub width: f64,
    /// How queries become batches.
    pub batching: Batching,
    /// Of the arrivals; each probe has its own made from it.
    pub seed: u64,
    /// A probe's time at least, in nanoseconds. See also [`SearchPlan::probe_time_ns`].
    pub min_probe_ns: u64,
    /// How often a probe that could not tell is repeated, each time twice as long.
    pub lengthenings: u32,
    /// Probes at most.
    pub max_probes: usize,
    /// Time of all probes together at most, in nanoseconds.
    pub max_time_ns: u64,
}

impl SearchPlan {
    /// Within 5 %, probes of 2 s at least, five lengthenings, 40 probes and 5 minutes at most, no batching.
    pub fn new(slo: Slo, hint: f64) -> SearchPlan {
        SearchPlan {
            slo,
            hint,
            width: 0.05,
            batching: Batching::NONE,
            seed: 1,
            min_probe_ns: 2_000_000_000,
            lengthenings: 5,
            max_probes: 40,
            max_time_ns: 300_000_000_000,
        }
    }

    /// The time of a probe at least, in nanoseconds: 2 · limit / width, or [`SearchPlan::min_probe_ns`].
    ///
    /// At a rate above what the system can do for long, by a part w, a queue grows by about w seconds per second. A
    /// short run ends before the queue reaches the limit and looks fine. This long, half of the queries are over the
    /// limit where the rate is too high by the width of the search.
    pub fn probe_time_ns(&self) -> u64 {
        let backlog = (2.0 * self.slo.limit_ns as f64 / self.width).ceil() as u64;
        self.min_probe_ns.max(backlog)
    }

    /// The load of a probe: enough queries for a verdict, for long enough, and cut off where every query that has not
    /// started is over the limit anyway.
    fn load(&self, rate: f64, index: usize, lengthening: u32) -> Option<Server> {
        let queries =
            Server::queries_for(rate, queries_for_estimate(self.slo.quantile), self.probe_time_ns());
        let queries = queries.checked_mul(1usize.checked_shl(lengthening)?)?;
        let seed = self.seed.wrapping_add(index as u64);
        let grace_ns = self.slo.limit_ns.saturating_add(1);
        (queries <= MAX_QUERIES).then_some(Server { rate, queries, seed, batching: self.batching, grace_ns })
    }
}

/// One run of a search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Queries per second that were asked for.
    pub rate: f64,
    /// Queries per second that were done.
    pub rate_achieved: Option<f64>,
    /// Queries that were done.
    pub queries: usize,
    /// Queries that were over the limit, done or not.
    pub over: usize,
    /// How many queries say as much as one independent one: a verdict takes so many times more of them.
    pub clustering: f64,
    /// The early-stopping estimate of the objective's percentile, in nanoseconds.
    pub estimate_ns: Option<u64>,
    /// Time of the run in nanoseconds.
    pub duration_ns: u64,
    /// Whether the objective was met.
    pub verdict: Verdict,
    /// Why the run is void, if so.
    pub void: Option<Void>,
}

impl Probe {
    /// What a run at a rate says about an objective.
    pub fn of(outcome: &Outcome, rate: f64, slo: Slo) -> Probe {
        Probe {
            rate,
            rate_achieved: outcome.rate_achieved,
            queries: outcome.queries(),
            over: outcome.over(slo.limit_ns),
            clustering: outcome.clustering(slo.limit_ns),
            estimate_ns: outcome.estimate_ns(slo.quantile),
            duration_ns: outcome.duration_ns,
            verdict: outcome.meets(slo),
            void: outcome.void,
        }
    }
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The bracket is as narrow as asked for.
    Narrow,
    /// What is left of the bracket are rates at which even the longest probe could not tell.
    Unresolved,
    /// There were as many probes as allowed.
    Probes,
    /// The next probe would have taken longer than the time that was left.
    Time,
    /// The next probe would have had more queries than a run can have.
    Queries,
    /// Service alone, without any queue and query by query, takes too long: no rate is low enough.
    Service,
    /// A probe was cancelled.
    Cancelled,
}

/// What a search found: the highest rate that meets the objective lies between the ends of the bracket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The highest rate that met the objective, in queries per second; `None` where none did.
    pub highest_met: Option<f64>,
    /// The lowest rate that missed it, in queries per second; `None` where none did.
    pub lowest_missed: Option<f64>,
    /// Why the search ended.
    pub ended: Ended,
    /// All runs, in order.
    pub probes: Vec<Probe>,
}

/// Searches for the highest rate that meets the objective. `probe` runs a load as [`super::Load::Server`].
///
/// From the hint the rate is doubled while it is met, halved while it is not, and then the bracket is halved
/// geometrically. A probe that cannot tell is repeated twice as long. Where the longest cannot tell either, the search
/// goes on below that rate for one that met the objective, and then above it for one that missed it.
///
/// # Errors
/// The first error of `probe`, which ends the search.
pub fn highest_rate<E>(
    plan: &SearchPlan,
    mut probe: impl FnMut(Server) -> Result<Outcome, E>,
) -> Result<Search, E> {
    let mut state = State {
        plan: *plan,
        met: None,
        not_met: None,
        unsure: None,
        missed: None,
        shortest: 0,
        probes: Vec::new(),
    };
    let ended = loop {
        let Some(rate) = state.next_rate() else { break state.verdict_of_bracket() };
        if let Some(ended) = state.settle(rate, &mut probe)? {
            break ended;
        }
    };
    Ok(Search { highest_met: state.met, lowest_missed: state.missed, ended, probes: state.probes })
}

struct State {
    plan: SearchPlan,
    /// The highest rate that met the objective.
    met: Option<f64>,
    /// The lowest rate that did not, for all that can be told.
    not_met: Option<f64>,
    /// The highest rate at which it could not be told.
    unsure: Option<f64>,
    /// The lowest rate that missed it.
    missed: Option<f64>,
    /// How long a rate's first probe is: half of what the last rate took.
    shortest: u32,
    probes: Vec<Probe>,
}

impl State {
    /// The rate to try next; `None` where both gaps are narrow: from the highest met to the lowest not met, and from the
    /// highest that cannot be told to the lowest missed.
    fn next_rate(&self) -> Option<f64> {
        let unsure = self.unsure.filter(|&unsure| self.met.is_none_or(|met| met < unsure));
        match (self.met, self.not_met) {
            (None, None) => Some(self.plan.hint),
            (Some(met), None) => Some(met * 2.0),
            (None, Some(not_met)) => Some(not_met / 2.0),
            (Some(met), Some(not_met)) => self.middle(met, not_met).or_else(|| match (unsure, self.missed) {
                (Some(unsure), Some(missed)) => self.middle(unsure, missed),
                (Some(unsure), None) => Some(unsure * 2.0),
                (None, _) => None,
            }),
        }
    }

    /// The geometric mean of two rates that are not near enough.
    fn middle(&self, low: f64, high: f64) -> Option<f64> {
        (high > low * (1.0 + self.plan.width)).then(|| (low * high).sqrt())
    }

    fn verdict_of_bracket(&self) -> Ended {
        if self.missed == self.not_met { Ended::Narrow } else { Ended::Unresolved }
    }

    /// Probes a rate, longer and longer, until it is known whether it meets the objective or it has been lengthened
    /// often enough; why the search has to end, if so.
    fn settle<E>(
        &mut self,
        rate: f64,
        probe: &mut impl FnMut(Server) -> Result<Outcome, E>,
    ) -> Result<Option<Ended>, E> {
        for lengthening in self.shortest..=self.plan.lengthenings {
            let load = match self.allowed(rate, lengthening) {
                Ok(load) => load,
                Err(ended) => return Ok(Some(ended)),
            };
            let outcome = probe(load)?;
            let verdict = outcome.meets(self.plan.slo);
            self.probes.push(Probe::of(&outcome, rate, self.plan.slo));
            if outcome.void == Some(Void::Cancelled) {
                return Ok(Some(Ended::Cancelled));
            }
            if verdict != Verdict::Unknown {
                self.narrow(rate, verdict);
                self.shortest = lengthening.saturating_sub(1);
                let hopeless = verdict == Verdict::Missed && service_misses(&outcome, self.plan.slo);
                return Ok(hopeless.then_some(Ended::Service));
            }
        }
        self.narrow(rate, Verdict::Unknown);
        Ok(None)
    }

    /// The load of the next probe, if it is within bounds.
    fn allowed(&self, rate: f64, lengthening: u32) -> Result<Server, Ended> {
        if self.probes.len() >= self.plan.max_probes {
            return Err(Ended::Probes);
        }
        let load = self.plan.load(rate, self.probes.len(), lengthening).ok_or(Ended::Queries)?;
        let spent: u64 = self.probes.iter().map(|probe| probe.duration_ns).sum();
        let expected = (load.queries as f64 / rate * 1e9) as u64;
        if spent.saturating_add(expected) > self.plan.max_time_ns {
            return Err(Ended::Time);
        }
        Ok(load)
    }

    fn narrow(&mut self, rate: f64, verdict: Verdict) {
        let lower = |known: Option<f64>| Some(known.map_or(rate, |known| known.min(rate)));
        match verdict {
            Verdict::Met => {
                self.met = Some(rate);
                self.not_met = self.not_met.filter(|&not_met| rate < not_met).or(self.missed);
            }
            Verdict::Missed => (self.not_met, self.missed) = (lower(self.not_met), lower(self.missed)),
            Verdict::Unknown => {
                self.not_met = lower(self.not_met);
                self.unsure = Some(self.unsure.map_or(rate, |unsure| unsure.max(rate)));
            }
        }
    }
}

/// Whether queries that ran one by one miss the objective by their time of service.
fn service_misses(outcome: &Outcome, slo: Slo) -> bool {
    let over = outcome.service_ns.iter().filter(|&&service| service > slo.limit_ns).count();
    outcome.batches.keys().all(|&size| size == 1) && shows_miss(outcome.queries(), slo.quantile, over)
}
