//! Which axes an operator ties together.

use weigh_analysis::Analysis;
use weigh_ir::{Model, Node, TensorId, Value};
use weigh_ops::{
    Cast, Constant, Conv, Elementwise, Expand, Gemm, GlobalPool, Ints, Layout, MatMul, Movement, Norm,
    Normalization, Pool, Query, Reduce, Resize, Split, View,
};

use super::axes::Axes;
use crate::draft::{input, operator, weights};

/// Ties the axes of a whole model.
pub(super) fn tie(model: &Model, facts: &Analysis, axes: &mut Axes) {
    model.graph.inputs.iter().for_each(|id| axes.hold_all(*id, "an input of the model"));
    model.graph.outputs.iter().for_each(|id| axes.hold_all(*id, "an output of the model"));
    for (index, (node, layer)) in model.graph.nodes.iter().zip(&facts.layers).enumerate() {
        let is_elementwise = layer.work.as_ref().is_some_and(|work| work.is_elementwise);
        let mut ties =
            Ties { model, node, index, axes, why: format!("'{}' ({})", node.name, node.op.name()) };
        if ties.of_operator(is_elementwise).is_none() {
            ties.hold_everything();
        }
    }
}

/// One node.
struct Ties<'a> {
    model: &'a Model,
    node: &'a Node,
    index: usize,
    axes: &'a mut Axes,
    why: String,
}

impl Ties<'_> {
    /// What is not known changes nothing that it touches, bodies included.
    fn hold_everything(&mut self) {
        let mut ids: Vec<TensorId> =
            self.node.inputs.iter().chain(&self.node.outputs).flatten().copied().collect();
        for body in &self.node.bodies {
            body.for_each_node(&mut |node| ids.extend(node.inputs.iter().flatten()));
            ids.extend(&body.outputs);
        }
        ids.into_iter().for_each(|id| self.axes.hold_all(id, &self.why));
    }

    fn of_operator(&mut self, is_elementwise: bool) -> Option<()> {
        let node = self.node;
        if !node.bodies.is_empty() {
            return None;
        }
        if let Some(conv) = operator::<Conv>(node) {
            return self.convolution(conv);
        }
        if let Some(gemm) = operator::<Gemm>(node) {
            return self.gemm(gemm);
        }
        if let Some(product) = operator::<MatMul>(node).filter(|product| **product == MatMul::PLAIN) {
            return self.product(product);
        }
        if let Some(norm) = operator::<Normalization>(node) {
            return self.norm(norm.0);
        }
        if let Some(pool) = operator::<Pool>(node) {
            return self.pool(pool.layout);
        }
        if let Some(pool) = operator::<GlobalPool>(node) {
            return self.pool(pool.layout);
        }
        if let Some(reduce) = operator::<Reduce>(node) {
            return self.reduce(reduce);
        }
        if let Some(movement) = operator::<Movement>(node) {
            return self.movement(movement);
        }
        if let Some(view) = operator::<View>(node) {
            return self.view(view);
        }
        if let Some(split) = operator::<Split>(node) {
            return self.split(split);
        }
        if operator::<Query>(node).is_some() || operator::<Constant>(node).is_some() {
            // Extents are asked for anew, and what is stored has no maker.
            return Some(());
        }
        if operator::<Cast>(node).is_some() {
            return self.where_equal();
        }
        if let Some(expand) = operator::<Expand>(node) {
            return self.expand(expand);
        }
        if operator::<Resize>(node).is_some() {
            return self.where_equal();
        }
        if is_elementwise || operator::<Elementwise>(node).is_some() {
            return self.elementwise();
        }
        None
    }

    fn x(&self) -> Option<TensorId> {
        input(self.node, 0)
    }

    fn y(&self) -> Option<TensorId> {
        self.node.outputs.first().copied().flatten()
    }

    fn tie(&mut self, a: (TensorId, usize), b: (TensorId, usize)) {
        self.axes.tie(a, b, &self.why);
    }

    fn hold(&mut self, place: (TensorId, usize)) {
        self.axes.hold(place, &self.why);
    }

    /// Weights are stored, so they can have another shape.
    fn is_learned(&self, id: TensorId) -> bool {
        weights(self.model, id).is_some()
    }

    /// Space stays; the batch goes along.
    fn batch_and_space(&mut self, x: TensorId, y: TensorId, channels: usize) -> Option<()> {
        self.tie((x, 0), (y, 0));
        for axis in (1..self.axes.rank(x)?).filter(|axis| *axis != channels) {
            self.hold((x, axis));
            self.hold((y, axis));
        }
        Some(())
    }

    fn channels(&self, x: TensorId, layout: Layout) -> Option<usize> {
        Some(match layout {
            Layout::ChannelsFirst => 1,
            Layout::ChannelsLast => self.axes.rank(x)?.checked_sub(1)?,
        })
    }

    fn convolution(&mut self, conv: &Conv) -> Option<()> {
        if conv.name != "Conv" {
            return None;
        }
        let (x, y, w) = (self.x()?, self.y()?, input(self.node, conv.weights)?);
        let channels = self.channels(x, conv.layout)?;
        self.batch_and_space(x, y, channels)?;
        (2..self.axes.rank(w)?).for_each(|axis| self.axes.hold((w, axis), &self.why));
        if let Some(bias) = conv.bias.and_then(|bias| input(self.node, bias)) {
            self.tie((bias, 0), (w, 0));
        }
        self.tie((y, channels), (w, 0));
        let is_depthwise = conv.groups > 1
            && self.axes.extent_of(w, 0) == Some(conv.groups)
            && self.axes.extent_of(x, channels) == Some(conv.groups);
        match conv.groups {
            1 if self.is_learned(w) => {
                self.tie((x, channels), (w, 1));
                self.axes.makes(self.index, (w, 0));
            }
            1 => self.tie((x, channels), (w, 1)),
            _ if is_depthwise => self.tie((x, channels), (w, 0)),
            _ => {
                self.hold((x, channels));
                self.hold((w, 0));
            }
        }
        Some(())
    }

    fn gemm(&mut self, gemm: &Gemm) -> Option<()> {
        let (x, w, y) = (self.x()?, input(self.node, 1)?, self.y()?);
        let (rows, inner) = if gemm.transpose_a { (1, 0) } else { (0, 1) };
        let (sums, outputs) = if gemm.transpose_b { (1, 0) } else { (0, 1) };
        self.tie((x, rows), (y, 0));
        self.tie((x, inner), (w, sums));
        self.tie((w, outputs), (y, 1));
        if let Some(bias) = input(self.node, 2) {
            self.aligned(bias, y)?;
        }
        if self.is_learned(w) {
            self.axes.makes(self.index, (w, outputs));
        }
        Some(())
    }

    fn product(&mut self, _: &MatMul) -> Option<()> {
        let (a, b, y) = (self.x()?, input(self.node, 1)?, self.y()?);
        let (rank_a, rank_b, rank) = (self.axes.rank(a)?, self.axes.rank(b)?, self.axes.rank(y)?);
        if rank_a < 2 || rank_b < 2 {
            return None;
        }
        self.tie((a, rank_a - 1), (b, rank_b - 2));
        self.tie((b, rank_b - 1), (y, rank - 1));
        self.tie((a, rank_a - 2), (y, rank - 2));
        for (id, of) in [(a, rank_a), (b, rank_b)] {
            for back in 3..=of {
                self.broadcast((id, of - back), (y, rank - back));
            }
        }
        if self.is_learned(b) && rank_b == 2 {
            self.axes.makes(self.index, (b, 1));
        }
        Some(())
    }

    /// An axis that is 1 long is repeated and ties nothing.
    fn broadcast(&mut self, from: (TensorId, usize), to: (TensorId, usize)) {
        let extent = |axes: &Axes, (id, axis)| axes.extent_of(id, axis);
        match extent(self.axes, from) {
            Some(1) if extent(self.axes, to) != Some(1) => self.hold(from),
            _ => self.tie(from, to),
        }
    }

    /// The axes of a tensor that is broadcast to another, aligned at the last.
    fn aligned(&mut self, from: TensorId, to: TensorId) -> Option<()> {
        let (rank, of) = (self.axes.rank(to)?, self.axes.rank(from)?);
        for back in 1..=of {
            self.broadcast((from, of - back), (to, rank.checked_sub(back)?));
        }
        Some(())
    }

    fn elementwise(&mut self) -> Option<()> {
        let inputs: Vec<TensorId> = self.node.inputs.iter().flatten().copied().collect();
        let outputs: Vec<TensorId> = self.node.outputs.iter().flatten().copied().collect();
        for output in outputs {
            for from in &inputs {
                self.aligned(*from, output)?;
            }
        }
        Some(())
    }

    fn norm(&mut self, norm: Norm) -> Option<()> {
        let (x, y) = (self.x()?, self.y()?);
        self.aligned(x, y)?;
        let others: Vec<TensorId> = self.node.inputs.iter().skip(1).flatten().copied().collect();
        match norm {
            Norm::Batch | Norm::Instance => others.into_iter().for_each(|id| self.tie((id, 0), (x, 1))),
            Norm::Layer { .. } | Norm::Rms { .. } => {
                others.into_iter().try_for_each(|id| self.aligned(id, x))?;
            }
            Norm::Group => {
                self.hold((x, 1));
                others.into_iter().for_each(|id| self.axes.hold_all(id, &self.why));
            }
            _ => {}
        }
        (self.node.outputs.len() == 1).then_some(())
    }

    fn pool(&mut self, layout: Layout) -> Option<()> {
        let (x, y) = (self.x()?, self.y()?);
        let channels = self.channels(x, layout)?;
        self.tie((x, channels), (y, channels));
        self.batch_and_space(x, y, channels)
    }

    /// The integers of a setting.
    fn ints(&self, ints: &Ints) -> Option<Vec<i64>> {
        match ints {
            Ints::Fixed(values) => Some(values.clone()),
            Ints::Input(index) => {
                let stored = self.model.tensor(input(self.node, *index)?).stored.as_ref()?;
                stored.value.as_ref().and_then(Value::as_ints)
            }
        }
    }

    fn reduce(&mut self, reduce: &Reduce) -> Option<()> {
        let (x, y) = (self.x()?, self.y()?);
        let rank = self.axes.rank(x)?;
        let Some(axes) = self.ints(&reduce.axes) else { return self.reduced(x, y) };
        let gone: Vec<usize> = axes
            .into_iter()
            .map(|axis| usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).ok())
            .collect::<Option<_>>()?;
        if gone.is_empty() {
            return None;
        }
        let mut to = 0;
        for axis in 0..rank {
            let is_gone = gone.contains(&axis);
            if is_gone {
                self.hold((x, axis));
            } else {
                self.tie((x, axis), (y, to));
            }
            to += usize::from(!is_gone || reduce.keep_dims);
        }
        Some(())
    }

    /// The same where the axes are computed: those that have another extent, or none, afterwards were reduced.
    fn reduced(&mut self, x: TensorId, y: TensorId) -> Option<()> {
        for axis in 0..self.axes.rank(x)? {
            match self.axes.extent_of(x, axis) == self.axes.extent_of(y, axis) {
                true => self.tie((x, axis), (y, axis)),
                false => self.hold((x, axis)),
            }
        }
        Some(())
    }

    fn movement(&mut self, movement: &Movement) -> Option<()> {
        let (x, y) = (self.x()?, self.y()?);
        let rank = self.axes.rank(y)?;
        let resolve = |axis: i64| usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).ok();
        match movement {
            Movement::Transpose { order } => {
                let reversed = (0..rank as i64).rev().collect();
                let order = order.clone().unwrap_or(reversed);
                for (to, from) in order.into_iter().enumerate() {
                    self.tie((x, resolve(from)?), (y, to));
                }
                Some(())
            }
            Movement::Concat { axis } => {
                let axis = resolve(*axis)?;
                let parts: Vec<TensorId> = self.node.inputs.iter().flatten().copied().collect();
                for part in &parts {
                    (0..rank)
                        .filter(|at| *at != axis)
                        .for_each(|at| self.axes.tie((*part, at), (y, at), &self.why));
                }
                let places: Vec<(TensorId, usize)> = parts.iter().map(|part| (*part, axis)).collect();
                self.axes.sum((y, axis), &places, &self.why);
                Some(())
            }
            Movement::Gather { axis: 0 } => {
                let indices = self.axes.rank(input(self.node, 1)?)?;
                self.hold((x, 0));
                for axis in 1..self.axes.rank(x)? {
                    self.tie((x, axis), (y, indices + axis - 1));
                }
                for axis in 0..indices {
                    self.hold((y, axis));
                }
                Some(())
            }
            Movement::Slice { .. } => self.where_equal(),
            _ => None,
        }
    }

    /// Axes that keep their extent pass; others stay.
    fn where_equal(&mut self) -> Option<()> {
        let (x, y) = (self.x()?, self.y()?);
        let rank = self.axes.rank(x).filter(|rank| self.axes.rank(y) == Some(*rank))?;
        (0..rank).for_each(|axis| self.axes.tie((x, axis), (y, axis), &self.why));
        Some(())
    }

    /// Axes that are not repeated pass. Those that are have the extent that is asked for: a stored one stays.
    fn expand(&mut self, expand: &Expand) -> Option<()> {
        let (x, y) = (self.x()?, self.y()?);
        self.aligned(x, y)?;
        if self.ints(&expand.shape).is_some() {
            self.axes.hold_all(y, &self.why);
        }
        Some(())
    }

    fn view(&mut self, view: &View) -> Option<()> {
        let (x, y) = (self.x()?, self.y()?);
        match view {
            View::Identity | View::BitCast { .. } => self.where_equal(),
            View::Flatten { axis: 1 } => self.flattened(x, y),
            // [0, -1] and [N, -1] flatten what is behind the batch.
            View::Reshape { shape, .. } => match self.ints(shape)?.as_slice() {
                [_, -1] if self.axes.extent_of(x, 0) == self.axes.extent_of(y, 0) => self.flattened(x, y),
                _ => None,
            },
            View::Squeeze { .. } | View::Unsqueeze { .. } => {
                let long = |axes: &Axes, id: TensorId| -> Option<Vec<usize>> {
                    let is_long = |axis: &usize| axes.extent_of(id, *axis) != Some(1);
                    Some((0..axes.rank(id)?).filter(is_long).collect())
                };
                let (from, to) = (long(self.axes, x)?, long(self.axes, y)?);
                if from.len() != to.len() {
                    return None;
                }
                from.into_iter().zip(to).for_each(|(a, b)| self.axes.tie((x, a), (y, b), &self.why));
                Some(())
            }
            _ => None,
        }
    }

    /// Channels and space in one axis: each channel is as many elements as there are positions.
    fn flattened(&mut self, x: TensorId, y: TensorId) -> Option<()> {
        self.tie((x, 0), (y, 0));
        let rank = self.axes.rank(x)?;
        let mut positions: i64 = 1;
        for axis in 2..rank {
            self.hold((x, axis));
            positions = positions.checked_mul(self.axes.extent_of(x, axis)?)?;
        }
        self.axes.times((y, 1), (x, 1), positions);
        Some(())
    }

    fn split(&mut self, split: &Split) -> Option<()> {
        let x = self.x()?;
        let rank = self.axes.rank(x)?;
        let axis =
            usize::try_from(if split.axis < 0 { split.axis + rank as i64 } else { split.axis }).ok()?;
        self.hold((x, axis));
        let outputs: Vec<TensorId> = self.node.outputs.iter().flatten().copied().collect();
        for output in outputs {
            self.hold((output, axis));
            (0..rank).filter(|at| *at != axis).for_each(|at| self.axes.tie((x, at), (output, at), &self.why));
        }
        Some(())
    }
}
