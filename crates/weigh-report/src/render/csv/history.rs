//! One row per run of a history, exact; of a list of what there is one row per series. An interval is two columns.

use super::row;
use crate::render::history;
use crate::report::{History, HistoryRun, HistorySeries, Interval, Report};

/// What a row is made of.
struct At<'a> {
    history: &'a History,
    series: &'a HistorySeries,
    /// None in a list.
    run: Option<(usize, &'a HistoryRun)>,
}

type Field = fn(&At<'_>) -> Option<String>;

/// Of every series.
const SERIES: &[(&str, Field)] = &[
    ("model", |at| text(&at.series.model)),
    ("engine", |at| text(&at.series.settings.engine)),
    ("provider", |at| at.series.settings.provider.clone()),
    ("optimization", |at| at.series.settings.optimization.clone()),
    ("threads", |at| text(at.series.settings.threads?)),
    ("streams", |at| text(at.series.settings.streams?)),
    ("batch", |at| text(at.series.settings.batch?)),
    ("bindings", |at| {
        let bindings = at.series.settings.bindings.iter();
        Some(bindings.map(|(symbol, value)| format!("{symbol}={value}")).collect::<Vec<_>>().join(" "))
    }),
    ("scenario", |at| at.series.settings.scenario.clone()),
    ("data", |at| at.series.settings.data.clone()),
    ("machine", |at| {
        let index = at.run.map_or(0, |(_, run)| run.machine);
        at.series.machines.get(index).map(history::machine)
    }),
];

/// In a list.
const KEPT: &[(&str, Field)] = &[
    ("runs", |at| text(at.series.kept)),
    ("first", |at| text(&at.series.first_at)),
    ("last", |at| text(&at.series.last_at)),
];

/// Of every run.
const RUNS: &[(&str, Field)] = &[
    ("run", |at| text(at.run?.1.id)),
    ("at", |at| text(&at.run?.1.at)),
    ("tag", |at| at.run?.1.tag.clone()),
    ("engine_version", |at| at.run?.1.engine_version.clone()),
    ("model_digest", |at| at.run?.1.model_digest.clone()),
    ("metric", |at| at.history.metric.clone()),
    ("unit", |at| text(&at.history.unit)),
    ("value", |at| text(at.run?.1.value?)),
    ("value_low", |at| end(at.run?.1.ci, 0)),
    ("value_high", |at| end(at.run?.1.ci, 1)),
    ("p50_ms", |at| text(at.run?.1.p50_ms?)),
    ("p50_low_ms", |at| end(at.run?.1.p50_ci_ms, 0)),
    ("p50_high_ms", |at| end(at.run?.1.p50_ci_ms, 1)),
    ("p99_ms", |at| text(at.run?.1.p99_ms?)),
    ("p99_low_ms", |at| end(at.run?.1.p99_ci_ms, 0)),
    ("p99_high_ms", |at| end(at.run?.1.p99_ci_ms, 1)),
    ("per_second", |at| text(at.run?.1.per_second?)),
    ("per_second_low", |at| end(at.run?.1.per_second_ci, 0)),
    ("per_second_high", |at| end(at.run?.1.per_second_ci, 1)),
    ("peak_rss_bytes", |at| text(at.run?.1.peak_rss_bytes?)),
    ("level", |at| {
        let index = at.run?.0;
        let levels = &at.series.levels;
        text(levels.iter().find(|level| (level.first..=level.last).contains(&index))?.value)
    }),
    ("changed_by", |at| text(at.series.changes.iter().find(|change| Some(change.at) == index(at))?.ratio)),
    ("events", |at| Some(history::events(at.series, index(at)?).join("; "))),
    ("noise", |at| at.run?.1.noise.clone()),
];

fn index(at: &At<'_>) -> Option<usize> {
    at.run.map(|(index, _)| index)
}

/// Whether there is a history.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| report.history.is_some())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let histories = || reports.iter().filter_map(|report| report.history.as_ref());
    let is_list = histories().all(|history| history.metric.is_none());
    let columns: Vec<&(&str, Field)> = SERIES.iter().chain(if is_list { KEPT } else { RUNS }).collect();
    let heading = row(columns.iter().map(|(title, _)| (*title).to_owned()));
    let line = |at: &At<'_>| row(columns.iter().map(|(_, field)| field(at).unwrap_or_default()));
    let mut page = heading;
    for history in histories() {
        for series in &history.series {
            match is_list {
                true => page.push_str(&line(&At { history, series, run: None })),
                false => page.extend(
                    series.runs.iter().enumerate().map(|run| line(&At { history, series, run: Some(run) })),
                ),
            }
        }
    }
    page
}

fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

fn end(interval: Option<Interval>, end: usize) -> Option<String> {
    interval.map(|ends| ends[end].to_string())
}
