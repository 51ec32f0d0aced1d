//! What stored data means: parameters, buffers, constants; where each is counted.
//!
//! A tensor is *constant* when it is stored or made from constants only. Data is counted at its *origin*: the
//! stored tensor, or the output of a node that generates a tensor from nothing but constants (a filled shape).
//! What an origin means is decided by the nodes that are not constant themselves and read something made of
//! it, through any chain of constant nodes (Identity, Cast, Transpose, Reshape, Concat, DequantizeLinear, ...).

use std::any::Any;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use smallvec::SmallVec;
use weigh_ir::{Cost, DType, Expr, Graph, Model, Node, Operands, Place, Role, TensorId, TensorType};
use weigh_ops::{Arity, Dequantize, Elementwise, Generated};

use crate::types::Types;

/// The meaning of all constant data.
#[derive(Debug)]
pub(crate) struct Weights {
    /// For every tensor, whether it is constant.
    constant: Vec<bool>,
    /// For every constant tensor that a node makes, the origins it is made of.
    made_of: HashMap<TensorId, Origins>,
    /// The elements of each origin that is a parameter. A storage with several names is here once.
    parameters: HashMap<TensorId, Expr>,
    /// Stored tensors that nothing reads.
    pub unused: Vec<TensorId>,
    /// The sums.
    pub sums: Sums,
}

type Origins = SmallVec<[TensorId; 2]>;

/// Origins that are looked at in all. Models have a few for each tensor; made up ones could have as many for each as there
/// are tensors, and then one is enough.
const MAX_ORIGINS: usize = 1 << 22;

/// How many of so many origins may still be looked at: at least one.
fn within(left: &mut usize, wanted: usize) -> usize {
    let allowed = wanted.min((*left).max(1));
    *left = left.saturating_sub(allowed);
    allowed
}

/// Sums over all origins.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub parameters: Expr,
    pub buffers: Expr,
    pub parameter_bytes: Expr,
    pub buffer_bytes: Expr,
    pub constant_bytes: Expr,
    pub stored_bytes: u64,
    pub parameters_by_dtype: BTreeMap<DType, Expr>,
}

impl Weights {
    /// Whether a tensor is constant.
    pub fn is_constant(&self, id: TensorId) -> bool {
        self.constant[id.index()]
    }

    /// Whether a tensor is a parameter or made of one by constant nodes.
    pub fn is_learned(&self, id: TensorId) -> bool {
        let origins = self.made_of.get(&id).map_or(std::slice::from_ref(&id), |origins| origins);
        origins.iter().any(|origin| self.parameters.contains_key(origin))
    }

    /// Whether a node only makes constants: runtimes execute it once, when they load the model.
    pub fn is_constant_node(&self, node: &Node) -> bool {
        node.outputs.iter().flatten().next().is_some_and(|id| self.is_constant(*id))
    }

    /// Every parameter and how many elements it has, in the order of the tensors.
    pub fn parameters(&self) -> impl Iterator<Item = (TensorId, &Expr)> {
        let mut all: Vec<(TensorId, &Expr)> =
            self.parameters.iter().map(|(id, count)| (*id, count)).collect();
        all.sort_unstable_by_key(|(id, _)| id.index());
        all.into_iter()
    }

    /// The origins of the parameters that a node reads, its bodies included, and the elements of each.
    pub fn parameters_of<'w>(&'w self, node: &'w Node) -> Vec<(TensorId, &'w Expr)> {
        let mut origins = Vec::new();
        for_each_read(node, &mut |id| match self.made_of.get(&id) {
            Some(made_of) => origins.extend(made_of.iter().copied()),
            None => origins.push(id),
        });
        origins.into_iter().filter_map(|id| Some((id, self.parameters.get(&id)?))).collect()
    }
}

/// Calls `visit` with everything that a node and the nodes of its bodies read.
pub(crate) fn for_each_read(node: &Node, visit: &mut dyn FnMut(TensorId)) {
    node.inputs.iter().flatten().for_each(|id| visit(*id));
    for body in &node.bodies {
        body.nodes.iter().for_each(|inner| for_each_read(inner, visit));
        body.outputs.iter().for_each(|id| visit(*id));
    }
}

/// Finds out what all constant data of a model means.
pub(crate) fn find(model: &Model, types: &Types) -> Weights {
    let mut finder = Finder {
        model,
        types,
        constant: model.tensors.iter().map(|tensor| tensor.stored.is_some()).collect(),
        made_of: HashMap::new(),
        origins_left: MAX_ORIGINS,
        spelled_out: HashSet::new(),
        dequantised: HashSet::new(),
        meanings: vec![None; model.tensors.len()],
    };
    finder.mark_constants(&model.graph);
    finder.give_meaning(&model.graph);
    finder.sum()
}

/// What the readers of a tensor make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Meaning {
    role: Role,
    /// Whether the data reaches its reader unchanged, through views, moves and conversions only. A generated
    /// tensor that is computed with on the way (masks, position codes) is not learned.
    unchanged: bool,
}

struct Finder<'m> {
    model: &'m Model,
    types: &'m Types,
    constant: Vec<bool>,
    made_of: HashMap<TensorId, Origins>,
    origins_left: usize,
    /// Stored tensors that a node of the graph spells out, in place of an initialiser.
    spelled_out: HashSet<TensorId>,
    /// Tensors that become real numbers further on, after being moved at most (a lookup in a quantised table).
    dequantised: HashSet<TensorId>,
    meanings: Vec<Option<Meaning>>,
}

impl Finder<'_> {
    /// Forwards: which tensors are constant, and of what they are made.
    fn mark_constants(&mut self, graph: &Graph) {
        for node in &graph.nodes {
            node.bodies.iter().for_each(|body| self.mark_constants(body));
            let is_stored = node.outputs.iter().flatten().any(|id| self.constant[id.index()]);
            if is_stored {
                self.spelled_out.extend(node.outputs.iter().flatten());
            }
            let is_constant = |(index, id): (usize, &Option<TensorId>)| {
                id.is_none_or(|id| self.constant[id.index()]) || node.op.role(index) == Role::Type
            };
            let reads_only_constants = node.inputs.iter().enumerate().all(is_constant);
            if is_stored || !node.bodies.is_empty() || node.inputs.is_empty() || !reads_only_constants {
                continue;
            }
            let (mut origins, mut known) = (Origins::new(), HashSet::new());
            for (index, input) in node.inputs.iter().enumerate() {
                if let Some(id) = input.filter(|_| node.op.role(index) > Role::Buffer) {
                    let own = [id];
                    let made_of = self.made_of.get(&id).map_or(&own[..], |made_of| made_of);
                    let made_of = &made_of[..within(&mut self.origins_left, made_of.len())];
                    origins.extend(made_of.iter().copied().filter(|origin| known.insert(*origin)));
                }
            }
            for output in node.outputs.iter().flatten() {
                self.constant[output.index()] = true;
                if !origins.is_empty() {
                    let kept = within(&mut self.origins_left, origins.len());
                    self.made_of.insert(*output, Origins::from_slice(&origins[..kept]));
                }
            }
        }
    }

    /// Backwards: what the readers of every constant tensor take it for.
    fn give_meaning(&mut self, graph: &Graph) {
        for id in &graph.outputs {
            self.mean(*id, Meaning { role: Role::Constant, unchanged: true });
        }
        for node in graph.nodes.iter().rev() {
            node.bodies.iter().rev().for_each(|body| self.give_meaning(body));
            let outputs = node.outputs.iter().flatten();
            let is_constant = outputs.clone().next().is_some_and(|id| self.constant[id.index()]);
            let inherited = outputs.filter_map(|id| self.meanings[id.index()]).max();
            if is_constant && inherited.is_none() {
                continue; // nobody reads what it makes
            }
            let inherited = inherited.filter(|_| is_constant);
            let (free, chooses) = if is_constant { self.how_it_passes_on(node) } else { (true, false) };
            if !is_constant {
                self.follow_dequantised(node);
            }
            for (index, id) in node.inputs.iter().enumerate() {
                let Some(id) = id.filter(|id| self.constant[id.index()]) else { continue };
                let role = node.op.role(index);
                let meaning = match (role, inherited) {
                    (Role::Operand, Some(_)) if chooses => Meaning { role: Role::Constant, unchanged: true },
                    (Role::Operand, _) if self.is_mere_number(id) => {
                        Meaning { role: Role::Constant, unchanged: true }
                    }
                    (Role::Operand | Role::Parameter | Role::Packed(_), Some(outer)) => {
                        Meaning { role: outer.role, unchanged: outer.unchanged && free }
                    }
                    (Role::Operand, _) if self.dequantised.contains(&id) => {
                        Meaning { role: Role::Parameter, unchanged: true }
                    }
                    (role, _) => Meaning { role: settle(role, self.types.of(id)), unchanged: true },
                };
                self.mean(id, meaning);
            }
        }
    }

    /// Notes what a node dequantises, and what it only moves on the way there.
    fn follow_dequantised(&mut self, node: &Node) {
        let is_wanted = |id: &TensorId| self.dequantised.contains(id);
        let dequantises = (&*node.op as &dyn Any).is::<Dequantize>();
        if dequantises || (node.outputs.iter().flatten().any(is_wanted) && self.how_it_passes_on(node).0) {
            let operands =
                node.inputs.iter().enumerate().filter(|(index, _)| node.op.role(*index) == Role::Operand);
            self.dequantised.extend(operands.filter_map(|(_, id)| *id));
        }
    }

    /// Of a constant node: whether data goes through it unchanged, and whether it chooses element by element. A
    /// mask is chosen so, a weight never.
    fn how_it_passes_on(&self, node: &Node) -> (bool, bool) {
        let (inputs, outputs) = (self.types.of_all(&node.inputs), self.types.of_all(&node.outputs));
        let cost = node.op.cost(&Operands { inputs: &inputs, outputs: &outputs, bodies: &[] });
        let op: &dyn Any = &*node.op;
        let chooses = op.downcast_ref::<Elementwise>().is_some_and(|op| op.function.arity == Arity::Choice);
        (cost.is_ok_and(|cost| cost == Cost::FREE), chooses)
    }

    fn mean(&mut self, id: TensorId, meaning: Meaning) {
        let known = &mut self.meanings[id.index()];
        *known = (*known).max(Some(meaning));
    }

    /// Whether an operand is a number of a formula (`x · 0.5`) and not a tensor of one learned element: a
    /// scalar, or one element that a node of the graph spells out.
    fn is_mere_number(&self, id: TensorId) -> bool {
        let Some(shape) = &self.types.of(id).shape else { return false };
        let is_initialiser = self.model.tensor(id).stored.is_some() && !self.spelled_out.contains(&id);
        shape.rank() == 0 || (shape.elements() == Expr::ONE && !is_initialiser)
    }

    /// Counts every origin once, by what it means.
    fn sum(self) -> Weights {
        let Finder { model, types, constant, made_of, meanings, .. } = self;
        let mut sums = Sums::default();
        let mut parameters = HashMap::new();
        let mut unused = Vec::new();
        // Of several names of one storage the one that means most stands for all; of equals the largest, the first.
        let mut places: HashMap<&Place, (Option<Meaning>, u64, Reverse<usize>)> = HashMap::new();
        for (index, tensor) in model.tensors.iter().enumerate() {
            if let Some(stored) = tensor.stored.as_ref().filter(|stored| stored.place != Place::Memory) {
                let claim = (meanings[index], stored.bytes, Reverse(index));
                places.entry(&stored.place).and_modify(|best| *best = claim.max(*best)).or_insert(claim);
            }
        }
        for (index, tensor) in model.tensors.iter().enumerate() {
            let (Some(stored), Some(id)) = (&tensor.stored, TensorId::new(index)) else { continue };
            if places.get(&stored.place).is_some_and(|best| best.2 != Reverse(index)) {
                continue;
            }
            sums.stored_bytes = sums.stored_bytes.saturating_add(stored.bytes);
            let (elements, bytes) =
                (stored.shape.elements(), Expr::Int(i64::try_from(stored.bytes).unwrap_or(i64::MAX)));
            match meanings[index] {
                None => unused.push(id),
                Some(meaning) => {
                    let (elements, dtype) = match meaning.role {
                        Role::Packed(packing) => (packing.elements_in(&bytes), packing.dtype()),
                        _ => (elements, None),
                    };
                    sums.count(meaning.role, &elements, &bytes, dtype.or(Some(stored.dtype)));
                    if meaning.role.is_learned() {
                        parameters.insert(id, elements);
                    }
                }
            }
        }
        let mut generated = |node: &Node| {
            let is_fill = (&*node.op as &dyn Any)
                .downcast_ref::<Generated>()
                .is_some_and(|op| matches!(op, Generated::Fill { .. }));
            let Some(Some(id)) = node.outputs.first().filter(|_| is_fill) else { return };
            let learned = Meaning { role: Role::Parameter, unchanged: true };
            let buffer = Meaning { role: Role::Buffer, unchanged: true };
            let Some(meaning) = meanings[id.index()].filter(|meaning| [learned, buffer].contains(meaning))
            else {
                return;
            };
            let typed = types.of(*id);
            if let (true, Some(elements), Some(bytes)) =
                (constant[id.index()], typed.elements(), typed.bytes())
            {
                sums.count(meaning.role, &elements, &bytes, typed.dtype);
                if meaning.role == Role::Parameter {
                    parameters.insert(*id, elements);
                }
            }
        };
        model.graph.for_each_node(&mut |node| generated(node));
        Weights { constant, made_of, parameters, unused, sums }
    }
}

/// An ordinary operand is learned if it is a floating-point tensor.
fn settle(role: Role, typed: &TensorType) -> Role {
    match role {
        Role::Operand if typed.dtype.is_none_or(DType::is_float) => Role::Parameter,
        Role::Operand => Role::Constant,
        other => other,
    }
}

impl Sums {
    fn count(&mut self, role: Role, elements: &Expr, bytes: &Expr, dtype: Option<DType>) {
        let add = |sum: &mut Expr, more: &Expr| *sum += more;
        match role {
            Role::Parameter | Role::Packed(_) => {
                add(&mut self.parameters, elements);
                add(&mut self.parameter_bytes, bytes);
                if let Some(dtype) = dtype {
                    add(self.parameters_by_dtype.entry(dtype).or_default(), elements);
                }
            }
            Role::Buffer => {
                add(&mut self.buffers, elements);
                add(&mut self.buffer_bytes, bytes);
            }
            Role::Type | Role::Constant | Role::Operand => add(&mut self.constant_bytes, bytes),
        }
    }
}
