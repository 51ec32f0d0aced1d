//! Functions of elements, reductions and normalisations, each by itself.

use weigh_ir::TensorId;
use weigh_ops::{Ints, Norm, Normalization, Reduce};

use super::Sections;
use crate::builder::Builder;

/// Channels and extent: from a quarter of a megabyte down to four kilobytes, and four megabytes.
const SIZES: [(i64, i64); 4] = [(16, 8), (64, 32), (96, 56), (64, 128)];

const UNARY: [&str; 16] = [
    "Relu",
    "Sigmoid",
    "Tanh",
    "Erf",
    "Exp",
    "Log",
    "Sqrt",
    "Neg",
    "Abs",
    "Reciprocal",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "Elu",
    "Softplus",
    "Floor",
];

const BINARY: [&str; 5] = ["Add", "Sub", "Mul", "Div", "Pow"];

pub(super) fn elementwise(s: &mut Sections) {
    for (channels, extent) in SIZES {
        let dims = [channels, extent, extent];
        // Between 0 and 1, where every function is defined.
        s.reduced(&dims, |b, x| {
            let x = b.function("Sigmoid", &[x]);
            UNARY.iter().map(|name| b.function(name, &[x])).collect()
        });
        s.reduced(&dims, |b, x| {
            let x = b.function("Sigmoid", &[x]);
            let other = b.function("Exp", &[x]);
            let mut made = Vec::new();
            for name in BINARY {
                // With one number, with a number for each channel, with as many.
                let number = b.number(1.5);
                made.push(b.function(name, &[x, number]));
                let weight = b.weight("weight", &[channels, 1, 1]);
                made.push(b.function(name, &[x, weight]));
                made.push(b.function(name, &[x, other]));
            }
            made
        });
        s.reduced(&dims, |b, x| {
            let x = b.function("Abs", &[x]);
            let (scale, bias) = (b.weight("scale", &[channels]), b.weight("bias", &[channels]));
            vec![
                clip(b, x),
                b.softmax(x),
                b.layer_norm("norm", x),
                b.batch_norm("norm", x),
                b.apply(Normalization(Norm::Instance), &[x, scale, bias]),
                b.global_average_pool("pool", x),
            ]
        });
        s.reduced(&dims, |b, x| {
            let x = b.function("Abs", &[x]);
            let names = ["ReduceMean", "ReduceSum", "ReduceMax"];
            names.iter().flat_map(|name| [reduce(b, name, x, &[-1]), reduce(b, name, x, &[2, 3])]).collect()
        });
    }
}

/// Hundreds of functions of a few numbers: what every kernel costs before it computes anything.
pub(super) fn tiny(s: &mut Sections) {
    s.section(&[8], |b, x| {
        let names = ["Sigmoid", "Tanh", "Exp", "Neg", "HardSwish", "Softplus"];
        (0..50).flat_map(|_| names).fold(x, |x, name| b.function(name, &[x]))
    });
}

fn clip(b: &mut Builder, x: TensorId) -> TensorId {
    let (lowest, highest) = (b.number(0.0), b.number(6.0));
    b.function("Clip", &[x, lowest, highest])
}

fn reduce(b: &mut Builder, name: &str, x: TensorId, axes: &[i64]) -> TensorId {
    let axes = b.ints(axes);
    match Reduce::named(name, Ints::Input(1), true, false) {
        Some(op) => b.apply(op, &[x, axes]),
        None => panic!("{name} is no reduction"),
    }
}
