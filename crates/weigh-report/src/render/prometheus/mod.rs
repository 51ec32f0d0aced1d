//! Headline figures as metrics of Prometheus: a file for the textfile collector of node_exporter, or for a push gateway.
//!
//! All are gauges in base units (seconds, bytes, joules). What is not known has no sample; a lower bound is a metric of
//! its own, `…_at_least`, and so are the ends of confidence intervals, `…_ci_low_…` and `…_ci_high_…`, so that no alert
//! takes them for the figure. The text is the exposition format 0.0.4, and OpenMetrics too.

mod exposition;
mod model;
mod predictions;
mod runs;

use super::{RenderOptions, Renderer, Wants, predicted};
use crate::report::{EnergyEstimate, Report};
use exposition::Labels;

pub(super) struct Prometheus;

impl Renderer for Prometheus {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn about(&self) -> &'static str {
        "headline figures as metrics, for node_exporter's textfile collector"
    }

    fn media(&self) -> &'static str {
        "text/plain; version=0.0.4"
    }

    fn wants(&self) -> Wants {
        Wants { facts: true, ..Wants::default() }
    }

    fn render(&self, reports: &[Report], _: &RenderOptions) -> String {
        let parts = [model::families(reports), runs::families(reports), predictions::families(reports)];
        exposition::page(parts.into_iter().flatten().collect())
    }
}

/// An estimate of energy as a sample, which says whether it was measured or modelled.
fn energy(mut labels: Labels, estimate: &EnergyEstimate) -> Option<(Labels, f64)> {
    labels.push(("energy_basis", predicted::energy_basis(estimate).to_owned()));
    Some((labels, estimate.joules?))
}

fn seconds(ms: f64) -> f64 {
    ms / 1e3
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}
