//! What can be wrong with a file of devices, and with a name that should be one.

use std::fmt;

/// A file of devices that cannot be taken, with the place and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct DeviceError(Box<Details>);

#[derive(Debug, PartialEq, Eq)]
struct Details {
    file: String,
    line: Option<usize>,
    device: Option<String>,
    field: String,
    message: String,
    hint: String,
}

impl DeviceError {
    /// A complaint about a place in a file; about the whole file where there is no line.
    pub(super) fn new(
        file: impl Into<String>,
        line: Option<usize>,
        field: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> DeviceError {
        DeviceError(Box::new(Details {
            file: file.into(),
            line,
            device: None,
            field: field.into(),
            message: message.into(),
            hint: hint.into(),
        }))
    }

    /// The same about a device.
    pub(super) fn of(mut self, device: Option<String>) -> DeviceError {
        self.0.device = device;
        self
    }

    /// The file.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The line, from 1; `None` where the file cannot be read at all.
    pub fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// The device's id, as far as it was read.
    pub fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// The field with the names of the tables that lead to it, e.g. `vector.fp32.dense`; empty where it is the whole.
    pub fn field(&self) -> &str {
        &self.0.field
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub fn hint(&self) -> &str {
        &self.0.hint
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file())?;
        if let Some(line) = self.line() {
            write!(f, ", line {line}")?;
        }
        for part in self.device().into_iter().chain(Some(self.field()).filter(|field| !field.is_empty())) {
            write!(f, ": {part}")?;
        }
        write!(f, ": {}", self.message())
    }
}

impl std::error::Error for DeviceError {}

/// No device has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no device '{name}'")]
pub struct NoSuchDevice {
    /// What was asked for.
    pub name: String,
    /// Ids of devices with similar names, the most similar first; may be empty.
    pub nearest: Vec<String>,
}

impl NoSuchDevice {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self.nearest.as_slice() {
            [] => "`weigh hardware list` names all".to_owned(),
            nearest => format!("did you mean {}? `weigh hardware list` names all", nearest.join(" or ")),
        }
    }
}
