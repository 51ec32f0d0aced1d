//! What a model is fed where there is no data: the right types and shapes, and values that it can take.

use weigh_analysis::{Analysis, Options, Port, index_limits};
use weigh_engine::synthetic::{Fill, InputSpec};
use weigh_ir::Expr;

use crate::Opened;

/// Inputs for the sizes that the facts are about. Errors are reasons fit to follow "not measured: ".
pub(super) fn inputs(opened: &Opened, facts: &Analysis, options: &Options) -> Result<Vec<InputSpec>, String> {
    if !options.input_values.is_empty() {
        // A run with made-up elements would take another branch than the one weighed.
        return Err("not run: engines are given made-up inputs, not those of --value".to_owned());
    }
    let limits = index_limits(&opened.model, options).map_err(|error| error.to_string())?;
    facts.inputs.iter().map(|port| spec(port, limits.get(&port.name).copied())).collect()
}

/// Indices below the size of the table they select from, masks of ones, and otherwise whatever suits the type.
fn spec(port: &Port, limit: Option<i64>) -> Result<InputSpec, String> {
    let name = &port.name;
    let dtype = port.dtype.ok_or_else(|| format!("the element type of input '{name}' is not known"))?;
    let shape = port.shape.as_ref().ok_or_else(|| format!("the shape of input '{name}' is not known"))?;
    let fill = match limit {
        Some(rows) => Fill::Below(rows),
        None if dtype.is_integer() && name.to_ascii_lowercase().contains("mask") => Fill::One,
        None => Fill::default_for(dtype),
    };
    let shape = shape.dims().iter().map(extent).collect::<Result<_, _>>()?;
    Ok(InputSpec { name: name.clone(), dtype, shape, fill })
}

fn extent(dim: &Expr) -> Result<usize, String> {
    dim.as_int().and_then(|dim| usize::try_from(dim).ok()).ok_or_else(|| {
        let mut symbols = Vec::new();
        dim.for_each_symbol(&mut |symbol| symbols.push(symbol.to_string()));
        symbols.dedup();
        let bind: Vec<String> = symbols.iter().map(|symbol| format!("--dim {symbol}=N")).collect();
        let are = if symbols.len() == 1 { "is" } else { "are" };
        format!("{} {are} unbound: bind with {}", symbols.join(", "), bind.join(" "))
    })
}

/// The number of samples in one inference: what is bound to the batch, or the leading extent of the first input that
/// has axes.
pub(crate) fn batch(facts: &Analysis) -> Option<u64> {
    if let Some(batch) = facts.bindings.iter().find(|(symbol, _)| symbol.as_str().contains("batch")) {
        return u64::try_from(*batch.1).ok();
    }
    let leading =
        facts.inputs.iter().filter_map(|port| port.shape.as_ref()?.dims().first()?.as_int()).next()?;
    u64::try_from(leading).ok()
}
