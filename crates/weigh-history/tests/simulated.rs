//! Histories whose truth is known: how often noise is taken for a change, and whether changes are found where they are.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use fastrand::Rng;
use weigh_history::change_points::{FEWEST, SAME};
use weigh_history::{Analysis, Run, analyse};

/// A standard normal variable (Box and Muller).
fn normal(random: &mut Rng) -> f64 {
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}

/// What a run adds to the logarithm of its level.
type Noise = fn(&mut Rng) -> f64;

fn gaussian(random: &mut Rng) -> f64 {
    0.01 * normal(random)
}

/// Every tenth run met a busy machine.
fn outliers(random: &mut Rng) -> f64 {
    gaussian(random) + if random.f64() < 0.1 { 0.3 * random.f64() } else { 0.0 }
}

/// Processes that run at one of two speeds for their whole life, three to a run.
fn bimodal(random: &mut Rng) -> f64 {
    (0..3).map(|_| if random.bool() { 0.2 } else { 0.0 }).sum::<f64>() / 3.0 + 0.1 * gaussian(random)
}

/// Student's t with two degrees of freedom: its variance is infinite.
fn heavy(random: &mut Rng) -> f64 {
    0.01 * normal(random) / (normal(random).powi(2) + normal(random).powi(2)).sqrt() * 2f64.sqrt()
}

fn run(value: f64) -> Run {
    Run { value, interval: None, processes: None }
}

/// Runs at levels, so many of each.
fn series(levels: &[(f64, usize)], noise: Noise, random: &mut Rng) -> Vec<Run> {
    let each = levels.iter().flat_map(|(level, count)| std::iter::repeat_n(*level, *count));
    each.map(|level| run(level * noise(random).exp())).collect()
}

fn places(found: &Analysis) -> Vec<usize> {
    found.changes.iter().map(|change| change.at).collect()
}

/// The part of series without a change that are called changed.
fn false_alarms(runs: usize, noise: Noise, seed: u64) -> f64 {
    const SERIES: usize = 500;
    let mut random = Rng::with_seed(seed);
    // A limit of 0 lets nothing hide behind being small.
    let alarms = (0..SERIES)
        .filter(|_| !analyse(&series(&[(5.0, runs)], noise, &mut random), 0.0).changes.is_empty())
        .count();
    alarms as f64 / SERIES as f64
}

#[test]
fn noise_makes_no_change_points() {
    let noises: [(&str, Noise); 4] =
        [("normal", gaussian), ("outliers", outliers), ("bimodal", bimodal), ("heavy", heavy)];
    for (name, noise) in noises {
        for runs in [FEWEST, 20, 40] {
            let rate = false_alarms(runs, noise, runs as u64);
            println!("{name}, {runs} runs: {:.1} % false alarms", rate * 100.0);
            assert!(rate <= 0.05, "{name}, {runs} runs: {rate}");
        }
    }
}

#[test]
fn intervals_of_runs_make_no_change_points_either() {
    let mut random = Rng::with_seed(3);
    let mut alarms = 0;
    for _ in 0..300 {
        // A quarter of the runs is ten times as noisy, and most of those know it.
        let one = |random: &mut Rng| {
            let spread = if random.f64() < 0.25 { 0.1 } else { 0.01 };
            let told = spread * (0.5 + random.f64());
            let value = (spread * normal(random)).exp();
            Run {
                value,
                interval: Some([value * (-2.78 * told).exp(), value * (2.78 * told).exp()]),
                processes: Some(5),
            }
        };
        let runs: Vec<Run> = (0..30).map(|_| one(&mut random)).collect();
        alarms += usize::from(!analyse(&runs, 0.0).changes.is_empty());
    }
    assert!(alarms <= 15, "{alarms} of 300");
}

#[test]
fn a_step_of_five_percent_is_found_where_it_is() {
    let mut random = Rng::with_seed(1);
    let (mut near, mut covered, mut more) = (0, 0, 0);
    for index in 0..200 {
        let found = analyse(&series(&[(5.0, 20), (5.25, 20)], gaussian, &mut random), SAME);
        let change = found.changes.iter().min_by_key(|change| change.at.abs_diff(20));
        let change = change.unwrap_or_else(|| panic!("series {index}: nothing was found"));
        near += usize::from(change.at.abs_diff(20) <= 1);
        covered += usize::from((change.interval[0]..=change.interval[1]).contains(&1.05));
        more += usize::from(found.changes.len() > 1);
        assert!(change.p_value <= 0.01 && (1.03..1.07).contains(&change.ratio), "{change:?}");
    }
    println!(
        "of 200: {near} within a run of the truth, {covered} intervals hold it, {more} have more changes"
    );
    // Two runs in a row that are nearer to the other level than to their own are not where they seem.
    assert!(near >= 198, "{near}");
    assert!(covered >= 180, "{covered}");
    assert!(more <= 10, "{more}");
}

#[test]
fn a_regression_and_its_repair() {
    let mut random = Rng::with_seed(2);
    for index in 0..50 {
        let runs = series(&[(2.0, 15), (2.3, 8), (2.0, 15)], gaussian, &mut random);
        let found = places(&analyse(&runs, SAME));
        assert!(matches!(found[..], [15, 23]), "series {index}: {found:?}");
    }
}

#[test]
fn a_step_among_outliers() {
    let mut random = Rng::with_seed(4);
    let hit = (0..100).filter(|_| {
        let found = analyse(&series(&[(5.0, 20), (5.5, 20)], outliers, &mut random), SAME);
        found.changes.iter().any(|change| change.at.abs_diff(20) <= 1)
    });
    let hit = hit.count();
    println!("{hit} of 100 steps of 10 % among outliers of up to 35 % found");
    assert!(hit >= 80, "{hit}");
}

#[test]
fn nothing_is_said_of_a_few_runs() {
    let mut random = Rng::with_seed(5);
    for runs in 0..FEWEST {
        let clear = series(&[(1.0, runs / 2), (2.0, runs - runs / 2)], gaussian, &mut random);
        let found = analyse(&clear, SAME);
        assert!(found.is_too_short && found.changes.is_empty(), "{runs}");
        assert_eq!(found.levels.len(), usize::from(runs > 0));
    }
    let just_enough = analyse(&series(&[(1.0, 4), (2.0, 5)], gaussian, &mut random), SAME);
    assert!(!just_enough.is_too_short);
    assert_eq!(places(&just_enough), [4]);
    // Three runs tell of a change once there are ten, two once there are seventeen.
    assert_eq!(places(&analyse(&series(&[(1.0, 7), (2.0, 3)], gaussian, &mut random), SAME)), [7]);
    assert_eq!(places(&analyse(&series(&[(1.0, 15), (2.0, 2)], gaussian, &mut random), SAME)), [15]);
}

#[test]
fn what_is_exact_is_exact() {
    // Bytes do not vary; neither does a step of them.
    let runs: Vec<Run> = [100.0; 10].into_iter().chain([110.0; 10]).map(run).collect();
    let found = analyse(&runs, SAME);
    assert_eq!(places(&found), [10]);
    assert!((found.changes[0].ratio - 1.1).abs() < 1e-9);
    assert!(found.noise.unwrap() < 1e-9);
    assert_eq!((found.levels[1].first, found.levels[1].last), (10, 19));
    assert!(analyse(&[run(7.0); 30], SAME).changes.is_empty());
}

#[test]
fn small_differences_count_as_none() {
    let mut random = Rng::with_seed(6);
    let tenth = |random: &mut Rng| 0.1 * gaussian(random);
    let runs = series(&[(5.0, 20), (5.02, 20)], tenth, &mut random);
    assert_eq!(places(&analyse(&runs, SAME)), Vec::<usize>::new());
    assert_eq!(places(&analyse(&runs, 0.001)), [20]);
}

#[test]
fn the_same_series_says_the_same() {
    let runs = series(&[(5.0, 20), (5.3, 20)], gaussian, &mut Rng::with_seed(7));
    assert_eq!(analyse(&runs, SAME), analyse(&runs, SAME));
}
