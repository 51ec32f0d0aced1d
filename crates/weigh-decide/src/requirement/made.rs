//! Figures that are worked out from several of the document.

use weigh_report::Report;
use weigh_report::report::{Basis, Configuration, EnergyEstimate, Interval, Measurement, Prediction};

use super::evidence::{Found, Known};

/// The most samples per second that a measured configuration finishes.
pub(super) fn capacity(run: &Measurement) -> Option<f64> {
    let measured = run.throughput.as_ref().and_then(|throughput| throughput.per_second);
    let achieved = || run.scenario.as_ref().and_then(|scenario| scenario.rate_achieved);
    measured.or_else(achieved)
}

/// Samples finished per second.
pub(super) fn throughput(report: &Report) -> Vec<Found> {
    if !report.measurements.is_empty() {
        let found = report.measurements.iter().enumerate().map(|(index, run)| {
            let scenario = run.scenario.as_ref();
            let interval = run.throughput.as_ref().and_then(|throughput| throughput.ci);
            let known = match (&run.failed, capacity(run)) {
                (Some(reason), _) => Known::Unknown(format!("not measured: {reason}")),
                (None, Some(rate)) => {
                    Known::Value(rate, interval.or_else(|| scenario.and_then(|scenario| scenario.rate_ci)))
                }
                (None, None) => Known::Unknown("throughput was not measured".to_owned()),
            };
            let configuration = measured_name(&report.measurements, index);
            Found { configuration, capacity: capacity(run), ..Found::new(known, Basis::Measured) }
        });
        return found.collect();
    }
    if report.predictions.is_empty() {
        return vec![Found::unknown(
            "nothing was measured: `weigh measure` or `weigh check` of the model does",
        )];
    }
    let found = report.predictions.iter().enumerate().map(|(index, prediction)| {
        let rate = prediction.throughput_per_second;
        let known = match rate {
            Some(rate) => Known::Value(rate, predicted_interval(prediction, rate)),
            None => Known::Unknown("nothing could be predicted".to_owned()),
        };
        let configuration = predicted_name(&report.predictions, index);
        let notes = vec!["predicted, not measured".to_owned()];
        Found { configuration, capacity: rate, notes, ..Found::new(known, Basis::Predicted) }
    });
    found.collect()
}

/// The interval of a rate is that of the time, turned over.
fn predicted_interval(prediction: &Prediction, rate: f64) -> Option<Interval> {
    let ([low, high], ms) = (prediction.predicted_ci_ms?, prediction.predicted_ms?);
    (low > 0.0).then(|| [rate * ms / high, rate * ms / low])
}

/// Joules of one sample: what counters measured, else what models say.
pub(super) fn energy(report: &Report) -> Vec<Found> {
    let measured = report.measurements.iter().enumerate().filter(|(_, run)| !run.energy.is_empty());
    let measured: Vec<Found> = measured
        .map(|(index, run)| Found {
            configuration: measured_name(&report.measurements, index),
            ..joules(&run.energy)
        })
        .collect();
    if !measured.is_empty() {
        return measured;
    }
    let predicted = report.predictions.iter().enumerate().filter(|(_, found)| !found.energy.is_empty());
    let predicted: Vec<Found> = predicted
        .map(|(index, prediction)| Found {
            configuration: predicted_name(&report.predictions, index),
            ..joules(&prediction.energy)
        })
        .collect();
    match predicted.is_empty() {
        true => vec![Found::unknown("no energy was measured or modelled: `weigh measure --energy` does")],
        false => predicted,
    }
}

/// Counters overlap (a package holds its cores), so the one that saw most stands for all. Models differ, so their
/// figures are ends of an interval.
fn joules(estimates: &[EnergyEstimate]) -> Found {
    let of = |basis: &'static str| {
        estimates
            .iter()
            .filter(move |estimate| estimate.basis == basis)
            .filter_map(|found| Some((found.joules?, found.rests_on.as_str())))
    };
    if let Some((joules, counter)) = of("measured").max_by(|a, b| a.0.total_cmp(&b.0)) {
        let notes = vec![format!("by {counter}")];
        return Found { notes, ..Found::new(Known::Value(joules, None), Basis::Measured) };
    }
    let modelled: Vec<(f64, &str)> = of("modelled").collect();
    let Some((first, table)) = modelled.first() else {
        return Found::unknown("the energy is not known");
    };
    let ends =
        modelled.iter().fold([*first; 2], |[low, high], (joules, _)| [low.min(*joules), high.max(*joules)]);
    let notes = vec![format!("modelled, not measured: {table}")];
    Found { notes, ..Found::new(Known::Value(*first, Some(ends)), Basis::Predicted) }
}

/// Dollars per hour: of the configuration that a plan chose; where it chose none, of each.
pub(super) fn cost(report: &Report) -> Vec<Found> {
    let Some(plan) = &report.plan else {
        return vec![Found::unknown("there is no plan: `weigh plan` makes one, of a workload and a price")];
    };
    let chosen = plan.choice.and_then(|choice| plan.configurations.get(choice));
    let configurations: Vec<&Configuration> = match chosen {
        Some(chosen) => vec![chosen],
        None => plan.configurations.iter().collect(),
    };
    let found: Vec<Found> = configurations.into_iter().map(hourly).collect();
    if found.is_empty() { vec![Found::unknown("the plan has no configuration")] } else { found }
}

fn hourly(configuration: &Configuration) -> Found {
    let known = match configuration.cost.filter(|_| configuration.cost_is_daily) {
        Some(cost) => Known::Value(cost / 24.0, configuration.cost_ci.map(|ends| ends.map(|end| end / 24.0))),
        None => Known::Unknown("the plan has no cost per day: it needs --price and items per day".to_owned()),
    };
    let name = Some(configuration.name.clone()).filter(|name| !name.is_empty());
    Found { configuration: name, ..Found::new(known, configuration.basis.unwrap_or(Basis::Computed)) }
}

/// The part of all nodes that could be priced.
pub(super) fn coverage(report: &Report) -> Vec<Found> {
    let share = report.coverage.as_ref().filter(|coverage| coverage.nodes > 0);
    let known = match share {
        Some(coverage) => Known::Value(coverage.priced as f64 / coverage.nodes as f64, None),
        None => Known::Unknown("the report does not tell how many nodes the totals cover".to_owned()),
    };
    vec![Found::new(known, Basis::Computed)]
}

/// What sets a measured configuration apart from the others: `batch 8, 2 threads`; nothing where it is alone.
pub(super) fn measured_name(rows: &[Measurement], index: usize) -> Option<String> {
    type Part = fn(&Measurement) -> Option<String>;
    let parts: [Part; 6] = [
        |row| Some(row.engine.name.clone()),
        |row| row.provider.clone(),
        |row| row.optimization.as_ref().map(|level| format!("opt {level}")),
        |row| row.threads.map(|threads| format!("{threads} threads")),
        |row| row.streams.map(|streams| format!("{streams} streams")),
        |row| row.batch.map(|batch| format!("batch {batch}")),
    ];
    distinct(rows, index, &parts)
}

/// The same of predictions: `a100-80gb, fp16, batch 8`.
pub(super) fn predicted_name(rows: &[Prediction], index: usize) -> Option<String> {
    type Part = fn(&Prediction) -> Option<String>;
    let parts: [Part; 4] = [
        |row| Some(row.device.clone()),
        |row| row.engine.clone(),
        |row| Some(row.dtype.clone()),
        |row| row.batch.map(|batch| format!("batch {batch}")),
    ];
    distinct(rows, index, &parts)
}

fn distinct<T>(rows: &[T], index: usize, parts: &[fn(&T) -> Option<String>]) -> Option<String> {
    let row = rows.get(index).filter(|_| rows.len() > 1)?;
    let differs = |part: &&fn(&T) -> Option<String>| rows.iter().any(|other| part(other) != part(row));
    let words: Vec<String> = parts.iter().filter(differs).filter_map(|part| part(row)).collect();
    Some(if words.is_empty() { format!("configuration {}", index + 1) } else { words.join(", ") })
}
