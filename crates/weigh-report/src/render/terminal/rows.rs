//! Rows about a measurement that more than one section shows.

use weigh_ir::units;

use super::many;
use super::panel::{Row, TEXT};
use crate::Report;
use crate::render::ink::{Ink, Role};
use crate::render::measured::{self, common};
use crate::render::numbers::{self, share, time};
use crate::report::{DataSource, Measurement};

/// What the measurements have in common, and the machine.
pub(super) fn subject(report: &Report, runs: &[Measurement]) -> Vec<String> {
    let cpu = report.environment.as_ref().and_then(|environment| environment.cpu.clone());
    common(runs).into_iter().chain(cpu).collect()
}

/// That there is no latency, and why.
pub(super) fn not_measured(run: &Measurement, ink: &Ink) -> Vec<Row> {
    let reason = measured::missing(run).filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let room = ink.width.saturating_sub(TEXT);
    Row::paragraph("latency", Role::Warn, ink.sentence(&format!("not measured{reason}"), room))
}

/// Samples finished / time.
pub(super) fn throughput(run: &Measurement, ink: &Ink) -> Option<Row> {
    let throughput = run.throughput.as_ref()?;
    let rate = throughput.per_second?;
    let unit = ink.name(&throughput.unit, 16);
    let row = Row::number("throughput", format!("{} {unit}/s", numbers::rate(rate)));
    Some(match throughput.ci {
        Some(ci) => row.fact(numbers::rate_interval(rate, ci)),
        None => row,
    })
}

/// What comes before the first result.
pub(super) fn start(run: &Measurement) -> Option<Row> {
    let Some(first) = run.first_ms else {
        return run.load_ms.map(|load| Row::number("loading", time(load)));
    };
    let mut row = Row::number("first run", time(first));
    let median = run.stages.inference.as_ref().and_then(|stage| stage.p50_ms);
    let ratio = median.filter(|median| *median > 0.0).map(|median| first / median);
    row.facts.extend(ratio.filter(|r| *r >= 1.05).map(|ratio| format!("{ratio:.1}× the median")));
    row.facts.extend(run.load_ms.map(|load| format!("after {} of loading", time(load))));
    Some(row)
}

/// Memory of the process.
pub(super) fn process(run: &Measurement) -> Option<Row> {
    let peak = run.memory.peak_rss_bytes?;
    let mut row = Row::number("process", units::bytes(peak as f64)).fact("resident memory at its peak");
    let model = run.memory.model_rss_bytes;
    row.facts.extend(model.map(|model| format!("{} of it for the model", units::bytes(model as f64))));
    Some(row)
}

/// The time that the arithmetic alone would take.
pub(super) fn theoretical(run: &Measurement) -> Option<Row> {
    let mut row = Row::number("theoretical", time(run.theoretical_ms?));
    row.facts.extend(run.efficiency.map(|efficiency| format!("efficiency {}", share(efficiency))));
    Some(row)
}

/// `1 process`, `5 processes`.
pub(super) fn processed(processes: u64) -> String {
    match processes {
        1 => "1 process".to_owned(),
        several => format!("{several} processes"),
    }
}

/// Where inputs came from, or that nobody knows what real ones would take.
pub(super) fn data(data: Option<&DataSource>, ink: &Ink, room: usize) -> Vec<Row> {
    let Some(data) = data else {
        let text = "loading and preprocessing not measured: inputs are synthetic";
        return Row::paragraph("data", Role::Dim, ink.sentence(text, room));
    };
    let mut source = Row::text("data", Role::Plain, ink.name(&data.path, room.min(48)));
    source.facts.extend(data.items.map(|items| many(items, "item")));
    let recipes = [("preprocess", &data.preprocess), ("postprocess", &data.postprocess)];
    let recipes = recipes.into_iter().flat_map(|(label, recipe)| {
        Row::paragraph(label, Role::Plain, ink.sentence(recipe.as_deref().unwrap_or_default(), room))
    });
    std::iter::once(source).chain(recipes).collect()
}
