//! Measured configurations as rows: their settings, latency, throughput and memory.

use super::scale::PLAIN;
use super::{Cell, Column, Scale, Sheet, Title, models};
use crate::Report;
use crate::render::measured::{self, ENGINE, Mark, Setting, settings};
use crate::report::{Measurement, StageTime, Throughput};

/// Settings that are words.
const WORDS: [&str; 3] = [ENGINE, "on", "opt"];

/// A row for each configuration of each report, with the settings that differ and these.
pub(in crate::render) fn configurations(reports: &[Report], always: &[&str]) -> Sheet {
    let rows: Vec<(&Report, usize, &Measurement)> = (reports.iter())
        .flat_map(|report| report.measurements.iter().enumerate().map(move |(at, run)| (report, at, run)))
        .collect();
    let runs = || rows.iter().map(|(_, _, run)| *run);
    let mark = |(report, index, _): &(&Report, usize, &Measurement)| {
        Some(Mark::of(report.sweep.as_ref()?, *index)?.word().to_owned())
    };
    let shown = settings().filter(|setting| always.contains(&setting.title) || setting.varies(runs()));
    let mut columns: Vec<Column> =
        models(reports, rows.iter().map(|(report, _, _)| *report)).into_iter().collect();
    columns.extend(shown.map(|setting| match WORDS.contains(&setting.title) {
        true => Column::words(setting.title, runs().map(|run| value(setting, run))),
        false => Column::whole(setting.title, runs().map(|run| value(setting, run))),
    }));
    columns.extend(times(&runs().collect::<Vec<_>>()));
    columns.extend(rates(&runs().collect::<Vec<_>>()));
    columns.push(peak(&runs().collect::<Vec<_>>()));
    if rows.len() > 1 {
        columns.push(Column::words("", rows.iter().map(mark)));
    }
    Sheet::new(columns)
}

/// The value of a setting, the engine's with its version.
fn value(setting: &Setting, run: &Measurement) -> Option<String> {
    if setting.title == ENGINE { (setting.fact)(run) } else { (setting.value)(run) }
}

/// Latency with its interval, its tail and its part of a sample, in one unit.
fn times(runs: &[&Measurement]) -> [Column; 4] {
    let stage =
        |run: &Measurement| measured::latency(run).filter(|_| measured::missing(run).is_none()).cloned();
    let stages: Vec<StageTime> = runs.iter().map(|run| stage(run).unwrap_or_default()).collect();
    let scale = Scale::times(stages.iter().filter_map(|stage| stage.p50_ms));
    let medians = runs.iter().zip(&stages).map(|(run, stage)| match stage.p50_ms {
        Some(median) => scale.with_interval(median, stage.p50_ci_ms),
        None if run.failed.is_some() => (Cell::Text("failed".to_owned()), Cell::Nothing),
        None => (Cell::Text("not measured".to_owned()), Cell::Nothing),
    });
    let (medians, intervals): (Vec<Cell>, Vec<Cell>) = medians.unzip();
    // One sample takes as long as a batch of one.
    let is_batched = runs.iter().any(|run| run.batch != Some(1));
    let per_sample = |run: &&Measurement| measured::per_sample(run).filter(|_| is_batched);
    let each = |title: &str, values: Vec<Option<f64>>| {
        let cells = values.into_iter().map(|value| value.map_or(Cell::Nothing, |value| scale.value(value)));
        Column::figures(Title::new(title, scale.unit), cells)
    };
    [
        Column::figures(Title::new("latency p50", scale.unit), medians),
        Column::figures(Title::new("95 % CI", scale.unit), intervals),
        each("p99", stages.iter().map(|stage| stage.p99_ms).collect()),
        each("per sample", runs.iter().map(per_sample).collect()),
    ]
}

/// Throughput with its interval, in what is counted.
fn rates(runs: &[&Measurement]) -> [Column; 2] {
    let found =
        |run: &Measurement| run.throughput.clone().filter(|throughput| throughput.per_second.is_some());
    let found: Vec<Option<Throughput>> = runs.iter().map(|run| found(run)).collect();
    let unit = found.iter().flatten().next().map(|throughput| throughput.unit.clone()).unwrap_or_default();
    let rate = |throughput: &Throughput| {
        let (value, interval) = PLAIN.with_interval(throughput.per_second?, throughput.ci);
        let other = || Cell::Text(format!("{value} {}/s", throughput.unit));
        Some((if throughput.unit == unit { value.clone() } else { other() }, interval))
    };
    let nothing = (Cell::Nothing, Cell::Nothing);
    let cells = found.iter().map(|throughput| throughput.as_ref().and_then(rate).unwrap_or(nothing.clone()));
    let (values, intervals): (Vec<Cell>, Vec<Cell>) = cells.unzip();
    let unit = format!("{unit}/s");
    [
        Column::figures(Title::new("throughput", unit.clone()), values),
        Column::figures(Title::new("95 % CI", unit), intervals),
    ]
}

fn peak(runs: &[&Measurement]) -> Column {
    let peaks = || runs.iter().map(|run| run.memory.peak_rss_bytes.map(|bytes| bytes as f64));
    let scale = Scale::sizes(peaks().flatten());
    let cells = peaks().map(|peak| peak.map_or(Cell::Nothing, |bytes| scale.count(bytes)));
    Column::figures(Title::new("peak memory", scale.unit), cells)
}
