//! Values over runs as points with whiskers, the levels behind them, and what begins where beneath.

use crate::render::ink::{Ink, Line, Role};
use crate::render::requirements::amount;
use crate::render::text::width;
use crate::report::{History, HistoryMarkKind, HistoryRun, HistorySeries};

/// Rows.
const HEIGHT: usize = 11;
/// Fewer runs make no trend.
const LEAST: usize = 3;
/// Whiskers reach this part of the range of values beyond it; longer ones are cut.
const BEYOND: f64 = 0.25;

/// One character and what it is.
type Cell = (Role, char);

/// The chart of as many of the newest runs as there is room for.
pub(super) fn lines(series: &HistorySeries, history: &History, ink: &Ink) -> Vec<Line> {
    let Some(scale) = Scale::of(&series.runs) else { return Vec::new() };
    let labels = [scale.high, (scale.high + scale.low) / 2.0, scale.low];
    let labels = labels.map(|value| ink.text(&amount(value, &history.unit)));
    let margin = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    let room = ink.width.saturating_sub(margin + 6);
    let count = series.runs.len();
    let step = if count * 2 <= room { 2 } else { 1 };
    let first = count.saturating_sub(room / step);
    let mut lines: Vec<Line> = (0..HEIGHT)
        .map(|row| {
            let label = match row {
                0 => labels[0].as_str(),
                row if row == HEIGHT / 2 => &labels[1],
                row if row + 1 == HEIGHT => &labels[2],
                _ => "",
            };
            let axis = if label.is_empty() { "│" } else { "┤" };
            let before = " ".repeat(margin.saturating_sub(width(label)));
            let head = Line::new(Role::Dim, format!("  {before}{label} {}", ink.text(axis)));
            let cells = (first..count).flat_map(|index| cells(series, index, row, &scale, step));
            head.joined(painted(cells, ink))
        })
        .collect();
    let floor = format!("  {} └{}", " ".repeat(margin), "─".repeat((count - first) * step + 1));
    lines.push(Line::new(Role::Dim, ink.text(&floor)));
    let beneath = (first..count).flat_map(|index| beneath(series, index, step));
    let beneath = Line::new(Role::Plain, " ".repeat(margin + 4)).joined(painted(beneath, ink));
    if !(series.changes.is_empty() && series.marks.is_empty()) {
        lines.push(beneath);
    }
    if first > 0 {
        let text = format!("  the newest {} of {count} runs", count - first);
        lines.push(Line::new(Role::Dim, text));
    }
    lines
}

/// From values to rows.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From the lowest to the highest value, and a little of whiskers beyond.
    fn of(runs: &[HistoryRun]) -> Option<Scale> {
        let values: Vec<f64> = runs.iter().filter_map(|run| run.value).filter(|v| v.is_finite()).collect();
        let least = values.iter().copied().reduce(f64::min)?;
        let most = values.iter().copied().reduce(f64::max)?;
        // Values that are all alike are a line in the middle.
        let range = if most > least { most - least } else { least.abs().max(f64::MIN_POSITIVE) / 50.0 };
        let ends = |end: usize| runs.iter().filter_map(move |run| Some(run.ci?[end]));
        let low = ends(0).fold(least, f64::min).max(least - range * BEYOND);
        let high = ends(1).fold(most, f64::max).min(most + range * BEYOND);
        let alike = if most > least { 0.0 } else { range };
        let scale = Scale { low: low - alike, high: high + alike };
        (values.len() >= LEAST && scale.high > scale.low).then_some(scale)
    }

    /// The row of a value, from the top.
    fn row(&self, value: f64) -> usize {
        let share = ((self.high - value) / (self.high - self.low)).clamp(0.0, 1.0);
        (share * (HEIGHT - 1) as f64).round() as usize
    }
}

/// What a run has in a row: the space before it, where there is one, and its own column.
fn cells(series: &HistorySeries, index: usize, row: usize, scale: &Scale, step: usize) -> Vec<Cell> {
    let level = |index: usize| {
        let within = series.levels.iter().find(|level| (level.first..=level.last).contains(&index));
        within.filter(|level| scale.row(level.value) == row).map(|level| level.first)
    };
    let is_parted = series.marks.iter().any(|mark| mark.at == index && mark.kind != HistoryMarkKind::Model);
    let line = |is_there: bool| if is_there { (Role::Dim, '─') } else { (Role::Plain, ' ') };
    let before = match is_parted {
        true => (Role::Warn, '┊'),
        false => line(index > 0 && level(index).is_some() && level(index) == level(index - 1)),
    };
    let run = &series.runs[index];
    let ends = run.ci.map(|[low, high]| scale.row(high)..=scale.row(low));
    let own = match run.value.filter(|value| value.is_finite()).map(|value| scale.row(value)) {
        Some(at) if at == row => (Role::Value, '●'),
        Some(_) if ends.is_some_and(|ends| ends.contains(&row)) => (Role::Bar, '│'),
        _ => line(level(index).is_some()),
    };
    if step == 1 { vec![own] } else { vec![before, own] }
}

/// What begins with a run: the number of a change, or a sign for something that is another.
fn beneath(series: &HistorySeries, index: usize, step: usize) -> Vec<Cell> {
    let change = series.changes.iter().enumerate().find(|(_, change)| change.at == index);
    let own = match change {
        Some((number, change)) => {
            let digit = u32::try_from(number + 1).ok().and_then(|number| char::from_digit(number, 10));
            (if change.better { Role::Good } else { Role::Bad }, digit.unwrap_or('+'))
        }
        None if series.marks.iter().any(|mark| mark.at == index) => (Role::Warn, '┊'),
        None => (Role::Plain, ' '),
    };
    if step == 1 { vec![own] } else { vec![(Role::Plain, ' '), own] }
}

/// Cells as a line, those of one role together.
fn painted(cells: impl Iterator<Item = Cell>, ink: &Ink) -> Line {
    let mut pieces: Vec<(Role, String)> = Vec::new();
    for (role, sign) in cells {
        match pieces.last_mut() {
            Some((last, text)) if *last == role => text.push(sign),
            _ => pieces.push((role, sign.to_string())),
        }
    }
    pieces.into_iter().fold(Line::default(), |line, (role, text)| line.with(role, ink.text(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(values: &[f64]) -> Vec<HistoryRun> {
        values.iter().map(|value| HistoryRun { value: Some(*value), ..HistoryRun::default() }).collect()
    }

    #[test]
    fn the_scale_holds_values_and_a_little_of_whiskers() {
        let mut runs = runs(&[10.0, 20.0, 14.0]);
        runs[0].ci = Some([9.0, 11.0]);
        runs[1].ci = Some([1.0, 100.0]);
        let scale = Scale::of(&runs).unwrap();
        // A quarter of 10 beyond either end.
        assert_eq!((scale.low, scale.high), (7.5, 22.5));
        assert_eq!((scale.row(22.5), scale.row(15.0), scale.row(7.5), scale.row(-9.0)), (0, 5, 10, 10));
    }

    #[test]
    fn what_is_all_alike_is_in_the_middle() {
        let scale = Scale::of(&runs(&[50.0; 3])).unwrap();
        assert_eq!((scale.low, scale.high, scale.row(50.0)), (49.0, 51.0, 5));
        assert!(Scale::of(&runs(&[0.0; 3])).is_none_or(|scale| scale.row(0.0) == 5));
        assert!(Scale::of(&runs(&[1.0; 2])).is_none());
        assert!(Scale::of(&runs(&[f64::NAN; 5])).is_none());
    }
}
