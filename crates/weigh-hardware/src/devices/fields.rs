//! Fields of a TOML table with their places, so that every complaint names file, line and field.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::DeviceError;

/// A file's name and text.
#[derive(Clone, Copy)]
pub(super) struct File<'t> {
    pub(super) name: &'t str,
    pub(super) text: &'t str,
}

impl File<'_> {
    /// The line of an offset, from 1.
    fn line(self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    /// A complaint about a place in this file.
    pub(super) fn error(
        self,
        at: usize,
        field: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> DeviceError {
        DeviceError::new(self.name, Some(self.line(at)), field, message, hint)
    }
}

/// A table and where it stands.
#[derive(Clone)]
pub(super) struct Fields<'t> {
    pub(super) file: File<'t>,
    pub(super) table: &'t DeTable<'t>,
    /// Names of the tables that lead here, joined by dots.
    path: String,
    span: Range<usize>,
}

/// A text and where it stands.
pub(super) type Text<'t> = (&'t str, Range<usize>);

impl<'t> Fields<'t> {
    pub(super) fn new(file: File<'t>, table: &'t DeTable<'t>, path: &str, span: Range<usize>) -> Fields<'t> {
        Fields { file, table, path: path.to_owned(), span }
    }

    /// The full name of a field of this table; of the table itself where the key is empty.
    pub(super) fn path(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// A complaint about a field: at its value where there is one, else at the table.
    pub(super) fn error(
        &self,
        key: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> DeviceError {
        let at = self.get(key).map_or(self.span.start, |value| value.span().start);
        self.file.error(at, self.path(key), message, hint)
    }

    /// A complaint that a field is of the wrong type.
    fn not_a(&self, key: &str, wanted: &str, found: &DeValue<'_>) -> DeviceError {
        self.error(key, format!("expected {wanted}, found {}", found.type_str()), "see docs/devices.md")
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    /// The keys, in alphabetical order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'t str> {
        self.table.keys().map(|key| key.get_ref().as_ref())
    }

    /// Refuses keys that are not among these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), DeviceError> {
        match self.keys().find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => {
                let similar = |name: &&&str| strsim::jaro_winkler(name, key) > 0.8;
                let hint = match known.iter().find(similar) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("the fields here are {}", known.join(", ")),
                };
                Err(self.error(key, "no such field", hint))
            }
        }
    }

    /// A text that may be missing.
    pub(super) fn text(&self, key: &str) -> Result<Option<Text<'t>>, DeviceError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref().as_str() {
            Some("") => Err(self.error(key, "is empty", "say it, or leave the field out")),
            Some(text) => Ok(Some((text, value.span()))),
            None => Err(self.not_a(key, "a text in quotes", value.get_ref())),
        }
    }

    /// A text that must be there.
    pub(super) fn needed(&self, key: &str, example: &str) -> Result<Text<'t>, DeviceError> {
        self.text(key)?.ok_or_else(|| self.error(key, "is missing", format!("add {key} = {example}")))
    }

    /// A whole number within bounds, which may be missing.
    pub(super) fn whole(&self, key: &str, bounds: Range<u64>) -> Result<Option<u64>, DeviceError> {
        self.get(key).map(|value| self.whole_of(key, value.get_ref(), bounds)).transpose()
    }

    /// A value as a whole number within bounds.
    pub(super) fn whole_of(
        &self,
        key: &str,
        value: &DeValue<'_>,
        bounds: Range<u64>,
    ) -> Result<u64, DeviceError> {
        let Some(written) = value.as_integer() else {
            return Err(self.not_a(key, "a whole number", value));
        };
        let number = Some(written).filter(|written| written.radix() == 10);
        let number = number.and_then(|written| written.as_str().parse::<u64>().ok());
        number.filter(|number| bounds.contains(number)).ok_or_else(|| {
            let hint = format!("a whole number from {} to {}", bounds.start, bounds.end.saturating_sub(1));
            self.error(key, format!("{} is out of range", written.as_str()), hint)
        })
    }

    /// A table that may be missing.
    pub(super) fn inner(&self, key: &str) -> Result<Option<Fields<'t>>, DeviceError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref().as_table() {
            Some(table) => Ok(Some(Fields::new(self.file, table, &self.path(key), value.span()))),
            None => Err(self.not_a(key, "a table", value.get_ref())),
        }
    }
}
