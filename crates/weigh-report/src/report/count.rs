//! Values that are a number once every symbol is bound and a formula before: counts, formulas, shapes.
//!
//! In JSON a [`Count`] is a plain integer, else a formula as a string that Python evaluates, else, where the
//! count left 64 bits or outgrew its limits, the object `{"invalid": "overflow"}`: neither a number nor a
//! formula, so that no reader takes it for one.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use weigh_ir::{Expr, Invalid};

/// Formulas longer than this may nest deeper than their reader allows, so they are tried before being written.
const SURELY_READABLE: usize = 64;

/// A count: an integer, or a formula over symbols. It has no default, because an unknown is never a zero;
/// a count that may be unknown is an `Option<Count>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count(pub Expr);

impl Count {
    /// The value, where it is a plain integer.
    pub fn number(&self) -> Option<i64> {
        self.0.as_int()
    }

    /// Exact text: digits, a formula that Python evaluates, or `invalid: …`.
    pub fn exact(&self) -> String {
        match &self.0 {
            Expr::Invalid(why) => format!("invalid: {}", word(*why)),
            expr => expr.to_string(),
        }
    }
}

impl From<Expr> for Count {
    fn from(expr: Expr) -> Count {
        Count(expr)
    }
}

impl From<i64> for Count {
    fn from(value: i64) -> Count {
        Count(Expr::Int(value))
    }
}

/// A formula over symbols: like a [`Count`], but always a string in JSON (`"4089184256*batch"`, `"25557032"`),
/// so that it can be evaluated without looking at its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula(pub Expr);

impl From<Expr> for Formula {
    fn from(expr: Expr) -> Formula {
        Formula(expr)
    }
}

/// The shape of a tensor: one extent per dimension, outermost first; an extent nothing is known about is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shape(pub Vec<Option<Count>>);

impl Shape {
    /// A shape of known extents.
    pub fn known(extents: impl IntoIterator<Item = Expr>) -> Shape {
        Shape(extents.into_iter().map(|extent| Some(Count(extent))).collect())
    }
}

/// `[batch, 3, 224, ?]`
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, extent) in self.0.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            match extent {
                Some(extent) => write!(f, "{separator}{}", extent.exact())?,
                None => write!(f, "{separator}?")?,
            }
        }
        f.write_str("]")
    }
}

/// How a count looks in JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(i64),
    Formula(String),
    Invalid { invalid: String },
}

fn word(why: Invalid) -> &'static str {
    match why {
        Invalid::Overflow => "overflow",
        Invalid::DivisionByZero => "division by zero",
        Invalid::TooComplex => "too complex",
    }
}

/// So many answers about long formulas are kept: a document has the same ones at several places, and is written in
/// several formats.
const MOST_KEPT: usize = 512;

thread_local! {
    static KEPT: RefCell<HashMap<String, bool>> = RefCell::default();
}

/// Whether the text of a formula can be read back.
fn is_readable(text: &str) -> bool {
    KEPT.with_borrow_mut(|kept| {
        if let Some(known) = kept.get(text) {
            return *known;
        }
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        let found = text.parse::<Expr>().is_ok();
        kept.insert(text.to_owned(), found);
        found
    })
}

fn write(expr: &Expr) -> Written {
    let invalid = |why| Written::Invalid { invalid: word(why).to_owned() };
    match expr {
        Expr::Int(value) => Written::Number(*value),
        Expr::Invalid(why) => invalid(*why),
        Expr::Formula(formula) => {
            let text = formula.to_string();
            match text.len() <= SURELY_READABLE || is_readable(&text) {
                true => Written::Formula(text),
                false => invalid(Invalid::TooComplex),
            }
        }
    }
}

fn read<E: serde::de::Error>(written: Written) -> Result<Expr, E> {
    match written {
        Written::Number(value) => Ok(Expr::Int(value)),
        Written::Formula(text) => text.parse().map_err(E::custom),
        Written::Invalid { invalid } => [Invalid::Overflow, Invalid::DivisionByZero, Invalid::TooComplex]
            .into_iter()
            .find(|why| word(*why) == invalid)
            .map(Expr::Invalid)
            .ok_or_else(|| E::custom("an invalid count for no known reason")),
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        let written = Written::deserialize(deserializer)
            .map_err(|_| D::Error::custom("expected a 64-bit integer or a formula"))?;
        read(written).map(Count)
    }
}

impl Serialize for Formula {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match write(&self.0) {
            Written::Number(value) => value.to_string().serialize(serializer),
            written => written.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Formula {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Formula, D::Error> {
        Count::deserialize(deserializer).map(|count| Formula(count.0))
    }
}

const INVALID: &str =
    "Why there is no value: the count does not fit in 64 bits or its formula is too complex.";
const TEXT: &str = "A formula over the symbols, which Python evaluates: + - * ** //, min(), max().";

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A count: an integer, or a formula where symbols are unbound.",
            "oneOf": [
                { "type": "integer", "format": "int64" },
                { "type": "string", "description": TEXT },
                invalid_schema(),
            ],
        })
    }
}

impl JsonSchema for Formula {
    fn schema_name() -> Cow<'static, str> {
        "Formula".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [{ "type": "string", "description": TEXT }, invalid_schema()] })
    }
}

fn invalid_schema() -> Schema {
    json_schema!({
        "type": "object",
        "description": INVALID,
        "properties": { "invalid": { "enum": ["overflow", "division by zero", "too complex"] } },
        "required": ["invalid"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(count: &Count) -> String {
        serde_json::to_string(count).unwrap()
    }

    #[test]
    fn numbers_formulas_and_neither() {
        let formula = Count(Expr::symbol("seq") * 2 + 1);
        let overflow = Count(Expr::Int(i64::MAX) * 2);
        assert_eq!(json(&Count::from(7)), "7");
        assert_eq!(json(&formula), "\"2*seq + 1\"");
        assert_eq!(json(&overflow), "{\"invalid\":\"overflow\"}");
        for count in [Count::from(-3), formula, overflow] {
            assert_eq!(serde_json::from_str::<Count>(&json(&count)).unwrap(), count);
        }
        assert!(serde_json::from_str::<Count>("18446744073709551615").is_err());
        assert!(serde_json::from_str::<Count>("\"2 apples\"").is_err());
        assert_eq!(serde_json::to_string(&Formula(Expr::Int(7))).unwrap(), "\"7\"");
    }

    #[test]
    fn what_could_not_be_read_back_is_not_written() {
        let mut deep = Expr::symbol("s");
        for step in 0..24 {
            deep = (deep * 3 + step).floor_div(&Expr::Int(7)) * 2 + 1;
        }
        let text = json(&Count(deep));
        assert!(serde_json::from_str::<Count>(&text).is_ok(), "{text}");
    }
}
