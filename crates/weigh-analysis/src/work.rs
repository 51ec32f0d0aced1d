//! What the work of a node looks like to hardware: where its bytes come from, and how its products are shaped.
//!
//! Sums hide what decides speed: the same multiply-accumulates as one large product or as many thin ones, the same
//! bytes from weights or from activations that were just written.

use std::any::Any;

use weigh_ir::{DType, Expr, Node, Operands, Shape, Traffic};
use weigh_ops::{
    BlockedConv, Cast, ChannelsLast, Conv, ConvTranspose, Elementwise, Fused, Gemm, MatMul, Norm,
    Normalization, Pointwise,
};

use crate::runs::View;
use crate::weights::Weights;

/// The work of one node, where all its extents are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The element type it computes in: that of its first input, else of its first output.
    pub dtype: Option<DType>,
    /// Bytes of activations read.
    pub read_bytes: u64,
    /// Bytes of stored tensors read: weights and constants.
    pub weight_bytes: u64,
    /// Bytes of outputs written.
    pub written_bytes: u64,
    /// Whether it moves and computes nothing: a view of its input, or a question about its shape.
    pub is_view: bool,
    /// Whether each element of its output depends on the same element of its inputs alone, so that runtimes compute it
    /// where the input is made.
    pub is_elementwise: bool,
    /// The shape of its products, for matrix-like operators.
    pub contraction: Option<Contraction>,
}

/// Matrix-like work as products of matrices: `groups` products of `rows` × `depth` by `depth` × `columns`. A
/// convolution is that too (im2col; Chellapilla, Puri, Simard 2006): rows are positions, columns output channels, and
/// the depth is input channels × window, each of a group. Channels that a runtime pads to whole blocks count as it
/// computes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contraction {
    /// Independent products: groups of channels, heads, matrices of a stack.
    pub groups: u64,
    /// Rows of each.
    pub rows: u64,
    /// Columns of each.
    pub columns: u64,
    /// Terms in each sum.
    pub depth: u64,
    /// Elements of a sliding window; 1 for a product of matrices.
    pub window: u64,
    /// Positions of the input for each of the output: the product of strides.
    pub stride: u64,
    /// Whether one factor is stored with the model.
    pub has_weights: bool,
}

impl Contraction {
    /// Multiply-accumulates.
    pub fn macs(&self) -> f64 {
        self.groups as f64 * self.rows as f64 * self.columns as f64 * self.depth as f64
    }

    /// Whether each channel has a window of its own.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.columns == 1 && self.depth == self.window
    }
}

/// The work of a node that runs in every inference; `None` where a size is open or unknown.
pub(crate) fn of(
    node: &Node,
    operands: &Operands<'_>,
    macs: Option<&Expr>,
    types: View<'_>,
    weights: &Weights,
) -> Option<Work> {
    let number = |expr: Expr| u64::try_from(expr.as_int()?).ok();
    let traffic = node.op.memory(operands).traffic;
    let written = number(types.bytes_of_all(&node.outputs)?)?;
    let (mut read, mut stored) = (0u64, 0u64);
    for (index, id) in node.inputs.iter().enumerate() {
        let Some(id) = id else { continue };
        let bytes = match traffic {
            Traffic::Nothing => 0,
            Traffic::Selected(from) if from == index => written,
            _ => number(types.size(*id).bytes.clone()?)?,
        };
        let sum = if weights.is_constant(*id) { &mut stored } else { &mut read };
        *sum = sum.saturating_add(bytes);
    }
    let typed = operands.inputs.iter().chain(operands.outputs).flatten().next();
    let has_macs = macs.and_then(Expr::as_int).is_some_and(|macs| macs > 0);
    let has_weights =
        |index: usize| node.inputs.get(index).copied().flatten().is_some_and(|id| weights.is_constant(id));
    Some(Work {
        dtype: typed.and_then(|typed| typed.dtype),
        read_bytes: read,
        weight_bytes: stored,
        written_bytes: if traffic == Traffic::Nothing { 0 } else { written },
        is_view: traffic == Traffic::Nothing,
        is_elementwise: is_elementwise(&*node.op),
        contraction: has_macs.then(|| shaped(&*node.op, operands, &has_weights)).flatten().or_else(|| {
            let macs = u64::try_from(macs?.as_int()?).ok().filter(|macs| *macs > 0)?;
            let outputs = number(operands.output(0).ok()?.elements())?.max(1);
            let has_weights = (0..node.inputs.len()).any(|index| index > 0 && has_weights(index));
            Some(unshaped(macs, outputs, operands, has_weights))
        }),
    })
}

fn is_elementwise(op: &dyn Any) -> bool {
    let is_folded = |norm: &Normalization| norm.0 == Norm::Batch;
    op.is::<Elementwise>()
        || op.is::<Pointwise>()
        || op.is::<Cast>()
        || op.downcast_ref::<Normalization>().is_some_and(is_folded)
}

/// Products whose shape the operator does not tell: every output element is one sum.
fn unshaped(macs: u64, outputs: u64, operands: &Operands<'_>, has_weights: bool) -> Contraction {
    let last = operands.output(0).ok().and_then(|shape| shape.dims().last()?.as_int());
    let columns = last.and_then(|last| u64::try_from(last).ok()).filter(|last| *last > 0).unwrap_or(1);
    let rows = (outputs / columns).max(1);
    let depth = (macs / (rows * columns).max(1)).max(1);
    Contraction { groups: 1, rows, columns, depth, window: 1, stride: 1, has_weights }
}

/// The products of an operator whose form is known.
fn shaped(op: &dyn Any, node: &Operands<'_>, has_weights: &dyn Fn(usize) -> bool) -> Option<Contraction> {
    if let Some(fused) = op.downcast_ref::<Fused>() {
        return shaped(&*fused.op, node, has_weights);
    }
    if let Some(last) = op.downcast_ref::<ChannelsLast>() {
        return shaped(&*last.op, node, has_weights);
    }
    if let Some(blocked) = op.downcast_ref::<BlockedConv>() {
        return convolution(&blocked.conv, node, blocked.weights.as_ref());
    }
    if let Some(conv) = op.downcast_ref::<Conv>() {
        return convolution(conv, node, None);
    }
    if let Some(conv) = op.downcast_ref::<ConvTranspose>() {
        return transposed(conv, node);
    }
    if let Some(product) = op.downcast_ref::<MatMul>() {
        let inner = if product.transpose_a { -2 } else { -1 };
        let depth = extent(node.input(product.a).ok()?, inner)?;
        return products(node, depth, has_weights(product.b) || has_weights(product.a));
    }
    if let Some(gemm) = op.downcast_ref::<Gemm>() {
        let depth = extent(node.input(0).ok()?, if gemm.transpose_a { 0 } else { 1 })?;
        return products(node, depth, has_weights(1) || has_weights(0));
    }
    None
}

fn extent(shape: &Shape, axis: i64) -> Option<u64> {
    u64::try_from(shape.dim(axis).ok()?.as_int()?).ok()
}

fn elements(dims: &[Expr]) -> Option<u64> {
    u64::try_from(dims.iter().product::<Expr>().as_int()?).ok()
}

/// A product whose right factor is stored is one product over all rows, however many axes these have.
fn products(node: &Operands<'_>, depth: u64, has_weights: bool) -> Option<Contraction> {
    let output = node.output(0).ok()?;
    let (groups, rows, columns) = match output.dims() {
        [] => (1, 1, 1),
        [columns] => (1, 1, elements(std::slice::from_ref(columns))?),
        [groups @ .., rows, columns] => (
            elements(groups)?,
            elements(std::slice::from_ref(rows))?,
            elements(std::slice::from_ref(columns))?,
        ),
    };
    let (groups, rows) = if has_weights { (1, groups.saturating_mul(rows)) } else { (groups, rows) };
    Some(Contraction { groups, rows, columns, depth, window: 1, stride: 1, has_weights })
}

fn convolution(conv: &Conv, node: &Operands<'_>, padded: Option<&Shape>) -> Option<Contraction> {
    let weights = padded.or_else(|| node.input(conv.weights).ok())?;
    let [outputs, of_each, window @ ..] = weights.dims() else { return None };
    let (batch, _, positions) = conv.layout.split(node.output(0).ok()?).ok()?;
    let groups = u64::try_from(conv.groups).ok().filter(|groups| *groups > 0)?;
    let window = elements(window)?;
    let strides = conv.window.strides.iter().map(|stride| stride.unsigned_abs()).product::<u64>();
    Some(Contraction {
        groups,
        rows: elements(std::slice::from_ref(&batch))?.saturating_mul(elements(positions)?),
        columns: elements(std::slice::from_ref(outputs))? / groups,
        depth: elements(std::slice::from_ref(of_each))?.saturating_mul(window),
        window,
        stride: strides.max(1),
        has_weights: true,
    })
}

/// As the product before its columns are scattered: rows are positions of the input, columns output channels × window.
fn transposed(conv: &ConvTranspose, node: &Operands<'_>) -> Option<Contraction> {
    let [inputs, of_each, window @ ..] = node.input(1).ok()?.dims() else { return None };
    let [batch, _, positions @ ..] = node.input(0).ok()?.dims() else { return None };
    let groups = u64::try_from(conv.groups).ok().filter(|groups| *groups > 0)?;
    let window = elements(window)?;
    Some(Contraction {
        groups,
        rows: elements(std::slice::from_ref(batch))?.saturating_mul(elements(positions)?),
        columns: elements(std::slice::from_ref(of_each))?.saturating_mul(window),
        depth: elements(std::slice::from_ref(inputs))? / groups,
        window,
        stride: 1,
        has_weights: true,
    })
}
