//! Runs of bodies that were followed one by one: the types of each, and how to look at a graph during one.

use foldhash::{HashMap, HashSet};
use smallvec::SmallVec;
use weigh_ir::{Expr, Graph, Node, TensorId, TensorType};

use crate::types::{Size, Types};

/// One run of a body: what in it differs from other runs.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The types and sizes of the tensors of the body and of the bodies inside it.
    pub tensors: HashMap<TensorId, (TensorType, Size)>,
    /// Which bodies inside it can run, and how.
    pub bodies: Reached,
}

/// The bodies that can run, by the address of their graph. A branch that a known condition rules out is never
/// looked at.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// Those that were inferred.
    pub bodies: HashSet<usize>,
    /// The runs of those that were followed.
    pub runs: HashMap<usize, Vec<Run>>,
}

/// What identifies a body.
pub(crate) fn address(graph: &Graph) -> usize {
    std::ptr::from_ref(graph).addr()
}

impl Reached {
    /// Takes out what is known of the bodies inside a graph.
    pub fn take_inside(&mut self, graph: &Graph) -> Reached {
        let mut inside = Reached::default();
        for body in graph.nodes.iter().flat_map(|node| &node.bodies) {
            self.take(body, &mut inside);
        }
        inside
    }

    fn take(&mut self, body: &Graph, taken: &mut Reached) {
        let address = address(body);
        if self.bodies.remove(&address) {
            taken.bodies.insert(address);
        }
        taken.runs.extend(self.runs.remove(&address).map(|runs| (address, runs)));
        body.nodes.iter().flat_map(|node| &node.bodies).for_each(|inner| self.take(inner, taken));
    }
}

/// The types of a graph: of the model as a whole, or of a body during one of its runs.
#[derive(Clone, Copy)]
pub(crate) struct View<'t> {
    types: &'t Types,
    during: Option<(&'t Run, &'t View<'t>)>,
}

impl<'t> View<'t> {
    /// The model as a whole.
    pub fn new(types: &'t Types) -> View<'t> {
        View { types, during: None }
    }

    /// The same during a run of one of its bodies.
    pub fn during(&'t self, run: &'t Run) -> View<'t> {
        View { types: self.types, during: Some((run, self)) }
    }

    /// The type of a tensor.
    pub fn of(&self, id: TensorId) -> &'t TensorType {
        match self.during {
            None => self.types.of(id),
            Some((run, outer)) => run.tensors.get(&id).map_or_else(|| outer.of(id), |found| &found.0),
        }
    }

    /// The size of a tensor.
    pub fn size(&self, id: TensorId) -> &'t Size {
        match self.during {
            None => self.types.size(id),
            Some((run, outer)) => run.tensors.get(&id).map_or_else(|| outer.size(id), |found| &found.1),
        }
    }

    /// The types of optional tensors, as operators take them.
    pub fn of_all(&self, ids: &[Option<TensorId>]) -> SmallVec<[Option<&'t TensorType>; 4]> {
        ids.iter().map(|id| id.map(|id| self.of(id))).collect()
    }

    /// The sum of the sizes in bytes; `None` where one is unknown.
    pub fn bytes_of_all<'i>(&self, ids: impl IntoIterator<Item = &'i Option<TensorId>>) -> Option<Expr> {
        ids.into_iter().flatten().map(|id| self.size(*id).bytes.as_ref()).sum::<Option<Expr>>()
    }

    fn bodies(&self) -> &'t Reached {
        match self.during {
            None => &self.types.reached,
            Some((run, _)) => &run.bodies,
        }
    }

    /// Whether this body of a node can run.
    pub fn is_reached(&self, body: &Graph) -> bool {
        self.bodies().bodies.contains(&address(body))
    }

    /// The bodies of a node that can run.
    pub fn reached<'n>(&self, node: &'n Node) -> impl Iterator<Item = &'n Graph> {
        node.bodies.iter().filter(|body| self.is_reached(body))
    }

    /// The runs of a body, where they were followed one by one.
    pub fn runs(&self, body: &Graph) -> Option<&'t [Run]> {
        self.bodies().runs.get(&address(body)).map(Vec::as_slice)
    }
}
