//! From runs that were kept to series, their levels and their changes.

use std::path::Path;
use std::time::SystemTime;

use weigh_decide::requirement::{Better, Evidence, Known, Subject};
use weigh_history::change_points::{ALPHA, FEWEST};
use weigh_history::{Analysis, Kept, Overview, Run, Store, StoreError, analyse, ratio, time};
use weigh_report::Report;
use weigh_report::report::{
    History, HistoryChange, HistoryLevel, HistoryMachine, HistoryMark, HistoryMarkKind, HistoryRun,
    HistorySeries, HistoryVerdict, Interval,
};

use super::keep::absolute;

/// What of the history is asked for.
#[derive(Clone, Debug)]
pub struct HistoryRequest {
    /// The figure.
    pub subject: Subject,
    /// Only runs since then.
    pub since: Option<SystemTime>,
    /// Only so many runs of each series, the newest.
    pub last: usize,
    /// Differences below this part count as none.
    pub same: f64,
    /// Whether runs on several machines and versions of the engine are one series.
    pub across: bool,
}

/// The series of a model that is named by its path, by `zoo:NAME`, by a name that was given, or by its file's name.
pub fn matching(found: Vec<Overview>, model: &str) -> Vec<Overview> {
    let path = absolute(Path::new(model));
    let is_named = |one: &Overview| one.key.model == model || one.key.model == path;
    let is_file = |one: &Overview| {
        let name = Path::new(&one.key.model).file_name();
        name.is_some_and(|name| name == model) || one.key.model.strip_prefix("zoo:") == Some(model)
    };
    let by_name = found.iter().any(is_named);
    found.into_iter().filter(|one| if by_name { is_named(one) } else { is_file(one) }).collect()
}

/// What there is, without the runs.
pub fn history_list(store: &Store, found: &[Overview]) -> Report {
    let of = |one: &Overview| outline(std::slice::from_ref(one));
    report(History { series: found.iter().map(of).collect(), ..History::default() }, store)
}

/// The runs of these series, and where their level changed.
///
/// # Errors
/// See [`StoreError`].
pub fn history(store: &Store, found: &[Overview], request: &HistoryRequest) -> Result<Report, StoreError> {
    let mut groups: Vec<Vec<Overview>> = Vec::new();
    for one in found {
        let is_alike = |group: &&mut Vec<Overview>| {
            let other = &group[0].key;
            request.across && other.model == one.key.model && other.settings == one.key.settings
        };
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(one.clone()),
            None => groups.push(vec![one.clone()]),
        }
    }
    let series: Result<Vec<HistorySeries>, StoreError> =
        groups.iter().map(|group| series(store, group, request)).collect();
    let history = History {
        metric: Some(request.subject.to_string()),
        unit: request.subject.unit().to_owned(),
        lower_is_better: request.subject.better() == Better::Lower,
        across: request.across,
        alpha: Some(ALPHA),
        series: series?.into_iter().filter(|series| !series.runs.is_empty()).collect(),
        ..History::default()
    };
    Ok(report(history, store))
}

fn report(history: History, store: &Store) -> Report {
    let file = store.path().display().to_string();
    Report { history: Some(History { file, ..history }), ..Report::default() }
}

/// What is known of a series without its runs.
fn outline(group: &[Overview]) -> HistorySeries {
    let first = group.iter().map(|one| one.first).min();
    let last = group.iter().map(|one| one.last).max();
    let key = group.first().map(|one| one.key.clone());
    HistorySeries {
        model: key.as_ref().map(|key| key.model.clone()).unwrap_or_default(),
        machines: group.iter().map(|one| one.key.machine.clone()).collect(),
        settings: key.map(|key| key.settings).unwrap_or_default(),
        kept: group.iter().map(|one| one.kept).sum(),
        first_at: first.map(time::written).unwrap_or_default(),
        last_at: last.map(time::written).unwrap_or_default(),
        ..HistorySeries::default()
    }
}

fn series(store: &Store, group: &[Overview], request: &HistoryRequest) -> Result<HistorySeries, StoreError> {
    let mut kept: Vec<(usize, Kept)> = Vec::new();
    for (machine, one) in group.iter().enumerate() {
        let runs = store.runs(one.id, request.since, request.last)?;
        kept.extend(runs.into_iter().map(|run| (machine, run)));
    }
    kept.sort_by_key(|(_, run)| (run.at, run.id));
    let kept = kept.split_off(kept.len().saturating_sub(request.last));
    let mut series = outline(group);
    series.runs = kept.iter().map(|(machine, run)| shown(*machine, run, &request.subject)).collect();
    series.marks = marks(&series.runs, &series.machines);
    let processes: Vec<Option<u32>> = kept.iter().map(|(_, run)| run.figures.processes).collect();
    judge(&mut series, &processes, request);
    Ok(series)
}

/// A run as reports show it.
fn shown(machine: usize, run: &Kept, subject: &Subject) -> HistoryRun {
    let found = Evidence::new(&run.report, &[]).find(subject).into_iter().next();
    let (value, ci) = match found.map(|found| found.known) {
        Some(Known::Value(value, ci)) if value.is_finite() => (Some(value), ci.filter(is_finite)),
        _ => (None, None),
    };
    let figures = &run.figures;
    HistoryRun {
        id: run.id,
        at: time::written(run.at),
        tag: run.tag.clone(),
        engine_version: run.engine_version.clone(),
        machine,
        model_digest: run.model_digest.clone(),
        value,
        ci,
        p50_ms: figures.p50_ms.0,
        p50_ci_ms: figures.p50_ms.1,
        p99_ms: figures.p99_ms.0,
        p99_ci_ms: figures.p99_ms.1,
        per_second: figures.per_second.0,
        per_second_ci: figures.per_second.1,
        peak_rss_bytes: figures.peak_rss_bytes,
        noise: figures.noise.clone(),
    }
}

fn is_finite(ends: &Interval) -> bool {
    ends.iter().all(|end| end.is_finite())
}

/// What is another from one run to the next; what is not known is no other.
fn marks(runs: &[HistoryRun], machines: &[HistoryMachine]) -> Vec<HistoryMark> {
    type Of<'a> = Box<dyn Fn(&HistoryRun) -> Option<String> + 'a>;
    let machine = |run: &HistoryRun| Some(named(machines.get(run.machine)?));
    let kinds: [(HistoryMarkKind, Of<'_>); 3] = [
        (HistoryMarkKind::Machine, Box::new(machine)),
        (HistoryMarkKind::Engine, Box::new(|run| run.engine_version.clone())),
        (HistoryMarkKind::Model, Box::new(|run| run.model_digest.clone())),
    ];
    let mut found = Vec::new();
    for (index, pair) in runs.windows(2).enumerate() {
        for (kind, of) in &kinds {
            if let (Some(before), Some(after)) = (of(&pair[0]), of(&pair[1])) {
                let is_other = match kind {
                    HistoryMarkKind::Machine => pair[0].machine != pair[1].machine,
                    _ => before != after,
                };
                if is_other {
                    let mark =
                        HistoryMark { at: index + 1, kind: *kind, before, after, ..HistoryMark::default() };
                    found.push(mark);
                }
            }
        }
    }
    found
}

fn named(machine: &HistoryMachine) -> String {
    match machine.cores {
        Some(cores) => format!("{}, {cores} cores", machine.cpu),
        None => machine.cpu.clone(),
    }
}

/// Finds levels and changes, between the marks that part them.
fn judge(series: &mut HistorySeries, processes: &[Option<u32>], request: &HistoryRequest) {
    let parts = |mark: &&HistoryMark| mark.kind == HistoryMarkKind::Engine && !request.across;
    let mut bounds: Vec<usize> = series.marks.iter().filter(parts).map(|mark| mark.at).collect();
    bounds.extend([0, series.runs.len()]);
    bounds.sort_unstable();
    let parts: Vec<Part> = bounds
        .windows(2)
        .map(|ends| Part::of(&series.runs, processes, (ends[0], ends[1]), request.same))
        .collect();
    for part in &parts {
        part.tell(series, request.subject.better());
    }
    for pair in parts.windows(2) {
        let at = pair[1].first;
        let differs = ratio(pair[0].newest(), pair[1].oldest());
        let mark = series.marks.iter_mut().find(|mark| mark.at == at && mark.kind == HistoryMarkKind::Engine);
        if let (Some(mark), Some((ratio, interval))) = (mark, differs) {
            (mark.ratio, mark.ratio_ci) = (Some(ratio), Some(interval));
        }
    }
    series.verdict = match parts.iter().all(|part| part.found.is_too_short) {
        true => HistoryVerdict::TooShort,
        false if series.changes.is_empty() => HistoryVerdict::Steady,
        false => HistoryVerdict::Changed,
    };
    series.noise = parts.iter().rev().find_map(|part| part.found.noise);
    series.notes = notes(series, &parts, &request.subject);
}

/// Runs between two marks.
struct Part {
    first: usize,
    /// Those that have a value above 0, whose logarithm can be taken.
    runs: Vec<Run>,
    /// Where they are in the series.
    places: Vec<usize>,
    found: Analysis,
}

impl Part {
    fn of(all: &[HistoryRun], processes: &[Option<u32>], (first, end): (usize, usize), same: f64) -> Part {
        let run = |index: usize| {
            let run = all.get(index)?;
            let value = run.value.filter(|value| *value > 0.0)?;
            let processes = processes.get(index).copied().flatten();
            Some((index, Run { value, interval: run.ci, processes }))
        };
        let (places, runs): (Vec<usize>, Vec<Run>) = (first..end).filter_map(run).unzip();
        let found = analyse(&runs, same);
        Part { first, runs, places, found }
    }

    /// Puts what was found at its place.
    fn tell(&self, series: &mut HistorySeries, better: Better) {
        let place = |index: usize| self.places.get(index).copied().unwrap_or_default();
        series.levels.extend(self.found.levels.iter().map(|level| HistoryLevel {
            first: place(level.first),
            last: place(level.last),
            value: level.value,
            ci: level.interval,
        }));
        let sides = self.found.levels.windows(2).zip(&self.found.changes);
        series.changes.extend(sides.map(|(levels, change)| HistoryChange {
            last_before: place(change.at.saturating_sub(1)),
            at: place(change.at),
            before: levels[0].value,
            after: levels[1].value,
            ratio: change.ratio,
            ratio_ci: change.interval,
            p_value: change.p_value,
            better: (change.ratio < 1.0) == (better == Better::Lower),
        }));
    }

    /// The runs of the first level.
    fn oldest(&self) -> &[Run] {
        self.found.levels.first().and_then(|level| self.runs.get(level.first..=level.last)).unwrap_or(&[])
    }

    /// The runs of the last level.
    fn newest(&self) -> &[Run] {
        self.found.levels.last().and_then(|level| self.runs.get(level.first..=level.last)).unwrap_or(&[])
    }
}

/// What to know about what was found, or not.
fn notes(series: &HistorySeries, parts: &[Part], subject: &Subject) -> Vec<String> {
    let mut notes = Vec::new();
    let known: usize = parts.iter().map(|part| part.runs.len()).sum();
    let missing = series.runs.len() - known;
    if missing > 0 {
        notes.push(format!("{} no {subject} above 0", many(missing, "run has", "runs have")));
    }
    let newest = parts.last().filter(|part| part.found.is_too_short);
    if let Some(part) = newest {
        let since = if parts.len() > 1 { " since the last mark" } else { "" };
        notes.push(format!(
            "{}{since}: too few to tell a change from noise, which takes {FEWEST}",
            many(part.runs.len(), "run", "runs")
        ));
    }
    let more = series.kept.saturating_sub(series.runs.len() as u64);
    if more > 0 {
        notes.push(format!("{more} more of this series are kept: --last and --since choose"));
    }
    notes
}

fn many(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
