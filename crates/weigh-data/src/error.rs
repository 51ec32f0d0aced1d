//! What went wrong with data or a recipe, and what the user can do about it.

use std::path::Path;

/// Why data could not be used. The message stands alone; the hint says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DataError {
    message: String,
    hint: String,
}

impl DataError {
    /// An error with a message and a hint.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> DataError {
        DataError { message: message.into(), hint: hint.into() }
    }

    /// An error about a file; the message begins with its path.
    pub(crate) fn file(path: &Path, reason: impl std::fmt::Display, hint: impl Into<String>) -> DataError {
        DataError::new(format!("{}: {reason}", path.display()), hint)
    }

    /// An error about one of the model's inputs; the message begins with its name.
    pub(crate) fn input(name: &str, reason: impl std::fmt::Display, hint: impl Into<String>) -> DataError {
        DataError::new(format!("input `{name}`: {reason}"), hint)
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}
