//! Techniques that store or compute in fewer bits.
//!
//! What a file takes is what the quantiser would write, to the byte ([`quantized_skeleton`]); it is really written where it
//! is to be run. What a graph takes that is computed in another type altogether is counted on the retyped graph.

use std::path::Path;

use weigh_analysis::analyze;
use weigh_ir::{DType, Expr};
use weigh_report::Count;
use weigh_report::report::Quantization;
use weigh_rewrite::with_dtype;

use super::ground::{Changed, Ground, Runnable, Tried};
use super::price::{Candidate, Target, Way};
use crate::quantize::quantized_skeleton;
use crate::{Opened, QuantizeRequest, WeightType, open, quantize};

/// Everything in 16 bits.
pub(super) fn fp16(ground: &Ground<'_>) -> Vec<Tried> {
    vec![half(ground, WeightType::F16, DType::F16)]
}

/// The same with the range of 32 bits.
pub(super) fn bf16(ground: &Ground<'_>) -> Vec<Tried> {
    vec![half(ground, WeightType::Bf16, DType::BF16)]
}

/// A file of 16-bit weights, and on a device that computes in 16 bits what that makes of activations and time.
fn half(ground: &Ground<'_>, weights: WeightType, dtype: DType) -> Tried {
    let request = QuantizeRequest::of(weights);
    if !matches!(ground.target, Target::Device(_)) {
        return stored_in(ground, &request, Some(dtype));
    }
    let file = match File::of(ground, &request) {
        Ok(file) => file,
        Err(why) => return Tried::refused(why),
    };
    let command = file.command(ground);
    match computed_in(ground, dtype) {
        Ok(mut changed) => {
            changed.before.costs.bytes = file.before;
            changed.after.costs.bytes = Some(file.bytes);
            changed.runnable = file.runnable;
            let dtype = dtype.name();
            changed.notes.push(format!("activations in {dtype} too, where the runtime computes in it"));
            Tried::changed(changed).by(command)
        }
        Err(why) => Tried::refused(why),
    }
}

/// Weights in 8 bits.
pub(super) fn int8_weights(ground: &Ground<'_>) -> Vec<Tried> {
    vec![stored_in(ground, &QuantizeRequest::of(WeightType::I8), Some(DType::I8))]
}

/// Weights in 4 bits.
pub(super) fn int4_weights(ground: &Ground<'_>) -> Vec<Tried> {
    vec![stored_in(ground, &QuantizeRequest::of(WeightType::I4), Some(DType::I4))]
}

/// Weights in 8 bits and activations too, as they come.
pub(super) fn int8_dynamic(ground: &Ground<'_>) -> Vec<Tried> {
    let request = QuantizeRequest { dynamic: true, ..QuantizeRequest::of(WeightType::I8) };
    vec![stored_in(ground, &request, None)]
}

/// Everything in 8 bits, with scales that were found beforehand.
pub(super) fn int8_static(ground: &Ground<'_>) -> Vec<Tried> {
    let on = match ground.target {
        Target::Device(device) => device.id(),
        _ => "DEVICE",
    };
    vec![match computed_in(ground, DType::I8) {
        Ok(mut changed) => {
            changed.notes.push("scales and what runtimes leave in float32 come on top".to_owned());
            Tried::changed(changed).by(format!("weigh predict {} --on {on} --dtype int8", ground.named()))
        }
        Err(why) => Tried::refused(why),
    }]
}

/// A file, with weights of this type where they are widened as they are read.
fn stored_in(ground: &Ground<'_>, request: &QuantizeRequest, weights: Option<DType>) -> Tried {
    match File::of(ground, request) {
        Ok(file) => file.row(ground, weights),
        Err(why) => Tried::refused(why),
    }
}

/// The graph in another type: its sizes, and the time on a device that computes in it. No engine here does.
fn computed_in(ground: &Ground<'_>, dtype: DType) -> Result<Changed, String> {
    let made = with_dtype(ground.model(), &ground.facts, &ground.options, dtype);
    let facts = made.map_err(|refusal| refusal.to_string())?.facts;
    let own = Candidate { dtype: Some(dtype), facts: &facts, ..ground.candidate() };
    let (after, note) = match ground.target {
        Target::This { .. } => {
            let note = format!("no engine here computes in {}: no time is known", dtype.name());
            (Target::Nowhere.price(&own, Way::Engine), Some(note))
        }
        _ => (ground.target.price(&own, Way::Engine), None),
    };
    Ok(Changed { notes: note.into_iter().collect(), ..Changed::new(ground.before.clone(), after) })
}

/// A file that the quantiser would write, or has written.
struct File {
    request: QuantizeRequest,
    opened: Opened,
    quantization: Quantization,
    bytes: Count,
    before: Option<Count>,
    runnable: Option<Runnable>,
}

impl File {
    /// Written where it is to be run, else only planned.
    fn of(ground: &Ground<'_>, request: &QuantizeRequest) -> Result<File, String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let planned = quantized_skeleton(ground.opened, request).map_err(|error| told(&error))?;
        let mut quantization = planned.quantization;
        let is_changed = |tensor: &&weigh_report::report::QuantizedTensor| tensor.kept.is_none();
        if quantization.tensors.iter().filter(is_changed).count() == 0 {
            let why = quantization.tensors.iter().find_map(|tensor| tensor.kept.clone());
            let why = why.or(quantization.notes.first().cloned());
            return Err(why.unwrap_or_else(|| "no weight could be stored otherwise".to_owned()));
        }
        let is_run = ground.request.measure.is_some() || matches!(ground.target, Target::This { .. });
        let mut runnable = None;
        if is_run {
            let folder = tempfile::Builder::new().prefix("weigh-").tempdir().map_err(|error| told(&error))?;
            let file = folder.path().join("model.onnx");
            quantization = quantize(ground.opened, request, &file, &|_| ()).map_err(|error| told(&error))?;
            runnable = Some(Runnable {
                opened: read(&file)?,
                options: ground.options.clone(),
                has_weights: true,
                _folder: Some(folder),
            });
        }
        let count = |bytes: u64| i64::try_from(bytes).ok().map(Count::from);
        let bytes = count(quantization.file_bytes.unwrap_or(quantization.planned_bytes));
        Ok(File {
            request: request.clone(),
            opened: planned.opened,
            bytes: bytes.ok_or("the file would be larger than any")?,
            before: count(bytes_before(&quantization)),
            quantization,
            runnable,
        })
    }

    /// What it takes, with weights of this type where they are widened as they are read.
    fn row(self, ground: &Ground<'_>, weights: Option<DType>) -> Tried {
        let facts = match analyze(&self.opened.model, &ground.options) {
            Ok(facts) => facts,
            Err(error) => return Tried::refused(error.to_string()),
        };
        let timed = match (ground.target, &self.runnable) {
            (Target::Device(_), _) if weights.is_some() => Candidate { weights, ..ground.candidate() },
            (Target::This { .. }, Some(written)) => {
                Candidate { opened: &written.opened, ..ground.candidate() }
            }
            _ => Candidate { opened: &self.opened, ..ground.candidate() },
        };
        let mut after = ground.target.price(&Candidate { facts: &facts, ..timed }, Way::Engine);
        after.costs.bytes = Some(self.bytes.clone());
        // They are the model's parameters still, however they are stored.
        after.costs.parameters = ground.before.costs.parameters.clone();
        if weights.is_some() {
            after.costs.bytes_moved = self.bytes_moved(ground);
        }
        let mut before = ground.before.clone();
        before.costs.bytes = self.before.clone();
        let (notes, command) = (self.notes(ground, weights), self.command(ground));
        let runnable = self.runnable;
        Tried::changed(Changed { notes, runnable, ..Changed::new(before, after) }).by(command)
    }

    /// Bytes moved where kernels read weights as they are stored, each once; tables are read by rows.
    fn bytes_moved(&self, ground: &Ground<'_>) -> Option<Count> {
        let read = self.quantization.tensors.iter().filter(|tensor| !tensor.reader.starts_with("Gather"));
        let saved: u64 = read.map(|tensor| tensor.bytes_before.saturating_sub(tensor.bytes)).sum();
        let before = ground.before.costs.bytes_moved.as_ref()?;
        Some(Count(&before.0 - &Expr::Int(i64::try_from(saved).ok()?)))
    }

    fn notes(&self, ground: &Ground<'_>, weights: Option<DType>) -> Vec<String> {
        let tensors = &self.quantization.tensors;
        let done = tensors.iter().filter(|tensor| tensor.kept.is_none()).count();
        let mut notes = Vec::new();
        if let Some(kept) = tensors.iter().find_map(|tensor| Some((tensor, tensor.kept.as_ref()?))) {
            let (tensor, why) = kept;
            notes.push(format!("{done} of {} weights; '{}' stays: {why}", tensors.len(), tensor.tensor));
        }
        let worst = tensors.iter().filter_map(|tensor| tensor.rms_error).fold(f64::NAN, f64::max);
        if worst.is_finite() {
            notes.push(format!("weights are off by {:.2} % (root mean square) at most", worst * 100.0));
        }
        match (ground.target, weights) {
            (Target::Device(_), Some(_)) => {
                notes.push("expected of kernels that widen weights as they read them".to_owned());
            }
            (Target::Nowhere, Some(_)) => {
                notes.push(
                    "a runtime that widens weights when it loads them needs the memory of float32".to_owned(),
                );
            }
            _ => {}
        }
        notes
    }

    /// The command that writes it.
    fn command(&self, ground: &Ground<'_>) -> String {
        let dynamic = if self.request.dynamic { " --dynamic" } else { "" };
        let weights = &self.quantization.weights;
        let name =
            Path::new(&ground.opened.name).file_stem().map_or("model".into(), |stem| stem.to_string_lossy());
        let path = &ground.opened.path;
        format!("weigh quantize {path} --weights {weights}{dynamic} -o {name}-{weights}.onnx")
    }
}

/// Bytes of the model's file; of a model of the zoo, of the file with weights that it would be.
fn bytes_before(quantization: &Quantization) -> u64 {
    let unchanged = quantization.planned_bytes.saturating_add(quantization.stored_bytes_before);
    quantization.file_bytes_before.unwrap_or(unchanged.saturating_sub(quantization.stored_bytes))
}

fn read(file: &Path) -> Result<Opened, String> {
    open(&file.to_string_lossy()).map_err(|error| error.to_string())
}
