//! What commands over models share: naming models, binding dims, analysing many at once.

use rayon::prelude::*;
use weigh::ir::{Expr, Shape, Symbol, Value};
use weigh::{Analysis, AnalysisError, FreeDim, Opened, Options};

use super::Hinted;
use super::output::report_error;
use super::progress::Bar;

/// Which models, and what to assume about them.
#[derive(clap::Args)]
#[group(skip)] // flattened together with others of that name
pub(crate) struct Args {
    /// Model files, or zoo:NAME
    #[arg(value_name = "MODEL", required = true)]
    pub models: Vec<String>,

    #[command(flatten)]
    pub assume: Assume,
}

/// What to assume about a model.
#[derive(clap::Args)]
pub(crate) struct Assume {
    /// Bind a dim: --dim batch=8
    #[arg(long = "dim", value_name = "NAME=N", value_delimiter = ',')]
    pub dims: Vec<String>,

    /// Give an input another shape: --input image:1x3x224x224 (extents may be names)
    #[arg(long = "input", value_name = "NAME:SHAPE")]
    pub inputs: Vec<String>,

    /// Say what an input holds, where shapes or branches depend on it: --value sr=16000 (elements by commas)
    #[arg(long = "value", value_name = "NAME=N[,N..]")]
    pub values: Vec<String>,
}

impl Assume {
    /// The assumptions as the analysis takes them.
    pub fn options(&self) -> anyhow::Result<Options> {
        let mut options = Options::default();
        for dim in &self.dims {
            let (symbol, value) = parse_dim(dim)?;
            if options.bindings.get(&symbol).is_some_and(|given| *given != value) {
                return Err(Hinted::new(format!("--dim binds {symbol} twice"), "leave one of them").into());
            }
            options.bindings.insert(symbol, value);
        }
        for input in &self.inputs {
            let (name, shape) = parse_input(input)?;
            options.input_shapes.insert(name, shape);
        }
        for value in &self.values {
            let (name, value) = parse_value(value)?;
            options.input_values.insert(name, value);
        }
        Ok(options)
    }
}

fn parse_dim(text: &str) -> anyhow::Result<(Symbol, i64)> {
    let wrong =
        || Hinted::new(format!("'{text}' binds nothing"), "write --dim NAME=N, for example --dim batch=8");
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    match value.trim().parse::<i64>() {
        Ok(value) if value >= 0 && !name.trim().is_empty() => Ok((Symbol::new(name.trim()), value)),
        _ => Err(wrong().into()),
    }
}

/// Input names may hold colons; the shape begins after the last one.
fn parse_input(text: &str) -> anyhow::Result<(String, Shape)> {
    let wrong = || {
        Hinted::new(
            format!("'{text}' shapes no input"),
            "write --input NAME:SHAPE, for example --input image:1x3x224x224",
        )
    };
    let (name, shape) = text.rsplit_once(':').ok_or_else(wrong)?;
    let extent = |part: &str| match part.parse::<i64>() {
        Ok(value) if value >= 0 => Ok(Expr::Int(value)),
        Ok(_) => Err(wrong()),
        Err(_) if part.starts_with(|c: char| c.is_ascii_alphabetic()) => Ok(Expr::symbol(part)),
        Err(_) => Err(wrong()),
    };
    let dims =
        if shape.is_empty() { Vec::new() } else { shape.split('x').map(extent).collect::<Result<_, _>>()? };
    Ok((name.to_owned(), Shape::new(dims)))
}

/// Integers, or numbers where one of them is none; `true` and `false` are 1 and 0. Input names may hold equal
/// signs; the elements begin after the last one.
fn parse_value(text: &str) -> anyhow::Result<(String, Value)> {
    let wrong = || {
        Hinted::new(
            format!("'{text}' gives no input its elements"),
            "write --value NAME=N[,N..], for example --value sr=16000",
        )
    };
    let (name, list) = text.rsplit_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
    let parts = || list.split(',').map(str::trim);
    let int = |part: &str| match part {
        "true" => Ok(1),
        "false" => Ok(0),
        number => number.parse::<i64>(),
    };
    if let Ok(ints) = parts().map(int).collect::<Result<Vec<_>, _>>() {
        return Ok((name.to_owned(), Value::ints(ints)));
    }
    let float = |part: &str| part.parse::<f64>().ok().filter(|number| number.is_finite());
    let floats = parts().map(float).collect::<Option<_>>().ok_or_else(wrong)?;
    Ok((name.to_owned(), Value::Floats(floats)))
}

/// `INPUT:AXIS=SYMBOL`, or `AXIS=SYMBOL` where the model has one input. Input names may hold colons.
pub(crate) fn parse_free(text: &str) -> anyhow::Result<FreeDim> {
    let wrong = || {
        let hint = "write --free INPUT:AXIS=SYMBOL, for example --free image:2=h,image:3=w";
        Hinted::new(format!("'{text}' frees nothing"), hint)
    };
    let (place, symbol) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (input, axis) = match place.rsplit_once(':') {
        Some((input, axis)) => (Some(input.to_owned()), axis),
        None => (None, place),
    };
    let axis = axis.trim().parse().map_err(|_| wrong())?;
    match symbol.trim() {
        name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Ok(FreeDim { input, axis, symbol: Symbol::new(name) })
        }
        _ => Err(wrong().into()),
    }
}

/// What is being done to a model that is analysed.
pub(crate) const WEIGHING: &str = "weighing";

/// A model and its facts.
pub(crate) struct Weighed {
    pub opened: Opened,
    pub facts: Analysis,
}

/// Opens and analyses one model.
pub(crate) fn weigh_one(path: &str, options: &Options) -> anyhow::Result<Weighed> {
    let bar = Bar::new(path);
    bar.busy(WEIGHING);
    weigh_silently(path, options)
}

/// The same without a bar, where it is one of several.
pub(crate) fn weigh_silently(path: &str, options: &Options) -> anyhow::Result<Weighed> {
    let context = |error: anyhow::Error| error.context(format!("{path} was not weighed"));
    let opened = weigh::open(path).map_err(|error| context(error.into()))?;
    let facts = weigh::analyze(&opened.model, options).map_err(|error| context(explain(error)))?;
    Ok(Weighed { opened, facts })
}

fn explain(error: AnalysisError) -> anyhow::Error {
    let hint = match &error {
        AnalysisError::NoSuchSymbol { known, .. } if known.is_empty() => {
            "the model has no open dims; --input NAME:SHAPE gives an input another shape".to_owned()
        }
        AnalysisError::NoSuchSymbol { known, .. } => format!("its dims are {}", known.join(", ")),
        AnalysisError::NoSuchInput { known, .. } => format!("its inputs are {}", known.join(", ")),
        AnalysisError::WrongValue { .. } => {
            "write --value NAME=N[,N..] with one number for each element of the input".to_owned()
        }
        AnalysisError::CannotFree { .. } => {
            "write --free INPUT:AXIS=SYMBOL with a fixed extent of an input and a name of its own".to_owned()
        }
        AnalysisError::Pinned { .. } => "the graph is made for this size: free other extents, \
            or export the model with this one open (dynamic axes)"
            .to_owned(),
        AnalysisError::NoFormula { .. } => "what it makes depends on the size in steps or on data: \
            weigh single sizes with --input NAME:SHAPE"
            .to_owned(),
        AnalysisError::Size { .. } => {
            "no machine holds that: check the shapes that the file declares, or bind smaller dims".to_owned()
        }
    };
    Hinted::new(error.to_string(), hint).into()
}

/// Opens and analyses all models, in parallel, and hands each on in the order given. A bad one is reported on
/// standard error and does not stop the others. Returns whether all were good.
pub(crate) fn weigh_all<T: Send>(
    args: &Args,
    make: impl Fn(Weighed) -> T + Sync,
) -> anyhow::Result<(Vec<T>, bool)> {
    weigh_all_with(args, &args.assume.options()?, make)
}

/// The same with options of the command's own.
pub(crate) fn weigh_all_with<T: Send>(
    args: &Args,
    options: &Options,
    make: impl Fn(Weighed) -> T + Sync,
) -> anyhow::Result<(Vec<T>, bool)> {
    let bar = Bar::of_several(&args.models, WEIGHING);
    let weigh = |path: &String| {
        let made = weigh_silently(path, options).map(&make);
        bar.another(args.models.len(), WEIGHING);
        made
    };
    let results: Vec<anyhow::Result<T>> = args.models.par_iter().map(weigh).collect();
    drop(bar);
    let mut good = Vec::new();
    let mut all_good = true;
    for result in results {
        match result {
            Ok(weighed) => good.push(weighed),
            Err(error) => {
                report_error(&error);
                all_good = false;
            }
        }
    }
    Ok((good, all_good))
}
