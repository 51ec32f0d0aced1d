//! Images of fewer pixels: the same graph at other extents of its inputs. Convolutions cost in proportion to the pixels, so
//! with the square of the resolution (Tan and Le, EfficientNet, ICML 2019, equation 3).

use weigh_analysis::{Analysis, AnalysisError, FreeDim, Options, analyze};
use weigh_ir::{Expr, Model, Shape, Symbol};

use crate::Refusal;

/// Extents are rounded to multiples of this: five halvings, as most networks for images do.
const MULTIPLE: f64 = 32.0;

/// Images have at least so many rows and columns, and so many colours at most.
const LEAST: i64 = 64;
const COLOURS: i64 = 4;

/// The options under which the images that the model takes have `scale` times the rows and columns, rounded, and the
/// facts at that size.
///
/// # Errors
/// Where no input is an image of fixed size, where it is as small already, and where the graph is made for one size: the
/// node that pins it.
pub fn smaller_input(
    model: &Model,
    facts: &Analysis,
    options: &Options,
    scale: f64,
) -> Result<(Options, Analysis, String), Refusal> {
    let mut smaller = options.clone();
    let mut sizes = Vec::new();
    for (port, id) in facts.inputs.iter().zip(&model.graph.inputs) {
        let Some(dims) = port.shape.as_ref().and_then(Shape::as_ints) else { continue };
        let Some((rows, columns)) = image(&dims) else { continue };
        let scaled = |extent: i64| ((extent as f64 * scale / MULTIPLE).round() * MULTIPLE) as i64;
        let (height, width) = (scaled(dims[rows]), scaled(dims[columns]));
        if height < LEAST / 2 || width < LEAST / 2 || height >= dims[rows] || width >= dims[columns] {
            continue;
        }
        sizes.push(format!("{height}×{width}"));
        // The other extents as they were written, so that symbols stay what they are bound to.
        let written = options.input_shapes.get(&port.name).or(model.tensor(*id).declared.as_ref());
        let shape = written.cloned().unwrap_or_else(|| Shape::of(&dims));
        let shape = shape.with(rows, Expr::Int(height)).with(columns, Expr::Int(width));
        smaller.input_shapes.insert(port.name.clone(), shape);
    }
    if sizes.is_empty() {
        return Err(Refusal::Nothing("no input is an image that could be smaller".to_owned()));
    }
    let found = analyze(model, &smaller)?;
    let is_as_complete =
        found.coverage.shaped >= facts.coverage.shaped && found.coverage.priced >= facts.coverage.priced;
    match is_as_complete {
        true => Ok((smaller, found, sizes.join(", "))),
        false => Err(pinned(model, facts, options)),
    }
}

/// The axes of rows and columns, where a tensor looks like images.
fn image(dims: &[i64]) -> Option<(usize, usize)> {
    let is_large = |extent: i64| extent >= LEAST;
    match dims {
        [_, colours, height, width] if *colours <= COLOURS && is_large(*height) && is_large(*width) => {
            Some((2, 3))
        }
        [_, height, width, colours] if *colours <= COLOURS && is_large(*height) && is_large(*width) => {
            Some((1, 2))
        }
        _ => None,
    }
}

/// Which node holds the graph to one size.
fn pinned(model: &Model, facts: &Analysis, options: &Options) -> Refusal {
    let images = facts.inputs.iter().filter_map(|port| {
        let dims = port.shape.as_ref()?.as_ints()?;
        Some((port.name.clone(), image(&dims)?))
    });
    let free = images.flat_map(|(name, (rows, columns))| {
        [(rows, "h"), (columns, "w")].map(|(axis, symbol)| FreeDim {
            input: Some(name.clone()),
            axis: axis as i64,
            symbol: Symbol::new(symbol),
        })
    });
    let asked = Options { free: free.collect(), ..options.clone() };
    match analyze(model, &asked) {
        Err(AnalysisError::Pinned { node, why, .. }) => Refusal::Node { node, why },
        Err(error) => error.into(),
        Ok(_) => Refusal::Nothing("the graph is made for one size".to_owned()),
    }
}
