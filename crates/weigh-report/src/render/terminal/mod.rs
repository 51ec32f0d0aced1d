//! The ticket: one model on one screen, in sections that appear only where the report has something to say.

mod advice;
mod blocks;
mod compared;
mod conventions;
mod coverage;
mod curve;
mod decisions;
mod devices;
mod energy;
mod engines;
mod fit;
mod gap;
mod header;
mod history;
mod latency;
mod layer_changes;
mod layer_times;
mod layers;
mod memory;
mod panel;
mod performance;
mod plan;
mod predicted_layers;
mod predictions;
mod quantization;
mod rows;
mod scaling;
mod scenario;
mod side_by_side;
mod spread;
mod totals;
mod trade_off;
mod training;
mod tree;
mod trend;
mod verdicts;
mod versus;

use super::ink::{Ink, Line, Role};
use super::{RenderOptions, Renderer};
use crate::Report;

pub use side_by_side::SideBySide;

pub(super) struct Terminal;

impl Renderer for Terminal {
    fn name(&self) -> &'static str {
        "table"
    }

    fn about(&self) -> &'static str {
        "the ticket, for reading"
    }

    fn media(&self) -> &'static str {
        "text/plain"
    }

    fn render(&self, reports: &[Report], options: &RenderOptions) -> String {
        let ink = Ink::new(options);
        if let Some(compared) = super::compared::of(reports) {
            return ink.paint(&compared::lines(&compared, options, &ink));
        }
        let rule = Line::new(Role::Dim, ink.text(&"─".repeat(ink.width)));
        let separator = ink.paint(&[Line::default(), rule, Line::default()]);
        let tickets: Vec<String> =
            reports.iter().map(|report| ink.paint(&ticket(report, options, &ink))).collect();
        tickets.join(&separator)
    }
}

/// All sections, a blank line between them.
fn ticket(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Line> {
    if options.symbolic {
        return page([
            header::lines(report, ink),
            scaling::formulas(report, ink),
            scaling::growth(report, ink),
            coverage::nodes(report, ink),
            coverage::remarks(report, ink),
        ]);
    }
    let before = [
        header::lines(report, ink),
        totals::lines(report, ink),
        memory::steps(report, ink),
        conventions::lines(report, ink),
    ];
    let measured = performance::sections(report, options, ink);
    let beside = [versus::lines(report, ink), engines::lines(report, ink), devices::lines(report, ink)];
    let predicted = predictions::sections(report, options, ink);
    let planned = plan::sections(report, ink);
    let kept = history::sections(report, ink);
    let after = [
        memory::lines(report, ink),
        training::lines(report, ink),
        tree::lines(report, options, ink),
        layers::lines(report, options, ink),
        decisions::comparisons(report, ink),
        layer_changes::lines(report, options, ink),
        verdicts::lines(report, ink),
        advice::lines(report, ink),
        coverage::nodes(report, ink),
        coverage::remarks(report, ink),
    ];
    let rewritten = quantization::sections(report, options, ink);
    let known = before.into_iter().chain(rewritten).chain(measured).chain(beside);
    page(known.chain(kept).chain(predicted).chain(planned).chain(after))
}

/// The sections that have something to say, a blank line between them.
fn page(sections: impl IntoIterator<Item = Vec<Line>>) -> Vec<Line> {
    let mut page: Vec<Line> = Vec::new();
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        if !page.is_empty() {
            page.push(Line::default());
        }
        page.extend(section);
    }
    page
}

/// `1 node`, `2 nodes`.
fn many(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}
