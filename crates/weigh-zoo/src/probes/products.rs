//! Linear layers on few rows, and recurrent layers.

use weigh_ir::{DType, Expr};
use weigh_ops::{Cell, Ints, MatMul, Recurrent, View};

use super::Sections;

/// Matrices by stored matrices and by each other, from one row to hundreds.
pub(super) fn products(s: &mut Sections) {
    // (inputs, outputs) of one row for each sample
    for (inputs, outputs) in
        [(64, 64), (128, 256), (512, 512), (768, 2304), (1280, 900), (2048, 900), (4096, 1024)]
    {
        s.section(&[inputs], |b, x| {
            let x = b.linear("a", x, outputs);
            b.relu("relu", x)
        });
    }
    // (rows, inputs, outputs)
    for (rows, inputs, outputs) in [
        (4, 256, 256),
        (16, 384, 384),
        (16, 768, 3072),
        (49, 192, 576),
        (100, 80, 320),
        (300, 256, 128),
        (784, 128, 128),
    ] {
        s.section(&[rows, inputs], |b, x| b.linear("a", x, outputs));
    }
    // (stack, rows, depth, columns)
    for (stack, rows, depth, columns) in [
        (2, 16, 32, 16),
        (8, 64, 64, 64),
        (12, 200, 64, 200),
        (12, 200, 200, 64),
        (64, 49, 32, 49),
        (4, 256, 80, 256),
        (16, 1, 64, 128),
    ] {
        s.section(&[stack, rows, depth], |b, x| {
            let dims = [b.batch(), Expr::Int(stack), Expr::Int(depth), Expr::Int(columns)];
            let right = b.input(&format!("right_{stack}_{rows}_{columns}"), DType::F32, dims);
            b.apply(MatMul::PLAIN, &[x, right])
        });
    }
}

/// Recurrent layers over sequences; steps come before the batch.
pub(super) fn recurrent(s: &mut Sections) {
    let gru = Cell::Gru { linear_before_reset: true };
    for (steps, width, hidden, cell, bidirectional) in [
        (32, 64, 64, Cell::Lstm, false),
        (64, 128, 256, Cell::Lstm, true),
        (24, 512, 512, Cell::Lstm, false),
        (100, 96, 128, gru, false),
        (48, 256, 256, gru, true),
        (1, 128, 128, Cell::Lstm, false),
    ] {
        s.section(&[steps, width], |b, x| {
            let directions = if bidirectional { 2 } else { 1 };
            let gates = if cell == Cell::Lstm { 4 } else { 3 };
            let x = b.transpose(x, &[1, 0, 2]);
            let inputs = b.weight("weight_ih", &[directions, gates * hidden, width]);
            let states = b.weight("weight_hh", &[directions, gates * hidden, hidden]);
            let bias = b.weight("bias", &[directions, 2 * gates * hidden]);
            let op = Recurrent {
                cell,
                hidden_size: Some(hidden),
                bidirectional,
                batch_first: false,
                activations: Vec::new(),
                quantized: false,
            };
            let made = b.apply_many(op, &[x, inputs, states, bias], 1);
            match bidirectional {
                true => b.transpose(made[0], &[2, 0, 1, 3]),
                false => {
                    let axes = b.ints(&[1]);
                    b.apply(View::Squeeze { axes: Ints::Input(1) }, &[made[0], axes])
                }
            }
        });
    }
}
