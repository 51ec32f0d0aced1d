//! Student's t distribution, and intervals around an estimate from what a few units say by themselves.

use std::f64::consts::FRAC_PI_2;

use crate::statistics::Interval;

/// From here on the quantiles of more degrees differ by less than 0.2 % from the normal distribution's.
const MOST_DEGREES: usize = 1000;

/// The `p`-quantile of Student's t distribution, for p from 0.5 to below 1. Infinite for no degree of freedom.
///
/// The distribution's integral is a finite sum for a whole number of degrees (Abramowitz and Stegun, "Handbook of
/// Mathematical Functions", 26.7.3 and 26.7.4), which is halved into until the quantile is found: right for one
/// degree as for many. More than 1000 degrees count as 1000, which makes intervals wider by 0.12 % at most.
pub(crate) fn quantile(p: f64, degrees: usize) -> f64 {
    if degrees == 0 {
        return f64::INFINITY;
    }
    let degrees = degrees.min(MOST_DEGREES);
    let central = 2.0 * p - 1.0;
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if inside(middle, degrees) < central { low = middle } else { high = middle }
    }
    (0.5 * (low + high)).tan() * (degrees as f64).sqrt()
}

/// The quantile of an interval that holds with that confidence, both tails the same.
pub fn two_sided(confidence: f64, degrees: usize) -> f64 {
    quantile(0.5 + confidence / 2.0, degrees)
}

/// The probability of |T| < tan(angle) · √degrees.
fn inside(angle: f64, degrees: usize) -> f64 {
    let (sine, cosine) = angle.sin_cos();
    let odd = !degrees.is_multiple_of(2);
    // Odd: cos + 2/3 cos³ + (2·4)/(3·5) cos⁵ ...; even: 1 + 1/2 cos² + (1·3)/(2·4) cos⁴ ...
    let first = if odd { cosine } else { 1.0 };
    let start = if odd { 1 } else { 0 };
    let terms = (1..).scan(first, |term, k| {
        let below = (start + 2 * k) as f64;
        let now = *term;
        *term *= (below - 1.0) / below * cosine * cosine;
        Some(now)
    });
    let sum: f64 = terms.take(degrees / 2).sum();
    if odd { (angle + sine * sum) / FRAC_PI_2 } else { sine * sum }
}

/// What one unit (a process, a round) says by itself, and its part of all samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) weight: f64,
    pub(crate) estimate: f64,
}

/// The standard error of the weighted mean of `values`, one per unit, from how they differ. `None` for one unit.
///
/// For units of equal weight it is s / √k. Otherwise it is the estimate for a mean over unequal clusters
/// (Cochran, "Sampling Techniques", 3rd edition, 1977, section 9A.3).
pub(crate) fn standard_error(values: &[Share]) -> Option<f64> {
    let units = values.len();
    let mean: f64 = values.iter().map(|unit| unit.weight * unit.estimate).sum();
    let squares: f64 = values.iter().map(|unit| (unit.weight * (unit.estimate - mean)).powi(2)).sum();
    (units > 1).then(|| (squares * units as f64 / (units - 1) as f64).sqrt())
}

/// Student's interval around `value` from the same figure of each unit, in the domain of logarithms: noise and
/// disturbances are in proportion to time, and no end is negative. Where a figure is zero, in plain numbers.
/// `None` for one unit.
pub(crate) fn around(value: f64, units: &[Share], confidence: f64) -> Option<Interval> {
    let reach = two_sided(confidence, units.len().saturating_sub(1));
    if value > 0.0 && units.iter().all(|unit| unit.estimate > 0.0) {
        let logs: Vec<Share> =
            units.iter().map(|unit| Share { estimate: unit.estimate.ln(), ..*unit }).collect();
        let factor = (reach * standard_error(&logs)?).exp();
        return Some(Interval { low: value / factor, high: value * factor });
    }
    let half = reach * standard_error(units)?;
    Some(Interval { low: (value - half).max(0.0), high: value + half })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_from_the_table() {
        // One degree is Cauchy's distribution: tan(0.475 π) = 12.706; two degrees: (2p − 1) / √(2p(1 − p)) = 4.3027
        // for p = 0.975. The others are printed in every book.
        for (p, degrees, expected) in [
            (0.975, 1, 12.7062),
            (0.975, 2, 4.302_65),
            (0.975, 3, 3.182_45),
            (0.975, 4, 2.776_45),
            (0.975, 5, 2.570_58),
            (0.975, 9, 2.262_16),
            (0.975, 20, 2.085_96),
            (0.975, 100, 1.983_97),
            (0.8, 4, 0.940_97),
            (0.99, 4, 3.746_95),
            (0.995, 1, 63.6567),
        ] {
            assert!(
                (quantile(p, degrees) / expected - 1.0).abs() < 1e-5,
                "{p}, {degrees}: {}",
                quantile(p, degrees)
            );
        }
        assert!((quantile(0.975, usize::MAX) - 1.962_34).abs() < 1e-4);
        assert_eq!(quantile(0.975, 0), f64::INFINITY);
        assert_eq!(quantile(0.5, 7).round(), 0.0);
    }

    #[test]
    fn an_interval_by_hand() {
        // Logarithms 0, 1 and 2: mean 1, s = 1, standard error 1/√3, t(2) = 4.30265: e^(1 ± 2.48414).
        let units = [0.0f64, 1.0, 2.0].map(|log| Share { weight: 1.0 / 3.0, estimate: log.exp() });
        let interval = around(1f64.exp(), &units, 0.95).unwrap();
        assert!((interval.low.ln() - (1.0 - 2.484_14)).abs() < 1e-4, "{interval:?}");
        assert!((interval.high.ln() - (1.0 + 2.484_14)).abs() < 1e-4, "{interval:?}");
        assert!(around(1.0, &units[..1], 0.95).is_none());
    }

    #[test]
    fn zeros_are_in_plain_numbers() {
        // 0, 1 and 2 again, but as they are: 1 ± 2.484, and no time is negative.
        let units = [0.0, 1.0, 2.0].map(|estimate| Share { weight: 1.0 / 3.0, estimate });
        let interval = around(1.0, &units, 0.95).unwrap();
        assert!(interval.low == 0.0 && (interval.high - 3.484_14).abs() < 1e-4, "{interval:?}");
    }
}
