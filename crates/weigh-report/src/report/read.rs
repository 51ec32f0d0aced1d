//! Reading documents back, and the version check.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Report;

/// Name and version of the document.
pub const SCHEMA: &str = "weigh.report/1";

/// The document's version: written as [`SCHEMA`], and nothing else is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

impl Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SCHEMA.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        match Cow::<'_, str>::deserialize(deserializer)?.as_ref() {
            SCHEMA => Ok(Version),
            other => Err(serde::de::Error::custom(format_args!("expected {SCHEMA:?}, found {other:?}"))),
        }
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": SCHEMA })
    }
}

/// Why text is not a report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No JSON.
    #[error("not JSON")]
    Json(#[source] serde_json::Error),
    /// JSON, but no report.
    #[error("not a report: the document has no key `schema`")]
    NotAReport,
    /// A report of a version this program does not know.
    #[error("the document is `{found}`; this program reads `{SCHEMA}`")]
    Version {
        /// What the document says it is.
        found: String,
    },
    /// A report, but something in it has the wrong type.
    #[error("document {} is not a valid report", index + 1)]
    Invalid {
        /// Position among the documents of the text, from 0.
        index: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    schema: Option<serde_json::Value>,
}

impl Report {
    /// Reads the documents in `text`, one after another, as the JSON renderer writes them.
    ///
    /// # Errors
    /// The text is no JSON, or one of the documents is no report of this version.
    pub fn read_all(text: &str) -> Result<Vec<Report>, ReadError> {
        let mut reports = Vec::new();
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
        loop {
            let start = stream.byte_offset();
            match stream.next() {
                None if reports.is_empty() => return Err(ReadError::NotAReport),
                None => return Ok(reports),
                Some(Err(error)) => return Err(ReadError::Json(error)),
                Some(Ok(_)) => reports.push(document(&text[start..stream.byte_offset()], reports.len())?),
            }
        }
    }
}

fn document(text: &str, index: usize) -> Result<Report, ReadError> {
    let head = serde_json::from_str::<Head>(text).map_err(|_| ReadError::NotAReport)?;
    match head.schema.as_ref().and_then(serde_json::Value::as_str) {
        None => Err(ReadError::NotAReport),
        Some(SCHEMA) => serde_json::from_str(text).map_err(|source| ReadError::Invalid { index, source }),
        Some(other) => Err(ReadError::Version { found: other.chars().take(80).collect() }),
    }
}
