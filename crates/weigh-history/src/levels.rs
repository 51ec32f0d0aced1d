//! The level of a stretch of runs, and the ratio of two levels, with intervals.
//!
//! All of it is in the domain of logarithms: what slows a machine slows it in proportion, and no end is negative. A run
//! weighs the less the wider its own interval is. Neighbouring stretches are taken to be equally noisy.

use weigh_measure::student;

use crate::change_points::Run;
use crate::energy_distance::Points;

/// The confidence of the intervals that are shown.
const CONFIDENCE: f64 = 0.95;
/// The confidence of an interval whose distance from 1 claims a difference.
const CLAIM: f64 = 0.98;
/// A standard normal variable is within this of 0 half of the time.
const HALF: f64 = 0.6745;

/// A stretch of runs: its weight, its weighted mean, and the sum of weighted squares around that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) mean: f64,
    pub(crate) squares: f64,
    weight: f64,
    count: usize,
}

/// How two levels differ, as the logarithm of their ratio.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Difference {
    pub(crate) log: f64,
    error: f64,
    degrees: usize,
}

/// The logarithms of runs, and what each of them weighs: about 1, and the less the wider its own interval is beside what
/// runs usually differ by.
pub(crate) fn points(runs: &[Run]) -> Points {
    let values: Vec<f64> = runs.iter().map(|run| run.value.ln()).collect();
    let own: Vec<Option<f64>> = runs.iter().map(variance).collect();
    let known: Vec<f64> = own.iter().copied().flatten().collect();
    let typical = median(known).unwrap_or(0.0);
    let steps: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    // Of two runs the variances add up.
    let usual = (median(steps).unwrap_or(0.0) / HALF).powi(2) / 2.0;
    let floor = usual.max(typical);
    if floor <= 0.0 {
        return Points { weights: vec![1.0; values.len()], values };
    }
    let weights: Vec<f64> = own.into_iter().map(|own| 1.0 / (floor + own.unwrap_or(typical))).collect();
    let usual = median(weights.clone()).unwrap_or(1.0);
    Points { weights: weights.into_iter().map(|weight| weight / usual).collect(), values }
}

/// The variance of a run's logarithm, as its interval tells.
fn variance(run: &Run) -> Option<f64> {
    let [low, high] = run.interval.filter(|[low, high]| *low > 0.0 && high >= low && high.is_finite())?;
    let degrees = run.processes.map_or(usize::MAX, |processes| (processes as usize).saturating_sub(1).max(1));
    let error = (high / low).ln() / 2.0 / student::two_sided(CONFIDENCE, degrees);
    Some(error * error)
}

/// The middle, or the mean of both middles.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        even if even.is_multiple_of(2) => Some((values[middle - 1] + values[middle]) / 2.0),
        _ => Some(values[middle]),
    }
}

impl Stretch {
    /// Of the points from `first` to before `end`; `None` where there are none.
    pub(crate) fn of(points: &Points, first: usize, end: usize) -> Option<Stretch> {
        let (values, weights) = (points.values.get(first..end)?, points.weights.get(first..end)?);
        let weight: f64 = weights.iter().sum();
        let mean = values.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>() / weight;
        let squares = values.iter().zip(weights).map(|(value, weight)| weight * (value - mean).powi(2)).sum();
        (!values.is_empty()).then_some(Stretch { mean, squares, weight, count: values.len() })
    }

    /// The level, and its interval at the noise that all of the stretches have together.
    pub(crate) fn level(&self, all: &[Stretch]) -> (f64, Option<[f64; 2]>) {
        let level = self.mean.exp();
        let interval = noise(all).map(|(variance, degrees)| {
            let reach = student::two_sided(CONFIDENCE, degrees) * (variance / self.weight).sqrt();
            [(self.mean - reach).exp(), (self.mean + reach).exp()]
        });
        (level, interval)
    }

    /// How the level of another one differs; `None` where one run each says nothing of noise.
    pub(crate) fn to(&self, other: &Stretch) -> Option<Difference> {
        let (variance, degrees) = noise(&[*self, *other])?;
        let error = (variance * (1.0 / self.weight + 1.0 / other.weight)).sqrt();
        Some(Difference { log: other.mean - self.mean, error, degrees })
    }
}

/// The variance of a run of weight 1 around its level, and its degrees of freedom.
pub(crate) fn noise(all: &[Stretch]) -> Option<(f64, usize)> {
    let degrees = all.iter().map(|stretch| stretch.count - 1).sum::<usize>();
    let squares: f64 = all.iter().map(|stretch| stretch.squares).sum();
    (degrees > 0).then(|| (squares / degrees as f64, degrees))
}

impl Difference {
    /// The ratio of the levels.
    pub(crate) fn ratio(&self) -> f64 {
        self.log.exp()
    }

    /// Its interval.
    pub(crate) fn interval(&self) -> [f64; 2] {
        let reach = student::two_sided(CONFIDENCE, self.degrees) * self.error;
        [(self.log - reach).exp(), (self.log + reach).exp()]
    }

    /// Whether it is more than noise, and large enough to matter: more than the part `same`.
    pub(crate) fn counts(&self, same: f64) -> bool {
        self.log.abs() > student::two_sided(CLAIM, self.degrees) * self.error && self.log.abs() > same.ln_1p()
    }

    /// How many standard errors it is.
    pub(crate) fn strength(&self) -> f64 {
        self.log.abs() / self.error.max(f64::MIN_POSITIVE)
    }
}

/// Level after / level before of runs that are known to differ in something, with its interval. `None` where a side has
/// fewer than two runs.
pub fn ratio(before: &[Run], after: &[Run]) -> Option<(f64, [f64; 2])> {
    if before.len() < 2 || after.len() < 2 {
        return None;
    }
    let both: Vec<Run> = before.iter().chain(after).copied().collect();
    let points = points(&both);
    let (a, b) = (Stretch::of(&points, 0, before.len())?, Stretch::of(&points, before.len(), both.len())?);
    let difference = a.to(&b)?;
    Some((difference.ratio(), difference.interval()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: f64) -> Run {
        Run { value, interval: None, processes: None }
    }

    #[test]
    fn a_ratio_by_hand() {
        // Logarithms 0, 2 and 4, 6: means 1 and 5, squares 2 and 2, variance 4/2 = 2 of 2 degrees; standard error
        // √(2 (1/2 + 1/2)) = √2; t(2) = 4.30265.
        let runs = [0.0f64, 2.0, 4.0, 6.0].map(|log| run(log.exp()));
        let (ratio, [low, high]) = ratio(&runs[..2], &runs[2..]).unwrap();
        assert!((ratio.ln() - 4.0).abs() < 1e-9);
        assert!((low.ln() - (4.0 - 4.302_65 * 2f64.sqrt())).abs() < 1e-4);
        assert!((high.ln() - (4.0 + 4.302_65 * 2f64.sqrt())).abs() < 1e-4);
        assert!(super::ratio(&runs[..1], &runs[1..]).is_none());
    }

    #[test]
    fn a_run_weighs_the_less_the_wider_its_interval() {
        let sure =
            |value: f64| Run { value, interval: Some([value * 0.99, value / 0.99]), processes: Some(5) };
        let unsure = Run { value: 2.0, interval: Some([1.0, 4.0]), processes: Some(5) };
        let mut runs: Vec<Run> = [1.0, 1.01, 0.99, 1.0, 1.02].map(sure).into();
        runs.push(unsure);
        let weights = points(&runs).weights;
        assert!(weights[..5].iter().all(|weight| (0.9..=1.1).contains(weight)), "{weights:?}");
        assert!(weights[5] < 0.01, "{weights:?}");
        // What nobody knows counts as usual; all alike weigh alike.
        let alike = points(&[run(3.0), run(3.0), run(3.0)]);
        assert_eq!(alike.weights, [1.0; 3]);
    }
}
