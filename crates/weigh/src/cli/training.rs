//! Options of `--training`.

use anyhow::{Context, bail};
use weigh::training::{Optimizer, Precision, Recipe};

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
    #[arg(long, value_name = "SIZE", requires = "training", help_heading = "Training", value_parser = size)]
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

/// Bytes with an IEC or SI unit: `4GiB`, `500 MB`, `1.5G` (as GiB); a bare number is bytes.
fn size(text: &str) -> anyhow::Result<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        unit => bail!("'{unit}' is no unit of memory; write 4GiB or 500MB"),
    };
    let number: f64 = number.parse().with_context(|| format!("'{text}' is no size; write 4GiB or 500MB"))?;
    let bytes = number * factor;
    if !(1.0..=u64::MAX as f64 / 2.0).contains(&bytes) {
        bail!("'{text}' is no size that a machine has");
    }
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("4GiB").ok(), Some(4 << 30));
        assert_eq!(size("1.5g").ok(), Some(3 << 29));
        assert_eq!(size("500 MB").ok(), Some(500_000_000));
        assert_eq!(size("4096").ok(), Some(4096));
        for wrong in ["", "GiB", "4 apples", "-1", "0", "1e30TiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
