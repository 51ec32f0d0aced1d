//! What other tools would count for the model, term by term.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, UnknownOp};

/// What one tool would count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Convention {
    /// The tool.
    pub name: String,
    /// The version whose counting this is.
    pub version: Option<String>,
    /// What the number counts in truth.
    pub unit: ConventionUnit,
    /// What the tool itself calls the number.
    pub label: String,
    /// Where the tool's counting stands.
    #[serde(default)]
    pub source: Option<String>,
    /// The tool's number; a lower bound where operators are unknown.
    pub total: Option<Count>,
    /// The terms that the tool counts. Their totals add up to its number.
    #[serde(default)]
    pub terms: Vec<ConventionTerm>,
    /// Operators whose part in the number is unknown.
    #[serde(default)]
    pub unknown: Vec<UnknownOp>,
    /// What the number hangs on.
    #[serde(default)]
    pub notes: Vec<ConventionNote>,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConventionUnit {
    /// A multiplication and an addition are one.
    #[serde(rename = "MACs")]
    Macs,
    /// They are two.
    #[serde(rename = "FLOPs")]
    Flops,
}

/// One term of a tool's number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConventionTerm {
    /// What is counted of which kind of work, and whether functions of it only.
    pub term: String,
    /// The kind of work alone.
    pub kind: String,
    /// How much of it there is in the model.
    pub count: Count,
    /// How often the tool counts it.
    pub weight: i64,
    /// count × weight.
    pub total: Count,
}

/// What a tool's number hangs on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConventionNote {
    /// The remark.
    pub message: String,
    /// What would have to be added to the number if the remark applies; null where it is part of the number.
    #[serde(default)]
    pub difference: Option<Count>,
}
