//! Times as a machine makes them, with the truth behind them known: random numbers, noise, and distributions.
#![allow(dead_code)] // not every test uses all of it

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Between 0 and 1, neither of them.
    pub fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Exponentially distributed with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Normally distributed with mean 0 and variance 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (TAU * self.uniform()).cos()
    }
}

/// The normal distribution's integral. The error function by its series near zero and a continued fraction further out
/// (Abramowitz and Stegun, 7.1.6 and 7.1.14).
pub fn normal_below(z: f64) -> f64 {
    let x = z.abs() * FRAC_1_SQRT_2;
    let density = (-x * x).exp() / std::f64::consts::PI.sqrt();
    let tail = if x < 2.5 {
        let terms = (0..80).scan(x, |term, k| {
            let now = *term;
            *term *= 2.0 * x * x / (2 * k + 3) as f64;
            Some(now)
        });
        0.5 - density * terms.sum::<f64>()
    } else {
        0.5 * density / (1..60).rev().fold(x, |fraction, k| x + k as f64 / 2.0 / fraction)
    };
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// Where `below` reaches `p`, between the two ends.
pub fn invert(below: impl Fn(f64) -> f64, p: f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if below(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
