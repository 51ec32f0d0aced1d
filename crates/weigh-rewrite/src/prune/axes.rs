//! Axes of tensors, in classes that have to keep the same extent.

use std::collections::{BTreeMap, HashMap, HashSet};

use weigh_analysis::Analysis;
use weigh_ir::{Model, Shape, TensorId};

/// A class of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Class(usize);

/// An extent that follows from others.
enum Follows {
    /// The sum of these: of a concatenation.
    Sum(Vec<usize>),
    /// So many times this: of a flattened image.
    Times(usize, i64),
}

/// Every axis of every tensor of known shape.
pub(super) struct Axes {
    /// The slot of each axis of a tensor.
    slots: HashMap<TensorId, Vec<usize>>,
    /// Union and find: which slot a slot belongs to.
    parents: Vec<usize>,
    extents: Vec<i64>,
    /// Why a slot must stay as it is.
    held: HashMap<usize, String>,
    /// Extents that follow from others.
    follows: Vec<(usize, Follows)>,
    /// The axis that the weights of a node make, by the position of the node.
    made: BTreeMap<usize, usize>,
}

impl Axes {
    /// The axes of all tensors of a model whose extents are plain numbers.
    pub fn of(model: &Model, facts: &Analysis) -> Axes {
        let mut axes = Axes {
            slots: HashMap::new(),
            parents: Vec::new(),
            extents: Vec::new(),
            held: HashMap::new(),
            follows: Vec::new(),
            made: BTreeMap::new(),
        };
        for (index, tensor) in model.tensors.iter().enumerate() {
            if let (Some(id), Some(stored)) = (TensorId::new(index), &tensor.stored) {
                axes.add(id, &stored.shape);
            }
        }
        for (id, port) in model.graph.inputs.iter().zip(&facts.inputs) {
            if let Some(shape) = &port.shape {
                axes.add(*id, shape);
            }
        }
        for (node, layer) in model.graph.nodes.iter().zip(&facts.layers) {
            for (id, shape) in node.outputs.iter().zip(&layer.output_shapes) {
                if let (Some(id), Some(shape)) = (id, shape) {
                    axes.add(*id, shape);
                }
            }
        }
        axes
    }

    fn add(&mut self, id: TensorId, shape: &Shape) {
        let Some(dims) = shape.as_ints() else { return };
        let slots = dims.iter().map(|extent| self.slot(*extent)).collect();
        self.slots.insert(id, slots);
    }

    fn slot(&mut self, extent: i64) -> usize {
        self.parents.push(self.parents.len());
        self.extents.push(extent);
        self.parents.len() - 1
    }

    fn root(&mut self, mut slot: usize) -> usize {
        while self.parents[slot] != slot {
            self.parents[slot] = self.parents[self.parents[slot]];
            slot = self.parents[slot];
        }
        slot
    }

    /// The number of axes of a tensor; `None` where its shape is not known.
    pub fn rank(&self, id: TensorId) -> Option<usize> {
        self.slots.get(&id).map(Vec::len)
    }

    /// The extent of an axis of a tensor.
    pub fn extent_of(&self, id: TensorId, axis: usize) -> Option<i64> {
        self.slots.get(&id)?.get(axis).map(|slot| self.extents[*slot])
    }

    fn at(&self, (id, axis): (TensorId, usize)) -> Option<usize> {
        self.slots.get(&id)?.get(axis).copied()
    }

    /// Two axes keep the same extent. Where they have not, neither may change.
    pub fn tie(&mut self, a: (TensorId, usize), b: (TensorId, usize), why: &str) {
        match (self.at(a), self.at(b)) {
            (Some(x), Some(y)) if self.extents[x] == self.extents[y] => {
                let (x, y) = (self.root(x), self.root(y));
                self.parents[x.max(y)] = x.min(y);
            }
            _ => {
                self.hold(a, why);
                self.hold(b, why);
            }
        }
    }

    /// An axis must stay as it is.
    pub fn hold(&mut self, place: (TensorId, usize), why: &str) {
        if let Some(slot) = self.at(place) {
            self.held.entry(slot).or_insert_with(|| why.to_owned());
        }
    }

    /// No axis of a tensor may change.
    pub fn hold_all(&mut self, id: TensorId, why: &str) {
        (0..self.rank(id).unwrap_or(0)).for_each(|axis| self.hold((id, axis), why));
    }

    /// An axis is as long as others together.
    pub fn sum(&mut self, whole: (TensorId, usize), parts: &[(TensorId, usize)], why: &str) {
        let places: Option<Vec<usize>> = parts.iter().map(|part| self.at(*part)).collect();
        match (self.at(whole), places) {
            (Some(whole), Some(parts)) => self.follows.push((whole, Follows::Sum(parts))),
            _ => {
                self.hold(whole, why);
                parts.iter().for_each(|part| self.hold(*part, why));
            }
        }
    }

    /// An axis is so many times as long as another.
    pub fn times(&mut self, whole: (TensorId, usize), part: (TensorId, usize), factor: i64) {
        if let (Some(whole), Some(part)) = (self.at(whole), self.at(part)) {
            self.follows.push((whole, Follows::Times(part, factor)));
        }
    }

    /// The weights of the node at this position make an axis: they can make it shorter.
    pub fn makes(&mut self, node: usize, place: (TensorId, usize)) {
        if let Some(slot) = self.at(place) {
            self.made.insert(node, slot);
        }
    }

    /// The classes of a tensor's axes.
    pub fn classes(&mut self, id: TensorId) -> Option<Vec<Class>> {
        let slots = self.slots.get(&id)?.clone();
        Some(slots.into_iter().map(|slot| Class(self.root(slot))).collect())
    }

    /// The class that the weights of a node make.
    pub fn made_by(&mut self, node: usize) -> Option<Class> {
        let slot = self.made.get(&node).copied()?;
        Some(Class(self.root(slot)))
    }

    /// The extent of a class.
    pub fn extent(&self, class: Class) -> i64 {
        self.extents[class.0]
    }

    /// The nodes whose weights make a class that is held, and by what.
    pub fn held(&mut self) -> Vec<(usize, String)> {
        let held = self.held_classes();
        let made: Vec<(usize, usize)> = self.made.iter().map(|(node, slot)| (*node, *slot)).collect();
        made.into_iter()
            .filter_map(|(node, slot)| Some((node, held.get(&self.root(slot))?.clone())))
            .collect()
    }

    /// The classes that must stay, with the reason: held ones, and what they follow from or what follows in two ways.
    fn held_classes(&mut self) -> HashMap<usize, String> {
        let mut slots: Vec<(usize, String)> =
            self.held.iter().map(|(slot, why)| (*slot, why.clone())).collect();
        slots.sort();
        let mut held: HashMap<usize, String> = HashMap::new();
        for (slot, why) in slots {
            held.entry(self.root(slot)).or_insert(why);
        }
        let made: HashSet<usize> = self.made.clone().into_values().map(|slot| self.root(slot)).collect();
        let follows: Vec<(usize, Vec<usize>)> = (0..self.follows.len())
            .map(|at| {
                let (whole, parts) = (self.follows[at].0, self.parts(at));
                (self.root(whole), parts.into_iter().map(|part| self.root(part)).collect())
            })
            .collect();
        let mut times: HashMap<usize, usize> = HashMap::new();
        follows.iter().for_each(|(whole, _)| *times.entry(*whole).or_default() += 1);
        for (whole, count) in times {
            if count > 1 || made.contains(&whole) {
                held.entry(whole).or_insert_with(|| "a concatenation that is added to something".to_owned());
            }
        }
        // What a held extent follows from is held, all the way up.
        loop {
            let before = held.len();
            for (whole, parts) in &follows {
                if let Some(why) = held.get(whole).cloned() {
                    parts.iter().for_each(|part| {
                        held.entry(*part).or_insert_with(|| why.clone());
                    });
                }
            }
            if held.len() == before {
                return held;
            }
        }
    }

    fn parts(&self, at: usize) -> Vec<usize> {
        match &self.follows[at].1 {
            Follows::Sum(parts) => parts.clone(),
            Follows::Times(part, _) => vec![*part],
        }
    }

    /// The new extents of the classes that change, with `share` of each that can taken out, in multiples.
    pub fn shrunk(&mut self, share: f64, multiple: i64) -> BTreeMap<Class, i64> {
        let held = self.held_classes();
        let mut extents: BTreeMap<Class, i64> = BTreeMap::new();
        for slot in self.made.clone().into_values() {
            let root = self.root(slot);
            let extent = self.extents[root];
            let kept = (extent as f64 * (1.0 - share) / multiple as f64).ceil() as i64 * multiple;
            let kept = kept.max(multiple).min(extent);
            if !held.contains_key(&root) && kept < extent {
                extents.insert(Class(root), kept);
            }
        }
        // Extents that follow from others, until nothing changes: concatenations of concatenations.
        for _ in 0..=self.follows.len() {
            let mut is_settled = true;
            for at in 0..self.follows.len() {
                let whole = Class(self.root(self.follows[at].0));
                let factor = match &self.follows[at].1 {
                    Follows::Sum(_) => 1,
                    Follows::Times(_, factor) => *factor,
                };
                let parts = self.parts(at);
                let sum: i64 = parts
                    .into_iter()
                    .map(|part| {
                        let root = self.root(part);
                        extents.get(&Class(root)).copied().unwrap_or(self.extents[root])
                    })
                    .sum();
                let extent = sum.saturating_mul(factor);
                if extent != self.extents[whole.0] && extents.get(&whole) != Some(&extent) {
                    extents.insert(whole, extent);
                    is_settled = false;
                }
            }
            if is_settled {
                break;
            }
        }
        extents
    }
}
