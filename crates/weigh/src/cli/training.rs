//! Options of `--training`.

use anyhow::{Context, bail};
use weigh::training::{Optimizer, Precision, Recipe};

use super::amounts;

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Tell what a training step takes: FLOPs forward and backward, memory, and where checkpoints pay
    #[arg(long, help_heading = "Training")]
    training: bool,

    /// What updates the parameters: sgd, momentum, adam, adamw or adamw-8bit
    #[arg(
        long,
        value_name = "NAME",
        default_value = "adam",
        requires = "training",
        help_heading = "Training"
    )]
    #[arg(value_parser = optimizer)]
    optimizer: Option<Optimizer>,

    /// Weights, gradients and activations in 16 bits, with a float32 copy of the weights: fp16 (the default) or bf16
    #[arg(long, value_name = "TYPE", num_args = 0..=1, default_missing_value = "fp16", requires = "training")]
    #[arg(help_heading = "Training", value_parser = precision)]
    mixed_precision: Option<Precision>,

    /// What a step may need: the placement of checkpoints with the least recomputation within it, as in 4GiB
    #[arg(long, value_name = "SIZE", requires = "training", help_heading = "Training", value_parser = amounts::size)]
    memory_limit: Option<u64>,
}

impl Args {
    /// How the model is to be trained, if that is asked for.
    pub(crate) fn recipe(&self) -> Option<Recipe> {
        self.training.then(|| Recipe {
            optimizer: self.optimizer.unwrap_or_default(),
            precision: self.mixed_precision.unwrap_or_default(),
            memory_limit: self.memory_limit,
        })
    }
}

fn optimizer(text: &str) -> anyhow::Result<Optimizer> {
    let names = Optimizer::ALL.map(Optimizer::name).join(", ");
    Optimizer::named(text).with_context(|| format!("no optimiser '{text}'; there are {names}"))
}

fn precision(text: &str) -> anyhow::Result<Precision> {
    match Precision::named(text) {
        Some(precision @ Precision::Mixed(_)) => Ok(precision),
        _ => bail!("'{text}' is neither fp16 nor bf16"),
    }
}
