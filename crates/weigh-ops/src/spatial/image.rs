//! Images: cropping and padding around the centre, columns back to an image, decoding; and determinants.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType, single,
};

use crate::tensors::extents_in;

/// Crops or pads around the centre to the extents that input 1 holds. Elements move, nothing is computed. ONNX
/// `CenterCropPad`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CenterCropPad {
    /// The axes that the extents are for; `None` for all.
    pub axes: Option<Vec<i64>>,
}

impl Operator for CenterCropPad {
    fn name(&self) -> &str {
        "CenterCropPad"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let extents = extents_in(node, 1)?;
        let axes = match &self.axes {
            Some(axes) => axes.iter().map(|axis| input.axis(*axis)).collect::<Result<Vec<_>, _>>()?,
            None => (0..input.rank()).collect(),
        };
        if axes.len() != extents.len() {
            let (axes, extents) = (axes.len(), extents.len());
            return Err(Stop::contradiction(format!("{extents} extents for {axes} axes")));
        }
        let shape =
            axes.into_iter().zip(extents).fold(input.clone(), |shape, (axis, dim)| shape.with(axis, dim));
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::moves([0]))
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// Columns `[batch, channels · block, positions]` added up where they overlap in an image: the extents of the
/// image (1) and of a block (2). ONNX `Col2Im`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnsToImage;

impl Operator for ColumnsToImage {
    fn name(&self) -> &str {
        "Col2Im"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let columns = node.input(0)?;
        let block =
            node.value(2).and_then(|block| block.as_exprs()).map(|dims| dims.iter().product::<Expr>());
        let channels = match block {
            Some(Expr::Int(..=0)) => return Err(Stop::contradiction("a block without elements")),
            Some(block) => columns.dim(1)?.exact_div(&block).unwrap_or(columns.dim(1)?.floor_div(&block)),
            None => node.unknown_dim(0, 1),
        };
        let image = [columns.dim(0)?.clone(), channels].into_iter().chain(extents_in(node, 1)?);
        Ok(single(TensorType::new(node.dtype(0), Shape::new(image))))
    }

    /// Each element of a column is added, those that fall into the padding too.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.input(0)?.elements()))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::moves([0]))
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// A picture in some compressed form as `[height, width, channels]` of bytes; an extent that is not known is in
/// the data. ONNX `ImageDecoder`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageDecoder {
    /// Channels of the picture.
    pub channels: i64,
}

impl Operator for ImageDecoder {
    fn name(&self) -> &str {
        "ImageDecoder"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("{} channels", self.channels)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let shape = Shape::new([node.unknown_dim(0, 0), node.unknown_dim(0, 1), Expr::Int(self.channels)]);
        Ok(single(TensorType::new(Some(DType::U8), shape)))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Err(Stop::Unknown("what decoding a picture takes depends on its format and content"))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}

/// Determinants of the square matrices in the last two axes. ONNX `Det`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Determinant;

impl Operator for Determinant {
    fn name(&self) -> &str {
        "Det"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        node.input(0).and_then(|matrices| matrices.dim(-1)).map(|n| format!("{n}×{n}")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let [batch @ .., rows, columns] = node.input(0)?.dims() else {
            return Err(Stop::contradiction("a determinant takes matrices"));
        };
        if let (Some(rows), Some(columns)) = (rows.as_int(), columns.as_int())
            && rows != columns
        {
            return Err(Stop::contradiction(format!("a matrix of {rows}×{columns} has no determinant")));
        }
        Ok(single(TensorType::new(node.dtype(0), Shape::new(batch.iter().cloned()))))
    }

    /// By elimination: for each of the m − 1 pivots with j rows left, j quotients and j² products and
    /// differences; then m − 1 products of pivots. Altogether (m − 1)·(4·m² + m + 6) / 6.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let m = node.input(0)?.dim(-1)?;
        let one = match m.as_int() {
            Some(0) => Expr::ZERO,
            _ => ((m - 1) * (m * m * 4 + m + 6)).floor_div(&Expr::Int(6)),
        };
        Ok(Cost::other(node.output(0)?.elements() * one))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::Unknown("what the inverse of a matrix costs depends on the algorithm"))
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, ints, output, shape};

    #[test]
    fn crops_and_pads() {
        let inputs = [shape(&[20, 8, 3]), ints(&[10, 9])];
        let op = CenterCropPad { axes: Some(vec![-2, 0]) };
        assert_eq!(output(&op, &inputs), Shape::of(&[9, 10, 3]));
        let all = CenterCropPad { axes: None };
        assert_eq!(output(&all, &[shape(&[20, 8]), ints(&[10, 9])]), Shape::of(&[10, 9]));
    }

    #[test]
    fn columns() {
        // 2 channels of blocks of 1×5, 5 positions in an image of 5×5.
        let inputs = [shape(&[1, 10, 5]), ints(&[5, 5]), ints(&[1, 5])];
        assert_eq!(output(&ColumnsToImage, &inputs), Shape::of(&[1, 2, 5, 5]));
        assert_eq!(cost(&ColumnsToImage, &inputs), Cost::other(Expr::Int(50)));
    }

    #[test]
    fn pictures() {
        let picture = infer(&ImageDecoder { channels: 3 }, &[ints(&[1, 2, 3])]);
        assert_eq!(picture[0].dtype, Some(DType::U8));
        assert_eq!(picture[0].shape.as_ref().map(|shape| shape[2].clone()), Some(Expr::Int(3)));
    }

    #[test]
    fn determinants() {
        // 2×2: a quotient, a product, a difference, the product of 2 pivots. 3×3: 2 + 8, then 1 + 2, then 2.
        for (m, operations) in [(0, 0), (1, 0), (2, 4), (3, 15)] {
            let matrices = [shape(&[7, m, m])];
            assert_eq!(output(&Determinant, &matrices), Shape::of(&[7]));
            assert_eq!(cost(&Determinant, &matrices).other_ops, Expr::Int(7 * operations), "{m}");
        }
    }
}
