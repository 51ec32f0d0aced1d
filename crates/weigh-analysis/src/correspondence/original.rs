//! The original graph as the joining sees it: who makes what, what is known beforehand, what is behind a tensor.

use std::any::Any;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use weigh_ir::{Expr, Graph, Model, Node, TensorId};
use weigh_ops::{Cast, Elementwise, Movement, Random, Reorder, View};

use crate::memory::Detail;
use crate::weights::for_each_read;
use crate::{Options, Pass, Question};

/// The original graph.
pub(super) struct Original<'m> {
    model: &'m Model,
    facts: Option<Pass>,
    /// The node of the main graph that makes a tensor, or holds the body that does.
    maker: HashMap<TensorId, usize>,
    named: HashMap<&'m str, TensorId>,
    /// The nodes that read a tensor.
    readers: HashMap<TensorId, Vec<usize>>,
    /// The names of the optimised graph's tensors.
    left: HashSet<&'m str>,
    /// What nodes make from nothing but what is the same in every inference.
    fixed: HashSet<TensorId>,
    /// For what a twin of an earlier node makes, what that node makes.
    twin: HashMap<TensorId, TensorId>,
}

impl<'m> Original<'m> {
    /// Looks at a model, and at the names that are left of it.
    pub fn new(model: &'m Model, optimised: &'m Model) -> Original<'m> {
        let facts = Question::new(model, &Options::default())
            .ok()
            .map(|question| Pass::run(model, question.inputs_for_numbers(), &question.bound, Detail::Sums));
        let mut maker = HashMap::new();
        let mut readers: HashMap<TensorId, Vec<usize>> = HashMap::new();
        for (index, node) in model.graph.nodes.iter().enumerate() {
            for_each_made(node, &mut |id| {
                maker.entry(id).or_insert(index);
            });
            for_each_read(node, &mut |id| readers.entry(id).or_default().push(index));
        }
        let mut made: Vec<TensorId> =
            maker.keys().copied().chain(model.graph.inputs.iter().copied()).collect();
        made.sort_unstable();
        let mut named = HashMap::new();
        for id in made {
            named.entry(&*model.tensor(id).name).or_insert(id);
        }
        let left: HashSet<&str> = optimised.tensors.iter().map(|tensor| &*tensor.name).collect();
        let twin = twins(model, &left);
        let fixed = HashSet::new();
        let mut original = Original { model, facts, maker, named, readers, left, fixed, twin };
        original.fix();
        original
    }

    /// Finds what is fixed, in the order of the nodes.
    fn fix(&mut self) {
        for node in &self.model.graph.nodes {
            let op: &dyn Any = &*node.op;
            let mut read = node.inputs.iter().flatten().peekable();
            let is_made = read.peek().is_some() && read.all(|id| self.is_settled(*id));
            if is_made && node.bodies.is_empty() && !op.is::<Random>() {
                self.fixed.extend(node.outputs.iter().flatten());
            }
        }
    }

    fn node(&self, index: usize) -> Option<&'m Node> {
        self.model.graph.nodes.get(index)
    }

    /// The first output of a node.
    fn result(&self, node: usize) -> Option<TensorId> {
        self.node(node)?.outputs.first().copied().flatten()
    }

    /// Whether the optimised graph has a tensor of that name.
    fn is_left(&self, id: TensorId) -> bool {
        self.left.contains(&*self.model.tensor(id).name)
    }

    /// What a node reads that is not settled, without the layouts that are no longer there.
    fn operands(&self, node: &Node) -> Vec<TensorId> {
        let ids = node.inputs.iter().flatten().filter(|id| !self.is_settled(**id));
        let mut ids: Vec<TensorId> = ids.map(|id| self.without_layout(*id)).collect();
        ids.sort_unstable();
        ids
    }

    /// What a tensor was before nodes laid it out that are no longer there.
    pub fn without_layout(&self, id: TensorId) -> TensorId {
        let mut id = self.first_of(id);
        while !self.is_left(id)
            && let Some(node) = self.maker.get(&id).and_then(|maker| self.node(*maker))
            && let Some(Some(input)) = node.inputs.first()
            && lays_out(node)
        {
            id = self.first_of(*input);
        }
        id
    }

    /// The result of the node of the same name and kind, where it reads the same tensors.
    pub fn same_work(&self, node: &Node, operands: &[TensorId]) -> Option<TensorId> {
        let is_same = |found: &Node| {
            found.name == node.name && found.op.name() == node.op.name() && self.operands(found) == operands
        };
        let mut candidates = self.candidates(operands);
        self.result(candidates.find(|index| self.node(*index).is_some_and(is_same))?)
    }

    /// The result of the node of a name, where it reads one of these tensors.
    pub fn reader_named(&self, name: &str, operands: &[TensorId]) -> Option<TensorId> {
        let is_named = |index: &usize| self.node(*index).is_some_and(|node| *node.name == *name);
        self.result(self.candidates(operands).find(is_named)?)
    }

    /// The nodes that read the first of these tensors, also after layouts that are no longer there.
    fn candidates(&self, operands: &[TensorId]) -> impl Iterator<Item = usize> {
        let mut open: Vec<TensorId> = operands.first().copied().into_iter().collect();
        let mut found = Vec::new();
        while let Some(id) = open.pop() {
            for reader in self.readers.get(&id).into_iter().flatten() {
                found.push(*reader);
                let laid_out = self.node(*reader).is_some_and(lays_out);
                open.extend(self.result(*reader).filter(|result| laid_out && !self.is_left(*result)));
            }
        }
        found.into_iter()
    }

    /// Where a convolution ends that was named before what follows was fused into it: behind the sum with
    /// `added`, if it has one, and behind a function of each element. `is_apart` tells which results, of
    /// nodes of which kind, are made by nodes of their own.
    pub fn end_of(
        &self,
        id: TensorId,
        added: Option<TensorId>,
        is_apart: impl Fn(TensorId, &str) -> bool,
    ) -> TensorId {
        let only_reader = |id: TensorId| match self.readers.get(&id).map(Vec::as_slice) {
            Some([reader]) if !self.model.graph.outputs.contains(&id) => Some(*reader),
            _ => None,
        };
        let passed = |id: TensorId, other: Option<TensorId>| -> Option<TensorId> {
            let reader = only_reader(id)?;
            let node = self.node(reader)?;
            let mut expected: Vec<TensorId> =
                std::iter::once(id).chain(other).map(|id| self.without_layout(id)).collect();
            expected.sort_unstable();
            let op: &dyn Any = &*node.op;
            let takes = op.is::<Elementwise>() && self.operands(node) == expected;
            self.result(reader).filter(|result| takes && !is_apart(*result, node.op.name()))
        };
        let summed = match added {
            Some(added) => passed(id, Some(added)),
            None => Some(id),
        };
        let Some(summed) = summed else { return id };
        passed(summed, None).unwrap_or(summed)
    }

    /// The tensor of a name, where a node makes it or the caller passes it in.
    pub fn find(&self, name: &str) -> Option<TensorId> {
        self.named.get(name).map(|id| self.first_of(*id))
    }

    /// The tensor, or the equal one that an earlier node makes.
    fn first_of(&self, id: TensorId) -> TensorId {
        self.twin.get(&id).copied().unwrap_or(id)
    }

    /// Whether a node has multiply-accumulates, or none knows.
    pub fn has_macs(&self, node: usize) -> bool {
        let layer = self.facts.as_ref().and_then(|facts| facts.layers.layers.get(node));
        layer.is_none_or(|layer| layer.macs != Some(Expr::ZERO))
    }

    /// Whether a tensor is the same in every inference: stored, made of stored ones, or of shapes only.
    fn is_settled(&self, id: TensorId) -> bool {
        self.model.tensor(id).stored.is_some()
            || self.fixed.contains(&id)
            || self
                .facts
                .as_ref()
                .is_some_and(|facts| facts.weights.is_constant(id) || facts.types.of(id).value.is_some())
    }

    /// The nodes on the paths that lead back from a tensor to those that are named.
    pub fn behind(&self, tensor: TensorId, is_named: impl Fn(TensorId) -> bool) -> Vec<usize> {
        let mut open: Vec<usize> = self.maker.get(&tensor).copied().into_iter().collect();
        let mut seen: HashSet<usize> = open.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(index) = open.pop() {
            found.push(index);
            let Some(node) = self.model.graph.nodes.get(index) else { continue };
            for_each_read(node, &mut |id| {
                let id = self.first_of(id);
                let maker = self.maker.get(&id).copied().filter(|_| !is_named(id) && !self.is_settled(id));
                open.extend(maker.filter(|maker| seen.insert(*maker)));
            });
        }
        found
    }

    /// Takes nodes that hand their input on out of pieces of work that do more than that.
    pub fn drop_removed(&self, layers: &mut HashMap<usize, Vec<usize>>) {
        for layers in layers.values_mut() {
            let does_something = |layer: &usize| !self.model.graph.nodes.get(*layer).is_some_and(hands_on);
            if layers.iter().any(does_something) {
                layers.retain(does_something);
            }
        }
    }

    /// The nodes that are not among these: those of which it is plain why they are gone, and the others.
    pub fn not_in<'l>(&self, layers: impl Iterator<Item = &'l usize>) -> (Vec<usize>, Vec<usize>) {
        let covered: HashSet<usize> = layers.copied().collect();
        let (mut lost, mut untraced) = (HashSet::new(), Vec::new());
        for (index, node) in self.model.graph.nodes.iter().enumerate().rev() {
            if covered.contains(&index) {
                continue;
            }
            let is_unread = |id: &TensorId| {
                let mut readers = self.readers.get(id).into_iter().flatten();
                !self.model.graph.outputs.contains(id) && readers.all(|reader| lost.contains(reader))
            };
            let mut made = node.outputs.iter().flatten();
            let is_gone = |id: &TensorId| self.is_settled(*id) || self.twin.contains_key(id) || is_unread(id);
            match hands_on(node) || made.all(is_gone) {
                true => drop(lost.insert(index)),
                false => untraced.push(index),
            }
        }
        let mut lost: Vec<usize> = lost.into_iter().collect();
        lost.sort_unstable();
        untraced.reverse();
        (lost, untraced)
    }
}

/// Whether a node's output is its input, in inference.
fn hands_on(node: &Node) -> bool {
    let op: &dyn Any = &*node.op;
    matches!(op.downcast_ref(), Some(View::Identity)) || node.op.name() == "Dropout"
}

/// Whether a node only gives the numbers of its first input another layout, shape or type.
pub(super) fn lays_out(node: &Node) -> bool {
    let op: &dyn Any = &*node.op;
    op.is::<View>()
        || op.is::<Reorder>()
        || op.is::<Cast>()
        || matches!(op.downcast_ref(), Some(Movement::Transpose { .. }))
}

/// Calls `visit` with everything that a node and its bodies make.
fn for_each_made(node: &Node, visit: &mut dyn FnMut(TensorId)) {
    node.outputs.iter().flatten().for_each(|id| visit(*id));
    for Graph { nodes, .. } in &node.bodies {
        nodes.iter().for_each(|node| for_each_made(node, visit));
    }
}

/// Of two equal nodes over equal inputs an optimiser leaves one. For the outputs of such a node whose names are no
/// longer there, the outputs of the first.
fn twins(model: &Model, left: &HashSet<&str>) -> HashMap<TensorId, TensorId> {
    let mut twin: HashMap<TensorId, TensorId> = HashMap::new();
    let mut firsts: HashMap<(String, Vec<Option<TensorId>>), &Node> = HashMap::new();
    for node in &model.graph.nodes {
        if node.inputs.is_empty() || !node.bodies.is_empty() {
            continue;
        }
        let first_of = |id: &TensorId| twin.get(id).copied().unwrap_or(*id);
        let inputs = node.inputs.iter().map(|id| id.as_ref().map(first_of)).collect();
        let is_left = node.outputs.iter().flatten().any(|id| left.contains(&*model.tensor(*id).name));
        let first = *firsts.entry((format!("{:?}", node.op), inputs)).or_insert(node);
        if is_left || std::ptr::eq(first, node) {
            continue;
        }
        let pairs = node.outputs.iter().zip(&first.outputs);
        twin.extend(pairs.filter_map(|(second, first)| Some(((*second)?, (*first)?))));
    }
    twin
}
