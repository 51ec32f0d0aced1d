//! `weigh layer`: the cost of a single layer, by the same path as a model: built as a graph, analysed, described.

mod kinds;
mod numbers;

use std::path::PathBuf;
use std::process::ExitCode;

use weigh::ir::DType;
use weigh::report::SideBySide;
use weigh::report::report::{Comparison, Tensor};
use weigh::{Opened, Options, Report};
use weigh_zoo::layers::{Layer, LayerError, Separable, Setting};

use super::{Hinted, Outcome, output};
use kinds::{Kind, Subject};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    kind: Kind,
}

/// What every kind of layer can be asked.
#[derive(clap::Args)]
struct Common {
    /// Samples at once
    #[arg(long, value_name = "N", default_value = "1", value_parser = numbers::positive, allow_hyphen_values = true)]
    batch: i64,

    /// Only with bias
    #[arg(long, conflicts_with = "no_bias")]
    bias: bool,

    /// Only without bias
    #[arg(long)]
    no_bias: bool,

    /// Type of weights and activations
    #[arg(long, default_value = "float32", value_parser = dtypes())]
    dtype: String,

    /// Output format
    #[arg(long, default_value = "table", value_parser = output::formats(), help_heading = "Output")]
    format: String,

    /// Write to a file instead of standard output
    #[arg(short = 'o', value_name = "FILE", help_heading = "Output")]
    file: Option<PathBuf>,
}

/// The types a layer can have.
const DTYPES: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::I8];

fn dtypes() -> clap::builder::PossibleValuesParser {
    DTYPES.map(DType::name).into()
}

impl Common {
    fn setting(&self, bias: bool) -> Setting {
        let dtype = DTYPES.into_iter().find(|dtype| dtype.name() == self.dtype).unwrap_or(DType::F32);
        Setting { batch: self.batch, dtype, bias }
    }
}

pub(crate) fn run(args: &Args) -> Outcome {
    let (subject, common) = args.kind.subject().map_err(refusal)?;
    let destination = output::Args::plain(&common.format, common.file.clone());
    let setting = common.setting(common.bias);
    let (name, layer): (_, &dyn Layer) = match &subject {
        Subject::One { name, layer } => (*name, &**layer),
        Subject::Separable(separable) => ("separable", separable),
    };
    let mut main = weigh_one(name, layer, &setting)?;
    let rows = match &subject {
        Subject::One { layer, .. } => biased_or_not(name, &**layer, common, &main)?,
        Subject::Separable(separable) => separated(separable, &setting, &mut main)?,
    };
    if common.format != "table" {
        destination.show(&[main])?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut facts = vec![shapes(&main), common.dtype.clone()];
    if matches!(subject, Subject::Separable(_)) {
        facts.push(if setting.bias { "with bias" } else { "without bias" }.to_owned());
    }
    let table = SideBySide {
        title: &layer.title(),
        facts: &facts,
        remarks: &[format!("MACs = {}", layer.formula(setting.batch))],
        kind: "variant",
        rows: &rows,
    };
    output::write(destination.output.as_ref(), table.render(&destination.render_options()).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Builds a layer and describes it.
fn weigh_one(name: &str, layer: &dyn Layer, setting: &Setting) -> anyhow::Result<Report> {
    let model = layer.build(setting).map_err(refusal)?;
    let (path, title) = (format!("layer:{name}"), layer.title());
    let opened = Opened { path, name: title, model, file: None, file_bytes: None };
    let facts = weigh::analyze(&opened.model, &Options::default())
        .map_err(|error| Hinted::new(error.to_string(), "no machine holds that: give smaller numbers"))?;
    let mut report = weigh::describe(&opened, &facts);
    if let Some(model) = &mut report.model {
        "layer".clone_into(&mut model.format);
    }
    Ok(report)
}

fn refusal(error: LayerError) -> anyhow::Error {
    Hinted::new(error.to_string(), error.hint()).into()
}

/// The layer without bias and with, as far as wanted; `main` is one of them.
fn biased_or_not(
    name: &str,
    layer: &dyn Layer,
    common: &Common,
    main: &Report,
) -> anyhow::Result<Vec<(String, Report)>> {
    let (with, without) = ("with bias".to_owned(), "without bias".to_owned());
    Ok(match (common.bias, common.no_bias) {
        (true, _) => vec![(with, main.clone())],
        (_, true) => vec![(without, main.clone())],
        _ => vec![(without, main.clone()), (with, weigh_one(name, layer, &common.setting(true))?)],
    })
}

/// The separable convolution, what it stands for and what it is made of. The comparison goes into `main`.
fn separated(
    separable: &Separable,
    setting: &Setting,
    main: &mut Report,
) -> anyhow::Result<Vec<(String, Report)>> {
    let Separable(standard) = separable;
    let standard_report = weigh_one("conv", standard, setting)?;
    let (a, b) = (("standard convolution", &standard_report), ("separable", &*main));
    main.comparisons = compare(a, b);
    Ok(vec![
        ("standard convolution".to_owned(), standard_report),
        ("separable".to_owned(), main.clone()),
        ("  depthwise part".to_owned(), weigh_one("depthwise", &standard.depthwise(), setting)?),
        ("  pointwise part".to_owned(), weigh_one("pointwise", &standard.pointwise(), setting)?),
    ])
}

/// What b has of what a has.
fn compare(a: (&str, &Report), b: (&str, &Report)) -> Vec<Comparison> {
    let mut found = weigh_decide::compare::between(a, b);
    found.retain(|comparison| ["parameters", "macs"].contains(&comparison.metric.as_str()));
    found
}

/// `[1, 3, 224, 224] → [1, 64, 224, 224]`: all inputs, the first output.
fn shapes(report: &Report) -> String {
    let Some(model) = &report.model else { return String::new() };
    let list = |tensors: &[Tensor]| {
        let shapes =
            tensors.iter().map(|tensor| tensor.shape.as_ref().map_or("?".to_owned(), |s| s.to_string()));
        shapes.collect::<Vec<_>>().join(", ")
    };
    format!("{} → {}", list(&model.inputs), list(model.outputs.get(..1).unwrap_or_default()))
}
