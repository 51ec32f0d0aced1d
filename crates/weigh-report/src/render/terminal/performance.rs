//! What was measured, as a block of the ticket; what `measure` shows of it is put together here too.

use super::panel::{Panel, Row, TEXT, Value};
use super::rows::{not_measured, process, start, subject, theoretical, throughput};
use super::{energy, gap, latency, layer_times, many, scenario, spread, trade_off};
use crate::Report;
use crate::render::RenderOptions;
use crate::render::ink::{Ink, Line, Role};
use crate::render::measured::{self, UNSTEADY, needed, percentiles};
use crate::render::numbers::{time, times};
use crate::report::{Measurement, Noise, StageTime};

/// The sections about measurements: one block beside the totals of a model, everything where there are none.
pub(super) fn sections(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Vec<Line>> {
    let runs = report.measurements.as_slice();
    let mut sections = match runs {
        [] => Vec::new(),
        [only] if report.totals.is_some() => vec![ticket(report, only, ink)],
        [only] => latency::sections(report, only, ink),
        several => trade_off::sections(report, several, ink),
    };
    sections.extend(runs.iter().flat_map(|run| scenario::sections(run, runs, ink)));
    sections.extend(runs.iter().map(|run| consumption(run, runs, ink)));
    sections.extend(runs.iter().map(|run| match runs.len() == 1 && report.totals.is_some() {
        true => gap::brief(run, ink),
        false => gap::lines(run, runs, ink),
    }));
    if report.totals.is_none() {
        sections.extend(runs.iter().map(|run| layer_times::lines(run, runs, options, ink)));
    }
    sections
}

/// The energy of one of the measurements.
fn consumption(run: &Measurement, runs: &[Measurement], ink: &Ink) -> Vec<Line> {
    let mut lines = energy::lines(&run.energy, ink);
    if runs.len() > 1 && !lines.is_empty() {
        lines.insert(0, Line::new(Role::Dim, ink.text(&measured::particular(run, runs))));
    }
    lines
}

fn ticket(report: &Report, run: &Measurement, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("PERFORMANCE");
    panel.subject = subject(report, std::slice::from_ref(run));
    match run.stages.inference.as_ref().filter(|_| run.failed.is_none()) {
        None => panel.rows.extend(not_measured(run, ink)),
        Some(inference) => {
            measured(&mut panel.rows, run, inference, ink);
            if run.steady == Some(false) {
                panel.rows.push(Row::text("unsteady", Role::Warn, UNSTEADY));
            }
            panel.rows.extend(run.noise.iter().flat_map(|noise| disturbed(noise, ink)));
            for (index, note) in run.notes.iter().enumerate().take(2) {
                let label = if index == 0 { "note" } else { "" };
                panel.rows.push(Row::text(label, Role::Warn, ink.text(note)));
            }
        }
    }
    panel.lines(ink, ink.width)
}

/// What is wrong with a machine that was not quiet.
fn disturbed(noise: &Noise, ink: &Ink) -> Vec<Row> {
    let verdict = noise.verdict.as_deref().filter(|verdict| *verdict != "quiet").unwrap_or_default();
    Row::paragraph("machine", Role::Warn, ink.sentence(verdict, ink.width.saturating_sub(TEXT)))
}

fn measured(rows: &mut Vec<Row>, run: &Measurement, inference: &StageTime, ink: &Ink) {
    rows.push(median(inference, run.samples));
    tail(rows, inference, run.samples, ink);
    rows.extend(spread::rows(run.times.as_ref(), ink));
    rows.extend(stages(run));
    rows.extend(throughput(run, ink));
    rows.extend(start(run));
    rows.extend(process(run));
    // Where the gap is laid out, its title says as much.
    let is_explained = run.gap.as_ref().is_some_and(|gap| !gap.parts.is_empty());
    rows.extend(theoretical(run).filter(|_| !is_explained));
}

/// The median with its interval, and how far the samples spread.
fn median(stage: &StageTime, samples: u64) -> Row {
    let Some(median) = stage.p50_ms else {
        return Row::text("latency", Role::Warn, format!("no median of {}", many(samples, "sample")));
    };
    let mut row = Row::number("latency", time(median));
    if stage.p50_ci_ms.is_some() {
        let (number, interval) = measured::with_interval(median, stage.p50_ci_ms);
        row = Row::number("latency", number).fact(interval);
    }
    row.facts.push(format!("median of {samples}"));
    row.facts.extend(stage.min_ms.map(|min| format!("min {}", time(min))));
    if let (Some(mean), Some(deviation)) = (stage.mean_ms, stage.stddev_ms) {
        let (texts, unit) = times(&[mean]);
        let decimals = texts[0].split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let factor = if mean > 0.0 { texts[0].parse::<f64>().unwrap_or(mean) / mean } else { 1.0 };
        // The deviation in the unit of the mean: the factor is a power of ten, up to rounding.
        let factor = 10f64.powf(factor.log10().round());
        row.facts.push(format!("mean {} ± {:.decimals$} {unit}", texts[0], deviation * factor));
    }
    row
}

/// The high percentiles: those that are known, and what the others would have needed.
fn tail(rows: &mut Vec<Row>, stage: &StageTime, samples: u64, ink: &Ink) {
    let mut known: Vec<String> = Vec::new();
    let mut refused: Option<String> = None;
    for (name, value, _) in percentiles(stage).into_iter().skip(1) {
        match (value, needed(stage, name, samples)) {
            (Some(value), _) => known.push(format!("{name} {}", time(value))),
            (None, Some(needed)) if refused.is_none() => {
                refused = Some(format!("{name} needs {needed} samples, had {samples}"));
            }
            (None, _) => {}
        }
    }
    // Nobody expects p99.9 of an ordinary measurement: there is nothing to explain.
    let refused = refused.filter(|refused| !refused.starts_with("p99.9 "));
    let mut line = Line::new(Role::Plain, ink.text(&known.join(ink.dot())));
    if let Some(refused) = refused {
        let joined = TEXT + line.width() + ink.dot().len() + refused.len() <= ink.width;
        match (known.is_empty(), joined) {
            (true, _) => line.push(Role::Dim, refused),
            (false, true) => line.push(Role::Dim, format!("{}{refused}", ink.dot())),
            (false, false) => {
                rows.push(Row { label: "tail", value: Value::Text(line), facts: Vec::new() });
                rows.push(Row::text("", Role::Dim, refused));
                return;
            }
        }
    }
    if line.width() > 0 {
        rows.push(Row { label: "tail", value: Value::Text(line), facts: Vec::new() });
    }
}

/// The stages, where more than inference was timed.
fn stages(run: &Measurement) -> Option<Row> {
    let timed = measured::stages(run);
    let total = run.stages.total.as_ref().filter(|_| timed.len() > 2)?.p50_ms?;
    let parts = timed.iter().filter(|(name, _)| *name != "total");
    let mut row = Row::number("all stages", time(total));
    row.facts = parts.filter_map(|(name, stage)| Some(format!("{name} {}", time(stage.p50_ms?)))).collect();
    Some(row)
}
