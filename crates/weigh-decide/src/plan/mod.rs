//! What serving a workload takes: servers, time, money, energy; for several ways of doing it, and the cheapest.
//!
//! [`Workload`] says what is to be done and [`candidates`] finds the ways in a report: each measurement and each
//! prediction is one. [`plan`] works out each: the fewest servers that keep up with the rates, end before the deadline
//! and keep latency within its limit while items queue ([`queue`]: the model, [`judge`]: how sure a simulation is,
//! [`erlang`]: where it begins to look), then what they cost. The interval of a speed goes through to servers and money
//! by working out its ends as well.
//!
//! With as many servers as it takes, a way meets the workload if some number of servers does even at the slow end of
//! its interval. With a number of servers given, it has to meet it with those.
//!
//! `docs/planning.md` has the sources.

mod bill;
mod candidate;
mod configuration;
pub mod erlang;
pub mod judge;
pub mod queue;
mod servers;
mod verdicts;
mod workload;

use weigh_report::report::{Configuration, Plan, Status, Verdict};

pub use candidate::{Candidate, ItemEnergy, NoSpeed, Price, Speed, candidates};
pub use workload::{Contradiction, Slo, Workload};

/// Where servers stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Grams of CO2 equivalent per kilowatt-hour, and of which grid that is.
    pub grid: Option<(f64, String)>,
    /// What the building takes over what servers take, at least 1 (power usage effectiveness, ISO/IEC 30134-2).
    pub power_usage_effectiveness: f64,
}

impl Default for Site {
    /// No grid is named, and the building takes nothing.
    fn default() -> Site {
        Site { grid: None, power_usage_effectiveness: 1.0 }
    }
}

/// The ways side by side, and verdicts on what was asked: of the chosen way, or else of the first.
///
/// # Errors
/// Where the workload contradicts itself.
pub fn plan(
    workload: &Workload,
    candidates: &[Candidate],
    site: &Site,
) -> Result<(Plan, Vec<Verdict>), Contradiction> {
    workload.check()?;
    let mut configurations: Vec<Configuration> =
        candidates.iter().map(|candidate| configuration::of(candidate, workload, site)).collect();
    let first = configurations.first().and_then(|first| first.cost.or(first.cost_per_million));
    for configuration in &mut configurations {
        let cost = configuration.cost.or(configuration.cost_per_million);
        configuration.relative_cost =
            cost.zip(first).filter(|(_, first)| *first > 0.0).map(|(own, first)| own / first);
    }
    let (choice, why) = choose(workload, &configurations);
    let about = choice.unwrap_or(0);
    let verdicts = match (candidates.get(about), configurations.get(about)) {
        (Some(candidate), Some(configuration)) => verdicts::of(candidate, configuration, workload),
        _ => Vec::new(),
    };
    Ok((Plan { workload: workload.document(), configurations, choice, why }, verdicts))
}

/// The cheapest that meets everything, and why; without prices the one with the fewest servers.
fn choose(workload: &Workload, configurations: &[Configuration]) -> (Option<usize>, String) {
    if workload.is_nothing() {
        return (None, "nothing is asked: this is what one server can do".to_owned());
    }
    let met = || configurations.iter().enumerate().filter(|(_, found)| found.meets == Status::Met);
    let all = match met().count() {
        0 => {
            let why = match configurations.iter().any(|found| found.meets == Status::Unknown) {
                true => "none surely meets everything",
                false => "none meets everything",
            };
            return (None, why.to_owned());
        }
        1 if configurations.len() > 1 => {
            return (met().next().map(|(index, _)| index), "the only one that meets everything".to_owned());
        }
        count => count,
    };
    let fewest = |found: &Configuration| found.servers.unwrap_or(u64::MAX);
    let priced = met().filter_map(|(index, found)| Some((index, found, found.cost?)));
    let at_worst =
        |found: &Configuration| found.cost_ci.or(found.cost.map(|cost| [cost; 2])).map_or(0.0, |ci| ci[1]);
    // Of equals the one that is surer, then the first.
    let cheapest = priced.clone().min_by(|a, b| {
        let surer = at_worst(a.1).total_cmp(&at_worst(b.1));
        a.2.total_cmp(&b.2).then(surer).then(fewest(a.1).cmp(&fewest(b.1)))
    });
    match cheapest {
        Some((index, ..)) if all == 1 => (Some(index), "meets everything".to_owned()),
        Some((index, ..)) if priced.count() == all => {
            (Some(index), "the cheapest of those that meet everything".to_owned())
        }
        Some((index, ..)) => {
            (Some(index), "the cheapest of those that meet everything and have a price".to_owned())
        }
        None => {
            let index = met().min_by_key(|(_, found)| fewest(found)).map(|(index, _)| index);
            let why = if all == 1 {
                "meets everything"
            } else {
                "the fewest servers; no price is known (--price 2.50/h)"
            };
            (index, why.to_owned())
        }
    }
}
