//! A model compared with itself is seldom called different, and a real difference is found, on simulated machines.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod simulation;

use simulation::Random;
use weigh_measure::versus::{Comparison, RoundPair, Side, Verdict, schedule};

/// A share of 2 % then has a standard error of 0.2 %.
const EXPERIMENTS: usize = 5000;
const ITERATIONS: usize = 11;

/// A machine whose speed wanders, on which each process has a speed of its own.
#[derive(Clone, Copy)]
struct Machine {
    /// The standard deviation of the logarithm from process to process.
    process: f64,
    /// The same from round to round, for each side by itself.
    round: f64,
    /// The same for the machine's steps from one round to the next, which both sides feel.
    wander: f64,
    /// The same from iteration to iteration.
    noise: f64,
}

/// One experiment: B takes that many times as long as A.
fn experiment(machine: Machine, [processes, rounds]: [usize; 2], ratio: f64, seed: u64) -> Comparison {
    let mut random = Random(seed);
    let mut speed = 0.0;
    let pairs: Vec<Vec<RoundPair>> = (0..processes)
        .map(|process| {
            let own = [(); 2].map(|()| machine.process * random.normal());
            let order = schedule(rounds, seed + process as u64);
            order.iter().map(|sides| pair(machine, &mut random, &mut speed, own, *sides, ratio)).collect()
        })
        .collect();
    Comparison::of(&pairs, Comparison::SAME).unwrap()
}

fn pair(
    machine: Machine,
    random: &mut Random,
    speed: &mut f64,
    own: [f64; 2],
    order: [Side; 2],
    ratio: f64,
) -> RoundPair {
    let mut pair = (Vec::new(), Vec::new());
    for side in order {
        *speed += machine.wander * random.normal();
        let round = machine.round * random.normal();
        let (level, times) = match side {
            Side::A => (own[0], &mut pair.0),
            Side::B => (own[1] + ratio.ln(), &mut pair.1),
        };
        let level = *speed + round + level;
        *times = (0..ITERATIONS).map(|_| (level + machine.noise * random.normal()).exp()).collect();
    }
    pair
}

/// How often each verdict is given, in percent: faster, slower, same, unclear.
fn verdicts(machine: Machine, shape: [usize; 2], ratio: f64) -> [f64; 4] {
    let all: Vec<Verdict> =
        (0..EXPERIMENTS as u64).map(|k| experiment(machine, shape, ratio, 1000 * k).verdict).collect();
    let percents = [Verdict::Faster, Verdict::Slower, Verdict::Same, Verdict::Unclear].map(|verdict| {
        all.iter().filter(|&&given| given == verdict).count() as f64 * 100.0 / EXPERIMENTS as f64
    });
    println!("{shape:?}, {ratio}: {percents:?} % faster, slower, same, unclear");
    percents
}

const QUIET: Machine = Machine { process: 0.001, round: 0.002, wander: 0.002, noise: 0.01 };
const USUAL: Machine = Machine { process: 0.01, round: 0.01, wander: 0.01, noise: 0.05 };
const NOISY: Machine = Machine { process: 0.02, round: 0.01, wander: 0.02, noise: 0.05 };

#[test]
fn a_model_is_seldom_different_from_itself() {
    for machine in [QUIET, USUAL, NOISY] {
        for shape in [[5, 6], [3, 4], [10, 2], [5, 1]] {
            let [faster, slower, ..] = verdicts(machine, shape, 1.0);
            assert!(faster + slower <= 3.0, "{shape:?}: {faster} % faster, {slower} % slower");
        }
    }
}

#[test]
fn ten_percent_are_found() {
    for machine in [QUIET, USUAL, NOISY] {
        assert!(verdicts(machine, [5, 6], 1.1)[1] > 95.0);
        assert!(verdicts(machine, [5, 6], 1.0 / 1.1)[0] > 95.0);
    }
}

#[test]
fn on_a_quiet_machine_the_same_is_called_the_same() {
    assert!(verdicts(QUIET, [5, 6], 1.0)[2] > 99.0);
}

#[test]
fn what_is_detectable_is_detected_in_four_of_five_experiments() {
    // The median experiment's word, checked against new experiments with that much of a difference.
    let mut said: Vec<f64> =
        (0..EXPERIMENTS as u64).map(|k| experiment(NOISY, [5, 6], 1.0, 77 + k).detectable.unwrap()).collect();
    said.sort_by(f64::total_cmp);
    let [_, slower, ..] = verdicts(NOISY, [5, 6], 1.0 + said[EXPERIMENTS / 2]);
    assert!((72.0..88.0).contains(&slower), "{slower} %");
}

#[test]
fn the_interval_contains_the_ratio_as_often_as_it_says() {
    for shape in [[5, 6], [3, 4]] {
        let covers = |k: &u64| experiment(NOISY, shape, 1.05, 1000 * k).interval.unwrap().contains(1.05);
        let percent = (0..EXPERIMENTS as u64).filter(covers).count() as f64 * 100.0 / EXPERIMENTS as f64;
        assert!((93.0..=97.0).contains(&percent), "{shape:?}: {percent} %");
    }
}
