//! Single layers as graphs, so that a layer is weighed on the same way as a model.
//!
//! Everything here may come from a user: whatever does not make a layer is a [`LayerError`], never a panic.
//! Counts that leave 64 bits are left to the analysis, which says which one; only what has to be stored in
//! the graph itself is refused here.

mod attention;
mod convolution;
mod lstm;

use weigh_ir::{DType, Expr, Model, Shape, TensorId, bytes_of};
use weigh_ops::{Gemm, MatMul};

use crate::builder::Builder;
use crate::{Batch, Options};

pub use attention::SelfAttention;
pub use convolution::{Convolution, Moves, Separable, Space};
pub use lstm::Lstm;

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
            LayerError::Axes { .. } => {
                "give one number for all axes, or one for each that the extents have".to_owned()
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
                write!(f, "{what} is for {found} axes, the extents for {expected}")
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
    let small: Vec<i64> = (1..=value.clamp(1, 4096)).filter(|part| value % part == 0).take(6).collect();
    let more = if small.last().is_some_and(|last| *last < value) { ", ..." } else { "" };
    format!("{}{more}", small.iter().map(i64::to_string).collect::<Vec<_>>().join(", "))
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
        let matrix = |b: &mut Builder, name: &str, rows: i64, columns: i64| match setting.batch {
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

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Setting = Setting { batch: 1, dtype: DType::F32, bias: false };

    fn moves(kernel: i64, stride: i64, dilation: i64) -> Moves {
        Moves { kernel: vec![kernel], stride: vec![stride], dilation: vec![dilation], padding: None }
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
                        let _ = (layer.title(), layer.formula(a), layer.build(&PLAIN), layer.build(&setting));
                    }
                }
            }
        }
    }
}
