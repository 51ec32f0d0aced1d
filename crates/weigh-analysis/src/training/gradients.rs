//! Which tensors gradients go to, and what each node does in the backward pass.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use smallvec::SmallVec;
use weigh_ir::{Backward, Cost, DType, Expr, Model, Node, Operands, Saved, Stop, TensorId, bytes_of};

use super::Precision;
use crate::runs::View;
use crate::weights::Weights;

/// What a node of the main graph does in a training step; nothing where it runs only at load.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// Whether it runs in every step.
    pub runs: bool,
    /// Whether gradients go through it.
    pub trains: bool,
    /// Why nobody knows what its backward pass takes; `None` where it is known or not wanted.
    pub unknown: Option<&'static str>,
    /// The gradients of activations, and what all gradients share.
    pub data: Option<Cost>,
    /// The gradients of parameters.
    pub weights: Option<Cost>,
    /// Activations that are kept for it, by the tensors that own the memory.
    pub saved: SmallVec<[TensorId; 2]>,
    /// Bytes kept for it of tensors that the graph does not show.
    pub extra: Expr,
    /// The activations that get gradients from it, and whether that gradient is the output's own memory.
    pub passes: SmallVec<[(TensorId, bool); 2]>,
}

/// Gradients over a graph.
pub(super) struct Gradients<'m> {
    pub model: &'m Model,
    pub types: View<'m>,
    pub weights: &'m Weights,
    pub precision: Precision,
    /// In the order of the main graph's nodes.
    pub steps: Vec<Step>,
    /// Tensors whose gradient is wanted and reaches them.
    reached: HashSet<TensorId>,
    /// The tensor that owns the memory of another.
    owners: HashMap<TensorId, TensorId>,
}

impl<'m> Gradients<'m> {
    pub fn follow(
        model: &'m Model,
        types: View<'m>,
        weights: &'m Weights,
        precision: Precision,
    ) -> Gradients<'m> {
        let nodes = &model.graph.nodes;
        let answers: Vec<Option<Result<Backward, Stop>>> =
            nodes.iter().map(|node| answer(node, types, weights)).collect();
        let mut all = Gradients {
            model,
            types,
            weights,
            precision,
            steps: Vec::with_capacity(nodes.len()),
            reached: HashSet::new(),
            owners: HashMap::new(),
        };
        let wants = all.forwards(&answers);
        all.backwards(&answers, &wants);
        for (node, answer) in nodes.iter().zip(answers) {
            let step = all.step(node, answer);
            all.steps.push(step);
        }
        all
    }

    /// The tensor that owns the memory of a tensor: another one where it is a view.
    pub fn owner(&self, id: TensorId) -> TensorId {
        self.owners.get(&id).copied().unwrap_or(id)
    }

    /// Whether a gradient reaches a tensor.
    pub fn is_reached(&self, id: TensorId) -> bool {
        self.reached.contains(&id)
    }

    /// Bytes of a tensor in the precision of the step.
    pub fn bytes(&self, id: TensorId) -> Option<Expr> {
        let typed = self.types.of(id);
        bytes_of(&typed.elements()?, self.precision.computed(typed.dtype?))
    }

    /// Whether a tensor is learned and can have a gradient.
    fn is_learned(&self, id: TensorId) -> bool {
        self.weights.is_constant(id) && self.weights.is_learned(id) && is_float(self.types.of(id).dtype)
    }

    /// Tensors that depend on what is learned, through operators that have slopes.
    fn forwards(&mut self, answers: &[Option<Result<Backward, Stop>>]) -> HashSet<TensorId> {
        let mut wants: HashSet<TensorId> = HashSet::new();
        for (node, answer) in self.model.graph.nodes.iter().zip(answers) {
            let Some(answer) = answer else { continue };
            let wanted = |index: usize| {
                let id = node.inputs.get(index).copied().flatten();
                id.is_some_and(|id| wants.contains(&id) || self.is_learned(id))
            };
            let goes_on = match answer {
                Ok(backward) => backward.gradients.iter().any(|gradient| wanted(gradient.input)),
                Err(_) => (0..node.inputs.len()).any(wanted),
            };
            if goes_on {
                let floats = node.outputs.iter().flatten().filter(|id| is_float(self.types.of(**id).dtype));
                wants.extend(floats.copied());
            }
            if let (Ok(Backward { is_view: true, .. }), Some(Some(viewed))) = (answer, node.inputs.first()) {
                let owner = self.owner(*viewed);
                node.outputs.iter().flatten().for_each(|id| {
                    self.owners.insert(*id, owner);
                });
            }
        }
        wants
    }

    /// Of these the ones that a gradient from the model's outputs reaches.
    fn backwards(&mut self, answers: &[Option<Result<Backward, Stop>>], wants: &HashSet<TensorId>) {
        self.reached.extend(self.model.graph.outputs.iter().filter(|id| wants.contains(id)).copied());
        for (node, answer) in self.model.graph.nodes.iter().zip(answers).rev() {
            let Some(answer) = answer else { continue };
            if !node.outputs.iter().flatten().any(|id| self.reached.contains(id)) {
                continue;
            }
            for (index, id) in node.inputs.iter().enumerate() {
                let Some(id) = id.filter(|id| wants.contains(id) || self.is_learned(*id)) else { continue };
                if answer.as_ref().map_or(true, |backward| backward.gradient(index).is_some()) {
                    self.reached.insert(id);
                }
            }
        }
    }

    fn step(&self, node: &Node, answer: Option<Result<Backward, Stop>>) -> Step {
        let Some(answer) = answer else { return Step::default() };
        let outputs = node.outputs.iter().flatten();
        let trains = outputs.clone().any(|id| self.is_reached(*id));
        let free = || Some(Cost::FREE);
        let idle = Step { runs: true, data: free(), weights: free(), ..Step::default() };
        if !trains {
            return idle;
        }
        let backward = match answer {
            Ok(backward) => backward,
            Err(why) => {
                let why = match why {
                    Stop::Unknown(why) => why,
                    Stop::Contradiction(_) => "its inputs contradict each other",
                };
                return Step { trains, unknown: Some(why), data: None, weights: None, ..idle };
            }
        };
        let input = |index: usize| node.inputs.get(index).copied().flatten();
        let wanted = |index: usize| input(index).is_some_and(|id| self.is_reached(id));
        let (mut data, mut weights) = (backward.shared.clone(), Cost::FREE);
        let mut passes: SmallVec<[(TensorId, bool); 2]> = SmallVec::new();
        for gradient in backward.gradients.iter().filter(|gradient| wanted(gradient.input)) {
            let Some(id) = input(gradient.input) else { continue };
            let sum = if self.weights.is_constant(id) { &mut weights } else { &mut data };
            sum.macs += &gradient.cost.macs;
            sum.other_ops += &gradient.cost.other_ops;
            if !self.weights.is_constant(id) {
                let output = outputs.clone().next().and_then(|id| self.bytes(*id));
                let is_same = gradient.cost == Cost::FREE && self.bytes(id) == output;
                passes.push((id, is_same));
            }
        }
        let mut step = Step { trains, data: Some(data), weights: Some(weights), passes, ..idle };
        for saved in backward.saved_for(wanted) {
            let id = match saved {
                Saved::Input(index) => input(*index),
                Saved::Output(index) => match node.outputs.get(*index).copied().flatten() {
                    Some(id) => Some(id),
                    None => return Step { unknown: Some("what it keeps is no output of the node"), ..step },
                },
                Saved::Extra { elements, dtype, what } => {
                    let activations = || Some(self.precision.computed(self.types.of(input(0)?).dtype?));
                    match dtype.or_else(activations).and_then(|dtype| bytes_of(elements, dtype)) {
                        Some(bytes) => step.extra += &bytes,
                        None => return Step { unknown: Some(what), ..step },
                    }
                    None
                }
            };
            let owner = id.map(|id| self.owner(id)).filter(|id| !self.weights.is_constant(*id));
            if let Some(owner) = owner.filter(|owner| !step.saved.contains(owner)) {
                step.saved.push(owner);
            }
        }
        step
    }
}

fn is_float(dtype: Option<DType>) -> bool {
    dtype.is_none_or(DType::is_float)
}

/// What a node says of its backward pass; `None` where it runs only at load.
fn answer(node: &Node, types: View<'_>, weights: &Weights) -> Option<Result<Backward, Stop>> {
    if weights.is_constant_node(node) {
        return None;
    }
    let (inputs, outputs) = (types.of_all(&node.inputs), types.of_all(&node.outputs));
    Some(node.op.backward(&Operands { inputs: &inputs, outputs: &outputs, bodies: &[] }))
}
