//! What was measured or is predicted. Only like is divided by like: two measurements of this machine, or two predictions
//! for one device. A measurement against a prediction is no ratio, and says so.

use weigh_report::Report;
use weigh_report::report::{
    Basis, Comparison, ComparisonVerdict, EnergyEstimate, Interval, Measurement, Prediction,
};

use super::ratio;

/// A metric that takes a run, or a prediction of one.
pub(super) struct Timed {
    pub(super) name: &'static str,
    pub(super) more_is_better: bool,
    /// Whether another batch makes it another thing.
    by_batch: bool,
    measured: fn(&Measurement) -> Option<Figure>,
    predicted: fn(&Prediction) -> Option<Figure>,
}

/// A value with its interval, where it has one.
#[derive(Clone, Copy, Debug)]
struct Figure {
    value: f64,
    ci: Option<Interval>,
}

/// The metrics, in the order of documents: milliseconds of the median, samples per second, millijoules of one sample.
pub(super) const METRICS: [Timed; 3] = [
    Timed {
        name: "latency",
        more_is_better: false,
        by_batch: true,
        measured: |run| {
            let stage = run.stages.total.as_ref().or(run.stages.inference.as_ref())?;
            Some(Figure { value: stage.p50_ms?, ci: stage.p50_ci_ms })
        },
        predicted: |prediction| {
            Some(Figure { value: prediction.predicted_ms?, ci: prediction.predicted_ci_ms })
        },
    },
    Timed {
        name: "throughput",
        more_is_better: true,
        by_batch: false,
        measured: |run| {
            let throughput = run.throughput.as_ref()?;
            Some(Figure { value: throughput.per_second?, ci: throughput.ci })
        },
        predicted: |prediction| Some(Figure { value: prediction.throughput_per_second?, ci: None }),
    },
    Timed {
        name: "energy",
        more_is_better: false,
        by_batch: false,
        measured: |run| {
            let is_measured = |estimate: &&EnergyEstimate| estimate.basis == "measured";
            let joules = run.energy.iter().find(is_measured)?.joules?;
            Some(Figure { value: joules * 1e3, ci: None })
        },
        predicted: |prediction| Some(Figure { value: prediction.energy_mj?, ci: None }),
    },
];

/// This machine among the devices of predictions.
const THIS: &str = "this";

/// How far a ratio of times may be from 1 and still count as equal.
const BAND: f64 = 0.01;

/// One metric of two reports: once for this machine, and once for each other device that one of them is predicted for.
pub(super) fn comparisons(metric: &Timed, a: &Report, b: &Report) -> Vec<Comparison> {
    let mut devices: Vec<&str> = Vec::new();
    for prediction in
        a.predictions.iter().chain(&b.predictions).filter(|prediction| prediction.device != THIS)
    {
        if !devices.contains(&prediction.device.as_str()) {
            devices.push(&prediction.device);
        }
    }
    let elsewhere = devices.into_iter().filter_map(|device| predicted(metric, a, b, device));
    here(metric, a, b).into_iter().chain(elsewhere).collect()
}

/// Measured if both are, else predicted if both are.
fn here(metric: &Timed, a: &Report, b: &Report) -> Option<Comparison> {
    let runs = runs(metric, a, b);
    let both = |pair: &Option<Comparison>| {
        pair.as_ref().is_some_and(|pair| pair.a_value.is_some() && pair.b_value.is_some())
    };
    let measured = measured(metric, runs, a, b);
    if both(&measured) {
        return measured;
    }
    let predicted = predicted(metric, a, b, THIS);
    if both(&predicted) {
        return predicted;
    }
    match (measured, predicted) {
        (Some(measured), Some(predicted)) => {
            let (a_value, b_value) =
                (measured.a_value.or(predicted.a_value), measured.b_value.or(predicted.b_value));
            let is_mixed = a_value.is_some() && b_value.is_some();
            let words = match measured.a_value.is_some() {
                true => "no ratio: predicted against the baseline's measurement",
                false => "no ratio: measured against the baseline's prediction",
            };
            let notes = if is_mixed { vec![words.to_owned()] } else { measured.notes };
            // What b's value rests on.
            let basis = if measured.b_value.is_some() { Basis::Measured } else { Basis::Predicted };
            let (a_ci, b_ci) = (measured.a_ci.or(predicted.a_ci), measured.b_ci.or(predicted.b_ci));
            Some(Comparison { a_value, b_value, a_ci, b_ci, basis: Some(basis), notes, ..predicted })
        }
        (measured, predicted) => measured.or(predicted),
    }
}

fn measured(
    metric: &Timed,
    (a_run, b_run): (Option<&Measurement>, Option<&Measurement>),
    a: &Report,
    b: &Report,
) -> Option<Comparison> {
    let figures = [a_run.and_then(metric.measured), b_run.and_then(metric.measured)];
    let mut found = blank(metric, figures, Basis::Measured)?;
    let (Some(a_run), Some(b_run)) = (a_run, b_run) else { return Some(found) };
    found.processes = a_run.processes.min(b_run.processes);
    let machines = machines(a, b);
    found.notes.extend(machines.as_ref().map(|(a, b)| format!("measured on {b}; the baseline on {a}")));
    found.notes.extend(settings(a_run, b_run));
    if metric.by_batch && a_run.batch != b_run.batch {
        return Some(Comparison { ratio: None, ci: None, ..found });
    }
    divide(&mut found, figures);
    if found.ci.is_some() {
        found.notes.push("not interleaved: measured apart, the intervals taken as independent".to_owned());
    }
    if machines.is_none() {
        (found.verdict, found.band) = (verdict(metric, found.ci), found.ci.map(|_| BAND));
    }
    Some(found)
}

/// The machines of two reports, where they differ.
fn machines(a: &Report, b: &Report) -> Option<(String, String)> {
    let cpu = |report: &Report| report.environment.as_ref()?.cpu.clone();
    cpu(a).zip(cpu(b)).filter(|(a, b)| a != b)
}

fn predicted(metric: &Timed, a: &Report, b: &Report, device: &str) -> Option<Comparison> {
    let on =
        |prediction: &&Prediction| prediction.device == device && (metric.predicted)(prediction).is_some();
    let (in_a, in_b) = pair(
        &a.predictions.iter().filter(on).collect::<Vec<_>>(),
        &b.predictions.iter().filter(on).collect::<Vec<_>>(),
        |a, b| (a.batch, a.training, &a.dtype) == (b.batch, b.training, &b.dtype),
    );
    let figures = [in_a.and_then(metric.predicted), in_b.and_then(metric.predicted)];
    let mut found = blank(metric, figures, Basis::Predicted)?;
    found.device = Some(device.to_owned());
    // What has no price takes time all the same.
    let is_least = |report: &Report| report.totals.as_ref().is_some_and(|totals| !totals.complete.compute);
    (found.a_is_lower_bound, found.b_is_lower_bound) = (is_least(a), is_least(b));
    let (Some(in_a), Some(in_b)) = (in_a, in_b) else { return Some(found) };
    let dtypes =
        (in_a.dtype != in_b.dtype).then(|| format!("in {}; the baseline in {}", in_b.dtype, in_a.dtype));
    found.notes.extend(dtypes);
    if let Some((a, b)) = machines(a, b).filter(|_| device == THIS) {
        found.notes.push(format!("no ratio: predicted for {b}; the baseline for {a}"));
        return Some(found);
    }
    if in_a.training != in_b.training {
        found.notes.push("no ratio: a training step against an inference".to_owned());
        return Some(found);
    }
    if in_a.batch != in_b.batch {
        found.notes.push(batches(in_a.batch, in_b.batch));
    }
    if metric.by_batch && in_a.batch != in_b.batch {
        return Some(found);
    }
    if found.a_is_lower_bound || found.b_is_lower_bound {
        found.notes.push("no ratio: operators without a price take time too".to_owned());
        return Some(found);
    }
    divide(&mut found, figures);
    if found.ci.is_some() {
        found
            .notes
            .push("the intervals are taken as independent: too wide where errors are shared".to_owned());
    }
    Some(found)
}

/// Both values; `None` where neither is known.
fn blank(metric: &Timed, [a, b]: [Option<Figure>; 2], basis: Basis) -> Option<Comparison> {
    let words = match (a, b) {
        (None, None) => return None,
        (Some(_), Some(_)) => None,
        (None, _) => Some("the baseline's is not known".to_owned()),
        (_, None) => Some("not known".to_owned()),
    };
    Some(Comparison {
        metric: metric.name.to_owned(),
        a_value: a.map(|figure| figure.value),
        b_value: b.map(|figure| figure.value),
        a_ci: a.and_then(|figure| figure.ci),
        b_ci: b.and_then(|figure| figure.ci),
        basis: Some(basis),
        notes: words.into_iter().collect(),
        ..Comparison::default()
    })
}

fn divide(found: &mut Comparison, [a, b]: [Option<Figure>; 2]) {
    let Some((a, b)) = a.zip(b).filter(|(a, _)| a.value > 0.0) else { return };
    found.ratio = Some(b.value / a.value);
    found.ci = a.ci.zip(b.ci).and_then(|(in_a, in_b)| ratio::interval((a.value, in_a), (b.value, in_b)));
}

/// What an interval of the ratio says about b. Energy is neither fast nor slow.
fn verdict(metric: &Timed, ci: Option<Interval>) -> Option<ComparisonVerdict> {
    let [low, high] = ci.filter(|_| metric.name != "energy")?;
    let (below, above) = match metric.more_is_better {
        false => (ComparisonVerdict::Faster, ComparisonVerdict::Slower),
        true => (ComparisonVerdict::Slower, ComparisonVerdict::Faster),
    };
    Some(match (low, high) {
        (low, high) if low >= 1.0 - BAND && high <= 1.0 + BAND => ComparisonVerdict::Same,
        (_, high) if high < 1.0 => below,
        (low, _) if low > 1.0 => above,
        _ => ComparisonVerdict::Unclear,
    })
}

/// The runs to compare: at the same setting where there are such, else the first of each that has the metric.
fn runs<'r>(
    metric: &Timed,
    a: &'r Report,
    b: &'r Report,
) -> (Option<&'r Measurement>, Option<&'r Measurement>) {
    let usable = |run: &&Measurement| run.scenario.is_none() && (metric.measured)(run).is_some();
    let of = |report: &'r Report| report.measurements.iter().filter(usable).collect::<Vec<_>>();
    pair(&of(a), &of(b), |a, b| settings(a, b).is_none())
}

/// The first two that are alike, else the first of each.
fn pair<'r, T>(a: &[&'r T], b: &[&'r T], alike: impl Fn(&T, &T) -> bool) -> (Option<&'r T>, Option<&'r T>) {
    let both = a.iter().find_map(|in_a| Some((*in_a, *b.iter().find(|in_b| alike(in_a, in_b))?)));
    match both {
        Some((a, b)) => (Some(a), Some(b)),
        None => (a.first().copied(), b.first().copied()),
    }
}

/// What differs between the settings of two runs; `None` where nothing does.
fn settings(a: &Measurement, b: &Measurement) -> Option<String> {
    let engine = |run: &Measurement| {
        format!("{} {}", run.engine.name, run.engine.version.as_deref().unwrap_or_default()).trim().to_owned()
    };
    let small = |name: &str, value: Option<u32>| {
        format!("{} {name}", value.map_or("?".to_owned(), |value| value.to_string()))
    };
    let words = |run: &Measurement| {
        [
            engine(run),
            run.provider.clone().unwrap_or_default(),
            format!("optimization {}", run.optimization.as_deref().unwrap_or("?")),
            small("threads", run.threads),
            small("streams", run.streams),
        ]
    };
    let (of_a, of_b) = (words(a), words(b));
    let mut differing: Vec<String> = of_a
        .iter()
        .zip(&of_b)
        .filter(|(a, b)| a != b)
        .map(|(a, b)| format!("{b}; the baseline {a}"))
        .collect();
    if a.batch != b.batch {
        differing.push(batches(a.batch, b.batch));
    }
    (!differing.is_empty()).then(|| differing.join(", "))
}

fn batches(a: Option<u64>, b: Option<u64>) -> String {
    let said = |batch: Option<u64>| batch.map_or("?".to_owned(), |batch| batch.to_string());
    format!("at batch {}; the baseline at {}", said(b), said(a))
}
