//! What every output says of a plan: the workload in a line, and a configuration's figures as people read them.

use weigh_ir::units::{self, dollars, grams, milliseconds, per_second, percent, significant};

use super::numbers;
use crate::report::{Configuration, Interval, Plan, PlannedWorkload, Status};

/// One figure of a configuration.
pub(super) struct Figure {
    /// Title of its column; of some it is the workload that says.
    pub(super) title: fn(&PlannedWorkload) -> String,
    /// Left out before those of a lower rank where there is no room; never at rank 0.
    pub(super) rank: u8,
    /// Whether it is a word and no number.
    pub(super) word: bool,
    pub(super) value: fn(&Configuration) -> Option<String>,
}

/// All of them, in the order of columns. `null` in the document is an empty cell.
pub(super) const FIGURES: [Figure; 15] = [
    figure(|_| "basis".to_owned(), 9, true, |c| c.basis.map(|basis| basis.words().to_owned())),
    figure(|_| "inference".to_owned(), 8, false, |c| c.service_ms.map(milliseconds)),
    figure(|w| format!("{}/s each", unit(w)), 7, false, |c| c.throughput_per_second.map(numbers::rate)),
    figure(|_| "one server".to_owned(), 3, false, |c| c.one_server_h.map(hours)),
    figure(|_| "servers".to_owned(), 0, false, servers),
    figure(|_| "for".to_owned(), 6, true, |c| c.servers_for.clone()),
    figure(|_| "used".to_owned(), 10, false, |c| c.peak_utilisation.or(c.utilisation).map(percent)),
    figure(|w| format!("{} at peak", percentile(w)), 2, false, |c| c.latency_at_peak_ms.map(milliseconds)),
    figure(|_| "done in".to_owned(), 4, false, |c| c.hours.map(hours)),
    figure(cost_title, 0, false, |c| c.cost.map(dollars)),
    figure(|_| "interval".to_owned(), 5, false, |c| c.cost_ci.filter(|[low, high]| low < high).map(money)),
    figure(|_| "$/million".to_owned(), 1, false, |c| c.cost_per_million.map(dollars)),
    figure(|_| "relative".to_owned(), 1, false, |c| c.relative_cost.map(|ratio| significant(ratio, 3))),
    figure(|_| "energy".to_owned(), 11, false, |c| c.kilowatt_hours.map(kilowatt_hours)),
    figure(|_| "CO2e".to_owned(), 12, false, |c| c.co2_kg.map(|kg| grams(kg * 1e3))),
];

const fn figure(
    title: fn(&PlannedWorkload) -> String,
    rank: u8,
    word: bool,
    value: fn(&Configuration) -> Option<String>,
) -> Figure {
    Figure { title, rank, word, value }
}

/// What sets configurations apart: their names without the words that all share.
pub(super) fn names(plan: &Plan) -> Vec<String> {
    const BETWEEN: &str = " · ";
    let words: Vec<Vec<&str>> =
        plan.configurations.iter().map(|found| found.name.split(BETWEEN).collect()).collect();
    let shared = |word: &str| words.len() > 1 && words.iter().all(|words| words.contains(&word));
    let own = |words: &Vec<&str>| {
        let own: Vec<&str> = words.iter().copied().filter(|word| !shared(word)).collect();
        if own.is_empty() { words.join(BETWEEN) } else { own.join(BETWEEN) }
    };
    words.iter().map(own).collect()
}

/// The words that all names share.
pub(super) fn shared(plan: &Plan) -> Vec<String> {
    let Some((first, rest)) = plan.configurations.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return Vec::new();
    };
    let has = |name: &str, word: &str| name.split(" · ").any(|own| own == word);
    let words = first.name.split(" · ").filter(|word| rest.iter().all(|found| has(&found.name, word)));
    words.map(str::to_owned).collect()
}

/// `10 M samples · 1280/s`: what is asked, in facts.
pub(super) fn workload(of: &PlannedWorkload) -> Vec<String> {
    let unit = unit(of);
    let items = of.items.map(|items| match of.period_h {
        Some(24.0) => format!("{} {unit} a day", units::si(items)),
        Some(period) => format!("{} {unit} every {}", units::si(items), hours(period)),
        None => format!("{} {unit} once", units::si(items)),
    });
    let rate = of.rate_per_second.map(|rate| format!("{} on average", per_second(rate)));
    let peak = of.peak_per_second.map(|peak| format!("{} at the peak", per_second(peak)));
    let deadline = of.deadline_h.map(|deadline| format!("within {}", hours(deadline)));
    let delay = of.max_delay_ms.map(|delay| format!("batches wait {} at most", milliseconds(delay)));
    let used = (of.utilisation < 1.0).then(|| format!("servers used at {} at most", percent(of.utilisation)));
    let servers = of.servers.map(|servers| match servers {
        1 => "on 1 server".to_owned(),
        servers => format!("on {servers} servers"),
    });
    let facts = [items, rate, peak, deadline, of.slo.clone(), delay, used, servers];
    facts.into_iter().flatten().collect()
}

/// `3`, `3 [2, 6]`.
pub(super) fn servers(of: &Configuration) -> Option<String> {
    let servers = of.servers?;
    Some(match of.servers_ci {
        Some([best, worst]) if (best, worst) != (servers, servers) => format!("{servers} [{best}, {worst}]"),
        _ => servers.to_string(),
    })
}

/// A time in hours, in the unit that suits it.
pub(super) fn hours(hours: f64) -> String {
    milliseconds(hours * 3.6e6)
}

/// An interval of a time in hours, where it is one.
pub(super) fn hours_interval([low, high]: Interval) -> String {
    format!("[{}, {}]", hours(low), hours(high))
}

/// An interval of dollars.
pub(super) fn money([low, high]: Interval) -> String {
    format!("[{}, {}]", dollars(low), dollars(high))
}

/// `1.25 kWh`, `3.20 Wh`.
pub(super) fn kilowatt_hours(amount: f64) -> String {
    match amount.abs() {
        amount if amount >= 1000.0 => format!("{} MWh", significant(amount / 1e3, 3)),
        amount if amount >= 0.1 => format!("{} kWh", significant(amount, 3)),
        amount => format!("{} Wh", significant(amount * 1e3, 3)),
    }
}

/// `p99`, as the limit has it; of a plan without one nothing has that title.
pub(super) fn percentile(of: &PlannedWorkload) -> String {
    let slo = of.slo.as_deref().unwrap_or("latency");
    slo.split(['<', ' ']).next().unwrap_or(slo).trim_start_matches("latency.").to_owned()
}

/// What the items are.
pub(super) fn unit(of: &PlannedWorkload) -> &str {
    if of.unit.is_empty() { "items" } else { &of.unit }
}

fn cost_title(of: &PlannedWorkload) -> String {
    if of.items.is_some() && of.period_h.is_none() { "cost" } else { "cost/day" }.to_owned()
}

/// Whether a configuration meets what was asked, and whether it is the one to take; nothing where nothing was asked.
pub(super) fn mark(plan: &Plan, index: usize) -> &'static str {
    let asked = plan.workload.items.is_some()
        || plan.workload.rate_per_second.is_some()
        || plan.workload.peak_per_second.is_some();
    match plan.configurations.get(index).map(|found| found.meets) {
        _ if plan.choice == Some(index) => "✓ take",
        Some(Status::Met) if asked => "✓ met",
        Some(Status::Missed) if asked => "✗ missed",
        Some(Status::Unknown) if asked => "? unknown",
        _ => "",
    }
}

/// The chosen one, why, and what it saves.
pub(super) fn choice(plan: &Plan) -> String {
    let Some((chosen, name)) = plan
        .choice
        .and_then(|choice| Some((plan.configurations.get(choice)?, names(plan).swap_remove(choice))))
    else {
        return plan.why.clone();
    };
    let saved = chosen.relative_cost.filter(|ratio| plan.choice != Some(0) && *ratio < 1.0);
    let saved = saved.map(|ratio| format!("; {} less than the first", percent(1.0 - ratio)));
    format!("{name}: {}{}", plan.why, saved.unwrap_or_default())
}
