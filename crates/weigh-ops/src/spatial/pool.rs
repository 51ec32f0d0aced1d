//! Pooling over windows and over all of space.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Stop,
    TensorType, single,
};

use crate::Layout;
use crate::Window;

/// How the elements under a window become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The largest: comparisons only, hence no arithmetic.
    Max,
    /// The mean: n − 1 additions and a division.
    Average,
    /// The p-norm: n powers, n − 1 additions and a root.
    Norm,
}

impl Pooling {
    fn operations(self, elements: &Expr) -> Expr {
        match self {
            Pooling::Max => Expr::ZERO,
            Pooling::Average => elements.clone(),
            Pooling::Norm => elements * 2,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Pooling::Max => "Max",
            Pooling::Average => "Average",
            Pooling::Norm => "Lp",
        }
    }
}

/// Pooling over a sliding window. ONNX `MaxPool`, `AveragePool`, `LpPool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What happens under the window.
    pub pooling: Pooling,
    /// How the window moves.
    pub window: Window,
    /// Where the channels are.
    pub layout: Layout,
}

impl Operator for Pool {
    fn name(&self) -> &str {
        match self.pooling {
            Pooling::Max => "MaxPool",
            Pooling::Average => "AveragePool",
            Pooling::Norm => "LpPool",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        let kernel: Vec<Expr> = self.window.kernel.iter().map(|extent| Expr::Int(*extent)).collect();
        self.window.describe(&kernel)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let (batch, channels, space) = self.layout.split(input)?;
        if space.len() != self.window.kernel.len() {
            let kernel = &self.window.kernel;
            return Err(Stop::contradiction(format!(
                "a window of {kernel:?} does not fit an input of {input}"
            )));
        }
        let space = space
            .iter()
            .zip(&self.window.kernel)
            .enumerate()
            .map(|(axis, (extent, kernel))| self.window.positions(axis, extent, &Expr::Int(*kernel)))
            .collect::<Result<Vec<_>, _>>()?;
        let shape = self.layout.join(batch, channels, space);
        let mut outputs = single(TensorType::new(node.dtype(0), shape.clone()));
        if self.pooling == Pooling::Max && node.output_count > 1 {
            outputs.push(TensorType::new(Some(DType::I64), shape));
        }
        Ok(outputs)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let window = self.window.kernel.iter().map(|extent| Expr::Int(*extent)).collect::<Vec<_>>();
        let under_window = window.iter().product::<Expr>();
        Ok(Cost::other(node.output(0)?.elements() * self.pooling.operations(&under_window)))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// PyTorch's poolings keep their input, the maximum its positions too, in 8 bytes each.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let elements = node.output(0)?.elements();
        Ok(match self.pooling {
            Pooling::Max => {
                let positions = Saved::extra("positions of maxima", elements.clone(), DType::I64);
                Backward::of(0, Cost::other(elements), [Saved::Input(0), positions])
            }
            Pooling::Average => Backward::of(0, self.cost(node)?, [Saved::Input(0)]),
            Pooling::Norm => {
                let cost = self.cost(node)?;
                Backward::of(0, Cost::other(cost.other_ops), [Saved::Input(0), Saved::Output(0)])
            }
        })
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

/// Pooling over all of space, which shrinks to 1. ONNX `GlobalAveragePool`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalPool {
    /// What happens over the space.
    pub pooling: Pooling,
    /// Where the channels are.
    pub layout: Layout,
}

impl Operator for GlobalPool {
    fn name(&self) -> &str {
        match self.pooling.word() {
            "Max" => "GlobalMaxPool",
            "Average" => "GlobalAveragePool",
            _ => "GlobalLpPool",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (batch, channels, space) = self.layout.split(node.input(0)?)?;
        let shape = self.layout.join(batch, channels, space.iter().map(|_| Expr::ONE));
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(self.pooling.operations(&node.input(0)?.elements())))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// As a reduction over all of space: a mean keeps nothing.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let elements = node.input(0)?.elements();
        Ok(match self.pooling {
            Pooling::Average => Backward::of(0, Cost::other(node.output(0)?.elements()), []),
            Pooling::Max => Backward::of(0, Cost::other(elements), [Saved::Input(0), Saved::Output(0)]),
            Pooling::Norm => Backward::of(0, Cost::other(elements * 3), [Saved::Input(0), Saved::Output(0)]),
        })
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

/// The inverse of max pooling: elements go back to the positions given. ONNX `MaxUnpool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxUnpool {
    /// How the window of the pooling moved.
    pub window: Window,
}

impl Operator for MaxUnpool {
    fn name(&self) -> &str {
        "MaxUnpool"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        if node.has_input(2) {
            let shape = weigh_ir::Shape::of(&node.ints(2)?);
            return Ok(single(TensorType::new(node.dtype(0), shape)));
        }
        let (batch, channels, space) = Layout::ChannelsFirst.split(node.input(0)?)?;
        let extent = |(axis, extent): (usize, &Expr)| {
            let kernel = self.window.kernel.get(axis).copied().unwrap_or(1);
            let (begin, end) = self.window.padding.at(axis).unwrap_or((0, 0));
            (extent - 1) * self.window.stride(axis) + kernel - Expr::Int(begin) - Expr::Int(end)
        };
        let space: Vec<Expr> = space.iter().enumerate().map(extent).collect();
        Ok(single(TensorType::new(node.dtype(0), Layout::ChannelsFirst.join(batch, channels, space))))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// Taken from the positions.
    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::of(0, Cost::FREE, [Saved::Input(1)]))
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, output, shape};
    use weigh_ir::Shape;

    #[test]
    fn max_pooling_compares_and_average_pooling_adds() {
        let pool = |pooling| Pool { pooling, window: Window::square(3, 2, 1), layout: Layout::ChannelsFirst };
        let input = [shape(&[1, 64, 112, 112])];
        assert_eq!(output(&pool(Pooling::Max), &input), Shape::of(&[1, 64, 56, 56]));
        assert_eq!(cost(&pool(Pooling::Max), &input).other_ops, Expr::ZERO);
        // 64·56·56 outputs of 9 elements: 8 additions and a division each.
        assert_eq!(cost(&pool(Pooling::Average), &input).other_ops, Expr::Int(64 * 56 * 56 * 9));
    }

    #[test]
    fn global() {
        let pool = GlobalPool { pooling: Pooling::Average, layout: Layout::ChannelsFirst };
        assert_eq!(output(&pool, &[shape(&[2, 8, 7, 7])]), Shape::of(&[2, 8, 1, 1]));
    }
}
