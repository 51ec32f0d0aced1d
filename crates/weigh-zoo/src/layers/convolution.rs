//! Convolutions: plain, grouped, depthwise, separable.

use weigh_ir::{Expr, Model, TensorId};
use weigh_ops::{Conv, Padding, Window};

use super::{Layer, LayerError, Setting, divides, extent, positive, product};
use crate::builder::Builder;

/// Letters of a formula and what they stand for.
type Letters = Vec<(&'static str, i64)>;

/// A convolution over one, two or three axes, as [`Convolution::new`] makes it.
#[derive(Clone, Debug)]
pub struct Convolution {
    inputs: i64,
    outputs: i64,
    groups: i64,
    kernel: Vec<i64>,
    stride: Vec<i64>,
    dilation: Vec<i64>,
    /// What is added at the beginning and end of each axis.
    padding: Vec<(i64, i64)>,
    /// Spatial extents.
    input: Vec<i64>,
    output: Vec<i64>,
}

/// How a window moves. Lists hold one number for all axes, or one for each.
#[derive(Clone, Debug)]
pub struct Moves {
    /// Extents of the window.
    pub kernel: Vec<i64>,
    /// Steps between positions.
    pub stride: Vec<i64>,
    /// Steps between elements of the window.
    pub dilation: Vec<i64>,
    /// What is added at each end of an axis; `None` for as much as keeps the extents at stride 1, which is
    /// half the kernel where that is odd.
    pub padding: Option<Vec<i64>>,
}

/// The spatial extents, before or after.
#[derive(Clone, Debug)]
pub enum Space {
    /// Of the input.
    Input(Vec<i64>),
    /// Of the output; the input is the smallest that gives it.
    Output(Vec<i64>),
}

impl Convolution {
    /// A convolution of so many channels.
    ///
    /// # Errors
    /// See [`LayerError`].
    pub fn new(
        inputs: i64,
        outputs: i64,
        groups: i64,
        moves: &Moves,
        space: &Space,
    ) -> Result<Convolution, LayerError> {
        positive(&[("an input", inputs), ("an output", outputs), ("a number of groups", groups)])?;
        divides("input channels", inputs, "groups", groups)?;
        divides("output channels", outputs, "groups", groups)?;
        let (Space::Input(extents) | Space::Output(extents)) = space;
        let rank = extents.len();
        let [kernel, stride, dilation] =
            [("the kernel", &moves.kernel), ("the stride", &moves.stride), ("the dilation", &moves.dilation)]
                .map(|(what, values)| spread(what, values, rank));
        let (kernel, stride, dilation) = (kernel?, stride?, dilation?);
        for values in [&kernel, &stride, &dilation, extents] {
            positive(&values.iter().map(|value| ("an extent", *value)).collect::<Vec<_>>())?;
        }
        let padding = match &moves.padding {
            Some(amounts) => {
                let amounts = spread("the padding", amounts, rank)?;
                if let Some(value) = amounts.iter().find(|amount| **amount < 0) {
                    return Err(LayerError::NoPlace(format!("padding of {value}")));
                }
                amounts.iter().map(|amount| (*amount, *amount)).collect()
            }
            None => kernel
                .iter()
                .zip(&dilation)
                .map(|(kernel, dilation)| same(*kernel, *dilation))
                .collect::<Result<_, _>>()?,
        };
        let empty = Vec::new();
        let mut conv = Convolution {
            inputs,
            outputs,
            groups,
            kernel,
            stride,
            dilation,
            padding,
            input: empty.clone(),
            output: empty,
        };
        conv.input = match space {
            Space::Input(extents) => extents.clone(),
            Space::Output(extents) => conv.smallest_input(extents)?,
        };
        conv.output = conv.positions()?;
        Ok(conv)
    }

    /// The first half of the separable form of a convolution: each channel by itself.
    pub fn depthwise(&self) -> Convolution {
        Convolution { outputs: self.inputs, groups: self.inputs, ..self.clone() }
    }

    /// The second half: all channels, at each position by itself.
    pub fn pointwise(&self) -> Convolution {
        let ones = vec![1; self.kernel.len()];
        Convolution {
            kernel: ones.clone(),
            stride: ones.clone(),
            dilation: ones,
            padding: vec![(0, 0); self.kernel.len()],
            input: self.output.clone(),
            groups: 1,
            ..self.clone()
        }
    }

    fn window(&self) -> Window {
        let (begin, end) = self.padding.iter().copied().unzip();
        Window {
            kernel: self.kernel.clone(),
            strides: self.stride.clone(),
            dilations: self.dilation.clone(),
            padding: Padding::Explicit { begin, end },
            ceil: false,
        }
    }

    /// Each axis: (out − 1)·stride + dilation·(kernel − 1) + 1 − padding at both ends.
    fn smallest_input(&self, output: &[i64]) -> Result<Vec<i64>, LayerError> {
        let int = Expr::Int;
        let extent = |axis: usize| {
            let (begin, end) = self.padding[axis];
            let window = (int(self.kernel[axis]) - 1) * self.dilation[axis] + 1;
            let extent = (int(output[axis]) - 1) * self.stride[axis] + window - int(begin) - int(end);
            match extent.as_int() {
                Some(extent) if extent >= 1 => Ok(extent),
                Some(_) => Err(LayerError::NoPlace(format!(
                    "padding of {begin} alone makes an output of more than {}",
                    output[axis]
                ))),
                None => Err(LayerError::TooLarge { what: "the input's extent".to_owned() }),
            }
        };
        (0..output.len()).map(extent).collect()
    }

    fn positions(&self) -> Result<Vec<i64>, LayerError> {
        let window = self.window();
        let extent = |axis: usize| {
            let (input, kernel) = (Expr::Int(self.input[axis]), Expr::Int(self.kernel[axis]));
            let positions = window.positions(axis, &input, &kernel);
            let positions = positions.map_err(|stop| LayerError::NoPlace(stop.to_string()))?;
            positions.as_int().ok_or_else(|| LayerError::TooLarge { what: "the window".to_owned() })
        };
        (0..self.input.len()).map(extent).collect()
    }

    /// The weights and the node.
    fn apply(&self, b: &mut Builder, x: TensorId, setting: &Setting) -> Result<TensorId, LayerError> {
        let of_each = divides("input channels", self.inputs, "groups", self.groups)?;
        let dims: Vec<i64> = [self.outputs, of_each].into_iter().chain(self.kernel.iter().copied()).collect();
        let mut operands = vec![x, setting.weight(b, "weight", &dims)?];
        if setting.bias {
            operands.push(setting.bias(b, &[self.outputs])?);
        }
        Ok(b.apply(Conv::plain(self.window(), self.groups), &operands))
    }

    fn input_dims(&self, batch: i64) -> Vec<i64> {
        [batch, self.inputs].into_iter().chain(self.input.iter().copied()).collect()
    }

    fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.groups == self.outputs
    }

    fn moves(&self) -> String {
        self.window().describe(&self.kernel.iter().map(|extent| Expr::Int(*extent)).collect::<Vec<_>>())
    }

    /// The letters of the window's and the output's axes, and their extents.
    fn axes(&self) -> (Letters, Letters) {
        let last = |names: [&'static str; 3], values: &[i64]| {
            let skipped = names.len().saturating_sub(values.len());
            names.into_iter().skip(skipped).zip(values.iter().copied()).collect()
        };
        (last(["kd", "kh", "kw"], &self.kernel), last(["do", "ho", "wo"], &self.output))
    }
}

/// One number for each axis.
fn spread(what: &'static str, values: &[i64], rank: usize) -> Result<Vec<i64>, LayerError> {
    match values {
        [all] => Ok(vec![*all; rank]),
        each if each.len() == rank => Ok(each.to_vec()),
        other => Err(LayerError::Axes { what, found: other.len(), expected: rank }),
    }
}

/// The padding that keeps an extent at stride 1: dilation·(kernel − 1), what is odd about it at the end.
fn same(kernel: i64, dilation: i64) -> Result<(i64, i64), LayerError> {
    let both = extent("the window", kernel - 1, dilation)?;
    Ok((both / 2, both - both / 2))
}

impl Layer for Convolution {
    fn title(&self) -> String {
        let (inputs, outputs) = (self.inputs, self.outputs);
        match (self.is_depthwise(), self.groups) {
            (true, _) => format!("depthwise conv {} on {inputs}", self.moves()),
            (_, 1) => format!("conv {} {inputs}→{outputs}", self.moves()),
            (_, groups) => format!("conv {} {inputs}→{outputs} in {groups} groups", self.moves()),
        }
    }

    fn formula(&self, batch: i64) -> String {
        let (kernel, output) = self.axes();
        let channels: &[(&str, i64)] = match self.is_depthwise() {
            true => &[("Co", self.outputs)],
            false => &[("Co", self.outputs), ("Ci", self.inputs)],
        };
        let (letters, numbers) = product(batch, &[channels, &kernel, &output].concat());
        match self.groups {
            groups if groups > 1 && !self.is_depthwise() => format!("{letters}/g = {numbers}/{groups}"),
            _ => format!("{letters} = {numbers}"),
        }
    }

    fn build(&self, setting: &Setting) -> Result<Model, LayerError> {
        let mut b = setting.builder("conv")?;
        let x = setting.input(&mut b, "input", &self.input_dims(setting.batch));
        let y = self.apply(&mut b, x, setting)?;
        Ok(b.finish([("output", y)]))
    }
}

/// A depthwise convolution and a pointwise one after it, in the place of a convolution without groups.
#[derive(Clone, Debug)]
pub struct Separable(pub Convolution);

impl Layer for Separable {
    fn title(&self) -> String {
        format!("separable conv {} {}→{}", self.0.moves(), self.0.inputs, self.0.outputs)
    }

    fn formula(&self, batch: i64) -> String {
        let ((kernel, output), inputs) = (self.0.axes(), ("Ci", self.0.inputs));
        let (depthwise, first) = product(batch, &[&[inputs], &kernel[..], &output[..]].concat());
        let (pointwise, second) = product(batch, &[&[("Co", self.0.outputs), inputs], &output[..]].concat());
        format!("{depthwise} + {pointwise} = {first} + {second}")
    }

    fn build(&self, setting: &Setting) -> Result<Model, LayerError> {
        let mut b = setting.builder("separable")?;
        let x = setting.input(&mut b, "input", &self.0.input_dims(setting.batch));
        let between = b.scoped("depthwise", |b| self.0.depthwise().apply(b, x, setting))?;
        let y = b.scoped("pointwise", |b| self.0.pointwise().apply(b, between, setting))?;
        Ok(b.finish([("output", y)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_follows_from_the_output() {
        // (kernel, stride, dilation, output, input): (out − 1)·stride + 1, whatever the window, padded alike.
        for (kernel, stride, dilation, output, input) in
            [(3, 1, 1, 224, 224), (3, 2, 1, 112, 223), (4, 1, 1, 10, 10), (3, 1, 2, 10, 10), (1, 3, 1, 5, 13)]
        {
            let (space, padding) = (Space::Output(vec![output]), None);
            let moves =
                Moves { kernel: vec![kernel], stride: vec![stride], dilation: vec![dilation], padding };
            let conv = Convolution::new(1, 1, 1, &moves, &space).expect("valid");
            assert_eq!((conv.input, conv.output), (vec![input], vec![output]), "kernel {kernel}");
        }
    }
}
