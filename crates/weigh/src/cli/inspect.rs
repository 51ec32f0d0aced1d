//! `weigh inspect`: what can be known without running a model.

use std::process::ExitCode;

use weigh::report::RenderOptions;

use super::{FAILED, MISSED, Outcome, annotate, conventions, models, output, requirements, training};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    models: models::Args,

    /// Make a fixed extent a symbol of the formulas: --free image:2=h,image:3=w (one input: 2=h,3=w)
    ///
    /// INPUT:AXIS=SYMBOL. Numbers stay those of the file's own extent, or of --dim SYMBOL=N. A model that cannot
    /// take another extent is refused, and the node that pins it named.
    #[arg(long = "free", value_name = "INPUT:AXIS=SYMBOL", value_delimiter = ',')]
    free: Vec<String>,

    /// Show the formulas of all totals, and the order in which each grows with each open dim
    #[arg(long, help_heading = "Output")]
    symbolic: bool,

    /// Show memory over the steps: what is alive when, and in JSON a plan with an offset for every tensor
    #[arg(long, help_heading = "Output")]
    memory: bool,

    /// Write a copy of the model with these figures in its metadata and in that of its nodes, to -o FILE
    #[arg(long, help_heading = "Output", requires = "output")]
    #[arg(conflicts_with_all = ["format", "symbolic", "memory", "training", "layers", "depth", "sort"])]
    #[arg(conflicts_with_all = ["limits", "classes", "convention", "reconcile"])]
    annotate: bool,

    #[command(flatten)]
    training: training::Args,

    #[command(flatten)]
    requirements: requirements::Args,

    #[command(flatten)]
    output: output::Args,

    #[command(flatten)]
    conventions: conventions::Args,
}

const EXAMPLES: &str = "\
Examples:
  weigh inspect gpt2.onnx --symbolic                     how cost grows with batch and sequence
  weigh inspect resnet50.onnx --symbolic --free 2=h,3=w  and with the resolution of a fixed-size model
  weigh inspect resnet50.onnx --annotate -o noted.onnx   a copy with the figures of every node in it
  weigh inspect resnet50.onnx --training --dim batch=32 --memory-limit 2GiB
                                                         a training step, with checkpoints to make it fit";

pub(crate) fn run(args: &Args) -> Outcome {
    let requirements = args.requirements.read()?;
    let mut options = args.models.assume.options()?;
    options.free = args.free.iter().map(|text| models::parse_free(text)).collect::<anyhow::Result<_>>()?;
    if args.annotate {
        return annotate::run(&args.models.models, &options, args.output.output.as_deref());
    }
    let with_memory = args.memory || args.output.wants().memory;
    let (reports, all_good) = models::weigh_all_with(&args.models, &options, |weighed| {
        let mut report = weigh::describe(&weighed.opened, &weighed.facts);
        report.memory = with_memory.then(|| weigh::describe_memory(&weighed.opened, &weighed.facts));
        // What stops this has stopped the analysis before.
        let training = |recipe| weigh::describe_training(&weighed.opened, &options, recipe).ok();
        report.training = args.training.recipe().and_then(training);
        args.conventions.add_to(&mut report, &weighed.opened, &options);
        requirements.judge(&mut report);
        report
    })?;
    if !reports.is_empty() {
        let options = requirements.shown(args.output.render_options());
        let options = RenderOptions { symbolic: args.symbolic, ..options };
        args.output.show_as(&reports, &options)?;
    }
    Ok(match (all_good, requirements.pass(&reports)) {
        (true, true) => ExitCode::SUCCESS,
        (true, false) => ExitCode::from(MISSED),
        (false, _) => ExitCode::from(FAILED),
    })
}
