//! The tracks of a report: a measurement or a prediction each, its layers one after another.

use serde_json::{Map, Value};

use crate::render::{measured, predicted};
use crate::report::{Count, LayerTime, Measurement, PredictedLayer, Prediction, Report};

/// What is said of an event beside its name and time.
pub(super) type Arguments = Map<String, Value>;

/// Layers one after another.
pub(super) struct Track<'r> {
    /// What it is, in one line, and what its times rest on.
    pub(super) title: String,
    /// `measured` or `predicted`.
    pub(super) category: &'static str,
    /// The measurement that it shows, if it shows one.
    pub(super) run: Option<&'r Measurement>,
    pub(super) slices: Vec<Slice<'r>>,
}

/// One layer, from when to when in nanoseconds.
pub(super) struct Slice<'r> {
    pub(super) name: String,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    /// The names of the model's layers that it stands for.
    pub(super) layers: &'r [String],
    pub(super) args: Arguments,
}

/// The measurements whose layers were timed, then the predictions that have a time for each kernel.
pub(super) fn of(report: &Report) -> Vec<Track<'_>> {
    let measured = report.measurements.iter().map(measurement);
    let predicted = report.predictions.iter().map(prediction);
    measured.chain(predicted).filter(|track| !track.slices.is_empty()).collect()
}

fn measurement(run: &Measurement) -> Track<'_> {
    let slice = |time: &'_ LayerTime| Some((measured::layer_name(time), time.mean_ms?));
    let mut end = End::default();
    let slices = run.layers.iter().filter_map(|time| {
        let (name, ms) = slice(time)?;
        let (start_ns, end_ns) = end.after(ms)?;
        Some(Slice { name, start_ns, end_ns, layers: measured::covered(time), args: of_measured(time) })
    });
    Track {
        slices: slices.collect(),
        title: format!("measured, means over runs: {}", measured::title(run)),
        category: "measured",
        run: Some(run),
    }
}

fn of_measured(time: &LayerTime) -> Arguments {
    let mut args = Arguments::new();
    args.insert("op".to_owned(), time.op.as_str().into());
    match time.added {
        true => put(&mut args, "added", Some("by the engine: the model does not have it")),
        false => put(&mut args, "layers", Some(measured::covered(time).to_vec())),
    }
    put(&mut args, "mean_ms", time.mean_ms);
    put(&mut args, "share", time.share);
    put(&mut args, "macs", time.macs.as_ref().and_then(Count::number));
    put(&mut args, "bytes_moved", time.bytes_moved.as_ref().and_then(Count::number));
    put(&mut args, "gflops_per_s", time.gflops_per_s);
    put(&mut args, "gbytes_per_s", time.gbytes_per_s);
    args
}

fn prediction(prediction: &Prediction) -> Track<'_> {
    let mut end = End::default();
    let slices = prediction.layers.iter().filter_map(|kernel| {
        let (start_ns, end_ns) = end.after(kernel.predicted_ms?)?;
        let layers = std::slice::from_ref(&kernel.name);
        Some(Slice { name: kernel.name.clone(), start_ns, end_ns, layers, args: of_predicted(kernel) })
    });
    let basis = prediction.basis.map_or("on no known basis", predicted::basis);
    Track {
        slices: slices.collect(),
        title: format!("predicted, not measured ({basis}): {}", predicted::title(prediction)),
        category: "predicted",
        run: None,
    }
}

fn of_predicted(kernel: &PredictedLayer) -> Arguments {
    let mut args = Arguments::new();
    args.insert("op".to_owned(), kernel.op.as_str().into());
    args.insert("kind".to_owned(), kernel.kind.as_str().into());
    put(&mut args, "predicted_ms", kernel.predicted_ms);
    put(&mut args, "theoretical_ms", kernel.theoretical_ms);
    put(&mut args, "roofline_ms", kernel.roofline_ms);
    put(&mut args, "flops_per_byte", kernel.intensity);
    put(&mut args, "share", kernel.share);
    put(&mut args, "bound", kernel.bound.map(predicted::bound));
    if kernel.average {
        put(&mut args, "basis", Some("no kernel of that kind was timed: an average stands in"));
    }
    args
}

/// Puts what is known; an unknown is absent.
fn put(args: &mut Arguments, key: &str, value: Option<impl Into<Value>>) {
    args.extend(value.map(|value| (key.to_owned(), value.into())));
}

/// Where the last slice ended. Ends are rounded, not lengths, so that slices touch and their sum is that of the times.
#[derive(Default)]
struct End {
    ms: f64,
}

impl End {
    /// The place of a slice of this length; none for what is no length.
    fn after(&mut self, ms: f64) -> Option<(u64, u64)> {
        if !ms.is_finite() || ms < 0.0 {
            return None;
        }
        let start = self.ns();
        self.ms += ms;
        Some((start, self.ns()))
    }

    fn ns(&self) -> u64 {
        (self.ms * 1e6).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_touch_and_add_up() {
        let mut end = End::default();
        // A third of a nanosecond, three times: 0, 0, 1 when ends are rounded.
        let third = 1e-6 / 3.0;
        let places: Vec<_> = [third; 3].into_iter().filter_map(|ms| end.after(ms)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (1, 1)]);
        assert_eq!(end.after(-1.0), None);
        assert_eq!(end.after(f64::INFINITY), None);
        assert_eq!(end.after(2.0), Some((1, 2_000_001)));
    }
}
