//! One measurement in full: how it was made, every stage with its percentiles, and what disturbed it.

use weigh_ir::units::{self, time_unit};

use super::panel::{Panel, Row, TEXT, Value};
use super::rows::{data, not_measured, process, processed, start, subject, theoretical, throughput};
use super::{many, spread};
use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::measured::{self, UNSTEADY, percentile, percentiles, with_interval};
use crate::render::numbers::{share, split, time};
use crate::report::{Measurement, Noise, Outliers, StageTime, WarmUp};

/// What was measured, the stages, the conditions.
pub(super) fn sections(report: &Report, run: &Measurement, ink: &Ink) -> Vec<Vec<Line>> {
    let mut panel = Panel::new("PERFORMANCE");
    panel.subject = subject(report, std::slice::from_ref(run));
    let stages = measured::stages(run);
    if measured::missing(run).is_some() && run.scenario.is_none() {
        panel.rows.extend(not_measured(run, ink));
    }
    panel.rows.extend(samples(run));
    panel.rows.extend(throughput(run, ink));
    panel.rows.extend(run.warm_up.as_ref().map(warm_up));
    panel.rows.extend(start(run));
    panel.rows.extend(process(run));
    panel.rows.extend(theoretical(run));
    let mut latency = table("LATENCY", &stages, run.samples, ink);
    if !stages.is_empty() {
        let rows = spread::rows(run.times.as_ref(), ink);
        latency.extend(Panel { heading: "", subject: Vec::new(), rows }.lines(ink, ink.width));
    }
    vec![panel.lines(ink, ink.width), latency, conditions(run, ink)]
}

/// How many samples, and where they come from.
fn samples(run: &Measurement) -> Option<Row> {
    let mut row = Row::number("samples", run.samples.to_string());
    row.facts.extend(run.processes.map(|processes| processed(processes.into())));
    row.facts.extend(run.rounds.map(|rounds| many(rounds.into(), "round")));
    row.facts
        .extend(run.timer_resolution_ns.map(|resolution| format!("clock to {}", time(resolution * 1e-6))));
    (run.samples > 0).then_some(row)
}

fn warm_up(warm_up: &WarmUp) -> Row {
    let settled = if warm_up.settled { "settled" } else { "had not settled" };
    let runs = warm_up.runs.map(|runs| many(runs, "run"));
    match warm_up.ms {
        Some(ms) => {
            let mut row = Row::number("warm-up", time(ms));
            row.facts.extend(runs);
            row.fact(settled)
        }
        None => Row::text("warm-up", Role::Plain, runs.unwrap_or_default()).fact(settled),
    }
}

/// A row for each stage, in a unit of its own: its smallest sample, its percentiles, and what those that are refused
/// would have needed.
pub(super) fn table(
    heading: &'static str,
    stages: &[(&'static str, &StageTime)],
    samples: u64,
    ink: &Ink,
) -> Vec<Line> {
    if stages.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left(heading),
        Column::left(""),
        Column::right("min").rank(3),
        Column::right("p50"),
        Column::left("95 % CI").rank(2),
        Column::right("p90").rank(4),
        Column::right("p95").rank(5),
        Column::right("p99"),
        Column::left("95 % CI").rank(7),
        Column::right("p99.9").rank(6),
        Column::right("mean").rank(8),
        Column::right("std dev").rank(9),
    ]);
    for (name, stage) in stages {
        grid.row(row(name, stage, samples, ink));
    }
    grid.lines(ink)
}

fn row(name: &str, stage: &StageTime, samples: u64, ink: &Ink) -> Vec<(Role, String)> {
    let [p50, p90, p95, p99, p999] = percentiles(stage);
    let (factor, unit) = time_unit(p50.1.or(stage.min_ms).unwrap_or_default());
    let say = |ms: f64| units::significant(ms * factor, 3);
    let cell = |at: measured::Percentile| {
        let role = if at.1.is_some() { Role::Plain } else { Role::Dim };
        (role, percentile(stage, at, samples, say))
    };
    let plain = |value: Option<f64>| (Role::Plain, value.map(say).unwrap_or_default());
    // The median and its interval with enough digits to tell them apart; a tail's in the unit of the row.
    let (median, interval) = match (p50.1, p50.2) {
        (Some(median), Some(_)) => with_interval(median, p50.2),
        _ => (cell(p50).1, String::new()),
    };
    let tail = p99.2.map(|[low, high]| format!("[{}, {}]", say(low), say(high)));
    vec![
        (Role::Plain, name.to_owned()),
        (Role::Dim, ink.text(unit)),
        plain(stage.min_ms),
        (Role::Value, split(&median).0.to_owned()),
        (Role::Dim, interval),
        cell(p90),
        cell(p95),
        cell(p99),
        (Role::Dim, tail.unwrap_or_default()),
        cell(p999),
        plain(stage.mean_ms),
        plain(stage.stddev_ms),
    ]
}

/// Outliers, the machine, the data, what was changed, and remarks.
fn conditions(run: &Measurement, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("CONDITIONS");
    let room = ink.width.saturating_sub(TEXT);
    if run.steady == Some(false) {
        let text = UNSTEADY;
        panel.rows.push(Row::text("unsteady", Role::Warn, text));
    }
    panel.rows.extend(run.outliers.as_ref().map(|found| outliers(found, run.samples)));
    panel.rows.extend(run.noise.iter().flat_map(|noise| self::noise(noise, ink, room)));
    if measured::missing(run).is_none() {
        panel.rows.extend(data(run.data.as_ref(), ink, room));
    }
    let paragraph = |label, text: &str| Row::paragraph(label, Role::Warn, ink.sentence(text, room));
    panel.rows.extend(run.rebatched.iter().flat_map(|change| paragraph("changed", change)));
    let said = measured::missing(run);
    let notes = run.notes.iter().filter(|note| said != Some(note.as_str()));
    panel.rows.extend(notes.flat_map(|note| paragraph("note", note)));
    if panel.rows.is_empty() { Vec::new() } else { panel.lines(ink, ink.width) }
}

fn outliers(found: &Outliers, samples: u64) -> Row {
    let side = |mild: u64, severe: u64, word: &str| {
        let all = mild.saturating_add(severe);
        let severe = if severe > 0 { format!(" ({severe} severe)") } else { String::new() };
        (all > 0).then(|| format!("{all} {word}{severe}"))
    };
    let sides =
        [side(found.mild_high, found.severe_high, "slow"), side(found.mild_low, found.severe_low, "fast")];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    match sides.is_empty() {
        true => Row::text("outliers", Role::Plain, format!("none of {}", many(samples, "sample"))),
        false => Row::text("outliers", Role::Plain, sides.join(", "))
            .fact(format!("of {}, in every number", many(samples, "sample"))),
    }
}

/// The verdict, and what it rests on: of a quiet machine as much as a line holds.
fn noise(noise: &Noise, ink: &Ink, room: usize) -> Vec<Row> {
    let facts = disturbances(noise);
    if noise.verdict.as_deref() == Some("quiet") {
        let quiet = Line::new(Role::Good, "quiet").with(Role::Dim, ink.dot());
        let facts = ink.facts(&facts, room.saturating_sub(quiet.width()));
        let value = Value::Text(quiet.with(Role::Dim, facts));
        return vec![Row { label: "machine", value, facts: Vec::new() }];
    }
    let verdict = noise.verdict.as_deref().unwrap_or_default();
    let mut rows = Row::paragraph("machine", Role::Warn, ink.sentence(verdict, room));
    let label = if rows.is_empty() { "machine" } else { "" };
    rows.extend(Row::paragraph(label, Role::Dim, ink.all_facts(&facts, room)));
    rows
}

/// What is known of the machine; a null says nothing.
fn disturbances(noise: &Noise) -> Vec<String> {
    let part = |value: Option<f64>, words: &str| value.map(|value| format!("{words} {}", share(value)));
    let number = |value: Option<u64>, words: &str| value.map(|value| format!("{value} {words}"));
    [
        part(noise.other_cpu, "other processes"),
        part(noise.steal, "stolen by the host"),
        noise.throttled_ms.map(|ms| format!("throttled {}", time(ms))),
        part(noise.sentinel_variation, "fixed work varied"),
        part(noise.pressure_cpu, "waiting for CPU"),
        part(noise.pressure_memory, "for memory"),
        part(noise.pressure_io, "for disks"),
        noise.frequency_mhz.map(|[low, high]| format!("clock {low:.0} to {high:.0} MHz")),
        noise.load_average.map(|load| format!("load {load:.2}")),
        number(noise.involuntary_switches, "involuntary switches"),
        number(noise.major_faults, "major page faults"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
