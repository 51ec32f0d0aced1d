//! Which items were modules and which were functions, by the module paths that exporters keep.
//!
//! A module of one operator has a path of its own, with nothing below it and no other work in it. Work beside
//! other work was called as functions by the module they share.

use std::collections::{BTreeMap, BTreeSet};

use super::items::Item;
use super::terms::{Call, Kind};

/// The kinds of work in each path.
struct Paths<'m> {
    kinds: BTreeMap<&'m str, BTreeSet<Kind>>,
    parents: BTreeSet<&'m str>,
}

impl<'m> Paths<'m> {
    fn of(items: &[Item<'m>]) -> Paths<'m> {
        let mut paths = Paths { kinds: BTreeMap::new(), parents: BTreeSet::new() };
        for item in items.iter().filter(|item| stands_for_itself(item.kind)) {
            paths.kinds.entry(item.scope).or_default().insert(item.kind);
            let mut rest = item.scope;
            while let Some((parent, _)) = rest.rsplit_once('/') {
                paths.parents.insert(parent);
                rest = parent;
            }
        }
        paths
    }

    fn call(&self, scope: &str) -> Call {
        let alone = self.kinds.get(scope).is_none_or(|kinds| kinds.len() == 1);
        match alone && !scope.is_empty() && !self.parents.contains(scope) {
            true => Call::Module,
            false => Call::Function,
        }
    }

    fn has(&self, scope: &str, kind: Kind) -> bool {
        self.kinds.get(scope).is_some_and(|kinds| kinds.contains(&kind))
    }
}

/// Whether work of this kind can be a module: plain arithmetic is a step of something.
fn stands_for_itself(kind: Kind) -> bool {
    !matches!(kind, Kind::Add | Kind::Multiply | Kind::Other)
}

/// Settles how each item was called, and with it the kinds that depend on that. Returns whether the file says
/// so; where it has no paths at all, everything is taken for a module.
pub(super) fn settle(items: &mut [Item<'_>]) -> (Vec<Call>, bool) {
    let has_paths = items.iter().any(|item| !item.scope.is_empty());
    if !has_paths {
        let call = |item: &Item<'_>| match item.kind {
            Kind::FusedAttention => Call::Function,
            _ => Call::Module,
        };
        return (items.iter().map(call).collect(), false);
    }
    let paths = Paths::of(items);
    let settle = |item: &mut Item<'_>| {
        let call = paths.call(item.scope);
        let is_attention_module =
            paths.has(item.scope, Kind::FusedAttention) && paths.has(item.scope, Kind::Linear);
        match item.kind {
            // nn.MultiheadAttention calls its projections and its attention as functions.
            Kind::Linear if is_attention_module => item.kind = Kind::Projection,
            Kind::FusedAttention if is_attention_module => return Call::Module,
            Kind::FusedAttention => return Call::Function,
            Kind::SpatialMean if call == Call::Module => item.kind = Kind::AdaptiveAveragePool,
            _ => {}
        }
        call
    };
    (items.iter_mut().map(settle).collect(), true)
}
