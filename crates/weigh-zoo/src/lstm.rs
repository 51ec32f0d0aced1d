//! A stack of LSTM layers, as PyTorch's `nn.LSTM(512, 512, num_layers=2)` exports.

use weigh_ir::{DType, Expr, Model};
use weigh_ops::{Cell, Ints, Recurrent, View};

use crate::builder::Builder;
use crate::{Entry, Options, Task};

pub(crate) const LSTM: Entry = Entry {
    name: "lstm",
    title: "LSTM, 2 layers of 512",
    task: Task::SequenceModelling,
    source: "Hochreiter, Schmidhuber 1997, Neural Computation 9(8); PyTorch nn.LSTM",
    build: lstm,
};

/// Inputs and hidden units of each layer.
const WIDTH: i64 = 512;
const LAYERS: usize = 2;
/// Input, output, forget and cell.
const GATES: i64 = 4;

/// Steps come before the batch; the initial states are zeros. Each layer has two biases, for the input and
/// for the state.
fn lstm(options: &Options) -> Model {
    let mut b = Builder::new("lstm", options);
    let dims = [Expr::symbol("seq"), b.batch(), Expr::Int(WIDTH)];
    let mut x = b.input("input", DType::F32, dims);
    let (mut hidden, mut cell) = (Vec::new(), Vec::new());
    for layer in 0..LAYERS {
        x = b.scoped(format!("layer{layer}"), |b| {
            let inputs = b.weight("weight_ih", &[1, GATES * WIDTH, WIDTH]);
            let states = b.weight("weight_hh", &[1, GATES * WIDTH, WIDTH]);
            let bias = b.weight("bias", &[1, 2 * GATES * WIDTH]);
            let op = Recurrent {
                cell: Cell::Lstm,
                hidden_size: Some(WIDTH),
                bidirectional: false,
                batch_first: false,
                activations: Vec::new(),
                quantized: false,
            };
            let made = b.apply_many(op, &[x, inputs, states, bias], 3);
            hidden.push(made[1]);
            cell.push(made[2]);
            let axes = b.ints(&[1]);
            b.apply(View::Squeeze { axes: Ints::Input(1) }, &[made[0], axes])
        });
    }
    let (hidden, cell) = (b.concat(&hidden, 0), b.concat(&cell, 0));
    b.finish([("output", x), ("h_n", hidden), ("c_n", cell)])
}
