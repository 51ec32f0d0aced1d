//! How unlike two neighbouring stretches of a series are, by the energy distance, and where they are most unlike.
//!
//! The distance is twice the mean distance between points of both stretches less the mean distances within each
//! (Székely and Rizzo 2005). It grows with the distance, not with its square, so one outlier does not make it. Points have
//! weights: a mean is over pairs, each pair weighing the product of its two.

/// Fewer points make no stretch.
pub(crate) const LEAST: usize = 2;

/// Points in the order in which they were taken.
#[derive(Clone, Debug)]
pub(crate) struct Points {
    pub(crate) values: Vec<f64>,
    pub(crate) weights: Vec<f64>,
}

/// Where points part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Split {
    /// Position of the first point of the second stretch.
    pub(crate) at: usize,
    /// How unlike the stretches are, scaled so that chance makes it as large at every position.
    pub(crate) strength: f64,
}

/// Sums over all pairs of points in front of two positions, so that any stretch is a difference of a few of them.
struct Sums {
    /// `(n + 1)²` sums of weighted distances, by row.
    distances: Vec<f64>,
    /// `n + 1` sums of weights.
    weights: Vec<f64>,
}

impl Sums {
    fn new(points: &Points, order: &[usize]) -> Sums {
        let side = order.len() + 1;
        let mut distances = vec![0.0; side * side];
        let mut weights = vec![0.0; side];
        for (row, &i) in order.iter().enumerate() {
            weights[row + 1] = weights[row] + points.weights[i];
            let mut along = 0.0;
            for (column, &j) in order.iter().enumerate() {
                let distance = (points.values[i] - points.values[j]).abs();
                along += points.weights[i] * points.weights[j] * distance;
                distances[(row + 1) * side + column + 1] = distances[row * side + column + 1] + along;
            }
        }
        Sums { distances, weights }
    }

    fn to(&self, row: usize, column: usize) -> f64 {
        self.distances[row * self.weights.len() + column]
    }

    /// How unlike the points up to `at` are to those from there up to `end`.
    fn strength(&self, at: usize, end: usize) -> f64 {
        let (first, both) = (self.weights[at], self.weights[end]);
        let second = both - first;
        let between = self.to(at, end) - self.to(at, at);
        let within_first = self.to(at, at);
        let within_second = self.to(end, end) - 2.0 * self.to(at, end) + self.to(at, at);
        let distance = 2.0 * between / (first * second)
            - within_first / (first * first)
            - within_second / (second * second);
        first * second / both * distance
    }
}

/// The split that parts the points best where they come in this order. The second stretch may end before the last point,
/// so that a level that comes back is found too.
pub(crate) fn best(points: &Points, order: &[usize]) -> Option<Split> {
    let sums = Sums::new(points, order);
    let ends = 2 * LEAST..=order.len();
    let splits = ends.flat_map(|end| (LEAST..=end - LEAST).map(move |at| (at, end)));
    strongest(splits.map(|(at, end)| Split { at, strength: sums.strength(at, end) }))
}

/// Of equals the first.
fn strongest(splits: impl Iterator<Item = Split>) -> Option<Split> {
    splits.reduce(|best, split| if split.strength > best.strength { split } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Points {
        Points { values: values.to_vec(), weights: vec![1.0; values.len()] }
    }

    #[test]
    fn a_step_by_hand() {
        // Two zeros and two ones: between 1, within 0: distance 2, times 2 · 2 / 4.
        let step = points(&[0.0, 0.0, 1.0, 1.0]);
        assert_eq!(best(&step, &[0, 1, 2, 3]), Some(Split { at: 2, strength: 2.0 }));
        // Alternating: between (0 + 1 + 1 + 0)/4, within 2/4 each: 1 − 1/2 − 1/2.
        assert_eq!(best(&step, &[0, 2, 1, 3]), Some(Split { at: 2, strength: 0.0 }));
        assert_eq!(best(&step, &[0, 1, 2]), None);
    }

    #[test]
    fn a_level_that_comes_back_is_found() {
        let bump = points(&[0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 0.0, 0.0, 0.0]);
        let order: Vec<usize> = (0..9).collect();
        // Three of each: distance 10, times 9/6.
        assert_eq!(best(&bump, &order), Some(Split { at: 3, strength: 15.0 }));
    }

    #[test]
    fn a_point_counts_as_much_as_its_weight() {
        // A weight of 2 is two points.
        let double = Points { values: vec![0.0, 1.0, 3.0, 4.0], weights: vec![2.0, 1.0, 1.0, 1.0] };
        let twice = points(&[0.0, 0.0, 1.0, 3.0, 4.0]);
        let (one, other) = (Sums::new(&double, &[0, 1, 2, 3]), Sums::new(&twice, &[0, 1, 2, 3, 4]));
        assert!((one.strength(2, 4) - other.strength(3, 5)).abs() < 1e-12);
    }
}
