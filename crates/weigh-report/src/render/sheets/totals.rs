//! Models as the rows of one table: what they cost, and how long they took where that was measured.

use super::scale::PLAIN;
use super::{Cell, Column, SHOWN, Scale, Sheet, Title, counts};
use crate::Report;
use crate::render::measured::latency;
use crate::report::{Measurement, StageTime};

/// A row for each report.
pub(in crate::render) fn totals(reports: &[Report]) -> Sheet {
    let name = |report: &Report| report.model.as_ref().map(|model| model.name.clone());
    let mut columns = vec![Column::words("model", reports.iter().map(name))];
    columns.extend(SHOWN.iter().map(|shown| counts(reports, shown)));
    columns.extend(times(reports));
    Sheet::new(columns)
}

/// Latency and throughput, where every model has one at most: of several configurations none stands for the model.
fn times(reports: &[Report]) -> Vec<Column> {
    let run = |report: &Report| report.measurements.first().cloned();
    let runs: Vec<Option<Measurement>> = reports.iter().map(run).collect();
    let stage = |run: &Option<Measurement>| latency(run.as_ref()?).cloned();
    let stages: Vec<Option<StageTime>> = runs.iter().map(stage).collect();
    let median = |stage: &Option<StageTime>| stage.as_ref()?.p50_ms;
    if reports.iter().any(|report| report.measurements.len() > 1)
        || stages.iter().all(|at| median(at).is_none())
    {
        return Vec::new();
    }
    let scale = Scale::times(stages.iter().filter_map(median));
    let unknown = (Cell::Unknown, Cell::Nothing);
    let found = stages.iter().map(|stage| {
        let interval = stage.as_ref().and_then(|stage| stage.p50_ci_ms);
        median(stage).map_or(unknown.clone(), |median| scale.with_interval(median, interval))
    });
    let (medians, intervals): (Vec<Cell>, Vec<Cell>) = found.unzip();
    let rate = |run: &Option<Measurement>| {
        let per_second = run.as_ref().and_then(|run| run.throughput.as_ref()?.per_second);
        per_second.map_or(Cell::Unknown, |value| PLAIN.value(value))
    };
    let mut counted: Vec<&str> =
        runs.iter().flatten().filter_map(|run| Some(run.throughput.as_ref()?.unit.as_str())).collect();
    counted.dedup();
    let unit = if let [only] = counted.as_slice() { format!("{only}/s") } else { "/s".to_owned() };
    vec![
        Column::figures(Title::new("latency p50", scale.unit), medians),
        Column::figures(Title::new("95 % CI", scale.unit), intervals),
        Column::figures(Title::new("throughput", unit), runs.iter().map(rate)),
    ]
}
