//! A model on a device of the table.

use weigh_analysis::training::{Recipe, train};
use weigh_analysis::{Analysis, AnalysisError, Options, analyze};
use weigh_hardware::Device;
use weigh_ir::units::si;
use weigh_ir::{DType, Expr, Symbol};
use weigh_predict::demand::at_batches;
use weigh_predict::device_class::{INTERVAL_FACTOR, Reach, reach, time};
use weigh_predict::fit::{fit, largest_batch};
use weigh_predict::roofline::{Bound, Limits};
use weigh_predict::{Kernel, Kernels, Workload};
use weigh_report::{Count, report};

use super::{LARGEST_BATCH, PredictionRequest, ceilings, memory};
use crate::Opened;
use crate::benchmark::batch_symbol;
use crate::energy;

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
pub enum NoPrediction {
    /// The model cannot be analysed at a batch.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// Most of it has no price until these dims are bound.
    #[error("{0} is unbound: bind with --dim {0}=N")]
    Unbound(Symbol),
}

/// What a model would take on a device: one prediction, or with several batches one for each.
///
/// # Errors
/// See [`NoPrediction`].
pub fn on_device(
    opened: &Opened,
    options: &Options,
    device: &Device,
    request: &PredictionRequest,
) -> Result<Vec<report::Prediction>, NoPrediction> {
    let facts = analyze(&opened.model, options)?;
    let symbol = batch_symbol(&facts);
    let own = crate::benchmark::batch(&facts);
    let batches: Vec<Option<u64>> = match request.batches.as_slice() {
        [] => vec![own],
        given => given.iter().map(|batch| Some(*batch)).collect(),
    };
    let subject = Subject { opened, options, device, request, symbol, own };
    batches.into_iter().map(|batch| subject.predict(batch)).collect()
}

/// One model on one device.
struct Subject<'a> {
    opened: &'a Opened,
    options: &'a Options,
    device: &'a Device,
    request: &'a PredictionRequest,
    symbol: Option<Symbol>,
    own: Option<u64>,
}

/// What there is to compute.
struct Arithmetic {
    flops: Option<f64>,
    /// How often the work of the forward pass that is.
    factor: f64,
    /// The peak of memory in a training step.
    peak_bytes: Option<u64>,
}

/// The expected time of all kernels.
struct Timed {
    us: f64,
    roofline_us: f64,
    kernels: Vec<(Kernel, f64, f64, f64, Bound)>,
}

impl Subject<'_> {
    fn predict(&self, batch: Option<u64>) -> Result<report::Prediction, NoPrediction> {
        let (facts, mut notes) = self.at(batch)?;
        let batch = if self.symbol.is_some() { batch } else { self.own };
        let kernels = self.kernels(&facts);
        let is_least = !kernels.unknown.is_empty();
        if let (true, Some(symbol)) = (is_least, facts.unbound.first()) {
            return Err(NoPrediction::Unbound(symbol.clone()));
        }
        if is_least {
            notes
                .push(format!("{} node(s) have no price: the times are lower bounds", kernels.unknown.len()));
        }
        let dtype = self.dtype(&kernels);
        let Arithmetic { flops, factor: step, peak_bytes } = self.arithmetic(&facts, batch, &mut notes)?;
        let reach = reach(self.device.class());
        let peak = self.device.peak(dtype);
        if let Some(peak) = peak.filter(|peak| peak.widened) {
            notes.push(format!("{dtype} is computed in {} there", peak.precision.name()));
        }
        let limits = Limits::of_device(self.device, dtype);
        if limits.is_none() {
            notes.push(match peak {
                None => format!("no rate of {dtype} is known for it"),
                Some(_) => "its bandwidth is not known".to_owned(),
            });
        }
        let timed = limits.as_ref().map(|limits| timed(kernels.kernels, limits, &reach, step));
        let theoretical_ms = flops.zip(peak).map(|(flops, peak)| flops / peak.flops() * 1e3);
        let ms = timed.as_ref().map(|timed| timed.us / 1e3);
        let limits_of_memory = memory::limits(self.device);
        let precision = memory::precision(self.request.dtype);
        let mut demand = at_batches(&self.opened.model, self.options, self.symbol.clone());
        let is_training = self.request.training;
        let asked = demand(batch, precision).filter(|_| !is_training);
        let found =
            (!is_training).then(|| memory::described(&limits_of_memory, precision, batch, &mut demand));
        let verdict = match is_training {
            true => peak_bytes.zip(limits_of_memory.usable_bytes).map(|(peak, usable)| peak <= usable),
            false => asked.as_ref().and_then(|asked| memory::fits(&fit(asked, &limits_of_memory))),
        };
        let largest = self.symbol.as_ref().filter(|_| !is_training).and_then(|_| {
            largest_batch(LARGEST_BATCH, &mut |batch| {
                memory::fits(&fit(&demand(Some(batch), precision)?, &limits_of_memory))
            })
        });
        // More than that is not known of a time that is a lower bound.
        let sure = ms.filter(|_| !is_least);
        let throughput = sure.zip(batch).map(|(ms, batch)| batch as f64 / ms * 1e3);
        if let Some((rate, most)) = self.request.rate.zip(throughput).filter(|(rate, most)| rate > most) {
            notes.push(format!("it cannot keep {rate} inferences a second: {most:.1} are expected at most"));
        }
        let in_time = self.largest_in_time(&limits);
        if let (Some(limit), true) = (self.request.limit_ms, self.request.batches.len() > 1) {
            let words = in_time.map_or_else(|| "none".to_owned(), |batch| batch.to_string());
            notes.push(format!("largest batch expected within {limit} ms: {words}"));
        }
        let by_bound = timed.as_ref().map(by_bound).unwrap_or_default();
        let measured_ms = self.request.measured_ms;
        Ok(report::Prediction {
            device: self.device.id().to_owned(),
            title: Some(self.device.title().to_owned()),
            dtype: dtype.name().to_owned(),
            batch,
            training: self.request.training,
            theoretical_ms,
            roofline_ms: timed.as_ref().map(|timed| timed.roofline_us / 1e3),
            predicted_ms: ms,
            predicted_ci_ms: sure.map(|ms| [ms / INTERVAL_FACTOR, ms * INTERVAL_FACTOR]),
            basis: ms.map(|_| report::PredictionBasis::DeviceClass),
            throughput_per_second: throughput,
            bound: main_bound(&by_bound),
            by_bound,
            fits: verdict,
            memory_bytes: asked.and_then(|asked| asked.total_bytes()).or(peak_bytes).map(count),
            fit: found,
            largest_batch_in_memory: largest,
            largest_batch_in_time: in_time,
            latency_limit_ms: self.request.limit_ms,
            measured_ms,
            efficiency: theoretical_ms.zip(measured_ms).map(|(theory, measured)| theory / measured),
            ceilings: limits.as_ref().zip(peak).map(|(limits, peak)| {
                let source = &peak.rate.dense.source;
                let rests_on = format!("{}: {}, {}", peak.rate.dense.basis.name(), source.title, source.date);
                ceilings::described(limits, self.device.title(), peak.precision.name(), &rests_on)
            }),
            layers: timed
                .as_ref()
                .zip(limits.as_ref())
                .map(|(timed, limits)| layers(timed, limits, step))
                .unwrap_or_default(),
            notes,
            ..report::Prediction::default()
        }
        .with_energy(self, timed.as_ref(), dtype, ms))
    }

    /// The facts at a batch. A batch that the file fixes is scaled in nothing: the prediction is of the file's own.
    fn at(&self, batch: Option<u64>) -> Result<(Analysis, Vec<String>), AnalysisError> {
        let mut options = self.options.clone();
        let mut notes = Vec::new();
        match (&self.symbol, batch.and_then(|batch| i64::try_from(batch).ok())) {
            (Some(symbol), Some(extent)) => {
                options.bindings.insert(symbol.clone(), extent);
            }
            (None, Some(_)) if batch != self.own => {
                let own = self.own.map_or_else(|| "no batch".to_owned(), |own| format!("batch {own}"));
                notes.push(format!("the file fixes its batch: predicted for {own}"));
            }
            _ => {}
        }
        Ok((analyze(&self.opened.model, &options)?, notes))
    }

    fn kernels(&self, facts: &Analysis) -> Kernels {
        let mut kernels = Kernels::fused(&self.opened.model, facts);
        if let Some(dtype) = self.request.dtype {
            for kernel in &mut kernels.kernels {
                kernel.work = kernel.work.in_dtype(dtype);
            }
        }
        if let Some(weights) = self.request.weights {
            for kernel in &mut kernels.kernels {
                kernel.work = kernel.work.with_weights(weights);
            }
        }
        kernels
    }

    /// The type that most multiply-accumulates are computed in.
    fn dtype(&self, kernels: &Kernels) -> DType {
        let most = |a: &&Kernel, b: &&Kernel| a.work.macs.total_cmp(&b.work.macs);
        let main = kernels.kernels.iter().max_by(most).and_then(|kernel| kernel.work.dtype());
        self.request.dtype.or(main).unwrap_or(DType::F32)
    }

    /// The arithmetic of an inference, or of a training step.
    fn arithmetic(
        &self,
        facts: &Analysis,
        batch: Option<u64>,
        notes: &mut Vec<String>,
    ) -> Result<Arithmetic, AnalysisError> {
        let number = |expr: &Expr| expr.as_int().map(|count| count as f64);
        let forward = number(&facts.totals.flops());
        if !self.request.training {
            return Ok(Arithmetic { flops: forward, factor: 1.0, peak_bytes: None });
        }
        let mut options = self.options.clone();
        if let (Some(symbol), Some(batch)) = (&self.symbol, batch.and_then(|batch| i64::try_from(batch).ok()))
        {
            options.bindings.insert(symbol.clone(), batch);
        }
        let training = train(&self.opened.model, &options, Recipe::default())?;
        let macs = &training.forward.macs + &training.backward_data.macs + &training.backward_weights.macs;
        let flops = number(&(macs * 2));
        let factor = flops.zip(forward).map_or(1.0, |(step, forward)| step / forward.max(1.0));
        notes.push(format!(
            "a training step with Adam in float32: {factor:.2} times the forward pass's FLOPs, and as many times its time"
        ));
        let peak_bytes = training.memory.as_ref().map(|memory| memory.bytes(&memory.stored.price));
        Ok(Arithmetic { flops, factor, peak_bytes })
    }

    fn largest_in_time(&self, limits: &Option<Limits>) -> Option<u64> {
        let (limit, limits) = (self.request.limit_ms?, limits.as_ref()?);
        self.symbol.as_ref()?;
        let reach = reach(self.device.class());
        largest_batch(LARGEST_BATCH, &mut |batch| {
            let (facts, _) = self.at(Some(batch)).ok()?;
            let factor = self.arithmetic(&facts, Some(batch), &mut Vec::new()).ok()?.factor;
            Some(timed(self.kernels(&facts).kernels, limits, &reach, factor).us / 1e3 <= limit)
        })
    }
}

trait WithEnergy {
    fn with_energy(self, subject: &Subject<'_>, timed: Option<&Timed>, dtype: DType, ms: Option<f64>)
    -> Self;
}

impl WithEnergy for report::Prediction {
    /// Estimates by the device's power, then by operations.
    fn with_energy(
        mut self,
        subject: &Subject<'_>,
        timed: Option<&Timed>,
        dtype: DType,
        ms: Option<f64>,
    ) -> Self {
        let device = subject.device;
        // What a step's backward pass moves is not known, and without a time nothing was added up.
        let works: Vec<&Workload> = timed
            .filter(|_| !subject.request.training)
            .iter()
            .flat_map(|timed| timed.kernels.iter().map(|(kernel, ..)| &kernel.work))
            .collect();
        let by_operations =
            if works.is_empty() { Vec::new() } else { energy::by_operations(&works, Some(dtype)) };
        let found = ms.and_then(|ms| energy::by_power(device, ms / 1e3)).into_iter().chain(by_operations);
        let samples = self.batch.unwrap_or(1);
        let found = found.filter_map(|energy| energy.each_of(samples));
        let battery = device.battery_watt_hours().map(|figure| figure.value);
        let idle = device.idle_watts().map(|figure| figure.value);
        let mut question = subject.request.energy(battery, idle);
        // A rate that it cannot keep drains no battery at that rate.
        question.rate =
            question.rate.filter(|rate| self.throughput_per_second.is_some_and(|most| *rate <= most));
        self.energy = found.map(|energy| energy::described(&energy, &question)).collect();
        self.energy_mj = self.energy.first().and_then(|first| first.joules).map(|joules| joules * 1e3);
        self
    }
}

fn timed(kernels: Vec<Kernel>, limits: &Limits, reach: &Reach, factor: f64) -> Timed {
    let weights: f64 = kernels.iter().map(|kernel| kernel.work.weight_bytes).sum();
    let mut timed = Timed { us: 0.0, roofline_us: 0.0, kernels: Vec::with_capacity(kernels.len()) };
    for kernel in kernels {
        let found = time(limits, reach, &kernel.work, weights);
        let (us, roofline) = (found.us * factor, found.attainable.us() * factor);
        timed.us += us;
        timed.roofline_us += roofline;
        timed.kernels.push((kernel, us, roofline, found.start_us, found.bound));
    }
    timed
}

fn by_bound(timed: &Timed) -> Vec<report::BoundShare> {
    shares(timed.kernels.iter().map(|(_, us, .., bound)| (*bound, *us)))
}

/// Time by what limits it, most first.
pub(super) fn shares(kernels: impl Iterator<Item = (Bound, f64)>) -> Vec<report::BoundShare> {
    let mut shares: Vec<report::BoundShare> = Vec::new();
    for (bound, us) in kernels {
        let bound = named(bound);
        match shares.iter_mut().find(|share| share.bound == bound) {
            Some(share) => {
                share.kernels += 1;
                share.ms += us / 1e3;
            }
            None => shares.push(report::BoundShare { bound, kernels: 1, ms: us / 1e3 }),
        }
    }
    shares.sort_by(|a, b| b.ms.total_cmp(&a.ms).then(a.bound.cmp(&b.bound)));
    shares
}

/// What most of the time is limited by.
pub(super) fn main_bound(shares: &[report::BoundShare]) -> Option<report::Bound> {
    shares.first().map(|share| share.bound)
}

pub(super) fn named(bound: Bound) -> report::Bound {
    match bound {
        Bound::Compute => report::Bound::Compute,
        Bound::Memory => report::Bound::Memory,
        Bound::Overhead => report::Bound::Overhead,
    }
}

fn layers(timed: &Timed, limits: &Limits, factor: f64) -> Vec<report::PredictedLayer> {
    let row = |(kernel, us, roofline, start, bound): &(Kernel, f64, f64, f64, Bound)| {
        let work = &kernel.work;
        report::PredictedLayer {
            name: kernel.name.clone(),
            op: kernel.op.clone(),
            kind: work.kind.clone(),
            predicted_ms: Some(us / 1e3),
            start_ms: Some(start / 1e3),
            theoretical_ms: Some(2.0 * work.macs * factor / limits.flops * 1e3),
            roofline_ms: Some(roofline / 1e3),
            intensity: intensity(work),
            share: Some(us / timed.us),
            bound: Some(named(*bound)),
            average: false,
        }
    };
    timed.kernels.iter().map(row).collect()
}

/// FLOPs for each byte moved; `None` where nothing moves.
pub(super) fn intensity(work: &Workload) -> Option<f64> {
    (work.bytes() > 0.0).then(|| 2.0 * work.macs / work.bytes())
}

pub(super) fn count(bytes: u64) -> Count {
    Count(i64::try_from(bytes).map_or(Expr::Invalid(weigh_ir::Invalid::Overflow), Expr::Int))
}

/// FLOPs, and bytes where they are known, on a device: no model is needed.
pub fn without_model(
    flops: f64,
    bytes: Option<f64>,
    device: &Device,
    request: &PredictionRequest,
) -> report::Prediction {
    let dtype = request.dtype.unwrap_or(DType::F32);
    let peak = device.peak(dtype);
    let theoretical_ms = peak.map(|peak| flops / peak.flops() * 1e3);
    let memory_ms = bytes.zip(device.bandwidth()).map(|(bytes, bandwidth)| bytes / bandwidth.value * 1e3);
    let roofline_ms = theoretical_ms.zip(memory_ms).map(|(compute, memory)| compute.max(memory));
    let mut notes = Vec::new();
    match peak {
        Some(peak) => {
            let figure = &peak.rate.dense;
            notes.push(format!(
                "{}FLOPs / {}FLOPS = {:.3} ms; {} peak by {}, {}",
                si(flops),
                si(figure.value),
                flops / figure.value * 1e3,
                peak.precision.name(),
                figure.source.title,
                figure.source.date
            ));
        }
        None => notes.push(format!("no rate of {dtype} is known for it")),
    }
    let bound = theoretical_ms.zip(memory_ms).map(|(compute, memory)| match memory > compute {
        true => report::Bound::Memory,
        false => report::Bound::Compute,
    });
    let bounds = roofline_ms.or(theoretical_ms).zip(request.measured_ms);
    if bounds.is_some_and(|(bound, measured)| measured < bound) {
        notes
            .push("the measured time is below the bound: check the FLOPs, the bytes, or the time".to_owned());
    }
    report::Prediction {
        device: device.id().to_owned(),
        title: Some(device.title().to_owned()),
        dtype: dtype.name().to_owned(),
        theoretical_ms,
        roofline_ms,
        bound,
        measured_ms: request.measured_ms,
        efficiency: theoretical_ms.zip(request.measured_ms).map(|(theory, measured)| theory / measured),
        notes,
        ..report::Prediction::default()
    }
}
