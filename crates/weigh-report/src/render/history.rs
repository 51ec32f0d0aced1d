//! What every output says of a history: what a series is of, its marks and its changes, in words.

use super::numbers;
use super::requirements::amount;
use crate::report::{
    History, HistoryChange, HistoryMachine, HistoryMark, HistoryMarkKind, HistoryRun, HistorySeries,
    HistoryVerdict, Interval,
};

/// How the model was run, as facts.
pub(super) fn settings(series: &HistorySeries) -> Vec<String> {
    let set = &series.settings;
    let many = |count: u32, thing: &str| format!("{count} {thing}{}", if count == 1 { "" } else { "s" });
    let facts = [
        Some(set.engine.clone()).filter(|engine| !engine.is_empty()),
        set.provider.clone(),
        set.optimization.as_ref().map(|level| format!("optimization {level}")),
        set.threads.map(|threads| many(threads, "thread")),
        set.streams.filter(|streams| *streams != 1).map(|streams| many(streams, "stream")),
        set.batch.map(|batch| format!("batch {batch}")),
        set.scenario.clone(),
        set.data.clone(),
    ];
    // The batch is there already.
    let others = set.bindings.iter().filter(|(symbol, _)| !symbol.contains("batch"));
    let bindings = others.map(|(symbol, value)| format!("{symbol} = {value}"));
    facts.into_iter().flatten().chain(bindings).collect()
}

/// `AMD EPYC, 2 cores, 24 GiB`.
pub(super) fn machine(machine: &HistoryMachine) -> String {
    let cores = machine.cores.map(|cores| format!("{cores} core{}", if cores == 1 { "" } else { "s" }));
    let memory = machine.memory_gib.map(|gib| format!("{gib} GiB"));
    let parts = std::iter::once(machine.cpu.clone()).chain(cores).chain(memory).chain(machine.gpus.clone());
    parts.collect::<Vec<_>>().join(", ")
}

/// What there is to say of a series, in a sentence.
pub(super) fn verdict(series: &HistorySeries) -> String {
    let noise = series.noise.map(|noise| format!("; runs differ by {}", numbers::share(noise)));
    match (series.verdict, series.changes.len()) {
        (HistoryVerdict::Changed, 1) => "the level changed once".to_owned(),
        (HistoryVerdict::Changed, times) => format!("the level changed {times} times"),
        (HistoryVerdict::Steady, _) => {
            format!("no change of level can be told from noise{}", noise.unwrap_or_default())
        }
        (HistoryVerdict::TooShort, _) => "too few runs to tell whether the level changed".to_owned(),
    }
}

/// A value: `5.03 ms`; `?` where there is none.
pub(super) fn value(value: Option<f64>, history: &History) -> String {
    value.map_or("?".to_owned(), |value| amount(value, &history.unit))
}

/// An interval in the unit of its value: `[4.98, 5.07]`.
pub(super) fn interval(value: Option<f64>, interval: Option<Interval>, unit: &str) -> String {
    let (Some(value), Some([low, high])) = (value, interval) else { return String::new() };
    match unit {
        "ms" => numbers::time_interval(value, [low, high]),
        "/s" => numbers::rate_interval(value, [low, high]),
        unit => format!("[{}, {}]", amount(low, unit), amount(high, unit)),
    }
}

/// How far a ratio is from 1: `5.1 % higher [4.6, 5.6]`, `4.0 % lower [3.1, 4.9]`.
pub(super) fn ratio(ratio: f64, [low, high]: Interval) -> String {
    let percent = |part: f64| format!("{:.1}", part * 100.0);
    match ratio >= 1.0 {
        true => format!(
            "{} higher [{}, {}]",
            numbers::share(ratio - 1.0),
            percent(low - 1.0),
            percent(high - 1.0)
        ),
        false => {
            format!("{} lower [{}, {}]", numbers::share(1.0 - ratio), percent(1.0 - high), percent(1.0 - low))
        }
    }
}

/// A change: `5.1 % higher [4.6, 5.6], worse`.
pub(super) fn change(change: &HistoryChange) -> String {
    let word = if change.better { "better" } else { "worse" };
    format!("{}, {word}", ratio(change.ratio, change.ratio_ci))
}

/// What is another from a mark on: `engine 1.22.0 → 1.23.1`, and what that did to the level.
pub(super) fn mark(mark: &HistoryMark) -> String {
    let what = match mark.kind {
        HistoryMarkKind::Engine => "engine",
        HistoryMarkKind::Machine => "machine",
        HistoryMarkKind::Model => "model file",
    };
    let differs = mark.ratio.zip(mark.ratio_ci).map(|(value, ends)| format!(": {}", ratio(value, ends)));
    format!("{what} {} → {}{}", mark.before, mark.after, differs.unwrap_or_default())
}

/// What begins with a run: changes, numbered from 1, and marks.
pub(super) fn events(series: &HistorySeries, index: usize) -> Vec<String> {
    let changes = series.changes.iter().enumerate().filter(|(_, change)| change.at == index);
    let changes = changes.map(|(number, found)| format!("{}: {}", number + 1, change(found)));
    changes.chain(series.marks.iter().filter(|mark| mark.at == index).map(mark_name)).collect()
}

fn mark_name(found: &HistoryMark) -> String {
    mark(&HistoryMark { ratio: None, ..found.clone() })
}

/// The runs that a change lies between: `#12 and #13 (a1b2c3d)`.
pub(super) fn between(series: &HistorySeries, before: usize, after: usize) -> String {
    let name = |index: usize| series.runs.get(index).map_or("?".to_owned(), named);
    format!("{} and {}", name(before), name(after))
}

fn named(run: &HistoryRun) -> String {
    match &run.tag {
        Some(tag) => format!("#{} ({tag})", run.id),
        None => format!("#{}", run.id),
    }
}

/// `2026-01-31 12:00` of `2026-01-31T12:00:00Z`.
pub(super) fn moment(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(date), Some(time)) => format!("{date} {time}"),
        _ => at.to_owned(),
    }
}

/// A column of the table of runs.
pub(super) struct Figure {
    /// Its title.
    pub(super) title: &'static str,
    /// Whether it stands to the left.
    pub(super) word: bool,
    /// Columns of higher rank give way first.
    pub(super) rank: u8,
    /// What a run has there.
    pub(super) value: fn(&HistoryRun, &History) -> String,
}

/// The columns, the number of the run first.
pub(super) const FIGURES: &[Figure] = &[
    Figure { title: "run", word: false, rank: 0, value: |run, _| format!("#{}", run.id) },
    Figure { title: "when", word: true, rank: 0, value: |run, _| moment(&run.at) },
    Figure { title: "tag", word: true, rank: 2, value: |run, _| run.tag.clone().unwrap_or_default() },
    Figure {
        title: "engine",
        word: true,
        rank: 3,
        value: |run, _| run.engine_version.clone().unwrap_or_default(),
    },
    Figure {
        title: "value",
        word: false,
        rank: 0,
        value: |run, history| other(history).map_or(String::new(), |history| value(run.value, history)),
    },
    Figure {
        title: "95 % CI",
        word: true,
        rank: 1,
        value: |run, history| {
            other(history).map_or(String::new(), |history| interval(run.value, run.ci, &history.unit))
        },
    },
    Figure { title: "p50", word: false, rank: 0, value: |run, _| time(run.p50_ms) },
    Figure {
        title: "95 % CI",
        word: true,
        rank: 1,
        value: |run, _| interval(run.p50_ms, run.p50_ci_ms, "ms"),
    },
    Figure { title: "p99", word: false, rank: 4, value: |run, _| time(run.p99_ms) },
    Figure {
        title: "per second",
        word: false,
        rank: 5,
        value: |run, _| run.per_second.map(numbers::rate).unwrap_or_default(),
    },
];

/// The history, where its values and their intervals have no columns of their own.
fn other(history: &History) -> Option<&History> {
    Some(history).filter(|history| history.metric.as_deref() != Some("latency.p50"))
}

fn time(milliseconds: Option<f64>) -> String {
    milliseconds.map(numbers::time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_of_the_level_before() {
        assert_eq!(ratio(1.05, [1.046, 1.054]), "5.0 % higher [4.6, 5.4]");
        assert_eq!(ratio(0.8, [0.75, 0.85]), "20.0 % lower [15.0, 25.0]");
        // What cannot be told from nothing reaches over 0.
        assert_eq!(ratio(1.01, [0.98, 1.04]), "1.0 % higher [-2.0, 4.0]");
    }

    #[test]
    fn moments_are_short_and_hostile_ones_stay() {
        assert_eq!(moment("2026-01-31T12:34:56Z"), "2026-01-31 12:34");
        assert_eq!(moment("yesterday"), "yesterday");
        assert_eq!(moment("ä".repeat(20).as_str()), "ä".repeat(20));
    }
}
