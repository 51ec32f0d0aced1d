//! Several configurations weighed against each other: a row for each, what the rows say together, and a curve.

use weigh_ir::units;

use super::panel::{Panel, Row, TEXT};
use super::rows::{data, processed, subject};
use super::{curve, many};
use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::measured::{self, Mark, Setting, UNSTEADY, particular, settings, unit, with_interval};
use crate::render::numbers::{share, time};
use crate::report::{Measurement, Sweep};

/// The common settings and the table, the curve, and what to know about rows.
pub(super) fn sections(report: &Report, runs: &[Measurement], ink: &Ink) -> Vec<Vec<Line>> {
    let mut panel = Panel::new("PERFORMANCE");
    panel.subject = subject(report, runs);
    panel.rows.extend(samples(runs));
    let sweep = report.sweep.clone().unwrap_or_default();
    vec![
        panel.lines(ink, ink.width),
        table(runs, &sweep, ink),
        remarks(runs, report.sweep.as_ref(), ink),
        curve::lines(runs, ink),
    ]
}

/// How many samples the table rests on.
fn samples(runs: &[Measurement]) -> Option<Row> {
    let measured: Vec<&Measurement> = runs.iter().filter(|run| run.samples > 0).collect();
    let samples = measured.iter().map(|run| run.samples).fold(0, u64::saturating_add);
    let mut row = Row::number("samples", samples.to_string());
    row.facts.push(format!("in {}", many(measured.len() as u64, "configuration")));
    let processes = measured.first().and_then(|run| run.processes);
    let alike = measured.iter().all(|run| run.processes == processes);
    let each = processes.filter(|_| alike).map(|processes| processed(processes.into()));
    row.facts.extend(each.map(|processes| format!("{processes} each")));
    (!measured.is_empty()).then_some(row)
}

/// Only settings that vary have a column; the batch always has one.
fn table(runs: &[Measurement], sweep: &Sweep, ink: &Ink) -> Vec<Line> {
    let shown: Vec<&Setting> =
        settings().filter(|setting| setting.title == "batch" || setting.varies(runs)).collect();
    let unit = ink.name(unit(runs, sweep), 12);
    let mut columns = vec![Column::left("TRADE-OFF")];
    columns.extend(shown.iter().map(|setting| match setting.title {
        "engine" => Column::left(setting.title).shrinks_to(12),
        title => Column::right(title),
    }));
    columns.extend([
        Column::right("per batch"),
        Column::left("95 % CI").rank(3),
        Column::right("p99").rank(6),
        Column::right("per sample").rank(2),
        Column::right(format!("{unit}/s")),
        Column::left("95 % CI").rank(4),
        Column::right("peak memory").rank(5),
        Column::right("efficiency").rank(7),
    ]);
    let mut grid = Grid::new(columns);
    for (index, run) in runs.iter().enumerate() {
        let mut cells = vec![mark(sweep, index)];
        cells.extend(shown.iter().map(|setting| {
            let value = (setting.value)(run).unwrap_or_default();
            (Role::Plain, ink.name(&value, 28))
        }));
        cells.extend(figures(run, ink));
        grid.row(cells);
    }
    grid.lines(ink)
}

fn figures(run: &Measurement, ink: &Ink) -> [(Role, String); 8] {
    let plain = |text: Option<String>| (Role::Plain, ink.text(&text.unwrap_or_default()));
    let stage = measured::latency(run).cloned().unwrap_or_default();
    let (latency, interval) = match stage.p50_ms.filter(|_| run.failed.is_none()) {
        Some(median) => {
            let (median, interval) = with_interval(median, stage.p50_ci_ms);
            ((Role::Value, ink.text(&median)), interval)
        }
        None if run.failed.is_some() => ((Role::Bad, "failed".to_owned()), String::new()),
        None => ((Role::Warn, "not measured".to_owned()), String::new()),
    };
    let throughput = run
        .throughput
        .as_ref()
        .and_then(|throughput| Some(measured::rate_with_interval(throughput.per_second?, throughput.ci)));
    let (rate, rate_interval) = throughput.unzip();
    let peak = run.memory.peak_rss_bytes.map(|bytes| units::bytes(bytes as f64));
    [
        latency,
        (Role::Dim, interval),
        plain(stage.p99_ms.map(time)),
        plain(measured::per_sample(run).map(time)),
        (Role::Value, rate.unwrap_or_default()),
        (Role::Dim, rate_interval.unwrap_or_default()),
        plain(peak),
        plain(run.efficiency.map(share)),
    ]
}

/// What a row stands out by.
fn mark(sweep: &Sweep, index: usize) -> (Role, String) {
    match Mark::of(sweep, index) {
        Some(mark @ Mark::Pareto) => (Role::Plain, mark.word().to_owned()),
        Some(mark) => (Role::Good, mark.word().to_owned()),
        None => (Role::Plain, String::new()),
    }
}

/// The answer to the requirement, what the marks mean, why rows failed, and notes with the rows that they are about.
fn remarks(runs: &[Measurement], sweep: Option<&Sweep>, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel { heading: "", subject: Vec::new(), rows: Vec::new() };
    let room = ink.width.saturating_sub(TEXT);
    let paragraph = |label, role, text: String| Row::paragraph(label, role, ink.sentence(&text, room));
    if let Some(slo) = sweep.and_then(|sweep| sweep.slo.as_ref()) {
        let best = slo.best.and_then(|best| runs.get(best)).map(|run| format!("{}: ", particular(run, runs)));
        let role = if best.is_some() { Role::Good } else { Role::Bad };
        let text = format!("{}: {}{}", slo.requirement, best.unwrap_or_default(), slo.why);
        panel.rows.extend(paragraph("required", role, text));
    }
    let spot = sweep.and_then(|sweep| sweep.sweet_spot).and_then(|spot| runs.get(spot));
    if let Some(run) = spot {
        let text = format!("{}: beyond it, more latency buys little throughput", particular(run, runs));
        panel.rows.extend(paragraph("sweet spot", Role::Good, text));
    }
    if sweep.is_some_and(|sweep| sweep.interrupted) {
        let text = "not every configuration was measured to its end".to_owned();
        panel.rows.extend(paragraph("interrupted", Role::Warn, text));
    }
    if let Some(run) = runs.iter().find(|run| measured::missing(run).is_none()) {
        panel.rows.extend(data(run.data.as_ref(), ink, room));
    }
    for (label, role, about) in REMARKS {
        for (text, rows) in gathered(runs, about) {
            panel.rows.extend(paragraph(label, role, format!("{rows}: {text}")));
        }
    }
    panel.lines(ink, ink.width)
}

type About = fn(&Measurement) -> Vec<&str>;

/// What there is to say of single rows.
const REMARKS: [(&str, Role, About); 5] = [
    ("failed", Role::Bad, |run| {
        measured::missing(run).into_iter().filter(|reason| !reason.is_empty()).collect()
    }),
    ("changed", Role::Warn, |run| run.rebatched.iter().map(String::as_str).collect()),
    ("unsteady", Role::Warn, |run| match run.steady {
        Some(false) => vec![UNSTEADY],
        _ => Vec::new(),
    }),
    ("machine", Role::Warn, |run| {
        let verdict = run.noise.as_ref().and_then(|noise| noise.verdict.as_deref());
        verdict.into_iter().filter(|verdict| *verdict != "quiet").collect()
    }),
    ("note", Role::Warn, |run| {
        let said = measured::missing(run);
        run.notes.iter().map(String::as_str).filter(|note| said != Some(note)).collect()
    }),
];

/// Each text once, with the rows that it is about.
fn gathered(runs: &[Measurement], about: About) -> Vec<(String, String)> {
    let mut gathered: Vec<(String, Vec<String>)> = Vec::new();
    for run in runs {
        for text in about(run) {
            let row = particular(run, runs);
            match gathered.iter_mut().find(|(known, _)| known == text) {
                Some((_, rows)) => rows.push(row),
                None => gathered.push((text.to_owned(), vec![row])),
            }
        }
    }
    let all = |rows: Vec<String>| match rows.len() == runs.len() {
        true => "all".to_owned(),
        false => rows.join("; "),
    };
    gathered.into_iter().map(|(text, rows)| (text, all(rows))).collect()
}
