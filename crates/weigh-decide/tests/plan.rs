//! Plans as a whole: worked examples by hand, and what must hold of all of them.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use weigh_decide::plan::{Candidate, Price, Site, Slo, Speed, Workload, plan};
use weigh_report::report::{Configuration, Plan, Status, Verdict};

fn speed(per_second: f64) -> Speed {
    Speed { per_second, ci: None, stddev_ms: Some(0.0), p99_ms: None }
}

fn given(per_second: f64, price: f64) -> Candidate {
    let price = Some(Price { per_h: price, source: "given".to_owned() });
    Candidate { price, ..Candidate::given(format!("{per_second}/s"), 1, speed(per_second)) }
}

fn of(workload: &Workload, candidates: &[Candidate]) -> (Plan, Vec<Verdict>) {
    plan(workload, candidates, &Site::default()).unwrap()
}

fn only(workload: &Workload, candidate: Candidate) -> Configuration {
    of(workload, &[candidate]).0.configurations.remove(0)
}

fn p99(limit_ms: f64) -> Option<Slo> {
    Some(Slo { quantile: 0.99, limit_ms, text: format!("p99<={limit_ms}ms") })
}

/// 75 ms an image are 13.3 images a second; at 10 a second the server has 100 ms for each and is used at 75 %.
#[test]
fn one_server_keeps_up_with_ten_images_a_second() {
    let workload = Workload { rate: Some(10.0), ..Workload::default() };
    let (plan, verdicts) = of(&workload, &[given(1e3 / 75.0, 1.0)]);
    let found = &plan.configurations[0];
    assert_eq!((found.servers, found.meets, plan.choice), (Some(1), Status::Met, Some(0)));
    assert!((found.capacity_per_second.unwrap() - 13.333).abs() < 1e-3);
    assert!(
        (found.budget_ms.unwrap() - 100.0).abs() < 1e-9 && (found.utilisation.unwrap() - 0.75).abs() < 1e-9
    );
    assert_eq!((verdicts.len(), verdicts[0].status), (1, Status::Met));
    assert!((verdicts[0].margin.unwrap() - 1.0 / 3.0).abs() < 1e-9);
    // At 70 % one is not enough: 10 / (13.3 · 0.7) = 1.07.
    assert_eq!(only(&Workload { utilisation: 0.7, ..workload }, given(1e3 / 75.0, 1.0)).servers, Some(2));
}

/// 10 M at 1280/s: 7812.5 s, 2.17 h, for 2.17 h · $2.50.
#[test]
fn ten_million_are_done_in_time() {
    let workload = Workload { items: Some(1e7), deadline_h: Some(24.0), ..Workload::default() };
    let (plan, verdicts) = of(&workload, &[given(1280.0, 2.5)]);
    let found = &plan.configurations[0];
    assert!((found.hours.unwrap() - 2.1701).abs() < 1e-4);
    assert!((found.cost.unwrap() - 5.4253).abs() < 1e-4 && !found.cost_is_daily);
    assert!((found.cost_per_million.unwrap() - 0.54253).abs() < 1e-5);
    assert_eq!((found.servers_for.as_deref(), verdicts[0].status), (Some("deadline"), Status::Met));
    // In two hours two servers are needed, each for half the time, at the same cost.
    let soon = only(&Workload { deadline_h: Some(2.0), ..workload }, given(1280.0, 2.5));
    assert_eq!((soon.servers, soon.cost), (Some(2), found.cost));
}

/// With a number of servers given they have to do, over the whole interval.
#[test]
fn a_limit_within_the_interval_decides_nothing() {
    let workload = Workload { rate: Some(100.0), servers: Some(2), ..Workload::default() };
    let at = |ci| {
        let mut candidate = given(51.0, 1.0);
        candidate.speed = Ok(Speed { ci, ..speed(51.0) });
        let (plan, verdicts) = of(&workload, &[candidate]);
        (plan.configurations[0].meets, verdicts[0].status, plan.choice)
    };
    assert_eq!(at(None), (Status::Met, Status::Met, Some(0)));
    assert_eq!(at(Some([50.5, 51.5])), (Status::Met, Status::Met, Some(0)));
    assert_eq!(at(Some([48.0, 54.0])), (Status::Unknown, Status::Unknown, None));
    // With as many as it takes, the slow end has one more.
    let free = Workload { servers: None, ..workload };
    let mut candidate = given(51.0, 1.0);
    candidate.speed = Ok(Speed { ci: Some([48.0, 54.0]), ..speed(51.0) });
    let found = only(&free, candidate);
    assert_eq!((found.servers, found.servers_ci, found.meets), (Some(2), Some([2, 3]), Status::Met));
    assert_eq!(found.cost_ci, Some([48.0, 72.0]));
}

#[test]
fn the_cheapest_that_meets_everything_is_taken() {
    let workload = Workload { rate: Some(100.0), slo: p99(40.0), ..Workload::default() };
    // 25 ms fit into 40 ms with company; 50 ms never do, however cheap.
    let (plan, verdicts) = of(&workload, &[given(40.0, 1.0), given(20.0, 0.01), given(400.0, 2.0)]);
    assert_eq!(plan.configurations[1].meets, Status::Missed);
    assert!(plan.configurations[1].notes[0].starts_with("no number of servers meets p99<=40ms"));
    assert_eq!((plan.choice, plan.configurations[2].servers), (Some(2), Some(1)));
    let relative = plan.configurations[2].relative_cost.unwrap();
    assert_eq!(relative, plan.configurations[2].cost.unwrap() / plan.configurations[0].cost.unwrap());
    assert!(verdicts.iter().all(|verdict| verdict.status == Status::Met) && verdicts.len() == 2);
    // Without the good ones nothing is chosen.
    let (plan, verdicts) = of(&workload, &[given(20.0, 0.01)]);
    assert_eq!((plan.choice, plan.why.as_str()), (None, "none meets everything"));
    // The rate could be kept up with.
    assert_eq!([verdicts[0].status, verdicts[1].status], [Status::Met, Status::Missed]);
}

#[test]
fn more_servers_than_there_may_be_are_not_planned() {
    let workload = Workload { rate: Some(1e6), max_servers: 50, ..Workload::default() };
    let found = only(&workload, given(10.0, 1.0));
    assert_eq!((found.meets, found.servers), (Status::Missed, None));
    assert_eq!(found.notes, ["it needs 100000 servers for the mean rate, more than the 50 at most"]);
}

/// A latency beyond what servers that are there can keep.
#[test]
fn an_overloaded_line_grows_without_end() {
    let workload = Workload { rate: Some(100.0), slo: p99(40.0), servers: Some(1), ..Workload::default() };
    let (plan, verdicts) = of(&workload, &[given(50.0, 1.0)]);
    assert_eq!(
        (plan.configurations[0].meets, plan.configurations[0].latency_at_peak_ms),
        (Status::Missed, None)
    );
    assert!(verdicts[1].notes[0].contains("without end"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    /// More work never needs fewer servers or less money; a faster server never more servers, a dearer one never less
    /// money.
    #[test]
    fn servers_and_costs_are_monotone(
        rate in 1.0..500.0f64, more in 1.05..3.0f64, faster in 1.05..3.0f64, ms in 1.0..50.0f64, room in 1.2..4.0f64,
    ) {
        let workload = |rate: f64| Workload {
            rate: Some(rate / 2.0), peak: Some(rate), slo: p99(ms * room), ..Workload::default()
        };
        let own = only(&workload(rate), given(1e3 / ms, 1.0));
        let busier = only(&workload(rate * more), given(1e3 / ms, 1.0));
        let quicker = only(&workload(rate), given(1e3 / ms * faster, 1.0));
        let dearer = only(&workload(rate), given(1e3 / ms, 1.5));
        prop_assert!(busier.servers >= own.servers && busier.cost >= own.cost);
        prop_assert!(quicker.servers <= own.servers);
        prop_assert!(dearer.cost > own.cost && dearer.servers == own.servers);
    }

    /// The percentile falls with every server.
    #[test]
    fn more_servers_are_never_worse(rate in 1.0..300.0f64, ms in 1.0..50.0f64, batch in 1u64..5) {
        let erlangs = rate * ms / 1e3 / batch as f64;
        let mut last = f64::INFINITY;
        for servers in (erlangs as u64 + 1)..(erlangs as u64 + 4) {
            let workload = Workload {
                rate: Some(rate), slo: p99(ms * 3.0), servers: Some(servers), ..Workload::default()
            };
            let candidate = Candidate::given("a", batch, speed(batch as f64 * 1e3 / ms));
            let Some(now) = only(&workload, candidate).latency_at_peak_ms else { continue };
            // Two simulations, each with its uncertainty.
            prop_assert!(now <= last * 1.03, "{now} after {last} with {servers}");
            last = now;
        }
    }

    /// Half the deadline takes no less than as many servers, and the same hours of them.
    #[test]
    fn a_deadline_is_kept(items in 1e3..1e9f64, rate in 1.0..1e4f64, hours in 0.1..100.0f64) {
        let workload = |hours| Workload {
            items: Some(items), deadline_h: Some(hours), max_servers: u64::MAX, ..Workload::default()
        };
        let (slow, fast) = (only(&workload(hours), given(rate, 1.0)), only(&workload(hours / 2.0), given(rate, 1.0)));
        prop_assert!(slow.hours.unwrap() <= hours * 1.000001 && fast.servers >= slow.servers);
        prop_assert!((slow.cost.unwrap() / fast.cost.unwrap() - 1.0).abs() < 1e-9);
        // One fewer is too late.
        if let Some(fewer) = slow.servers.filter(|servers| *servers > 1).map(|servers| servers - 1) {
            let late = only(&Workload { servers: Some(fewer), ..workload(hours) }, given(rate, 1.0));
            prop_assert!(late.hours.unwrap() > hours);
        }
    }
}
