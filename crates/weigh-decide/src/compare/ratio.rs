//! Ratios, and how sure they are.

use weigh_ir::{Bindings, Expr, Symbol};
use weigh_report::report::Interval;

/// b / a of counts: where open dims are left, only if it is the same for all of their values. `None` if a is 0.
pub(super) fn of_counts(a: &Expr, b: &Expr) -> Option<f64> {
    if let (Some(a), Some(b)) = (a.as_int(), b.as_int()) {
        return (a != 0).then(|| b as f64 / a as f64);
    }
    // Formulas are in a ratio of p : q exactly if q·b and p·a are the same formula; p and q are their values at one point.
    let at_one = |count: &Expr| {
        let mut ones = Bindings::new();
        count.for_each_symbol(&mut |symbol: &Symbol| {
            ones.insert(symbol.clone(), 1);
        });
        count.bind(&ones).as_int().filter(|value| *value > 0)
    };
    let (p, q) = (at_one(b)?, at_one(a)?);
    let shared = divisor(p, q);
    let (scaled_b, scaled_a) = (b * Expr::Int(q / shared), a * Expr::Int(p / shared));
    (scaled_b.invalid().is_none() && scaled_b == scaled_a).then(|| p as f64 / q as f64)
}

/// The greatest common divisor of positive numbers.
fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The interval of b / a from those of a and b, found independently: on the scale of logarithms, where a ratio is a
/// difference, each end is as far from the ratio as the two distances that widen it, added as squares (MOVER: Zou and
/// Donner, "Construction of confidence intervals about effect measures", Statistics in Medicine 27, 2008).
pub(super) fn interval(
    (a, [a_low, a_high]): (f64, Interval),
    (b, [b_low, b_high]): (f64, Interval),
) -> Option<Interval> {
    let values = [a_low, a, a_high, b_low, b, b_high];
    if values.iter().any(|value| !value.is_finite() || *value <= 0.0) {
        return None;
    }
    let ratio = b / a;
    let far = |one: f64, other: f64| one.ln().hypot(other.ln()).exp();
    let (down, up) = (far(b / b_low, a_high / a), far(b_high / b, a / a_low));
    Some([ratio / down, ratio * up])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_in_a_fixed_ratio() {
        let n = || Expr::symbol("n");
        let cost = n() * n() * 3 + n() * 6;
        assert_eq!(of_counts(&cost, &(n() * n() * 2 + n() * 4)), Some(2.0 / 3.0));
        assert_eq!(of_counts(&cost, &(n() * n())), None);
        assert_eq!(of_counts(&n(), &Expr::symbol("m")), None);
        assert_eq!(of_counts(&Expr::Int(4), &Expr::Int(10)), Some(2.5));
        assert_eq!(of_counts(&Expr::Int(0), &Expr::Int(10)), None);
        assert_eq!(of_counts(&Expr::ZERO, &n()), None);
    }

    #[test]
    fn intervals_by_hand() {
        // b = 20 within a factor of e^0.04 either way, a = 10 within e^0.03: the ratio is 2 within e^0.05.
        let around = |value: f64, log: f64| (value, [value * (-log).exp(), value * log.exp()]);
        let [low, high] = interval(around(10.0, 0.03), around(20.0, 0.04)).unwrap();
        assert!((low - 2.0 * (-0.05_f64).exp()).abs() < 1e-12 && (high - 2.0 * 0.05_f64.exp()).abs() < 1e-12);
        // An exact a leaves b's own interval; what a lacks below, the ratio has above.
        let is = |found: Option<Interval>, [low, high]: Interval| {
            found.is_some_and(|found| (found[0] - low).abs() < 1e-12 && (found[1] - high).abs() < 1e-12)
        };
        assert!(is(interval((10.0, [10.0, 10.0]), (20.0, [18.0, 24.0])), [1.8, 2.4]));
        assert!(is(interval((10.0, [5.0, 10.0]), (20.0, [20.0, 20.0])), [2.0, 4.0]));
        assert_eq!(interval((10.0, [0.0, 20.0]), (20.0, [10.0, 40.0])), None);
    }
}
