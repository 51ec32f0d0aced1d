//! The scenarios in virtual time, against what queueing theory and hand calculation say.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use weigh_measure::scenario::arrivals::SplitMix64;
use weigh_measure::scenario::early::allowed_over;
use weigh_measure::scenario::execute::RunError;
use weigh_measure::scenario::{
    Batching, Closed, Ended, Load, LoadError, MAX_QUERIES, Offline, Outcome, Scenario, Search, SearchPlan,
    Server, Service, Slo, Verdict, VirtualClock, Void, highest_rate, run, simulate,
};
use weigh_measure::{Clock, MonotonicClock, Quantile};

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

/// A service that takes as long as a function says, given the moment and the batch.
struct Mock<'a, F> {
    clock: &'a VirtualClock,
    takes: F,
}

impl<F: FnMut(u64, usize) -> u64 + Send> Service for Mock<'_, F> {
    type Error = &'static str;

    fn run(&mut self, samples: usize) -> Result<(), &'static str> {
        let nanoseconds = (self.takes)(self.clock.now(), samples);
        self.clock.advance(nanoseconds);
        Ok(())
    }
}

/// Simulates on streams that all behave alike, from time 0 of that clock on.
fn simulated_on<F>(clock: &VirtualClock, load: &Load, streams: usize, takes: F) -> Outcome
where
    F: FnMut(u64, usize) -> u64 + Send + Clone,
{
    clock.set(0);
    let mut streams: Vec<_> = (0..streams).map(|_| Mock { clock, takes: takes.clone() }).collect();
    simulate(load, &mut streams, clock, &AtomicBool::new(false)).unwrap()
}

fn simulated<F>(load: &Load, streams: usize, takes: F) -> Outcome
where
    F: FnMut(u64, usize) -> u64 + Send + Clone,
{
    simulated_on(&VirtualClock::new(), load, streams, takes)
}

fn server(rate: f64, queries: usize) -> Server {
    Server { rate, queries, seed: 42, batching: Batching::NONE, grace_ns: u64::MAX }
}

fn mean(values: &[u64]) -> f64 {
    values.iter().sum::<u64>() as f64 / values.len() as f64
}

#[test]
fn waits_are_those_of_pollaczek_and_khinchine() {
    // Poisson arrivals, one stream, constant service s: the mean time in the queue is ρ·s / (2(1 − ρ)).
    for (utilisation, queries) in [(0.5, 400_000), (0.8, 1_000_000)] {
        let rate = utilisation / 0.002;
        let outcome = simulated(&Load::Server(server(rate, queries)), 1, |_, _| 2 * MS);
        let (wait, theory) = (mean(&outcome.queue_ns) / 1e6, utilisation * 2.0 / (2.0 * (1.0 - utilisation)));
        println!("M/D/1 at {utilisation}: mean wait {wait:.4} ms, theory {theory:.4} ms");
        assert!((wait / theory - 1.0).abs() < 0.02);
        assert_eq!(outcome.queries(), queries);
        assert!(outcome.service_ns.iter().all(|&service| service == 2 * MS));
        assert!((outcome.rate_achieved.unwrap() / rate - 1.0).abs() < 0.01);
        assert_eq!((outcome.void, outcome.lag_share), (None, 0.0));
    }
}

#[test]
fn streams_share_a_queue_as_erlang_says() {
    // Poisson arrivals, two streams, exponential service with mean s: a query waits with probability
    // C = 2ρ² / (1 + ρ), and C·s / (2(1 − ρ)) on average (Erlang's C formula): 16/9 · s at ρ = 0.8.
    let mut random = SplitMix64::new(3);
    let clock = VirtualClock::new();
    let mut streams: Vec<_> = (0..2)
        .map(|_| {
            let mut random = SplitMix64::new(random.next_u64());
            Mock { clock: &clock, takes: move |_, _| (random.exponential() * 2e6) as u64 }
        })
        .collect();
    let load = Load::Server(server(800.0, 1_000_000));
    let outcome = simulate(&load, &mut streams, &clock, &AtomicBool::new(false)).unwrap();
    let (wait, theory) = (mean(&outcome.queue_ns) / 1e6, 2.0 * 16.0 / 9.0);
    let waited = outcome.queue_ns.iter().filter(|&&wait| wait > 0).count() as f64 / 1e6;
    println!(
        "M/M/2 at 0.8: mean wait {wait:.4} ms, theory {theory:.4} ms; {waited:.4} waited, theory 0.7111"
    );
    assert!((wait / theory - 1.0).abs() < 0.03);
    assert!((waited / (1.28 / 1.8) - 1.0).abs() < 0.01);
}

#[test]
fn a_stall_is_paid_by_all_who_would_have_waited() {
    // 2 ms of service, but the first query to start 15 s into the run takes 1 s more.
    let stalling = || {
        let mut stalled = false;
        move |now: u64, _| {
            let stall = now >= 15 * S && !std::mem::replace(&mut stalled, now >= 15 * S);
            2 * MS + if stall { S } else { 0 }
        }
    };
    let p99 = |outcome: &Outcome| outcome.latency_ms().unwrap().percentile(Quantile::P99).value().unwrap();

    let closed = Closed { min_queries: 1, min_time_ns: 30 * S, max_time_ns: 60 * S };
    let closed = simulated(&Load::SingleStream(closed), 1, stalling());
    let open = simulated(&Load::Server(server(100.0, 3000)), 1, stalling());

    // Some 100 queries arrive during the stall, and some 25 more while the backlog of 100 goes down at 500 − 100 per
    // second. Those who arrive in the stall wait half of it on average, and for those before them.
    let delayed: Vec<u64> = open.queue_ns.iter().copied().filter(|&queue| queue > 30 * MS).collect();
    println!(
        "1 s stall in 30 s: p99 {:.1} ms in a closed loop of {} queries, {:.1} ms at 100 queries/s (open loop); \
         {} queries delayed by {:.0} ms on average",
        p99(&closed),
        closed.queries(),
        p99(&open),
        delayed.len(),
        mean(&delayed) / 1e6
    );
    assert_eq!(p99(&closed), 2.0);
    assert!((500.0..1000.0).contains(&p99(&open)), "{}", p99(&open));
    assert!((80..160).contains(&delayed.len()));
    assert!((0.4..0.65).contains(&(mean(&delayed) / 1e9)));
    // The time in the queue says whose fault it is: all but one query were served in 2 ms.
    assert_eq!(open.service_ns.iter().filter(|&&service| service > 2 * MS).count(), 1);
}

#[test]
fn batches_by_hand() {
    // Ten samples at once in batches of 4, 3 ms for each batch and 1 ms for each sample, on two streams:
    // the first takes 4 until 7 ms, the second 4 until 7 ms, the first the last 2 until 12 ms.
    let load = Load::Offline(Offline { samples: 10, batch: 4, max_time_ns: S });
    let outcome = simulated(&load, 2, |_, samples| (3 + samples as u64) * MS);
    assert_eq!(outcome.batches, BTreeMap::from([(4, 2), (2, 1)]));
    assert_eq!(outcome.duration_ns, 12 * MS);
    assert!((outcome.samples_per_second().unwrap() - 10.0 / 0.012).abs() < 1e-9);
    assert_eq!(outcome.queue_ns, [0, 0, 0, 0, 0, 0, 0, 0, 7 * MS, 7 * MS]);
    assert_eq!(outcome.void, None);
    assert_eq!(outcome.rate_asked, None);
}

#[test]
fn batching_trades_waiting_for_rate() {
    // A batch takes 4 ms whatever its size: one by one a stream does 250 queries per second, in eights 2000.
    let batching = Batching { max: 8, delay_ns: 5 * MS };
    let load = |rate, batching| Load::Server(Server { batching, ..server(rate, 20_000) });
    let outcome = simulated(&load(1000.0, batching), 1, |_, _| 4 * MS);
    assert!(outcome.batches.keys().all(|size| (1..=8).contains(size)), "{:?}", outcome.batches);
    assert_eq!(outcome.batches.iter().map(|(size, count)| size * count).sum::<usize>(), 20_000);
    assert!((outcome.rate_achieved.unwrap() / 1000.0 - 1.0).abs() < 0.02);
    assert!(mean(&outcome.queue_ns) < 10e6);

    // At 10 per second nobody joins within 5 ms, mostly: all wait for that long in vain.
    let outcome = simulated(&load(10.0, batching), 1, |_, _| 4 * MS);
    let median = outcome.queue_ms().unwrap().median().value().unwrap();
    assert_eq!(median, 5.0);
    // Waiting for a batch to fill is not the load generator's lateness.
    assert_eq!(outcome.void, None);
}

#[test]
fn closed_loops_by_hand() {
    // Service of 2, 3, 4, 2, ... ms; 5 queries take 2 + 3 + 4 + 2 + 3 = 14 ms.
    let load = Load::MultiStream {
        samples_per_query: 8,
        closed: Closed { min_queries: 5, min_time_ns: 0, max_time_ns: S },
    };
    let mut turn = 0;
    let takes = move |_, samples| {
        assert_eq!(samples, 8);
        turn += 1;
        (2 + (turn - 1) % 3) * MS
    };
    let outcome = simulated(&load, 1, takes);
    assert_eq!(outcome.latencies_ns(), [2, 3, 4, 2, 3].map(|ms| ms * MS));
    assert_eq!((outcome.duration_ns, outcome.void), (14 * MS, None));
    assert!((outcome.samples_per_second().unwrap() - 40.0 / 0.014).abs() < 1e-9);
    assert_eq!(outcome.scenario, Scenario::MultiStream { samples_per_query: 8 });

    // The longest time ends it with the query that reaches it, even the first.
    let short = Closed { min_queries: 5, min_time_ns: 0, max_time_ns: 4 * MS };
    assert_eq!(simulated(&Load::SingleStream(short), 1, |_, _| 3 * MS).queries(), 2);
    let none = Closed { max_time_ns: 0, ..short };
    assert_eq!(simulated(&Load::SingleStream(none), 1, |_, _| 3 * MS).queries(), 1);

    // MLPerf's estimate of p90 from 64 queries is the largest; from fewer there is none.
    let enough = Closed { min_queries: 64, min_time_ns: 0, max_time_ns: S };
    let outcome = simulated(&Load::SingleStream(enough), 1, |_, _| 3 * MS);
    assert_eq!(outcome.estimate_ns(Quantile::P90), Some(3 * MS));
    assert_eq!(outcome.estimate_ns(Quantile::P99), None);
}

#[test]
fn a_late_load_generator_makes_the_run_void() {
    // 100 µs late for a query of 2 ms: at most 100/2100 = 4.8 % of the latency. 10 µs: 0.5 %.
    let outcome = |late| {
        let clock = VirtualClock::waking_late(late);
        simulated_on(&clock, &Load::Server(server(50.0, 2000)), 1, |_, _| 2 * MS)
    };
    let late = outcome(100_000);
    assert!((late.lag_share - 100.0 / 2100.0).abs() < 1e-3, "{}", late.lag_share);
    assert_eq!(late.void, Some(Void::Lag { share: late.lag_share }));
    assert_eq!(late.estimate_ns(Quantile::P99), None);
    assert_eq!(late.meets(Slo { quantile: Quantile::P99, limit_ns: S }), Verdict::Unknown);
    println!("{}", late.void.unwrap());

    let fine = outcome(10_000);
    assert!((fine.lag_share - 10.0 / 2010.0).abs() < 1e-3, "{}", fine.lag_share);
    assert_eq!(fine.void, None);
    assert_eq!(fine.meets(Slo { quantile: Quantile::P99, limit_ns: S }), Verdict::Met);
}

#[test]
fn lateness_is_handed_on_while_a_stream_is_busy() {
    // Woken 1 ms late for the first of several queries, a stream that stays busy is 1 ms late for all of them.
    let clock = VirtualClock::waking_late(MS);
    let outcome = simulated_on(&clock, &Load::Server(server(10_000.0, 100)), 1, |_, _| 2 * MS);
    assert!(outcome.lag_ns.iter().all(|&lag| lag <= MS));
    // The very first arrival is within the time of the second's wait, all later ones find the stream busy.
    assert!(outcome.lag_ns[1..].iter().all(|&lag| lag > MS / 2), "{:?}", outcome.lag_ns);
    // And no wait is the generator's where nobody ever waits for the clock.
    let load = Load::Offline(Offline { samples: 100, batch: 1, max_time_ns: S });
    let outcome = simulated_on(&VirtualClock::waking_late(MS), &load, 1, |_, _| 2 * MS);
    assert!(outcome.lag_ns.iter().all(|&lag| lag == 0));
}

#[test]
fn an_overloaded_run_is_ended_and_missed() {
    // 1000 queries per second for 2 s at 250 per second of capacity; nothing starts later than 100 ms after the last.
    let load = Load::Server(Server { grace_ns: 100 * MS, ..server(1000.0, 2000) });
    let outcome = simulated(&load, 1, |_, _| 4 * MS);
    let Some(Void::Unfinished { queries }) = outcome.void else { panic!("{:?}", outcome.void) };
    assert_eq!(outcome.queries() + queries, 2000);
    assert_eq!(outcome.waiting_ns.len(), queries);
    assert!((500..560).contains(&outcome.queries()), "{}", outcome.queries());
    assert!(outcome.waiting_ns.iter().all(|&waiting| waiting >= 100 * MS));
    let slo = |limit_ns| Slo { quantile: Quantile::P99, limit_ns };
    assert_eq!(outcome.meets(slo(99 * MS)), Verdict::Missed);
    assert_eq!(outcome.meets(slo(100 * S)), Verdict::Unknown);
    assert_eq!(outcome.estimate_ns(Quantile::P99), None);
}

/// The part of M/D/1's queries that wait at most `wait`, both in units of the service (Erlang 1909): utilisation ρ,
/// (1 − ρ) Σ_{j ≤ wait} (−ρ(wait − j))^j / j! · e^{ρ(wait − j)}.
fn waits_at_most(utilisation: f64, wait: f64) -> f64 {
    let mut factorial = 1.0;
    let terms = (0..=wait as i32).map(|j| {
        factorial *= f64::from(j.max(1));
        let x = utilisation * (wait - f64::from(j));
        (-x).powi(j) / factorial * x.exp()
    });
    (1.0 - utilisation) * terms.sum::<f64>()
}

/// The highest rate at which M/D/1 with a service of 2 ms has its p99 of latency within 10 ms: 99 % of queries may wait
/// at most 4 services. By bisection of Erlang's formula.
fn true_rate() -> f64 {
    let (mut low, mut high) = (0.01, 0.99);
    while high - low > 1e-9 {
        let middle = (low + high) / 2.0;
        if waits_at_most(middle, 4.0) >= 0.99 { low = middle } else { high = middle }
    }
    low / 0.002
}

const SLO: Slo = Slo { quantile: Quantile::P99, limit_ns: 10 * MS };

fn search(plan: &SearchPlan, service_ns: u64) -> Search {
    let probe = |load| {
        let clock = VirtualClock::new();
        let mut streams = [Mock { clock: &clock, takes: |_, _| service_ns }];
        simulate(&Load::Server(load), &mut streams, &clock, &AtomicBool::new(false))
    };
    highest_rate(plan, probe).unwrap()
}

#[test]
fn erlang_and_the_simulation_agree_on_the_tail() {
    let rate = true_rate();
    let outcome = simulated(&Load::Server(server(rate, 1_000_000)), 1, |_, _| 2 * MS);
    let over = outcome.over(SLO.limit_ns) as f64 / 1e6;
    println!("at {rate:.2} queries/s {:.3} % are over the limit, theory 1 %", over * 100.0);
    assert!((over - 0.01).abs() < 0.001);
}

#[test]
fn verdicts_are_wrong_as_seldom_as_they_say() {
    // At the true rate both verdicts are wrong, each with a probability of 1 % at most.
    const RUNS: u64 = 300;
    let (rate, clock) = (true_rate(), VirtualClock::new());
    let verdicts: Vec<(Verdict, bool)> = (0..RUNS)
        .map(|seed| {
            let load = Load::Server(Server { seed, ..server(rate, 2648) });
            let outcome = simulated_on(&clock, &load, 1, |_, _| 2 * MS);
            let allowed = allowed_over(outcome.queries(), Quantile::P99).unwrap();
            (outcome.meets(SLO), outcome.over(SLO.limit_ns) <= allowed)
        })
        .collect();
    let count = |verdict| verdicts.iter().filter(|(found, _)| *found == verdict).count();
    let (met, missed) = (count(Verdict::Met), count(Verdict::Missed));
    let as_if_independent = verdicts.iter().filter(|(_, met)| *met).count();
    println!(
        "of {RUNS} runs at the true rate {met} met, {missed} missed; {as_if_independent} met as if independent"
    );
    assert!(met <= 9 && missed <= 9);
    // Queries that wait for one another are not independent: this is why clusters count as one.
    assert!(as_if_independent > 30);
}

#[test]
fn the_search_brackets_the_true_rate() {
    let truth = true_rate();
    for seed in [1, 2, 3] {
        let found =
            search(&SearchPlan { max_time_ns: 3600 * S, seed, ..SearchPlan::new(SLO, 500.0) }, 2 * MS);
        let (met, missed) = (found.highest_met.unwrap(), found.lowest_missed.unwrap());
        let spent: u64 = found.probes.iter().map(|probe| probe.duration_ns).sum();
        println!(
            "p99 within 10 ms up to {truth:.1}/s in truth, {met:.1}..{missed:.1}/s found ({:?}) by {} probes of {:.0} s in all",
            found.ended,
            found.probes.len(),
            spent as f64 / 1e9
        );
        assert!(met <= truth && truth <= missed);
        assert!(met > 0.9 * truth && missed < 1.3 * truth);
        assert!(matches!(found.ended, Ended::Narrow | Ended::Unresolved));
    }
}

#[test]
fn the_search_finds_a_sharp_limit_within_its_width() {
    // p99 within 1 s of 2 ms of service: only near 500 per second, the capacity, does the queue grow as long.
    let slo = Slo { quantile: Quantile::P99, limit_ns: S };
    let found =
        search(&SearchPlan { max_time_ns: 3600 * S, width: 0.1, ..SearchPlan::new(slo, 100.0) }, 2 * MS);
    let (met, missed) = (found.highest_met.unwrap(), found.lowest_missed.unwrap());
    println!("capacity 500/s: {met:.1}..{missed:.1}/s, {:?}, {} probes", found.ended, found.probes.len());
    assert_eq!(found.ended, Ended::Narrow);
    assert!(met <= 500.0 && 495.0 <= missed && missed <= met * 1.1);
}

#[test]
fn the_search_has_bounds() {
    let plan = SearchPlan::new(SLO, 500.0);
    // Service of 20 ms is over 10 ms at any rate.
    let found = search(&plan, 20 * MS);
    assert_eq!((found.ended, found.highest_met, found.probes.len()), (Ended::Service, None, 1));
    let found = search(&SearchPlan { max_probes: 2, ..plan }, 2 * MS);
    assert_eq!((found.ended, found.probes.len()), (Ended::Probes, 2));
    let found = search(&SearchPlan { max_time_ns: 5 * S, ..plan }, 2 * MS);
    assert_eq!(found.ended, Ended::Time);
    // A service that takes no time meets any rate, until a run would have too many queries.
    let found = search(&SearchPlan { max_time_ns: 3600 * S, ..SearchPlan::new(SLO, 5e5) }, 0);
    assert_eq!((found.ended, found.lowest_missed), (Ended::Queries, None));
    assert!(found.highest_met.unwrap() > 1e5);
    // Probes last long enough for a backlog of a twentieth to be seen: 2 · 10 ms / 0.05 = 400 ms, 2 s by default.
    assert_eq!(plan.probe_time_ns(), 2 * S);
    assert_eq!(SearchPlan { min_probe_ns: 0, ..plan }.probe_time_ns(), 400 * MS);
}

#[test]
fn impossible_runs_are_refused() {
    let refused = |load: &Load, streams: usize| {
        let clock = VirtualClock::new();
        let mut streams: Vec<_> = (0..streams).map(|_| Mock { clock: &clock, takes: |_, _| MS }).collect();
        match simulate(load, &mut streams, &clock, &AtomicBool::new(false)) {
            Err(RunError::Load(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let load = Load::Server(server(10.0, 10));
    assert_eq!(refused(&load, 0), LoadError::NoStreams);
    let queries = MAX_QUERIES + 1;
    assert_eq!(refused(&Load::Server(server(10.0, queries)), 1), LoadError::TooMany { queries });
    assert_eq!(refused(&Load::Server(server(-1.0, 10)), 1), LoadError::Rate(-1.0));
}

#[test]
fn cancelling_ends_a_run_between_queries() {
    let cancel = AtomicBool::new(false);
    let closed = Closed { min_queries: 100, min_time_ns: 0, max_time_ns: S };
    for load in [Load::Server(server(100.0, 100)), Load::SingleStream(closed)] {
        cancel.store(false, Ordering::Relaxed);
        let clock = VirtualClock::new();
        let mut served = 0;
        let takes = |_, _| {
            served += 1;
            cancel.store(served == 10, Ordering::Relaxed);
            MS
        };
        let outcome = simulate(&load, &mut [Mock { clock: &clock, takes }], &clock, &cancel).unwrap();
        assert_eq!((outcome.queries(), outcome.void), (10, Some(Void::Cancelled)));
        assert_eq!(outcome.meets(Slo { quantile: Quantile::P50, limit_ns: 0 }), Verdict::Unknown);
    }
}

#[test]
fn an_outcome_survives_json() {
    let outcome = simulated(&Load::Server(server(400.0, 50)), 1, |_, _| 2 * MS);
    let json = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&json).unwrap(), outcome);
    let load = Load::Server(server(400.0, 50));
    assert_eq!(serde_json::from_str::<Load>(&serde_json::to_string(&load).unwrap()).unwrap(), load);
}

/// Counts its samples, and fails where it is told to.
struct Counting<'a> {
    samples: &'a AtomicUsize,
    fails_at: usize,
}

impl Service for Counting<'_> {
    type Error = &'static str;

    fn run(&mut self, samples: usize) -> Result<(), &'static str> {
        let before = self.samples.fetch_add(samples, Ordering::Relaxed);
        if before + samples > self.fails_at { Err("out of paper") } else { Ok(()) }
    }
}

#[test]
fn threads_serve_every_query_once() {
    let clock = MonotonicClock::new();
    let served = AtomicUsize::new(0);
    let load = |rate, queries| {
        let batching = Batching { max: 4, delay_ns: 50_000 };
        Load::Server(Server { rate, queries, seed: 1, batching, grace_ns: 60 * S })
    };
    let streams = |fails_at| [0; 3].map(|_| Counting { samples: &served, fails_at });
    let outcome = run(&load(20_000.0, 500), &mut streams(500), &clock, &AtomicBool::new(false)).unwrap();
    assert_eq!((outcome.queries(), served.load(Ordering::Relaxed)), (500, 500));
    assert_eq!(outcome.batches.iter().map(|(size, count)| size * count).sum::<usize>(), 500);
    assert!(outcome.batches.keys().all(|size| (1..=4).contains(size)));
    assert_eq!((outcome.service_ns.len(), outcome.lag_ns.len(), outcome.waiting_ns.len()), (500, 500, 0));
    assert!(!matches!(outcome.void, Some(Void::Cancelled | Void::Unfinished { .. })));

    served.store(0, Ordering::Relaxed);
    let error = run(&load(20_000.0, 500), &mut streams(100), &clock, &AtomicBool::new(false)).unwrap_err();
    assert_eq!(error.to_string(), "out of paper");

    // Cancelled before it began: nothing is run, though the first arrival may be far off.
    served.store(0, Ordering::Relaxed);
    let outcome = run(&load(0.001, 10), &mut streams(100), &clock, &AtomicBool::new(true)).unwrap();
    assert_eq!((outcome.queries(), outcome.void), (0, Some(Void::Cancelled)));
    assert_eq!((outcome.rate_achieved, outcome.latency_ms()), (None, None));
}
