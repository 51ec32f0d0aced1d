//! Times in their nest of process, round and iteration, and what they say together.
//!
//! Iterations one after the other are not independent: a process keeps the memory layout it started with, a round
//! keeps the clock frequency and the neighbours it had. So an interval made of iterations promises too much. What is
//! independent is a fresh process, and intervals are made of those (Kalibera and Jones, "Quantifying performance
//! changes with effect size confidence intervals", arXiv:2007.10899; Hoefler and Belli, SC'15, section 4.1.2):
//!
//! - The *estimate* is always the order statistic, or the mean, of all samples together.
//! - *Median and mean*: Student's t over what each process says by itself, in the domain of logarithms, with one
//!   degree of freedom fewer than there are processes.
//! - *Tail percentiles*: the same, plus what pooling adds. Where processes differ, the percentile of all samples lies
//!   further out than what processes say on average, by a figure that grows with the variance between them. Of that
//!   variance few processes tell little, so the interval is that of a mean and a growing variance together: a
//!   generalized confidence interval (Weerahandi 1993), longer outwards than inwards.
//!
//! With one process its rounds stand for processes; with one round its iterations do. [`Observations::notes`] says so.

mod generalized;

use crate::note::Note;
use crate::statistics::{CONFIDENCE, Distribution, Interval, Percentile, Quantile, middle};
use crate::student::{self, Share};
use crate::throughput::{Throughput, per_second};

/// What intervals take as independent of one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Processes: two or more of them.
    Process,
    /// Rounds of the only process.
    Round,
    /// Iterations of the only round.
    Iteration,
}

/// Times in milliseconds, by process, round and iteration.
#[derive(Clone, Debug, PartialEq)]
pub struct Observations {
    processes: Vec<Vec<Vec<f64>>>,
    all: Distribution,
}

impl Observations {
    /// These times in milliseconds, by process, then round, then iteration. Rounds and processes without any are left
    /// out. `None` where nothing is left, or a time is negative or not finite.
    pub fn new(processes: Vec<Vec<Vec<f64>>>) -> Option<Observations> {
        let processes: Vec<Vec<Vec<f64>>> = processes
            .into_iter()
            .map(|rounds| rounds.into_iter().filter(|round| !round.is_empty()).collect::<Vec<_>>())
            .filter(|rounds| !rounds.is_empty())
            .collect();
        let all: Vec<f64> = processes.iter().flatten().flatten().copied().collect();
        if all.iter().any(|&time| time < 0.0) {
            return None;
        }
        Some(Observations { processes, all: Distribution::new(all)? })
    }

    /// The times by process, then round, then iteration.
    pub fn processes(&self) -> &[Vec<Vec<f64>>] {
        &self.processes
    }

    /// All times, out of their nest.
    pub fn all(&self) -> &Distribution {
        &self.all
    }

    /// How many samples there are: at least one.
    pub fn count(&self) -> usize {
        self.all.count()
    }

    /// The shortest time: what the work costs where nothing disturbs it.
    pub fn min(&self) -> f64 {
        self.all.min()
    }

    /// The longest time.
    pub fn max(&self) -> f64 {
        self.all.max()
    }

    /// The sum of the times divided by their number.
    pub fn mean(&self) -> f64 {
        self.all.mean()
    }

    /// The standard deviation of all times about their mean, with n − 1; `None` for one sample.
    pub fn stddev(&self) -> Option<f64> {
        self.all.stddev()
    }

    /// What the intervals take as independent.
    pub fn unit(&self) -> Unit {
        match self.processes.as_slice() {
            [rounds] if rounds.len() == 1 => Unit::Iteration,
            [_] => Unit::Round,
            _ => Unit::Process,
        }
    }

    /// What to know beside the intervals.
    pub fn notes(&self) -> Vec<Note> {
        match self.unit() {
            Unit::Process => Vec::new(),
            Unit::Round => vec![Note::OneProcess],
            Unit::Iteration => vec![Note::OneRound],
        }
    }

    /// The median: [`Observations::percentile`] of [`Quantile::P50`].
    pub fn median(&self) -> Percentile {
        self.percentile(Quantile::P50)
    }

    /// The order statistic of all samples for that quantile with its confidence interval, or why there is none.
    pub fn percentile(&self, quantile: Quantile) -> Percentile {
        let pooled = self.all.percentile(quantile);
        let (Some(value), false) = (pooled.value(), self.unit() == Unit::Iteration) else {
            return pooled;
        };
        let units = self.shares(|samples| quantile.of(samples));
        let interval = if quantile == Quantile::P50 {
            student::around(value, &units, CONFIDENCE)
        } else {
            tail(value, &units, &self.shares(middle))
        };
        interval.map_or(pooled, |interval| Percentile::Estimated { value, interval })
    }

    /// How many times as wide the median's interval is as it would be if all samples were independent. `None` where
    /// either is refused or has no width. 1.4 is usual for five processes that do not differ at all, as that is what
    /// so few cost.
    pub fn widening(&self) -> Option<f64> {
        let width =
            |percentile: Percentile| percentile.interval().map(|interval| interval.high - interval.low);
        let (own, alone) = (width(self.median())?, width(self.all.median())?);
        (own > 0.0 && alone > 0.0).then(|| own / alone)
    }

    /// Samples per second at that many samples per time. The interval treats processes as [`Observations::unit`] says.
    pub fn throughput(&self, batch: u64) -> Throughput {
        let mean = self.mean();
        if self.unit() == Unit::Iteration || mean == 0.0 {
            return Throughput::of(&self.all, batch);
        }
        let average = |samples: &[f64]| samples.iter().sum::<f64>() / samples.len() as f64;
        let interval = student::around(mean, &self.shares(average), CONFIDENCE);
        let interval = interval
            .map(|times| Interval { low: per_second(batch, times.high), high: per_second(batch, times.low) });
        Throughput { per_second: per_second(batch, mean), interval }
    }

    /// What each unit says by itself, weighted with its samples.
    fn shares(&self, estimate: impl Fn(&[f64]) -> f64) -> Vec<Share> {
        let share = |samples: &[f64]| Share {
            weight: samples.len() as f64 / self.count() as f64,
            estimate: estimate(samples),
        };
        match self.processes.as_slice() {
            [rounds] => rounds.iter().map(|round| share(round)).collect(),
            processes => processes.iter().map(|rounds| share(&rounds.concat())).collect(),
        }
    }
}

/// The interval of a percentile of all samples together, `value`, from what each unit says of it and of the median by
/// itself. `None` for one unit.
///
/// On the scale of logarithms, let the percentile be h away from the median within units, and h + a in all samples
/// together. As variances add, (h + a)² is h² and a part in proportion to the variance between units, so that part is
/// 2ha + a² now, and √(h² + f (2ha + a²)) − h is what pooling adds where that variance is f times as large.
fn tail(value: f64, units: &[Share], medians: &[Share]) -> Option<Interval> {
    let mean = |units: &[Share]| units.iter().map(|unit| unit.weight * unit.estimate.ln()).sum::<f64>();
    let (centre, median) = (mean(units), mean(medians));
    if !(centre.is_finite() && median.is_finite() && value > 0.0) {
        return student::around(value, units, CONFIDENCE);
    }
    let degrees = units.len().checked_sub(1).filter(|&degrees| degrees > 0)?;
    let logs: Vec<Share> = units.iter().map(|unit| Share { estimate: unit.estimate.ln(), ..*unit }).collect();
    let error = student::standard_error(&logs)?;
    let (way, within) = ((centre - median).signum(), (centre - median).abs());
    let added = way * (value.ln() - centre);
    let between = 2.0 * within * added + added * added;
    let interval = if error > 0.0 && added > 0.0 {
        let growth = |variance: f64| way * ((within * within + variance * between).sqrt() - within);
        generalized::interval(centre, error, degrees, CONFIDENCE, growth)
    } else {
        // Less than nothing is noise, and as uncertain as it is large.
        let reach = (student::two_sided(CONFIDENCE, degrees) * error).hypot(added);
        let centre = centre + way * added;
        Interval { low: centre - reach, high: centre + reach }
    };
    Some(Interval { low: interval.low.exp().min(value), high: interval.high.exp().max(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(processes: &[&[&[f64]]]) -> Observations {
        let rounds = |rounds: &[&[f64]]| rounds.iter().map(|round| round.to_vec()).collect();
        Observations::new(processes.iter().map(|process| rounds(process)).collect()).unwrap()
    }

    #[test]
    fn times_are_finite_and_not_negative() {
        assert!(Observations::new(vec![]).is_none());
        assert!(Observations::new(vec![vec![vec![]], vec![]]).is_none());
        assert!(Observations::new(vec![vec![vec![1.0, -0.1]]]).is_none());
        assert!(Observations::new(vec![vec![vec![1.0, f64::NAN]]]).is_none());
        assert!(Observations::new(vec![vec![vec![f64::INFINITY]]]).is_none());
    }

    #[test]
    fn empty_rounds_and_processes_are_left_out() {
        let observed = observations(&[&[&[], &[2.0, 1.0]], &[&[]]]);
        assert_eq!(observed.processes(), [vec![vec![2.0, 1.0]]]);
        assert_eq!((observed.count(), observed.min(), observed.max(), observed.mean()), (2, 1.0, 2.0, 1.5));
        assert_eq!(observed.unit(), Unit::Iteration);
        assert_eq!(observed.notes(), [Note::OneRound]);
    }

    #[test]
    fn the_median_of_three_processes_by_hand() {
        // Medians e⁰, e¹ and e²: as in the test of Student's interval, around the median of all, which is e.
        let [a, b, c] = [0f64.exp(), 1f64.exp(), 2f64.exp()];
        let observed = observations(&[&[&[a, a]], &[&[b], &[b]], &[&[c, c]]]);
        assert_eq!(observed.unit(), Unit::Process);
        assert_eq!(observed.median().value(), Some(b));
        let interval = observed.median().interval().unwrap();
        assert!((interval.low.ln() + 1.484_14).abs() < 1e-4, "{interval:?}");
        assert!((interval.high.ln() - 3.484_14).abs() < 1e-4, "{interval:?}");
        assert_eq!(observed.notes(), []);
    }

    #[test]
    fn rounds_are_the_units_of_one_process() {
        let observed = observations(&[&[&[1.0, 1.0], &[1.0, 1.0], &[4.0, 4.0]]]);
        assert_eq!((observed.unit(), observed.notes()), (Unit::Round, vec![Note::OneProcess]));
        // Logarithms 0, 0 and ln 4: standard error ln 4 / 3, t(2) = 4.30265.
        let high = observed.median().interval().unwrap().high;
        assert!((high.ln() - 4.302_65 * 4f64.ln() / 3.0).abs() < 1e-4, "{high}");
    }

    #[test]
    fn an_interval_of_processes_that_differ_is_wider() {
        // Processes at 1..6 and at 11..16 ms.
        let observed =
            observations(&[&[&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], &[&[11.0, 12.0, 13.0, 14.0, 15.0, 16.0]]]);
        assert!(observed.widening().unwrap() > 5.0);
        assert_eq!(observations(&[&[&[1.0; 9]], &[&[1.0; 9]]]).widening(), None);
        let one_round = observations(&[&[&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]]);
        assert_eq!(one_round.widening(), Some(1.0));
    }

    #[test]
    fn too_few_samples_in_all_are_refused() {
        let observed = observations(&[&[&[1.0; 29]], &[&[2.0; 29]]]);
        assert_eq!(observed.percentile(Quantile::P95), Percentile::Refused { needed: 59, had: 58 });
        assert!(observed.percentile(Quantile::P90).value().is_some());
    }

    #[test]
    fn throughput_is_samples_over_time_whichever_process_had_more() {
        // 8 samples in 10 ms, of which one process took 6 in 6 ms and the other 2 in 4 ms.
        let observed = observations(&[&[&[1.0; 6]], &[&[2.0; 2]]]);
        let throughput = observed.throughput(10);
        assert_eq!(throughput.per_second, 8000.0);
        assert!(throughput.interval.unwrap().contains(8000.0));
    }

    #[test]
    fn no_time_at_all_is_no_trouble() {
        let observed = observations(&[&[&[0.0; 400]], &[&[0.0; 400]]]);
        assert_eq!(observed.percentile(Quantile::P99).interval(), Some(Interval { low: 0.0, high: 0.0 }));
        let one = observations(&[&[&[0.0; 300]], &[&[1.0; 300]]]);
        assert!(one.percentile(Quantile::P99).interval().unwrap().low >= 0.0);
    }

    #[test]
    fn what_never_varies_has_an_interval_of_one_point() {
        let observed = observations(&[&[&[2.0; 200]], &[&[2.0; 200]]]);
        let point = Interval { low: 2.0, high: 2.0 };
        assert_eq!(observed.percentile(Quantile::P99).interval(), Some(point));
        assert_eq!(observed.median().interval(), Some(point));
    }
}
