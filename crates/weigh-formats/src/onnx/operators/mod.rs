//! The table from ONNX spellings to operators, a file per family.
//!
//! A row says how to translate one operator type of one domain; what differs between opset versions
//! (attributes that became inputs, defaults that changed) is settled there, so that operators know of none
//! of it.

mod arithmetic;
mod attention;
mod classic;
mod control;
mod convolution;
mod image;
mod layout;
mod loss;
mod microsoft;
mod quantised;
mod random;
mod recurrent;
mod reduction;
mod resampling;
mod sequences;
mod signal;
mod tensors;
mod text;
mod training;

use std::sync::{Arc, OnceLock};

use foldhash::HashMap;
use weigh_ir::Operator;
use weigh_ops::Ints;

use super::attributes::NodeView;
use crate::FormatError;

/// The domain of ONNX Runtime's own operators.
const MICROSOFT: &str = "com.microsoft";

/// What a row makes of a node.
type Lowered = Result<Arc<dyn Operator>, FormatError>;

/// How a row makes it.
type Lower = fn(&NodeView<'_, '_>) -> Lowered;

/// One row: how an operator type is translated.
pub(super) struct Row {
    pub lower: Lower,
    /// The attributes that hold subgraphs, in the order in which the operator numbers its bodies.
    pub bodies: &'static [&'static str],
    /// Whether a body may be left out; those that are there are numbered without gaps.
    pub bodies_are_optional: bool,
    /// The attributes that hold the numbers of a model. They become stored tensors that the node reads after its
    /// inputs, in this order.
    pub stored: &'static [&'static str],
}

impl Row {
    /// A row of an operator that has inputs only.
    fn plain(lower: Lower) -> Row {
        Row { lower, bodies: &[], bodies_are_optional: false, stored: &[] }
    }
}

/// The rows by operator type, each with its domain.
#[derive(Default)]
pub(super) struct Table(HashMap<&'static str, Vec<(&'static str, Row)>>);

impl Table {
    /// Adds a row of the standard's domain.
    fn add(&mut self, op_type: &'static str, lower: Lower) {
        self.add_in("", op_type, lower);
    }

    /// Adds a row of some domain.
    fn add_in(&mut self, domain: &'static str, op_type: &'static str, lower: Lower) {
        self.insert(domain, op_type, Row::plain(lower));
    }

    /// Adds a row of an operator with subgraphs.
    fn add_with_bodies(&mut self, op_type: &'static str, bodies: &'static [&'static str], lower: Lower) {
        self.insert("", op_type, Row { bodies, ..Row::plain(lower) });
    }

    /// Adds a row of an operator whose attributes hold the numbers of a model.
    fn add_with_stored(
        &mut self,
        domain: &'static str,
        op_type: &'static str,
        stored: &'static [&'static str],
        lower: Lower,
    ) {
        self.insert(domain, op_type, Row { stored, ..Row::plain(lower) });
    }

    /// A later row replaces an earlier one.
    fn insert(&mut self, domain: &'static str, op_type: &'static str, row: Row) {
        let rows = self.0.entry(op_type).or_default();
        rows.retain(|(other, _)| *other != domain);
        rows.push((domain, row));
    }
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table::default();
        let families = [
            arithmetic::rows,
            attention::rows,
            classic::rows,
            control::rows,
            convolution::rows,
            image::rows,
            layout::rows,
            loss::rows,
            quantised::rows,
            random::rows,
            recurrent::rows,
            reduction::rows,
            resampling::rows,
            sequences::rows,
            signal::rows,
            tensors::rows,
            microsoft::rows,
            text::rows,
            training::rows,
        ];
        families.iter().for_each(|rows| rows(&mut table));
        table
    })
}

/// The row of an operator type, if it is known.
pub(super) fn find(domain: &str, op_type: &str) -> Option<&'static Row> {
    table().0.get(op_type)?.iter().find(|(of, _)| *of == domain).map(|(_, row)| row)
}

/// An operator type that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spelling {
    /// The domain, empty for the standard's.
    pub domain: &'static str,
    /// The operator type.
    pub op_type: &'static str,
}

/// Every operator type that can be read, sorted.
pub fn spellings() -> Vec<Spelling> {
    let of_type = |(op_type, rows): (&&'static str, &'static Vec<(&'static str, Row)>)| {
        let op_type = *op_type;
        rows.iter().map(move |(domain, _)| Spelling { domain, op_type })
    };
    let mut spellings: Vec<Spelling> = table().0.iter().flat_map(of_type).collect();
    spellings.sort();
    spellings
}

/// Wraps an operator.
fn done(op: impl Operator) -> Lowered {
    Ok(Arc::new(op))
}

/// A list that is an attribute before some opset version and an input from then on.
fn attribute_or_input(
    view: &NodeView<'_, '_>,
    name: &str,
    input_since: i64,
    input: usize,
) -> Result<Ints, FormatError> {
    match view.ints_if_any(name)? {
        Some(values) => Ok(Ints::Fixed(values)),
        None if view.opset >= input_since => Ok(Ints::Input(input)),
        None => Ok(Ints::Fixed(Vec::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_wide_enough_to_be_useful() {
        assert!(spellings().len() > 150, "{} spellings", spellings().len());
    }
}
