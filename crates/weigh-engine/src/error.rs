//! Why a model was not run. Messages are written to follow "not measured: ".

/// Why an engine did not load or run a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The model could not be read or made ready.
    #[error("{engine} cannot load the model: {reason}")]
    Load {
        /// Name of the engine.
        engine: &'static str,
        /// The engine's own words.
        reason: String,
    },

    /// The engine lacks an operator of the model.
    #[error("{engine} does not support the operator {operator}{}", at_node(node))]
    UnsupportedOperator {
        /// Name of the engine.
        engine: &'static str,
        /// The operator's name in the model file.
        operator: String,
        /// Name of the first node that uses it, where it has one.
        node: Option<String>,
    },

    /// An input is missing, unknown, or of a type or shape that does not fit.
    #[error("input `{input}`: {reason}")]
    Input {
        /// Name of the input.
        input: String,
        /// What is wrong with it.
        reason: String,
    },

    /// An inference failed.
    #[error("{engine} failed to run the model: {reason}")]
    Run {
        /// Name of the engine.
        engine: &'static str,
        /// The engine's own words.
        reason: String,
    },

    /// The engine is not usable on this machine.
    #[error("{engine} is not usable here: {missing}")]
    Missing {
        /// Name of the engine.
        engine: &'static str,
        /// Why not, and what to do.
        missing: Missing,
    },

    /// The engine cannot honour what was asked for.
    #[error("{engine} does not support {what}")]
    Unsupported {
        /// Name of the engine.
        engine: &'static str,
        /// What it cannot do, and what it can.
        what: String,
    },

    /// The engine cannot say what each node took.
    #[error("{engine} gives no profile: {reason}")]
    NoProfile {
        /// Name of the engine.
        engine: &'static str,
        /// Why not.
        reason: String,
    },

    /// The engine panicked. The session may be dropped safely; running it again may fail the same way.
    #[error("{engine} crashed while {activity}: {message}")]
    Panicked {
        /// Name of the engine.
        engine: &'static str,
        /// What it was doing, e.g. `running the model`.
        activity: &'static str,
        /// The panic's message.
        message: String,
    },
}

/// Why an engine is not usable on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Missing {
    /// What was looked for and what was found instead.
    pub reason: String,
    /// What the user can do about it, e.g. `pip install onnxruntime`.
    pub hint: String,
}

/// ` (node `x`)`, or nothing for a node without a name.
fn at_node(node: &Option<String>) -> String {
    node.as_ref().map(|name| format!(" (node `{name}`)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_read_well_after_not_measured() {
        let unsupported =
            |node| EngineError::UnsupportedOperator { engine: "rten", operator: "RoiAlign".to_owned(), node };
        assert_eq!(unsupported(None).to_string(), "rten does not support the operator RoiAlign");
        assert_eq!(
            unsupported(Some("head/1".to_owned())).to_string(),
            "rten does not support the operator RoiAlign (node `head/1`)"
        );
    }
}
