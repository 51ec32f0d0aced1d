//! One row per configuration of a plan, exact.

use super::row;
use crate::report::{Configuration, Plan, Report, Status};

/// What a row is made of.
struct At<'a> {
    report: &'a Report,
    plan: &'a Plan,
    index: usize,
    found: &'a Configuration,
}

type Field = fn(&At<'_>) -> Option<String>;

const COLUMNS: &[(&str, Field)] = &[
    ("model", |at| at.report.model.as_ref().map(|model| model.name.clone())),
    ("index", |at| text(at.index)),
    ("name", |at| text(&at.found.name)),
    ("engine", |at| at.found.engine.clone()),
    ("device", |at| at.found.device.clone()),
    ("dtype", |at| at.found.dtype.clone()),
    ("batch", |at| text(at.found.batch?)),
    ("streams", |at| text(at.found.streams?)),
    ("basis", |at| at.found.basis.map(|basis| basis.name().to_owned())),
    ("service_ms", |at| text(at.found.service_ms?)),
    ("service_low_ms", |at| text(at.found.service_ci_ms?[0])),
    ("service_high_ms", |at| text(at.found.service_ci_ms?[1])),
    ("per_second", |at| text(at.found.throughput_per_second?)),
    ("one_server_h", |at| text(at.found.one_server_h?)),
    ("servers", |at| text(at.found.servers?)),
    ("servers_low", |at| text(at.found.servers_ci?[0])),
    ("servers_high", |at| text(at.found.servers_ci?[1])),
    ("servers_for", |at| at.found.servers_for.clone()),
    ("hours", |at| text(at.found.hours?)),
    ("capacity_per_second", |at| text(at.found.capacity_per_second?)),
    ("budget_ms", |at| text(at.found.budget_ms?)),
    ("utilisation", |at| text(at.found.utilisation?)),
    ("peak_utilisation", |at| text(at.found.peak_utilisation?)),
    ("latency_at_peak_ms", |at| text(at.found.latency_at_peak_ms?)),
    ("price_per_h", |at| text(at.found.price_per_h?)),
    ("cost", |at| text(at.found.cost?)),
    ("cost_low", |at| text(at.found.cost_ci?[0])),
    ("cost_high", |at| text(at.found.cost_ci?[1])),
    ("cost_is_daily", |at| text(at.found.cost_is_daily)),
    ("cost_per_million", |at| text(at.found.cost_per_million?)),
    ("joules_per_item", |at| text(at.found.joules_per_item?)),
    ("kilowatt_hours", |at| text(at.found.kilowatt_hours?)),
    ("co2_kg", |at| text(at.found.co2_kg?)),
    ("relative_cost", |at| text(at.found.relative_cost?)),
    ("meets", |at| {
        text(match at.found.meets {
            Status::Met => "met",
            Status::Missed => "missed",
            Status::Unknown => "unknown",
        })
    }),
    ("chosen", |at| text(at.plan.choice == Some(at.index))),
    ("notes", |at| Some(at.found.notes.join("; "))),
];

/// Whether there is a plan.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| report.plan.is_some())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let heading = row(COLUMNS.iter().map(|(title, _)| (*title).to_owned()));
    let line = |at: At<'_>| row(COLUMNS.iter().map(|(_, field)| field(&at).unwrap_or_default()));
    let plans = reports.iter().filter_map(|report| Some((report, report.plan.as_ref()?)));
    let rows = plans.flat_map(|(report, plan)| {
        let found = plan.configurations.iter().enumerate();
        found.map(move |(index, found)| At { report, plan, index, found })
    });
    std::iter::once(heading).chain(rows.map(line)).collect()
}

fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}
