//! A scenario: the rate asked for and achieved, latency from the intended arrival, and the search for the highest rate.

use super::panel::{Panel, Row, TEXT};
use super::{latency, many};
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::measured::{from_arrival, particular, rate_with_interval, with_interval};
use crate::render::numbers::{rate, share, time};
use crate::report::{Estimate, Measurement, Scenario, SloProbe, SloSearch, Status};

/// The scenario of one of the measurements, its times, and its search.
pub(super) fn sections(run: &Measurement, runs: &[Measurement], ink: &Ink) -> Vec<Vec<Line>> {
    let Some(scenario) = &run.scenario else { return Vec::new() };
    let mut sections = vec![summary(scenario, run, runs, ink), times(scenario, ink)];
    sections.extend(scenario.slo.as_ref().map(|slo| search(slo, ink)));
    sections
}

fn summary(scenario: &Scenario, run: &Measurement, runs: &[Measurement], ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("SCENARIO");
    panel.subject = vec![scenario.name.clone(), quantity(scenario.queries)];
    panel.subject.extend(scenario.duration_s.map(|seconds| format!("in {}", time(seconds * 1e3))));
    if runs.len() > 1 {
        panel.subject.push(particular(run, runs));
    }
    let room = ink.width.saturating_sub(TEXT);
    let paragraph = |label, role, text: &str| Row::paragraph(label, role, ink.sentence(text, room));
    if let Some(reason) = &scenario.void {
        panel.rows.extend(paragraph("void", Role::Bad, &format!("proves nothing: {reason}")));
    }
    if let Some(achieved) = scenario.rate_achieved {
        let (value, interval) = rate_with_interval(achieved, scenario.rate_ci);
        let mut row = Row::number("rate", format!("{value} queries/s"));
        row.facts.extend((!interval.is_empty()).then_some(interval));
        row.facts.extend(scenario.rate_asked.map(|asked| format!("asked for {}", rate(asked))));
        panel.rows.push(row);
    } else if let Some(asked) = scenario.rate_asked {
        panel.rows.push(Row::number("asked for", format!("{} queries/s", rate(asked))));
    }
    panel.rows.extend(scenario.mean_batch.map(|mean| {
        let mut row = Row::number("batches", format!("{mean:.2} queries"));
        row.facts.push("on average".to_owned());
        row.facts.extend(scenario.max_batch.map(|most| format!("at most {most}")));
        row
    }));
    if let Some(unstarted) = scenario.unstarted.filter(|unstarted| *unstarted > 0) {
        let text = format!("{} had not started when time was up", quantity(unstarted));
        panel.rows.extend(paragraph("unfinished", Role::Warn, &text));
    }
    panel.rows.extend(scenario.estimate.as_ref().map(estimate));
    panel.rows.extend(lag(scenario, ink));
    panel.lines(ink, ink.width)
}

fn quantity(queries: u64) -> String {
    match queries {
        1 => "1 query".to_owned(),
        several => format!("{several} queries"),
    }
}

/// The percentile that MLPerf judges by.
fn estimate(estimate: &Estimate) -> Row {
    let rule = "99 % confidence, by MLPerf's early stopping";
    match estimate.ms {
        Some(ms) => {
            Row::number("estimate", time(ms)).fact(format!("{} at most", estimate.percentile)).fact(rule)
        }
        None => Row::text("estimate", Role::Dim, "too few queries").fact(estimate.percentile.clone()),
    }
}

/// How late queries were issued.
fn lag(scenario: &Scenario, ink: &Ink) -> Vec<Row> {
    let lags = [("p50", scenario.lag_p50_ms), ("p99", scenario.lag_p99_ms), ("at most", scenario.lag_max_ms)];
    let share = scenario.lag_share.map(|part| format!("up to {} of latency", share(part)));
    let lags = lags.into_iter().filter_map(|(name, lag)| Some(format!("{name} {}", time(lag?))));
    let lags: Vec<String> = lags.chain(share).collect();
    let lines = ink.all_facts(&lags, ink.width.saturating_sub(TEXT));
    Row::paragraph("issued late", Role::Plain, lines)
}

/// Latency from the intended arrival, and the two parts that it has.
fn times(scenario: &Scenario, ink: &Ink) -> Vec<Line> {
    let mut lines = latency::table("FROM ARRIVAL", &from_arrival(scenario), scenario.queries, ink);
    if !lines.is_empty() {
        let text = "  latency counts from the intended arrival: a late start is in it";
        lines.push(Line::new(Role::Dim, text));
    }
    lines
}

/// The rates tried, and the highest that holds.
fn search(slo: &SloSearch, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("HIGHEST RATE");
    panel.subject = vec![slo.requirement.clone()];
    let missed = slo.lowest_missed.map(|missed| format!("missed at {}", rate(missed)));
    panel.rows.push(match slo.highest_rate {
        Some(highest) => Row::number("holds up to", format!("{} queries/s", rate(highest))),
        None => Row::text("holds", Role::Bad, "at no rate tried"),
    });
    if let Some(row) = panel.rows.last_mut() {
        row.facts.extend(missed);
        let tried = many(slo.probes.len() as u64, "rate");
        row.facts.extend((!slo.probes.is_empty()).then(|| format!("{tried} tried")));
    }
    let room = ink.width.saturating_sub(TEXT);
    let ended = slo.ended.iter().flat_map(|ended| ink.sentence(ended, room));
    panel.rows.extend(Row::paragraph("ended", Role::Dim, ended.collect()));
    let mut lines = panel.lines(ink, ink.width);
    lines.extend(probes(&slo.probes, ink));
    lines
}

fn probes(probes: &[SloProbe], ink: &Ink) -> Vec<Line> {
    if probes.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("  rate"),
        Column::right("achieved").rank(2),
        Column::right("queries").rank(3),
        Column::right("over").rank(4),
        Column::right("found"),
        Column::left("95 % CI").rank(1),
        Column::left(""),
        Column::left("").shrinks_to(12),
    ]);
    for probe in probes {
        let (role, status) = match (probe.status, &probe.void) {
            (_, Some(_)) => (Role::Bad, "? void"),
            (Status::Met, None) => (Role::Good, "✓ met"),
            (Status::Missed, None) => (Role::Bad, "✗ missed"),
            (Status::Unknown, None) => (Role::Warn, "? unknown"),
        };
        let (value, interval) = probe
            .value_ms
            .map_or(("?".to_owned(), String::new()), |value| with_interval(value, probe.value_ci_ms));
        grid.row(vec![
            (Role::Plain, rate(probe.rate)),
            (Role::Plain, probe.rate_achieved.map(rate).unwrap_or_default()),
            (Role::Dim, probe.queries.to_string()),
            (Role::Dim, probe.over.map(|over| over.to_string()).unwrap_or_default()),
            (Role::Value, ink.text(&value)),
            (Role::Dim, interval),
            (role, ink.text(status)),
            (Role::Dim, ink.name(probe.void.as_deref().unwrap_or_default(), ink.width)),
        ]);
    }
    grid.lines(ink)
}
