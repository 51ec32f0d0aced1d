//! Convolutions of any rank: grouped, depthwise, dilated, transposed, integer and quantised.

use smallvec::SmallVec;
use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType, single,
};

use crate::Window;

/// Where the channels of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Batch, channels, then space (NCHW).
    ChannelsFirst,
    /// Batch, space, then channels (NHWC).
    ChannelsLast,
}

impl Layout {
    /// Batch, channels, and the spatial extents of an activation.
    pub fn split(self, shape: &Shape) -> Result<(Expr, Expr, &[Expr]), Stop> {
        let dims = shape.dims();
        match (self, dims) {
            (Layout::ChannelsFirst, [batch, channels, space @ ..]) => {
                Ok((batch.clone(), channels.clone(), space))
            }
            (Layout::ChannelsLast, [batch, space @ .., channels]) => {
                Ok((batch.clone(), channels.clone(), space))
            }
            _ => Err(Stop::contradiction(format!("{shape} has no batch and channel axes"))),
        }
    }

    /// The inverse of [`Layout::split`].
    pub fn join(self, batch: Expr, channels: Expr, space: impl IntoIterator<Item = Expr>) -> Shape {
        let mut dims: SmallVec<[Expr; 4]> = SmallVec::new();
        dims.push(batch);
        dims.extend(space);
        let at = if self == Layout::ChannelsFirst { 1 } else { dims.len() };
        dims.insert(at, channels);
        Shape(dims)
    }
}

/// A convolution. Weights are outputs × inputs/groups × window, in either layout of activations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    /// The name of this form: `Conv`, `ConvInteger`, `QLinearConv`, ...
    pub name: &'static str,
    /// How the window moves.
    pub window: Window,
    /// In how many groups channels are convolved separately.
    pub groups: i64,
    /// Where the channels are.
    pub layout: Layout,
    /// Which inputs are the weights and, if there may be one, the bias. The activations are input 0.
    pub weights: usize,
    /// Which input is the bias.
    pub bias: Option<usize>,
    /// The type of the result; `None` for that of the activations.
    pub result: Option<DType>,
}

impl Conv {
    /// The plain form, with channels first.
    pub fn plain(window: Window, groups: i64) -> Conv {
        let layout = Layout::ChannelsFirst;
        Conv { name: "Conv", window, groups, layout, weights: 1, bias: Some(2), result: None }
    }

    /// Extents of the window, from the attribute or else the weights.
    fn kernel(&self, weights: &Shape) -> Result<Vec<Expr>, Stop> {
        let (_, _, space) = Layout::ChannelsFirst.split(weights)?;
        if !self.window.kernel.is_empty() && self.window.kernel.len() == space.len() {
            return Ok(self.window.kernel.iter().map(|extent| Expr::Int(*extent)).collect());
        }
        Ok(space.to_vec())
    }

    /// Elements of the matrix whose columns are the windows of one image and one group, so that the convolution
    /// becomes one product (im2col; Chellapilla, Puri, Simard 2006): (input channels / groups) × window ×
    /// positions. Windows of one element that skip nothing are the input itself; of floating-point numbers runtimes
    /// unfold a few rows at a time.
    fn columns(&self, node: &Operands<'_>) -> Result<Expr, Stop> {
        let weights = node.input(self.weights)?;
        let (_, of_each, _) = Layout::ChannelsFirst.split(weights)?;
        let kernel = self.kernel(weights)?;
        let (_, _, positions) = self.layout.split(node.output(0)?)?;
        let (_, _, space) = self.layout.split(node.input(0)?)?;
        let is_pointwise = positions == space && kernel.iter().all(|extent| *extent == Expr::ONE);
        if is_pointwise || node.dtype(0).is_some_and(DType::is_float) {
            return Ok(Expr::ZERO);
        }
        Ok(of_each * kernel.iter().product::<Expr>() * positions.iter().product::<Expr>())
    }
}

impl Operator for Conv {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let text = || {
            let weights = node.input(self.weights).ok()?;
            let (_, channels, _) = self.layout.split(node.input(0).ok()?).ok()?;
            let mut text = self.window.describe(&self.kernel(weights).ok()?);
            text.push_str(&format!(" {channels}→{}", weights.dims().first()?));
            match channels.as_int() {
                Some(channels) if channels == self.groups && channels > 1 => text.push_str(" depthwise"),
                _ if self.groups > 1 => text.push_str(&format!(" in {} groups", self.groups)),
                _ => {}
            }
            Some(text)
        };
        text().unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let weights = node.input(self.weights)?;
        let input = node.input(0)?;
        let (batch, channels, space) = self.layout.split(input)?;
        let kernel = self.kernel(weights)?;
        if kernel.len() != space.len() {
            return Err(Stop::contradiction(format!("weights {weights} do not fit an input of {input}")));
        }
        if self.groups < 1 {
            return Err(Stop::contradiction(format!("{} groups", self.groups)));
        }
        if let (Some(channels), Some(of_each)) = (channels.as_int(), weights[1].as_int())
            && Some(channels) != of_each.checked_mul(self.groups)
        {
            let groups = self.groups;
            return Err(Stop::contradiction(format!(
                "{channels} input channels, but weights {weights} in {groups} group(s) take {of_each} each"
            )));
        }
        let space = space
            .iter()
            .zip(&kernel)
            .enumerate()
            .map(|(axis, (extent, kernel))| self.window.positions(axis, extent, kernel))
            .collect::<Result<Vec<_>, _>>()?;
        let shape = self.layout.join(batch, weights[0].clone(), space);
        Ok(single(TensorType::new(self.result.or(node.dtype(0)), shape)))
    }

    /// Output elements × (input channels / groups) × window: every position counts, padding included.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let elements = node.output(0)?.elements();
        let weights = node.input(self.weights)?;
        let of_each_output = beyond_first_axis(weights)?;
        let bias = self.bias.is_some_and(|index| node.has_input(index));
        Ok(Cost::macs(&elements * of_each_output).and_other(elements * i64::from(bias)))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        Memory::fresh().with_workspace("im2col", self.columns(node), node.dtype(0))
    }

    /// Both gradients are convolutions with as many multiply-accumulates as the forward one (Goodfellow et al., Deep
    /// Learning, section 9.5); the bias gets sums.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        if self.result.is_some() || self.name != "Conv" {
            return Err(Stop::INFERENCE_ONLY);
        }
        let product = Backward::bilinear([0, self.weights], &self.cost(node)?.macs);
        match self.bias.filter(|index| node.has_input(*index)) {
            Some(bias) => Ok(product.and(bias, Cost::other(node.output(0)?.elements()), [])),
            None => Ok(product),
        }
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 || index == self.weights || Some(index) == self.bias {
            Role::Parameter
        } else {
            Role::Constant
        }
    }
}

/// The elements of weights for each of their first axis.
fn beyond_first_axis(weights: &Shape) -> Result<Expr, Stop> {
    match weights.dims() {
        [_, others @ ..] => Ok(others.iter().product()),
        [] => Err(Stop::contradiction("the weights have no axes")),
    }
}

/// A transposed convolution. Weights are inputs × outputs/groups × window. ONNX `ConvTranspose`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvTranspose {
    /// How the window moves over the output.
    pub window: Window,
    /// In how many groups channels are convolved separately.
    pub groups: i64,
    /// Further extent at the end of each output axis.
    pub output_padding: Vec<i64>,
    /// The output's spatial extents, where they are prescribed.
    pub output_shape: Option<Vec<i64>>,
    /// Which input holds the padding, where the window does not; the bias comes after it.
    /// `ConvTransposeWithDynamicPads` of com.microsoft.
    pub pads: Option<usize>,
}

impl ConvTranspose {
    fn bias(&self) -> usize {
        self.pads.map_or(2, |pads| pads + 1)
    }

    /// The padding that an input holds at both ends of an axis of so many.
    fn given_pads(node: &Inference<'_>, index: usize, axis: usize, axes: usize) -> Option<(Expr, Expr)> {
        let pads = node.value(index)?.as_exprs()?;
        pads.get(axis).cloned().zip(pads.get(axis.checked_add(axes)?).cloned())
    }

    /// Elements of the matrix that the product of one image and one group makes, before its columns are added
    /// up at the places that overlap: (output channels / groups) × window × input positions.
    fn columns(node: &Operands<'_>) -> Result<Expr, Stop> {
        let (_, _, space) = Layout::ChannelsFirst.split(node.input(0)?)?;
        Ok(beyond_first_axis(node.input(1)?)? * space.iter().product::<Expr>())
    }
}

impl Operator for ConvTranspose {
    fn name(&self) -> &str {
        "ConvTranspose"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let text = || {
            let weights = node.input(1).ok()?;
            let (inputs, outputs, kernel) = Layout::ChannelsFirst.split(weights).ok()?;
            Some(format!("{} {inputs}→{}", self.window.describe(kernel), outputs * self.groups))
        };
        text().unwrap_or_default()
    }

    /// Each axis: stride·(in − 1) + output padding + dilation·(kernel − 1) + 1 − pads.
    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (batch, _, space) = Layout::ChannelsFirst.split(node.input(0)?)?;
        let (_, outputs, kernel) = Layout::ChannelsFirst.split(node.input(1)?)?;
        if kernel.len() != space.len() {
            return Err(Stop::contradiction(format!("weights {} do not fit the input", node.input(1)?)));
        }
        let extent = |axis: usize| {
            let (stride, dilation) = (self.window.stride(axis), self.window.dilation(axis));
            if let Some(extent) = self
                .output_shape
                .as_ref()
                .and_then(|shape| shape.get(axis + shape.len().saturating_sub(space.len())))
            {
                return Expr::Int(*extent);
            }
            let (begin, end) = match self.pads.filter(|index| node.has_input(*index)) {
                Some(index) => match ConvTranspose::given_pads(node, index, axis, space.len()) {
                    Some(pads) => pads,
                    None => return node.unknown_dim(0, axis + 2),
                },
                None => match self.window.padding.at(axis) {
                    Some((begin, end)) => (Expr::Int(begin), Expr::Int(end)),
                    None => return &space[axis] * stride,
                },
            };
            let added = self.output_padding.get(axis).copied().unwrap_or(0);
            (&space[axis] - 1) * stride + (&kernel[axis] - 1) * dilation + 1 + Expr::Int(added) - begin - end
        };
        let space: Vec<Expr> = (0..space.len()).map(extent).collect();
        let shape = Layout::ChannelsFirst.join(batch, outputs * self.groups, space);
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    /// Every *input* element meets (output channels / groups) × window weights.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let of_each_input = beyond_first_axis(node.input(1)?)?;
        let bias = node.output(0)?.elements() * i64::from(node.has_input(self.bias()));
        Ok(Cost::macs(node.input(0)?.elements() * of_each_input).and_other(bias))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        Memory::fresh().with_workspace("col2im", ConvTranspose::columns(node), node.dtype(0))
    }

    /// As [`Conv`].
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let product = Backward::bilinear([0, 1], &self.cost(node)?.macs);
        Ok(product.and(self.bias(), Cost::other(node.output(0)?.elements()), []))
    }

    fn role(&self, index: usize) -> Role {
        if self.pads == Some(index) { Role::Constant } else { Role::Parameter }
    }
}

/// A convolution whose window elements are shifted by computed offsets. ONNX `DeformConv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeformConv {
    /// How the undisturbed window moves.
    pub window: Window,
    /// In how many groups channels are convolved separately.
    pub groups: i64,
}

impl DeformConv {
    fn as_conv(&self) -> Conv {
        Conv { name: "DeformConv", bias: Some(3), ..Conv::plain(self.window.clone(), self.groups) }
    }

    /// Elements of the matrix of sampled windows of one image, all groups together (as in the authors' code).
    fn columns(&self, node: &Operands<'_>) -> Result<Expr, Stop> {
        let (_, channels, _) = Layout::ChannelsFirst.split(node.input(0)?)?;
        let (_, _, kernel) = Layout::ChannelsFirst.split(node.input(1)?)?;
        let (_, _, positions) = Layout::ChannelsFirst.split(node.output(0)?)?;
        Ok(channels * kernel.iter().product::<Expr>() * positions.iter().product::<Expr>())
    }
}

impl Operator for DeformConv {
    fn name(&self) -> &str {
        "DeformConv"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.as_conv().detail(node)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        self.as_conv().infer(node)
    }

    /// The convolution, and for each offset pair a bilinear sample of every channel of its group:
    /// 4 multiplications and 3 additions each (Dai et al. 2017, eq. 3); the mask multiplies once more.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (batch, channels, _) = Layout::ChannelsFirst.split(node.input(0)?)?;
        let (_, _, kernel) = Layout::ChannelsFirst.split(node.input(1)?)?;
        let (_, _, space) = Layout::ChannelsFirst.split(node.output(0)?)?;
        let samples = batch * channels * kernel.iter().product::<Expr>() * space.iter().product::<Expr>();
        let mask = i64::from(node.has_input(4));
        Ok(self.as_conv().cost(node)?.and_other(samples * (7 + mask)))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        Memory::fresh().with_workspace("im2col", self.columns(node), node.dtype(0))
    }

    /// The gradient of the sampled windows is one product, shared; from there to the input, the offsets and the mask
    /// it goes by the weights of the samples, about as much arithmetic each as sampling.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let (convolution, all) = (self.as_conv().cost(node)?, self.cost(node)?);
        let sampling = || Cost::other(all.other_ops.clone());
        let columns = Cost::macs(convolution.macs.clone());
        Ok(Backward::of(0, sampling(), [])
            .and(1, Cost::macs(convolution.macs), [])
            .and(2, sampling(), [])
            .and(3, Cost::other(node.output(0)?.elements()), [])
            .and(4, sampling(), [])
            .sharing(columns, [0, 1, 2, 4].map(Saved::Input)))
    }

    fn role(&self, index: usize) -> Role {
        if matches!(index, 1 | 3) { Role::Parameter } else { Role::Operand }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, memory, output, shape};

    fn macs(window: Window, groups: i64, input: &[i64], weights: &[i64]) -> i64 {
        let inputs = [shape(input), shape(weights)];
        cost(&Conv::plain(window, groups), &inputs).macs.as_int().expect("a number")
    }

    #[test]
    fn dense() {
        // 64·3·3·3·224·224 = 86,704,128 and 64·32·3·3·224·224 = 924,844,032.
        assert_eq!(macs(Window::square(3, 1, 1), 1, &[1, 3, 224, 224], &[64, 3, 3, 3]), 86_704_128);
        assert_eq!(macs(Window::square(3, 1, 1), 1, &[1, 32, 224, 224], &[64, 32, 3, 3]), 924_844_032);
    }

    #[test]
    fn depthwise_separable() {
        // Depthwise 32·3·3·224·224 = 14,450,688; pointwise 64·32·224·224 = 102,760,448.
        assert_eq!(macs(Window::square(3, 1, 1), 32, &[1, 32, 224, 224], &[32, 1, 3, 3]), 14_450_688);
        assert_eq!(macs(Window::square(1, 1, 0), 1, &[1, 32, 224, 224], &[64, 32, 1, 1]), 102_760_448);
    }

    #[test]
    fn transposed() {
        let op = ConvTranspose {
            pads: None,
            window: Window::square(2, 2, 0),
            groups: 1,
            output_padding: vec![],
            output_shape: None,
        };
        let inputs = [shape(&[1, 64, 28, 28]), shape(&[64, 32, 2, 2])];
        assert_eq!(output(&op, &inputs), Shape::of(&[1, 32, 56, 56]));
        // 64·28·28 inputs, each to 32·2·2 outputs = 6,422,528.
        assert_eq!(cost(&op, &inputs).macs, Expr::Int(6_422_528));
    }

    /// Bytes of workspace of float32 operands.
    fn workspace(op: &dyn Operator, inputs: &[TensorType]) -> Option<i64> {
        memory(op, inputs).workspace.bytes?.as_int()
    }

    #[test]
    fn columns_of_one_image_and_group() {
        let conv = |window, groups| Conv::plain(window, groups);
        let bytes = |dims: &[i64]| TensorType::new(Some(DType::U8), Shape::of(dims));
        // 3·3·3 elements at 224·224 positions, one byte each, whatever the batch.
        let inputs = [bytes(&[8, 3, 224, 224]), bytes(&[64, 3, 3, 3])];
        assert_eq!(workspace(&conv(Window::square(3, 1, 1), 1), &inputs), Some(27 * 224 * 224));
        // Floating-point numbers are unfolded a few rows at a time.
        let inputs = [shape(&[8, 3, 224, 224]), shape(&[64, 3, 3, 3])];
        assert_eq!(workspace(&conv(Window::square(3, 1, 1), 1), &inputs), Some(0));
        // One channel of 32 at a time.
        let inputs = [bytes(&[1, 32, 56, 56]), bytes(&[32, 1, 3, 3])];
        assert_eq!(workspace(&conv(Window::square(3, 1, 1), 32), &inputs), Some(9 * 56 * 56));
        // 1×1 reads the input as it lies, unless it skips: then 64 channels at 28·28 positions.
        let inputs = [bytes(&[1, 64, 56, 56]), bytes(&[128, 64, 1, 1])];
        assert_eq!(workspace(&conv(Window::square(1, 1, 0), 1), &inputs), Some(0));
        assert_eq!(workspace(&conv(Window::square(1, 2, 0), 1), &inputs), Some(64 * 28 * 28));
        // Transposed: 32 channels × 2·2 for each of 28·28 inputs.
        let op = ConvTranspose {
            pads: None,
            window: Window::square(2, 2, 0),
            groups: 1,
            output_padding: vec![],
            output_shape: None,
        };
        let inputs = [shape(&[1, 64, 28, 28]), shape(&[64, 32, 2, 2])];
        assert_eq!(workspace(&op, &inputs), Some(32 * 4 * 28 * 28 * 4));
    }

    #[test]
    fn channels_last() {
        let op = Conv { layout: Layout::ChannelsLast, ..Conv::plain(Window::square(3, 2, 1), 1) };
        let inputs = [shape(&[1, 8, 8, 3]), shape(&[16, 3, 3, 3])];
        assert_eq!(output(&op, &inputs), Shape::of(&[1, 4, 4, 16]));
    }
}
