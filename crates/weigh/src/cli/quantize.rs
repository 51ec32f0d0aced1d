//! `weigh quantize`: a model written with its weights in fewer bits.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use weigh::report::report::Quantization;
use weigh::{QuantizeRequest, Setting, WeightType};
use weigh_engine::EngineOptions;

use super::progress::Bar;
use super::{Outcome, engines, models, output, workers};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A model file, or zoo:NAME (with random weights)
    #[arg(value_name = "MODEL")]
    model: String,

    /// The type that weights are stored in
    #[arg(long, value_name = "TYPE")]
    weights: WeightsArg,

    /// Compute with integers: activations are quantised at run time (with int8)
    #[arg(long)]
    dynamic: bool,

    /// Weights that share a scale (with int4)
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..=65536))]
    block: u32,

    /// Fold batch normalisations into the convolutions before them
    #[arg(long)]
    fold_batch_norm: bool,

    /// Nodes and tensors to leave as they are
    #[arg(long, value_name = "NAME", num_args = 1..)]
    skip_layers: Vec<String>,

    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Run both models on the same random inputs and say how far their outputs are apart
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    assume: models::Assume,

    /// What runs the models for --check
    #[arg(long, default_value = "auto", value_parser = engines::names())]
    engine: String,

    /// Output format of what is said about it
    #[arg(long, default_value = "table", value_parser = output::formats(), help_heading = "Output")]
    format: String,

    /// Show every tensor
    #[arg(long, help_heading = "Output")]
    layers: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum WeightsArg {
    /// As they are, for --fold-batch-norm alone
    Fp32,
    /// IEEE half precision
    Fp16,
    /// The upper half of single precision
    Bf16,
    /// 8 bits, a scale per output channel
    Int8,
    /// 4 bits, a scale per block of inputs (operator set 21)
    Int4,
}

const EXAMPLES: &str = "\
Examples:
  weigh quantize resnet50.onnx --weights int8 -o small.onnx --check   and how far the outputs are apart
  weigh quantize bert.onnx --weights int8 --dynamic -o fast.onnx      products with integers
  weigh quantize resnet50.onnx --weights fp32 --fold-batch-norm -o folded.onnx";

pub(crate) fn run(args: &Args) -> Outcome {
    let options = args.assume.options()?;
    let weighed = models::weigh_one(&args.model, &options)?;
    let bar = Bar::new(&weighed.opened.name);
    bar.busy("reading");
    let tell = |share: f64| bar.part(share, "writing");
    let mut quantization = weigh::quantize(&weighed.opened, &args.request(), &args.output, &tell)?;
    let mut code = ExitCode::SUCCESS;
    if args.check {
        bar.busy("comparing outputs");
        let launcher = workers::launcher(Duration::from_secs(120))?;
        let after = weigh::open(&args.output.to_string_lossy())?;
        let found =
            weigh::output_difference(&launcher, [&weighed.opened, &after], &options, &args.setting()?);
        code = workers::ending(&launcher, found.is_ok());
        say(&mut quantization, found);
    }
    drop(bar);
    let report = weigh::describe_quantization(&weighed.opened, &weighed.facts, quantization);
    let shown = output::Args { layers: args.layers, ..output::Args::plain(&args.format, None) };
    shown.show(&[report])?;
    Ok(code)
}

impl Args {
    fn request(&self) -> QuantizeRequest {
        let weights = match self.weights {
            WeightsArg::Fp32 => WeightType::F32,
            WeightsArg::Fp16 => WeightType::F16,
            WeightsArg::Bf16 => WeightType::Bf16,
            WeightsArg::Int8 => WeightType::I8,
            WeightsArg::Int4 => WeightType::I4,
        };
        QuantizeRequest {
            weights,
            dynamic: self.dynamic,
            block: self.block,
            fold_batch_norm: self.fold_batch_norm,
            skip: self.skip_layers.clone(),
        }
    }

    fn setting(&self) -> anyhow::Result<Setting> {
        let engine = engines::named(&self.engine)?;
        Ok(Setting { engine, options: EngineOptions::default(), batch: None, streams: NonZeroUsize::MIN })
    }
}

/// Adds what running both has shown.
fn say(quantization: &mut Quantization, found: Result<weigh_measure::worker::Difference, String>) {
    match found {
        Ok(difference) => {
            quantization.output_difference = difference.absolute;
            quantization.relative_output_difference = difference.relative;
            quantization.notes.extend(difference.notes);
        }
        Err(why) => quantization.notes.push(format!("outputs not compared: {why}")),
    }
}
