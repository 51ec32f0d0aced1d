//! The interval of a mean plus something that grows with a variance, both known from a few units only.
//!
//! Both uncertainties have the same source: of k normal values the mean is off by Z · s / (√k · g) and the standard
//! deviation is s / g, where Z is normal and g² is chi-squared over its degrees of freedom. So mean + growth(1 / g²) +
//! Z · s / (√k · g) has a distribution that can be computed, and its quantiles are the interval's ends: a generalized
//! confidence interval (Weerahandi, "Generalized confidence intervals", JASA 88, 1993; for a mean plus a multiple of a
//! variance: Krishnamoorthy and Mathew, "Inferences on the means of lognormal distributions using generalized p-values
//! and generalized confidence intervals", Journal of Statistical Planning and Inference 115, 2003).

use crate::statistics::Interval;

/// The interval of mean + growth(true variance / estimated variance), where the mean has that standard error with so
/// many degrees of freedom, one at least.
pub(crate) fn interval(
    mean: f64,
    error: f64,
    degrees: usize,
    confidence: f64,
    growth: impl Fn(f64) -> f64,
) -> Interval {
    /// Enough for an end's distance to within a percent or two.
    const NODES: usize = 100;
    const HALVINGS: usize = 30;
    let nu = degrees as f64;
    // Values of g up to six of its standard deviations above 1, closer to one another near zero, where the ends are
    // made; with their weights: the density of g is in proportion to g^(ν − 1) · exp(−ν g² / 2).
    let most = 1.0 + 6.0 / (2.0 * nu).sqrt();
    let node = |node: usize| {
        let part = (node as f64 + 0.5) / NODES as f64;
        let g = most * part * part;
        let density = ((nu - 1.0) * g.ln() - nu / 2.0 * (g * g - 1.0)).exp();
        (g, density * part, mean + growth(1.0 / (g * g)))
    };
    let nodes: Vec<(f64, f64, f64)> = (0..NODES).map(node).collect();
    let whole: f64 = nodes.iter().map(|node| node.1).sum();
    let below = |x: f64| {
        let parts = nodes.iter().map(|(g, weight, centre)| weight * normal_below((x - centre) * g / error));
        parts.sum::<f64>() / whole
    };
    let end = |p: f64| {
        let (mut low, mut high) = (mean - 50.0 * error, mean + 50.0 * error);
        while below(high) < p && high.is_finite() {
            high += 2.0 * (high - low);
        }
        while below(low) > p && low.is_finite() {
            low -= 2.0 * (high - low);
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if below(middle) < p { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    Interval { low: end(0.5 - confidence / 2.0), high: end(0.5 + confidence / 2.0) }
}

/// The normal distribution's integral, to within 10^-7 (Abramowitz and Stegun, "Handbook of Mathematical Functions",
/// 26.2.17).
fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let polynomial = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530]
        .iter()
        .fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    let above = polynomial * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z < 0.0 { above } else { 1.0 - above }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::student;

    #[test]
    fn the_normal_distribution_from_the_table() {
        for (z, expected) in [(0.0, 0.5), (1.0, 0.841_344_75), (-1.959_964, 0.025), (3.0, 0.998_650_1)] {
            assert!((normal_below(z) - expected).abs() < 1e-7, "{z}");
        }
    }

    #[test]
    fn without_growth_it_is_students_interval() {
        for degrees in [1, 2, 4, 9, 100] {
            let interval = interval(3.0, 0.1, degrees, 0.95, |_| 0.0);
            let half = 0.1 * student::two_sided(0.95, degrees);
            assert!(((interval.high - 3.0) / half - 1.0).abs() < 0.01, "{degrees}: {interval:?}");
            assert!(((3.0 - interval.low) / half - 1.0).abs() < 0.01, "{degrees}: {interval:?}");
        }
    }

    #[test]
    fn with_nothing_but_growth_it_is_that_of_the_variance() {
        // 4 / 11.14329 and 4 / 0.484419 times the estimated variance.
        let interval = interval(0.0, 1e-6, 4, 0.95, |variance| variance);
        assert!((interval.low - 0.358_96).abs() < 0.01, "{interval:?}");
        assert!((interval.high / 8.257_3 - 1.0).abs() < 0.03, "{interval:?}");
    }
}
