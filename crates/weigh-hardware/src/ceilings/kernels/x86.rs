//! x86-64: AVX2 with FMA, AVX-VNNI, AVX-512 and its VNNI, BF16 and FP16.
//!
//! A processor starts two vector multiply-accumulates a cycle and finishes one in four or five, so ten accumulators
//! would do; AVX2 has registers for twelve beside the factors, AVX-512 for twenty-four.

use std::arch::asm;
use std::arch::x86_64::*;
use std::hint::black_box;

use super::{Arithmetic, Chain, Line, Walks, define_chain, define_walks};

/// A half in `float16`.
const HALF: i16 = 0x3800;
/// One in `float16`.
const ONE: i16 = 0x3c00;

define_chain!(
    avx2_float32,
    "avx2,fma",
    12,
    |i| _mm256_set1_ps(i as f32),
    _mm256_set1_ps(0.5),
    _mm256_set1_ps(1.0),
    |a, p, q| _mm256_fmadd_ps(a, p, q),
    |v| sum_256(v)
);
define_chain!(
    avx2_float64,
    "avx2,fma",
    12,
    |i| _mm256_set1_pd(i as f64),
    _mm256_set1_pd(0.5),
    _mm256_set1_pd(1.0),
    |a, p, q| _mm256_fmadd_pd(a, p, q),
    |v| sum_256_double(v)
);
define_chain!(
    avx_vnni_int8,
    "avx2,avxvnni",
    12,
    |i| _mm256_set1_epi32(i as i32),
    _mm256_set1_epi8(3),
    _mm256_set1_epi8(-2),
    |a, p, q| _mm256_dpbusd_avx_epi32(a, p, q),
    |v| sum_256(_mm256_cvtepi32_ps(v))
);
define_chain!(
    avx512_float32,
    "avx512f",
    24,
    |i| _mm512_set1_ps(i as f32),
    _mm512_set1_ps(0.5),
    _mm512_set1_ps(1.0),
    |a, p, q| _mm512_fmadd_ps(a, p, q),
    |v| f64::from(_mm512_reduce_add_ps(v))
);
define_chain!(
    avx512_float64,
    "avx512f",
    24,
    |i| _mm512_set1_pd(i as f64),
    _mm512_set1_pd(0.5),
    _mm512_set1_pd(1.0),
    |a, p, q| _mm512_fmadd_pd(a, p, q),
    |v| _mm512_reduce_add_pd(v)
);
define_chain!(
    avx512_vnni_int8,
    "avx512f,avx512vnni",
    24,
    |i| _mm512_set1_epi32(i as i32),
    _mm512_set1_epi8(3),
    _mm512_set1_epi8(-2),
    |a, p, q| _mm512_dpbusd_epi32(a, p, q),
    |v| f64::from(_mm512_reduce_add_epi32(v))
);
define_chain!(
    avx512_bf16,
    "avx512f,avx512bf16",
    24,
    |i| _mm512_set1_ps(i as f32),
    quarters(),
    quarters(),
    |a, p, q| _mm512_dpbf16_ps(a, p, q),
    |v| f64::from(_mm512_reduce_add_ps(v))
);
define_chain!(
    avx512_fp16,
    "avx512f,avx512fp16",
    24,
    |i| wide_half(i),
    _mm512_castsi512_ph(_mm512_set1_epi16(HALF)),
    _mm512_castsi512_ph(_mm512_set1_epi16(ONE)),
    |a, p, q| _mm512_fmadd_ph(a, p, q),
    |v| sum_half(v)
);

pub(super) fn arithmetic() -> Vec<Arithmetic> {
    let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f");
    type Run = fn(u64) -> f64;
    let mut found = Vec::new();
    let mut list =
        |there, dtype, instructions, [lanes, accumulators, products]: [u64; 3], chain, run: Run| {
            if there {
                found.push(Arithmetic { dtype, instructions, lanes, accumulators, products, chain, run });
            }
        };
    let (integers, sixteenths) = (Chain::Add(-6.0), Chain::Add(0.0625));
    list(fma, "float32", "avx2+fma", [8, 12, 1], Chain::Halve, avx2_float32);
    list(fma, "float64", "avx2+fma", [4, 12, 1], Chain::Halve, avx2_float64);
    list(avx512, "float32", "avx512f", [16, 24, 1], Chain::Halve, avx512_float32);
    list(avx512, "float64", "avx512f", [8, 24, 1], Chain::Halve, avx512_float64);
    let vnni = fma && is_x86_feature_detected!("avxvnni");
    list(vnni, "int8", "avx-vnni", [8, 12, 4], integers, avx_vnni_int8);
    let vnni = avx512 && is_x86_feature_detected!("avx512vnni");
    list(vnni, "int8", "avx512-vnni", [16, 24, 4], integers, avx512_vnni_int8);
    let bf16 = avx512 && is_x86_feature_detected!("avx512bf16");
    list(bf16, "bfloat16", "avx512-bf16", [16, 24, 2], sixteenths, avx512_bf16);
    let fp16 = avx512 && is_x86_feature_detected!("avx512fp16");
    list(fp16, "float16", "avx512-fp16", [32, 24, 1], Chain::Halve, avx512_fp16);
    found
}

#[target_feature(enable = "avx2")]
fn sum_256(v: __m256) -> f64 {
    sum_256_double(_mm256_cvtps_pd(_mm256_castps256_ps128(v)))
        + sum_256_double(_mm256_cvtps_pd(_mm256_extractf128_ps::<1>(v)))
}

#[target_feature(enable = "avx2")]
fn sum_256_double(v: __m256d) -> f64 {
    let pairs = _mm256_hadd_pd(v, v);
    _mm256_cvtsd_f64(pairs) + _mm_cvtsd_f64(_mm256_extractf128_pd::<1>(pairs))
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn quarters() -> __m512bh {
    let quarter = _mm512_set1_ps(0.25);
    _mm512_cvtne2ps_pbh(quarter, quarter)
}

/// The number in all 32 lanes of a vector of `float16`.
#[target_feature(enable = "avx512f,avx512fp16")]
fn wide_half(number: usize) -> __m512h {
    let lanes = _mm512_cvtps_ph::<_MM_FROUND_NO_EXC>(_mm512_set1_ps(number as f32));
    _mm512_castsi512_ph(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(lanes), lanes))
}

#[target_feature(enable = "avx512f,avx512fp16")]
fn sum_half(v: __m512h) -> f64 {
    let v = _mm512_castph_si512(v);
    let [low, high] = [_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64::<1>(v)];
    f64::from(_mm512_reduce_add_ps(_mm512_cvtph_ps(low)) + _mm512_reduce_add_ps(_mm512_cvtph_ps(high)))
}

define_walks!(avx2, "avx2+fma", "avx2,fma", 4, splat: _mm256_set1_pd, load: _mm256_load_pd, store: _mm256_store_pd,
    past_caches: _mm256_stream_pd, fence: _mm_sfence(), fused: |b, s, c| _mm256_fmadd_pd(s, c, b),
    touch: touch_256);
define_walks!(avx512, "avx512f", "avx512f", 8, splat: _mm512_set1_pd, load: _mm512_load_pd, store: _mm512_store_pd,
    past_caches: _mm512_stream_pd, fence: _mm_sfence(), fused: |b, s, c| _mm512_fmadd_pd(s, c, b),
    touch: touch_512);

/// Loads a line and forgets it. By name, as the compiler leaves out a load that nothing needs.
#[target_feature(enable = "avx2")]
fn touch_256(line: &Line) {
    // SAFETY: both halves of the line are read and only a named register is written.
    unsafe {
        asm!("vmovapd {v}, [{line}]", "vmovapd {v}, [{line} + 32]", v = lateout(ymm_reg) _, line = in(reg) line,
            options(readonly, nostack, preserves_flags));
    }
}

/// The same in one piece.
#[target_feature(enable = "avx512f")]
fn touch_512(line: &Line) {
    // SAFETY: as above.
    unsafe {
        asm!("vmovapd {v}, [{line}]", v = lateout(zmm_reg) _, line = in(reg) line,
            options(readonly, nostack, preserves_flags));
    }
}

pub(super) fn walks() -> Vec<Walks> {
    let mut found = Vec::new();
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        found.push(avx2::all());
    }
    if is_x86_feature_detected!("avx512f") {
        found.push(avx512::all());
    }
    found
}
