//! What a person should know about a model beside its numbers.

use std::fmt;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably not what was meant, or a number is missing.
    Warning,
    /// The model contradicts itself; numbers that depend on it are unknown.
    Error,
}

impl Severity {
    /// The word as printed: `note`, `warning`, `error`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// A stable word for programs: `shape-contradiction`, `external-data-missing`, ...
    pub code: &'static str,
    /// The finding in a sentence.
    pub message: String,
    /// The node it is about.
    pub node: Option<String>,
}

impl Diagnostic {
    /// A finding about the model as a whole.
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity, code, message: message.into(), node: None }
    }

    /// The finding, about this node.
    pub fn at(mut self, node: impl Into<String>) -> Diagnostic {
        self.node = Some(node.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity.name())?;
        if let Some(node) = &self.node {
            write!(f, "{node}: ")?;
        }
        f.write_str(&self.message)
    }
}
