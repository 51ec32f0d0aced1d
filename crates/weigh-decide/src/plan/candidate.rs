//! The ways of doing the work: each measurement and each prediction of a report is one.

use weigh_report::Report;
use weigh_report::report::{Basis, EnergyEstimate, Interval, Measurement, PredictedBatch, Prediction};

/// One way of doing the work, on servers that are all alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is called: model, engine or device, batch.
    pub name: String,
    /// The engine, where it ran or would run here.
    pub engine: Option<String>,
    /// The device; `this` for this machine.
    pub device: Option<String>,
    /// Element type computed in.
    pub dtype: Option<String>,
    /// Samples of one inference at most; at least 1.
    pub batch: u64,
    /// Inferences that a server works on at the same time; at least 1.
    pub streams: u64,
    /// What its speed rests on.
    pub basis: Basis,
    /// How fast a server is, or why that is not known or cannot be.
    pub speed: Result<Speed, NoSpeed>,
    /// What an hour of a server costs.
    pub price: Option<Price>,
    /// What an item takes.
    pub energy: Option<ItemEnergy>,
    /// Watts that a server takes when it has nothing to do.
    pub idle_watts: Option<f64>,
    /// What to know about it.
    pub notes: Vec<String>,
}

/// Why a way of doing the work has no speed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoSpeed {
    /// It is not known.
    #[error("{0}")]
    Unknown(String),
    /// It cannot be done that way.
    #[error("{0}")]
    Impossible(String),
}

/// How fast one server is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Items per second when it never waits.
    pub per_second: f64,
    /// Its interval.
    pub ci: Option<Interval>,
    /// Standard deviation of the time of an inference; `None` where it is not known, and then none is assumed.
    pub stddev_ms: Option<f64>,
    /// The measured 99th percentile of the time of an inference.
    pub p99_ms: Option<f64>,
}

/// Dollars per hour and server.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// Dollars.
    pub per_h: f64,
    /// Where that is from.
    pub source: String,
}

/// The energy of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemEnergy {
    /// Joules.
    pub joules: f64,
    /// Whether that is all a server takes while it works, and not only what work adds.
    pub is_all: bool,
    /// What it rests on.
    pub basis: Basis,
    /// The counter, the table or the power that it is from.
    pub source: String,
}

impl Candidate {
    /// A server of that speed, of which nothing else is known.
    pub fn given(name: impl Into<String>, batch: u64, speed: Speed) -> Candidate {
        Candidate {
            name: name.into(),
            engine: None,
            device: None,
            dtype: None,
            batch: batch.max(1),
            streams: 1,
            basis: Basis::Given,
            speed: checked(speed),
            price: None,
            energy: None,
            idle_watts: None,
            notes: Vec::new(),
        }
    }

    /// The time of one inference in milliseconds at so many items per second: streams · batch / rate.
    pub(super) fn service_ms(&self, per_second: f64) -> f64 {
        self.streams as f64 * self.batch as f64 / per_second * 1e3
    }

    /// What the energy is where a server takes so many watts at work.
    pub fn set_power(&mut self, watts: f64) {
        if let Ok(speed) = &self.speed {
            self.energy = Some(ItemEnergy {
                joules: watts / speed.per_second,
                is_all: true,
                basis: Basis::Given,
                source: format!("{} at work", weigh_ir::units::watts(watts)),
            });
        }
    }
}

/// Speeds that a machine can have.
fn checked(speed: Speed) -> Result<Speed, NoSpeed> {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    if !positive(speed.per_second) {
        return Err(NoSpeed::Unknown(format!("{} items a second are no speed", speed.per_second)));
    }
    let ci = speed.ci.filter(|[low, high]| {
        positive(*low) && high.is_finite() && *low <= speed.per_second && speed.per_second <= *high
    });
    let stddev_ms = speed.stddev_ms.filter(|stddev| stddev.is_finite() && *stddev >= 0.0);
    Ok(Speed { ci, stddev_ms, ..speed })
}

/// Every measurement and prediction of a report, in its order.
pub fn candidates(report: &Report) -> Vec<Candidate> {
    let model = report.model.as_ref().map_or("", |model| &model.name);
    let measured = report.measurements.iter().filter(|run| run.scenario.is_none());
    let measured = measured.map(|run| of_measurement(model, run));
    let predicted = report.predictions.iter().filter(|prediction| !prediction.training);
    measured.chain(predicted.flat_map(|prediction| of_prediction(model, prediction))).collect()
}

fn of_measurement(model: &str, run: &Measurement) -> Candidate {
    let batch = run.batch.unwrap_or(1).max(1);
    let streams = u64::from(run.streams.unwrap_or(1).max(1));
    let stage = run.stages.total.as_ref().or(run.stages.inference.as_ref());
    let throughput = run.throughput.as_ref().and_then(|found| Some((found.per_second?, found.ci)));
    let by_mean = || {
        let mean = stage?.mean_ms.filter(|mean| *mean > 0.0)?;
        Some(((batch * streams) as f64 / mean * 1e3, None))
    };
    let speed = match (&run.failed, throughput.or_else(by_mean)) {
        (Some(reason), _) => Err(NoSpeed::Unknown(format!("not measured: {reason}"))),
        (None, None) => Err(NoSpeed::Unknown("not measured".to_owned())),
        (None, Some((per_second, ci))) => {
            let (stddev_ms, p99_ms) = stage.map(|stage| (stage.stddev_ms, stage.p99_ms)).unwrap_or_default();
            checked(Speed { per_second, ci, stddev_ms, p99_ms })
        }
    };
    let mut words = vec![model.to_owned(), run.engine.name.clone()];
    words.extend(run.provider.clone().filter(|provider| provider != "cpu"));
    words.extend(
        run.optimization.as_ref().filter(|level| *level != "all").map(|level| format!("opt {level}")),
    );
    words.extend(run.threads.map(|threads| format!("{threads} threads")));
    words.extend((streams > 1).then(|| format!("{streams} streams")));
    words.push(format!("batch {batch}"));
    Candidate {
        engine: Some(run.engine.name.clone()),
        device: Some("this".to_owned()),
        streams,
        basis: Basis::Measured,
        speed,
        energy: energy(&run.energy),
        ..nameless(&words, batch)
    }
}

/// The prediction's own batch, unless it is among those that were tried, and these.
fn of_prediction(model: &str, prediction: &Prediction) -> Vec<Candidate> {
    let is_own = |tried: &PredictedBatch| Some(tried.batch) == prediction.batch;
    let own = PredictedBatch {
        batch: prediction.batch.unwrap_or(1).max(1),
        predicted_ms: prediction.predicted_ms,
        predicted_ci_ms: prediction.predicted_ci_ms,
        fits: prediction.fits,
        ..PredictedBatch::default()
    };
    let alone = (!prediction.batches.iter().any(is_own)).then_some(&own);
    let all = alone.into_iter().chain(&prediction.batches);
    all.map(|tried| of_batch(model, prediction, tried)).collect()
}

fn of_batch(model: &str, prediction: &Prediction, tried: &PredictedBatch) -> Candidate {
    let batch = tried.batch.max(1);
    let rate = |ms: f64| batch as f64 / ms * 1e3;
    let speed = match (tried.fits.or(prediction.fits), tried.predicted_ms) {
        (Some(false), _) => {
            Err(NoSpeed::Impossible("does not fit into the memory of that device".to_owned()))
        }
        (_, None) => {
            let reason = tried.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Err(NoSpeed::Unknown(format!("not predicted{reason}")))
        }
        (_, Some(ms)) => checked(Speed {
            per_second: rate(ms),
            ci: tried.predicted_ci_ms.map(|[low, high]| [rate(high), rate(low)]),
            stddev_ms: None,
            p99_ms: None,
        }),
    };
    let mut words = vec![model.to_owned()];
    let engine = prediction.engine.clone().filter(|_| prediction.device == "this");
    words.push(engine.unwrap_or_else(|| prediction.device.clone()));
    words.extend([prediction.dtype.clone(), format!("batch {batch}")]);
    // The energy is of the prediction's own batch.
    let energies: &[EnergyEstimate] = if Some(batch) == prediction.batch { &prediction.energy } else { &[] };
    Candidate {
        engine: prediction.engine.clone(),
        device: Some(prediction.device.clone()),
        dtype: Some(prediction.dtype.clone()),
        basis: Basis::Predicted,
        speed,
        energy: energy(energies),
        ..nameless(&words, batch)
    }
}

fn nameless(words: &[String], batch: u64) -> Candidate {
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    let speed = Speed { per_second: 1.0, ci: None, stddev_ms: None, p99_ms: None };
    Candidate::given(words.join(" · "), batch, speed)
}

/// The energy to count on: of what counters measured the largest part (counters of parts do not add up to the
/// machine, and some count each other), or else the first of the models. Measured is what an inference adds to an idle
/// machine; a power is all.
fn energy(estimates: &[EnergyEstimate]) -> Option<ItemEnergy> {
    let known = || estimates.iter().filter_map(|estimate| Some((estimate, estimate.joules?)));
    let measured = known().filter(|(estimate, _)| estimate.basis == "measured");
    let (estimate, joules) = measured.max_by(|a, b| a.1.total_cmp(&b.1)).or_else(|| known().next())?;
    Some(ItemEnergy {
        joules,
        is_all: estimate.rests_on.contains(" W, ") && estimate.basis != "measured",
        basis: if estimate.basis == "measured" { Basis::Measured } else { Basis::Predicted },
        source: estimate.rests_on.clone(),
    })
}

#[cfg(test)]
mod tests {
    use weigh_report::report::{Model, StageTime, Stages, Throughput};

    use super::*;

    fn report() -> Report {
        let stage = StageTime { mean_ms: Some(40.0), stddev_ms: Some(2.0), ..StageTime::default() };
        let run = Measurement {
            batch: Some(8),
            streams: Some(2),
            samples: 100,
            stages: Stages { total: Some(stage), ..Stages::default() },
            throughput: Some(Throughput {
                per_second: Some(400.0),
                ci: Some([390.0, 410.0]),
                unit: "samples".into(),
            }),
            ..Measurement::default()
        };
        let failed = Measurement { failed: Some("out of memory".into()), ..Measurement::default() };
        let tried = |batch, ms| PredictedBatch { batch, predicted_ms: Some(ms), ..PredictedBatch::default() };
        let prediction = Prediction {
            device: "t4".into(),
            dtype: "float16".into(),
            batch: Some(1),
            predicted_ms: Some(2.0),
            predicted_ci_ms: Some([1.0, 4.0]),
            batches: vec![tried(4, 5.0)],
            ..Prediction::default()
        };
        Report {
            model: Some(Model { name: "m".into(), ..Model::default() }),
            measurements: vec![run, failed],
            predictions: vec![prediction],
            ..Report::default()
        }
    }

    #[test]
    fn a_report_has_as_many_ways_as_measurements_and_predicted_batches() {
        let found = candidates(&report());
        assert_eq!(found.len(), 4);
        // Two streams of 8 in 400 a second: 40 ms each.
        assert_eq!(found[0].service_ms(400.0), 40.0);
        assert_eq!(found[0].speed.as_ref().unwrap().stddev_ms, Some(2.0));
        assert_eq!(found[1].speed.as_ref().unwrap_err().to_string(), "not measured: out of memory");
        assert_eq!(found[2].name, "m · t4 · float16 · batch 1");
        // 2 ms [1, 4]: 500/s [250, 1000].
        let speed = found[2].speed.as_ref().unwrap();
        assert_eq!((speed.per_second, speed.ci), (500.0, Some([250.0, 1000.0])));
        assert_eq!(found[3].speed.as_ref().unwrap().per_second, 800.0);
    }

    #[test]
    fn what_was_measured_goes_before_what_was_modelled() {
        let of = |basis: &str, joules, rests_on: &str| EnergyEstimate {
            basis: basis.into(),
            joules: Some(joules),
            rests_on: rests_on.into(),
            ..EnergyEstimate::default()
        };
        let found = energy(&[
            of("modelled", 9.0, "70 W, for 5 ms"),
            of("measured", 2.0, "package"),
            of("measured", 1.0, "memory"),
        ]);
        let found = found.unwrap();
        assert_eq!((found.joules, found.is_all, found.basis), (2.0, false, Basis::Measured));
        assert!(energy(&[of("modelled", 9.0, "70 W, for 5 ms")]).unwrap().is_all);
        assert_eq!(energy(&[]), None);
    }
}
