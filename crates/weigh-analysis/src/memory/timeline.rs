//! The lives of activations: where each begins and ends, and how large it is.

use foldhash::{HashMap, HashMapExt};
use smallvec::SmallVec;
use weigh_ir::{Expr, Graph, Memory, Model, Node, Operands, TensorId, Workspace};

use super::Extent;
use crate::runs::View;
use crate::weights::{Weights, for_each_read};

/// One activation's buffer.
#[derive(Clone, Debug)]
pub(super) struct Life {
    /// The tensor that the buffer was made for.
    pub tensor: TensorId,
    /// How large it is.
    pub extent: Extent,
    /// The step that makes it; `None` for an input, which is there from the start.
    pub made: Option<usize>,
    /// The last step that needs it; `None` when nothing ever reads it.
    pub last: Option<usize>,
    /// Whether it is an output: needed to the end.
    pub is_output: bool,
}

/// What one step does.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Lives that it reads, each once.
    pub reads: SmallVec<[usize; 4]>,
    /// Lives that it begins.
    pub makes: SmallVec<[usize; 2]>,
    /// What the bodies of its node hold at their peak, beside everything else.
    pub inner: Extent,
    /// What it needs beside all that is alive; where its node has bodies, they need it.
    pub workspace: Workspace,
    /// Whether it runs in every inference.
    pub runs: bool,
}

impl Step {
    /// One that does not run in an inference.
    fn at_load() -> Step {
        let (reads, makes) = (SmallVec::new(), SmallVec::new());
        Step { reads, makes, inner: Extent::default(), workspace: Workspace::NONE, runs: false }
    }
}

/// What the bodies of a node hold.
#[derive(Default)]
struct Inner {
    /// At their peak.
    peak: Extent,
    /// In all.
    total: Extent,
    /// Bytes where they need most, their workspaces counted, beyond the peak; `None` where that is unknown.
    workspace: Option<Expr>,
}

/// All activations of a graph over its steps.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    pub lives: Vec<Life>,
    pub steps: Vec<Step>,
    /// What bodies hold in all.
    inner_total: Extent,
    /// Whether every activation has a known size.
    pub complete: bool,
    /// The life of each tensor.
    of_tensor: HashMap<TensorId, usize>,
}

impl Timeline {
    pub fn new(model: &Model, graph: &Graph, types: View<'_>, weights: &Weights) -> Timeline {
        let mut timeline = Timeline {
            lives: Vec::new(),
            steps: Vec::with_capacity(graph.nodes.len()),
            inner_total: Extent::default(),
            complete: true,
            of_tensor: HashMap::with_capacity(graph.nodes.len()),
        };
        for id in &graph.inputs {
            timeline.begin(*id, None, types);
        }
        for (at, node) in graph.nodes.iter().enumerate() {
            let step = timeline.step(model, node, at, types, weights);
            timeline.steps.push(step);
        }
        // In a graph without nodes there is no step to be alive in.
        let end = graph.nodes.len().checked_sub(1);
        for id in &graph.outputs {
            if let Some(life) = timeline.of_tensor.get(id) {
                let life = &mut timeline.lives[*life];
                life.last = end;
                life.is_output = true;
            }
        }
        timeline
    }

    fn begin(&mut self, tensor: TensorId, made: Option<usize>, types: View<'_>) -> usize {
        let size = types.size(tensor);
        self.complete &= size.elements.is_some() && size.bytes.is_some();
        let known = |size: &Option<Expr>| size.clone().unwrap_or_default();
        let extent = Extent { elements: known(&size.elements), bytes: known(&size.bytes) };
        // What nothing reads is still there while it is being made.
        self.lives.push(Life { tensor, extent, made, last: made, is_output: false });
        self.of_tensor.insert(tensor, self.lives.len() - 1);
        self.lives.len() - 1
    }

    fn step(&mut self, model: &Model, node: &Node, at: usize, types: View<'_>, weights: &Weights) -> Step {
        if weights.is_constant_node(node) {
            return Step::at_load();
        }
        let mut reads: SmallVec<[usize; 4]> = SmallVec::new();
        for_each_read(node, &mut |id| reads.extend(self.of_tensor.get(&id).copied()));
        reads.sort_unstable();
        reads.dedup();
        for life in &reads {
            self.lives[*life].last = Some(at);
        }
        let makes = node.outputs.iter().flatten().map(|id| self.begin(*id, Some(at), types)).collect();
        let Some(inner) = self.bodies(model, node, types, weights) else {
            let workspace = memory_of(node, types).workspace;
            return Step { reads, makes, inner: Extent::default(), workspace, runs: true };
        };
        self.inner_total.add(&inner.total);
        let workspace = Workspace { bytes: inner.workspace, purpose: "in its bodies" };
        Step { reads, makes, inner: inner.peak, workspace, runs: true }
    }

    /// What a node's bodies hold, if it has any: the largest, where there are two to choose from or runs that
    /// differ.
    fn bodies(&mut self, model: &Model, node: &Node, types: View<'_>, weights: &Weights) -> Option<Inner> {
        let (mut peaks, mut totals, mut needs) = (Vec::new(), Vec::new(), Some(Vec::new()));
        let mut hold = |body: &Graph, types: View<'_>| {
            let inner = Timeline::new(model, body, types, weights);
            self.complete &= inner.complete;
            let live = inner.live_extents();
            peaks.push(Extent::largest(live.iter().flatten()));
            totals.push(inner.total());
            let steps = inner.with_workspace(&live).map(|(_, bytes)| bytes).collect::<Option<Vec<_>>>();
            needs = needs.take().zip(steps).map(|(needs, steps)| [needs, steps].concat());
        };
        for body in types.reached(node) {
            match types.runs(body) {
                Some(runs) => runs.iter().for_each(|run| hold(body, types.during(run))),
                None => hold(body, types),
            }
        }
        if peaks.is_empty() {
            return None;
        }
        let peak = Extent::largest(peaks.iter());
        let workspace = needs.map(|needs| Expr::largest(needs).unwrap_or_default() - &peak.bytes);
        Some(Inner { peak, total: Extent::largest(totals.iter()), workspace })
    }

    /// The steps that run, each with the bytes that are alive in it and its workspace; `None` where that is
    /// unknown.
    pub fn with_workspace(&self, live: &[Option<Extent>]) -> impl Iterator<Item = (usize, Option<Expr>)> {
        let busy = |(at, (step, live)): (usize, (&Step, &Option<Extent>))| {
            let live = live.as_ref()?;
            Some((at, step.workspace.bytes.as_ref().map(|bytes| &live.bytes + bytes)))
        };
        self.steps.iter().zip(live).enumerate().filter_map(busy)
    }

    /// The sum of all buffers.
    pub fn total(&self) -> Extent {
        let mut total = self.inner_total.clone();
        self.lives.iter().for_each(|life| total.add(&life.extent));
        total
    }

    /// What is alive in each step; `None` for steps that run only at load.
    pub fn live_extents(&self) -> Vec<Option<Extent>> {
        let count = self.steps.len();
        let (mut gained, mut lost) = (vec![Extent::default(); count], vec![Extent::default(); count]);
        for life in &self.lives {
            if let Some(last) = life.last {
                let first = life.made.unwrap_or(0);
                gained[first].add(&life.extent);
                lost[last].add(&life.extent);
            }
        }
        let mut alive = Extent::default();
        let mut live = Vec::with_capacity(count);
        for ((step, gained), lost) in self.steps.iter().zip(&gained).zip(&lost) {
            alive.add(gained);
            live.push(step.runs.then(|| alive.plus(&step.inner)));
            alive.subtract(lost);
        }
        live
    }

    /// The largest step by itself: its inputs, outputs and inner tensors.
    pub fn largest_step(&self) -> Option<Extent> {
        let of_step = |step: &Step| {
            let mut total = step.inner.clone();
            step.reads.iter().chain(&step.makes).for_each(|life| total.add(&self.lives[*life].extent));
            total
        };
        let steps: Vec<Extent> = self.steps.iter().filter(|step| step.runs).map(of_step).collect();
        (!steps.is_empty()).then(|| Extent::largest(steps.iter()))
    }

    /// The same steps, where an operator that can write over an input adds no buffer when it is the input's
    /// last reader and the sizes agree.
    pub fn in_place(&self, model: &Model, types: View<'_>) -> Timeline {
        let mut merged: Vec<usize> = (0..self.lives.len()).collect();
        let mut result = self.clone();
        for (at, (step, node)) in self.steps.iter().zip(&model.graph.nodes).enumerate() {
            let Some(output) = step.makes.first().copied().filter(|_| step.runs) else { continue };
            if node.outputs.first().is_none_or(Option::is_none) {
                continue;
            }
            let memory = memory_of(node, types);
            let reusable = |input: &usize| {
                let tensor = (*node.inputs.get(*input)?)?;
                let life = *self.of_tensor.get(&tensor)?;
                let (this, that) = (&self.lives[life], &self.lives[output]);
                (this.last == Some(at) && !this.is_output && this.extent == that.extent).then_some(life)
            };
            if let Some(life) = memory.overwrites.iter().find_map(reusable) {
                merged[output] = merged[life];
                let buffer = merged[life];
                result.lives[buffer].last = self.lives[output].last;
                result.lives[buffer].is_output |= self.lives[output].is_output;
            }
        }
        // A merged life holds nothing and is never alive.
        for (index, buffer) in merged.iter().enumerate() {
            if index != *buffer {
                result.lives[index].extent = Extent::default();
                result.lives[index].last = None;
            }
        }
        for step in &mut result.steps {
            for life in step.reads.iter_mut().chain(&mut step.makes) {
                *life = merged[*life];
            }
            step.reads.sort_unstable();
            step.reads.dedup();
        }
        result
    }
}

/// How a node treats memory.
fn memory_of(node: &Node, types: View<'_>) -> Memory {
    let (inputs, outputs) = (types.of_all(&node.inputs), types.of_all(&node.outputs));
    node.op.memory(&Operands { inputs: &inputs, outputs: &outputs, bodies: &[] })
}
