//! What follows from the facts: comparisons.

use crate::Report;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::share;
use crate::render::verdicts::is_versus;
use crate::report::ComparisonVerdict;

/// Comparisons of facts; those that were run against each other have a section of their own.
pub(super) fn comparisons(report: &Report, ink: &Ink) -> Vec<Line> {
    let compared: Vec<_> = report.comparisons.iter().filter(|comparison| !is_versus(comparison)).collect();
    if compared.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(vec![
        Column::left("COMPARISON").shrinks_to(20),
        Column::left("").shrinks_to(12),
        Column::right("ratio"),
        Column::left("95 % CI").rank(1),
        Column::left(""),
        Column::left("").rank(2),
    ]);
    for comparison in compared {
        let pair = format!("{} : {}", ink.name(&comparison.b, 28), ink.name(&comparison.a, 28));
        let ratio = comparison.ratio.map_or("?".to_owned(), |ratio| format!("{ratio:.3}"));
        let (role, verdict) = match comparison.verdict {
            Some(ComparisonVerdict::Faster) => (Role::Good, "faster"),
            Some(ComparisonVerdict::Slower) => (Role::Bad, "slower"),
            Some(ComparisonVerdict::Same) => (Role::Plain, "same"),
            Some(ComparisonVerdict::Unclear) => (Role::Warn, "unclear"),
            None => (Role::Plain, ""),
        };
        let detectable = comparison.detectable.map(|change| format!("could see {}", share(change)));
        grid.row(vec![
            (Role::Plain, pair),
            (Role::Dim, ink.name(&comparison.metric, 32)),
            (Role::Value, ratio),
            (
                Role::Dim,
                comparison.ci.map(|[low, high]| format!("[{low:.3}, {high:.3}]")).unwrap_or_default(),
            ),
            (role, verdict.to_owned()),
            (Role::Dim, detectable.unwrap_or_default()),
        ]);
    }
    grid.lines(ink)
}
