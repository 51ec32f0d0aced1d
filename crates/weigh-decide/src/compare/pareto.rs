//! Who is dominated: another model is at least as good in every metric that tables show, and better in one.

use weigh_report::Report;
use weigh_report::report::{Basis, Comparison, Interval};

use super::{counted, timed};

/// How two models stand in one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Better,
    /// As good, or not told apart.
    Even,
    /// Worse, or not comparable: an unknown dominates nothing.
    Worse,
}

/// For each report the position of one that dominates it, if any does: the first that is itself not dominated.
pub(super) fn dominators(reports: &[Report]) -> Vec<Option<usize>> {
    let dominates =
        |by: usize, index: usize| by != index && dominates(&reports[by], &reports[index], reports);
    let all = |index: usize| (0..reports.len()).filter(move |by| dominates(*by, index));
    let is_free: Vec<bool> = (0..reports.len()).map(|index| all(index).next().is_none()).collect();
    (0..reports.len()).map(|index| all(index).find(|by| is_free[*by]).or_else(|| all(index).next())).collect()
}

fn dominates(a: &Report, b: &Report, reports: &[Report]) -> bool {
    let counts = counted::METRICS.iter().filter(|metric| metric.counts_for_pareto).filter_map(|metric| {
        let is_shown = reports.iter().any(|report| metric.of(report).is_some());
        is_shown.then(|| by_count(metric, a, b))
    });
    let timed = timed::METRICS.iter().flat_map(|metric| {
        let places = places(metric.name, reports);
        places.into_iter().map(|place| by_time(metric, place, a, b))
    });
    let standings: Vec<Standing> = counts.chain(timed).collect();
    standings.contains(&Standing::Better) && !standings.contains(&Standing::Worse)
}

/// Whether a has less. A lower bound can be anything above: it is never less, and may be more.
fn by_count(metric: &counted::Counted, a: &Report, b: &Report) -> Standing {
    match (metric.of(a), metric.of(b)) {
        (Some(a), Some(b)) if a.is_lower_bound || !b.count.at_least(a.count) => Standing::Worse,
        (Some(a), Some(b)) if a.count == b.count => Standing::Even,
        (Some(_), Some(_)) => Standing::Better,
        _ => Standing::Worse,
    }
}

/// Where figures of a metric are from: what they rest on, and for which device.
type Place<'r> = (Option<Basis>, Option<&'r str>);

fn places<'r>(metric: &str, reports: &'r [Report]) -> Vec<Place<'r>> {
    let mut places: Vec<Place<'r>> = Vec::new();
    for found in reports.iter().flat_map(|report| &report.comparisons) {
        let place = (found.basis, found.device.as_deref());
        if found.metric == metric && found.b_value.is_some() && !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// Whether a is better: by more than what the intervals leave open.
fn by_time(metric: &timed::Timed, place: Place<'_>, a: &Report, b: &Report) -> Standing {
    let of = |report: &Report| -> Option<(f64, Option<Interval>)> {
        let is_here = |found: &&Comparison| {
            found.metric == metric.name && (found.basis, found.device.as_deref()) == place
        };
        let found = report.comparisons.iter().find(is_here).filter(|found| !found.b_is_lower_bound)?;
        Some((found.b_value?, found.b_ci))
    };
    let Some(((a, a_ci), (b, b_ci))) = of(a).zip(of(b)) else { return Standing::Worse };
    let is_worse = if metric.more_is_better { a < b } else { a > b };
    let are_apart = match (a_ci, b_ci) {
        (Some([a_low, a_high]), Some([b_low, b_high])) => a_high < b_low || b_high < a_low,
        _ => a != b,
    };
    match (is_worse, are_apart) {
        (true, _) => Standing::Worse,
        (false, true) => Standing::Better,
        (false, false) => Standing::Even,
    }
}

#[cfg(test)]
mod tests {
    use weigh_report::report::{Activations, Complete, Count, Extent, Totals};

    use super::*;

    fn model(parameters: i64, macs: i64, peak: i64) -> Report {
        let count = |value: i64| Some(Count::from(value));
        let extent = Extent { elements: Count::from(peak), bytes: Count::from(peak) };
        let totals = Totals {
            complete: Complete { compute: true, memory: true, workspace: true },
            parameters: count(parameters),
            macs: count(macs),
            activations: Some(Activations { peak: Some(extent), ..Activations::default() }),
            ..Totals::default()
        };
        Report { totals: Some(totals), ..Report::default() }
    }

    fn with_latency(report: Report, value: f64, ci: Option<[f64; 2]>) -> Report {
        let comparison = Comparison {
            metric: "latency".to_owned(),
            basis: Some(Basis::Measured),
            b_value: Some(value),
            b_ci: ci,
            ..Comparison::default()
        };
        Report { comparisons: vec![comparison], ..report }
    }

    #[test]
    fn worse_in_everything() {
        let reports = [model(3, 3, 3), model(1, 4, 3), model(4, 5, 6), model(3, 3, 3)];
        assert_eq!(dominators(&reports), [None, None, Some(0), None]);
        // The third is dominated by both others; the one named is itself not dominated.
        assert_eq!(dominators(&[model(2, 2, 2), model(1, 1, 1), model(3, 3, 3)]), [Some(1), None, Some(1)]);
    }

    #[test]
    fn a_lower_bound_is_not_less() {
        let mut least = model(1, 1, 1);
        least.totals.as_mut().unwrap().complete.compute = false;
        assert_eq!(dominators(&[least.clone(), model(2, 2, 2)]), [None, None]);
        assert_eq!(dominators(&[model(1, 1, 1), least]), [None, None]);
        let mut dear = model(2, 2, 2);
        dear.totals.as_mut().unwrap().complete.compute = false;
        assert_eq!(dominators(&[model(1, 1, 1), dear]), [None, Some(0)]);
    }

    #[test]
    fn times_count_where_they_can_be_told_apart() {
        let slow = with_latency(model(1, 1, 1), 10.2, Some([9.8, 10.6]));
        let fast = with_latency(model(1, 1, 1), 10.0, Some([9.7, 10.3]));
        assert_eq!(dominators(&[slow, fast.clone()]), [None, None]);
        let slower = with_latency(model(1, 1, 1), 12.0, Some([11.0, 13.0]));
        assert_eq!(dominators(&[slower, fast.clone()]), [Some(1), None]);
        // Whoever was not measured may be faster.
        assert_eq!(dominators(&[model(2, 2, 2), fast]), [None, None]);
    }
}
