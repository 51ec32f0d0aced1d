//! Operators over tensors whose channels come last, by way of the same operator with channels first.

use std::sync::Arc;

use smallvec::SmallVec;
use weigh_ir::{Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Stop, TensorType};

use super::Layout;

/// An operator whose input 0 and outputs have their channels last. `com.ms.internal.nhwc` in ONNX Runtime.
#[derive(Clone, Debug)]
pub struct ChannelsLast {
    /// What it does to tensors with channels first.
    pub op: Arc<dyn Operator>,
}

/// The type with channels moved from one place to the other; as it is where there are none to move.
fn moved(typed: &TensorType, from: Layout, to: Layout) -> TensorType {
    let shape = typed.shape.as_ref().and_then(|shape| {
        let (batch, channels, space) = from.split(shape).ok()?;
        Some(to.join(batch, channels, space.iter().cloned()))
    });
    match shape {
        Some(shape) => TensorType { shape: Some(shape), value: None, ..typed.clone() },
        None => typed.clone(),
    }
}

/// The types a node has, input 0 and the outputs moved.
struct Moved(Vec<Option<TensorType>>, Vec<Option<TensorType>>);

impl Moved {
    fn of(inputs: &[Option<&TensorType>], outputs: &[Option<&TensorType>]) -> Moved {
        let first = |typed: &TensorType| moved(typed, Layout::ChannelsLast, Layout::ChannelsFirst);
        let of_input = |(index, typed): (usize, &Option<&TensorType>)| {
            typed.map(|typed| if index == 0 { first(typed) } else { typed.clone() })
        };
        Moved(
            inputs.iter().enumerate().map(of_input).collect(),
            outputs.iter().map(|typed| typed.map(first)).collect(),
        )
    }

    fn with<T>(&self, node: &Operands<'_>, ask: impl FnOnce(&Operands<'_>) -> T) -> T {
        let inputs: SmallVec<[_; 4]> = self.0.iter().map(Option::as_ref).collect();
        let outputs: SmallVec<[_; 4]> = self.1.iter().map(Option::as_ref).collect();
        ask(&Operands { inputs: &inputs, outputs: &outputs, bodies: node.bodies })
    }
}

impl Operator for ChannelsLast {
    fn name(&self) -> &str {
        self.op.name()
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        Moved::of(node.inputs, node.outputs).with(node, |node| self.op.detail(node))
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let inside = Moved::of(node.inputs, &[]);
        let inputs: SmallVec<[_; 4]> = inside.0.iter().map(Option::as_ref).collect();
        let (output_count, symbol_stem) = (node.output_count, node.symbol_stem);
        let mut first = Inference { inputs: &inputs, output_count, symbol_stem, bodies: &mut *node.bodies };
        let outputs = self.op.infer(&mut first)?;
        Ok(outputs.iter().map(|typed| moved(typed, Layout::ChannelsFirst, Layout::ChannelsLast)).collect())
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Moved::of(node.inputs, node.outputs).with(node, |node| self.op.cost(node))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        Moved::of(node.inputs, node.outputs).with(node, |node| self.op.memory(node))
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        self.op.role(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, output, shape};
    use crate::{Conv, ConvTranspose, Movement, Window};
    use weigh_ir::{Expr, Shape};

    #[test]
    fn the_same_numbers_in_another_layout() {
        let conv = ChannelsLast { op: Arc::new(Conv::plain(Window::square(3, 2, 1), 1)) };
        let inputs = [shape(&[1, 8, 8, 3]), shape(&[16, 3, 3, 3])];
        assert_eq!(output(&conv, &inputs), Shape::of(&[1, 4, 4, 16]));
        // 4·4·16 outputs of 27 products.
        assert_eq!(cost(&conv, &inputs).macs, Expr::Int(256 * 27));
        let transposed = ConvTranspose {
            pads: None,
            window: Window::square(2, 2, 0),
            groups: 1,
            output_padding: vec![],
            output_shape: None,
        };
        let transposed = ChannelsLast { op: Arc::new(transposed) };
        assert_eq!(
            output(&transposed, &[shape(&[1, 5, 7, 4]), shape(&[4, 6, 2, 2])]),
            Shape::of(&[1, 10, 14, 6])
        );
        let blocks = ChannelsLast { op: Arc::new(Movement::SpaceToDepth { block: 2 }) };
        assert_eq!(output(&blocks, &[shape(&[1, 4, 6, 3])]), Shape::of(&[1, 2, 3, 12]));
    }
}
