//! Plain Rust that the compiler may vectorise, with the instructions that every processor of this architecture has.

use std::array;
use std::hint::black_box;

use super::{Arithmetic, Chain, Line, Walks};

/// Independent numbers: enough for eight vectors of the widest baseline (four `float32`).
const NUMBERS: usize = 32;

pub(super) fn arithmetic() -> Vec<Arithmetic> {
    let row = |dtype, run| Arithmetic {
        dtype,
        instructions: "portable",
        lanes: 1,
        accumulators: NUMBERS as u64,
        products: 1,
        chain: Chain::Halve,
        run,
    };
    vec![row("float32", float32), row("float64", float64)]
}

// Multiplication and addition stay apart: without the instruction, a fused one would be a slow function call.

fn float32(steps: u64) -> f64 {
    let (half, one) = (black_box(0.5f32), black_box(1.0f32));
    let mut numbers: [f32; NUMBERS] = array::from_fn(|i| i as f32);
    for _ in 0..steps {
        for x in &mut numbers {
            *x = *x * half + one;
        }
    }
    numbers.map(f64::from).into_iter().sum()
}

fn float64(steps: u64) -> f64 {
    let (half, one) = (black_box(0.5f64), black_box(1.0f64));
    let mut numbers: [f64; NUMBERS] = array::from_fn(|i| i as f64);
    for _ in 0..steps {
        for x in &mut numbers {
            *x = *x * half + one;
        }
    }
    numbers.into_iter().sum()
}

pub(super) fn walks() -> Walks {
    Walks { instructions: "portable", read, write, write_past_caches: None, copy, triad }
}

fn read(lines: &[Line], times: u64) {
    // Integer additions may be put in any order, so the compiler can do several at once.
    let mut sums = [0u64; 8];
    for _ in 0..times {
        for line in black_box(lines) {
            for (sum, number) in sums.iter_mut().zip(line.0) {
                *sum = sum.wrapping_add(number.to_bits());
            }
        }
    }
    black_box(sums);
}

fn write(lines: &mut [Line], value: f64, times: u64) {
    for _ in 0..times {
        for line in black_box(&mut *lines) {
            line.0 = [value; 8];
        }
    }
}

fn copy(to: &mut [Line], from: &[Line], times: u64) {
    for _ in 0..times {
        for (to, from) in black_box(&mut *to).iter_mut().zip(from) {
            to.0 = from.0;
        }
    }
}

fn triad(a: &mut [Line], b: &[Line], c: &[Line], scalar: f64, times: u64) {
    for _ in 0..times {
        for ((a, b), c) in black_box(&mut *a).iter_mut().zip(b).zip(c) {
            a.0 = array::from_fn(|i| b.0[i] + scalar * c.0[i]);
        }
    }
}
