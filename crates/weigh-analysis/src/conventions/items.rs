//! From a graph to items: each node that does counted work, with its kind and what there is to count.
//!
//! Exporters write several nodes for what was one call. Those are put together again where the shape of the
//! graph leaves no doubt: a product and the addition of its bias; x·sigmoid(x); the error function of a GELU;
//! and `scaled_dot_product_attention`, which exporters write as products of a query and a key that are *both*
//! scaled by a number, with a softmax between them.

use std::any::Any;
use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};
use weigh_ir::{Expr, Graph, Node, Operands, Shape, TensorId};
use weigh_ops::{Interpolation, Resize};

use super::terms::{Kind, Quantity};
use crate::runs::View;
use crate::weights::Weights;

/// A node that does counted work.
#[derive(Debug)]
pub(super) struct Item<'m> {
    /// The path of the module it comes from.
    pub scope: &'m str,
    /// The kind of work.
    pub kind: Kind,
    /// What there is to count.
    pub counts: BTreeMap<Quantity, Expr>,
}

/// All items of a graph, in its order, and what has no price.
#[derive(Debug, Default)]
pub(super) struct Items<'m> {
    /// The items.
    pub items: Vec<Item<'m>>,
    /// Operators without a price, with the number of their nodes.
    pub unknown: BTreeMap<String, u64>,
    /// Operators that no other tool has an answer for, with the number of their nodes.
    pub only_here: BTreeMap<String, u64>,
}

/// The kind that an operator's name decides.
const KINDS: &[(&str, Kind)] = &[
    ("Conv", Kind::Convolution),
    ("FusedConv", Kind::Convolution),
    ("NhwcFusedConv", Kind::Convolution),
    ("ConvTranspose", Kind::TransposedConvolution),
    ("Einsum", Kind::Einsum),
    ("Attention", Kind::FusedAttention),
    ("MultiHeadAttention", Kind::FusedAttention),
    ("GroupQueryAttention", Kind::FusedAttention),
    ("LSTM", Kind::Lstm),
    ("GRU", Kind::Gru),
    ("RNN", Kind::Rnn),
    ("BatchNormalization", Kind::BatchNorm),
    ("LayerNormalization", Kind::LayerNorm),
    ("GroupNormalization", Kind::GroupNorm),
    ("InstanceNormalization", Kind::InstanceNorm),
    ("Relu", Kind::Relu),
    ("PRelu", Kind::PRelu),
    ("LeakyRelu", Kind::LeakyRelu),
    ("Elu", Kind::Elu),
    ("Gelu", Kind::Gelu),
    ("FastGelu", Kind::Gelu),
    ("BiasGelu", Kind::Gelu),
    ("Erf", Kind::Gelu),
    ("Swish", Kind::Silu),
    ("Softmax", Kind::Softmax),
    ("MaxPool", Kind::MaxPool),
    ("AveragePool", Kind::AveragePool),
    ("GlobalAveragePool", Kind::AdaptiveAveragePool),
    ("GlobalMaxPool", Kind::AdaptiveMaxPool),
    ("GridSample", Kind::GridSample),
    ("Add", Kind::Add),
    ("Sum", Kind::Add),
    ("Mul", Kind::Multiply),
];

/// What is derived from the first product of attention on its way to the second.
#[derive(Clone, Copy)]
struct Scores {
    /// The item of the first product.
    first: usize,
    /// Whether a softmax has been taken.
    softmaxed: bool,
}

/// Walks a graph and gathers its items.
pub(super) struct Gatherer<'m> {
    types: View<'m>,
    weights: &'m Weights,
    found: Items<'m>,
    makers: HashMap<TensorId, &'m Node>,
    /// The item of the product with learned weights that made a tensor.
    linear: HashMap<TensorId, usize>,
    scores: HashMap<TensorId, Scores>,
}

impl<'m> Gatherer<'m> {
    pub fn new(types: View<'m>, weights: &'m Weights) -> Gatherer<'m> {
        Gatherer {
            types,
            weights,
            found: Items::default(),
            makers: HashMap::new(),
            linear: HashMap::new(),
            scores: HashMap::new(),
        }
    }

    /// All items of a graph.
    pub fn gather(mut self, graph: &'m Graph) -> Items<'m> {
        self.graph(graph);
        self.found
    }

    fn graph(&mut self, graph: &'m Graph) {
        for node in graph.nodes.iter().filter(|node| !self.weights.is_constant_node(node)) {
            match (node.bodies.is_empty(), node.op.name()) {
                (true, _) => self.node(node),
                (false, "If") => self.branch(node),
                // How often a body runs is a matter of the data as often as not, and no tool sees it.
                (false, name) => self.unknown(name),
            }
            self.makers.extend(node.outputs.iter().flatten().map(|id| (*id, node)));
        }
    }

    /// A condition that is known leaves one branch.
    fn branch(&mut self, node: &'m Node) {
        let reached: Vec<&Graph> = self.types.reached(node).collect();
        match reached.as_slice() {
            [only] => self.graph(only),
            _ => self.unknown(node.op.name()),
        }
    }

    fn unknown(&mut self, name: &str) {
        *self.found.unknown.entry(name.to_owned()).or_default() += 1;
    }

    fn node(&mut self, node: &'m Node) {
        let (inputs, outputs) = (self.types.of_all(&node.inputs), self.types.of_all(&node.outputs));
        let operands = Operands { inputs: &inputs, outputs: &outputs, bodies: &[] };
        let Ok(cost) = node.op.cost(&operands) else { return self.unknown(node.op.name()) };
        if self.joins_linear(node, &operands) {
            return;
        }
        self.follow_scores(node);
        let kind = match (self.kind(node, &operands), cost.macs == Expr::ZERO) {
            (Some(kind), _) => kind,
            (None, false) => Kind::OtherMatrix,
            (None, true) if cost.other_ops != Expr::ZERO && is_float(&operands) => Kind::Other,
            (None, true) => return,
        };
        let index = self.found.items.len();
        match kind {
            Kind::Linear => self.linear.extend(first(&node.outputs).map(|id| (id, index))),
            Kind::Product => return self.product(node, &operands, cost.macs),
            Kind::OtherMatrix => {
                *self.found.only_here.entry(node.op.name().to_owned()).or_default() += 1;
            }
            Kind::Softmax if self.soften(node, &operands) => return,
            _ => {}
        }
        self.push(node, kind, &operands, &cost.macs);
    }

    /// The kind of a node; `None` where only its cost tells.
    fn kind(&self, node: &Node, operands: &Operands<'_>) -> Option<Kind> {
        let name = node.op.name();
        let constant = |index: usize| input(node, index).is_some_and(|id| self.weights.is_constant(id));
        let listed = KINDS.iter().find(|row| row.0 == name).map(|row| row.1);
        match name {
            "MatMul" | "FusedMatMul" | "Gemm" if constant(0) || constant(1) => Some(Kind::Linear),
            "MatMul" | "FusedMatMul" | "Gemm" => Some(Kind::Product),
            "AveragePool" if keeps_space(operands) => Some(Kind::AdaptiveAveragePool),
            "ReduceMean" if averages_space(operands) => Some(Kind::SpatialMean),
            "Clip" if is_number(operands, 1, 0.0) && is_number(operands, 2, 6.0) => Some(Kind::Relu6),
            "Mul" if self.is_silu(node) => Some(Kind::Silu),
            "Gather" if constant(0) && self.is_learned(node, 0) => Some(Kind::Embedding),
            "Resize" => resampling(node, operands),
            "Add" | "Sum" | "Mul" if !is_float(operands) => None,
            _ => listed,
        }
    }

    fn is_learned(&self, node: &Node, index: usize) -> bool {
        input(node, index).is_some_and(|id| self.weights.is_learned(id))
    }

    /// x·sigmoid(x), in either order.
    fn is_silu(&self, node: &Node) -> bool {
        let gates = |gate: Option<TensorId>, x: Option<TensorId>| {
            let maker = gate.and_then(|gate| self.makers.get(&gate));
            maker.is_some_and(|maker| maker.op.name() == "Sigmoid" && input(maker, 0) == x)
        };
        let (a, b) = (input(node, 0), input(node, 1));
        gates(a, b) || gates(b, a)
    }

    /// Takes the addition of a learned vector to a linear product as its bias.
    fn joins_linear(&mut self, node: &Node, operands: &Operands<'_>) -> bool {
        if node.op.name() != "Add" {
            return false;
        }
        let side = |bias: usize, product: usize| {
            let vector = operands.input(bias).ok().filter(|shape| shape.rank() == 1)?;
            let index = *self.linear.get(&input(node, product)?)?;
            self.is_learned(node, bias).then(|| (index, vector.elements()))
        };
        let Some((index, bias)) = side(0, 1).or_else(|| side(1, 0)) else { return false };
        let (Ok(output), Some(item)) = (operands.output(0), self.found.items.get_mut(index)) else {
            return false;
        };
        add(item, Quantity::BiasAdds, output.elements());
        add(item, Quantity::Parameters, leading(output) * bias);
        true
    }

    /// A product of two activations: the first or second of attention, or neither.
    fn product(&mut self, node: &'m Node, operands: &Operands<'_>, macs: Expr) {
        let scores = input(node, 0).and_then(|id| self.scores.get(&id)).filter(|scores| scores.softmaxed);
        if let Some(Scores { first, .. }) = scores.copied()
            && let Some(item) = self.found.items.get_mut(first)
        {
            // What turned out to be attention joins its first product.
            if item.kind == Kind::Product {
                item.kind = Kind::Attention;
            }
            return add(item, Quantity::Macs, macs);
        }
        let index = self.found.items.len();
        let is_scaled = |side: usize| self.is_scaled(node, side);
        let kind = if is_scaled(0) && is_scaled(1) { Kind::FusedAttention } else { Kind::Product };
        let scores = Scores { first: index, softmaxed: false };
        self.scores.extend(first(&node.outputs).map(|id| (id, scores)));
        self.push(node, kind, operands, &macs);
    }

    /// Whether an input was just multiplied by a number.
    fn is_scaled(&self, node: &Node, index: usize) -> bool {
        let maker = input(node, index).and_then(|id| self.makers.get(&id));
        maker.is_some_and(|maker| {
            let is_one = |id: &TensorId| {
                self.types.of(*id).shape.as_ref().is_some_and(|shape| shape.elements() == Expr::ONE)
            };
            maker.op.name() == "Mul" && maker.inputs.iter().flatten().any(is_one)
        })
    }

    /// Lets elementwise steps between the products of attention carry its scores on.
    fn follow_scores(&mut self, node: &Node) {
        let carries =
            matches!(node.op.name(), "Add" | "Mul" | "Div" | "Where" | "Cast" | "Dropout" | "Identity");
        if carries && let Some(scores) = node.inputs.iter().flatten().find_map(|id| self.scores.get(id)) {
            let scores = *scores;
            self.scores.extend(first(&node.outputs).map(|id| (id, scores)));
        }
    }

    /// Whether a softmax is that of a fused attention, to which it then belongs.
    fn soften(&mut self, node: &Node, operands: &Operands<'_>) -> bool {
        let Some(scores) = input(node, 0).and_then(|id| self.scores.get(&id)).copied() else { return false };
        let softmaxed = Scores { softmaxed: true, ..scores };
        self.scores.extend(first(&node.outputs).map(|id| (id, softmaxed)));
        let (Ok(shape), Some(item)) = (operands.input(0), self.found.items.get_mut(scores.first)) else {
            return false;
        };
        add(item, Quantity::Scores, shape.elements());
        item.kind == Kind::FusedAttention
    }

    fn push(&mut self, node: &'m Node, kind: Kind, operands: &Operands<'_>, macs: &Expr) {
        let mut counts = BTreeMap::new();
        for quantity in kind.quantities() {
            match self.quantity(*quantity, node, operands, macs) {
                Some(count) => {
                    counts.insert(*quantity, count);
                }
                None => return self.unknown(node.op.name()),
            }
        }
        self.found.items.push(Item { scope: &node.scope, kind, counts });
    }

    /// One quantity of a node; `None` where a shape is unknown.
    fn quantity(
        &self,
        quantity: Quantity,
        node: &Node,
        operands: &Operands<'_>,
        macs: &Expr,
    ) -> Option<Expr> {
        let (x, y) = (operands.input(0).ok(), operands.output(0).ok());
        let learned = |index: &usize| self.is_learned(node, *index);
        let elements = |index: usize| operands.input(index).ok().map(Shape::elements);
        match (quantity, node.op.name()) {
            (Quantity::Macs, _) => Some(macs.clone()),
            (Quantity::DenseMacs, _) => {
                // Outputs × inputs of a group × window, where weights are inputs × outputs of a group × window
                // and there are as many groups as outputs are more than those of one group.
                let (weights, x, y) = (operands.input(1).ok()?, x?, y?);
                let dense = y.elements() * x.dim(1).ok()? * beyond_first(weights);
                dense.exact_div(y.dim(1).ok()?)
            }
            (Quantity::BiasAdds, "LSTM" | "GRU" | "RNN") => {
                let bias = Some(3).filter(learned).map_or(Some(Expr::ZERO), elements)?;
                Some(bias * runs(x?)?)
            }
            (Quantity::BiasAdds, name) => match bias_of(name).filter(learned) {
                Some(_) => Some(y?.elements()),
                None => Some(Expr::ZERO),
            },
            (Quantity::BiasParameters, name) => match bias_of(name).filter(learned) {
                Some(index) => Some(elements(index)? * leading(y?)),
                None => Some(Expr::ZERO),
            },
            (Quantity::Parameters, _) => {
                let all = (0..node.inputs.len()).filter(learned).map(elements).sum::<Option<Expr>>()?;
                Some(all * leading(y?))
            }
            (Quantity::Inputs | Quantity::Queries, _) => elements(0),
            (Quantity::Outputs, _) => Some(y?.elements()),
            // The axis is the last one but in rare graphs.
            (Quantity::Rows, _) => x?.elements().exact_div(x?.dim(-1).ok()?),
            (Quantity::Units, _) => {
                let state = operands.input(2).ok()?;
                Some(runs(x?)? * state.dim(0).ok()? * state.dim(2).ok()?)
            }
            (Quantity::Scores, _) => Some(Expr::ZERO),
        }
    }
}

fn add(item: &mut Item<'_>, quantity: Quantity, count: Expr) {
    *item.counts.entry(quantity).or_insert(Expr::ZERO) += &count;
}

fn input(node: &Node, index: usize) -> Option<TensorId> {
    node.inputs.get(index).copied().flatten()
}

fn first(outputs: &[Option<TensorId>]) -> Option<TensorId> {
    outputs.first().copied().flatten()
}

/// The first extent of a tensor, which modules take for the batch.
fn leading(shape: &Shape) -> Expr {
    shape.dims().first().cloned().unwrap_or(Expr::ONE)
}

/// Steps × batch of a sequence, whichever comes first.
fn runs(x: &Shape) -> Option<Expr> {
    Some(x.dim(0).ok()? * x.dim(1).ok()?)
}

/// The product of all extents but the first.
fn beyond_first(shape: &Shape) -> Expr {
    shape.dims().iter().skip(1).product()
}

/// Which input is the bias.
fn bias_of(name: &str) -> Option<usize> {
    matches!(name, "Conv" | "FusedConv" | "NhwcFusedConv" | "ConvTranspose" | "Gemm").then_some(2)
}

fn is_float(operands: &Operands<'_>) -> bool {
    let typed = operands.outputs.first().copied().flatten();
    typed.and_then(|typed| typed.dtype).is_none_or(weigh_ir::DType::is_float)
}

fn is_number(operands: &Operands<'_>, index: usize, wanted: f64) -> bool {
    let value = operands.value(index).and_then(weigh_ir::Value::as_floats);
    value.is_some_and(|value| value.as_slice() == [wanted])
}

/// Whether a window of one element leaves an image as it is: what an adaptive pooling to the same size becomes.
fn keeps_space(operands: &Operands<'_>) -> bool {
    matches!((operands.input(0), operands.output(0)), (Ok(x), Ok(y)) if x == y)
}

/// Whether the last two of four axes become one number each.
fn averages_space(operands: &Operands<'_>) -> bool {
    let (Ok(x), Ok(y)) = (operands.input(0), operands.output(0)) else { return false };
    match (x.dims(), y.dims()) {
        ([n, c, _, _], [m, d]) => n == m && c == d,
        ([n, c, h, w], [m, d, Expr::Int(1), Expr::Int(1)]) => {
            n == m && c == d && (*h != Expr::ONE || *w != Expr::ONE)
        }
        _ => false,
    }
}

/// Resizing of images, which tools tell apart by how they interpolate.
fn resampling(node: &Node, operands: &Operands<'_>) -> Option<Kind> {
    let resize = (&*node.op as &dyn Any).downcast_ref::<Resize>()?;
    (operands.input(0).ok()?.rank() == 4).then_some(match resize.interpolation {
        Interpolation::Nearest => Kind::UpsampleNearest,
        Interpolation::Linear => Kind::UpsampleBilinear,
        Interpolation::Cubic => Kind::UpsampleBicubic,
    })
}
