//! What an optimiser keeps for each parameter, and what precision does to weights, gradients and activations.

use weigh_ir::{DType, Expr};

/// How parameters are updated, as far as memory goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optimizer {
    /// Nothing is kept.
    Sgd,
    /// A running mean of gradients in float32.
    Momentum,
    /// Running means of gradients and of their squares in float32 (Kingma and Ba, arXiv 1412.6980).
    #[default]
    Adam,
    /// The same memory as [`Optimizer::Adam`] (Loshchilov and Hutter, arXiv 1711.05101).
    AdamW,
    /// Both means in 8 bits with the largest magnitude of each block of 2048 in float32; tensors below 4096
    /// elements in float32 (Dettmers et al., arXiv 2110.02861; the sizes as in the authors' code, bitsandbytes,
    /// `Optimizer2State.init_state`).
    AdamW8bit,
}

/// Elements of a block that share a scale in 8-bit states.
const BLOCK: i64 = 2048;
/// Tensors with fewer elements have states in float32.
const SMALLEST_IN_8_BITS: i64 = 4096;

impl Optimizer {
    /// All of them.
    pub const ALL: [Optimizer; 5] =
        [Optimizer::Sgd, Optimizer::Momentum, Optimizer::Adam, Optimizer::AdamW, Optimizer::AdamW8bit];

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Optimizer::Sgd => "sgd",
            Optimizer::Momentum => "momentum",
            Optimizer::Adam => "adam",
            Optimizer::AdamW => "adamw",
            Optimizer::AdamW8bit => "adamw-8bit",
        }
    }

    /// The optimiser of this name, if there is one.
    pub fn named(name: &str) -> Option<Optimizer> {
        Optimizer::ALL.into_iter().find(|optimizer| optimizer.name() == name)
    }

    /// Bytes kept for one parameter tensor of so many elements.
    pub fn state_bytes(self, elements: &Expr) -> Expr {
        match self {
            Optimizer::Sgd => Expr::ZERO,
            Optimizer::Momentum => elements * 4,
            Optimizer::Adam | Optimizer::AdamW => elements * 8,
            Optimizer::AdamW8bit => match elements.as_int() {
                Some(small) if small < SMALLEST_IN_8_BITS => elements * 8,
                _ => elements * 2 + elements.ceil_div(&Expr::Int(BLOCK)) * 8,
            },
        }
    }
}

/// In which precision a step computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Everything as the file stores it, gradients like their parameters.
    #[default]
    Stored,
    /// Weights, gradients and activations of 2 bytes, and a float32 copy of the weights that the optimiser updates
    /// (Micikevicius et al., arXiv 1710.03740). With Adam that is 16 bytes for each parameter: 2 + 2, 4 of the copy
    /// and 8 of the optimiser (Rajbhandari et al., arXiv 1910.02054, section 3.1). Statistics of normalisations stay
    /// in float32.
    Mixed(DType),
}

impl Precision {
    /// The name in reports: `stored`, `fp16`, `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Stored => "stored",
            Precision::Mixed(DType::BF16) => "bf16",
            Precision::Mixed(_) => "fp16",
        }
    }

    /// The precision of this name, if there is one.
    pub fn named(name: &str) -> Option<Precision> {
        match name {
            "stored" => Some(Precision::Stored),
            "fp16" => Some(Precision::Mixed(DType::F16)),
            "bf16" => Some(Precision::Mixed(DType::BF16)),
            _ => None,
        }
    }

    /// The type in which a tensor of this type is computed and kept.
    pub fn computed(self, dtype: DType) -> DType {
        match self {
            Precision::Mixed(half) if matches!(dtype, DType::F32 | DType::F64) => half,
            _ => dtype,
        }
    }

    /// Bytes of the copy of the weights that the optimiser updates, for so many elements.
    pub fn master_bytes(self, elements: &Expr) -> Expr {
        match self {
            Precision::Stored => Expr::ZERO,
            Precision::Mixed(_) => elements * 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        // 5000 elements: 2·5000 bytes, and 2·4 bytes for each of ⌈5000 / 2048⌉ = 3 blocks.
        assert_eq!(Optimizer::AdamW8bit.state_bytes(&Expr::Int(5000)), Expr::Int(10_024));
        assert_eq!(Optimizer::AdamW8bit.state_bytes(&Expr::Int(1000)), Expr::Int(8000));
        assert_eq!(Optimizer::Adam.state_bytes(&Expr::Int(1000)), Expr::Int(8000));
        for optimizer in Optimizer::ALL {
            assert_eq!(Optimizer::named(optimizer.name()), Some(optimizer));
        }
    }

    #[test]
    fn sixteen_bytes_for_each_parameter() {
        let (one, half) = (Expr::ONE, Precision::Mixed(DType::F16));
        let working = half.computed(DType::F32).bits().map(|bits| bits / 8);
        assert_eq!(working, Some(2));
        // 2 of weights, 2 of gradients, 4 of the copy, 8 of Adam.
        let kept = half.master_bytes(&one) + Optimizer::Adam.state_bytes(&one);
        assert_eq!(kept + 2 + 2, Expr::Int(16));
    }
}
