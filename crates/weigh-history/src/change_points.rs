//! Where the level of a series changed: divisive estimation by energy distances.
//!
//! The method is E-divisive (Matteson and James, "A nonparametric approach for multiple change point analysis of
//! multivariate data", JASA 109, 2014), which MongoDB finds regressions in its benchmarks with (Daly, Brown, Ingo, O'Leary
//! and Bradford, "The use of change point detection to identify software performance regressions in a continuous
//! integration system", ICPE 2020): the series is split where both sides are most unlike by the energy distance, and
//! split again, as long as runs in random order seldom part as well. The test assumes no distribution: bimodal noise
//! and outliers are as likely in any order.
//!
//! Three things are added. Values are logarithms, and a run weighs the less the wider its own interval is. When nothing
//! splits any more, each change is put where most runs say that it is. And a change counts only if the levels
//! of both sides differ with 98 % confidence and by more than a part that matters, as in a comparison of two models.

use fastrand::Rng;

use crate::energy_distance::{LEAST, Points, Split, best};
use crate::levels::{self, Stretch};

/// Chance takes this part of series without a change for changed.
pub const ALPHA: f64 = 0.02;
/// The fewest runs of which a change can be told: of nine, four and five can be chosen in 126 ways, and both orders of
/// them part equally well, so chance is 2/126 = 1.6 % at best; of eight it is 2/70.
pub const FEWEST: usize = 9;
/// The most runs that are looked at: work grows with their square.
pub const MOST: usize = 500;
/// Differences below this part count as none.
pub const SAME: f64 = 0.01;
/// Random orders that a change is held against.
const ORDERS: usize = 1999;
/// The same series, the same changes.
const SEED: u64 = 0x0068_6973_746f_7279;
/// Sums in another order differ by rounding.
const ROUNDING: f64 = 1e-9;

/// What one run says. The value is finite and above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The value.
    pub value: f64,
    /// Its 95 % confidence interval.
    pub interval: Option<[f64; 2]>,
    /// The processes that the interval is made of.
    pub processes: Option<u32>,
}

/// A stretch of runs at one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Its first run.
    pub first: usize,
    /// Its last run.
    pub last: usize,
    /// The geometric mean.
    pub value: f64,
    /// Its 95 % confidence interval; `None` where nothing tells how much runs differ.
    pub interval: Option<[f64; 2]>,
}

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The first run at the new level.
    pub at: usize,
    /// Level after / level before.
    pub ratio: f64,
    /// Its 95 % confidence interval.
    pub interval: [f64; 2],
    /// The part of random orders that part as well.
    pub p_value: f64,
}

/// What a series says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    /// Stretches at one level, at least one where there are runs.
    pub levels: Vec<Level>,
    /// Between each two of them, what changed.
    pub changes: Vec<Change>,
    /// Standard deviation of runs around their level, as a part of it; `None` of a single run.
    pub noise: Option<f64>,
    /// Whether there are too few runs to tell a change.
    pub is_too_short: bool,
}

/// Finds the changes of a series, oldest run first; differences below the part `same` count as none.
pub fn analyse(runs: &[Run], same: f64) -> Analysis {
    let points = levels::points(runs);
    let is_too_short = runs.len() < FEWEST;
    let mut found = if is_too_short { Vec::new() } else { divide(&points) };
    settle(&mut found, &points);
    let pieces = prune(&mut found, &points, same);
    let place = |(first, end): (usize, usize), stretch: &Stretch| {
        let (value, interval) = stretch.level(&pieces);
        Level { first, last: end - 1, value, interval }
    };
    let change = |(index, found): (usize, &Found)| {
        let difference = pieces.get(index)?.to(pieces.get(index + 1)?)?;
        let (ratio, interval) = (difference.ratio(), difference.interval());
        Some(Change { at: found.at, ratio, interval, p_value: found.p_value })
    };
    Analysis {
        levels: ends(&found, runs.len())
            .into_iter()
            .zip(&pieces)
            .map(|(at, piece)| place(at, piece))
            .collect(),
        changes: found.iter().enumerate().filter_map(change).collect(),
        noise: levels::noise(&pieces).map(|(variance, _)| variance.sqrt().exp_m1()),
        is_too_short,
    }
}

/// A change before it is known to matter.
#[derive(Clone, Copy, Debug)]
struct Found {
    at: usize,
    p_value: f64,
}

/// Where stretches begin and where they are over.
fn ends(found: &[Found], count: usize) -> Vec<(usize, usize)> {
    let starts = std::iter::once(0).chain(found.iter().map(|found| found.at));
    let ends = found.iter().map(|found| found.at).chain([count]);
    starts.zip(ends).filter(|(first, end)| first < end).collect()
}

/// Splits as long as random orders seldom part as well as the best split.
fn divide(points: &Points) -> Vec<Found> {
    let mut random = Rng::with_seed(SEED);
    let mut found: Vec<Found> = Vec::new();
    loop {
        let pieces = ends(&found, points.values.len());
        let orders: Vec<Vec<usize>> = pieces.iter().map(|(first, end)| (*first..*end).collect()).collect();
        let split = |order: &Vec<usize>| {
            let Split { at, strength } = best(points, order)?;
            Some(Split { at: order.first()? + at, strength })
        };
        let splits = orders.iter().filter_map(split);
        let Some(strongest) = splits.max_by(|a, b| a.strength.total_cmp(&b.strength)) else { return found };
        let Some(p_value) = chance(points, orders, strongest.strength, &mut random) else { return found };
        found.push(Found { at: strongest.at, p_value });
        found.sort_by_key(|found| found.at);
    }
}

/// The part of random orders, each stretch shuffled by itself, of which the best split is as strong; `None` where it is
/// above [`ALPHA`], which shows early.
fn chance(points: &Points, mut orders: Vec<Vec<usize>>, strength: f64, random: &mut Rng) -> Option<f64> {
    let (all, mut as_strong) = ((ORDERS + 1) as f64, 1usize);
    for _ in 0..ORDERS {
        orders.iter_mut().for_each(|order| random.shuffle(order));
        let splits = orders.iter().filter_map(|order| best(points, order));
        let strongest = splits.map(|split| split.strength).fold(0.0, f64::max);
        as_strong += usize::from(strongest >= strength * (1.0 - ROUNDING));
        if as_strong as f64 > ALPHA * all {
            return None;
        }
    }
    Some(as_strong as f64 / all)
}

/// Puts each change where runs say between its neighbours: a run votes for the level that it is nearer to, by how much it
/// is nearer, and one beyond a level as if it were at it, so that no outlier has more than a vote.
fn settle(found: &mut [Found], points: &Points) {
    for index in 0..found.len() {
        let first = index.checked_sub(1).and_then(|before| found.get(before)).map_or(0, |found| found.at);
        let end = found.get(index + 1).map_or(points.values.len(), |found| found.at);
        if let Some(at) = place(points, first, found[index].at, end) {
            found[index].at = at;
        }
    }
}

/// The place of a change that is about at `at`, of the runs from `first` to before `end`.
fn place(points: &Points, first: usize, at: usize, end: usize) -> Option<usize> {
    let level = |first: usize, end: usize| levels::median(points.values.get(first..end)?.to_vec());
    let (before, after) = (level(first, at)?, level(at, end)?);
    let vote = |index: usize| {
        let nearness = (points.values[index] - (before + after) / 2.0) / (after - before);
        points.weights[index] * nearness.clamp(-0.5, 0.5)
    };
    let mut votes = 0.0;
    let sums = (first..end).map(|index| {
        votes += vote(index);
        (index + 1, votes)
    });
    let possible = first + LEAST..=end.checked_sub(LEAST)?;
    let places = sums.filter(|(place, votes)| possible.contains(place) && votes.is_finite());
    places.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(place, _)| place)
}

/// Drops the weakest change that does not count, until all do. What is left are the stretches between.
fn prune(found: &mut Vec<Found>, points: &Points, same: f64) -> Vec<Stretch> {
    loop {
        let pieces = ends(found, points.values.len());
        let pieces: Vec<Stretch> =
            pieces.into_iter().filter_map(|(first, end)| Stretch::of(points, first, end)).collect();
        let differences = pieces.windows(2).map(|pair| pair[0].to(&pair[1]));
        let idle = differences.enumerate().filter_map(|(index, difference)| match difference {
            Some(difference) if difference.counts(same) => None,
            Some(difference) => Some((index, difference.strength())),
            None => Some((index, 0.0)),
        });
        let Some((weakest, _)) = idle.min_by(|(_, a), (_, b)| a.total_cmp(b)) else { return pieces };
        found.remove(weakest);
    }
}
