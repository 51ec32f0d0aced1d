//! Layers as products of two thin ones: weights of m × n as m × r times r × n, which are cheaper where r·(m + n) < m·n
//! (Denton et al., NIPS 2014). A convolution becomes one of the same window with r filters and a 1×1 convolution (Zhang et
//! al., Accelerating Very Deep Convolutional Networks, 2015).

use weigh_analysis::{Analysis, Options};
use weigh_ir::{DType, Model, Node, TensorId};
use weigh_ops::{Conv, Gemm, MatMul};

use crate::draft::{Draft, input, operator, pointwise, successor, weights};
use crate::{Change, Refusal, Rewritten, checked};

/// Ranks are multiples of this, as hardware computes in such.
const MULTIPLE: i64 = 8;

/// Factors every linear layer and convolution with stored weights so that `share` of its multiply-accumulates is left,
/// or as little more as ranks in multiples of eight allow.
///
/// # Errors
/// Where no layer gets cheaper.
pub fn low_rank(
    model: &Model,
    facts: &Analysis,
    options: &Options,
    share: f64,
    select: &dyn Fn(&str) -> bool,
) -> Result<Rewritten, Refusal> {
    let mut draft = Draft::of(model);
    let mut changed = Vec::new();
    let mut nodes = Vec::with_capacity(model.graph.nodes.len());
    for node in &model.graph.nodes {
        match matrix(model, node, share).filter(|_| select(&node.name)) {
            None => nodes.push(node.clone()),
            Some(matrix) => {
                nodes.extend(matrix.factors(&mut draft, node).ok_or_else(|| Refusal::too_many(node))?);
                let Matrix { rows, columns, rank, .. } = matrix;
                let what = format!("{columns}→{rows} as {columns}→{rank}→{rows}");
                changed.push(Change { node: node.name.to_string(), what });
            }
        }
    }
    if changed.is_empty() {
        return Err(Refusal::Nothing("there is no layer large enough to be factored".to_owned()));
    }
    draft.model.graph.nodes = nodes;
    checked(model, facts, draft.finish(), options, changed, Vec::new())
}

/// Weights as a matrix: outputs × what is summed up.
struct Matrix<'a> {
    kind: Kind<'a>,
    weights: TensorId,
    dtype: DType,
    dims: Vec<i64>,
    rows: i64,
    columns: i64,
    rank: i64,
}

enum Kind<'a> {
    Gemm(&'a Gemm),
    MatMul(&'a MatMul),
    Conv(&'a Conv),
}

/// The weights of a node that can be factored and gets cheaper by it.
fn matrix<'a>(model: &Model, node: &'a Node, share: f64) -> Option<Matrix<'a>> {
    let (kind, at) = if let Some(gemm) = operator::<Gemm>(node) {
        (Kind::Gemm(gemm), 1)
    } else if let Some(product) = operator::<MatMul>(node).filter(|product| **product == MatMul::PLAIN) {
        (Kind::MatMul(product), 1)
    } else {
        let plain = |conv: &&Conv| conv.groups == 1 && conv.name == "Conv";
        (Kind::Conv(operator::<Conv>(node).filter(plain)?), 1)
    };
    let id = input(node, at)?;
    let (dtype, dims) = weights(model, id)?;
    let (rows, columns) = match (&kind, dims.as_slice()) {
        (Kind::Gemm(gemm), [a, b]) if !gemm.transpose_a && gemm.alpha == 1.0 && gemm.beta == 1.0 => {
            if gemm.transpose_b { (*a, *b) } else { (*b, *a) }
        }
        (Kind::MatMul(_), [a, b]) => (*b, *a),
        (Kind::Conv(_), [outputs, inner @ ..]) if inner.len() >= 2 => (*outputs, inner.iter().product()),
        _ => return None,
    };
    let exact = share * (rows as f64) * (columns as f64) / (rows as f64 + columns as f64);
    let rank = ((exact / MULTIPLE as f64).ceil() as i64).max(1) * MULTIPLE;
    let is_cheaper = rank.checked_mul(rows.checked_add(columns)?)? < rows.checked_mul(columns)?;
    is_cheaper.then_some(Matrix { kind, weights: id, dtype, dims, rows, columns, rank })
}

impl Matrix<'_> {
    fn factors(&self, draft: &mut Draft, node: &Node) -> Option<[Node; 2]> {
        let between = draft.tensor(format!("{}/factor_output", node.name))?;
        let output = node.outputs.first().copied().flatten();
        let [first, second] = self.shapes();
        let first = draft.replacement(self.weights, "factor", self.dtype, &first)?;
        let second = draft.replacement(self.weights, "expand", self.dtype, &second)?;
        let thin = [input(node, 0), Some(first)];
        let mut wide = vec![Some(between), Some(second)];
        Some(match &self.kind {
            Kind::MatMul(product) => [
                successor(node, "factor", (*product).clone(), &thin, Some(between)),
                successor(node, "expand", (*product).clone(), &wide, output),
            ],
            Kind::Gemm(gemm) => {
                wide.extend(input(node, 2).map(Some));
                [
                    successor(node, "factor", **gemm, &thin, Some(between)),
                    successor(node, "expand", **gemm, &wide, output),
                ]
            }
            Kind::Conv(conv) => {
                wide.extend(input(node, 2).map(Some));
                let pointwise = Conv { window: pointwise(self.dims.len() - 2), ..(*conv).clone() };
                [
                    successor(node, "factor", (*conv).clone(), &thin, Some(between)),
                    successor(node, "expand", pointwise, &wide, output),
                ]
            }
        })
    }

    /// The shapes of both factors' weights.
    fn shapes(&self) -> [Vec<i64>; 2] {
        let (rows, columns, rank) = (self.rows, self.columns, self.rank);
        match &self.kind {
            Kind::MatMul(_) => [vec![columns, rank], vec![rank, rows]],
            Kind::Gemm(gemm) if gemm.transpose_b => [vec![rank, columns], vec![rows, rank]],
            Kind::Gemm(_) => [vec![columns, rank], vec![rank, rows]],
            Kind::Conv(_) => {
                let inner = self.dims.get(1..).unwrap_or_default();
                let ones = vec![1; inner.len().saturating_sub(1)];
                [
                    [rank].into_iter().chain(inner.iter().copied()).collect(),
                    [rows, rank].into_iter().chain(ones).collect(),
                ]
            }
        }
    }
}
