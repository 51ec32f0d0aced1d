//! Inputs given by name, brought into a model's order.

use crate::{EngineError, Input};

/// The given inputs in the order of `names`.
///
/// # Errors
/// [`EngineError::Input`] for one that is unknown, missing or given twice.
pub(crate) fn in_order<'a>(names: &[String], given: &'a [Input]) -> Result<Vec<&'a Input>, EngineError> {
    if let Some(input) = given.iter().find(|input| !names.contains(&input.name)) {
        let reason = match names {
            [] => "the model has no inputs".to_owned(),
            names => format!("the model has no such input; it has {}", names.join(", ")),
        };
        return Err(EngineError::Input { input: input.name.clone(), reason });
    }
    let one = |name: &String| {
        let mut found = given.iter().filter(|input| input.name == *name);
        let wrong = |reason: &str| EngineError::Input { input: name.clone(), reason: reason.to_owned() };
        let input = found.next().ok_or_else(|| wrong("not given"))?;
        found.next().map_or(Ok(input), |_| Err(wrong("given more than once")))
    };
    names.iter().map(one).collect()
}
