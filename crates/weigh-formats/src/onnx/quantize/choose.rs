//! What becomes of each stored tensor.

use weigh_ir::DType;

use super::dynamic;
use super::form::{Around, Form};
use super::roles::{self, Axes};
use super::source::{Reader, Source, StoredTensor};
use super::{QuantizeError, Request, WeightType};

/// Weights of fewer elements stay: nothing is gained by them.
pub(super) const MIN_ELEMENTS: u64 = 1024;

/// What becomes of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Choice {
    /// It is no weight, or small: not worth a row.
    Small,
    /// It stays as it is, for this reason.
    Kept(String),
    /// It is stored in this form.
    As(Stored),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub form: Form,
    pub through: Through,
    /// Why it is not what was asked for, where it is not.
    pub note: Option<String>,
}

/// What makes numbers of it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Through {
    /// Nothing: it is float32.
    Nothing,
    /// A node that makes the whole tensor before its first reader.
    Widening,
    /// Its readers pick rows, which are widened.
    Rows,
    /// Its readers compute with integers.
    Integers,
}

/// What becomes of a tensor. `folded` tells that a normalisation is folded into it.
pub(super) fn choose(
    source: &Source<'_>,
    request: &Request,
    tensor: &StoredTensor<'_>,
    folded: bool,
) -> Result<Choice, QuantizeError> {
    let choice = compressed(source, request, tensor)?;
    let stays = |note| Choice::As(Stored { form: Form::F32, through: Through::Nothing, note });
    Ok(match choice {
        Choice::Small if folded => stays(None),
        Choice::Kept(why) if folded => stays(Some(why)),
        choice => choice,
    })
}

fn compressed(
    source: &Source<'_>,
    request: &Request,
    tensor: &StoredTensor<'_>,
) -> Result<Choice, QuantizeError> {
    let kept = |why: &str| Ok(Choice::Kept(why.to_owned()));
    // A matrix of one row is a vector: a bias.
    let axes = tensor.dims.iter().filter(|dim| **dim > 1).count();
    if !tensor.dtype.is_float() || axes < 2 || tensor.elements < MIN_ELEMENTS {
        return Ok(Choice::Small);
    }
    if tensor.dtype != DType::F32 {
        return Ok(Choice::Kept(format!("it is {} already", tensor.dtype)));
    }
    let readers = source.readers_of(tensor.name);
    if readers.is_empty() {
        return kept("nothing reads it");
    }
    if source.outputs.contains(tensor.name) {
        return kept("it is an output of the model");
    }
    if is_skipped(source, request, tensor) {
        return kept("it was to be left");
    }
    let mut picked = true;
    for reader in readers {
        picked &= roles::picks_rows(source, *reader)?;
    }
    let through = if picked { Through::Rows } else { Through::Widening };
    let plain = |form| Ok(Choice::As(Stored { form, through, note: None }));
    match request.weights {
        WeightType::F32 => kept("weights stay float32"),
        WeightType::F16 => plain(Form::F16),
        WeightType::Bf16 => plain(Form::Bf16),
        WeightType::I8 | WeightType::I4 => integers(source, request, tensor, through),
    }
}

fn integers(
    source: &Source<'_>,
    request: &Request,
    tensor: &StoredTensor<'_>,
    through: Through,
) -> Result<Choice, QuantizeError> {
    let rank = tensor.dims.len();
    let mut axes: Option<Axes> = None;
    for reader in source.readers_of(tensor.name) {
        axes = axes.or(roles::axes(source, *reader, rank)?);
    }
    let Some(axes) = axes else {
        let reader = source
            .readers_of(tensor.name)
            .first()
            .map_or_else(String::new, |reader| name_of(source, *reader));
        return Ok(Choice::Kept(format!("its reader, {reader}, has no weights there")));
    };
    if Around::of(&tensor.dims, axes.channel).is_none() || Around::of(&tensor.dims, axes.input).is_none() {
        return Ok(Choice::Kept("its size does not fit this machine".to_owned()));
    }
    let bytes = Form::I8 { axis: axes.channel, transposed: false };
    let eight = |through, note| Ok(Choice::As(Stored { form: bytes, through, note }));
    if request.weights == WeightType::I8 {
        if !request.dynamic || through == Through::Rows {
            return eight(through, None);
        }
        return match dynamic::form(source, tensor)? {
            Ok(form) => Ok(Choice::As(Stored { form, through: Through::Integers, note: None })),
            Err(why) => eight(through, Some(format!("float32 arithmetic: {why}"))),
        };
    }
    let block = i64::from(request.block);
    let along = tensor.dims.get(axes.input).copied().unwrap_or(0);
    if through == Through::Rows {
        return eight(through, Some("int8: Gather takes no 4-bit rows".to_owned()));
    }
    if along % block != 0 {
        return eight(through, Some(format!("int8: {along} inputs are no whole blocks of {block}")));
    }
    let form = Form::I4 { axis: axes.input, block: block as usize };
    Ok(Choice::As(Stored { form, through, note: None }))
}

/// Whether the user said to leave it, by its name or a reader's.
fn is_skipped(source: &Source<'_>, request: &Request, tensor: &StoredTensor<'_>) -> bool {
    let named = |name: &str| request.skip.iter().any(|skip| skip == name);
    let reader = |reader: &Reader| {
        let (Reader::Input { node, .. } | Reader::Nested { node }) = *reader;
        source.nodes.get(node).is_some_and(|node| {
            named(node.proto.name) || node.proto.outputs.iter().any(|output| named(output))
        })
    };
    named(tensor.name) || source.readers_of(tensor.name).iter().any(reader)
}

/// A reader for people: its operator and name.
pub(super) fn name_of(source: &Source<'_>, reader: Reader) -> String {
    let (Reader::Input { node, .. } | Reader::Nested { node }) = reader;
    let op_type = source.nodes.get(node).map_or("", |node| node.proto.op_type);
    let within = if matches!(reader, Reader::Nested { .. }) { "a subgraph of " } else { "" };
    format!("{within}{op_type} '{}'", source.label(node))
}

/// Every name that was to be left must be there.
pub(super) fn check_skipped(source: &Source<'_>, request: &Request) -> Result<(), QuantizeError> {
    let is_there =
        |name: &str| source.names.contains(name) || source.nodes.iter().any(|node| node.proto.name == name);
    match request.skip.iter().find(|name| name.is_empty() || !is_there(name)) {
        Some(name) => Err(QuantizeError::NoSuchLayer(name.clone())),
        None => Ok(()),
    }
}
