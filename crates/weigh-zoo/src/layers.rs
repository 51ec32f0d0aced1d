//! Single layers as graphs, so that a layer is weighed on the same way as a model.
//!
//! Everything here may come from a user: whatever does not make a layer is a [`LayerError`], never a panic.
//! Counts that leave 64 bits are left to the analysis, which says which one; only what has to be stored in
//! the graph itself is refused here.

use weigh_ir::{DType, Expr, Model, Shape, TensorId, bytes_of};
use weigh_ops::{Cell, Conv, Gemm, MatMul, Padding, Recurrent, Window};

use crate::builder::Builder;
use crate::transformer::attend;
use crate::{Batch, Options};

/// What any layer can be built with.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// How many samples at once.
    pub batch: i64,
    /// The type of weights and activations. Biases of integer layers stay `float32`, as in dynamic
    /// quantisation.
    pub dtype: DType,
    /// Whether there are biases.
    pub bias: bool,
}

/// A kind of layer with its extents.
pub trait Layer {
    /// What it is, in a few words: `conv 3×3 3→64`.
    fn title(&self) -> String;

    /// How its multiply-accumulates follow from its extents, in letters and then in numbers.
    fn formula(&self, batch: i64) -> String;

    /// Its graph.
    ///
    /// # Errors
    /// Where the extents contradict each other or leave 64 bits.
    fn build(&self, setting: &Setting) -> Result<Model, LayerError>;
}

/// Why there is no such layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerError {
    /// An extent that is not positive.
    NotPositive {
        /// Which.
        what: &'static str,
        /// What it is.
        value: i64,
    },
    /// Parts that would not be equal.
    Indivisible {
        /// What is divided.
        what: &'static str,
        /// How many of them there are.
        value: i64,
        /// What it is divided into.
        into: &'static str,
        /// How many of those.
        parts: i64,
    },
    /// A window of another number of axes than what it moves over.
    Axes {
        /// What has them.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A window that has no place.
    NoPlace(String),
    /// More layers than can be looked at.
    TooMany {
        /// How many may be.
        limit: i64,
    },
    /// A size that does not fit in 64 bits.
    TooLarge {
        /// What is so large.
        what: String,
    },
}

impl LayerError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            LayerError::NotPositive { .. } => "extents are whole numbers from 1 on".to_owned(),
            LayerError::Indivisible { what, into, value, .. } => {
                format!("the number of {into} must divide the {what}: {}", divisors(*value))
            }
            LayerError::Axes { expected, .. } => {
                format!(
                    "give one number for all axes, or {expected} of them, as in {}",
                    vec!["3"; *expected].join("x")
                )
            }
            LayerError::NoPlace(_) => "give a larger extent, a smaller window or other padding".to_owned(),
            LayerError::TooMany { .. } => "weigh one layer and multiply".to_owned(),
            LayerError::TooLarge { .. } => "no machine holds that: give smaller numbers".to_owned(),
        }
    }
}

impl std::fmt::Display for LayerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LayerError::NotPositive { what, value } => write!(f, "{what} of {value}"),
            LayerError::Indivisible { what, value, into, parts } => {
                write!(f, "{value} {what} do not split into {parts} {into}")
            }
            LayerError::Axes { what, found, expected } => {
                write!(f, "{what} has {found} axes where there are {expected}")
            }
            LayerError::NoPlace(why) => f.write_str(why),
            LayerError::TooMany { limit } => write!(f, "more than {limit} layers"),
            LayerError::TooLarge { what } => write!(f, "{what} does not fit in 64 bits"),
        }
    }
}

impl std::error::Error for LayerError {}

/// The first few divisors, for a hint.
fn divisors(value: i64) -> String {
    let small: Vec<String> = (1..=value.clamp(1, 4096))
        .filter(|part| value % part == 0)
        .take(6)
        .map(|part| part.to_string())
        .collect();
    format!("{}, ...", small.join(", "))
}

/// Refuses what is not positive.
fn positive(extents: &[(&'static str, i64)]) -> Result<(), LayerError> {
    match extents.iter().find(|(_, value)| *value < 1) {
        Some((what, value)) => Err(LayerError::NotPositive { what, value: *value }),
        None => Ok(()),
    }
}

fn divides(what: &'static str, value: i64, into: &'static str, parts: i64) -> Result<i64, LayerError> {
    match value % parts {
        0 => Ok(value / parts),
        _ => Err(LayerError::Indivisible { what, value, into, parts }),
    }
}

/// A product that has to be an extent.
fn extent(what: &'static str, a: i64, b: i64) -> Result<i64, LayerError> {
    a.checked_mul(b).ok_or_else(|| LayerError::TooLarge { what: what.to_owned() })
}

/// `3×3`.
fn times(values: impl IntoIterator<Item = impl ToString>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join("×")
}

/// Letters and what they stand for, as `a·b = 2·3`, with the batch before them where it is more than one.
fn product(batch: i64, factors: &[(&str, i64)]) -> (String, String) {
    let batch = (batch != 1).then_some(("N", batch));
    let (letters, numbers): (Vec<&str>, Vec<String>) =
        batch.iter().chain(factors).map(|(letter, value)| (*letter, value.to_string())).unzip();
    (letters.join("·"), numbers.join("·"))
}

impl Setting {
    fn builder(&self, name: &str) -> Result<Builder, LayerError> {
        positive(&[("a batch", self.batch)])?;
        Ok(Builder::new(name, &Options { batch: Batch::Fixed(self.batch) }))
    }

    fn input(&self, b: &mut Builder, name: &str, dims: &[i64]) -> TensorId {
        b.input(name, self.dtype, dims.iter().map(|dim| Expr::Int(*dim)))
    }

    /// A learned tensor, which must have a size.
    fn weight(&self, b: &mut Builder, name: &str, dims: &[i64]) -> Result<TensorId, LayerError> {
        self.weight_of(b, name, self.dtype, dims)
    }

    fn bias(&self, b: &mut Builder, channels: &[i64]) -> Result<TensorId, LayerError> {
        self.weight_of(b, "bias", if self.dtype.is_float() { self.dtype } else { DType::F32 }, channels)
    }

    fn weight_of(
        &self,
        b: &mut Builder,
        name: &str,
        dtype: DType,
        dims: &[i64],
    ) -> Result<TensorId, LayerError> {
        match bytes_of(&Shape::of(dims).elements(), dtype).and_then(|bytes| bytes.as_int()) {
            Some(_) => Ok(b.weight_of(name, dtype, dims)),
            None => Err(LayerError::TooLarge { what: format!("a weight of {}", times(dims)) }),
        }
    }

    /// The weights of a convolution and the node.
    fn convolve(&self, b: &mut Builder, x: TensorId, conv: &Convolution) -> Result<TensorId, LayerError> {
        let of_each = divides("input channels", conv.inputs, "groups", conv.groups)?;
        let dims: Vec<i64> = [conv.outputs, of_each].into_iter().chain(conv.kernel.iter().copied()).collect();
        let mut operands = vec![x, self.weight(b, "weight", &dims)?];
        if self.bias {
            operands.push(self.bias(b, &[conv.outputs])?);
        }
        Ok(b.apply(Conv::plain(conv.window(), conv.groups), &operands))
    }

    /// A linear layer over the last axis of a stack of matrices.
    fn dense(
        &self,
        b: &mut Builder,
        name: &str,
        x: TensorId,
        from: i64,
        to: i64,
    ) -> Result<TensorId, LayerError> {
        b.scoped(name, |b| {
            let weight = self.weight(b, "weight", &[from, to])?;
            let product = b.apply(MatMul::PLAIN, &[x, weight]);
            match self.bias {
                true => {
                    let bias = self.bias(b, &[to])?;
                    Ok(b.function("Add", &[product, bias]))
                }
                false => Ok(product),
            }
        })
    }
}

/// A fully connected layer.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// Input features.
    pub inputs: i64,
    /// Output features.
    pub outputs: i64,
}

impl Layer for Linear {
    fn title(&self) -> String {
        format!("linear {}→{}", self.inputs, self.outputs)
    }

    fn formula(&self, batch: i64) -> String {
        let (letters, numbers) = product(batch, &[("Ci", self.inputs), ("Co", self.outputs)]);
        format!("{letters} = {numbers}")
    }

    fn build(&self, setting: &Setting) -> Result<Model, LayerError> {
        positive(&[("an input", self.inputs), ("an output", self.outputs)])?;
        let mut b = setting.builder("linear")?;
        let x = setting.input(&mut b, "input", &[setting.batch, self.inputs]);
        let mut operands = vec![x, setting.weight(&mut b, "weight", &[self.outputs, self.inputs])?];
        if setting.bias {
            operands.push(setting.bias(&mut b, &[self.outputs])?);
        }
        let y = b.apply(Gemm::LINEAR, &operands);
        Ok(b.finish([("output", y)]))
    }
}

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
                    "no input is so small that padding of {begin} leaves an output of {}",
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
    fn axes(&self) -> (Vec<(&'static str, i64)>, Vec<(&'static str, i64)>) {
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
        let y = setting.convolve(&mut b, x, self)?;
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
        let between = b.scoped("depthwise", |b| setting.convolve(b, x, &self.0.depthwise()))?;
        let y = b.scoped("pointwise", |b| setting.convolve(b, between, &self.0.pointwise()))?;
        Ok(b.finish([("output", y)]))
    }
}

/// A product of two matrices that are both inputs, m×k by k×n; the bias is a matrix m×n that is added.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Rows of the first.
    pub m: i64,
    /// Columns of the first, rows of the second.
    pub k: i64,
    /// Columns of the second: 1 for a vector.
    pub n: i64,
}

impl Layer for Product {
    fn title(&self) -> String {
        let Product { m, k, n } = self;
        format!("gemm {m}×{k} by {k}×{n}")
    }

    fn formula(&self, batch: i64) -> String {
        let (letters, numbers) = product(batch, &[("m", self.m), ("n", self.n), ("k", self.k)]);
        format!("{letters} = {numbers}")
    }

    /// Of one sample a `Gemm`; of several a `MatMul` and an `Add`, which are batched.
    fn build(&self, setting: &Setting) -> Result<Model, LayerError> {
        let Product { m, k, n } = *self;
        positive(&[("m", m), ("k", k), ("n", n)])?;
        let mut b = setting.builder("gemm")?;
        let mut matrix = |b: &mut Builder, name: &str, rows: i64, columns: i64| match setting.batch {
            1 => setting.input(b, name, &[rows, columns]),
            batch => setting.input(b, name, &[batch, rows, columns]),
        };
        let mut operands = vec![matrix(&mut b, "a", m, k), matrix(&mut b, "b", k, n)];
        if setting.bias {
            operands.push(matrix(&mut b, "c", m, n));
        }
        let y = match (setting.batch, operands.as_slice()) {
            (1, _) => b.apply(Gemm { transpose_b: false, ..Gemm::LINEAR }, &operands),
            (_, [left, right, added]) => {
                let product = b.apply(MatMul::PLAIN, &[*left, *right]);
                b.function("Add", &[product, *added])
            }
            _ => b.apply(MatMul::PLAIN, &operands),
        };
        Ok(b.finish([("output", y)]))
    }
}

/// Multi-head attention with its projections, in the plain operators that exporters write.
#[derive(Clone, Copy, Debug)]
pub struct SelfAttention {
    /// Width of the model.
    pub dim: i64,
    /// Heads of the queries.
    pub heads: i64,
    /// Heads of keys and values, each shared by as many of the queries' as there are more of these.
    pub kv_heads: i64,
    /// How many queries.
    pub seq: i64,
    /// How many keys and values, where they come from another sequence.
    pub kv_seq: Option<i64>,
}

impl SelfAttention {
    fn keys(&self) -> i64 {
        self.kv_seq.unwrap_or(self.seq)
    }

    /// Splits the last axis into heads and moves them before the steps, or keeps steps last with `exchanged`.
    fn split(b: &mut Builder, x: TensorId, heads: &[i64], head: i64, exchanged: bool) -> TensorId {
        let shape: Vec<i64> = [&[0, 0], heads, &[head]].concat();
        let x = b.reshape(x, &shape);
        let last = shape.len() as i64 - 1;
        let tail = if exchanged { [last, 1] } else { [1, last] };
        let order: Vec<i64> = std::iter::once(0).chain(2..last).chain(tail).collect();
        b.transpose(x, &order)
    }

    /// The inverse of [`SelfAttention::split`].
    fn merge(b: &mut Builder, x: TensorId, axes_of_heads: i64, width: i64) -> TensorId {
        let steps = 1 + axes_of_heads;
        let order: Vec<i64> = [0, steps].into_iter().chain(1..steps).chain([steps + 1]).collect();
        let x = b.transpose(x, &order);
        b.reshape(x, &[0, 0, width])
    }
}

impl Layer for SelfAttention {
    fn title(&self) -> String {
        let shared =
            if self.kv_heads == self.heads { String::new() } else { format!(" on {}", self.kv_heads) };
        format!("attention {} in {} heads{shared}", self.dim, self.heads)
    }

    fn formula(&self, batch: i64) -> String {
        let (s, t, d) = (self.seq, self.keys(), self.dim);
        let before = |letter: &str, number: i64| match batch {
            1 => (letter.to_owned(), number.to_string()),
            _ => (format!("{letter}·N"), format!("{number}·{batch}")),
        };
        let ((two, two_in_numbers), (four, four_in_numbers)) = (before("2", 2), before("4", 4));
        if self.kv_heads == self.heads && self.kv_seq.is_none() {
            return format!(
                "{four}·s·d² + {two}·s²·d = {four_in_numbers}·{s}·{d}² + {two_in_numbers}·{s}²·{d}"
            );
        }
        let kv = d / self.heads.max(1) * self.kv_heads;
        format!(
            "{two}·s·d² + {two}·t·d·dk + {two}·s·t·d \
             = {two_in_numbers}·{s}·{d}² + {two_in_numbers}·{t}·{d}·{kv} + {two_in_numbers}·{s}·{t}·{d}"
        )
    }

    fn build(&self, setting: &Setting) -> Result<Model, LayerError> {
        let SelfAttention { dim, heads, kv_heads, seq, .. } = *self;
        let extents = [("a width", dim), ("a number of heads", heads), ("a number of heads", kv_heads)];
        positive(&extents)?;
        positive(&[("a number of steps", seq), ("a number of steps", self.keys())])?;
        let head = divides("elements of width", dim, "heads", heads)?;
        let sharing = divides("heads", heads, "heads of keys and values", kv_heads)?;
        let kv = extent("the width of the keys", head, kv_heads)?;
        let mut b = setting.builder("attention")?;
        let x = setting.input(&mut b, "input", &[setting.batch, seq, dim]);
        let source = match self.kv_seq {
            Some(keys) => setting.input(&mut b, "source", &[setting.batch, keys, dim]),
            None => x,
        };
        let query = setting.dense(&mut b, "query", x, dim, dim)?;
        let key = setting.dense(&mut b, "key", source, dim, kv)?;
        let value = setting.dense(&mut b, "value", source, dim, kv)?;
        // Keys and values that queries share have an axis of one where the queries have one of several.
        let (of_queries, of_keys) = match sharing {
            1 => (vec![heads], vec![heads]),
            _ => (vec![kv_heads, sharing], vec![kv_heads, 1]),
        };
        let merged = b.scoped("products", |b| {
            let query = SelfAttention::split(b, query, &of_queries, head, false);
            let key = SelfAttention::split(b, key, &of_keys, head, true);
            let value = SelfAttention::split(b, value, &of_keys, head, false);
            let scores = b.apply(MatMul::PLAIN, &[query, key]);
            let root = b.number((head as f64).sqrt());
            let scores = b.function("Div", &[scores, root]);
            let attended = attend(b, scores, value);
            SelfAttention::merge(b, attended, of_queries.len() as i64, dim)
        });
        let y = setting.dense(&mut b, "output", merged, dim, dim)?;
        Ok(b.finish([("output", y)]))
    }
}

/// Long short-term memory: one layer or several on top of each other.
#[derive(Clone, Copy, Debug)]
pub struct Lstm {
    /// Input features.
    pub inputs: i64,
    /// Hidden units.
    pub hidden: i64,
    /// Steps of the sequence.
    pub steps: i64,
    /// How many layers.
    pub layers: i64,
    /// Whether each runs forward and backward, with weights of its own each way.
    pub bidirectional: bool,
}

impl Lstm {
    /// Input, output, forget and cell.
    const GATES: i64 = 4;
    /// More than anyone stacks; each is a node to look at.
    const MOST_LAYERS: i64 = 1000;

    fn directions(&self) -> i64 {
        if self.bidirectional { 2 } else { 1 }
    }

    fn recurrent(&self) -> Recurrent {
        Recurrent {
            cell: Cell::Lstm,
            hidden_size: Some(self.hidden),
            bidirectional: self.bidirectional,
            batch_first: false,
            activations: Vec::new(),
            quantized: false,
        }
    }
}

impl Layer for Lstm {
    fn title(&self) -> String {
        let both = if self.bidirectional { " bidirectional" } else { "" };
        let layers = if self.layers > 1 { format!(", {} layers", self.layers) } else { String::new() };
        format!("lstm {}→{}{both}{layers}", self.inputs, self.hidden)
    }

    fn formula(&self, batch: i64) -> String {
        let both = self.bidirectional.then_some(("2", 2));
        let runs = [&[("4", 4)], both.as_slice(), &[("T", self.steps), ("h", self.hidden)]].concat();
        let (letters, numbers) = product(batch, &runs);
        let (h, i) = (self.hidden, self.inputs);
        let further = if self.bidirectional {
            ("(2·h + h)", format!("(2·{h} + {h})"))
        } else {
            ("2·h", format!("2·{h}"))
        };
        match self.layers {
            1 => format!("{letters}·(i + h) = {numbers}·({i} + {h})"),
            layers => format!(
                "{letters}·(i + h + (L − 1)·{}) = {numbers}·({i} + {h} + {}·{})",
                further.0,
                layers - 1,
                further.1
            ),
        }
    }

    /// Steps come before the batch, as in ONNX; each layer has two biases, for the input and for the state.
    fn build(&self, setting: &Setting) -> Result<Model, LayerError> {
        let extents = [("an input", self.inputs), ("a hidden width", self.hidden)];
        positive(&extents)?;
        positive(&[("a number of steps", self.steps), ("a number of layers", self.layers)])?;
        if self.layers > Lstm::MOST_LAYERS {
            return Err(LayerError::TooMany { limit: Lstm::MOST_LAYERS });
        }
        let directions = self.directions();
        let gates = extent("the width of the gates", Lstm::GATES, self.hidden)?;
        let biases = extent("the number of biases", 2, gates)?;
        let width = extent("the width of the output", directions, self.hidden)?;
        let mut b = setting.builder("lstm")?;
        let mut x = setting.input(&mut b, "input", &[self.steps, setting.batch, self.inputs]);
        let mut outputs = Vec::new();
        for layer in 0..self.layers {
            let inputs = if layer == 0 { self.inputs } else { width };
            x = b.scoped(format!("layer{layer}"), |b| {
                let mut operands = vec![
                    x,
                    setting.weight(b, "weight_ih", &[directions, gates, inputs])?,
                    setting.weight(b, "weight_hh", &[directions, gates, self.hidden])?,
                ];
                if setting.bias {
                    operands.push(setting.bias(b, &[directions, biases])?);
                }
                let made = b.apply_many(self.recurrent(), &operands, 3);
                outputs.push((format!("h_n{layer}"), made[1]));
                outputs.push((format!("c_n{layer}"), made[2]));
                // Both directions side by side.
                let ordered = if self.bidirectional { b.transpose(made[0], &[0, 2, 1, 3]) } else { made[0] };
                Ok(b.reshape(ordered, &[self.steps, setting.batch, width]))
            })?;
        }
        let last = outputs.iter().map(|(name, id)| (name.as_str(), *id));
        Ok(b.finish(std::iter::once(("output", x)).chain(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Setting = Setting { batch: 1, dtype: DType::F32, bias: false };

    fn moves(kernel: i64, stride: i64, dilation: i64) -> Moves {
        Moves { kernel: vec![kernel], stride: vec![stride], dilation: vec![dilation], padding: None }
    }

    #[test]
    fn the_input_follows_from_the_output() {
        // (kernel, stride, dilation, output, input): (out − 1)·stride + 1, whatever the window, padded alike.
        for (kernel, stride, dilation, output, input) in
            [(3, 1, 1, 224, 224), (3, 2, 1, 112, 223), (4, 1, 1, 10, 10), (3, 1, 2, 10, 10), (1, 3, 1, 5, 13)]
        {
            let space = Space::Output(vec![output]);
            let conv = Convolution::new(1, 1, 1, &moves(kernel, stride, dilation), &space).expect("valid");
            assert_eq!((conv.input, conv.output), (vec![input], vec![output]), "kernel {kernel}");
        }
    }

    #[test]
    fn nothing_panics() {
        let hostile = [i64::MIN, -1, 0, 1, 3, 1 << 31, 1 << 62, i64::MAX];
        for a in hostile {
            for b in hostile {
                for c in hostile {
                    let moves = Moves { padding: Some(vec![c]), ..moves(b, c, a) };
                    let same = Moves { padding: None, ..moves.clone() };
                    for (moves, space) in [
                        (&moves, Space::Input(vec![a, b])),
                        (&same, Space::Output(vec![a, c])),
                        (&same, Space::Input(vec![c, c, c])),
                    ] {
                        if let Ok(conv) = Convolution::new(a, b, c, moves, &space) {
                            let _ = (conv.title(), conv.formula(a), conv.build(&PLAIN));
                            let separable = Separable(conv);
                            let _ = (separable.title(), separable.formula(a), separable.build(&PLAIN));
                        }
                    }
                    let setting = Setting { batch: c, bias: true, ..PLAIN };
                    let layers: [Box<dyn Layer>; 4] = [
                        Box::new(Linear { inputs: a, outputs: b }),
                        Box::new(Product { m: a, k: b, n: c }),
                        Box::new(SelfAttention { dim: a, heads: b, kv_heads: c, seq: a, kv_seq: Some(b) }),
                        Box::new(Lstm { inputs: a, hidden: b, steps: c, layers: a, bidirectional: true }),
                    ];
                    for layer in layers {
                        let _ = (layer.title(), layer.build(&PLAIN), layer.build(&setting));
                    }
                }
            }
        }
    }
}
