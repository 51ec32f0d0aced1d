//! Metrics of the model itself: what it is, its totals, and whether requirements are met.

use super::exposition::{Family, Labels};
use crate::figures::{self, TOTALS, TotalFigure};
use crate::report::{Count, Coverage, Report, Status, Verdict};

/// What is known of the models.
pub(super) fn families(reports: &[Report]) -> Vec<Family> {
    let mut families = vec![info(reports)];
    families.extend(COVERAGE.iter().map(|part| coverage(reports, part)));
    for figure in &TOTALS {
        families.push(total(reports, figure, false, figure.key, figure.about()));
        let help = format!("{}: at least that, as something is unknown", figure.about());
        families.push(total(reports, figure, true, &format!("{}_at_least", figure.key), &help));
    }
    families.push(intensity(reports));
    families.extend(VERDICTS.iter().map(|part| verdicts(reports, part)));
    families
}

/// The label that every sample has.
pub(super) fn labels(report: &Report) -> Labels {
    report.model.iter().map(|model| ("model", model.name.clone())).collect()
}

fn info(reports: &[Report]) -> Family {
    let sample = |report: &Report| {
        let model = report.model.as_ref()?;
        let mut labels = labels(report);
        labels.push(("path", model.path.clone()));
        labels.push(("format", model.format.clone()));
        labels.extend(model.format_version.clone().map(|version| ("format_version", version)));
        labels.extend(report.made_by.as_ref().map(|made_by| ("program", made_by.program.clone())));
        Some((labels, 1.0))
    };
    Family::new("model_info", "The models that there are figures of; always 1", reports.iter().map(sample))
}

/// A part of the coverage: its name, what it is, how many nodes it has.
type Part = (&'static str, &'static str, fn(&Coverage) -> u64);

const COVERAGE: [Part; 3] = [
    ("nodes", "Nodes of the graph", |coverage| coverage.nodes),
    ("nodes_shaped", "Nodes whose output shapes are known", |coverage| coverage.shaped),
    ("nodes_priced", "Nodes whose cost is known", |coverage| coverage.priced),
];

fn coverage(reports: &[Report], (name, help, nodes): &Part) -> Family {
    let sample = |report: &Report| Some((labels(report), nodes(report.coverage.as_ref()?) as f64));
    Family::new(name, help, reports.iter().map(sample))
}

/// A total of those models where it is a lower bound, or of those where it is not. Formulas are no numbers.
fn total(reports: &[Report], figure: &TotalFigure, at_least: bool, name: &str, help: &str) -> Family {
    let sample = |report: &Report| {
        let totals = report.totals.as_ref()?;
        let count = figures::known((figure.count)(totals)).and_then(Count::number)?;
        let is_at_least = !(figure.is_complete)(&totals.complete);
        (is_at_least == at_least).then(|| (labels(report), count as f64))
    };
    Family::new(name, help, reports.iter().map(sample))
}

fn intensity(reports: &[Report]) -> Family {
    let sample = |report: &Report| Some((labels(report), figures::intensity(report.totals.as_ref()?)?));
    Family::new("arithmetic_intensity_flops_per_byte", "FLOPs / bytes moved", reports.iter().map(sample))
}

/// A figure of a verdict: its name, what it is, its value.
type OfVerdict = (&'static str, &'static str, fn(&Verdict) -> Option<f64>);

const VERDICTS: [OfVerdict; 3] = [
    ("requirement_met", "Whether a requirement is met: 1 or 0, absent where that is not known", met),
    ("requirement_unknown", "Whether it is not known if a requirement is met: 1 or 0", unknown),
    (
        "requirement_margin_ratio",
        "Room left as a share of the limit; negative where a requirement is missed",
        |verdict| verdict.margin,
    ),
];

fn met(verdict: &Verdict) -> Option<f64> {
    match verdict.status {
        Status::Met => Some(1.0),
        Status::Missed => Some(0.0),
        Status::Unknown => None,
    }
}

fn unknown(verdict: &Verdict) -> Option<f64> {
    Some(if verdict.status == Status::Unknown { 1.0 } else { 0.0 })
}

fn verdicts(reports: &[Report], (name, help, value): &OfVerdict) -> Family {
    let samples = reports.iter().flat_map(|report| {
        report.verdicts.iter().map(move |verdict| {
            let mut labels = labels(report);
            labels.push(("requirement", verdict.requirement.clone()));
            labels.extend(verdict.source.clone().map(|source| ("source", source)));
            labels.extend(verdict.configuration.clone().map(|found| ("configuration", found)));
            Some((labels, value(verdict)?))
        })
    });
    Family::new(name, help, samples)
}
