//! A copy of a graph that is being changed.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use weigh_ir::{DType, Model, Node, Operator, Place, Shape, Stored, Tensor, TensorId, bytes_of};
use weigh_ops::{Padding, Window};

/// A copy of a model, with new tensors and nodes.
pub(crate) struct Draft {
    pub model: Model,
    names: BTreeSet<Box<str>>,
    /// The tensor made for an old one in a role, of a shape.
    replaced: HashMap<(TensorId, &'static str, Vec<i64>), TensorId>,
}

impl Draft {
    pub fn of(model: &Model) -> Draft {
        let names = model.tensors.iter().map(|tensor| tensor.name.clone()).collect();
        Draft { model: model.clone(), names, replaced: HashMap::new() }
    }

    /// The name itself where no tensor has it, else with a number.
    fn unused(&mut self, name: String) -> Box<str> {
        let mut candidate: Box<str> = name.as_str().into();
        let mut count = 1;
        while self.names.contains(&candidate) {
            count += 1;
            candidate = format!("{name}_{count}").into();
        }
        self.names.insert(candidate.clone());
        candidate
    }

    /// A tensor that a node makes.
    pub fn tensor(&mut self, name: String) -> Option<TensorId> {
        let name = self.unused(name);
        self.push(Tensor::named(name))
    }

    /// What stands for an old tensor in this role and shape: made once, however many nodes read the old one.
    pub fn replacement(
        &mut self,
        old: TensorId,
        role: &'static str,
        dtype: DType,
        dims: &[i64],
    ) -> Option<TensorId> {
        let key = (old, role, dims.to_vec());
        if let Some(made) = self.replaced.get(&key) {
            return Some(*made);
        }
        let name = format!("{}/{role}", self.model.tensor(old).name);
        let made = self.store(name, dtype, dims)?;
        self.replaced.insert(key, made);
        Some(made)
    }

    /// A stored tensor of this shape, without elements.
    pub fn store(&mut self, name: String, dtype: DType, dims: &[i64]) -> Option<TensorId> {
        let name = self.unused(name);
        let stored = stored(dtype, Shape::of(dims))?;
        let (dtype, declared) = (Some(dtype), Some(stored.shape.clone()));
        self.push(Tensor { dtype, declared, stored: Some(Arc::new(stored)), ..Tensor::named(name) })
    }

    fn push(&mut self, tensor: Tensor) -> Option<TensorId> {
        let id = TensorId::new(self.model.tensors.len())?;
        self.model.tensors.push(tensor);
        Some(id)
    }

    /// The graph without what nobody reads any more, and without the shapes that the file declares between its ends:
    /// they may have been true of the old graph only.
    pub fn finish(mut self) -> Model {
        let read = readers(&self.model);
        let ends: BTreeSet<TensorId> =
            self.model.graph.inputs.iter().chain(&self.model.graph.outputs).copied().collect();
        for (index, tensor) in self.model.tensors.iter_mut().enumerate() {
            let Some(id) = TensorId::new(index) else { continue };
            if !read.contains_key(&id) {
                tensor.stored = None;
            }
            if tensor.stored.is_none() && !ends.contains(&id) {
                tensor.declared = None;
            }
        }
        self.model
    }
}

/// Stored data of a shape, in no file.
pub(crate) fn stored(dtype: DType, shape: Shape) -> Option<Stored> {
    let bytes = u64::try_from(bytes_of(&shape.elements(), dtype)?.as_int()?).ok()?;
    Some(Stored { dtype, shape, bytes, value: None, place: Place::Memory })
}

/// A window of one element over so many axes, that moves by one.
pub(crate) fn pointwise(axes: usize) -> Window {
    let ones = vec![1; axes];
    Window {
        kernel: ones.clone(),
        strides: ones.clone(),
        dilations: ones,
        padding: Padding::symmetric(&vec![0; axes]),
        ceil: false,
    }
}

/// How many nodes read each tensor, those of bodies included; what a graph or body gives back counts as read once more.
pub(crate) fn readers(model: &Model) -> HashMap<TensorId, usize> {
    let mut readers: HashMap<TensorId, usize> = HashMap::new();
    let mut count = |id: &TensorId| *readers.entry(*id).or_default() += 1;
    model.graph.for_each_node(&mut |node| {
        node.inputs.iter().flatten().for_each(&mut count);
        node.bodies.iter().flat_map(|body| &body.outputs).for_each(&mut count);
    });
    model.graph.outputs.iter().for_each(&mut count);
    readers
}

/// The node's operator as one of a kind.
pub(crate) fn operator<T: Operator>(node: &Node) -> Option<&T> {
    (&*node.op as &dyn Any).downcast_ref::<T>()
}

/// An input of a node.
pub(crate) fn input(node: &Node, index: usize) -> Option<TensorId> {
    node.inputs.get(index).copied().flatten()
}

/// The plain extents of weights that are stored in floating-point numbers and not known by their elements: learned ones.
pub(crate) fn weights(model: &Model, id: TensorId) -> Option<(DType, Vec<i64>)> {
    let stored = model.tensor(id).stored.as_ref()?;
    stored.dtype.is_float().then_some(())?;
    Some((stored.dtype, stored.shape.as_ints()?))
}

/// A node in the place of another: of its module, named after it.
pub(crate) fn successor(
    old: &Node,
    suffix: &str,
    op: impl Operator,
    inputs: &[Option<TensorId>],
    output: Option<TensorId>,
) -> Node {
    Node {
        name: format!("{}/{suffix}", old.name).into(),
        scope: old.scope.clone(),
        op: Arc::new(op),
        inputs: inputs.iter().copied().collect(),
        outputs: [output].into_iter().collect(),
        bodies: Vec::new(),
    }
}
