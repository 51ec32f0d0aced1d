//! Parts of detectors: suppression of overlapping boxes, pooling of regions.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType, single,
};

/// Boxes that overlap no better one too much. ONNX `NonMaxSuppression`.
///
/// How many pairs of boxes are compared, and how many boxes are left, only the data decides: the one is
/// unknown, the other a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonMaxSuppression;

impl Operator for NonMaxSuppression {
    fn name(&self) -> &str {
        "NonMaxSuppression"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        node.input(0).and_then(|boxes| boxes.dim(1)).map(|count| format!("{count} boxes")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        // Left out, the largest number of boxes is 0.
        let selected = if node.has_input(2) { node.unknown_dim(0, 0) } else { Expr::ZERO };
        Ok(single(TensorType::new(Some(DType::I64), Shape::new([selected, Expr::Int(3)]))))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        match node.has_input(2) {
            true => Err(Stop::Unknown("how many boxes are compared depends on the data")),
            false => Ok(Cost::FREE),
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, index: usize) -> Role {
        if index < 2 { Role::Operand } else { Role::Constant }
    }
}

/// What makes one element of a pooled region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionPooling {
    /// The largest element of a bin of whole elements: comparisons only. ONNX `MaxRoiPool`.
    Max,
    /// Samples between elements: the mean or the largest of them. ONNX `RoiAlign`.
    Align {
        /// How many samples along each side of a bin; 0 for as many as the region's size asks for.
        samples: i64,
        /// Whether their mean is taken, not the largest.
        mean: bool,
    },
}

/// Regions of an image, each pooled to the same extents. ONNX `RoiAlign`, `MaxRoiPool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionPool {
    /// What makes one element.
    pub pooling: RegionPooling,
    /// Height and width of a pooled region.
    pub output: [i64; 2],
}

impl Operator for RegionPool {
    fn name(&self) -> &str {
        match self.pooling {
            RegionPooling::Max => "MaxRoiPool",
            RegionPooling::Align { .. } => "RoiAlign",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("to {}×{}", self.output[0], self.output[1])
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (regions, channels) = (node.input(1)?.dim(0)?.clone(), node.input(0)?.dim(1)?.clone());
        let [height, width] = self.output.map(Expr::Int);
        Ok(single(TensorType::new(node.dtype(0), Shape::new([regions, channels, height, width]))))
    }

    /// Each sample is interpolated from 4 elements: 4 products and 3 sums. Their mean takes as many
    /// operations as there are samples.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        match self.pooling {
            RegionPooling::Max => Ok(Cost::FREE),
            RegionPooling::Align { samples: 0, .. } => {
                Err(Stop::Unknown("how many samples a region takes depends on its size"))
            }
            RegionPooling::Align { samples, mean } => {
                let samples = Expr::Int(samples) * samples;
                Ok(Cost::other(node.output(0)?.elements() * samples * (7 + i64::from(mean))))
            }
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// Every sample gives back to the elements it came from.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let saved = [Saved::Input(1), Saved::Input(2)].into_iter().filter(|saved| match saved {
            Saved::Input(index) => node.has_input(*index),
            _ => true,
        });
        let positions = Saved::extra("positions of maxima", node.output(0)?.elements(), DType::I32);
        let positions = (self.pooling == RegionPooling::Max).then_some(positions);
        Ok(Backward::of(0, self.cost(node)?, saved.chain(positions)))
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// Regions of images, resampled to height and width that input 3 holds. `CropAndResize` of com.microsoft. Inputs: X,
/// regions, the image of each, extents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CropAndResize {
    /// Whether elements are interpolated, and not picked.
    pub interpolates: bool,
}

impl Operator for CropAndResize {
    fn name(&self) -> &str {
        "CropAndResize"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (regions, channels) = (node.input(1)?.dim(0)?.clone(), node.input(0)?.dim(1)?.clone());
        let sizes = node.value(3).and_then(|sizes| sizes.as_exprs());
        let extent = |at: usize| {
            sizes.and_then(|sizes| sizes.get(at)).cloned().unwrap_or_else(|| node.unknown_dim(0, at + 2))
        };
        let shape = Shape::new([regions, channels, extent(0), extent(1)]);
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    /// Each element from 4: 4 products and 3 sums.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.output(0)?.elements() * (7 * i64::from(self.interpolates))))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, ints, output, shape};

    #[test]
    fn boxes_that_are_left_are_a_symbol() {
        let boxes = [shape(&[1, 1000, 4]), shape(&[1, 80, 1000]), ints(&[100])];
        let selected = Expr::symbol("test_0_0");
        assert_eq!(output(&NonMaxSuppression, &boxes), Shape::new([selected, Expr::Int(3)]));
        assert_eq!(output(&NonMaxSuppression, &boxes[..2]), Shape::of(&[0, 3]));
        let inputs: Vec<_> = boxes.iter().map(Some).collect();
        let node = Operands { inputs: &inputs, outputs: &[], bodies: &[] };
        assert!(NonMaxSuppression.cost(&node).is_err());
    }

    #[test]
    fn regions() {
        let align = |samples, mean| RegionPooling::Align { samples, mean };
        // 10 regions of 256 channels, 7×7 each; 4 samples of 7 operations, and 4 more for the mean.
        let elements = 10 * 256 * 49;
        let rows =
            [(RegionPooling::Max, 0), (align(2, true), elements * 32), (align(2, false), elements * 28)];
        for (pooling, operations) in rows {
            let op = RegionPool { pooling, output: [7, 7] };
            let inputs = [shape(&[1, 256, 50, 50]), shape(&[10, 4]), shape(&[10])];
            assert_eq!(output(&op, &inputs), Shape::of(&[10, 256, 7, 7]));
            assert_eq!(cost(&op, &inputs), Cost::other(Expr::Int(operations)));
        }
    }

    #[test]
    fn symbolic_regions_give_a_formula() {
        let count = Expr::symbol("count");
        let regions = TensorType::new(Some(DType::F32), Shape::new([count.clone(), Expr::Int(4)]));
        let op = RegionPool { pooling: RegionPooling::Align { samples: 1, mean: true }, output: [1, 1] };
        assert_eq!(cost(&op, &[shape(&[1, 3, 9, 9]), regions]).other_ops, count * 24);
    }

    #[test]
    fn crops() {
        let op = CropAndResize { interpolates: true };
        let inputs = [shape(&[1, 3, 8, 8]), shape(&[2, 4]), shape(&[2]), ints(&[4, 5])];
        assert_eq!(output(&op, &inputs), Shape::of(&[2, 3, 4, 5]));
        assert_eq!(cost(&op, &inputs).other_ops, Expr::Int(120 * 7));
        assert!(output(&op, &inputs[..3])[2].as_symbol().is_some());
    }
}
