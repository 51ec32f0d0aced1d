//! Which configuration to take: the Pareto front, the sweet spot, the best under a limit.

use weigh_measure::fleet::Measured;
use weigh_report::report::{self, Status};

use super::Slo;

/// A configuration whose throughput interval reaches this part of the best throughput is as good as the best.
const AS_GOOD: f64 = 0.95;

/// What the measured rows of a sweep say together; `None` stands for a row that failed.
pub(super) fn sweep(
    rows: &[Option<&Measured>],
    unit: &str,
    slo: Option<&Slo>,
    interrupted: bool,
) -> report::Sweep {
    report::Sweep {
        unit: unit.to_owned(),
        pareto: pareto(rows),
        sweet_spot: sweet_spot(rows),
        slo: slo.map(|slo| best_under(rows, slo, unit)),
        interrupted,
    }
}

fn figures<'a>(rows: &'a [Option<&Measured>]) -> impl Iterator<Item = (usize, &'a Measured)> {
    rows.iter().enumerate().filter_map(|(index, row)| Some((index, (*row)?)))
}

/// Time that half of all requests stay below, as far as it can be told.
fn typical(row: &Measured) -> f64 {
    row.total.median().value().unwrap_or_else(|| row.total.mean())
}

/// Rows that no other row beats in one of latency and throughput without losing in the other.
fn pareto(rows: &[Option<&Measured>]) -> Vec<usize> {
    let point = |row: &Measured| (typical(row), row.throughput.per_second);
    let beaten = |(time, rate): (f64, f64)| {
        figures(rows).map(|(_, row)| point(row)).any(|(other_time, other_rate)| {
            other_time <= time && other_rate >= rate && (other_time < time || other_rate > rate)
        })
    };
    figures(rows).filter(|(_, row)| !beaten(point(row))).map(|(index, _)| index).collect()
}

/// The smallest batch whose throughput interval reaches [`AS_GOOD`] of the best throughput; of equal batches the
/// faster one. `None` where there is nothing to choose from.
fn sweet_spot(rows: &[Option<&Measured>]) -> Option<usize> {
    let best = figures(rows).map(|(_, row)| row.throughput.per_second).max_by(f64::total_cmp)?;
    let reach =
        |row: &Measured| row.throughput.interval.map_or(row.throughput.per_second, |interval| interval.high);
    let good = figures(rows).filter(|(_, row)| reach(row) >= AS_GOOD * best);
    let order = |row: &Measured| (row.batch, row.throughput.per_second);
    let choice = good.min_by(|(_, a), (_, b)| {
        let ((small, slow), (large, fast)) = (order(a), order(b));
        small.cmp(&large).then(fast.total_cmp(&slow))
    });
    choice.map(|(index, _)| index).filter(|_| figures(rows).count() > 1)
}

/// The row with the highest throughput of those that surely meet the limit.
fn best_under(rows: &[Option<&Measured>], slo: &Slo, unit: &str) -> report::SloChoice {
    let verdict = |row: &Measured| slo.verdict(&row.total.percentile(slo.quantile));
    let rate = |row: &Measured| row.throughput.per_second;
    let met = figures(rows).filter(|(_, row)| verdict(row) == Status::Met);
    let best = met.max_by(|(_, a), (_, b)| rate(a).total_cmp(&rate(b)));
    let unknown = figures(rows).filter(|(_, row)| verdict(row) == Status::Unknown).count();
    let unsure = match unknown {
        0 => String::new(),
        1 => "; of one configuration it cannot be told".to_owned(),
        many => format!("; of {many} configurations it cannot be told"),
    };
    let why = match best {
        Some(_) => format!("the most {unit} per second of those that meet it{unsure}"),
        None => format!("none surely meets it{unsure}"),
    };
    report::SloChoice { requirement: slo.to_string(), best: best.map(|(index, _)| index), why }
}
