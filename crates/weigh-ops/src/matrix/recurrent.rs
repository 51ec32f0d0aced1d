//! Recurrent layers: simple, gated (GRU) and long short-term memory (LSTM), in float and quantised form.
//!
//! Multiply-accumulates are the products with the weights, W over the input and R over the state, for every
//! step, batch entry and direction. All steps count, also those past the end of a shorter sequence. The two
//! products of a gate accumulate into one sum. Everything else (biases, peepholes, activations, the update
//! of the state) is elementwise and counted by the equations of the ONNX operator specification.

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType,
};

use crate::Elementwise;

/// Which equations a recurrent layer follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// `f(X·W + H·R + b)`: one gate.
    Simple,
    /// Update, reset and hidden gate.
    Gru {
        /// Whether the state is multiplied with its weights before it is reset: one addition more.
        linear_before_reset: bool,
    },
    /// Input, output, forget and cell gate.
    Lstm,
}

impl Cell {
    /// How many gates, each with weights of its own.
    fn gates(self) -> i64 {
        match self {
            Cell::Simple => 1,
            Cell::Gru { .. } => 3,
            Cell::Lstm => 4,
        }
    }

    /// How often each activation is applied to a hidden unit in one step, with the default's arithmetic.
    fn activations(self) -> &'static [(i64, Activation)] {
        const SIGMOID: Activation = Activation(4);
        const TANH: Activation = Activation(1);
        match self {
            Cell::Simple => &[(1, TANH)],
            Cell::Gru { .. } => &[(2, SIGMOID), (1, TANH)],
            Cell::Lstm => &[(3, SIGMOID), (1, TANH), (1, TANH)],
        }
    }

    /// Arithmetic that updates one hidden unit once the gates are there.
    fn update(self) -> i64 {
        match self {
            Cell::Simple => 0,
            // r⊙H, (1 − z)⊙h + z⊙H, and the sum of the two products where the reset keeps them apart.
            Cell::Gru { linear_before_reset } => 5 + i64::from(linear_before_reset),
            // f⊙C + i⊙c, o⊙h(C).
            Cell::Lstm => 4,
        }
    }
}

/// An activation function inside a recurrent cell: its arithmetic for one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation(i64);

impl Activation {
    /// The activation of this name; upper and lower case do not matter.
    pub fn named(name: &str) -> Option<Activation> {
        Elementwise::named_in_any_case(name).map(|op| Activation(op.function.operations))
    }
}

/// A recurrent layer. ONNX `RNN`, `GRU`, `LSTM`; `DynamicQuantizeLSTM` of com.microsoft.
///
/// Inputs: X, W, R, biases, sequence lengths, initial state, initial cell, peepholes, and for the quantised
/// form scale and zero point of W and of R.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrent {
    /// The equations.
    pub cell: Cell,
    /// Hidden units; `None` where only the weights tell.
    pub hidden_size: Option<i64>,
    /// Whether it runs forward and backward, with weights of its own each way.
    pub bidirectional: bool,
    /// Whether the batch comes before the steps (ONNX `layout` 1).
    pub batch_first: bool,
    /// The activations of all directions in ONNX order; empty for the usual ones.
    pub activations: Vec<Activation>,
    /// Whether the weights are 8-bit integers, stored with inputs before outputs, and the input and the
    /// state are quantised on the fly.
    pub quantized: bool,
}

/// What a recurrent layer's inputs say about its size.
struct Extents {
    steps: Expr,
    batch: Expr,
    input: Expr,
    hidden: Expr,
}

impl Recurrent {
    fn directions(&self) -> i64 {
        if self.bidirectional { 2 } else { 1 }
    }

    fn extents(&self, node: &Operands<'_>) -> Result<Extents, Stop> {
        let x = node.input(0)?;
        if x.rank() != 3 {
            return Err(Stop::contradiction(format!("a recurrent layer takes a tensor of rank 3, not {x}")));
        }
        let (steps, batch) = if self.batch_first { (1, 0) } else { (0, 1) };
        let input = match node.input(1) {
            Ok(w) if w.rank() == 3 => {
                let stored = &w[if self.quantized { 1 } else { 2 }];
                match (&x[2], stored) {
                    (Expr::Int(a), Expr::Int(b)) if a != b => {
                        return Err(Stop::contradiction(format!(
                            "inputs of {a} elements meet weights for {b}"
                        )));
                    }
                    (Expr::Int(_), _) => x[2].clone(),
                    _ => stored.clone(),
                }
            }
            _ => x[2].clone(),
        };
        let hidden = match self.hidden_size {
            Some(hidden) => Expr::Int(hidden),
            None => node.input(2)?.dim(if self.quantized { 1 } else { 2 })?.clone(),
        };
        Ok(Extents { steps: x[steps].clone(), batch: x[batch].clone(), input, hidden })
    }

    /// Elementwise arithmetic of one hidden unit in one step, all directions together.
    fn elementwise(&self, node: &Operands<'_>) -> i64 {
        let usual = self.cell.activations();
        let activations: i64 = (0..self.directions() as usize)
            .flat_map(|direction| {
                usual.iter().enumerate().map(move |(at, row)| (direction * usual.len() + at, row))
            })
            .map(|(at, (times, default))| times * self.activations.get(at).unwrap_or(default).0)
            .sum();
        // Each gate adds a bias for the input and one for the state.
        let biases = if node.has_input(3) { 2 * self.cell.gates() } else { 0 };
        // Three gates see the cell: multiply and add.
        let peepholes = if self.cell == Cell::Lstm && node.has_input(7) { 6 } else { 0 };
        // The integer products have scales of their own: each is scaled, then they are added.
        let scaling = if self.quantized { 3 * self.cell.gates() } else { 0 };
        activations + self.directions() * (biases + peepholes + scaling + self.cell.update())
    }
}

impl Operator for Recurrent {
    fn name(&self) -> &str {
        match (self.cell, self.quantized) {
            (Cell::Simple, _) => "RNN",
            (Cell::Gru { .. }, _) => "GRU",
            (Cell::Lstm, false) => "LSTM",
            (Cell::Lstm, true) => "DynamicQuantizeLSTM",
        }
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let both = if self.bidirectional { " bidirectional" } else { "" };
        self.extents(node)
            .map(|extents| format!("{}→{}{both}", extents.input, extents.hidden))
            .unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let Extents { steps, batch, hidden, .. } = self.extents(&node.operands())?;
        let directions = Expr::Int(self.directions());
        let (all, last) = if self.batch_first {
            (
                Shape::new([batch.clone(), steps, directions.clone(), hidden.clone()]),
                Shape::new([batch, directions, hidden]),
            )
        } else {
            (
                Shape::new([steps, directions.clone(), batch.clone(), hidden.clone()]),
                Shape::new([directions, batch, hidden]),
            )
        };
        let typed = |shape: Shape| TensorType::new(node.dtype(0), shape);
        let mut outputs: Outputs = smallvec![typed(all), typed(last.clone())];
        if self.cell == Cell::Lstm {
            outputs.push(typed(last));
        }
        Ok(outputs)
    }

    /// directions · steps · batch · gates · hidden · (input + hidden), and the elementwise rest.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let Extents { steps, batch, input, hidden } = self.extents(node)?;
        let (runs, width) = (steps * batch, &input + &hidden);
        let macs = &runs * &hidden * &width * (self.directions() * self.cell.gates());
        let cost = Cost::macs(macs).and_other(&runs * &hidden * self.elementwise(node));
        // Input and state are quantised in every direction: divide, round, add the zero point.
        let quantisation = if self.quantized { 3 * self.directions() } else { 0 };
        Ok(cost.and_other(runs * width * quantisation))
    }

    /// The products of all gates with the input, for all steps at once: that is one large product for each
    /// direction, where the products with the state have to wait for each other.
    fn memory(&self, node: &Operands<'_>) -> Memory {
        let gates = || {
            let Extents { steps, batch, hidden, .. } = self.extents(node)?;
            Ok(steps * batch * hidden * (self.directions() * self.cell.gates()))
        };
        Memory::fresh().with_workspace("gates", gates(), node.dtype(0))
    }

    /// Products with the weights for the input and, step by step, for the state, which every other gradient waits for;
    /// the weights' own gradients as many. The gates of all steps are kept, as cuDNN's reserve space holds them.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        if self.quantized {
            return Err(Stop::INFERENCE_ONLY);
        }
        let Extents { steps, batch, input, hidden } = self.extents(node)?;
        let gates = steps * batch * &hidden * (self.directions() * self.cell.gates());
        let (of_input, of_state) = (Cost::macs(&gates * input), Cost::macs(&gates * hidden));
        let sums = || Cost::other(gates.clone());
        let elementwise = self.cost(node)?.other_ops;
        // A cell state for each step beside the gates.
        let kept = match self.cell {
            Cell::Lstm => gates.clone() + gates.floor_div(&Expr::Int(4)),
            Cell::Simple | Cell::Gru { .. } => gates.clone(),
        };
        let shared = of_state.clone().and_other(elementwise);
        Ok(Backward::of(0, of_input.clone(), [])
            .and(1, of_input, [Saved::Input(0)])
            .and(2, of_state, [Saved::Output(0)])
            .and(3, sums(), [])
            .and(5, Cost::FREE, [])
            .and(6, Cost::FREE, [])
            .sharing(shared, [Saved::like_activations("gates", kept)]))
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 => Role::Operand,
            1..=3 | 7 => Role::Parameter,
            _ => Role::Constant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, memory, shape};
    use weigh_ir::DType;

    fn layer(cell: Cell) -> Recurrent {
        let (hidden_size, activations) = (None, Vec::new());
        Recurrent {
            cell,
            hidden_size,
            bidirectional: false,
            batch_first: false,
            activations,
            quantized: false,
        }
    }

    #[test]
    fn each_cell() {
        let gru = |linear_before_reset| layer(Cell::Gru { linear_before_reset });
        // (layer, gates, elementwise arithmetic of a hidden unit without and with biases).
        let rows = [
            (layer(Cell::Simple), 1, 1, 3), // tanh
            (gru(false), 3, 14, 20),        // 2 sigmoids of 4, tanh, 5 for the update
            (gru(true), 3, 15, 21),         // and one addition
            (layer(Cell::Lstm), 4, 18, 26), // 3 sigmoids of 4, 2 tanh, 4 for the update
        ];
        for (op, gates, plain, biased) in rows {
            // 5 steps, batch 2, 3 inputs, 4 hidden units.
            let mut inputs = vec![shape(&[5, 2, 3]), shape(&[1, gates * 4, 3]), shape(&[1, gates * 4, 4])];
            let macs = 5 * 2 * gates * 4 * (3 + 4);
            assert_eq!(
                cost(&op, &inputs),
                Cost { macs: Expr::Int(macs), other_ops: Expr::Int(5 * 2 * 4 * plain) }
            );
            let held = memory(&op, &inputs).workspace.bytes;
            assert_eq!(held, Some(Expr::Int(5 * 2 * gates * 4 * 4)), "{op:?}");
            inputs.push(shape(&[1, 2 * gates * 4]));
            assert_eq!(cost(&op, &inputs).other_ops, Expr::Int(5 * 2 * 4 * biased), "{op:?}");
        }
    }

    #[test]
    fn symbolic_batch_and_steps_give_a_formula() {
        let (batch, seq) = (Expr::symbol("batch"), Expr::symbol("seq"));
        let x = TensorType::new(Some(DType::F32), Shape::new([batch.clone(), seq.clone(), Expr::Int(128)]));
        let op =
            Recurrent { bidirectional: true, batch_first: true, hidden_size: Some(256), ..layer(Cell::Lstm) };
        let inputs = [x, shape(&[2, 1024, 128]), shape(&[2, 1024, 256]), shape(&[2, 2048])];
        let outputs = infer(&op, &inputs);
        let dims = [batch.clone(), seq.clone(), Expr::Int(2), Expr::Int(256)];
        assert_eq!(outputs[0].shape, Some(Shape::new(dims)));
        assert_eq!(outputs[2].shape, Some(Shape::new([batch.clone(), Expr::Int(2), Expr::Int(256)])));
        // 2·4·256·(128 + 256) = 786,432 and 2·256·26 = 13,312 for each step of each sequence.
        let runs = &batch * &seq;
        assert_eq!(cost(&op, &inputs), Cost { macs: &runs * 786_432, other_ops: runs * 13_312 });
    }

    #[test]
    fn quantised_weights_are_stored_the_other_way_round() {
        let op = Recurrent { quantized: true, ..layer(Cell::Lstm) };
        let weights = |rows| TensorType::new(Some(DType::I8), Shape::of(&[1, rows, 16]));
        let inputs = [shape(&[5, 2, 3]), weights(3), weights(4)];
        assert_eq!(infer(&op, &inputs)[0].shape, Some(Shape::of(&[5, 1, 2, 4])));
        let priced = cost(&op, &inputs);
        assert_eq!(priced.macs, Expr::Int(5 * 2 * 16 * 7));
        // Scaling: 3 per gate; quantisation: 3 per element of input and state.
        assert_eq!(priced.other_ops, Expr::Int(5 * 2 * (4 * (18 + 12) + 3 * 7)));
    }

    #[test]
    fn other_activations() {
        let relu = Activation::named("relu").expect("known");
        let op = Recurrent { activations: vec![relu], ..layer(Cell::Simple) };
        let inputs = [shape(&[5, 2, 3]), shape(&[1, 4, 3]), shape(&[1, 4, 4])];
        assert_eq!(cost(&op, &inputs).other_ops, Expr::ZERO);
        assert_eq!(Activation::named("ScaledTanh"), Some(Activation(3)));
        assert_eq!(Activation::named("unheard of"), None);
    }
}
