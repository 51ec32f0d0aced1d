//! What models would take on devices: a row for each, and of a single one where its time, memory and energy go.

use weigh_ir::units::joules;

use super::fit::whether;
use super::panel::{Panel, Row, TEXT};
use super::{energy, fit, predicted_layers};
use crate::Report;
use crate::render::RenderOptions;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::measured::with_interval;
use crate::render::numbers::{self, Kind, rate, share, time};
use crate::render::predicted::{self, SETTINGS, Setting, THEORETICAL};
use crate::report::{Interval, Prediction};

/// Titles of the figures, and when their columns are left out.
const FIGURES: [(&str, u8); 11] = [
    ("theoretical", 4),
    ("predicted", 0),
    ("interval", 3),
    ("basis", 2),
    ("bound by", 5),
    ("samples/s", 9),
    ("memory", 6),
    ("", 0),
    ("measured", 7),
    ("efficiency", 1),
    ("modelled energy", 8),
];
/// Those that begin where their column begins.
const LEFT: [&str; 4] = ["interval", "basis", "bound by", ""];
/// Those that have rows beneath, where there is one prediction and it is all that there is to show.
const BENEATH: [&str; 5] = ["samples/s", "memory", "measured", "efficiency", "modelled energy"];

/// The table, and more of a single prediction.
pub(super) fn sections(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Vec<Line>> {
    let predictions = report.predictions.as_slice();
    let in_full = match predictions {
        // On the ticket a prediction is one line among others.
        [only] if report.totals.is_none() => Some(only),
        _ => None,
    };
    let mut sections = vec![overview(predictions, in_full, ink)];
    if let [only] = predictions {
        sections.push(batches(only, ink));
        sections.extend(only.fit.as_ref().map(|found| fit::lines(found, ink)));
        sections.push(energy::lines(&only.energy, ink));
        sections.push(predicted_layers::lines(&only.layers, options, ink));
    }
    sections.push(notes(predictions, ink));
    sections
}

/// A row for each prediction. Only what varies has a column; what all have in common is told beneath.
fn overview(predictions: &[Prediction], in_full: Option<&Prediction>, ink: &Ink) -> Vec<Line> {
    if predictions.is_empty() {
        return Vec::new();
    }
    let shown: Vec<&Setting> = SETTINGS.iter().filter(|setting| setting.varies(predictions)).collect();
    let mut columns = vec![Column::left("PREDICTION").shrinks_to(24)];
    columns.extend(shown.iter().map(|setting| match setting.number {
        true => Column::right(setting.title),
        false => Column::left(setting.title).shrinks_to(8),
    }));
    columns.extend(FIGURES.map(|(title, rank)| match LEFT.contains(&title) {
        true => Column::left(title).rank(rank),
        false => Column::right(title).rank(rank),
    }));
    let mut grid = Grid::new(columns);
    for prediction in predictions {
        let mut row = vec![(Role::Plain, ink.name(predicted::device(prediction), ink.width))];
        row.extend(shown.iter().map(|setting| {
            let value = (setting.value)(prediction).unwrap_or_default();
            (Role::Dim, ink.name(&value, 24))
        }));
        row.extend(FIGURES.iter().zip(figures(prediction, ink)).map(|((title, _), cell)| {
            match in_full.is_some() && BENEATH.contains(title) {
                true => (Role::Plain, String::new()),
                false => cell,
            }
        }));
        grid.row(row);
    }
    let mut panel = Panel::new("");
    let room = ink.width.saturating_sub(TEXT);
    let common = ink.all_facts(&predicted::common(predictions), room);
    panel.rows.extend(Row::paragraph("with", Role::Dim, common));
    match (in_full, predictions) {
        (Some(prediction), _) => panel.rows.extend(about(prediction, ink, room)),
        (None, [only]) => panel.rows.extend(by_bound(only, ink, room)),
        // The heading of the column needs its meaning only where it is there.
        (None, _) if grid.shows(1 + shown.len(), ink) => {
            panel.rows.extend(Row::paragraph("theoretical", Role::Dim, ink.sentence(THEORETICAL, room)));
        }
        (None, _) => {}
    }
    let mut lines = grid.lines(ink);
    lines.extend(panel.lines(ink, ink.width));
    lines
}

fn figures(prediction: &Prediction, ink: &Ink) -> [(Role, String); 11] {
    let plain = |text: Option<String>| (Role::Plain, ink.text(&text.unwrap_or_default()));
    let (expected, interval) = expected(prediction.predicted_ms, prediction.predicted_ci_ms, ink);
    // Where nothing at all is said about memory, there is nothing to doubt.
    let fits = match (prediction.fits, &prediction.memory_bytes) {
        (None, None) => (Role::Plain, String::new()),
        (fits, _) => whether(fits),
    };
    [
        (Role::Dim, ink.text(&prediction.theoretical_ms.map(least).unwrap_or_default())),
        expected,
        interval,
        plain(prediction.basis.map(|basis| predicted::basis(basis).to_owned())),
        plain(prediction.bound.map(|bound| predicted::bound(bound).to_owned())),
        plain(prediction.throughput_per_second.map(rate)),
        plain(prediction.memory_bytes.as_ref().map(|bytes| numbers::count(bytes, Kind::Bytes))),
        fits,
        plain(prediction.measured_ms.map(time)),
        plain(prediction.efficiency.map(share)),
        plain(prediction.energy_mj.map(|millijoules| joules(millijoules / 1e3))),
    ]
}

fn least(ms: f64) -> String {
    format!("≥ {}", time(ms))
}

/// An expected time and its interval; one that is not known stands out.
fn expected(ms: Option<f64>, interval: Option<Interval>, ink: &Ink) -> ((Role, String), (Role, String)) {
    match ms.map(|ms| with_interval(ms, interval)) {
        Some((expected, interval)) => ((Role::Value, ink.text(&expected)), (Role::Dim, interval)),
        None => ((Role::Warn, "?".to_owned()), (Role::Dim, String::new())),
    }
}

/// What has no column where there is one prediction, what its bounds mean, what it rests on and where its time goes.
fn about(prediction: &Prediction, ink: &Ink, room: usize) -> Vec<Row> {
    let told = |label, role, text: Option<String>| {
        Row::paragraph(label, role, ink.sentence(&text.unwrap_or_default(), room))
    };
    let bound = |ms: Option<f64>, what: &str| ms.map(|ms| format!("{}: {what}", least(ms)));
    let throughput = prediction.throughput_per_second.map(|rated| format!("{} samples/s", rate(rated)));
    let memory = prediction.memory_bytes.as_ref().map(|bytes| numbers::count(bytes, Kind::Bytes));
    let usable = prediction.fit.as_ref().and_then(|fit| fit.usable_bytes);
    let usable = usable.map(|bytes| format!(" of {} usable", predicted::size(bytes))).unwrap_or_default();
    let reached = prediction.efficiency.map(|reached| format!(": efficiency {}", share(reached)));
    let measured =
        prediction.measured_ms.map(|ms| format!("{}, as given{}", time(ms), reached.unwrap_or_default()));
    // Estimates that say what they rest on have a section of their own.
    let energy = prediction.energy_mj.filter(|_| prediction.energy.is_empty());
    let energy = energy.map(|millijoules| format!("{} an inference, modelled", joules(millijoules / 1e3)));
    let rests_on = prediction.basis.map(|basis| predicted::rests_on(basis).to_owned());
    let mut rows = told("rests on", Role::Dim, rests_on);
    rows.extend(told("theoretical", Role::Dim, bound(prediction.theoretical_ms, THEORETICAL)));
    rows.extend(told("roofline", Role::Dim, bound(prediction.roofline_ms, predicted::ROOFLINE)));
    rows.extend(told("measured", Role::Plain, measured));
    rows.extend(told("throughput", Role::Plain, throughput));
    rows.extend(told("memory", Role::Plain, memory.map(|memory| memory + &usable)));
    rows.extend(told("energy", Role::Plain, energy));
    rows.extend(by_bound(prediction, ink, room));
    rows
}

fn by_bound(prediction: &Prediction, ink: &Ink, room: usize) -> Vec<Row> {
    Row::paragraph(
        "time goes to",
        Role::Plain,
        ink.all_facts(&predicted::by_bound(&prediction.by_bound), room),
    )
}

/// Time and throughput over batch sizes, why some have none, and the largest batches that fit and are in time.
fn batches(prediction: &Prediction, ink: &Ink) -> Vec<Line> {
    let room = ink.width.saturating_sub(TEXT);
    let largest = ink.all_facts(&predicted::largest(prediction), room);
    let mut rows = Row::paragraph("largest", Role::Plain, largest);
    for (reason, batches) in predicted::missing(&prediction.batches) {
        let text = format!("batch {batches}: {reason}");
        rows.extend(Row::paragraph("not known", Role::Warn, ink.sentence(&text, room)));
    }
    if prediction.batches.is_empty() {
        let panel = Panel { rows, ..Panel::new("BATCHES") };
        return if panel.rows.is_empty() { Vec::new() } else { panel.lines(ink, ink.width) };
    }
    let mut grid = Grid::new(vec![
        Column::right("BATCHES"),
        Column::right("predicted"),
        Column::left("interval").rank(2),
        Column::right("samples/s").rank(1),
        Column::right("memory").rank(3),
        Column::left(""),
    ]);
    for batch in &prediction.batches {
        let (expected, interval) = expected(batch.predicted_ms, batch.predicted_ci_ms, ink);
        let fits = match (batch.fits, batch.memory_bytes) {
            (None, None) => (Role::Plain, String::new()),
            (fits, _) => whether(fits),
        };
        grid.row(vec![
            (Role::Plain, batch.batch.to_string()),
            expected,
            interval,
            (Role::Plain, batch.throughput_per_second.map(rate).unwrap_or_default()),
            (Role::Plain, batch.memory_bytes.map(predicted::size).unwrap_or_default()),
            fits,
        ]);
    }
    let mut lines = grid.lines(ink);
    lines.extend(Panel { rows, ..Panel::new("") }.lines(ink, ink.width));
    lines
}

fn notes(predictions: &[Prediction], ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("");
    let room = ink.width.saturating_sub(TEXT);
    for note in predicted::notes(predictions) {
        panel.rows.extend(Row::paragraph("note", Role::Warn, ink.sentence(&note, room)));
    }
    panel.lines(ink, ink.width)
}
