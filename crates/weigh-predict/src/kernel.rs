//! What an engine executes at once, and what of it decides how long that takes.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use weigh_analysis::{Analysis, Contraction, Layer};
use weigh_ir::{DType, Expr, Model, Node, TensorId};

/// One piece of work that an engine starts as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// The nodes of the graph that it computes, in their order.
    pub nodes: Vec<usize>,
    /// The name of the node that gives it its kind.
    pub name: String,
    /// That node's operator.
    pub op: String,
    /// What decides its speed.
    pub work: Workload,
}

/// The amounts and shapes that decide how long a kernel takes. Amounts are exact counts; `f64` because they are summed
/// and divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// What kind of kernel an engine takes for it: `convolution`, `depthwise convolution`, `Softmax`, ...
    pub kind: String,
    /// The element type it computes in.
    pub dtype: Option<String>,
    /// Multiply-accumulates.
    pub macs: f64,
    /// Other operations.
    pub other_ops: f64,
    /// Bytes of activations read.
    pub read_bytes: f64,
    /// Bytes of weights read.
    pub weight_bytes: f64,
    /// Bytes written.
    pub written_bytes: f64,
    /// The shape of its products; `None` where it has none.
    pub products: Option<Products>,
}

/// Products of matrices: `groups` times `rows` × `depth` by `depth` × `columns`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Products {
    /// How many.
    pub groups: f64,
    /// Rows of each: positions of a convolution.
    pub rows: f64,
    /// Columns of each: output channels.
    pub columns: f64,
    /// Terms of each sum: input channels × window.
    pub depth: f64,
    /// Elements of a sliding window.
    pub window: f64,
    /// Positions of the input for each of the output.
    pub stride: f64,
}

impl Products {
    fn of(contraction: &Contraction) -> Products {
        Products {
            groups: contraction.groups as f64,
            rows: contraction.rows as f64,
            columns: contraction.columns as f64,
            depth: contraction.depth as f64,
            window: contraction.window as f64,
            stride: contraction.stride as f64,
        }
    }

    /// Multiply-accumulates that are computed, padding of channels included.
    pub fn macs(&self) -> f64 {
        self.groups * self.rows * self.columns * self.depth
    }
}

/// The operator that widens stored weights.
const WIDENING: &str = "DequantizeLinear";

/// The kind of what moves nothing.
pub const VIEW: &str = "view";

impl Workload {
    /// The same work in another element type: floating-point bytes shrink or grow with it.
    pub fn in_dtype(&self, to: DType) -> Workload {
        let from = self.dtype().filter(|from| from.is_float());
        let Some((from, bits)) = from.and_then(|from| Some((from.bits()?, to.bits()?))) else {
            return self.clone();
        };
        let ratio = f64::from(bits) / f64::from(from);
        Workload {
            dtype: Some(to.name().to_owned()),
            read_bytes: self.read_bytes * ratio,
            weight_bytes: self.weight_bytes * ratio,
            written_bytes: self.written_bytes * ratio,
            ..self.clone()
        }
    }

    /// The same work with weights stored in a narrower type and widened as they are read.
    pub fn with_weights(&self, to: DType) -> Workload {
        let bits = |dtype: DType| dtype.bits().map(f64::from);
        let ratio = self.dtype().and_then(bits).zip(bits(to)).map_or(1.0, |(from, to)| to / from);
        Workload { weight_bytes: self.weight_bytes * ratio.min(1.0), ..self.clone() }
    }

    /// All bytes read and written.
    pub fn bytes(&self) -> f64 {
        self.read_bytes + self.weight_bytes + self.written_bytes
    }

    /// The element type.
    pub fn dtype(&self) -> Option<DType> {
        DType::all().find(|dtype| Some(dtype.name()) == self.dtype.as_deref())
    }

    /// Stored weights read as they are and written as numbers of 32 bits: a product and a difference for each.
    fn of_widening(model: &Model, node: &Node, layer: &Layer) -> Option<Workload> {
        let elements = layer.output_shapes.first()?.as_ref()?.elements().as_int()? as f64;
        let stored = node.inputs.iter().flatten().filter_map(|id| model.tensor(*id).stored.as_ref());
        let read: u64 = stored.map(|stored| stored.bytes).sum();
        Some(Workload {
            kind: node.op.name().to_owned(),
            dtype: Some(DType::F32.name().to_owned()),
            macs: 0.0,
            other_ops: 2.0 * elements,
            read_bytes: 0.0,
            weight_bytes: read as f64,
            written_bytes: 4.0 * elements,
            products: None,
        })
    }

    fn of(node: &Node, layer: &Layer) -> Option<Workload> {
        let work = layer.work.as_ref()?;
        let number = |expr: &Option<Expr>| expr.as_ref()?.as_int().map(|count| count as f64);
        Some(Workload {
            kind: kind(node, layer)?,
            dtype: work.dtype.map(|dtype| dtype.name().to_owned()),
            macs: number(&layer.macs)?,
            other_ops: number(&layer.other_ops)?,
            read_bytes: work.read_bytes as f64,
            weight_bytes: work.weight_bytes as f64,
            written_bytes: work.written_bytes as f64,
            products: work.contraction.as_ref().map(Products::of),
        })
    }
}

/// Inputs of a group at or below which a convolution is one over colours: engines have kernels of their own for it.
const FEW_CHANNELS: u64 = 4;

fn kind(node: &Node, layer: &Layer) -> Option<String> {
    let (work, op) = (layer.work.as_ref()?, node.op.name());
    if work.is_view {
        return Some(VIEW.to_owned());
    }
    let Some(products) = &work.contraction else { return Some(op.to_owned()) };
    let rank = layer.output_shapes.first()?.as_ref()?.rank();
    let kind = match op {
        "Conv" | "FusedConv" if rank < 4 => "convolution in one dimension",
        "Conv" | "FusedConv" if products.is_depthwise() => "depthwise convolution",
        "Conv" | "FusedConv" if products.groups > 1 => "grouped convolution",
        "Conv" | "FusedConv" if products.depth <= FEW_CHANNELS * products.window => "convolution of colours",
        "Conv" | "FusedConv" => "convolution",
        "MatMul" | "Gemm" | "FusedMatMul" | "FusedGemm" => match products.has_weights {
            true => "product with weights",
            false => "product of activations",
        },
        other => other,
    };
    Some(match work.dtype {
        Some(DType::F32) | None => kind.to_owned(),
        Some(dtype) => format!("{kind}, {}", dtype.name()),
    })
}

/// The kernels of a graph, one for each node that runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kernels {
    /// In the order of the nodes.
    pub kernels: Vec<Kernel>,
    /// Nodes that run and whose amounts are not known, by name.
    pub unknown: Vec<String>,
}

impl Kernels {
    /// One kernel for each node of the graph that runs in an inference.
    pub fn of(model: &Model, facts: &Analysis) -> Kernels {
        let mut found = Kernels::default();
        for (index, (node, layer)) in model.graph.nodes.iter().zip(&facts.layers).enumerate() {
            if layer.live_bytes.is_none() {
                continue;
            }
            match Workload::of(node, layer) {
                Some(work) => found.kernels.push(Kernel {
                    nodes: vec![index],
                    name: node.name.to_string(),
                    op: node.op.name().to_owned(),
                    work,
                }),
                None => found.unknown.push(node.name.to_string()),
            }
        }
        found
    }

    /// The kernels of a graph as an engine runs it. What widens stored weights sees only constants, and runs in every
    /// inference all the same where the engine kept it.
    pub fn of_engine(model: &Model, facts: &Analysis) -> Kernels {
        let mut found = Kernels::of(model, facts);
        for (index, (node, layer)) in model.graph.nodes.iter().zip(&facts.layers).enumerate() {
            let is_kept = layer.live_bytes.is_none() && node.op.name() == WIDENING;
            if let Some(work) = Workload::of_widening(model, node, layer).filter(|_| is_kept) {
                let (name, op) = (node.name.to_string(), node.op.name().to_owned());
                found.kernels.push(Kernel { nodes: vec![index], name, op, work });
            }
        }
        found
    }

    /// The same where a runtime computes elementwise functions as part of the kernel that makes their input, as far as
    /// nobody else reads that: what graph optimisers of all runtimes do. Views are no kernels.
    pub fn fused(model: &Model, facts: &Analysis) -> Kernels {
        let single = Kernels::of(model, facts);
        let mut readers: HashMap<TensorId, usize> = HashMap::new();
        let read = model.graph.nodes.iter().flat_map(|node| node.inputs.iter().flatten());
        read.chain(&model.graph.outputs).for_each(|id| *readers.entry(*id).or_default() += 1);
        let mut maker: HashMap<TensorId, usize> = HashMap::new();
        let mut fused = Kernels { unknown: single.unknown, kernels: Vec::new() };
        for kernel in single.kernels {
            let Some((node, layer)) = kernel
                .nodes
                .first()
                .and_then(|index| Some((model.graph.nodes.get(*index)?, facts.layers.get(*index)?)))
            else {
                continue;
            };
            let from = node.inputs.iter().flatten().find_map(|id| {
                let only = readers.get(id) == Some(&1);
                maker.get(id).copied().filter(|_| only)
            });
            let joins =
                kernel.work.kind == VIEW || layer.work.as_ref().is_some_and(|work| work.is_elementwise);
            let into =
                match from.filter(|_| joins).and_then(|into| Some((into, fused.kernels.get_mut(into)?))) {
                    Some((into, before)) => {
                        before.absorb(kernel);
                        into
                    }
                    None if kernel.work.kind == VIEW => continue,
                    None => {
                        fused.kernels.push(kernel);
                        fused.kernels.len() - 1
                    }
                };
            maker.extend(node.outputs.iter().flatten().map(|id| (*id, into)));
        }
        fused
    }
}

impl Kernel {
    /// Computes another kernel on its result, before that is written.
    fn absorb(&mut self, other: Kernel) {
        self.nodes.extend(other.nodes);
        if other.work.kind == VIEW {
            return;
        }
        let (mine, its) = (&mut self.work, other.work);
        mine.other_ops += its.other_ops;
        // What it reads beside this kernel's result is read now.
        mine.read_bytes += (its.read_bytes - mine.written_bytes).max(0.0);
        mine.weight_bytes += its.weight_bytes;
        mine.written_bytes = its.written_bytes;
    }
}

#[cfg(test)]
mod tests {
    use weigh_analysis::{Options, analyze};
    use weigh_zoo::find;

    use super::*;

    /// ResNet-18: 20 convolutions and their norms, activations and sums, 1 pool, 1 global pool, 1 linear layer. The
    /// shortcuts' convolutions are read by the sum alone, so each sum is part of some convolution.
    #[test]
    fn activations_and_norms_are_part_of_what_makes_their_input() {
        let model = (find("resnet18").unwrap().build)(&weigh_zoo::Options::default());
        let facts = analyze(&model, &Options::default()).unwrap();
        let fused = Kernels::fused(&model, &facts);
        let kinds = |kind: &str| fused.kernels.iter().filter(|kernel| kernel.work.kind == kind).count();
        assert_eq!(kinds("convolution") + kinds("convolution of colours"), 20);
        assert_eq!((fused.kernels.len(), fused.unknown.len()), (23, 0));
        let macs: f64 = fused.kernels.iter().map(|kernel| kernel.work.macs).sum();
        assert_eq!(Some(macs as i64), facts.totals.macs.as_int());
    }

    /// Half the width: half the bytes, and the same arithmetic.
    #[test]
    fn another_type_changes_bytes_alone() {
        let model = (find("resnet18").unwrap().build)(&weigh_zoo::Options::default());
        let facts = analyze(&model, &Options::default()).unwrap();
        let work = &Kernels::of(&model, &facts).kernels[0].work;
        let half = work.in_dtype(DType::F16);
        assert_eq!((half.bytes() * 2.0, half.macs), (work.bytes(), work.macs));
        assert_eq!(half.dtype(), Some(DType::F16));
    }
}
