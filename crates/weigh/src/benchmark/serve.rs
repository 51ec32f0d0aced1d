//! A model under load: queries that come one by one, in groups, all at once, or when they like.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use weigh_engine::synthetic::InputSpec;
use weigh_measure::fleet::{Failure, Measured, Record, Worker};
use weigh_measure::scenario::{
    self, Batching, Closed, Load, Offline, Scenario, SearchPlan, Server, highest_rate,
};
use weigh_measure::worker::{Feed, ServeOrder, Setup};
use weigh_measure::{Observations, Quantile, sampling};
use weigh_report::report::{self, Status};

use super::{Bench, Prepared, Setting, Slo, Subject, document};

/// Which load.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRequest {
    /// The scenario.
    pub scenario: Scenario,
    /// Queries per second, of a server; `None` to search for the highest rate that meets the bench's limit.
    pub rate: Option<f64>,
    /// How queries of a server become batches.
    pub batching: Batching,
}

/// What was found under load.
#[derive(Clone, Debug)]
pub struct Served {
    /// The row.
    pub measurement: report::Measurement,
    /// Whether there are no figures, or they prove nothing.
    pub failed: bool,
}

/// Inferences of an offline run: enough that the last, shorter batch does not matter.
const OFFLINE_BATCHES: usize = 50;

impl Bench {
    /// Puts a model under load, in one worker process.
    pub fn serve(
        &self,
        subject: &Subject<'_>,
        setting: &Setting,
        request: &LoadRequest,
        tell: &mut dyn FnMut(&str),
    ) -> Served {
        let batch = match request.scenario {
            Scenario::SingleStream | Scenario::Server => Some(1),
            Scenario::MultiStream { samples_per_query } => Some(samples_per_query as u64),
            Scenario::Offline => setting.batch,
        };
        let setting = Setting { batch, ..setting.clone() };
        let refuse = |reason: &str| Served { measurement: document::failed(&setting, reason), failed: true };
        if subject.data().is_some() {
            return refuse("loads are put on a model with made-up inputs, not with --data");
        }
        let prepared = match self.row(subject, setting.clone()).prepared {
            Ok(prepared) => prepared,
            Err(reason) => return refuse(&reason),
        };
        let sizes = match sizes(self, subject, &setting, request, &prepared) {
            Ok(sizes) => sizes,
            Err(reason) => return refuse(&reason),
        };
        match self.loaded(&prepared, &setting, request, sizes, tell) {
            Ok((record, scenario)) => {
                let measured = Measured::of(&[record], prepared.setup.batch);
                let lost = Failure::Lost("no time was taken".to_owned());
                let result = measured.as_ref().ok_or(&lost);
                let mut measurement = document::measured(&setting, &prepared, result, &self.unit);
                let failed = scenario.void.is_some();
                measurement.scenario = Some(scenario);
                Served { measurement, failed }
            }
            Err(failure) => refuse(&failure.to_string()),
        }
    }

    /// The closed loop that tells what an inference takes by itself, then the load.
    fn loaded(
        &self,
        prepared: &Prepared,
        setting: &Setting,
        request: &LoadRequest,
        sizes: BTreeMap<usize, Vec<InputSpec>>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(Record, report::Scenario), Failure> {
        tell("one by one");
        let setup = Setup { streams: NonZeroUsize::MIN, ..prepared.setup.clone() };
        let mut worker = self.launcher.start()?;
        let record = self.campaign.rounds_of(&mut worker, &setup)?;
        let measured = Measured::of(std::slice::from_ref(&record), prepared.setup.batch);
        let inference_s = measured.map_or(1.0, |measured| measured.total.mean() / 1e3);
        let capacity = setting.streams.get() as f64 / inference_s;

        let longest = self.campaign.plan.max_time;
        let mut service = Service { worker, streams: setting.streams, sizes, longest };
        let mut slo = None;
        let load = match request.scenario {
            Scenario::SingleStream => Load::SingleStream(self.closed(request.scenario)),
            Scenario::MultiStream { samples_per_query } => {
                Load::MultiStream { samples_per_query, closed: self.closed(request.scenario) }
            }
            Scenario::Offline => Load::Offline(self.offline(prepared.setup.batch, capacity)),
            Scenario::Server => {
                let rate = match (request.rate, &self.slo) {
                    (Some(rate), _) => rate,
                    (None, None) => {
                        return Err(Failure::Refused("no rate and no limit to find one by".to_owned()));
                    }
                    (None, Some(limit)) => {
                        let (search, best) = self.search(&mut service, request, limit, capacity, tell)?;
                        slo = Some(search);
                        best
                    }
                };
                Load::Server(self.server(rate, request.batching))
            }
        };
        tell("under load");
        let outcome = service.put(load)?;
        let judged = || Some(judged(&outcome, outcome.rate_asked?, &self.slo?));
        Ok((record, scenario_of(&outcome, slo.or_else(judged))))
    }

    /// A closed loop that is long enough for the scenario's percentile.
    fn closed(&self, scenario: Scenario) -> Closed {
        let plan = &self.campaign.plan;
        let (min_time_ns, max_time_ns) = (nanoseconds(plan.min_time), nanoseconds(plan.max_time));
        Closed {
            min_time_ns,
            max_time_ns,
            ..Closed::estimating(scenario.quantile().unwrap_or(Quantile::P90))
        }
    }

    /// As many samples as keep so many inferences per second busy for long enough.
    fn offline(&self, batch: u64, capacity: f64) -> Offline {
        let plan = &self.campaign.plan;
        let batch = usize::try_from(batch).unwrap_or(usize::MAX);
        let inferences = (plan.min_time.as_secs_f64() * capacity).ceil() as usize;
        let samples = inferences.max(OFFLINE_BATCHES).saturating_mul(batch);
        Offline { samples, batch, max_time_ns: nanoseconds(plan.max_time) }
    }

    /// Arrivals at that rate, enough for the percentile that is limited.
    fn server(&self, rate: f64, batching: Batching) -> Server {
        let objective = self.slo.map(|slo| slo.objective());
        let quantile = objective.map_or(Quantile::P99, |objective| objective.quantile);
        let needed = scenario::early::queries_for_estimate(quantile);
        Server {
            rate,
            queries: Server::queries_for(rate, needed, nanoseconds(self.campaign.plan.min_time)),
            seed: self.campaign.seed.wrapping_add(1),
            batching,
            grace_ns: objective.map_or(0, |objective| objective.limit_ns).max(GRACE_NS),
        }
    }

    /// The highest rate that meets the limit, or the lowest tried where none does.
    fn search(
        &self,
        service: &mut Service,
        request: &LoadRequest,
        limit: &Slo,
        hint: f64,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(report::SloSearch, f64), Failure> {
        let (batching, seed) = (request.batching, self.campaign.seed);
        let plan = SearchPlan { batching, seed, ..SearchPlan::new(limit.objective(), hint) };
        let found = highest_rate(&plan, |server| {
            tell(&format!("{:.3} queries/s", server.rate));
            service.put(Load::Server(server))
        })?;
        // Where there was no time for a single probe, the hint is as good a rate as any.
        let lowest = found.probes.iter().map(|probe| probe.rate).fold(hint, f64::min);
        let search = report::SloSearch {
            requirement: limit.to_string(),
            highest_rate: found.highest_met,
            lowest_missed: found.lowest_missed,
            ended: Some(ended(found.ended).to_owned()),
            probes: found.probes.iter().map(probe).collect(),
        };
        Ok((search, found.highest_met.unwrap_or(lowest)))
    }
}

/// A limit at the one rate that was asked for.
fn judged(outcome: &scenario::Outcome, rate: f64, limit: &Slo) -> report::SloSearch {
    let found = scenario::Probe::of(outcome, rate, limit.objective());
    let rate_if = |verdict| (found.verdict == verdict).then_some(rate);
    report::SloSearch {
        requirement: limit.to_string(),
        highest_rate: rate_if(scenario::Verdict::Met),
        lowest_missed: rate_if(scenario::Verdict::Missed),
        ended: Some("no other rate was asked for".to_owned()),
        probes: vec![probe(&found)],
    }
}

fn probe(probe: &scenario::Probe) -> report::SloProbe {
    report::SloProbe {
        rate: probe.rate,
        rate_achieved: probe.rate_achieved,
        queries: probe.queries as u64,
        value_ms: probe.estimate_ns.map(sampling::milliseconds),
        value_ci_ms: None,
        over: Some(probe.over as u64),
        status: status(probe.verdict),
        void: probe.void.map(|void| void.to_string()),
    }
}

/// How long after the last arrival a server's run goes on at least.
const GRACE_NS: u64 = 10_000_000_000;

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A worker that is ready for loads.
struct Service {
    worker: Worker,
    streams: NonZeroUsize,
    sizes: BTreeMap<usize, Vec<InputSpec>>,
    /// What a load without arrivals takes at most.
    longest: Duration,
}

impl Service {
    fn put(&mut self, load: Load) -> Result<scenario::Outcome, Failure> {
        let arrivals = match &load {
            Load::Server(server) => Duration::try_from_secs_f64(server.queries as f64 / server.rate).ok(),
            _ => None,
        };
        let expected = arrivals.unwrap_or_default().max(self.longest);
        self.worker.serve(ServeOrder { load, streams: self.streams, sizes: self.sizes.clone() }, expected)
    }
}

/// The inputs of every number of samples that the load can ask for. Errors are reasons fit to follow "not measured: ".
fn sizes(
    bench: &Bench,
    subject: &Subject<'_>,
    setting: &Setting,
    request: &LoadRequest,
    prepared: &Prepared,
) -> Result<BTreeMap<usize, Vec<InputSpec>>, String> {
    let own = usize::try_from(prepared.setup.batch).unwrap_or(usize::MAX);
    let wanted = match request.scenario {
        Scenario::Server => 1..=request.batching.max,
        _ => own..=own,
    };
    let specs = |size: usize| {
        let sized = Setting { batch: Some(size as u64), ..setting.clone() };
        let sized = if size == own {
            Ok(prepared.clone())
        } else {
            subject.prepare(&sized, &bench.campaign.warm_up())
        }?;
        if sized.setup.model != prepared.setup.model {
            return Err("the model's batch is fixed: queries cannot be batched as they come".to_owned());
        }
        match sized.setup.feed {
            Feed::Synthetic { specs, .. } => Ok((size, specs)),
            Feed::Data(_) => Err("loads take made-up inputs".to_owned()),
        }
    };
    wanted.map(specs).collect()
}

fn scenario_of(outcome: &scenario::Outcome, slo: Option<report::SloSearch>) -> report::Scenario {
    let lag = |part: f64| {
        let mut lags = outcome.lag_ns.clone();
        lags.sort_unstable();
        let rank = ((lags.len() as f64 * part).ceil() as usize).saturating_sub(1);
        lags.get(rank).copied().map(sampling::milliseconds)
    };
    let batches: usize = outcome.batches.values().sum();
    report::Scenario {
        name: outcome.scenario.to_string(),
        rate_asked: outcome.rate_asked,
        rate_achieved: outcome.rate_achieved,
        rate_ci: None,
        queries: outcome.queries() as u64,
        duration_s: Some(outcome.duration_ns as f64 / 1e9),
        latency: stage(&outcome.latencies_ns()),
        queue: stage(&outcome.queue_ns),
        service: stage(&outcome.service_ns),
        mean_batch: (batches > 0).then(|| outcome.queries() as f64 / batches as f64),
        batches: outcome.batches.iter().map(|(&size, &count)| (size as u64, count as u64)).collect(),
        lag_share: Some(outcome.lag_share),
        unstarted: Some(outcome.waiting_ns.len() as u64),
        estimate: estimate(outcome),
        max_batch: outcome.batches.keys().max().map(|&size| size as u64),
        lag_p50_ms: lag(0.5),
        lag_p99_ms: lag(0.99),
        lag_max_ms: lag(1.0),
        void: outcome.void.map(|void| void.to_string()),
        slo,
    }
}

/// Stretches of a run that intervals take as independent of one another: queries that wait in one queue are not.
const STRETCHES: usize = 20;

fn stage(nanoseconds: &[u64]) -> Option<report::StageTime> {
    let length = nanoseconds.len().div_ceil(STRETCHES).max(1);
    let times = |part: &[u64]| part.iter().copied().map(sampling::milliseconds).collect();
    Some(document::stage(&Observations::new(vec![nanoseconds.chunks(length).map(times).collect()])?))
}

/// The early-stopping estimate of the scenario's own percentile; a void run has none.
fn estimate(outcome: &scenario::Outcome) -> Option<report::Estimate> {
    if outcome.void.is_some() {
        return None;
    }
    let quantile = outcome.scenario.quantile()?;
    let ms = outcome.estimate_ns(quantile).map(sampling::milliseconds);
    Some(report::Estimate { percentile: quantile.to_string(), ms })
}

/// Why a search ended.
fn ended(ended: scenario::Ended) -> &'static str {
    match ended {
        scenario::Ended::Narrow => "narrow enough",
        scenario::Ended::Unresolved => "what is between cannot be told",
        scenario::Ended::Probes => "as many rates tried as allowed",
        scenario::Ended::Time => "out of time",
        scenario::Ended::Queries => "more queries needed than a run can have",
        scenario::Ended::Service => "service alone takes longer than the limit",
        scenario::Ended::Cancelled => "cancelled",
    }
}

fn status(verdict: scenario::Verdict) -> Status {
    match verdict {
        scenario::Verdict::Met => Status::Met,
        scenario::Verdict::Missed => Status::Missed,
        scenario::Verdict::Unknown => Status::Unknown,
    }
}
