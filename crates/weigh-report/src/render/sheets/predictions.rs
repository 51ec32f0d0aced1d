//! What models would take on devices, a row for each prediction, and what one would take at other batches.

use super::scale::PLAIN;
use super::{Cell, Column, Digits, Scale, Sheet, Title, models};
use crate::Report;
use crate::render::numbers::Kind;
use crate::render::predicted::{self, SETTINGS};
use crate::report::{Interval, PredictedBatch, Prediction};

/// A row for each prediction of each report.
pub(in crate::render) fn predictions(reports: &[Report], digits: Digits) -> Sheet {
    let rows: Vec<(&Report, &Prediction)> = reports
        .iter()
        .flat_map(|report| report.predictions.iter().map(move |found| (report, found)))
        .collect();
    let found = || rows.iter().map(|(_, prediction)| *prediction);
    let mut columns: Vec<Column> =
        models(reports, rows.iter().map(|(report, _)| *report)).into_iter().collect();
    columns.push(Column::words("device", found().map(|found| Some(predicted::device(found).to_owned()))));
    columns.extend(SETTINGS.iter().filter(|setting| setting.varies(found())).map(|setting| {
        match setting.number {
            true => Column::whole(setting.title, found().map(setting.value)),
            false => Column::words(setting.title, found().map(setting.value)),
        }
    }));
    let scale = Scale::times(found().flat_map(|found| [found.theoretical_ms, found.predicted_ms]).flatten());
    let time = |ms: Option<f64>| ms.map_or(Cell::Nothing, |ms| scale.value(ms));
    let expected = found().map(|found| expected(scale, found.predicted_ms, found.predicted_ci_ms));
    let (expected, intervals): (Vec<Cell>, Vec<Cell>) = expected.unzip();
    let word = |word: Option<&str>| word.map(str::to_owned);
    columns.extend([
        Column::figures(
            Title::new("theoretical", scale.unit),
            found().map(|found| time(found.theoretical_ms).at_least(true)),
        ),
        Column::figures(Title::new("predicted", scale.unit), expected),
        Column::figures(Title::new("interval", scale.unit), intervals),
        Column::words("basis", found().map(|found| word(found.basis.map(predicted::basis)))),
        Column::words("bound by", found().map(|found| word(found.bound.map(predicted::bound)))),
        rates(found().map(|found| found.throughput_per_second)),
        memory(&rows, digits),
        Column::words("fits", found().map(|found| Some(fits(found.fits).to_owned()))),
        Column::figures(Title::new("measured", scale.unit), found().map(|found| time(found.measured_ms))),
        Column::shares("efficiency", found().map(|found| found.efficiency)),
        Column::figures(
            Title::new("modelled energy", "mJ"),
            found().map(|found| found.energy_mj.map_or(Cell::Nothing, |energy| PLAIN.value(energy))),
        ),
    ]);
    Sheet::new(columns)
}

/// A row for each batch.
pub(in crate::render) fn batches(batches: &[PredictedBatch]) -> Sheet {
    let scale = Scale::times(batches.iter().filter_map(|batch| batch.predicted_ms));
    let expected = batches.iter().map(|batch| expected(scale, batch.predicted_ms, batch.predicted_ci_ms));
    let (expected, intervals): (Vec<Cell>, Vec<Cell>) = expected.unzip();
    let sizes = || batches.iter().map(|batch| batch.memory_bytes.map(|bytes| bytes as f64));
    let size = Scale::sizes(sizes().flatten());
    let remark = |batch: &PredictedBatch| {
        let reason = batch.reason.as_deref().map(|reason| format!(": {reason}"));
        Some(format!("{}{}", fits(batch.fits), reason.unwrap_or_default()))
    };
    Sheet::new([
        Column::whole("batch", batches.iter().map(|batch| Some(batch.batch.to_string()))),
        Column::figures(Title::new("predicted", scale.unit), expected),
        Column::figures(Title::new("interval", scale.unit), intervals),
        rates(batches.iter().map(|batch| batch.throughput_per_second)),
        Column::figures(
            Title::new("memory", size.unit),
            sizes().map(|bytes| bytes.map_or(Cell::Nothing, |bytes| size.count(bytes))),
        ),
        Column::words("fits", batches.iter().map(remark)),
    ])
}

fn expected(scale: Scale, ms: Option<f64>, interval: Option<Interval>) -> (Cell, Cell) {
    ms.map_or((Cell::Unknown, Cell::Nothing), |ms| scale.with_interval(ms, interval))
}

fn rates(rates: impl Iterator<Item = Option<f64>>) -> Column {
    let cells = rates.map(|rate| rate.map_or(Cell::Nothing, |rate| PLAIN.value(rate)));
    Column::figures(Title::new("throughput", "samples/s"), cells)
}

fn memory(rows: &[(&Report, &Prediction)], digits: Digits) -> Column {
    let counts = || rows.iter().map(|(_, prediction)| prediction.memory_bytes.as_ref());
    let numbers = counts().filter_map(|count| Some(count?.number()? as f64));
    let scale = match digits {
        Digits::Exact => Scale::of(numbers, Kind::Bytes, digits),
        Digits::Rounded => Scale::sizes(numbers),
    };
    let cells =
        counts().map(|count| count.map_or(Cell::Nothing, |count| scale.formula(count, Kind::Bytes, digits)));
    Column::figures(Title::new("memory", scale.unit), cells)
}

fn fits(whether: Option<bool>) -> &'static str {
    whether.map_or("?", predicted::fits)
}
