//! Tables of what was measured: configurations, stages, scenarios, layers, sides against each other, engines.

use super::parts::{item, sheet, table};
use super::{gap, plain, predictions};
use crate::render::RenderOptions;
use crate::render::measured::{
    self, UNSTEADY, from_arrival, particular, percentile, percentiles, settings, with_interval,
};
use crate::render::numbers::{rate, share, time};
use crate::render::sheets::{self, Digits};
use crate::render::verdicts::{is_versus, outputs, verdict};
use crate::report::{
    Comparison, EngineInfo, Interval, Measurement, Report, Scenario, SloProbe, StageTime, Status,
};

/// Settings that are shown though they do not differ.
const ALWAYS: [&str; 3] = [measured::ENGINE, "threads", "batch"];

/// All tables that the report has something for.
pub(super) fn tables(report: &Report, options: &RenderOptions) -> String {
    let runs = report.measurements.as_slice();
    let mut page = String::new();
    if !runs.is_empty() {
        page.push_str(&sheet(&sheets::configurations(std::slice::from_ref(report), &ALWAYS)));
        page.push_str(&remarks(report));
    }
    if let [only] = runs {
        page.push_str(&stages(&measured::stages(only), only.samples));
    }
    let scenarios = runs.iter().filter_map(|run| run.scenario.as_ref());
    page.extend(scenarios.map(scenario));
    page.extend(runs.iter().filter(|run| !run.energy.is_empty()).map(|run| consumption(run, runs)));
    page.extend(runs.iter().filter_map(|run| Some(titled(run, runs) + &gap::table_of(run.gap.as_ref()?))));
    page.extend(runs.iter().filter(|run| !run.layers.is_empty()).map(|run| layers(run, runs, options)));
    page.extend(report.comparisons.iter().filter(|comparison| is_versus(comparison)).map(versus));
    if !report.engines.is_empty() {
        page.push_str(&engines(&report.engines));
    }
    page
}

/// The answer to the requirement, and what to know about rows.
fn remarks(report: &Report) -> String {
    let runs = report.measurements.as_slice();
    let mut items: Vec<String> = Vec::new();
    items.extend(made(runs).map(|made| item(&made)));
    if let Some(slo) = report.sweep.as_ref().and_then(|sweep| sweep.slo.as_ref()) {
        let best = slo.best.and_then(|best| runs.get(best)).map(|run| format!("{}: ", particular(run, runs)));
        items.push(item(&format!("{}: {}{}", slo.requirement, best.unwrap_or_default(), slo.why)));
    }
    if report.sweep.as_ref().is_some_and(|sweep| sweep.interrupted) {
        items.push(item("interrupted: not every configuration was measured to its end"));
    }
    for run in runs {
        let about = |text: &str| match runs.len() {
            1 => item(text),
            _ => item(&format!("{}: {text}", particular(run, runs))),
        };
        let missing = measured::missing(run).filter(|reason| !reason.is_empty());
        items.extend(missing.map(about));
        items.extend((run.steady == Some(false)).then(|| about(UNSTEADY)));
        items.extend(run.rebatched.iter().map(|change| about(change)));
        let notes = run.notes.iter().filter(|note| missing != Some(note.as_str()));
        items.extend(notes.map(|note| about(note)));
        let verdict = run.noise.as_ref().and_then(|noise| noise.verdict.as_deref());
        items.extend(verdict.filter(|verdict| *verdict != "quiet").map(about));
        if missing.is_none() && run.data.is_none() && runs.len() == 1 {
            items.push(item("loading and preprocessing not measured: inputs are synthetic"));
        }
    }
    if items.is_empty() { String::new() } else { format!("\n{}", items.concat()) }
}

/// How the measurements were made, where they are alike: `optimization all, 420 samples, 5 processes`.
fn made(runs: &[Measurement]) -> Option<String> {
    let alike = settings().filter(|setting| ["on", "opt"].contains(&setting.title) && !setting.varies(runs));
    let settings = alike.filter_map(|setting| runs.iter().find_map(setting.fact));
    let only = if let [only] = runs { Some(only) } else { None };
    let counted = |count: Option<u64>, things: &str| count.map(|count| format!("{count} {things}"));
    let counts = only.filter(|only| only.samples > 0).map(|only| {
        [
            counted(Some(only.samples), "samples"),
            counted(only.processes.map(u64::from), "processes"),
            counted(only.rounds.map(u64::from), "rounds"),
        ]
    });
    let facts: Vec<String> = settings.chain(counts.into_iter().flatten().flatten()).collect();
    (!facts.is_empty()).then(|| facts.join(", "))
}

fn stages(stages: &[(&'static str, &StageTime)], samples: u64) -> String {
    if stages.is_empty() {
        return String::new();
    }
    let titles = ["stage", ">min", ">p50", ">95 % CI", ">p90", ">p95", ">p99", ">p99.9"];
    let rows = stages.iter().map(|(name, stage)| {
        let [p50, p90, p95, p99, p999] = percentiles(stage);
        let cell = |at: measured::Percentile| percentile(stage, at, samples, time);
        vec![
            (*name).to_owned(),
            stage.min_ms.map(time).unwrap_or_default(),
            cell(p50),
            p50.1.map(|median| with_interval(median, p50.2).1).unwrap_or_default(),
            cell(p90),
            cell(p95),
            cell(p99),
            cell(p999),
        ]
    });
    table(&titles, rows)
}

fn scenario(scenario: &Scenario) -> String {
    let rated = |value: Option<f64>| value.map(|value| format!("{} queries/s", rate(value)));
    let facts = [
        scenario.void.as_ref().map(|reason| format!("proves nothing: {reason}")),
        Some(format!("{}: {} queries", scenario.name, scenario.queries)),
        rated(scenario.rate_asked).map(|asked| format!("asked for {asked}")),
        rated(scenario.rate_achieved).map(|achieved| format!("achieved {achieved}")),
        scenario.mean_batch.map(|mean| format!("{mean:.2} queries in a batch on average")),
        scenario.estimate.as_ref().and_then(|estimate| {
            let within = format!("{} at most {}", estimate.percentile, time(estimate.ms?));
            Some(format!("{within} with 99 % confidence, by MLPerf's early stopping"))
        }),
        scenario.lag_max_ms.map(|lag| format!("issued late by {} at most", time(lag))),
    ];
    let facts: String = facts.iter().flatten().map(|fact| item(fact)).collect();
    let mut page = format!("\n{facts}{}", stages(&from_arrival(scenario), scenario.queries));
    if let Some(slo) = &scenario.slo {
        let highest = rated(slo.highest_rate).map(|highest| format!("up to {highest}"));
        let highest = highest.unwrap_or_else(|| "at no rate tried".to_owned());
        page.push_str(&format!("\n{} holds {}\n", plain(&slo.requirement), plain(&highest)));
        page.push_str(&probes(&slo.probes));
    }
    page
}

fn probes(probes: &[SloProbe]) -> String {
    if probes.is_empty() {
        return String::new();
    }
    let rows = probes.iter().map(|probe| {
        let status = match (probe.status, &probe.void) {
            (_, Some(reason)) => format!("void: {}", plain(reason)),
            (Status::Met, None) => "met".to_owned(),
            (Status::Missed, None) => "missed".to_owned(),
            (Status::Unknown, None) => "unknown".to_owned(),
        };
        let found = probe.value_ms.map(|value| with_interval(value, probe.value_ci_ms));
        let (value, interval) = found.unwrap_or(("?".to_owned(), String::new()));
        let achieved = probe.rate_achieved.map(rate).unwrap_or_default();
        vec![rate(probe.rate), achieved, probe.queries.to_string(), value, interval, status]
    });
    table(&[">rate", ">achieved", ">queries", ">found", ">95 % CI", "requirement"], rows)
}

fn layers(run: &Measurement, runs: &[Measurement], options: &RenderOptions) -> String {
    titled(run, runs) + &sheet(&sheets::layer_times(&run.layers, options, Digits::Exact))
}

/// What tells the measurement from the others, over what follows.
fn titled(run: &Measurement, runs: &[Measurement]) -> String {
    if runs.len() > 1 { format!("\n{}\n", plain(&particular(run, runs))) } else { String::new() }
}

fn consumption(run: &Measurement, runs: &[Measurement]) -> String {
    titled(run, runs) + &predictions::energy(&run.energy)
}

fn versus(comparison: &Comparison) -> String {
    let interval = |[low, high]: Interval| format!(" [{low:.4}, {high:.4}]");
    let ratio = comparison
        .ratio
        .map(|ratio| format!("b / a = {ratio:.4}{}", comparison.ci.map(interval).unwrap_or_default()));
    let detectable = comparison.detectable.map(|least| format!("could see {}", share(least)));
    let outputs = outputs(comparison).map(|outputs| format!("outputs: {outputs}"));
    let facts = [Some(verdict(comparison)), ratio, detectable, outputs];
    let facts = facts.iter().flatten().chain(&comparison.notes).map(|fact| item(fact)).collect::<String>();
    format!("{}\n{facts}", sheet(&sheets::versus(comparison)))
}

fn engines(engines: &[EngineInfo]) -> String {
    let rows = engines.iter().map(|engine| {
        let state = match (engine.usable, engine.default) {
            (true, true) => "default".to_owned(),
            (true, false) => "usable".to_owned(),
            (false, _) => format!("missing: {}", plain(engine.reason.as_deref().unwrap_or("?"))),
        };
        let text = |text: &Option<String>| plain(text.as_deref().unwrap_or_default());
        vec![
            plain(&engine.name),
            state,
            text(&engine.version),
            plain(&engine.providers.join(", ")),
            text(&engine.library),
        ]
    });
    table(&["engine", "state", "version", "computes on", "library"], rows)
}
