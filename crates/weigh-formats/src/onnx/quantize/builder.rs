//! From choices to the parts of the new graph.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use weigh_ir::DType;

use super::choose::{self, Choice, Stored, Through};
use super::dynamic::Activation;
use super::file::{Content, NewTensor, Part};
use super::fold::{self, Fold};
use super::form::Form;
use super::nodes::Names;
use super::operator_set::{Later, WITH_AXIS, check_operator_set};
use super::plan::{ModelPart, Plan, Row, Weight};
use super::raise::Raise;
use super::source::{Origin, Reader, Source, StoredTensor};
use super::values;
use super::{QuantizeError, Request, WeightType};
use crate::onnx::MAX_BYTES;
use crate::onnx::copy::for_each_field;
use crate::onnx::read::{ModelProto, ValueInfo, standard_domain};
use crate::protobuf::{Message, Writer};

/// The version of the file format from which stored tensors need not be inputs, and that of 4-bit types.
const IR_VERSION: i64 = 4;
const IR_VERSION_I4: i64 = 10;
/// Smaller tensors stay in the model file, where they may decide shapes.
const SMALL_BYTES: u64 = 1024;

/// The names of a weight's new tensors.
#[derive(Clone, Debug)]
pub(super) struct New {
    pub data: String,
    /// Their name and dims.
    pub scales: Option<(String, Vec<i64>)>,
}

/// Makes a plan.
pub(super) struct Builder<'s, 'a> {
    pub(super) source: &'s Source<'a>,
    pub(super) choices: Vec<Choice>,
    pub(super) folds: &'s [Fold],
    pub(super) names: Names<'a>,
    pub(super) raise: Option<Raise>,
    pub(super) opset: i64,
    /// The new tensors of each stored tensor that has some.
    pub(super) new: HashMap<usize, New>,
    pub(super) weights: Vec<Weight>,
    pub(super) rows: Vec<Row>,
    pub(super) parts: Vec<Part>,
    removed_bytes: u64,
    added_bytes: u64,
    /// Tensors to be widened before a node.
    pub(super) widened: HashMap<usize, Vec<usize>>,
    pub(super) activations: HashMap<String, Activation>,
    /// Stored tensors that nobody reads any more.
    pub(super) dropped: HashSet<usize>,
}

impl<'s, 'a> Builder<'s, 'a> {
    pub fn build(
        bytes: &'a [u8],
        request: &Request,
        except: &BTreeMap<String, String>,
    ) -> Result<Plan<'a>, QuantizeError> {
        check(request)?;
        let source = Source::read(bytes)?;
        choose::check_skipped(&source, request)?;
        check_operator_set(&source, request)?;
        let mut names = Names::new(source.names.clone());
        let (folds, not_folded) =
            if request.fold_batch_norm { fold::find(&source, &mut names)? } else { Default::default() };
        let mut choices = Vec::new();
        for (index, tensor) in source.tensors.iter().enumerate() {
            let folded = folds.iter().any(|fold| fold.weight == index);
            choices.push(match except.get(tensor.name) {
                Some(why) if folded => {
                    Choice::As(Stored { form: Form::F32, through: Through::Nothing, note: Some(why.clone()) })
                }
                Some(why) => Choice::Kept(why.clone()),
                None => choose::choose(&source, request, tensor, folded)?,
            });
        }
        let later = Later::of(&choices, source.opset);
        let raise = later.map(|later| later.raise(&source)).transpose()?;
        let opset = raise.map_or(source.opset, |raise| raise.to);
        let mut builder = Builder {
            source: &source,
            choices,
            folds: &folds,
            names,
            raise,
            opset,
            new: HashMap::new(),
            weights: Vec::new(),
            rows: Vec::new(),
            parts: Vec::new(),
            removed_bytes: 0,
            added_bytes: 0,
            widened: HashMap::new(),
            activations: HashMap::new(),
            dropped: HashSet::new(),
        };
        builder.find_dropped();
        builder.name_new();
        builder.graph()?;
        let (weights, rows, parts) = (builder.weights, builder.rows, builder.parts);
        let (removed_bytes, added_bytes) = (builder.removed_bytes, builder.added_bytes);
        let head = head(&source, opset, weights.iter().any(|weight| matches!(weight.form, Form::I4 { .. })))?;
        let request = request.clone();
        Ok(Plan {
            source,
            request,
            folds,
            not_folded,
            weights,
            rows,
            head,
            parts,
            removed_bytes,
            added_bytes,
            opset,
            limit: MAX_BYTES,
        })
    }

    /// The parameters of folded normalisations, and the biases they go into.
    fn find_dropped(&mut self) {
        let gone: HashSet<(usize, usize)> = self
            .folds
            .iter()
            .flat_map(|fold| (0..5).map(|input| (fold.normalization, input)).chain([(fold.convolution, 2)]))
            .collect();
        for tensor in self.folds.iter().flat_map(|fold| fold.parameters.into_iter().chain(fold.bias)) {
            let Some(name) = self.source.tensors.get(tensor).map(|tensor| tensor.name) else { continue };
            let is_gone = |reader: &Reader| match reader {
                Reader::Input { node, input } => gone.contains(&(*node, *input)),
                Reader::Nested { .. } => false,
            };
            if self.source.readers_of(name).iter().all(is_gone) && !self.source.outputs.contains(name) {
                self.dropped.insert(tensor);
            }
        }
    }

    /// Gives names to what tensors are stored as, and finds where they are widened.
    fn name_new(&mut self) {
        for (index, tensor) in self.source.tensors.iter().enumerate() {
            let Some(Choice::As(stored)) = self.choices.get(index) else { continue };
            if stored.through == Through::Nothing {
                self.new.insert(index, New { data: tensor.name.to_owned(), scales: None });
                continue;
            }
            let data = self.names.fresh(tensor.name, stored.form.suffix());
            let dims = self.scale_dims(tensor, stored);
            let scales = dims.map(|dims| (self.names.fresh(tensor.name, "scale"), dims));
            self.new.insert(index, New { data, scales });
            if stored.through == Through::Widening {
                let node = |reader: &Reader| match reader {
                    Reader::Input { node, .. } | Reader::Nested { node } => *node,
                };
                if let Some(first) = self.source.readers_of(tensor.name).iter().map(node).min() {
                    self.widened.entry(first).or_default().push(index);
                }
            }
        }
    }

    /// The dims of the scales, as who applies them needs them.
    fn scale_dims(&self, tensor: &StoredTensor<'_>, stored: &Stored) -> Option<Vec<i64>> {
        let dims = stored.form.scale_dims(&tensor.dims)?;
        let Form::I8 { axis, .. } = stored.form else { return Some(dims) };
        let ones = match stored.through {
            Through::Widening if self.opset < WITH_AXIS => tensor.dims.len().saturating_sub(axis + 1),
            Through::Rows => tensor.dims.len().saturating_sub(1),
            // Behind the channels of a convolution lie its spatial axes.
            Through::Integers if axis == 0 && tensor.dims.len() > 2 => tensor.dims.len() - 2,
            _ => 0,
        };
        Some(dims.into_iter().chain(std::iter::repeat_n(1, ones)).collect())
    }

    fn graph(&mut self) -> Result<(), QuantizeError> {
        let model = ModelProto::parse(Message::file(self.source.bytes))?;
        let Some(graph) = model.graph else { return Ok(()) };
        let at: HashMap<usize, usize> =
            self.source.nodes.iter().enumerate().map(|(index, node)| (node.range.start, index)).collect();
        let initializers: HashMap<usize, usize> = self
            .source
            .tensors
            .iter()
            .enumerate()
            .filter_map(|(index, tensor)| match &tensor.origin {
                Origin::Initializer { field } => Some((field.start, index)),
                Origin::Constant { .. } => None,
            })
            .collect();
        let constants: HashMap<usize, usize> = self
            .source
            .tensors
            .iter()
            .enumerate()
            .filter_map(|(index, tensor)| match tensor.origin {
                Origin::Constant { node } => Some((node, index)),
                Origin::Initializer { .. } => None,
            })
            .collect();
        let mut problem = None;
        for_each_field(graph, &mut |field, range| {
            let done = match field.number {
                1 => match at.get(&range.start) {
                    Some(node) => self.node(*node, constants.get(node).copied()),
                    None => Ok(()),
                },
                5 => match initializers.get(&range.start) {
                    Some(tensor) => {
                        self.tensor(*tensor, range);
                        Ok(())
                    }
                    None => Ok(()),
                },
                11 | 13 if self.is_gone(ValueInfo::parse(field.message()?)?.name) => Ok(()),
                _ => {
                    self.copy(range);
                    Ok(())
                }
            };
            if let Err(error) = done {
                problem.get_or_insert(error);
            }
            Ok(())
        })?;
        problem.map_or(Ok(()), Err)
    }

    /// Whether a name is no longer that of an input, or of anything.
    fn is_gone(&self, name: &str) -> bool {
        let stored = self.source.stored.get(name).is_some_and(|tensor| {
            self.dropped.contains(tensor)
                || matches!(self.choices.get(*tensor), Some(Choice::As(stored)) if stored.through != Through::Nothing)
        });
        stored
            || self.folds.iter().any(|fold| {
                self.source.nodes.get(fold.convolution).and_then(|node| node.proto.outputs.first())
                    == Some(&name)
            })
    }

    pub(super) fn copy(&mut self, range: Range<usize>) {
        match self.parts.last_mut() {
            Some(Part::Copied(last)) if last.end == range.start => last.end = range.end,
            _ => self.parts.push(Part::Copied(range)),
        }
    }

    /// A stored tensor, which is these bytes of the source.
    pub(super) fn tensor(&mut self, index: usize, range: Range<usize>) {
        let Some(tensor) = self.source.tensors.get(index) else { return };
        if self.dropped.contains(&index) {
            self.removed_bytes = self.removed_bytes.saturating_add(tensor.bytes);
            return;
        }
        let choice = self.choices.get(index).cloned().unwrap_or(Choice::Small);
        let row = self.row(tensor, &choice);
        let Choice::As(stored) = choice else { return self.kept(index, tensor, range) };
        let Some(new) = self.new.get(&index).cloned() else { return };
        let weight = self.weights.len();
        let fold = self.folds.iter().position(|fold| fold.weight == index);
        self.weights.push(Weight { tensor: index, fold, form: stored.form, row });
        self.removed_bytes = self.removed_bytes.saturating_add(tensor.bytes);
        let mut add = |name: String, dtype, dims, bytes, content| {
            self.added_bytes = self.added_bytes.saturating_add(bytes);
            let tensor = NewTensor { name, dtype, dims, bytes, content };
            self.parts.push(Part::Tensor { tensor, copied: None });
        };
        let (dims, bytes) = (stored.form.dims(&tensor.dims), stored.form.bytes(tensor.elements));
        add(new.data, stored.form.dtype(), dims, bytes, Content::Weight(weight));
        if let Some((name, dims)) = new.scales {
            let bytes = scale_bytes(&dims);
            add(name, DType::F32, dims, bytes, Content::Scales(weight));
        }
        if let Some((fold, (index, channels))) = fold.and_then(|index| {
            let fold = self.folds.get(index)?;
            let gamma = fold.parameters.first().and_then(|gamma| self.source.tensors.get(*gamma))?;
            Some((fold, (index, gamma.elements)))
        }) {
            let bytes = channels.saturating_mul(4);
            add(fold.bias_name.clone(), DType::F32, vec![channels as i64], bytes, Content::Bias(index));
        }
    }

    fn kept(&mut self, index: usize, tensor: &StoredTensor<'_>, range: Range<usize>) {
        let is_inline = tensor.external.is_none();
        if is_inline && (tensor.bytes <= SMALL_BYTES || !values::has_raw(tensor)) {
            return self.copy(range);
        }
        let new = NewTensor {
            name: tensor.name.to_owned(),
            dtype: tensor.dtype,
            dims: tensor.dims.clone(),
            bytes: tensor.bytes,
            content: Content::Stored(index),
        };
        self.parts.push(Part::Tensor { tensor: new, copied: is_inline.then_some(range) });
    }

    /// Adds the row of a tensor, if it is worth one.
    fn row(&mut self, tensor: &StoredTensor<'_>, choice: &Choice) -> Option<usize> {
        let (to, bytes_after, kept, note) = match choice {
            Choice::Small => return None,
            Choice::Kept(why) => (tensor.dtype, tensor.bytes, Some(why.clone()), None),
            Choice::As(stored) => {
                let scales = stored.form.scale_dims(&tensor.dims).map_or(0, |dims| scale_bytes(&dims));
                let bytes = stored.form.bytes(tensor.elements).saturating_add(scales);
                (stored.form.dtype(), bytes, None, stored.note.clone())
            }
        };
        let reader = self.source.readers_of(tensor.name).first();
        self.rows.push(Row {
            tensor: tensor.name.to_owned(),
            reader: reader.map_or_else(String::new, |reader| choose::name_of(self.source, *reader)),
            from: tensor.dtype,
            to,
            elements: tensor.elements,
            bytes_before: tensor.bytes,
            bytes_after,
            kept,
            note,
            error: None,
        });
        Some(self.rows.len() - 1)
    }
}

fn scale_bytes(dims: &[i64]) -> u64 {
    dims.iter().fold(4u64, |bytes, dim| bytes.saturating_mul(u64::try_from(*dim).unwrap_or(0)))
}

fn check(request: &Request) -> Result<(), QuantizeError> {
    let refuse = |why| Err(QuantizeError::Request(why));
    match request {
        Request { dynamic: true, weights, .. } if *weights != WeightType::I8 => {
            refuse("products with integers need int8 weights")
        }
        Request { block: 0 | 1, .. } => refuse("a block has at least 2 weights"),
        Request { weights: WeightType::F32, fold_batch_norm: false, .. } => {
            refuse("float32 weights without folding leave nothing to do")
        }
        _ => Ok(()),
    }
}

/// The fields of the model but the graph: versions that are high enough, and what was there.
fn head(source: &Source<'_>, opset: i64, has_blocks: bool) -> Result<Vec<ModelPart>, QuantizeError> {
    let mut parts = Vec::new();
    let mut version = Writer::default();
    version.int(1, source.ir_version.max(if has_blocks { IR_VERSION_I4 } else { IR_VERSION }));
    parts.push(ModelPart::Made(version.0));
    for_each_field(Message::file(source.bytes), &mut |field, range| {
        match field.number {
            1 => {}
            7 => {
                // A second graph would be taken for the first's continuation.
                parts.retain(|part| !matches!(part, ModelPart::Graph));
                parts.push(ModelPart::Graph);
            }
            8 if opset != source.opset => {
                let mut domain = "";
                for part in field.message()?.fields() {
                    let part = part?;
                    if part.number == 1 {
                        domain = part.text()?;
                    }
                }
                if standard_domain(domain).is_empty() {
                    let mut import = Writer::default();
                    import.message(8, |import| {
                        import.bytes(1, "").int(2, opset);
                    });
                    parts.push(ModelPart::Made(import.0));
                } else {
                    parts.push(ModelPart::Copied(range));
                }
            }
            _ => parts.push(ModelPart::Copied(range)),
        }
        Ok(())
    })?;
    Ok(parts)
}
