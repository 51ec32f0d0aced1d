//! Places in the document: `totals.activations.peak.bytes`, `measurements.0.stages.total.p95_ms`.
//!
//! A path is held against the published schema when it is read, so that a slip is told at once and not taken for
//! something that the report happens to lack.

use std::sync::LazyLock;

use serde_json::Value;
use weigh_ir::units::Dimension;

use super::errors::NoRequirement;
use super::subject::nearest;

/// A place where the document has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// As written.
    pub text: String,
    /// What the number is an amount of, by the ending of its key.
    pub dimension: Dimension,
    /// What the number has to be multiplied with to be in the unit of the dimension.
    pub factor: f64,
}

/// The units that keys end with.
const ENDINGS: &[(&str, Dimension, f64)] = &[
    ("_ms", Dimension::Time, 1.0),
    ("_ns", Dimension::Time, 1e-6),
    ("_s", Dimension::Time, 1e3),
    ("_per_h", Dimension::Price, 1.0),
    ("_h", Dimension::Time, 3.6e6),
    ("bytes", Dimension::Bytes, 1.0),
    ("bytes_moved", Dimension::Bytes, 1.0),
    ("bytes_by_dtype", Dimension::Bytes, 1.0),
    ("per_second", Dimension::Rate, 1.0),
    ("rate_achieved", Dimension::Rate, 1.0),
    ("_mj", Dimension::Energy, 1e-3),
    ("joules", Dimension::Energy, 1.0),
    ("joules_per_item", Dimension::Energy, 1.0),
    ("kilowatt_hours", Dimension::Energy, 3.6e6),
    ("watts", Dimension::Power, 1.0),
    ("co2_kg", Dimension::Mass, 1e3),
    ("cost_per_million", Dimension::Money, 1.0),
    ("cost", Dimension::Money, 1.0),
    ("efficiency", Dimension::Share, 1.0),
    ("share", Dimension::Share, 1.0),
    ("utilisation", Dimension::Share, 1.0),
];

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(weigh_report::schema()).unwrap_or_default());

impl Path {
    /// A path, if the document can have a number there.
    ///
    /// # Errors
    /// The step that leads nowhere, with the keys that are there; a place that holds no number.
    pub fn read(text: &str) -> Result<Path, NoRequirement> {
        let mut node = &*SCHEMA;
        for step in text.split('.') {
            node = child(resolved(node), step).ok_or_else(|| NoRequirement::Path {
                path: text.to_owned(),
                step: step.to_owned(),
                nearest: nearest(step, keys(resolved(node)).into_iter()),
            })?;
        }
        if !is_number(resolved(node)) {
            let inside = keys(resolved(node)).into_iter().map(str::to_owned).collect();
            return Err(NoRequirement::NoNumber { path: text.to_owned(), inside });
        }
        // The key itself, or the one of the list or map that it is in.
        let ending = |step: &str| ENDINGS.iter().find(|(ending, ..)| step.ends_with(ending));
        let ending = text.rsplit('.').find_map(ending);
        let (dimension, factor) = ending.map_or((Dimension::Count, 1.0), |found| (found.1, found.2));
        Ok(Path { text: text.to_owned(), dimension, factor })
    }

    /// Whether a name begins like a path.
    pub fn is_meant(text: &str) -> bool {
        text.split_once('.').is_some_and(|(first, _)| keys(&SCHEMA).contains(&first))
    }
}

/// The object that holds the last step of a path, and that step; `None` where the document ends before.
pub(super) fn place<'d, 'p>(document: &'d Value, path: &'p str) -> Option<(&'d Value, &'p str)> {
    let (before, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut steps = before.split('.').filter(|step| !step.is_empty());
    let holder = steps.try_fold(document, value)?;
    (holder.is_object() || holder.is_array()).then_some((holder, last))
}

/// What stands at a step: a key of an object, a position in a list.
pub(super) fn value<'d>(node: &'d Value, step: &str) -> Option<&'d Value> {
    match node {
        Value::Array(list) => list.get(step.parse::<usize>().ok()?),
        node => node.get(step),
    }
}

/// The definition that a node of the schema stands for; that of the value where it may be null.
fn resolved(mut node: &Value) -> &Value {
    // Definitions refer to others, a few deep.
    for _ in 0..8 {
        let reference =
            node.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/$defs/"));
        let options = node.get("anyOf").and_then(Value::as_array);
        let present = |option: &&Value| option.get("type").and_then(Value::as_str) != Some("null");
        match (reference, options.and_then(|options| options.iter().find(present))) {
            (Some(name), _) => node = &SCHEMA["$defs"][name],
            (None, Some(option)) => node = option,
            (None, None) => break,
        }
    }
    node
}

fn child<'s>(node: &'s Value, step: &str) -> Option<&'s Value> {
    if step.parse::<usize>().is_ok() {
        return node.get("items");
    }
    node.get("properties")
        .and_then(|properties| properties.get(step))
        .or_else(|| node.get("additionalProperties").filter(|any| any.is_object()))
}

fn keys(node: &Value) -> Vec<&str> {
    let properties = node.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn is_number(node: &Value) -> bool {
    let names_one = |kind: &Value| matches!(kind.as_str(), Some("number" | "integer"));
    let kind = node.get("type");
    kind.is_some_and(|kind| {
        names_one(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(names_one))
    }) || node.get("oneOf").and_then(Value::as_array).is_some_and(|options| options.iter().any(is_number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_follows_from_the_ending() {
        let read = |text: &str| Path::read(text).map(|path| (path.dimension, path.factor)).ok();
        assert_eq!(read("totals.activations.peak.bytes"), Some((Dimension::Bytes, 1.0)));
        assert_eq!(read("totals.activations.peak.elements"), Some((Dimension::Count, 1.0)));
        assert_eq!(read("measurements.0.stages.total.p95_ms"), Some((Dimension::Time, 1.0)));
        assert_eq!(read("measurements.0.stages.total.p95_ci_ms.1"), Some((Dimension::Time, 1.0)));
        assert_eq!(read("predictions.2.energy_mj"), Some((Dimension::Energy, 1e-3)));
        assert_eq!(read("plan.configurations.0.price_per_h"), Some((Dimension::Price, 1.0)));
        assert_eq!(read("totals.parameter_bytes_by_dtype.float32"), Some((Dimension::Bytes, 1.0)));
    }

    #[test]
    fn a_slip_is_told_at_once() {
        let said = |text: &str| Path::read(text).map_err(|error| (error.to_string(), error.hint()));
        let (message, hint) = said("totals.activations.peek.bytes").unwrap_err();
        assert_eq!(message, "the document has no 'peek' in totals.activations.peek.bytes");
        assert!(hint.starts_with("did you mean peak"), "{hint}");
        assert!(said("totals.activations").unwrap_err().0.contains("no number"));
        assert!(said("model.name").is_err() && said("layers.first.macs").is_err());
    }
}
