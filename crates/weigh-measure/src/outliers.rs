//! Times far from the others: counted and told, never dropped.
//!
//! A slow run is part of what a model costs here, so every statistic holds it. But where slow runs come in bunches, in
//! one round or one process, something disturbed the measurement. Distance is counted in robust standard deviations
//! from the median: |x − median| / (1.4826 · MAD), where MAD is the median of all such differences. Beyond 3.5 a time
//! is an outlier (Iglewicz and Hoaglin, "How to detect and handle outliers", ASQC 1993), beyond 10 a severe one:
//! 14.8 MAD, which no normal noise reaches. Where more than half of the times are the same, the mean difference stands
//! in for their median, as 1.2533 · mean difference (the same source).

use serde::{Deserialize, Serialize};

use crate::observations::Observations;
use crate::statistics::middle;

/// Beyond so many robust standard deviations a time is an outlier.
pub const MILD: f64 = 3.5;
/// Beyond so many it is a severe one.
pub const SEVERE: f64 = 10.0;

/// How many times lie how far out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Severely shorter than the others.
    pub severe_low: usize,
    /// Shorter.
    pub mild_low: usize,
    /// Longer.
    pub mild_high: usize,
    /// Severely longer.
    pub severe_high: usize,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> usize {
        self.severe_low + self.mild_low + self.mild_high + self.severe_high
    }

    fn add(&mut self, distance: f64) {
        let count = match distance {
            d if d > SEVERE => &mut self.severe_high,
            d if d > MILD => &mut self.mild_high,
            d if d < -SEVERE => &mut self.severe_low,
            d if d < -MILD => &mut self.mild_low,
            _ => return,
        };
        *count += 1;
    }
}

/// A round that holds outliers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundOutliers {
    /// The process's number, from 0.
    pub process: usize,
    /// The round's number in it, from 0.
    pub round: usize,
    /// How many samples the round has.
    pub samples: usize,
    /// How many of them are outliers.
    pub counts: Counts,
}

/// The outliers of a measurement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outliers {
    /// Of all samples together.
    pub counts: Counts,
    /// The rounds that hold any, in order.
    pub rounds: Vec<RoundOutliers>,
}

impl Outliers {
    /// The outliers among these times.
    pub fn of(observed: &Observations) -> Outliers {
        let scale = Scale::of(observed.all().samples());
        let mut outliers = Outliers::default();
        for (process, rounds) in observed.processes().iter().enumerate() {
            for (round, times) in rounds.iter().enumerate() {
                let mut counts = Counts::default();
                for &time in times {
                    counts.add(scale.distance(time));
                    outliers.counts.add(scale.distance(time));
                }
                if counts.total() > 0 {
                    outliers.rounds.push(RoundOutliers { process, round, samples: times.len(), counts });
                }
            }
        }
        outliers
    }
}

/// A centre and a robust standard deviation.
struct Scale {
    median: f64,
    deviation: f64,
}

impl Scale {
    fn of(times: &[f64]) -> Scale {
        /// From the median of absolute differences to the standard deviation of a normal distribution: 1 / Φ⁻¹(3/4).
        const FROM_MEDIAN: f64 = 1.4826;
        /// From their mean: √(π / 2).
        const FROM_MEAN: f64 = 1.253_314;
        let median = middle(times);
        let differences: Vec<f64> = times.iter().map(|time| (time - median).abs()).collect();
        let deviation = match middle(&differences) {
            mad if mad > 0.0 => FROM_MEDIAN * mad,
            _ => FROM_MEAN * differences.iter().sum::<f64>() / differences.len().max(1) as f64,
        };
        Scale { median, deviation }
    }

    /// In deviations from the median; 0 where nothing deviates.
    fn distance(&self, time: f64) -> f64 {
        if self.deviation > 0.0 { (time - self.median) / self.deviation } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_by_hand() {
        // The median is 11, the differences are 3 2 1 0 1, 3 2, 8 30: MAD 2, deviation 2.9652. 19 is 2.7 of them
        // away, 41 is 10.1.
        let observed = Observations::new(vec![
            vec![vec![8.0, 9.0, 10.0, 11.0, 12.0]],
            vec![vec![8.0, 13.0], vec![19.0, 41.0]],
        ])
        .unwrap();
        let outliers = Outliers::of(&observed);
        assert_eq!(outliers.counts, Counts { severe_high: 1, ..Counts::default() });
        let expected = RoundOutliers { process: 1, round: 1, samples: 2, counts: outliers.counts };
        assert_eq!(outliers.rounds, [expected]);
    }

    #[test]
    fn either_side_and_either_degree() {
        // MAD 1: mild from 5.19, severe from 14.826 on.
        let around = [99.0, 99.0, 99.0, 100.0, 101.0, 101.0, 101.0, 94.0, 85.0, 106.0, 115.0];
        let outliers = Outliers::of(&Observations::new(vec![vec![around.to_vec()]]).unwrap());
        assert_eq!(outliers.counts, Counts { severe_low: 1, mild_low: 1, mild_high: 1, severe_high: 1 });
        assert_eq!(outliers.counts.total(), 4);
    }

    #[test]
    fn where_most_are_the_same_the_mean_difference_counts() {
        // 99 times 10 and one 20: mean difference 0.1, deviation 0.1253, so 20 is 80 of them away.
        let mut times = vec![10.0; 99];
        times.push(20.0);
        let outliers = Outliers::of(&Observations::new(vec![vec![times]]).unwrap());
        assert_eq!(outliers.counts, Counts { severe_high: 1, ..Counts::default() });
        let same = Observations::new(vec![vec![vec![10.0; 5]]]).unwrap();
        assert_eq!(Outliers::of(&same), Outliers::default());
    }
}
