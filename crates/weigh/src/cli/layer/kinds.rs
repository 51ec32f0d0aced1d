//! The kinds of layers: what each is given, and the layer that makes.

use clap::Subcommand;
use weigh_zoo::layers::{
    Convolution, Layer, LayerError, Linear, Lstm, Product, SelfAttention, Separable, Space,
};

use super::Common;
use super::numbers::{self, Numbers, Padding};

#[derive(Subcommand)]
pub(super) enum Kind {
    /// Fully connected
    Linear {
        #[command(flatten)]
        channels: Channels,
        #[command(flatten)]
        common: Common,
    },
    /// Convolution over one, two or three axes
    Conv {
        #[command(flatten)]
        channels: Channels,
        /// Groups of channels that are convolved separately
        #[arg(long, value_name = "N", default_value = "1", value_parser = numbers::positive, allow_hyphen_values = true)]
        groups: i64,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        common: Common,
    },
    /// Convolution in groups
    Grouped {
        #[command(flatten)]
        channels: Channels,
        /// Groups of channels that are convolved separately
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        groups: i64,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        common: Common,
    },
    /// Convolution of each channel by itself
    Depthwise {
        /// Channels
        #[arg(long = "in", value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        inputs: i64,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        common: Common,
    },
    /// Depthwise, then pointwise convolution, beside the standard one
    Separable {
        #[command(flatten)]
        channels: Channels,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        common: Common,
    },
    /// Product of two matrices, m x k by k x n; its bias is a third matrix, m x n
    Gemm {
        /// Rows of the first matrix
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        m: i64,
        /// Columns of the first matrix and rows of the second
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        k: i64,
        /// Columns of the second matrix; 1 makes it a vector
        #[arg(long, value_name = "N", default_value = "1", value_parser = numbers::positive, allow_hyphen_values = true)]
        n: i64,
        #[command(flatten)]
        common: Common,
    },
    /// Multi-head attention with its projections
    Attention {
        /// Width of the model
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        dim: i64,
        /// Heads
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        heads: i64,
        /// Steps of the sequence
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        seq: i64,
        /// Heads of keys and values, where queries share them
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        kv_heads: Option<i64>,
        /// Steps of the sequence that keys and values come from, where it is another (cross-attention)
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        kv_seq: Option<i64>,
        #[command(flatten)]
        common: Common,
    },
    /// Long short-term memory; its cost is that of the whole sequence
    Lstm {
        /// Input features
        #[arg(long = "in", value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        inputs: i64,
        /// Hidden units
        #[arg(long, value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
        hidden: i64,
        /// Steps of the sequence
        #[arg(long, value_name = "N", default_value = "1", value_parser = numbers::positive, allow_hyphen_values = true)]
        seq: i64,
        /// Layers on top of each other
        #[arg(long, value_name = "N", default_value = "1", value_parser = numbers::positive, allow_hyphen_values = true)]
        layers: i64,
        /// Whether each layer runs forward and backward
        #[arg(long)]
        bidirectional: bool,
        #[command(flatten)]
        common: Common,
    },
}

/// How wide a layer is.
#[derive(clap::Args)]
pub(super) struct Channels {
    /// Input channels or features
    #[arg(long = "in", value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
    inputs: i64,

    /// Output channels or features
    #[arg(long = "out", value_name = "N", value_parser = numbers::positive, allow_hyphen_values = true)]
    outputs: i64,
}

/// Where a window moves, and how.
#[derive(clap::Args)]
pub(super) struct Place {
    /// Extents of the window: 3, 3x5
    #[arg(long, value_name = "N", value_parser = numbers::extents, allow_hyphen_values = true)]
    kernel: Numbers,

    #[command(flatten)]
    space: Extents,

    /// Steps between positions
    #[arg(long, value_name = "N", default_value = "1", value_parser = numbers::extents, allow_hyphen_values = true)]
    stride: Numbers,

    /// Steps between elements of the window
    #[arg(long, value_name = "N", default_value = "1", value_parser = numbers::extents, allow_hyphen_values = true)]
    dilation: Numbers,

    /// What is added at each end of an axis; `same`: half the kernel, which keeps the extents at stride 1
    #[arg(long, value_name = "N", default_value = "same", value_parser = numbers::padding, allow_hyphen_values = true)]
    padding: Padding,
}

/// Spatial extents; their number is the number of axes.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Extents {
    /// Extents of the output: 224x224; the input is the smallest that gives it
    #[arg(long, value_name = "HxW", value_parser = numbers::extents, allow_hyphen_values = true)]
    output: Option<Numbers>,

    /// Extents of the input, instead of the output's
    #[arg(long, value_name = "HxW", value_parser = numbers::extents, allow_hyphen_values = true)]
    input: Option<Numbers>,
}

/// What is to be weighed.
pub(super) enum Subject {
    /// A layer, and the name of its kind.
    One { name: &'static str, layer: Box<dyn Layer> },
    /// A layer that stands for another.
    Separable(Separable),
}

impl Place {
    fn convolution(&self, inputs: i64, outputs: i64, groups: i64) -> Result<Convolution, LayerError> {
        let moves = numbers::moves(&self.kernel, &self.stride, &self.dilation, &self.padding);
        let space = match (&self.space.output, &self.space.input) {
            (Some(output), _) => Space::Output(output.0.clone()),
            (_, input) => Space::Input(input.as_ref().map(|input| input.0.clone()).unwrap_or_default()),
        };
        Convolution::new(inputs, outputs, groups, &moves, &space)
    }
}

impl Kind {
    /// The layer, and what is asked about it.
    pub(super) fn subject(&self) -> Result<(Subject, &Common), LayerError> {
        let one = |name, layer: Box<dyn Layer>| Subject::One { name, layer };
        Ok(match self {
            Kind::Linear { channels: Channels { inputs, outputs }, common } => {
                (one("linear", Box::new(Linear { inputs: *inputs, outputs: *outputs })), common)
            }
            Kind::Conv { channels, groups, place, common } => {
                let conv = place.convolution(channels.inputs, channels.outputs, *groups)?;
                (one("conv", Box::new(conv)), common)
            }
            Kind::Grouped { channels, groups, place, common } => {
                let conv = place.convolution(channels.inputs, channels.outputs, *groups)?;
                (one("grouped", Box::new(conv)), common)
            }
            Kind::Depthwise { inputs, place, common } => {
                (one("depthwise", Box::new(place.convolution(*inputs, *inputs, *inputs)?)), common)
            }
            Kind::Separable { channels, place, common } => {
                let standard = place.convolution(channels.inputs, channels.outputs, 1)?;
                (Subject::Separable(Separable(standard)), common)
            }
            Kind::Gemm { m, k, n, common } => {
                (one("gemm", Box::new(Product { m: *m, k: *k, n: *n })), common)
            }
            Kind::Attention { dim, heads, seq, kv_heads, kv_seq, common } => {
                let (dim, heads, seq) = (*dim, *heads, *seq);
                let kv_heads = kv_heads.unwrap_or(heads);
                (
                    one("attention", Box::new(SelfAttention { dim, heads, kv_heads, seq, kv_seq: *kv_seq })),
                    common,
                )
            }
            Kind::Lstm { inputs, hidden, seq, layers, bidirectional, common } => {
                let (inputs, hidden, steps, layers) = (*inputs, *hidden, *seq, *layers);
                let lstm = Lstm { inputs, hidden, steps, layers, bidirectional: *bidirectional };
                (one("lstm", Box::new(lstm)), common)
            }
        })
    }
}
