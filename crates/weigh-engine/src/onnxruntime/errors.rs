//! ONNX Runtime's words, sorted into weigh's errors. It has a code for each error, but none that tells an operator it
//! lacks, or the node where a run failed: only the words do.

use crate::EngineError;

use super::NAME;

/// An error while loading a model.
pub(super) fn load(error: &ort::Error) -> EngineError {
    load_message(error.message())
}

/// An error in a run.
pub(super) fn run(error: &ort::Error) -> EngineError {
    let message = one_line(error.message());
    let of_input = ["Got invalid dimensions for input: ", "Invalid rank for input: "];
    let about = of_input.iter().find_map(|start| message.strip_prefix(start)?.split_once(' '));
    match about {
        Some((input, reason)) => EngineError::Input { input: input.to_owned(), reason: reason.to_owned() },
        None => EngineError::Run { engine: NAME, reason: message },
    }
}

fn load_message(message: &str) -> EngineError {
    let message = one_line(message);
    match unsupported(&message) {
        Some((operator, node)) => EngineError::UnsupportedOperator {
            engine: NAME,
            operator: operator.to_owned(),
            node: node.filter(|name| !name.is_empty()).map(str::to_owned),
        },
        None => EngineError::Load { engine: NAME, reason: message },
    }
}

/// The operator that a message says is lacking, and the node that uses it.
fn unsupported(message: &str) -> Option<(&str, Option<&str>)> {
    // In Node, ("top", MadeUp, "", -1) : ... , Error No Op registered for MadeUp with domain_version of 17
    let unregistered = || {
        let operator = between(message, "No Op registered for ", " with domain_version")?;
        Some((operator, between(message, "In Node, (\"", "\", ")))
    };
    // Fatal error: my.domain:MadeUp(-1) is not a registered function/op
    let custom = || {
        let before = message.split_once(" is not a registered function/op")?.0;
        let operator = before.rsplit(' ').next()?;
        Some((operator.split_once('(').map_or(operator, |(name, _)| name), None))
    };
    // Could not find an implementation for Trilu(14) node with name 'mask'
    let unimplemented = || {
        let rest = message.split_once("Could not find an implementation for ")?.1;
        Some((rest.split_once('(')?.0, between(rest, "node with name '", "'")))
    };
    unregistered().or_else(custom).or_else(unimplemented)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

/// A message without its line breaks.
pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_that_are_lacking_are_named() {
        let said = |message| load_message(message).to_string();
        assert_eq!(
            said(
                "This is an invalid model. In Node, (\"top\", MadeUp, \"\", -1) : (\"a\": tensor(float),) -> \
                 (\"c\": tensor(float),) , Error No Op registered for MadeUp with domain_version of 17"
            ),
            "onnxruntime does not support the operator MadeUp (node `top`)"
        );
        assert_eq!(
            said("Fatal error: my.domain:MadeUp(-1) is not a registered function/op"),
            "onnxruntime does not support the operator my.domain:MadeUp"
        );
        assert_eq!(
            said("Could not find an implementation for Trilu(14) node with name 'mask'"),
            "onnxruntime does not support the operator Trilu (node `mask`)"
        );
        assert_eq!(
            said("Could not find an implementation for Trilu(14) node with name ''"),
            "onnxruntime does not support the operator Trilu"
        );
        assert_eq!(
            said("Failed to load model because\n protobuf parsing failed."),
            "onnxruntime cannot load the model: Failed to load model because protobuf parsing failed."
        );
    }
}
