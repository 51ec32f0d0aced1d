//! What every output says of a prediction: what it is for, what it rests on, what limits it, whether it fits, and the
//! energy.

use weigh_ir::units;

use weigh_ir::units::joules;

use super::numbers::{rate, time};
use crate::report::{Bound, BoundShare, EnergyEstimate, Fit, PredictedBatch, Prediction, PredictionBasis};

/// Something that a prediction is for.
pub(super) struct Setting {
    /// Its title in a table.
    pub(super) title: &'static str,
    /// Whether its values are numbers.
    pub(super) number: bool,
    /// Its value in a table.
    pub(super) value: fn(&Prediction) -> Option<String>,
    /// Its value among other facts, e.g. `2 threads`.
    pub(super) fact: fn(&Prediction) -> Option<String>,
}

/// All of them, in the order in which they are shown.
pub(super) const SETTINGS: [Setting; 5] = [
    Setting {
        title: "engine",
        number: false,
        value: |prediction| prediction.engine.clone(),
        fact: |prediction| prediction.engine.clone(),
    },
    Setting {
        title: "threads",
        number: true,
        value: |prediction| prediction.threads.map(|threads| threads.to_string()),
        fact: |prediction| match prediction.threads? {
            1 => Some("1 thread".to_owned()),
            threads => Some(format!("{threads} threads")),
        },
    },
    Setting { title: "dtype", number: false, value: dtype, fact: dtype },
    Setting {
        title: "batch",
        number: true,
        value: |prediction| prediction.batch.map(|batch| batch.to_string()),
        fact: |prediction| prediction.batch.map(|batch| format!("batch {batch}")),
    },
    Setting {
        title: "of",
        number: false,
        value: |prediction| Some(if prediction.training { "training step" } else { "inference" }.to_owned()),
        fact: |prediction| prediction.training.then(|| "a whole training step".to_owned()),
    },
];

fn dtype(prediction: &Prediction) -> Option<String> {
    (!prediction.dtype.is_empty()).then(|| prediction.dtype.clone())
}

impl Setting {
    /// Whether the predictions differ in it.
    pub(super) fn varies<'a>(&self, predictions: impl IntoIterator<Item = &'a Prediction>) -> bool {
        let mut values = predictions.into_iter().map(self.value);
        let first = values.next();
        values.any(|value| Some(value) != first)
    }
}

/// What the predictions have in common, as facts: the device too where it is one.
pub(super) fn common(predictions: &[Prediction]) -> Vec<String> {
    let title = match predictions {
        [only] => only.title.clone(),
        _ => None,
    };
    let alike = SETTINGS.iter().filter(|setting| !setting.varies(predictions));
    title.into_iter().chain(alike.filter_map(|setting| (setting.fact)(predictions.first()?))).collect()
}

/// All there is to say of what a prediction is for, in one line, the device first.
pub(super) fn title(prediction: &Prediction) -> String {
    let title = prediction.title.as_deref().unwrap_or_else(|| device(prediction)).to_owned();
    let facts = SETTINGS.iter().filter_map(|setting| (setting.fact)(prediction));
    std::iter::once(title).chain(facts).collect::<Vec<_>>().join(", ")
}

/// What to call the device.
pub(super) fn device(prediction: &Prediction) -> &str {
    if prediction.device == "this" { "this machine" } else { &prediction.device }
}

/// What limits a time, in a word.
pub(super) fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Compute => "compute",
        Bound::Memory => "memory",
        Bound::Overhead => "overhead",
    }
}

/// What an expected time rests on, in a word or two.
pub(super) fn basis(basis: PredictionBasis) -> &'static str {
    match basis {
        PredictionBasis::Calibrated => "calibrated",
        PredictionBasis::DeviceClass => "device class",
    }
}

/// The same as a sentence.
pub(super) fn rests_on(basis: PredictionBasis) -> &'static str {
    match basis {
        PredictionBasis::Calibrated => {
            "calibrated: the engine's kernels were timed on this machine; the interval is meant for 95 %"
        }
        PredictionBasis::DeviceClass => {
            "device class: published ceilings, and what engines reach of such; the interval is a factor of two"
        }
    }
}

/// What the theoretical time is.
pub(super) const THEORETICAL: &str = "FLOPs / peak FLOPS: a bound, not an expectation";

/// What the roofline's time is.
pub(super) const ROOFLINE: &str = "what arithmetic or memory allow at best, a bound too";

/// Whether something fits, in words.
pub(super) fn fits(fits: bool) -> &'static str {
    if fits { "fits" } else { "too large" }
}

/// Where the time goes: `compute 71 %`, `memory 20 %`, `overhead 9 %`.
pub(super) fn by_bound(shares: &[BoundShare]) -> Vec<String> {
    let total: f64 = shares.iter().map(|share| share.ms).sum();
    let part = |share: &BoundShare| match share.ms / total * 100.0 {
        percent if percent > 0.0 && percent < 1.0 => format!("{} < 1 %", bound(share.bound)),
        percent => format!("{} {percent:.0} %", bound(share.bound)),
    };
    if total > 0.0 { shares.iter().map(part).collect() } else { Vec::new() }
}

/// The largest batches: `batch 64 in memory`, `batch 4 within 100 ms`.
pub(super) fn largest(prediction: &Prediction) -> Vec<String> {
    let in_memory = prediction.largest_batch_in_memory.map(|batch| format!("batch {batch} in memory"));
    let limit = prediction.latency_limit_ms;
    let in_time = match (prediction.largest_batch_in_time, limit) {
        (Some(batch), Some(limit)) => Some(format!("batch {batch} within {}", time(limit))),
        (Some(batch), None) => Some(format!("batch {batch} in time")),
        (None, Some(limit)) => Some(format!("no known batch within {}", time(limit))),
        (None, None) => None,
    };
    in_memory.into_iter().chain(in_time).collect()
}

/// Why there is no expectation at some batches: each reason once, with these batches.
pub(super) fn missing(batches: &[PredictedBatch]) -> Vec<(&str, String)> {
    let mut gathered: Vec<(&str, String)> = Vec::new();
    for batch in batches {
        let Some(reason) = batch.reason.as_deref() else { continue };
        match gathered.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, sizes)) => sizes.push_str(&format!(", {}", batch.batch)),
            None => gathered.push((reason, batch.batch.to_string())),
        }
    }
    gathered
}

/// Each note once, with the devices that it is about where it is not about all of them.
pub(super) fn notes(predictions: &[Prediction]) -> Vec<String> {
    let mut gathered: Vec<(&str, Vec<&Prediction>)> = Vec::new();
    for prediction in predictions {
        for note in &prediction.notes {
            match gathered.iter_mut().find(|(known, _)| known == note) {
                Some((_, about)) => about.push(prediction),
                None => gathered.push((note, vec![prediction])),
            }
        }
    }
    let named = |(note, about): (&str, Vec<&Prediction>)| {
        let mut devices: Vec<&str> = about.iter().map(|prediction| device(prediction)).collect();
        devices.dedup();
        let all = about.len() >= predictions.len();
        if all { note.to_owned() } else { format!("{}: {note}", devices.join(", ")) }
    };
    gathered.into_iter().map(named).collect()
}

/// The memory there is.
pub(super) fn room(fit: &Fit) -> Vec<String> {
    let bytes = |bytes: Option<u64>, what: &str| bytes.map(|bytes| format!("{} {what}", size(bytes)));
    [
        bytes(fit.usable_bytes, "usable"),
        bytes(fit.flash_bytes, "flash for weights"),
        bytes(fit.ram_bytes, "memory for activations"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The first change that is enough.
pub(super) fn sufficient(fit: &Fit) -> Option<usize> {
    fit.remedies.iter().position(|remedy| remedy.fits == Some(true))
}

/// Bytes to spare, or missing: `+3.210 MiB`, `-1.500 MiB`.
pub(super) fn margin(bytes: i64) -> String {
    let sign = if bytes > 0 { "+" } else { "" };
    format!("{sign}{}", units::bytes(bytes as f64))
}

/// An exact size as people read it.
pub(super) fn size(bytes: u64) -> String {
    units::bytes(bytes as f64)
}

/// Whether energy was measured or modelled; nothing else passes for either.
pub(super) fn energy_basis(estimate: &EnergyEstimate) -> &'static str {
    match estimate.basis.as_str() {
        "measured" => "measured",
        "modelled" => "modelled",
        _ => "unknown",
    }
}

/// Titles of the figures of energy.
pub(super) const ENERGY: [&str; 4] = ["per inference", "inferences/Wh", "battery", "CO2e of a million"];

/// These figures.
pub(super) fn energy(estimate: &EnergyEstimate) -> [String; 4] {
    let at = |hours: f64| match estimate.rate_per_second {
        Some(per_second) => format!("{} at {}/s", hour(hours), rate(per_second)),
        None => hour(hours),
    };
    [
        estimate.joules.map_or("?".to_owned(), joules),
        estimate.inferences_per_watt_hour.map(rate).unwrap_or_default(),
        estimate.battery_hours.map(at).unwrap_or_default(),
        estimate.grams_co2e_per_million.map(grams).unwrap_or_default(),
    ]
}

fn hour(hours: f64) -> String {
    format!("{} h", rate(hours))
}

fn grams(grams: f64) -> String {
    match grams.abs() {
        grams if grams >= 1e6 => format!("{} t", rate(grams / 1e6)),
        grams if grams >= 1e3 => format!("{} kg", rate(grams / 1e3)),
        _ => format!("{} g", rate(grams)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_all_kernels() {
        // 14.2, 4 and 0.1 of 18.3 ms: 77.6 %, 21.9 % and 0.5 %.
        let share = |bound, ms| BoundShare { bound, kernels: 1, ms };
        let shares = [share(Bound::Compute, 14.2), share(Bound::Memory, 4.0), share(Bound::Overhead, 0.1)];
        assert_eq!(by_bound(&shares), ["compute 78 %", "memory 22 %", "overhead < 1 %"]);
        assert!(by_bound(&[share(Bound::Compute, 0.0)]).is_empty());
    }

    #[test]
    fn a_limit_that_no_batch_meets_is_said() {
        let mut prediction = Prediction { largest_batch_in_memory: Some(64), ..Prediction::default() };
        assert_eq!(largest(&prediction), ["batch 64 in memory"]);
        prediction.latency_limit_ms = Some(5.0);
        assert_eq!(largest(&prediction), ["batch 64 in memory", "no known batch within 5.00 ms"]);
        prediction.largest_batch_in_time = Some(2);
        assert_eq!(largest(&prediction), ["batch 64 in memory", "batch 2 within 5.00 ms"]);
    }

    #[test]
    fn only_a_measurement_is_called_one() {
        let estimate = |basis: &str| EnergyEstimate { basis: basis.into(), ..EnergyEstimate::default() };
        assert_eq!(energy_basis(&estimate("measured")), "measured");
        assert_eq!(energy_basis(&estimate("measured?")), "unknown");
        assert_eq!(energy(&estimate("modelled"))[0], "?");
    }
}
