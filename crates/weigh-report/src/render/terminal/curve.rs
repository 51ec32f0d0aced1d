//! Throughput over the batch as columns of block characters: only what was measured, nothing between it.

use super::blocks;
use crate::render::ink::{Ink, Line, Role};
use crate::render::measured::{settings_but_batch, unit};
use crate::render::numbers;
use crate::render::text::width;
use crate::report::{Measurement, Sweep};

/// Fewer batches than this make no curve.
const LEAST: usize = 3;
/// Rows of the tallest column.
const HEIGHT: usize = 5;

/// The curve of the settings that reach the highest throughput.
pub(super) fn lines(runs: &[Measurement], ink: &Ink) -> Vec<Line> {
    let points = points(runs);
    let most = points.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let labels: Vec<String> = points.iter().map(|(batch, _)| batch.to_string()).collect();
    let column = labels.iter().map(|label| width(label)).max().unwrap_or(0).max(4);
    let (top, bottom) = (numbers::rate(most), "0");
    let margin = width(&top) + 3;
    if points.len() < LEAST || most <= 0.0 || margin + 2 + points.len() * (column + 2) > ink.width {
        return Vec::new();
    }
    let sweep = Sweep::default();
    let title = format!("{}/s over batch", ink.name(unit(runs, &sweep), 12));
    let mut lines = vec![Line::new(Role::Dim, format!("  {title}"))];
    for row in (0..HEIGHT).rev() {
        let (label, axis) = if row + 1 == HEIGHT { (top.as_str(), "┤") } else { ("", "│") };
        let mut line = Line::new(Role::Dim, ink.text(&format!("  {label:>0$} {axis}", margin - 3)));
        for (_, rate) in &points {
            let block = ink.text(block(rate / most, row));
            line.push(Role::Bar, format!("  {}", block.repeat(column)));
        }
        lines.push(line);
    }
    let floor = "─".repeat(points.len() * (column + 2));
    lines.push(Line::new(Role::Dim, ink.text(&format!("  {bottom:>0$} └{floor}", margin - 3))));
    let labels: String = labels.iter().map(|label| format!("  {label:>column$}")).collect();
    lines.push(Line::new(Role::Dim, format!("{}{labels}", " ".repeat(margin + 1))));
    lines
}

/// Batch and throughput of the measurements that differ from the one with the highest throughput in the batch alone.
fn points(runs: &[Measurement]) -> Vec<(u64, f64)> {
    let rate = |run: &Measurement| run.throughput.as_ref()?.per_second.filter(|rate| rate.is_finite());
    let Some(best) = runs.iter().max_by(|a, b| rate(a).unwrap_or(0.0).total_cmp(&rate(b).unwrap_or(0.0)))
    else {
        return Vec::new();
    };
    let alike = |run: &&Measurement| {
        settings_but_batch().all(|setting| (setting.value)(run) == (setting.value)(best))
    };
    let mut points: Vec<(u64, f64)> =
        runs.iter().filter(alike).filter_map(|run| Some((run.batch?, rate(run)?))).collect();
    points.sort_by_key(|(batch, _)| *batch);
    points.dedup_by_key(|(batch, _)| *batch);
    points
}

/// What of a column of this share of the height is in this row, counted from the bottom.
fn block(share: f64, row: usize) -> &'static str {
    let eighths = (share.clamp(0.0, 1.0) * (HEIGHT * 8) as f64).round() as usize;
    blocks::block(eighths.saturating_sub(row * 8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Throughput;

    #[test]
    fn columns_have_eighths() {
        // 0.5 of 5 rows of 8 eighths: 20 eighths, two full rows and half of the third.
        let column = |share| (0..HEIGHT).map(|row| block(share, row)).collect::<String>();
        assert_eq!(column(0.5), "██▄  ");
        assert_eq!(column(1.0), "█████");
        assert_eq!(column(0.0), "     ");
    }

    #[test]
    fn only_the_batch_differs_along_a_curve() {
        let run = |threads, batch, per_second| Measurement {
            threads: Some(threads),
            batch: Some(batch),
            throughput: Some(Throughput { per_second: Some(per_second), ..Throughput::default() }),
            ..Measurement::default()
        };
        let runs = [run(1, 8, 10.0), run(2, 8, 30.0), run(2, 1, 20.0), run(1, 1, 5.0)];
        assert_eq!(points(&runs), [(1, 20.0), (8, 30.0)]);
    }
}
