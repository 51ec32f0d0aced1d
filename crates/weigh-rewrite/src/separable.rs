//! Dense convolutions as depthwise separable ones (Howard et al., MobileNets, 2017, section 3.1): one filter for each input
//! channel, then a 1×1 convolution that mixes channels. Of k×k·Ci·Co multiply-accumulates for each position k×k·Ci + Ci·Co
//! are left.

use weigh_analysis::{Analysis, Options};
use weigh_ir::{Model, Node, TensorId};
use weigh_ops::Conv;

use crate::draft::{Draft, input, operator, pointwise, successor, weights};
use crate::{Change, Left, Refusal, Rewritten, checked};

/// Replaces the dense convolutions that `select` names, of those that get cheaper.
///
/// # Errors
/// Where there are none.
pub fn separable(
    model: &Model,
    facts: &Analysis,
    options: &Options,
    select: &dyn Fn(&str) -> bool,
) -> Result<Rewritten, Refusal> {
    let mut draft = Draft::of(model);
    let (mut changed, mut left) = (Vec::new(), Vec::new());
    let mut nodes = Vec::with_capacity(model.graph.nodes.len());
    for node in &model.graph.nodes {
        let dense =
            operator::<Conv>(node).filter(|_| select(&node.name)).map(|conv| dense(model, node, conv));
        match dense {
            None => nodes.push(node.clone()),
            Some(Err(why)) => {
                left.extend(why.map(|why| Left { node: node.name.to_string(), why }));
                nodes.push(node.clone());
            }
            Some(Ok(dense)) => {
                let pair = dense.pair(&mut draft, node).ok_or_else(|| Refusal::too_many(node))?;
                nodes.extend(pair);
                changed.push(Change { node: node.name.to_string(), what: dense.describe() });
            }
        }
    }
    if changed.is_empty() {
        let why = "there is no dense convolution that would get cheaper".to_owned();
        return Err(Refusal::Nothing(why));
    }
    draft.model.graph.nodes = nodes;
    checked(model, facts, draft.finish(), options, changed, left)
}

/// A dense convolution with stored weights.
struct Dense<'a> {
    conv: &'a Conv,
    weights: TensorId,
    dtype: weigh_ir::DType,
    outputs: i64,
    inputs: i64,
    kernel: Vec<i64>,
}

/// The convolution, where it can be separated; else why not, or nothing where the technique is not for it.
fn dense<'a>(model: &Model, node: &Node, conv: &'a Conv) -> Result<Dense<'a>, Option<String>> {
    if conv.groups != 1 {
        return Err(None);
    }
    let is_plain = conv.name == "Conv" && conv.weights == 1 && conv.bias == Some(2);
    let id = input(node, conv.weights).filter(|_| is_plain).ok_or(None)?;
    let Some((dtype, dims)) = weights(model, id) else {
        return Err(Some("its weights are not stored as they are".to_owned()));
    };
    let [outputs, inputs, kernel @ ..] = dims.as_slice() else { return Err(None) };
    let window: i64 = kernel.iter().product();
    // k·Ci·Co against k·Ci + Ci·Co: nothing is gained for 1×1, nor where there are few outputs.
    if window * outputs <= window + outputs {
        return Err(None);
    }
    let kernel = kernel.to_vec();
    Ok(Dense { conv, weights: id, dtype, outputs: *outputs, inputs: *inputs, kernel })
}

impl Dense<'_> {
    fn pair(&self, draft: &mut Draft, node: &Node) -> Option<[Node; 2]> {
        let ones = vec![1; self.kernel.len()];
        let deep: Vec<i64> = [self.inputs, 1].into_iter().chain(self.kernel.iter().copied()).collect();
        let point: Vec<i64> = [self.outputs, self.inputs].into_iter().chain(ones.iter().copied()).collect();
        let deep = draft.replacement(self.weights, "depthwise", self.dtype, &deep)?;
        let point = draft.replacement(self.weights, "pointwise", self.dtype, &point)?;
        let between = draft.tensor(format!("{}/depthwise_output", node.name))?;
        let depthwise = Conv { groups: self.inputs, ..self.conv.clone() };
        let pointwise = Conv { window: pointwise(self.kernel.len()), groups: 1, ..self.conv.clone() };
        let mixing: Vec<Option<TensorId>> =
            [Some(between), Some(point)].into_iter().chain(input(node, 2).map(Some)).collect();
        let output = node.outputs.first().copied().flatten();
        Some([
            successor(node, "depthwise", depthwise, &[input(node, 0), Some(deep)], Some(between)),
            successor(node, "pointwise", pointwise, &mixing, output),
        ])
    }

    fn describe(&self) -> String {
        let kernel: Vec<String> = self.kernel.iter().map(i64::to_string).collect();
        let (window, inputs, outputs) = (kernel.join("×"), self.inputs, self.outputs);
        format!(
            "{window} {inputs}→{outputs} as {window} for each of {inputs} channels and 1×1 {inputs}→{outputs}"
        )
    }
}
