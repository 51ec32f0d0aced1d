//! What was measured: one measurement in detail, several as a table.

use weigh_ir::units;

use super::many;
use super::panel::{Panel, Row, TEXT, Value};
use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{self, share, time, times};
use crate::report::{Interval, Measurement, SAMPLES_FOR, StageTime};

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    match report.measurements.as_slice() {
        [] => Vec::new(),
        [only] => ticket(report, only, ink),
        several => table(several, ink),
    }
}

fn ticket(report: &Report, run: &Measurement, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("PERFORMANCE");
    panel.subject = subject(report, run);
    match (&run.stages.inference, run.notes.as_slice()) {
        (None, notes) => panel.rows.push(not_measured(notes, ink)),
        (Some(inference), notes) => {
            measured(&mut panel.rows, run, inference, ink);
            if run.steady == Some(false) {
                panel.rows.push(Row::text(
                    "unsteady",
                    Role::Warn,
                    "no steady state was reached: times still drift",
                ));
            }
            for (index, note) in notes.iter().enumerate().take(2) {
                let label = if index == 0 { "note" } else { "" };
                panel.rows.push(Row::text(label, Role::Warn, ink.text(note)));
            }
        }
    }
    panel.lines(ink, ink.width)
}

fn subject(report: &Report, run: &Measurement) -> Vec<String> {
    let engine = match &run.engine.version {
        Some(version) => format!("{} {version}", run.engine.name),
        None => run.engine.name.clone(),
    };
    [
        Some(engine),
        run.threads.map(|threads| many(threads.into(), "thread")),
        run.batch.map(|batch| format!("batch {batch}")),
        report.environment.as_ref().and_then(|environment| environment.cpu.clone()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn not_measured(notes: &[String], ink: &Ink) -> Row {
    let reason = notes.first().map(|reason| format!(": {}", ink.text(reason))).unwrap_or_default();
    Row::text("latency", Role::Warn, format!("not measured{reason}"))
}

fn measured(rows: &mut Vec<Row>, run: &Measurement, inference: &StageTime, ink: &Ink) {
    rows.push(latency(inference, run.samples));
    tail(rows, inference, run.samples, ink);
    rows.extend(stages(run));
    if let Some((rate, throughput)) =
        run.throughput.as_ref().and_then(|throughput| Some((throughput.per_second?, throughput)))
    {
        let row = Row::number(
            "throughput",
            format!("{} {}/s", numbers::rate(rate), ink.name(&throughput.unit, 16)),
        );
        rows.push(match throughput.ci {
            Some(ci) => row.fact(numbers::rate_interval(rate, ci)),
            None => row,
        });
    }
    if let Some(first) = run.first_ms {
        let row = Row::number("first run", time(first));
        let ratio = inference.p50_ms.filter(|p50| *p50 > 0.0).map(|p50| first / p50);
        let row = match ratio.filter(|ratio| *ratio >= 1.05) {
            Some(ratio) => row.fact(format!("{ratio:.1}× the median")),
            None => row,
        };
        rows.push(match run.load_ms {
            Some(load) => row.fact(format!("after {} of loading", time(load))),
            None => row,
        });
    } else if let Some(load) = run.load_ms {
        rows.push(Row::number("loading", time(load)));
    }
    if let Some(peak) = run.memory.peak_rss_bytes {
        let row = Row::number("process", units::bytes(peak as f64)).fact("resident memory at its peak");
        rows.push(match run.memory.model_rss_bytes {
            Some(model) => row.fact(format!("{} of it for the model", units::bytes(model as f64))),
            None => row,
        });
    }
    if let Some(theoretical) = run.theoretical_ms {
        let row = Row::number("theoretical", time(theoretical));
        rows.push(match run.efficiency {
            Some(efficiency) => row.fact(format!("efficiency {}", share(efficiency))),
            None => row,
        });
    }
}

/// The median with its interval, and how far the samples spread.
fn latency(stage: &StageTime, samples: u64) -> Row {
    let Some(median) = stage.p50_ms else {
        return Row::text("latency", Role::Warn, format!("no median of {}", many(samples, "sample")));
    };
    let mut row = Row::number("latency", time(median));
    if let Some(interval) = stage.p50_ci_ms {
        let (number, interval) = median_and_interval(median, interval);
        row = Row::number("latency", number).fact(interval);
    }
    row.facts.push(format!("median of {samples}"));
    row.facts.extend(stage.min_ms.map(|min| format!("min {}", time(min))));
    if let (Some(mean), Some(deviation)) = (stage.mean_ms, stage.stddev_ms) {
        let (texts, unit) = times(&[mean]);
        let decimals = texts[0].split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let factor = if mean > 0.0 { texts[0].parse::<f64>().unwrap_or(mean) / mean } else { 1.0 };
        // The deviation in the unit of the mean: the factor is a power of ten, up to rounding.
        let factor = 10f64.powf(factor.log10().round());
        row.facts.push(format!("mean {} ± {:.decimals$} {unit}", texts[0], deviation * factor));
    }
    row
}

fn median_and_interval(median: f64, [low, high]: Interval) -> (String, String) {
    let (texts, unit) = times(&[median, low, high]);
    (format!("{} {unit}", texts[0]), format!("[{}, {}]", texts[1], texts[2]))
}

/// The high percentiles: those that are known, and what the others would have needed.
fn tail(rows: &mut Vec<Row>, stage: &StageTime, samples: u64, ink: &Ink) {
    let values = [stage.p90_ms, stage.p95_ms, stage.p99_ms, stage.p999_ms];
    let mut known: Vec<String> = Vec::new();
    let mut refused: Option<String> = None;
    for ((name, needed), value) in SAMPLES_FOR.into_iter().zip(values) {
        match value {
            Some(value) => known.push(format!("{name} {}", time(value))),
            None if refused.is_none() && samples < needed => {
                refused = Some(format!("{name} needs {needed} samples, had {samples}"));
            }
            None => {}
        }
    }
    // Nobody expects p99.9 of an ordinary measurement: there is nothing to explain.
    let refused = refused.filter(|refused| !refused.starts_with("p99.9 "));
    let mut line = Line::new(Role::Plain, ink.text(&known.join(ink.dot())));
    if let Some(refused) = refused {
        let joined = TEXT + line.width() + ink.dot().len() + refused.len() <= ink.width;
        match (known.is_empty(), joined) {
            (true, _) => line.push(Role::Dim, refused),
            (false, true) => line.push(Role::Dim, format!("{}{refused}", ink.dot())),
            (false, false) => {
                rows.push(Row { label: "tail", value: Value::Text(line), facts: Vec::new() });
                rows.push(Row::text("", Role::Dim, refused));
                return;
            }
        }
    }
    if line.width() > 0 {
        rows.push(Row { label: "tail", value: Value::Text(line), facts: Vec::new() });
    }
}

/// The stages, where more than inference was timed.
fn stages(run: &Measurement) -> Option<Row> {
    let stages = [
        ("load", &run.stages.load),
        ("preprocess", &run.stages.preprocess),
        ("inference", &run.stages.inference),
        ("postprocess", &run.stages.postprocess),
    ];
    let medians: Vec<(&str, f64)> =
        stages.iter().filter_map(|(name, stage)| Some((*name, stage.as_ref()?.p50_ms?))).collect();
    let total = run.stages.total.as_ref()?.p50_ms?;
    if medians.len() < 2 {
        return None;
    }
    let mut row = Row::number("all stages", time(total));
    row.facts = medians.iter().map(|(name, median)| format!("{name} {}", time(*median))).collect();
    Some(row)
}

fn table(runs: &[Measurement], ink: &Ink) -> Vec<Line> {
    let mut grid = Grid::new(vec![
        Column::left("PERFORMANCE").shrinks_to(20),
        Column::right("threads").rank(2),
        Column::right("batch"),
        Column::right("latency"),
        Column::left("95 % CI").rank(1),
        Column::right("p99").rank(3),
        Column::right("throughput"),
        Column::right("efficiency").rank(4),
        Column::left("").rank(5).shrinks_to(16),
    ]);
    let plain = |text: Option<String>| (Role::Plain, text.unwrap_or_default());
    for run in runs {
        let engine = format!("{} {}", run.engine.name, run.engine.version.as_deref().unwrap_or_default());
        let stage = run.stages.inference.clone().unwrap_or_default();
        let (latency, interval) = match (stage.p50_ms, stage.p50_ci_ms) {
            (Some(median), Some(interval)) => median_and_interval(median, interval),
            (Some(median), None) => (time(median), String::new()),
            (None, _) => ("not measured".to_owned(), String::new()),
        };
        let throughput = run.throughput.as_ref().and_then(|throughput| {
            Some(format!("{} {}/s", numbers::rate(throughput.per_second?), ink.name(&throughput.unit, 12)))
        });
        grid.row(vec![
            plain(Some(ink.name(engine.trim_end(), 40))),
            plain(run.threads.map(|threads| threads.to_string())),
            plain(run.batch.map(|batch| batch.to_string())),
            (if stage.p50_ms.is_some() { Role::Value } else { Role::Warn }, ink.text(&latency)),
            (Role::Dim, interval),
            plain(stage.p99_ms.map(|p99| ink.text(&time(p99)))),
            plain(throughput),
            plain(run.efficiency.map(share)),
            (Role::Warn, run.notes.first().map(|note| ink.name(note, 40)).unwrap_or_default()),
        ]);
    }
    grid.lines(ink)
}
