//! What serving a workload takes: of one configuration every figure, of several a row for each.

use weigh_ir::units::{dollars, grams, joules, milliseconds, per_second, percent};

use super::panel::{Panel, Row, TEXT};
use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers;
use crate::render::planned::{self, FIGURES};
use crate::report::{Basis, Configuration, Plan, Status};

/// The workload, the configurations, and what to know about them.
pub(super) fn sections(report: &Report, ink: &Ink) -> Vec<Vec<Line>> {
    let Some(plan) = &report.plan else { return Vec::new() };
    let mut head = Panel::new("PLAN");
    head.subject = planned::workload(&plan.workload);
    match plan.configurations.as_slice() {
        [only] => {
            head.rows = one(only, plan, ink);
            vec![head.lines(ink, ink.width)]
        }
        several => vec![asked(plan, ink), table(plan, ink), remarks(several, plan, ink)],
    }
}

/// The workload, in as many lines as it needs.
fn asked(plan: &Plan, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("PLAN");
    let facts = ink.all_facts(&planned::workload(&plan.workload), ink.width.saturating_sub(TEXT));
    panel.rows = Row::paragraph("workload", Role::Plain, facts);
    let shared = ink.all_facts(&planned::shared(plan), ink.width.saturating_sub(TEXT));
    panel.rows.extend(Row::paragraph("all of", Role::Plain, shared));
    panel.lines(ink, ink.width)
}

fn table(plan: &Plan, ink: &Ink) -> Vec<Line> {
    let mut columns = vec![Column::left("CONFIGURATION").shrinks_to(20), Column::left("")];
    columns.extend(FIGURES.iter().map(|figure| {
        let title = ink.name(&(figure.title)(&plan.workload), 20);
        let column = if figure.word { Column::left(title) } else { Column::right(title) };
        column.rank(figure.rank)
    }));
    let mut grid = Grid::new(columns);
    for (index, (found, name)) in plan.configurations.iter().zip(planned::names(plan)).enumerate() {
        let mark = (role(plan, index), ink.text(planned::mark(plan, index)));
        let figures = FIGURES.iter().map(|figure| {
            let role = if figure.rank == 0 { Role::Value } else { Role::Plain };
            (role, ink.name(&(figure.value)(found).unwrap_or_default(), 28))
        });
        grid.row([(Role::Plain, ink.name(&name, ink.width)), mark].into_iter().chain(figures).collect());
    }
    grid.lines(ink)
}

fn role(plan: &Plan, index: usize) -> Role {
    match plan.configurations.get(index).map(|found| found.meets) {
        Some(Status::Met) => Role::Good,
        Some(Status::Missed) => Role::Bad,
        _ => Role::Warn,
    }
}

/// Which one to take, how its queue was worked out, and each note with the configurations that it is about.
fn remarks(several: &[Configuration], plan: &Plan, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("");
    let room = ink.width.saturating_sub(TEXT);
    let mut say =
        |label, role, text: &str| panel.rows.extend(Row::paragraph(label, role, ink.sentence(text, room)));
    let answer = if plan.choice.is_some() { Role::Good } else { Role::Warn };
    say("take", answer, &planned::choice(plan));
    let chosen = plan.choice.and_then(|choice| several.get(choice)).or(several.first());
    if let Some(queue) = chosen.and_then(|chosen| chosen.queue.as_ref()) {
        say("queue", Role::Dim, queue);
    }
    let own = planned::names(plan);
    let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
    for (found, name) in several.iter().zip(&own) {
        for note in &found.notes {
            match said.iter_mut().find(|(known, _)| known == note) {
                Some((_, names)) => names.push(name),
                None => said.push((note, vec![name])),
            }
        }
    }
    for (note, names) in said {
        let names = if names.len() == several.len() { "all".to_owned() } else { names.join("; ") };
        say("note", Role::Warn, &format!("{names}: {note}"));
    }
    panel.lines(ink, ink.width)
}

/// Every figure of one configuration.
fn one(found: &Configuration, plan: &Plan, ink: &Ink) -> Vec<Row> {
    let room = ink.width.saturating_sub(TEXT);
    let mut rows = Vec::new();
    let mut say = |label, role, facts: Vec<String>| {
        if !facts.is_empty() {
            rows.extend(Row::paragraph(label, role, ink.all_facts(&facts, room)));
        }
    };
    let workload = &plan.workload;
    // A speed that was given has no other name.
    let name = Some(found.name.clone()).filter(|_| found.basis != Some(Basis::Given));
    say("server", Role::Plain, name.into_iter().collect());
    say("speed", Role::Value, speed(found, planned::unit(workload)));
    say(
        "one server",
        Role::Value,
        with(found.one_server_h.map(planned::hours), found.one_server_ci_h.map(planned::hours_interval)),
    );
    let reason = found.servers_for.as_ref().map(|reason| format!("for {reason}"));
    say("servers", Role::Value, planned::servers(found).into_iter().chain(reason).collect());
    let capacity = found.capacity_per_second.map(|rate| format!("up to {}", per_second(rate)));
    let budget = found.budget_ms.map(|budget| format!("an inference may take {}", milliseconds(budget)));
    say("capacity", Role::Value, capacity.into_iter().chain(budget).collect());
    let mean = found.utilisation.map(|used| format!("{} on average", percent(used)));
    let peak = found.peak_utilisation.map(|used| format!("{} at the peak", percent(used)));
    say("utilisation", Role::Plain, mean.into_iter().chain(peak).collect());
    say("latency", Role::Value, latency(found, plan));
    say("done in", Role::Value, found.hours.map(planned::hours).into_iter().collect());
    say("cost", Role::Value, cost(found, plan));
    say("energy", Role::Plain, energy(found));
    let emitted = found.co2_kg.map(|kg| format!("{} CO2e", grams(kg * 1e3)));
    say("emissions", Role::Plain, emitted.into_iter().chain(found.grid.clone()).collect());
    let mut tell =
        |label, role, text: &str| rows.extend(Row::paragraph(label, role, ink.sentence(text, room)));
    if let Some(queue) = &found.queue {
        tell("queue", Role::Dim, queue);
    }
    for note in &found.notes {
        tell("note", Role::Warn, note);
    }
    rows
}

/// A figure and its interval as one fact.
fn with(value: Option<String>, interval: Option<String>) -> Vec<String> {
    let interval = interval.map(|interval| format!(" {interval}")).unwrap_or_default();
    value.map(|value| value + &interval).into_iter().collect()
}

fn speed(found: &Configuration, unit: &str) -> Vec<String> {
    let interval =
        found.service_ci_ms.map(|[low, high]| format!("[{}, {}]", milliseconds(low), milliseconds(high)));
    let mut facts =
        with(found.service_ms.map(|time| format!("{} an inference", milliseconds(time))), interval);
    facts.extend(found.batch.filter(|batch| *batch > 1).map(|batch| format!("batch {batch}")));
    facts.extend(found.throughput_per_second.map(|rate| format!("{} {unit}/s each", numbers::rate(rate))));
    facts.extend(found.basis.map(|basis| basis.words().to_owned()));
    facts
}

fn latency(found: &Configuration, plan: &Plan) -> Vec<String> {
    let interval = found.latency_at_peak_ci_ms;
    let interval = interval.map(|[low, high]| format!("[{}, {}]", milliseconds(low), milliseconds(high)));
    let percentile = planned::percentile(&plan.workload);
    let mut facts =
        with(found.latency_at_peak_ms.map(|time| format!("{percentile} {}", milliseconds(time))), interval);
    let fewer = found.latency_one_fewer_ms;
    facts.extend(fewer.map(|time| format!("{} with one server fewer", milliseconds(time))));
    facts
}

fn cost(found: &Configuration, plan: &Plan) -> Vec<String> {
    let per = if found.cost_is_daily { " a day" } else { "" };
    let mut facts = with(found.cost.map(|cost| dollars(cost) + per), found.cost_ci.map(planned::money));
    let days = found.cost_over_days.zip(plan.workload.days);
    facts.extend(days.map(|(cost, days)| format!("{} for {days} days", dollars(cost))));
    let unit = planned::unit(&plan.workload);
    let million = found.cost_per_million.map(|cost| format!("{} per million {unit}", dollars(cost)));
    facts.extend(with(million, found.cost_per_million_ci.map(planned::money)));
    let price = found.price_per_h.map(|price| format!("{}/h a server", dollars(price)));
    let source = found.price_source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
    facts.extend(price.map(|price| price + &source));
    facts
}

fn energy(found: &Configuration) -> Vec<String> {
    let per = if found.cost_is_daily { " a day" } else { "" };
    let all = found.kilowatt_hours.map(|amount| planned::kilowatt_hours(amount) + per);
    let each = found.joules_per_item.map(|energy| format!("{} each", joules(energy)));
    let basis = found.energy_basis.map(|basis| basis.words().to_owned());
    let facts = [all, each, basis, found.energy_source.clone()];
    facts.into_iter().flatten().collect()
}
