//! Batch normalisation folded into the convolution before it.
//!
//! y = γ · (conv(x, W) + b − μ) / √(σ² + ε) + β is a convolution with W' = g·W and b' = g·(b − μ) + β, where
//! g = γ / √(σ² + ε) for each output channel (Jacob et al., arXiv:1712.05877, section 3.2). Computed in float64 and
//! rounded once.

use weigh_ir::DType;

use super::QuantizeError;
use super::form::Around;
use super::nodes::Names;
use super::roles::view;
use super::source::{Reader, Source};
use super::values::{External, floats};
use crate::FormatError;

/// One normalisation to be folded. Tensors are numbers of stored tensors.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub convolution: usize,
    pub normalization: usize,
    pub weight: usize,
    pub bias: Option<usize>,
    /// γ, β, μ, σ².
    pub parameters: [usize; 4],
    epsilon: f32,
    /// The axis of the output channels.
    axis: usize,
    /// What the new bias is called.
    pub bias_name: String,
}

/// The normalisations that can be folded, and why others cannot: (node, reason).
pub(super) type Folds = (Vec<Fold>, Vec<(String, String)>);

/// Finds them.
pub(super) fn find(source: &Source<'_>, names: &mut Names<'_>) -> Result<Folds, FormatError> {
    let (mut folds, mut left) = (Vec::new(), Vec::new());
    for (index, node) in source.nodes.iter().enumerate() {
        if node.proto.op_type == "BatchNormalization" && node.proto.domain.is_empty() {
            match one(source, index, names)? {
                Ok(fold) => folds.push(fold),
                Err(why) => left.push((source.label(index), why.to_owned())),
            }
        }
    }
    Ok((folds, left))
}

fn one(
    source: &Source<'_>,
    normalization: usize,
    names: &mut Names<'_>,
) -> Result<Result<Fold, &'static str>, FormatError> {
    let Some(node) = source.nodes.get(normalization) else { return Ok(Err("it is not there")) };
    let view_of = view(source, node);
    let outputs = node.proto.outputs.iter().filter(|output| !output.is_empty()).count();
    if outputs != 1 || view_of.flag("training_mode", false)? || !view_of.flag("spatial", true)? {
        return Ok(Err("it does more than normalise channels by stored statistics"));
    }
    let Some(input) = node.proto.inputs.first() else { return Ok(Err("it has no input")) };
    let makes = |node: &super::source::SourceNode<'_>| node.proto.outputs.first() == Some(input);
    let convolution = source.nodes.iter().position(makes);
    let Some((convolution, before)) = convolution.and_then(|at| Some((at, source.nodes.get(at)?))) else {
        return Ok(Err("its input is the model's"));
    };
    let axis = match before.proto.op_type {
        _ if !before.proto.domain.is_empty() => return Ok(Err("no convolution comes before it")),
        "Conv" => 0,
        "ConvTranspose" if view(source, before).int_or("group", 1)? == 1 => 1,
        _ => return Ok(Err("no convolution comes before it")),
    };
    let is_only_reader =
        |name: &str, reader: Reader| source.readers_of(name) == [reader] && !source.outputs.contains(name);
    if !is_only_reader(input, Reader::Input { node: normalization, input: 0 }) {
        return Ok(Err("others read the convolution's output too"));
    }
    let stored = |name: Option<&&str>| {
        let tensor = source.stored.get(*name?)?;
        source.tensors.get(*tensor).filter(|found| found.dtype == DType::F32).map(|_| *tensor)
    };
    let parameters: Option<Vec<usize>> = (1..5).map(|index| stored(node.proto.inputs.get(index))).collect();
    let parameters: Option<[usize; 4]> = parameters.and_then(|list| list.try_into().ok());
    let (Some(parameters), Some(weight)) = (parameters, stored(before.proto.inputs.get(1))) else {
        return Ok(Err("a weight or a parameter is not stored as float32"));
    };
    let bias_input = before.proto.inputs.get(2).filter(|name| !name.is_empty());
    let bias = stored(bias_input);
    if bias_input.is_some() && bias.is_none() {
        return Ok(Err("the convolution's bias is not stored"));
    }
    let Some(weight_name) = before.proto.inputs.get(1) else {
        return Ok(Err("the convolution has no weight"));
    };
    if !is_only_reader(weight_name, Reader::Input { node: convolution, input: 1 }) {
        return Ok(Err("others read the convolution's weight too"));
    }
    let channels = source.tensors.get(weight).and_then(|tensor| tensor.dims.get(axis).copied());
    let fits = |tensor: &usize| {
        source
            .tensors
            .get(*tensor)
            .is_some_and(|tensor| tensor.dims.len() == 1 && tensor.dims.first().copied() == channels)
    };
    if !parameters.iter().chain(&bias).all(fits) {
        return Ok(Err("its parameters are not one per output channel"));
    }
    Ok(Ok(Fold {
        convolution,
        normalization,
        weight,
        bias,
        parameters,
        epsilon: view_of.float_or("epsilon", 1e-5)?,
        axis,
        bias_name: names.fresh(weight_name, "folded_bias"),
    }))
}

impl Fold {
    /// g of each channel, and what else the bias needs: β and μ.
    fn factors(&self, source: &Source<'_>, external: &External<'_>) -> Result<[Vec<f64>; 3], QuantizeError> {
        let read = |index: usize| -> Result<Vec<f64>, QuantizeError> {
            let tensor = self.parameters.get(index).and_then(|tensor| source.tensors.get(*tensor));
            let values = tensor.map_or_else(|| Ok(Vec::new()), |tensor| floats(tensor, external))?;
            Ok(values.into_iter().map(f64::from).collect())
        };
        let (gamma, beta, mean, variance) = (read(0)?, read(1)?, read(2)?, read(3)?);
        Ok([factors(&gamma, &variance, f64::from(self.epsilon)), beta, mean])
    }

    /// W'.
    pub fn weight(&self, source: &Source<'_>, external: &External<'_>) -> Result<Vec<f32>, QuantizeError> {
        let Some(tensor) = source.tensors.get(self.weight) else { return Ok(Vec::new()) };
        let [factors, ..] = self.factors(source, external)?;
        let mut values = floats(tensor, external)?;
        if let Some(around) = Around::of(&tensor.dims, self.axis) {
            scale(&mut values, around, &factors);
        }
        Ok(values)
    }

    /// b'.
    pub fn bias(&self, source: &Source<'_>, external: &External<'_>) -> Result<Vec<f32>, QuantizeError> {
        let [factors, beta, mean] = self.factors(source, external)?;
        let bias = match self.bias.and_then(|bias| source.tensors.get(bias)) {
            Some(tensor) => floats(tensor, external)?,
            None => vec![0.0; factors.len()],
        };
        Ok(shift(&factors, &bias, &mean, &beta))
    }
}

fn factors(gamma: &[f64], variance: &[f64], epsilon: f64) -> Vec<f64> {
    gamma.iter().zip(variance).map(|(gamma, variance)| gamma / (variance + epsilon).sqrt()).collect()
}

fn scale(values: &mut [f32], around: Around, factors: &[f64]) {
    for (row, chunk) in values.chunks_mut(around.inner.max(1)).enumerate() {
        let factor = factors.get(row % around.extent.max(1)).copied().unwrap_or(1.0);
        chunk.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
    }
}

fn shift(factors: &[f64], bias: &[f32], mean: &[f64], beta: &[f64]) -> Vec<f32> {
    let terms = factors.iter().zip(bias).zip(mean.iter().zip(beta));
    terms.map(|((factor, bias), (mean, beta))| (factor * (f64::from(*bias) - mean) + beta) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_channel_by_hand() {
        // γ = 3, σ² = 3.5, ε = 0.5: g = 3 / √4 = 1.5. Weights 2 and −4 become 3 and −6.
        let factors = factors(&[3.0], &[3.5], 0.5);
        assert_eq!(factors, [1.5]);
        let mut values = [2.0, -4.0];
        scale(&mut values, Around { outer: 1, extent: 1, inner: 2 }, &factors);
        assert_eq!(values, [3.0, -6.0]);
        // b = 1, μ = 5, β = 0.25: 1.5 · (1 − 5) + 0.25.
        assert_eq!(shift(&factors, &[1.0], &[5.0], &[0.25]), [-5.75]);
    }
}
