//! Which operator set the rewritten model needs, and whether the model can be carried there.

use super::choose::Choice;
use super::form::Form;
use super::raise::{self, Raise, Stuck};
use super::source::Source;
use super::{QuantizeError, Request, WeightType};

/// Operator sets: of `DequantizeLinear` with an axis, of that with blocks, of `DynamicQuantizeLinear`, of `Cast` to a
/// type given by its number, and of `Cast` from bfloat16.
pub(super) const WITH_AXIS: i64 = 13;
pub(super) const WITH_BLOCKS: i64 = 21;
pub(super) const WITH_DYNAMIC: i64 = 11;
pub(super) const WITH_CAST: i64 = 6;
pub(super) const WITH_BF16: i64 = 13;

/// What needs nodes of at least this version, and no node is carried there.
pub(super) fn check_operator_set(source: &Source<'_>, request: &Request) -> Result<(), QuantizeError> {
    let (needs, wanted) = match request {
        Request { dynamic: true, .. } => ("DynamicQuantizeLinear", WITH_DYNAMIC),
        Request { weights: WeightType::F32, .. } => return Ok(()),
        _ => ("Cast", WITH_CAST),
    };
    match source.opset >= wanted {
        true => Ok(()),
        false => Err(Later { needs, wanted }.refused(source, TOO_OLD)),
    }
}

const TOO_OLD: &str = "nodes that old are not carried over";

/// A version that nodes are carried to, and what needs it.
#[derive(Clone, Copy)]
pub(super) struct Later {
    pub needs: &'static str,
    pub wanted: i64,
}

impl Later {
    /// What the chosen forms need, if the model is older.
    pub fn of(choices: &[Choice], opset: i64) -> Option<Later> {
        let has = |is: fn(Form) -> bool| {
            choices.iter().any(|choice| matches!(choice, Choice::As(stored) if is(stored.form)))
        };
        let blocks = has(|form| matches!(form, Form::I4 { .. }));
        let bf16 = has(|form| form == Form::Bf16);
        let needed = [(blocks, "int4", WITH_BLOCKS), (bf16, "bfloat16", WITH_BF16)];
        let (_, needs, wanted) = needed.into_iter().find(|(needed, _, wanted)| *needed && opset < *wanted)?;
        Some(Later { needs, wanted })
    }

    pub fn raise(self, source: &Source<'_>) -> Result<Raise, QuantizeError> {
        match source.opset {
            ..raise::OLDEST => Err(self.refused(source, TOO_OLD)),
            _ if source.has_functions => {
                Err(self.refused(source, "it has functions of its own, which are not carried over"))
            }
            from => Ok(Raise { from, to: self.wanted }),
        }
    }

    pub fn refused(self, source: &Source<'_>, why: &str) -> QuantizeError {
        let Later { needs, wanted } = self;
        QuantizeError::OperatorSet { needs, wanted, found: source.opset, why: why.to_owned() }
    }
}

/// Why a node could not be carried to where it was to be.
pub(super) fn stuck_at(source: &Source<'_>, raise: Raise, stuck: Stuck) -> QuantizeError {
    let needs = if raise.to == WITH_BLOCKS { "int4" } else { "bfloat16" };
    match stuck {
        Stuck::Format(error) => error.into(),
        Stuck::Node(why) => Later { needs, wanted: raise.to }.refused(source, &why),
    }
}
