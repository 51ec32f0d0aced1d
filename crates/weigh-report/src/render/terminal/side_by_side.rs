//! Several reports as the rows of one table, for comparing what they cost: parameters and MACs exact, because
//! that is where people look for the difference, and below them what the reports say of each other.

use weigh_ir::units;

use crate::Report;
use crate::render::RenderOptions;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{self, Kind};
use crate::render::text::width;
use crate::report::{Comparison, Count, Totals};

/// Counts of more digits than this are rounded: nobody compares them digit by digit.
const EXACT_DIGITS: usize = 15;

/// A table of reports.
#[derive(Clone, Debug)]
pub struct SideBySide<'a> {
    /// What is compared.
    pub title: &'a str,
    /// What else there is to know of it, most important first; beside the title where there is room.
    pub facts: &'a [String],
    /// Lines beneath the title.
    pub remarks: &'a [String],
    /// What the rows are: `variant`, `model`.
    pub kind: &'a str,
    /// The rows: what each is called, and its report.
    pub rows: &'a [(String, Report)],
}

impl SideBySide<'_> {
    /// The table as text.
    pub fn render(&self, options: &RenderOptions) -> String {
        let ink = Ink::new(options);
        let mut page = self.head(&ink);
        page.push(Line::default());
        page.extend(self.table(&ink));
        let comparisons = self.comparisons(&ink);
        if !comparisons.is_empty() {
            page.push(Line::default());
            page.extend(comparisons);
        }
        page.push(Line::default());
        let legend = ["FLOPs = 2 × MACs", "other ops apart", "activations = inputs and all outputs"];
        page.push(Line::new(
            Role::Dim,
            format!("  {}", ink.facts(&legend.map(str::to_owned), ink.width - 2)),
        ));
        ink.paint(&page)
    }

    fn head(&self, ink: &Ink) -> Vec<Line> {
        let mut title = Line::new(Role::Title, ink.name(self.title, ink.width));
        let facts = ink.facts(self.facts, ink.width.saturating_sub(2));
        let mut lines = match title.width() + 2 + width(&facts) <= ink.width {
            true => {
                title.pad_to(ink.width - width(&facts));
                vec![title.with(Role::Dim, facts)]
            }
            false => vec![title, Line::new(Role::Dim, format!("  {facts}"))],
        };
        lines.extend(
            self.remarks.iter().map(|remark| Line::new(Role::Plain, format!("  {}", ink.text(remark)))),
        );
        lines
    }

    fn table(&self, ink: &Ink) -> Vec<Line> {
        let mut grid = Grid::new(vec![
            Column::left(self.kind.to_uppercase()).shrinks_to(16),
            Column::right("parameters").shrinks_to(12),
            Column::right("MACs").shrinks_to(12),
            Column::right("FLOPs").shrinks_to(12).rank(1),
            Column::right("other ops").shrinks_to(12).rank(3),
            Column::right("activations").shrinks_to(12).rank(2),
            Column::right("intensity").rank(4),
        ]);
        for (name, report) in self.rows {
            // What a report does not say has no zero either.
            let empty = Totals::default();
            let totals = report.totals.as_ref().unwrap_or(&empty);
            let (compute, memory) = (totals.complete.compute, totals.complete.memory);
            let activations = totals
                .activations
                .as_ref()
                .and_then(|activations| Some(activations.total.as_ref()?.bytes.clone()));
            let intensity =
                totals.arithmetic_intensity.map(|ratio| format!("{} FLOP/B", numbers::rate(ratio)));
            let rounded = |count: &Count| numbers::count(count, Kind::Count);
            grid.row(vec![
                (Role::Plain, ink.text(name)),
                cell(totals.parameters.as_ref(), true, exact, ink),
                cell(totals.macs.as_ref(), compute, exact, ink),
                cell(totals.flops.as_ref(), compute, rounded, ink),
                cell(totals.other_ops.as_ref(), compute, rounded, ink),
                cell(activations.as_ref(), memory, |count| numbers::count(count, Kind::Bytes), ink),
                (Role::Plain, ink.text(&intensity.unwrap_or_else(|| "?".to_owned()))),
            ]);
        }
        grid.lines(ink)
    }

    /// One line for each pair: `separable against standard convolution: 87.3 % fewer parameters, ...`.
    fn comparisons(&self, ink: &Ink) -> Vec<Line> {
        let all: Vec<&Comparison> = self.rows.iter().flat_map(|(_, report)| &report.comparisons).collect();
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        for pair in all.iter().map(|comparison| (comparison.a.as_str(), comparison.b.as_str())) {
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        let line = |(a, b): (&str, &str)| {
            let changes: Vec<String> = (all.iter())
                .filter(|comparison| comparison.a == a && comparison.b == b)
                .filter_map(|comparison| Some(change(comparison.ratio?, &comparison.metric)))
                .collect();
            let pair = format!("  {} against {}: ", ink.name(b, 28), ink.name(a, 28));
            (!changes.is_empty())
                .then(|| Line::new(Role::Plain, pair).with(Role::Value, ink.text(&changes.join(", "))))
        };
        pairs.into_iter().filter_map(line).collect()
    }
}

/// A count, `≥` before it where it is a lower bound and `?` where it is not known.
fn cell(count: Option<&Count>, known: bool, text: impl Fn(&Count) -> String, ink: &Ink) -> (Role, String) {
    match count {
        Some(count) if known => (Role::Value, ink.text(&text(count))),
        Some(count) => (Role::Warn, ink.text(&format!("≥ {}", text(count)))),
        None => (Role::Warn, "?".to_owned()),
    }
}

/// All digits, in threes: `86,704,128`.
fn exact(count: &Count) -> String {
    let digits = count.number().map(|value| value.unsigned_abs().to_string());
    let Some(digits) = digits.filter(|digits| digits.len() <= EXACT_DIGITS) else {
        return numbers::count(count, Kind::Count);
    };
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if count.number().is_some_and(|value| value < 0) { format!("-{text}") } else { text }
}

/// `87.3 % fewer MACs`.
fn change(ratio: f64, metric: &str) -> String {
    let metric = match metric {
        "macs" => "MACs",
        "flops" => "FLOPs",
        other => other,
    };
    match ratio {
        ratio if ratio < 1.0 => format!("{} fewer {metric}", units::percent(1.0 - ratio)),
        ratio if ratio > 1.0 => format!("{} more {metric}", units::percent(ratio - 1.0)),
        _ => format!("as many {metric}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_threes() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (86_704_128, "86,704,128"),
            (-1_234_567, "-1,234,567"),
        ];
        for (value, text) in cases {
            assert_eq!(exact(&Count::from(value)), text);
        }
        assert_eq!(exact(&Count::from(i64::MAX)), "9.223 E");
    }

    #[test]
    fn fewer_and_more() {
        assert_eq!(change(2336.0 / 18432.0, "parameters"), "87.3 % fewer parameters");
        assert_eq!(change(1.25, "macs"), "25.0 % more MACs");
        assert_eq!(change(1.0, "macs"), "as many MACs");
    }

    #[test]
    fn what_is_not_known_is_no_zero() {
        let table = SideBySide {
            title: "two models",
            facts: &[],
            remarks: &[],
            kind: "model",
            rows: &[("empty".to_owned(), Report::default())],
        };
        let text = table.render(&RenderOptions::default());
        assert!(text.contains('?') && !text.contains('0'), "{text}");
    }
}
