//! The terms that a model's work is broken into: a closed list, so that conventions are weights on it.

use std::fmt;

/// What kind of work a node does, as fine as any counting tool tells kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Convolution of any rank, grouped and depthwise ones included.
    Convolution,
    /// Transposed convolution.
    TransposedConvolution,
    /// A product with learned weights.
    Linear,
    /// The products with learned weights inside a multi-head attention module, which calls no linear module.
    Projection,
    /// A product of two activations that is no attention.
    Product,
    /// The two products of attention, written as products with a softmax between them.
    Attention,
    /// The two products of attention as one call (`scaled_dot_product_attention`), or spelled the way
    /// exporters spell that call.
    FusedAttention,
    /// A sum of products over named axes.
    Einsum,
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent units.
    Gru,
    /// The simple recurrent layer.
    Rnn,
    /// Matrix work of a form that only this program prices: quantised, deformable, fused with projections.
    OtherMatrix,
    /// Batch normalisation with stored statistics.
    BatchNorm,
    /// Layer normalisation.
    LayerNorm,
    /// Group normalisation.
    GroupNorm,
    /// Instance normalisation.
    InstanceNorm,
    /// max(0, x).
    Relu,
    /// min(max(0, x), 6).
    Relu6,
    /// ReLU with a learned slope.
    PRelu,
    /// ReLU with a fixed slope.
    LeakyRelu,
    /// Exponential linear unit.
    Elu,
    /// Gaussian error linear unit.
    Gelu,
    /// x·sigmoid(x).
    Silu,
    /// Softmax outside of a fused attention.
    Softmax,
    /// Maximum over windows.
    MaxPool,
    /// Mean over windows.
    AveragePool,
    /// Mean over all of space, or over as many parts of it as there are outputs.
    AdaptiveAveragePool,
    /// Maximum over all of space.
    AdaptiveMaxPool,
    /// Mean over the two axes of an image, called as a function: a mean, or an adaptive pooling written as one.
    SpatialMean,
    /// The nearest element, over images.
    UpsampleNearest,
    /// Linear in both axes of images.
    UpsampleBilinear,
    /// Cubic in both axes of images.
    UpsampleBicubic,
    /// Sampling at given positions.
    GridSample,
    /// Rows of a learned table.
    Embedding,
    /// Additions of two tensors that are no bias.
    Add,
    /// Multiplications of two tensors.
    Multiply,
    /// All other arithmetic.
    Other,
}

/// How a node was called, as far as the module paths in the file tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// By a module of its own: hooks on modules see it.
    Module,
    /// By a function inside another module: only what patches or traces functions sees it.
    Function,
}

/// What is counted of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// Multiply-accumulates.
    Macs,
    /// Multiply-accumulates of a transposed convolution as if every output saw the whole window.
    DenseMacs,
    /// Outputs that a learned bias is added to; in recurrent layers once for each of its biases.
    BiasAdds,
    /// Elements of learned biases × the output's first extent.
    BiasParameters,
    /// Elements of the node's parameters × the output's first extent.
    Parameters,
    /// Elements of the first input.
    Inputs,
    /// Elements of the first output.
    Outputs,
    /// Slices of a softmax that sum to 1.
    Rows,
    /// Hidden units × steps × batch × directions.
    Units,
    /// Elements of the softmax inside fused attention.
    Scores,
    /// Elements of the queries of fused attention.
    Queries,
}

/// One term: what is counted of which kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// The kind of work.
    pub kind: Kind,
    /// How it was called.
    pub call: Call,
    /// What is counted of it.
    pub quantity: Quantity,
}

impl Kind {
    /// The kind in the field's words.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Convolution => "convolution",
            Kind::TransposedConvolution => "transposed convolution",
            Kind::Linear => "linear",
            Kind::Projection => "MHA projections",
            Kind::Product => "activation products",
            Kind::Attention => "written-out attention",
            Kind::FusedAttention => "fused attention",
            Kind::Einsum => "einsum",
            Kind::Lstm => "LSTM",
            Kind::Gru => "GRU",
            Kind::Rnn => "RNN",
            Kind::OtherMatrix => "other matrix operators",
            Kind::BatchNorm => "batch norm",
            Kind::LayerNorm => "layer norm",
            Kind::GroupNorm => "group norm",
            Kind::InstanceNorm => "instance norm",
            Kind::Relu => "ReLU",
            Kind::Relu6 => "ReLU6",
            Kind::PRelu => "PReLU",
            Kind::LeakyRelu => "leaky ReLU",
            Kind::Elu => "ELU",
            Kind::Gelu => "GELU",
            Kind::Silu => "SiLU",
            Kind::Softmax => "softmax",
            Kind::MaxPool => "max pooling",
            Kind::AveragePool => "average pooling",
            Kind::AdaptiveAveragePool => "adaptive avg pooling",
            Kind::AdaptiveMaxPool => "adaptive max pooling",
            Kind::SpatialMean => "mean over space",
            Kind::UpsampleNearest => "nearest upsampling",
            Kind::UpsampleBilinear => "bilinear upsampling",
            Kind::UpsampleBicubic => "bicubic upsampling",
            Kind::GridSample => "grid sampling",
            Kind::Embedding => "embedding",
            Kind::Add => "additions",
            Kind::Multiply => "multiplications",
            Kind::Other => "other arithmetic",
        }
    }

    /// Every term there can be of it.
    pub fn terms(self) -> impl Iterator<Item = Term> {
        let calls = move |quantity: &Quantity| {
            let quantity = *quantity;
            [Call::Module, Call::Function].map(|call| Term { kind: self, call, quantity })
        };
        self.quantities().iter().flat_map(calls)
    }

    /// What may be counted of it.
    pub(super) fn quantities(self) -> &'static [Quantity] {
        use Quantity::{
            BiasAdds, BiasParameters, DenseMacs, Inputs, Macs, Outputs, Parameters, Queries, Rows, Scores,
            Units,
        };
        match self {
            Kind::Convolution => &[Macs, BiasAdds, BiasParameters],
            Kind::TransposedConvolution => &[Macs, DenseMacs, BiasAdds],
            Kind::Linear | Kind::Projection => &[Macs, BiasAdds, Parameters],
            Kind::Product | Kind::Attention | Kind::Einsum | Kind::OtherMatrix => &[Macs],
            Kind::FusedAttention => &[Macs, Scores, Queries],
            Kind::Lstm | Kind::Gru | Kind::Rnn => &[Macs, BiasAdds, Units],
            Kind::BatchNorm | Kind::LayerNorm | Kind::GroupNorm | Kind::InstanceNorm | Kind::PRelu => {
                &[Outputs, Parameters]
            }
            Kind::Softmax => &[Inputs, Rows],
            Kind::MaxPool
            | Kind::AveragePool
            | Kind::AdaptiveAveragePool
            | Kind::AdaptiveMaxPool
            | Kind::SpatialMean => &[Inputs, Outputs],
            Kind::Embedding => &[Parameters],
            _ => &[Outputs],
        }
    }
}

impl Quantity {
    /// The quantity in a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Quantity::Macs => "MACs",
            Quantity::DenseMacs => "MACs as if dense at outputs",
            Quantity::BiasAdds => "bias adds",
            Quantity::BiasParameters => "bias elements × first extent",
            Quantity::Parameters => "parameters × first extent",
            Quantity::Inputs => "inputs",
            Quantity::Outputs => "outputs",
            Quantity::Rows => "rows",
            Quantity::Units => "hidden units × steps",
            Quantity::Scores => "scores",
            Quantity::Queries => "queries",
        }
    }
}

/// `convolution MACs`, `ReLU outputs (function)`.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = if self.call == Call::Function { " (function)" } else { "" };
        write!(f, "{}: {}{call}", self.kind.word(), self.quantity.word())
    }
}
