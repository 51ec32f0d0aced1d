//! The chi-squared distribution: how far a standard deviation of few values may be off.

/// By which factor a standard deviation, estimated with so many degrees of freedom, has to be multiplied to be as
/// often above the true one as below.
pub(crate) fn median_deviation_factor(degrees: usize) -> f64 {
    (degrees as f64 / quantile(0.5, degrees)).sqrt()
}

/// The `p`-quantile of the distribution with so many degrees of freedom, one at least.
fn quantile(p: f64, degrees: usize) -> f64 {
    // The mean is the degrees, the variance twice as much: all that matters lies within.
    let (mut low, mut high) = (0.0, degrees as f64 + 20.0 * (2.0 * degrees as f64).sqrt());
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if below(middle, degrees) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The probability of less than `x`: the regularised incomplete gamma function of degrees / 2 and x / 2, by its series
/// (Abramowitz and Stegun, "Handbook of Mathematical Functions", 6.5.29).
fn below(x: f64, degrees: usize) -> f64 {
    /// A term this small changes nothing.
    const NEGLIGIBLE: f64 = 1e-17;
    let (a, x) = (degrees as f64 / 2.0, x / 2.0);
    if x <= 0.0 {
        return 0.0;
    }
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1.. {
        term *= x / (a + n as f64);
        sum += term;
        if term < NEGLIGIBLE * sum {
            break;
        }
    }
    (a * x.ln() - x - log_gamma_of_half(degrees + 2)).exp() * sum
}

/// The logarithm of Γ(twice / 2), from Γ(1) = 1, Γ(1/2) = √π and Γ(a + 1) = a Γ(a).
fn log_gamma_of_half(twice: usize) -> f64 {
    let (start, first) =
        if twice.is_multiple_of(2) { (2, 0.0) } else { (1, std::f64::consts::PI.ln() / 2.0) };
    (start..twice).step_by(2).fold(first, |sum, factor| sum + (factor as f64 / 2.0).ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_from_the_table() {
        // Two degrees are an exponential distribution: −2 ln(1 − p). One degree is the square of a normal variable:
        // 1.959964² = 3.84146 at 95 %. The others are printed in every book.
        for (p, degrees, expected) in [
            (0.975, 2, -2.0 * 0.025f64.ln()),
            (0.95, 1, 3.841_459),
            (0.025, 1, 0.000_982_07),
            (0.025, 4, 0.484_42),
            (0.975, 4, 11.143_29),
            (0.025, 9, 2.700_39),
            (0.975, 100, 129.561_2),
        ] {
            assert!(
                (quantile(p, degrees) / expected - 1.0).abs() < 1e-4,
                "{p}, {degrees}: {}",
                quantile(p, degrees)
            );
        }
        assert!((quantile(0.5, 5000) - 4999.333).abs() < 0.01);
    }

    #[test]
    fn the_median_of_two_degrees_is_exponential() {
        // √(2 / (2 ln 2))
        assert!((median_deviation_factor(2) - (1.0 / 2f64.ln()).sqrt()).abs() < 1e-9);
    }
}
