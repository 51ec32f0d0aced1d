//! A model written with its weights in fewer bits, or only priced so.
//!
//! [`quantize`] writes the file, [`quantized_skeleton`] gives the same graph with exact sizes and no weights. Both go
//! through one [`Plan`], so that what is said beforehand is what is written.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use weigh_formats::onnx::Weights;
use weigh_formats::onnx::quantize::{Beside, Plan, QuantizeError, Request, Row, WeightType};
use weigh_formats::{FormatError, Surroundings};

use weigh_measure::fleet::{Campaign, Launcher};
use weigh_measure::worker::Difference;
use weigh_report::report::{NotFolded, Quantization, QuantizedTensor};

use crate::benchmark::SEED;
use crate::files::{self, CANNOT_WRITE, NoBytes, Unfinished, with_ending};
use crate::open::is_beside;
use crate::{Opened, Options, Setting, Subject};

/// Why there is no quantised model.
#[derive(Debug, thiserror::Error)]
pub enum NotQuantized {
    /// The model's file cannot be had.
    #[error(transparent)]
    Source(#[from] NoBytes),
    /// It cannot be rewritten so.
    #[error(transparent)]
    Plan(#[from] QuantizeError),
    /// The file cannot be written.
    #[error("cannot write the model")]
    Write(#[from] io::Error),
    /// What was planned is no readable model, which is a fault of this program.
    #[error("the rewritten model cannot be read back")]
    Skeleton(#[source] FormatError),
}

impl NotQuantized {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            NotQuantized::Source(error) => error.hint(),
            NotQuantized::Plan(error) => error.hint(),
            NotQuantized::Write(_) => CANNOT_WRITE,
            NotQuantized::Skeleton(_) => "this is a fault of weigh: please report it with the model",
        }
    }
}

/// A model as it would be written: its graph with exact types and sizes, and no weights.
#[derive(Debug)]
pub struct QuantizedSkeleton {
    /// The model, to be analysed.
    pub opened: Opened,
    /// What became of each weight, and the sizes. No weight was read, so that errors are unknown.
    pub quantization: Quantization,
}

/// What the model would be, without reading a weight or writing a file. Bytes are those of the real file.
///
/// # Errors
/// See [`NotQuantized`].
pub fn quantized_skeleton(opened: &Opened, request: &Request) -> Result<QuantizedSkeleton, NotQuantized> {
    let source = files::bytes(opened, Weights::Declared)?;
    let plan = Plan::new(&source, request)?;
    let skeleton = plan.skeleton()?;
    let external_size = |_: &str| Some(u64::MAX);
    let model = weigh_formats::read(&skeleton, &Surroundings { external_size: &external_size })
        .map_err(NotQuantized::Skeleton)?;
    let quantization = described(&plan, plan.rows(), opened, request, DEFAULT_BESIDE);
    let opened = Opened {
        path: opened.path.clone(),
        name: opened.name.clone(),
        model,
        file: None,
        file_bytes: Some(quantization.planned_bytes),
    };
    Ok(QuantizedSkeleton { opened, quantization })
}

/// A name of usual length for the second file of a model that is only priced.
const DEFAULT_BESIDE: &str = "model.onnx.data";

/// Writes the model to a file, which appears only when it is complete. Weights that one file cannot hold go into a
/// second, whose name ends in `.data`. `tell` hears what share of the bytes is written, by hundredths.
///
/// # Errors
/// See [`NotQuantized`].
pub fn quantize(
    opened: &Opened,
    request: &Request,
    to: &Path,
    tell: &dyn Fn(f64),
) -> Result<Quantization, NotQuantized> {
    let source = files::bytes(opened, Weights::Random { seed: SEED })?;
    let plan = Plan::new(&source, request)?;
    let folder = opened.file.as_deref().and_then(Path::parent).unwrap_or(Path::new("."));
    let external = |name: &str, offset: u64, length: u64| external(folder, name, offset, length);
    let beside = with_ending(to, ".data");
    let name = beside.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut model = Unfinished::new(to)?;
    let mut data = if plan.is_split() { Some(Unfinished::new(&beside)?) } else { None };
    let progress = Progress { written: Cell::new(0), of: plan.file_bytes(&name).max(1), tell };
    let mut first = Counted { out: &mut model.out, progress: &progress };
    let mut other = data.as_mut().map(|data| Counted { out: &mut data.out, progress: &progress });
    let second = other.as_mut().map(|out| Beside { name: &name, out });
    let written = plan.write(&external, &mut first, second)?;
    let mut quantization = described(&plan, &written.rows, opened, request, &name);
    if let Some(data) = data {
        data.finish()?;
        quantization.path_beside = Some(beside.display().to_string());
    }
    model.finish()?;
    quantization.path = Some(to.display().to_string());
    quantization.stored_bytes = written.stored_bytes;
    quantization.file_bytes = Some(written.file_bytes.saturating_add(written.bytes_beside));
    Ok(quantization)
}

/// How far the outputs of two models are apart on the same random inputs, run by one engine. Errors are reasons.
///
/// # Errors
/// One of the two cannot be run.
pub fn output_difference(
    launcher: &Launcher,
    models: [&Opened; 2],
    options: &Options,
    setting: &Setting,
) -> Result<Difference, String> {
    let subject = |opened| Subject::new(opened, options, None).map_err(|error| error.to_string());
    let (a, b) = (subject(models[0])?, subject(models[1])?);
    let prepared = |subject: &Subject<'_>| subject.prepare(setting, &Campaign::default().warm_up());
    let (before, after) = (prepared(&a)?, prepared(&b)?);
    let compared = launcher.start().and_then(|mut worker| worker.difference(&before.setup, &after.setup));
    compared.map_err(|failure| failure.to_string())
}

/// So many bytes of a file beside the model.
fn external(folder: &Path, name: &str, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    if !is_beside(name) {
        return Err(io::Error::other("it is not beside the model"));
    }
    let mut file = File::open(folder.join(name))?;
    let size = file.metadata()?.len();
    if offset.checked_add(length).is_none_or(|end| end > size) {
        let problem = format!("it has {size} bytes, {length} are needed at {offset}");
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem));
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How much of a model is written, and who hears of it.
struct Progress<'a> {
    written: Cell<u64>,
    of: u64,
    tell: &'a dyn Fn(f64),
}

impl Progress<'_> {
    fn add(&self, bytes: usize) {
        let hundredths = |written: u64| u128::from(written) * 100 / u128::from(self.of);
        let before = self.written.get();
        let now = before.saturating_add(bytes as u64);
        self.written.set(now);
        if hundredths(now) != hundredths(before) {
            (self.tell)(now as f64 / self.of as f64);
        }
    }
}

/// A file whose bytes are counted as they are written.
struct Counted<'a> {
    out: &'a mut BufWriter<File>,
    progress: &'a Progress<'a>,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.progress.add(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What the plan says, as reports say it.
fn described(
    plan: &Plan<'_>,
    rows: &[Row],
    opened: &Opened,
    request: &Request,
    name_of_second: &str,
) -> Quantization {
    let (stored_bytes_before, stored_bytes) = plan.stored_bytes();
    let (operator_set_before, operator_set) = plan.operator_set();
    let mut notes = Vec::new();
    if rows.is_empty() {
        notes.push(
            "there are no weights to store otherwise: those that nodes make take no room, and integers stay as they are"
                .to_owned(),
        );
    }
    Quantization {
        weights: type_name(request.weights).to_owned(),
        dynamic: request.dynamic,
        file_bytes_before: opened.file_bytes,
        planned_bytes: plan.file_bytes(name_of_second),
        stored_bytes_before,
        stored_bytes,
        operator_set_before,
        operator_set,
        tensors: rows.iter().map(tensor).collect(),
        folded: plan.folded().collect(),
        not_folded: plan
            .not_folded()
            .iter()
            .map(|(node, reason)| NotFolded { node: node.clone(), reason: reason.clone() })
            .collect(),
        notes,
        ..Quantization::default()
    }
}

fn tensor(row: &Row) -> QuantizedTensor {
    QuantizedTensor {
        tensor: row.tensor.clone(),
        reader: row.reader.clone(),
        from: row.from.to_string(),
        to: row.to.to_string(),
        elements: row.elements,
        bytes_before: row.bytes_before,
        bytes: row.bytes_after,
        kept: row.kept.clone(),
        note: row.note.clone(),
        max_error: row.error.map(|error| error.max),
        rms_error: row.error.map(|error| error.rms),
        sqnr_db: row.error.and_then(|error| error.sqnr_db()),
    }
}

/// A type as the command line spells it.
fn type_name(weights: WeightType) -> &'static str {
    match weights {
        WeightType::F32 => "fp32",
        WeightType::F16 => "fp16",
        WeightType::Bf16 => "bf16",
        WeightType::I8 => "int8",
        WeightType::I4 => "int4",
    }
}

/// A report with the model's name and what became of its weights, and none of its other facts.
pub fn describe_quantization(
    opened: &Opened,
    facts: &crate::Analysis,
    quantization: Quantization,
) -> crate::Report {
    let described = crate::describe(opened, facts);
    crate::Report { model: described.model, quantization: Some(quantization), ..crate::Report::default() }
}
