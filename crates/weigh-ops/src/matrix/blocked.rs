//! Convolutions over channels in blocks: ONNX Runtime's layout NCHWc for processors with wide registers.
//!
//! Channels come in blocks of 8 or 16 and are padded up to whole blocks, in activations and in weights. The
//! padding is stored, so shapes and bytes have it; it computes nothing that was asked for, so multiply-accumulates
//! and biases do not have it, wherever the number of real channels is known.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Packing, Role, Shape, Stop,
    TensorType, single,
};

use super::{Conv, Layout};

/// A convolution of blocked channels: X (blocked, or plain where it has few channels), weights, bias, sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedConv {
    /// The convolution, as if padding were channels too.
    pub conv: Conv,
    /// Arithmetic of the activation of each element.
    pub activation: i64,
    /// How many input channels are real, where that is known.
    pub inputs: Option<i64>,
    /// How many output channels are real, where that is known.
    pub outputs: Option<i64>,
    /// The weights' extents with padding, where the weights are stored.
    pub weights: Option<Shape>,
}

/// What blocks may add at most to a number of channels.
const LARGEST_PADDING: i64 = 15;

impl BlockedConv {
    /// Whether each channel has a window of its own.
    pub fn is_depthwise(&self, weights: &Shape) -> bool {
        self.conv.groups > 1 && weights.dims().get(1) == Some(&Expr::ONE)
    }

    /// `known` where it can be a part of `padded`, else all of it.
    fn real(known: Option<i64>, padded: &Expr) -> Expr {
        match (known, padded.as_int()) {
            (Some(known), Some(padded))
                if (0..=LARGEST_PADDING).contains(&(padded.saturating_sub(known))) =>
            {
                Expr::Int(known)
            }
            _ => padded.clone(),
        }
    }
}

impl BlockedConv {
    /// The extents of the weights without padding. Groups that are no single channels are whole blocks.
    fn real_weights(&self, weights: &Shape) -> Result<Shape, Stop> {
        let [outputs, of_each, window @ ..] = weights.dims() else {
            return Err(Stop::contradiction(format!("a convolution with weights {weights}")));
        };
        let of_each = if self.conv.groups == 1 { Self::real(self.inputs, of_each) } else { of_each.clone() };
        Ok(Shape::new([Self::real(self.outputs, outputs), of_each].into_iter().chain(window.iter().cloned())))
    }

    /// How many elements a stored tensor stands for; all it has where that is not known.
    fn unpadded(elements: Option<i64>) -> Role {
        elements.map_or(Role::Parameter, |count| Role::Packed(Packing { bits: 32, elements: Some(count) }))
    }
}

impl Operator for BlockedConv {
    fn name(&self) -> &str {
        "Conv"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.conv.detail(node)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        self.conv.infer(node)
    }

    /// As [`Conv`], over real channels.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let weights = self.real_weights(node.input(1)?)?;
        let (batch, channels, space) = self.conv.layout.split(node.output(0)?)?;
        let elements = batch * Self::real(self.outputs, &channels) * space.iter().product::<Expr>();
        let of_each_output: Expr = weights.dims().iter().skip(1).product();
        let per_element = self.activation + i64::from(node.has_input(2)) + i64::from(node.has_input(3));
        Ok(Cost::macs(&elements * of_each_output).and_other(elements * per_element))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        if node.has_input(3) { Memory::in_place([3]) } else { Memory::fresh() }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        let weights = self.weights.as_ref().and_then(|weights| self.real_weights(weights).ok());
        match index {
            1 => Self::unpadded(weights.and_then(|weights| weights.elements().as_int())),
            2 => Self::unpadded(weights.and_then(|weights| weights.dims().first()?.as_int())),
            3 => Role::Operand,
            _ => self.conv.role(index),
        }
    }
}

/// Channels into blocks, or out of them. `ReorderInput` and `ReorderOutput` of com.microsoft.nchwc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reorder {
    /// Into blocks.
    Blocks {
        /// Where the channels of the plain tensor are.
        layout: Layout,
        /// How many channels there are with padding, where what reads them tells.
        padded: Option<i64>,
    },
    /// Out of blocks, the padding dropped.
    Plain {
        /// Where the channels of the plain tensor are.
        layout: Layout,
        /// How many channels there are without padding.
        channels: i64,
    },
}

impl Operator for Reorder {
    fn name(&self) -> &str {
        match self {
            Reorder::Blocks { .. } => "ReorderInput",
            Reorder::Plain { .. } => "ReorderOutput",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let shape = match self {
            Reorder::Blocks { layout, padded } => {
                let (batch, channels, space) = layout.split(input)?;
                let padded = match (padded, channels.as_int()) {
                    (Some(padded), _) => Expr::Int(*padded),
                    // Whole blocks, be they of 8 or 16.
                    (None, Some(channels)) if channels % 16 == 0 => Expr::Int(channels),
                    (None, _) => return Err(Stop::Unknown("the size of a block of channels is not known")),
                };
                Layout::ChannelsFirst.join(batch, padded, space.iter().cloned())
            }
            Reorder::Plain { layout, channels } => {
                let (batch, _, space) = Layout::ChannelsFirst.split(input)?;
                layout.join(batch, Expr::Int(*channels), space.iter().cloned())
            }
        };
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Window;
    use crate::testing::{cost, output, shape};

    fn conv(groups: i64, inputs: Option<i64>, outputs: Option<i64>) -> BlockedConv {
        let conv = Conv::plain(Window::square(3, 1, 1), groups);
        BlockedConv { conv, activation: 0, inputs, outputs, weights: None }
    }

    #[test]
    fn padding_is_stored_but_not_computed() {
        // 24→40 channels padded to 32→48, 3×3 on 8×8: 40·64 outputs of 24·9 products, a bias each.
        let inputs = [shape(&[1, 32, 8, 8]), shape(&[48, 32, 3, 3]), shape(&[48])];
        let op = conv(1, Some(24), Some(40));
        assert_eq!(output(&op, &inputs), Shape::of(&[1, 48, 8, 8]));
        let expected = Cost { macs: Expr::Int(40 * 64 * 24 * 9), other_ops: Expr::Int(40 * 64) };
        assert_eq!(cost(&op, &inputs), expected);
        // 40·24·9 of the stored weights are real, and 40 of the biases.
        let stored = BlockedConv { weights: Some(Shape::of(&[48, 32, 3, 3])), ..op };
        let real = |elements| Role::Packed(Packing { bits: 32, elements: Some(elements) });
        assert_eq!((stored.role(1), stored.role(2)), (real(40 * 24 * 9), real(40)));
        // Where nothing tells, every channel counts.
        assert_eq!(cost(&conv(1, None, None), &inputs).macs, Expr::Int(48 * 64 * 32 * 9));
    }

    #[test]
    fn depthwise() {
        let inputs = [shape(&[1, 48, 8, 8]), shape(&[48, 1, 3, 3])];
        let op = conv(48, Some(40), Some(40));
        assert_eq!(cost(&op, &inputs).macs, Expr::Int(40 * 64 * 9));
    }

    #[test]
    fn reordering() {
        let blocks = Reorder::Blocks { layout: Layout::ChannelsFirst, padded: Some(48) };
        assert_eq!(output(&blocks, &[shape(&[2, 40, 7, 7])]), Shape::of(&[2, 48, 7, 7]));
        let plain = Reorder::Plain { layout: Layout::ChannelsLast, channels: 40 };
        assert_eq!(output(&plain, &[shape(&[2, 48, 7, 7])]), Shape::of(&[2, 7, 7, 40]));
    }
}
