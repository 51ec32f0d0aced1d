//! A graph tried at another batch: which shapes that are written out must change with it.

use std::any::Any;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use weigh_ir::{Expr, Model, Node, Shape, TensorId};
use weigh_ops::{Expand, Ints, Movement, Recurrent, View};

use super::proof::Facts;
use super::{Change, ChangeKind};
use crate::types::Types;

/// A graph at its own batch and at another one.
pub(super) struct Trial<'t> {
    pub model: &'t Model,
    pub base: &'t Facts,
    pub now: &'t Types,
    pub from: i64,
    pub to: i64,
}

impl Trial<'_> {
    /// The changes that are plain from here; nodes behind a change must wait for the next trial.
    pub fn changes(&self) -> Vec<Change> {
        let mut waiting: HashSet<TensorId> = HashSet::new();
        let mut inner = Inner::new();
        let mut found = Vec::new();
        let first = |(at, node): (usize, &Node)| {
            node.outputs.iter().flatten().map(move |id| (*id, at)).collect::<Vec<_>>()
        };
        let makers: HashMap<TensorId, usize> =
            self.model.graph.nodes.iter().enumerate().flat_map(first).collect();
        for node in &self.model.graph.nodes {
            let waits = node.inputs.iter().flatten().any(|id| waiting.contains(id));
            let changes = if waits { Vec::new() } else { self.of(node, &makers, &inner) };
            if waits || !changes.is_empty() {
                waiting.extend(node.outputs.iter().flatten());
            }
            self.follow(node, &mut inner);
            for change in changes {
                if !found.contains(&change) {
                    found.push(change);
                }
            }
        }
        found
    }

    /// Tells how fast the batch varies within the axes of what a node makes.
    fn follow(&self, node: &Node, inner: &mut Inner) {
        let op: &dyn Any = &*node.op;
        for id in node.outputs.iter().flatten() {
            let extent = |id: TensorId| {
                let axis = self.batch_axis(id)?;
                self.base.shape(id)?.dims().get(axis)?.as_int()
            };
            let Some(own) = extent(*id).filter(|own| *own != self.from) else { continue };
            let reshaped = || match op.downcast_ref() {
                Some(View::Reshape { .. }) => self.landing(node, inner).map(|(_, within)| within),
                _ => None,
            };
            let source = || node.inputs.iter().flatten().find(|source| extent(**source) == Some(own));
            if let Some(within) = reshaped().or_else(|| inner.get(source()?).copied()) {
                inner.insert(*id, within);
            }
        }
    }

    /// Where the batch comes out of a reshape, and how fast it varies there.
    fn landing(&self, node: &Node, inner: &Inner) -> Option<(usize, i64)> {
        let (data, output) = ((*node.inputs.first()?)?, (*node.outputs.first()?)?);
        let (axis, shape) = (self.batch_axis(data)?, plain(self.base.shape(data)?)?);
        let within = inner.get(&data).copied().or_else(|| Some(shape.get(axis)? / self.from))?;
        let behind =
            shape.get(axis + 1..)?.iter().try_fold(within, |all, extent| all.checked_mul(*extent))?;
        landing(behind, axis, &plain(self.base.shape(output)?)?, self.from)
    }

    fn of(&self, node: &Node, makers: &HashMap<TensorId, usize>, inner: &Inner) -> Vec<Change> {
        let op: &dyn Any = &*node.op;
        if let Some(View::Reshape { shape: Ints::Input(at), .. }) = op.downcast_ref() {
            return self.reshape(node, *at, inner).into_iter().collect();
        }
        if let Some(Movement::Concat { axis }) = op.downcast_ref() {
            return self.concat(node, *axis, makers);
        }
        if let Some(cell) = op.downcast_ref::<Recurrent>() {
            let axis = if cell.batch_first { 0 } else { 1 };
            return [5, 6].into_iter().filter_map(|at| self.needs_batch(node, at, axis, makers)).collect();
        }
        Vec::new()
    }

    fn shapes(&self, id: TensorId) -> Option<(&Shape, &Shape)> {
        let (old, new) = (self.base.shape(id)?, self.now.of(id).shape.as_ref()?);
        (old.rank() == new.rank()).then_some((old, new))
    }

    /// The axis on which a tensor has the batch, where it is one.
    fn batch_axis(&self, id: TensorId) -> Option<usize> {
        let (old, new) = self.shapes(id)?;
        let pairs = old.dims().iter().zip(new.dims()).enumerate();
        let mut changed = pairs.filter(|(_, (old, new))| old != new);
        let (axis, (old, new)) = changed.next()?;
        (changed.next().is_none() && old * self.to == new * self.from).then_some(axis)
    }

    fn scaled(&self, extent: i64) -> Option<i64> {
        (extent % self.from == 0).then(|| (extent / self.from).checked_mul(self.to))?
    }

    fn change(
        &self,
        node: &Node,
        input: usize,
        kind: ChangeKind,
        from: Vec<i64>,
        to: Vec<i64>,
    ) -> Option<Change> {
        let output = self.model.tensor((*node.outputs.first()?)?).name.to_string();
        Some(Change { node: node.name.to_string(), output, input, kind, from, to })
    }

    /// A reshape whose target has no place for the batch.
    fn reshape(&self, node: &Node, at: usize, inner: &Inner) -> Option<Change> {
        let (target, output) = ((*node.inputs.get(at)?)?, (*node.outputs.first()?)?);
        let old_output = plain(self.base.shape(output)?)?;
        let (to, _) = self.landing(node, inner)?;
        let mut expected = old_output;
        let extent = expected.get_mut(to)?;
        *extent = self.scaled(*extent)?;
        let is_so = |shape: &Shape| plain(shape).is_some_and(|shape| shape == expected);
        if self.now.of(output).shape.as_ref().is_some_and(is_so) {
            return None;
        }
        let from = self.now.of(target).value.as_ref()?.as_ints()?;
        let mut changed = from.clone();
        *changed.get_mut(to)? = *expected.get(to)?;
        self.change(node, at, ChangeKind::Target, from, changed)
    }

    /// Parts that are the same for every sample beside parts that are not.
    fn concat(&self, node: &Node, along: i64, makers: &HashMap<TensorId, usize>) -> Vec<Change> {
        let ids = node.inputs.iter().flatten();
        let Some((rank, axis)) =
            ids.clone().find_map(|id| Some((self.base.shape(*id)?.rank(), self.batch_axis(*id)?)))
        else {
            return Vec::new();
        };
        let along = if along < 0 { along + rank as i64 } else { along };
        if along == axis as i64 {
            return Vec::new();
        }
        (0..node.inputs.len()).filter_map(|at| self.needs_batch(node, at, axis, makers)).collect()
    }

    /// An operand that must have the batch, and has it not as it is made of stored data.
    fn needs_batch(
        &self,
        node: &Node,
        at: usize,
        axis: usize,
        makers: &HashMap<TensorId, usize>,
    ) -> Option<Change> {
        let id = (*node.inputs.get(at)?)?;
        let (old, new) = self.shapes(id)?;
        if old != new || old.dims().get(axis) != Some(&Expr::Int(self.from)) {
            return None;
        }
        let maker = makers.get(&id).and_then(|maker| self.model.graph.nodes.get(*maker));
        if let Some(maker) = maker
            && let Some(Expand { shape: Ints::Input(place) }) = (&*maker.op as &dyn Any).downcast_ref()
        {
            let target = self.now.of((*maker.inputs.get(*place)?)?).value.as_ref()?.as_ints()?;
            let rank = old.rank();
            let mut to = target.clone();
            *to.get_mut((axis + target.len()).checked_sub(rank)?)? = self.scaled(self.from)?;
            return self.change(maker, *place, ChangeKind::Target, target, to);
        }
        if !self.base.is_constant(id) && self.model.tensor(id).stored.is_none() || self.from != 1 {
            return None;
        }
        let from = plain(old)?;
        let mut to = from.clone();
        *to.get_mut(axis)? = self.to;
        self.change(node, at, ChangeKind::Repeated, from, to)
    }
}

fn plain(shape: &Shape) -> Option<Vec<i64>> {
    shape.dims().iter().map(Expr::as_int).collect()
}

/// For tensors with more than the batch in one axis, how many steps along that axis lead to the next sample. Where a
/// tensor is not told of, the batch is the slowest part.
type Inner = HashMap<TensorId, i64>;

/// Where a batch of `from` comes out that was at `axis`, its samples `stride` elements apart, and how many steps along
/// the axis then lead to the next sample.
///
/// Elements keep their order, so the batch keeps its stride. Of several places that the stride allows, an axis that is
/// the batch alone comes first, then one that is not the last, as that holds features, then one of which the batch is
/// the slowest part.
fn landing(stride: i64, axis: usize, reshaped: &[i64], from: i64) -> Option<(usize, i64)> {
    let whole = stride.checked_mul(from).filter(|whole| *whole > 0)?;
    let mut places = Vec::new();
    for (at, extent) in reshaped.iter().enumerate() {
        let inner = reshaped.get(at + 1..)?.iter().try_fold(1i64, |all, extent| all.checked_mul(*extent))?;
        let outer = inner.checked_mul(*extent)?;
        if inner > 0 && stride % inner == 0 && outer % whole == 0 {
            let (is_more, is_last) = (*extent != from, at + 1 == reshaped.len());
            places.push((is_more, is_last, at != axis && !is_more, outer != whole, at, stride / inner));
        }
    }
    places.into_iter().min().map(|(.., at, within)| (at, within))
}
