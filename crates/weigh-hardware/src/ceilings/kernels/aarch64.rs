//! 64-bit ARM: NEON, and its half-precision, dot-product and matrix extensions.
//!
//! Sixteen accumulators cover four pipes of four cycles. The extensions have no functions in stable Rust, so their
//! instructions stand by name (Arm Architecture Reference Manual for A-profile, chapter C7).

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};
use std::hint::black_box;

use super::{Arithmetic, Chain, Line, Walks, define_chain, define_walks};

/// One multiply-accumulating instruction on whole vectors, by name and shape of its operands.
macro_rules! instruction {
    ($name:ident, $features:literal, $instruction:literal) => {
        #[target_feature(enable = $features)]
        fn $name(mut sum: uint8x16_t, p: uint8x16_t, q: uint8x16_t) -> uint8x16_t {
            // SAFETY: the instruction reads and writes the named vector registers only.
            unsafe {
                asm!($instruction, sum = inout(vreg) sum, p = in(vreg) p, q = in(vreg) q,
                    options(pure, nomem, nostack));
            }
            sum
        }
    };
}

instruction!(dot, "neon,dotprod", "sdot {sum:v}.4s, {p:v}.16b, {q:v}.16b");
instruction!(matrix_int8, "neon,i8mm", "smmla {sum:v}.4s, {p:v}.16b, {q:v}.16b");
instruction!(dot_bf16, "neon,bf16", "bfdot {sum:v}.4s, {p:v}.8h, {q:v}.8h");
instruction!(matrix_bf16, "neon,bf16", "bfmmla {sum:v}.4s, {p:v}.8h, {q:v}.8h");
// `fmla` adds the product to the accumulator: sum + p × q.
instruction!(fused_half, "neon,fp16", "fmla {sum:v}.8h, {p:v}.8h, {q:v}.8h");

/// A quarter in `bfloat16`.
const BRAIN_QUARTER: u16 = 0x3e80;
/// A quarter in `float16`.
const HALF_QUARTER: u16 = 0x3400;

// These instructions add to the register that they write, so a chain adds: x + p × q.
define_chain!(
    float32,
    "neon",
    16,
    |i| vdupq_n_f32(i as f32),
    vdupq_n_f32(0.25),
    vdupq_n_f32(0.25),
    |a, p, q| vfmaq_f32(a, p, q),
    |v| f64::from(vaddvq_f32(v))
);
define_chain!(
    float64,
    "neon",
    16,
    |i| vdupq_n_f64(i as f64),
    vdupq_n_f64(0.25),
    vdupq_n_f64(0.25),
    |a, p, q| vfmaq_f64(a, p, q),
    |v| vaddvq_f64(v)
);
define_chain!(
    int8_dot,
    "neon,dotprod",
    16,
    |i| integers(i),
    vdupq_n_u8(3),
    vdupq_n_u8(0xfe),
    |a, p, q| dot(a, p, q),
    |v| sum_integers(v)
);
define_chain!(
    int8_matrix,
    "neon,i8mm",
    16,
    |i| integers(i),
    vdupq_n_u8(3),
    vdupq_n_u8(0xfe),
    |a, p, q| matrix_int8(a, p, q),
    |v| sum_integers(v)
);
define_chain!(
    bfloat16_dot,
    "neon,bf16",
    16,
    |i| floats(i),
    all(BRAIN_QUARTER),
    all(BRAIN_QUARTER),
    |a, p, q| dot_bf16(a, p, q),
    |v| sum_floats(v)
);
define_chain!(
    bfloat16_matrix,
    "neon,bf16",
    16,
    |i| floats(i),
    all(BRAIN_QUARTER),
    all(BRAIN_QUARTER),
    |a, p, q| matrix_bf16(a, p, q),
    |v| sum_floats(v)
);
define_chain!(
    float16,
    "neon,fp16",
    16,
    |i| halves(i),
    all(HALF_QUARTER),
    all(HALF_QUARTER),
    |a, p, q| fused_half(a, p, q),
    |v| sum_halves(v)
);

pub(super) fn arithmetic() -> Vec<Arithmetic> {
    type Run = fn(u64) -> f64;
    let (floats, integers) = (Chain::Add(0.0625), Chain::Add(-6.0));
    let mut found = Vec::new();
    let mut list = |there: bool, dtype, instructions, [lanes, products]: [u64; 2], chain, run: Run| {
        if there {
            found.push(Arithmetic { dtype, instructions, lanes, accumulators: 16, products, chain, run });
        }
    };
    let (half, brain) = (is_aarch64_feature_detected!("fp16"), is_aarch64_feature_detected!("bf16"));
    list(is_aarch64_feature_detected!("neon"), "float32", "neon", [4, 1], floats, float32);
    list(is_aarch64_feature_detected!("neon"), "float64", "neon", [2, 1], floats, float64);
    list(half, "float16", "fp16", [8, 1], floats, float16);
    list(brain, "bfloat16", "bf16", [4, 2], floats, bfloat16_dot);
    list(brain, "bfloat16", "bf16-matrix", [4, 4], floats, bfloat16_matrix);
    list(is_aarch64_feature_detected!("dotprod"), "int8", "dotprod", [4, 4], integers, int8_dot);
    list(is_aarch64_feature_detected!("i8mm"), "int8", "i8mm", [4, 8], integers, int8_matrix);
    found
}

#[target_feature(enable = "neon")]
fn all(bits: u16) -> uint8x16_t {
    vreinterpretq_u8_u16(vdupq_n_u16(bits))
}

#[target_feature(enable = "neon")]
fn integers(number: usize) -> uint8x16_t {
    vreinterpretq_u8_s32(vdupq_n_s32(number as i32))
}

#[target_feature(enable = "neon")]
fn sum_integers(v: uint8x16_t) -> f64 {
    f64::from(vaddvq_s32(vreinterpretq_s32_u8(v)))
}

#[target_feature(enable = "neon")]
fn floats(number: usize) -> uint8x16_t {
    vreinterpretq_u8_f32(vdupq_n_f32(number as f32))
}

#[target_feature(enable = "neon")]
fn sum_floats(v: uint8x16_t) -> f64 {
    f64::from(vaddvq_f32(vreinterpretq_f32_u8(v)))
}

/// A whole number from 0 to 15 in all lanes of a vector of `float16`: 2ᵉ × 1.f, the exponent kept with 15 added.
#[target_feature(enable = "neon")]
fn halves(number: usize) -> uint8x16_t {
    let exponent = number.checked_ilog2();
    let bits = |exponent: u32| ((exponent + 15) << 10) | (((number as u32) << (10 - exponent)) & 0x3ff);
    all(exponent.map_or(0, bits) as u16)
}

/// The sum of eight `float16` that are 0, or neither subnormal, infinite nor negative.
#[target_feature(enable = "neon")]
fn sum_halves(v: uint8x16_t) -> f64 {
    let mut lanes = [0u16; 8];
    // SAFETY: the array has room for the whole vector.
    unsafe { vst1q_u16(lanes.as_mut_ptr(), vreinterpretq_u16_u8(v)) };
    let value = |bits: u16| match bits {
        0 => 0.0,
        _ => f64::from((bits & 0x3ff) | 0x400) * 2f64.powi(i32::from(bits >> 10) - 25),
    };
    lanes.into_iter().map(value).sum()
}

/// Stores two numbers with the hint that they are not read again soon.
///
/// # Safety
/// Two numbers may be written at `to`.
#[target_feature(enable = "neon")]
unsafe fn store_past_caches(to: *mut f64, v: float64x2_t) {
    // SAFETY: the caller's; the instruction stores both halves of the vector and nothing else.
    unsafe {
        asm!("stnp {0:d}, {1:d}, [{2}]", in(vreg) v, in(vreg) vdupq_laneq_f64::<1>(v), in(reg) to,
            options(nostack));
    }
}

define_walks!(neon, "neon", "neon", 2, splat: vdupq_n_f64, load: vld1q_f64, store: vst1q_f64,
    past_caches: store_past_caches, fence: (), fused: |b, s, c| vfmaq_f64(b, s, c), touch: touch);

/// Loads a line and forgets it. By name, as the compiler leaves out a load that nothing needs.
#[target_feature(enable = "neon")]
fn touch(line: &Line) {
    // SAFETY: the line's four quarters are read and only named registers are written.
    unsafe {
        asm!("ldp {a:q}, {b:q}, [{line}]", "ldp {a:q}, {b:q}, [{line}, #32]", a = out(vreg) _, b = out(vreg) _,
            line = in(reg) line, options(readonly, nostack, preserves_flags));
    }
}

pub(super) fn walks() -> Vec<Walks> {
    if is_aarch64_feature_detected!("neon") { vec![neon::all()] } else { Vec::new() }
}
