//! Which inputs of which operators are weights, and along which axes.

use super::source::{Reader, Source, SourceNode};
use crate::FormatError;
use crate::onnx::attributes::NodeView;

/// The axes of a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axes {
    /// Of the outputs: one scale for each is free, as it can be applied after the product.
    pub channel: usize,
    /// Of the inputs, which the product sums over.
    pub input: usize,
}

/// One operator: its name, the inputs that are weights, and their axes at a rank of at least 2.
type Role =
    (&'static str, &'static [usize], fn(&NodeView<'_, '_>, usize, usize) -> Result<Axes, FormatError>);

const ROLES: &[Role] = &[
    ("Conv", &[1], |_, _, _| Ok(Axes { channel: 0, input: 1 })),
    ("ConvTranspose", &[1], |_, _, _| Ok(Axes { channel: 1, input: 0 })),
    ("Gemm", &[1], |view, _, _| {
        let transposed = view.flag("transB", false)?;
        Ok(Axes { channel: usize::from(!transposed), input: usize::from(transposed) })
    }),
    ("MatMul", &[0, 1], |_, input, rank| {
        let (last, before) = (rank - 1, rank - 2);
        let right = Axes { channel: last, input: before };
        Ok(if input == 1 { right } else { Axes { channel: before, input: last } })
    }),
    // Weights of the gates: [directions, rows of the gates, inputs].
    ("LSTM", &[1, 2], |_, _, _| Ok(Axes { channel: 1, input: 2 })),
    ("GRU", &[1, 2], |_, _, _| Ok(Axes { channel: 1, input: 2 })),
    ("RNN", &[1, 2], |_, _, _| Ok(Axes { channel: 1, input: 2 })),
    // A table of rows: each has a scale.
    ("Gather", &[0], |_, _, rank| Ok(Axes { channel: 0, input: rank - 1 })),
];

/// A `Transpose` of a weight is looked through, and that of a `Transpose`.
const MAX_TRANSPOSES: usize = 3;

/// The axes of a stored tensor as a node takes it; `None` if that input is no weight.
pub(super) fn axes(source: &Source<'_>, reader: Reader, rank: usize) -> Result<Option<Axes>, FormatError> {
    through(source, reader, rank, MAX_TRANSPOSES)
}

fn through(
    source: &Source<'_>,
    reader: Reader,
    rank: usize,
    depth: usize,
) -> Result<Option<Axes>, FormatError> {
    let Reader::Input { node, input } = reader else { return Ok(None) };
    let Some(node) = source.nodes.get(node).filter(|node| node.proto.domain.is_empty()) else {
        return Ok(None);
    };
    let view = view(source, node);
    if node.proto.op_type == "Transpose" && depth > 0 {
        let perm = view.ints_if_any("perm")?.unwrap_or_else(|| (0..rank as i64).rev().collect());
        let output = node.proto.outputs.first().copied().unwrap_or("");
        let mut found = None;
        for reader in source.readers_of(output) {
            found = found.or(through(source, *reader, rank, depth - 1)?);
        }
        // Axis i of the transposed is axis perm[i] of the stored.
        let back = |axis: usize| perm.get(axis).and_then(|axis| usize::try_from(*axis).ok());
        return Ok(found.and_then(|axes| {
            Some(Axes { channel: back(axes.channel)?, input: back(axes.input)? })
                .filter(|axes| axes.channel < rank && axes.input < rank)
        }));
    }
    let role = ROLES.iter().find(|role| role.0 == node.proto.op_type && role.1.contains(&input));
    match role {
        Some(role) if rank >= 2 => {
            let axes = (role.2)(&view, input, rank)?;
            Ok(Some(axes).filter(|axes| axes.channel < rank && axes.input < rank))
        }
        _ => Ok(None),
    }
}

/// A node with its attributes.
pub(super) fn view<'n, 'a>(source: &Source<'a>, node: &'n SourceNode<'a>) -> NodeView<'n, 'a> {
    NodeView::new(&node.proto, node.proto.name, source.opset, false)
}

/// Whether a reader picks rows of a table.
pub(super) fn picks_rows(source: &Source<'_>, reader: Reader) -> Result<bool, FormatError> {
    let Reader::Input { node, input: 0 } = reader else { return Ok(false) };
    let Some(node) = source.nodes.get(node).filter(|node| node.proto.domain.is_empty()) else {
        return Ok(false);
    };
    Ok(node.proto.op_type == "Gather" && view(source, node).int_or("axis", 0)? == 0)
}
