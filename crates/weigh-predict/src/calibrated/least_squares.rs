//! Least squares with coefficients that are not negative: amounts of work cannot take time away.

/// Coefficients `x ≥ 0` that make the sum of (1 − Σ rowᵢ·x)² over the rows least: rows are divided by what they are to
/// give, so that errors are relative. Coordinate descent, which converges as the problem is convex; deterministic.
pub(super) fn relative<const N: usize>(rows: &[[f64; N]], targets: &[f64]) -> [f64; N] {
    let scaled: Vec<[f64; N]> =
        rows.iter().zip(targets).map(|(row, target)| row.map(|term| term / target)).collect();
    let mut products = [[0.0; N]; N];
    let mut sums = [0.0; N];
    for row in &scaled {
        for (i, a) in row.iter().enumerate() {
            sums[i] += a;
            for (j, b) in row.iter().enumerate() {
                products[i][j] += a * b;
            }
        }
    }
    let mut x = [0.0; N];
    for _ in 0..SWEEPS {
        let mut moved = 0.0f64;
        for i in 0..N {
            if products[i][i] <= 0.0 {
                continue;
            }
            let others: f64 = (0..N).filter(|j| *j != i).map(|j| products[i][j] * x[j]).sum();
            let next = ((sums[i] - others) / products[i][i]).max(0.0);
            moved = moved.max((next - x[i]).abs() * products[i][i].sqrt());
            x[i] = next;
        }
        if moved < TOLERANCE {
            break;
        }
    }
    x
}

const SWEEPS: usize = 20_000;
const TOLERANCE: f64 = 1e-10;

#[cfg(test)]
mod tests {
    use super::*;

    /// t = 2 + 3a is met exactly; the second term is of no use and gets nothing.
    #[test]
    fn what_can_be_met_is_met() {
        let rows = [[1.0, 1.0, 5.0], [1.0, 2.0, 1.0], [1.0, 4.0, 7.0], [1.0, 8.0, 2.0]];
        let targets = [5.0, 8.0, 14.0, 26.0];
        let x = relative(&rows, &targets);
        assert!((x[0] - 2.0).abs() < 1e-6 && (x[1] - 3.0).abs() < 1e-6 && x[2].abs() < 1e-6, "{x:?}");
    }

    /// Without the bound the slope would be negative: the best that is left is a constant, and the least relative
    /// errors about it are at Σ(1/t) / Σ(1/t²) = (1/2 + 1/1) / (1/4 + 1) = 1.2.
    #[test]
    fn no_coefficient_is_negative() {
        let x = relative(&[[1.0, 1.0], [1.0, 2.0]], &[2.0, 1.0]);
        assert_eq!(x[1], 0.0);
        assert!((x[0] - 1.2).abs() < 1e-9, "{x:?}");
    }
}
