//! Models beside each other: ratios to a baseline, who is dominated, and which layers differ.
//!
//! [`compare`] gives every report its comparisons with one of them. Counts have exact ratios; of times and energy only
//! what was found in the same way is divided: measured by measured, predicted by predicted for the same device.

mod align;
mod counted;
pub mod layers;
mod pareto;
mod ratio;
mod sequence;
mod timed;

use weigh_report::Report;
use weigh_report::report::{Basis, Comparison};

/// A metric that models are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name in documents: `parameters`, `macs`, `latency`.
    pub name: &'static str,
    /// Whether more of it is better: of throughput alone.
    pub more_is_better: bool,
    /// Whether a model that is worse in it is not dominated.
    pub counts_for_pareto: bool,
}

/// All metrics, in the order of documents.
pub fn metrics() -> impl Iterator<Item = Metric> {
    let counted = counted::METRICS.iter().map(|metric| Metric {
        name: metric.name,
        more_is_better: false,
        counts_for_pareto: metric.counts_for_pareto,
    });
    let timed = timed::METRICS.iter().map(|metric| Metric {
        name: metric.name,
        more_is_better: metric.more_is_better,
        counts_for_pareto: true,
    });
    counted.chain(timed)
}

/// Compares every report with the one at `baseline`: sets `comparisons` and `dominated_by`, and with `by_layer` the
/// changes of layers too. `names` are what the reports are called, and tell them apart.
///
/// A comparison of two that were run against each other ([`Comparison::pairs`]) stays, as nothing else is as exact.
pub fn compare(reports: &mut [Report], names: &[String], baseline: usize, by_layer: bool) {
    let Some((base, base_name)) = reports.get(baseline).cloned().zip(names.get(baseline)) else { return };
    for (index, (report, name)) in reports.iter_mut().zip(names).enumerate() {
        let interleaved = report.comparisons.drain(..).find(|found| {
            found.pairs.is_some() && found.ratio.is_some() && (&found.a, &found.b) == (base_name, name)
        });
        report.comparisons = between((base_name, &base), (name, report));
        if index == baseline {
            report.comparisons.iter_mut().for_each(with_itself);
        } else if let Some(found) = interleaved {
            put(&mut report.comparisons, found);
        }
        report.layer_changes = match by_layer {
            true => layers::changes(&base.layers, &report.layers),
            false => Vec::new(),
        };
    }
    for (index, by) in pareto::dominators(reports).into_iter().enumerate() {
        reports[index].dominated_by = by.and_then(|by| names.get(by).cloned());
    }
}

/// What b costs beside a: a comparison for each metric that either of them knows.
pub fn between(a: (&str, &Report), b: (&str, &Report)) -> Vec<Comparison> {
    let counted = counted::METRICS.iter().filter_map(|metric| counted::comparison(metric, a.1, b.1));
    let timed = timed::METRICS.iter().flat_map(|metric| timed::comparisons(metric, a.1, b.1));
    let named = |comparison| Comparison { a: a.0.to_owned(), b: b.0.to_owned(), ..comparison };
    counted.chain(timed).map(named).collect()
}

/// A model is as good as itself, whatever is not known about it.
fn with_itself(comparison: &mut Comparison) {
    (comparison.ratio, comparison.ci, comparison.verdict, comparison.band) = (Some(1.0), None, None, None);
    comparison.notes.clear();
}

/// Puts what was found by running two against each other in the place of what two separate measurements say.
fn put(comparisons: &mut Vec<Comparison>, found: Comparison) {
    let same = |other: &Comparison| other.metric == found.metric && other.device.is_none();
    match comparisons.iter().position(same) {
        Some(at) => {
            let apart = &comparisons[at];
            let (a_ci, b_ci) = (found.a_ci.or(apart.a_ci), found.b_ci.or(apart.b_ci));
            comparisons[at] = Comparison { a_ci, b_ci, basis: Some(Basis::Measured), ..found };
        }
        None => comparisons.push(found),
    }
}
