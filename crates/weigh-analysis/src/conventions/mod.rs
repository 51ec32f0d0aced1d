//! What other tools would count for a model, and why they differ.
//!
//! A model's work is broken into [`Term`]s once; a [`Convention`] is a table of weights on them, with the
//! function of the tool that each weight comes from. A tool's number is the weighted sum, so two tools differ
//! by exactly the terms whose weights differ. What depends on something that a file does not say stands in
//! [`Note`]s, with the difference it would make.

mod calls;
mod items;
mod notes;
mod table;
mod terms;

use std::collections::BTreeMap;

use weigh_ir::{Expr, Model};

use crate::runs::View;
use crate::symbols::Question;
use crate::{AnalysisError, Options, types, weights};

pub use notes::Note;
pub use table::{CONVENTIONS, Convention, Rule, Unit};
pub use terms::{Call, Kind, Quantity, Term};

/// A model's work, in terms.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The count of every term that occurs.
    pub terms: BTreeMap<Term, Expr>,
    /// Operators whose work is unknown, with the number of their nodes.
    pub unknown: BTreeMap<String, u64>,
    /// Operators that only this program prices, with the number of their nodes.
    pub only_here: BTreeMap<String, u64>,
    /// Whether the file says which module nodes come from.
    pub has_paths: bool,
}

/// What a convention makes of a model.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The tool's number, of the terms that are known.
    pub total: Expr,
    /// The terms that the tool counts: each with its count and weight.
    pub terms: Vec<(Term, Expr, i64)>,
    /// Operators whose part in the number is unknown, with the number of their nodes.
    pub unknown: BTreeMap<String, u64>,
    /// What the number hangs on.
    pub notes: Vec<Note>,
}

/// Breaks a model's work into terms.
///
/// # Errors
/// As [`analyze`](crate::analyze).
pub fn ledger(model: &Model, options: &Options) -> Result<Ledger, AnalysisError> {
    let question = Question::new(model, options)?;
    let types = types::infer(model, question.inputs_for_numbers(), &question.bound);
    question.check_used(&types)?;
    let weights = weights::find(model, &types);
    let items::Items { mut items, unknown, only_here } =
        items::Gatherer::new(View::new(&types), &weights).gather(&model.graph);
    let (calls, has_paths) = calls::settle(&mut items);
    let mut terms: BTreeMap<Term, Expr> = BTreeMap::new();
    for (item, call) in items.into_iter().zip(calls) {
        for (quantity, count) in item.counts {
            *terms.entry(Term { kind: item.kind, call, quantity }).or_insert(Expr::ZERO) += &count;
        }
    }
    terms.retain(|_, count| *count != Expr::ZERO);
    Ok(Ledger { terms, unknown, only_here, has_paths })
}

impl Ledger {
    /// The sum of all terms, each weighted.
    pub fn total(&self, weight: impl Fn(&Term) -> i64) -> Expr {
        let weighted = |(term, count): (&Term, &Expr)| match weight(term) {
            0 => None,
            weight => Some(count * weight),
        };
        self.terms.iter().filter_map(weighted).sum()
    }

    /// A quantity of a kind of work, however called.
    pub fn of(&self, kind: Kind, quantity: Quantity) -> Expr {
        self.total(|term| i64::from(term.kind == kind && term.quantity == quantity))
    }

    /// What a convention makes of it.
    pub fn count(&self, convention: &Convention) -> Counted {
        let weight = |term: &Term| convention.weight(term.kind, term.call, term.quantity);
        let terms = self.terms.iter().filter(|(term, _)| weight(term) != 0);
        let mut unknown = self.unknown.clone();
        if convention.name != "weigh" {
            unknown.extend(self.only_here.clone());
        }
        Counted {
            total: self.total(weight),
            terms: terms.map(|(term, count)| (*term, count.clone(), weight(term))).collect(),
            unknown,
            notes: notes::about(convention, self),
        }
    }
}
