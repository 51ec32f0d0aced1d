//! What every output says of the layers of two models beside each other.

use weigh_ir::Expr;

use super::ink::Role;
use super::numbers::{self, Kind};
use crate::report::{Costs, Count, LayerChange, LayerChangeKind, Report};

/// The layers that differ, the most important first, as far as they are to be shown.
pub(super) struct Changes<'r> {
    pub(super) shown: Vec<&'r LayerChange>,
    /// How many more differ.
    pub(super) hidden: usize,
    added: usize,
    removed: usize,
    changed: usize,
    same: usize,
    all: &'r [LayerChange],
}

/// The changes of a report; none where it was not asked for them.
pub(super) fn of(report: &Report, most: usize) -> Option<Changes<'_>> {
    let all = report.layer_changes.as_slice();
    let count = |kind: LayerChangeKind| all.iter().filter(|change| change.kind == kind).count();
    let mut shown: Vec<&LayerChange> =
        all.iter().filter(|change| change.kind != LayerChangeKind::Same).collect();
    let hidden = shown.len().saturating_sub(most);
    shown.truncate(most);
    (!all.is_empty()).then(|| Changes {
        shown,
        hidden,
        added: count(LayerChangeKind::Added),
        removed: count(LayerChangeKind::Removed),
        changed: count(LayerChangeKind::Changed),
        same: count(LayerChangeKind::Same),
        all,
    })
}

impl Changes<'_> {
    /// `1 added, 2 changed, 121 the same`.
    pub(super) fn summary(&self) -> String {
        let counts = [
            (self.added, "added"),
            (self.removed, "removed"),
            (self.changed, "changed"),
            (self.same, "the same"),
        ];
        let said =
            counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        said.collect::<Vec<_>>().join(", ")
    }

    /// The sum of a cost over all layers of a model, shown or not; none where the cost of one is not known.
    pub(super) fn total(&self, of: Model, cost: Cost) -> Option<Count> {
        self.all.iter().filter_map(|change| costs(change, of)).try_fold(Expr::ZERO, sum(cost)).map(Count)
    }

    /// The sum of the changes of a cost.
    pub(super) fn difference(&self, cost: Cost) -> Option<Count> {
        self.all.iter().map(|change| &change.changes).try_fold(Expr::ZERO, sum(cost)).map(Count)
    }
}

fn sum(cost: Cost) -> impl Fn(Expr, &Costs) -> Option<Expr> {
    move |sum, costs| Some(sum + &cost(costs)?.0)
}

/// One of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Before,
    After,
}

/// A cost that is shown of layers.
pub(super) type Cost = fn(&Costs) -> Option<&Count>;

pub(super) const MACS: Cost = |costs| costs.macs.as_ref();
pub(super) const PARAMETERS: Cost = |costs| costs.parameters.as_ref();

/// What a layer costs in a model; none where the model has no such layer.
fn costs(change: &LayerChange, of: Model) -> Option<&Costs> {
    match (of, change.kind) {
        (Model::Before, LayerChangeKind::Added) | (Model::After, LayerChangeKind::Removed) => None,
        (Model::Before, _) => Some(&change.before),
        (Model::After, _) => Some(&change.after),
    }
}

/// `+`, `-`, `~`.
pub(super) fn mark(kind: LayerChangeKind) -> (Role, &'static str) {
    match kind {
        LayerChangeKind::Added => (Role::Good, "+"),
        LayerChangeKind::Removed => (Role::Bad, "-"),
        LayerChangeKind::Changed => (Role::Warn, "~"),
        LayerChangeKind::Same => (Role::Dim, "="),
    }
}

/// The name in the second model, else in the first.
pub(super) fn name(change: &LayerChange) -> &str {
    change.b.as_deref().or(change.a.as_deref()).unwrap_or_default()
}

/// A cost in one of the models; nothing where that has no such layer.
pub(super) fn amount(change: &LayerChange, of: Model, cost: Cost) -> String {
    costs(change, of).map_or_else(String::new, |costs| said(cost(costs)))
}

/// A count, `?` where it is not known.
pub(super) fn said(count: Option<&Count>) -> String {
    count.map_or_else(|| "?".to_owned(), |count| numbers::count(count, Kind::Count))
}

/// A difference with its sign: `+1.234 M`.
pub(super) fn signed(count: Option<&Count>) -> String {
    let is_more = count.and_then(Count::number).is_some_and(|value| value > 0);
    format!("{}{}", if is_more { "+" } else { "" }, said(count))
}
