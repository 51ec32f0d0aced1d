//! What training a model takes: the backward pass of every operator, the memory of a step, activation checkpointing.
//!
//! A *step* is a forward pass, a backward pass from the model's outputs, and an update. Gradients go to the learned
//! floating-point tensors and to all activations between them and the outputs; the model's inputs want none. What
//! the forward pass keeps is said by each operator ([`weigh_ir::Backward`]), every tensor counted once however many
//! keep it and views counted as what they view. The loss itself is not part of the graph and not counted.

mod chain;
pub mod checkpoint;
mod gradients;
mod optimizer;

use std::collections::BTreeMap;

use foldhash::{HashSet, HashSetExt};
use weigh_ir::{Cost, Expr, Model, TensorId, bytes_of};

pub use optimizer::{Optimizer, Precision};

use crate::memory::Detail;
use crate::runs::View;
use crate::{AnalysisError, Options, Pass, Question};
use checkpoint::{Chain, Curve, Placement, Price};
use gradients::{Gradients, Step};

/// How the model is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// What updates the parameters.
    pub optimizer: Optimizer,
    /// In which precision.
    pub precision: Precision,
    /// Bytes that the step may need in all; checkpointing is to make it fit.
    pub memory_limit: Option<u64>,
}

/// What training takes.
#[derive(Clone, Debug)]
pub struct Training {
    /// How the model is trained.
    pub recipe: Recipe,
    /// The cost of each node, in the order of the main graph.
    pub layers: Vec<TrainingLayer>,
    /// Elements of the parameters that are trained.
    pub parameters: Expr,
    /// The forward pass, of the nodes that are priced.
    pub forward: Cost,
    /// Gradients of activations, of the nodes whose backward pass is known.
    pub backward_data: Cost,
    /// Gradients of parameters.
    pub backward_weights: Cost,
    /// Bytes of parameters and buffers as they are computed with.
    pub parameter_bytes: Expr,
    /// Bytes of the copy of the parameters that mixed precision updates.
    pub master_bytes: Expr,
    /// Bytes of the gradients of all parameters.
    pub gradient_bytes: Expr,
    /// Bytes that the optimiser keeps.
    pub optimizer_bytes: Expr,
    /// Bytes that the forward pass keeps for the backward pass, the model's inputs included.
    pub saved_bytes: Expr,
    /// Operators whose backward pass is unknown, with the number of nodes, most first. Where there are some, all sums
    /// of the backward pass and of what is kept are without them, and there is no peak.
    pub unknown: Vec<(String, usize)>,
    /// Memory over the step, where everything is known and a number.
    pub memory: Option<StepMemory>,
}

impl Training {
    /// Bytes that stay from step to step: parameters, their copy, gradients, optimiser.
    pub fn state_bytes(&self) -> Expr {
        &self.parameter_bytes + &self.master_bytes + &self.gradient_bytes + &self.optimizer_bytes
    }
}

/// One node in a training step. What is not known is `None`.
#[derive(Clone, Debug)]
pub struct TrainingLayer {
    /// Its forward pass.
    pub forward: Option<Cost>,
    /// Gradients of activations.
    pub backward_data: Option<Cost>,
    /// Gradients of parameters.
    pub backward_weights: Option<Cost>,
    /// Bytes kept that no earlier node keeps.
    pub saved_bytes: Option<Expr>,
    /// Whether a gradient goes through it.
    pub trains: bool,
    /// Why its backward pass is unknown.
    pub unknown: Option<&'static str>,
}

/// Memory over a training step, and how checkpointing changes it.
#[derive(Clone, Debug)]
pub struct StepMemory {
    /// Bytes that stay from step to step.
    pub state_bytes: u64,
    /// The blocks between which checkpoints can be.
    pub chain: Chain,
    /// Everything kept.
    pub stored: Placement,
    /// The rule of the square root.
    pub square_root: Placement,
    /// The best placements from everything kept to the least memory.
    pub curve: Curve,
    /// The same with checkpoints within what is recomputed; empty where the chain is too long to try.
    pub recursive: Vec<Price>,
    /// The best placement within the limit, and whether that is proved; `None` where none fits or no limit was given.
    pub within_limit: Option<(Placement, bool)>,
}

impl StepMemory {
    /// Bytes that a step needs in all where its activations take this.
    pub fn bytes(&self, price: &Price) -> u64 {
        self.state_bytes.saturating_add(price.peak)
    }
}

/// Finds out what training a model takes.
///
/// # Errors
/// Those of [`analyze`](crate::analyze). What is merely unknown is no error: it is listed.
pub fn train(model: &Model, options: &Options, recipe: Recipe) -> Result<Training, AnalysisError> {
    let question = Question::new(model, options)?;
    let pass = Pass::run(model, question.inputs_for_numbers(), &question.bound, Detail::Sums);
    question.check_used(&pass.types)?;
    let types = View::new(&pass.types);
    let gradients = Gradients::follow(model, types, &pass.weights, recipe.precision);
    let (mut training, is_complete) = sums(&gradients, &pass, recipe);
    let bytes = training.state_bytes().as_int().and_then(|bytes| u64::try_from(bytes).ok());
    let chain = is_complete.then(|| chain::chain(&gradients, &pass.layers.layers)).flatten();
    training.memory = bytes.zip(chain).map(|(bytes, chain)| over_a_step(bytes, chain, recipe));
    Ok(training)
}

fn over_a_step(state_bytes: u64, chain: Chain, recipe: Recipe) -> StepMemory {
    let within = |limit: u64| chain.best_within(limit.checked_sub(state_bytes)?);
    StepMemory {
        state_bytes,
        stored: chain.stored(),
        square_root: chain.square_root(),
        curve: chain.curve(),
        recursive: chain.recursive_curve(),
        within_limit: recipe.memory_limit.and_then(within),
        chain,
    }
}

/// Everything but the memory over time, and whether nothing is missing in it.
fn sums(gradients: &Gradients<'_>, pass: &Pass, recipe: Recipe) -> (Training, bool) {
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let (mut forward, mut data, mut weights) = (Cost::FREE, Cost::FREE, Cost::FREE);
    let mut saved_bytes = Expr::ZERO;
    let mut counted: HashSet<TensorId> = HashSet::new();
    let mut layers = Vec::with_capacity(gradients.steps.len());
    let mut is_complete = true;
    for ((node, step), layer) in
        gradients.model.graph.nodes.iter().zip(&gradients.steps).zip(&pass.layers.layers)
    {
        let cost = layer.macs.clone().zip(layer.other_ops.clone());
        let cost = cost.map(|(macs, other_ops)| Cost { macs, other_ops });
        is_complete &= cost.is_some() && step.unknown.is_none();
        add(&mut forward, cost.as_ref());
        add(&mut data, step.data.as_ref());
        add(&mut weights, step.weights.as_ref());
        let saved = newly_saved(gradients, step, &mut counted);
        match &saved {
            Some(bytes) => saved_bytes += bytes,
            None => is_complete = false,
        }
        if step.unknown.is_some() {
            *unknown.entry(node.op.name().to_owned()).or_default() += 1;
        }
        layers.push(TrainingLayer {
            forward: cost,
            backward_data: step.data.clone(),
            backward_weights: step.weights.clone(),
            saved_bytes: saved,
            trains: step.trains,
            unknown: step.unknown,
        });
    }
    let mut unknown: Vec<(String, usize)> = unknown.into_iter().collect();
    unknown.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let state = State::of(pass, recipe);
    let training = Training {
        recipe,
        layers,
        parameters: state.elements,
        forward,
        backward_data: data,
        backward_weights: weights,
        parameter_bytes: state.working,
        master_bytes: state.master,
        gradient_bytes: state.gradients,
        optimizer_bytes: state.optimizer,
        saved_bytes,
        unknown,
        memory: None,
    };
    (training, is_complete)
}

fn add(sum: &mut Cost, more: Option<&Cost>) {
    if let Some(more) = more {
        sum.macs += &more.macs;
        sum.other_ops += &more.other_ops;
    }
}

/// Bytes that a node keeps and no node before it; `None` where a size is unknown.
fn newly_saved(gradients: &Gradients<'_>, step: &Step, counted: &mut HashSet<TensorId>) -> Option<Expr> {
    if step.unknown.is_some() {
        return None;
    }
    let mut bytes = step.extra.clone();
    for id in &step.saved {
        if counted.insert(*id) {
            bytes += &gradients.bytes(*id)?;
        }
    }
    Some(bytes)
}

/// What stays from step to step.
#[derive(Default)]
struct State {
    elements: Expr,
    working: Expr,
    master: Expr,
    gradients: Expr,
    optimizer: Expr,
}

impl State {
    fn of(pass: &Pass, recipe: Recipe) -> State {
        let mut state = State::default();
        for (id, elements) in pass.weights.parameters() {
            let Some(dtype) = pass.types.of(id).dtype else { continue };
            let computed = recipe.precision.computed(dtype);
            let bytes = bytes_of(elements, computed).unwrap_or_default();
            state.working += &bytes;
            if dtype.is_float() {
                state.elements += elements;
                state.gradients += &bytes;
                state.master += &recipe.precision.master_bytes(elements);
                state.optimizer += &recipe.optimizer.state_bytes(elements);
            }
        }
        state.working += &pass.weights.sums.buffer_bytes;
        state
    }
}
