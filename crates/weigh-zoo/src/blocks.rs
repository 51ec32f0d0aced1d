//! What several convolutional networks are made of.

use std::fmt::Display;

use weigh_ir::TensorId;

use crate::builder::{Builder, Filters};

/// The function behind a normalised convolution.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Linear,
    Relu,
    Relu6,
    Silu,
    HardSwish,
}

impl Activation {
    pub fn apply(self, b: &mut Builder, name: impl Display, x: TensorId) -> TensorId {
        match self {
            Activation::Linear => x,
            Activation::Relu => b.relu(name, x),
            Activation::HardSwish => b.activation(name, "HardSwish", x),
            Activation::Relu6 => b.scoped(name, |b| {
                let (lowest, highest) = (b.number(0.0), b.number(6.0));
                b.function("Clip", &[x, lowest, highest])
            }),
            Activation::Silu => b.scoped(name, |b| {
                let gate = b.function("Sigmoid", &[x]);
                b.function("Mul", &[x, gate])
            }),
        }
    }
}

/// Convolution, batch normalisation, activation: torchvision's `Conv2dNormActivation`.
pub(crate) fn conv_norm(
    b: &mut Builder,
    name: impl Display,
    x: TensorId,
    filters: Filters,
    activation: Activation,
) -> TensorId {
    b.scoped(name, |b| {
        let x = b.conv(0, x, filters);
        let x = b.batch_norm(1, x);
        activation.apply(b, 2, x)
    })
}

/// Channels weighted by what the whole image says of them (Hu et al. 2017, arXiv:1709.01507).
pub(crate) fn squeeze_excitation(
    b: &mut Builder,
    name: impl Display,
    x: TensorId,
    squeezed: i64,
    activation: Activation,
    gate: &str,
) -> TensorId {
    b.scoped(name, |b| {
        let channels = b.extent(x, 1);
        let mut weight = b.global_average_pool("avgpool", x);
        weight = b.conv_biased("fc1", weight, Filters::same(squeezed, 1, 1));
        weight = activation.apply(b, "activation", weight);
        weight = b.conv_biased("fc2", weight, Filters::same(channels, 1, 1));
        weight = b.activation("scale_activation", gate, weight);
        b.function("Mul", &[weight, x])
    })
}
