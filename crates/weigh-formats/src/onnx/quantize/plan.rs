//! What a rewritten model file is to be: how large, its skeleton, and writing it.

use std::collections::BTreeMap;
use std::io::Write;

use weigh_ir::DType;

use super::builder::Builder;
use super::encode::{self, Encoded, WeightError};
use super::file::{Beside, Content, Item, Layout, NOWHERE, NewTensor, Part, Placement, pad};
use super::fold::Fold;
use super::form::Form;
use super::source::Source;
use super::values::{self, External};
use super::{QuantizeError, Request};
use crate::onnx::MAX_BYTES;
use crate::protobuf::Writer;

/// What becomes of one weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The stored tensor.
    pub tensor: String,
    /// Who reads it first: operator and name.
    pub reader: String,
    /// Its type, and the one it gets.
    pub from: DType,
    /// The type it gets.
    pub to: DType,
    /// Its elements.
    pub elements: u64,
    /// Bytes, and bytes with scales after it.
    pub bytes_before: u64,
    /// Bytes of the new tensor and of its scales.
    pub bytes_after: u64,
    /// Why it stays as it is, if it does.
    pub kept: Option<String>,
    /// Why it did not get the type that was asked for, or is not computed with as asked for.
    pub note: Option<String>,
    /// How far it is from the original; known once it is written.
    pub error: Option<WeightError>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// What became of each weight.
    pub rows: Vec<Row>,
    /// Bytes of all its stored tensors.
    pub stored_bytes: u64,
    /// Bytes of the model file.
    pub file_bytes: u64,
    /// Bytes of the file beside it; 0 where there is none.
    pub bytes_beside: u64,
}

/// A weight that is stored otherwise.
pub(super) struct Weight {
    pub tensor: usize,
    pub fold: Option<usize>,
    pub form: Form,
    /// Its row, if it has one.
    pub row: Option<usize>,
}

/// A part of the model message.
pub(super) enum ModelPart {
    Copied(std::ops::Range<usize>),
    Made(Vec<u8>),
    Graph,
}

/// What a rewritten model file is to be.
pub struct Plan<'a> {
    pub(super) source: Source<'a>,
    pub(super) request: Request,
    pub(super) folds: Vec<Fold>,
    pub(super) not_folded: Vec<(String, String)>,
    pub(super) weights: Vec<Weight>,
    pub(super) rows: Vec<Row>,
    pub(super) head: Vec<ModelPart>,
    pub(super) parts: Vec<Part>,
    /// Bytes of stored tensors that are no longer there, and of new ones.
    pub(super) removed_bytes: u64,
    pub(super) added_bytes: u64,
    pub(super) opset: i64,
    pub(super) limit: u64,
}

impl<'a> Plan<'a> {
    /// Reads a model file and decides what becomes of its weights, of which none is looked at.
    ///
    /// # Errors
    /// See [`QuantizeError`].
    pub fn new(bytes: &'a [u8], request: &Request) -> Result<Plan<'a>, QuantizeError> {
        Builder::build(bytes, request, &BTreeMap::new())
    }

    /// What becomes of each tensor that is a weight or large.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The batch normalisations that are folded.
    pub fn folded(&self) -> impl Iterator<Item = String> + '_ {
        self.folds.iter().map(|fold| self.source.label(fold.normalization))
    }

    /// The batch normalisations that cannot be folded, and why.
    pub fn not_folded(&self) -> &[(String, String)] {
        &self.not_folded
    }

    /// The version of the standard's operators, before and after.
    pub fn operator_set(&self) -> (i64, i64) {
        (self.source.opset, self.opset)
    }

    /// Bytes of all stored tensors, before and after.
    pub fn stored_bytes(&self) -> (u64, u64) {
        let before = self.source.tensors.iter().map(|tensor| tensor.bytes).fold(0, u64::saturating_add);
        let after = before.saturating_sub(self.removed_bytes).saturating_add(self.added_bytes);
        (before, after)
    }

    /// Larger files are split: the weights go into a second one.
    pub fn with_limit(mut self, bytes: u64) -> Plan<'a> {
        self.limit = bytes.min(MAX_BYTES);
        self
    }

    /// Whether the weights need a second file.
    pub fn is_split(&self) -> bool {
        self.total(&Layout::of(&self.parts, Placement::Inline)) > self.limit
    }

    /// Bytes of the rewritten model, of both files where there are two, whose second has a name of this length.
    pub fn file_bytes(&self, name_of_second: &str) -> u64 {
        let layout = self.layout(name_of_second);
        self.total(&layout).saturating_add(layout.bytes_beside())
    }

    fn layout<'p>(&'p self, name_of_second: &'p str) -> Layout<'p> {
        let placement = if self.is_split() { Placement::Beside(name_of_second) } else { Placement::Inline };
        Layout::of(&self.parts, placement)
    }

    /// Bytes of the model file that has this graph.
    fn total(&self, layout: &Layout<'_>) -> u64 {
        let part = |part: &ModelPart| match part {
            ModelPart::Copied(range) => range.len() as u64,
            ModelPart::Made(bytes) => bytes.len() as u64,
            ModelPart::Graph => {
                let mut header = Writer::default();
                header.announce(7, layout.bytes());
                layout.bytes().saturating_add(header.0.len() as u64)
            }
        };
        self.head.iter().map(part).fold(0, u64::saturating_add)
    }

    /// The rewritten model with its weights declared as external data that is nowhere: exact types and sizes in a
    /// small file. A reader must be told that the file of external data has any size.
    ///
    /// # Errors
    /// None but of what cannot be in memory.
    pub fn skeleton(&self) -> Result<Vec<u8>, QuantizeError> {
        let mut out = Vec::new();
        let layout = Layout::of(&self.parts, Placement::Beside(NOWHERE));
        let nothing = |_: &str, _: u64, _: u64| Ok(Vec::new());
        self.model_file(&layout, &mut Data::new(self, &nothing), &mut out)?;
        Ok(out)
    }

    /// Writes the model; `external` reads external data of the source. Weights that turn out to have no such form
    /// (infinite, say) are kept as they are, and the rows say so.
    ///
    /// # Errors
    /// Weights that cannot be read, two files needed and no place for the second, and where `out` fails.
    pub fn write(
        &self,
        external: &External<'_>,
        out: &mut dyn Write,
        beside: Option<Beside<'_>>,
    ) -> Result<Written, QuantizeError> {
        let problems = self.problems(external)?;
        if problems.is_empty() {
            return self.write_all(external, out, beside);
        }
        let plan = Builder::build(self.source.bytes, &self.request, &problems)?.with_limit(self.limit);
        plan.write_all(external, out, beside)
    }

    /// The tensors whose weights have no such form, and why.
    fn problems(&self, external: &External<'_>) -> Result<BTreeMap<String, String>, QuantizeError> {
        let mut problems = BTreeMap::new();
        for weight in self.weights.iter().filter(|weight| weight.form != Form::F32) {
            let values = self.values(weight, external)?;
            if let (Some(why), Some(tensor)) =
                (encode::problem(&values, weight.form), self.source.tensors.get(weight.tensor))
            {
                problems.insert(tensor.name.to_owned(), why.to_owned());
            }
        }
        Ok(problems)
    }

    fn values(&self, weight: &Weight, external: &External<'_>) -> Result<Vec<f32>, QuantizeError> {
        match (weight.fold.and_then(|fold| self.folds.get(fold)), self.source.tensors.get(weight.tensor)) {
            (Some(fold), _) => fold.weight(&self.source, external),
            (None, Some(tensor)) => values::floats(tensor, external),
            (None, None) => Ok(Vec::new()),
        }
    }

    fn write_all(
        &self,
        external: &External<'_>,
        out: &mut dyn Write,
        beside: Option<Beside<'_>>,
    ) -> Result<Written, QuantizeError> {
        let name = beside.as_ref().map_or("", |beside| beside.name);
        let layout = self.layout(name);
        let mut data = Data::new(self, external);
        self.model_file(&layout, &mut data, out)?;
        if !layout.beside.is_empty() {
            let Some(beside) = beside else { return Err(QuantizeError::TooLarge(self.file_bytes(name))) };
            let mut at = 0;
            for (offset, tensor) in &layout.beside {
                pad(beside.out, at, *offset)?;
                beside.out.write_all(&data.of(tensor)?)?;
                at = offset.saturating_add(tensor.bytes);
            }
        }
        let mut rows = self.rows.clone();
        for (row, error) in data.errors {
            if let Some(row) = rows.get_mut(row) {
                row.error = Some(error);
            }
        }
        Ok(Written {
            rows,
            stored_bytes: self.stored_bytes().1,
            file_bytes: self.total(&layout),
            bytes_beside: layout.bytes_beside(),
        })
    }

    fn model_file(
        &self,
        layout: &Layout<'_>,
        data: &mut Data<'_, '_, 'a>,
        out: &mut dyn Write,
    ) -> Result<(), QuantizeError> {
        let source =
            |range: &std::ops::Range<usize>| self.source.bytes.get(range.clone()).unwrap_or_default();
        for part in &self.head {
            match part {
                ModelPart::Copied(range) => out.write_all(source(range))?,
                ModelPart::Made(bytes) => out.write_all(bytes)?,
                ModelPart::Graph => {
                    let mut header = Writer::default();
                    header.announce(7, layout.bytes());
                    out.write_all(&header.0)?;
                    for item in &layout.items {
                        match item {
                            Item::Copied(range) => out.write_all(source(range))?,
                            Item::Made(bytes) => out.write_all(bytes)?,
                            Item::Data(tensor) => out.write_all(&data.of(tensor)?)?,
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The data of new tensors; a weight and its scales are made at once.
struct Data<'p, 'e, 'a> {
    plan: &'p Plan<'a>,
    external: &'e External<'e>,
    last: Option<(usize, Encoded)>,
    errors: Vec<(usize, WeightError)>,
}

impl<'p, 'e, 'a> Data<'p, 'e, 'a> {
    fn new(plan: &'p Plan<'a>, external: &'e External<'e>) -> Data<'p, 'e, 'a> {
        Data { plan, external, last: None, errors: Vec::new() }
    }

    fn of(&mut self, new: &NewTensor) -> Result<Vec<u8>, QuantizeError> {
        let little_endian = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let data = match new.content {
            Content::Weight(weight) => {
                let encoded = self.encoded(weight)?;
                std::mem::take(&mut encoded.data)
            }
            Content::Scales(weight) => little_endian(&self.encoded(weight)?.scales),
            Content::Bias(fold) => match self.plan.folds.get(fold) {
                Some(fold) => little_endian(&fold.bias(&self.plan.source, self.external)?),
                None => Vec::new(),
            },
            Content::Stored(tensor) => match self.plan.source.tensors.get(tensor) {
                Some(tensor) => values::raw(tensor, self.external)?.into_owned(),
                None => Vec::new(),
            },
        };
        if data.len() as u64 == new.bytes {
            return Ok(data);
        }
        let problem = format!("{} bytes were made of it instead of {}", data.len(), new.bytes);
        Err(QuantizeError::Weights { tensor: new.name.clone(), problem })
    }

    /// A weight as it is stored. Its elements are asked for before its scales, and once.
    fn encoded(&mut self, index: usize) -> Result<&mut Encoded, QuantizeError> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != index) {
            let encoded = match self.plan.weights.get(index) {
                Some(weight) => {
                    let values = self.plan.values(weight, self.external)?;
                    let dims =
                        self.plan.source.tensors.get(weight.tensor).map_or(&[][..], |tensor| &tensor.dims);
                    let encoded = encode::encode(&values, dims, weight.form);
                    self.errors.extend(weight.row.map(|row| (row, encoded.error)));
                    encoded
                }
                None => Encoded::default(),
            };
            self.last = Some((index, encoded));
        }
        Ok(&mut self.last.get_or_insert_with(Default::default).1)
    }
}
