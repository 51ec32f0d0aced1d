//! The time of one kind of kernel as a function of its work.

use super::TimedKernel;
use super::least_squares::relative;
use crate::kernel::Workload;

/// What kernels pay for: starting, arithmetic (or other operations), bytes read, bytes of weights, bytes written, and
/// all bytes beyond what a near cache holds.
const TERMS: usize = 6;

/// Bytes that a core finds nearby: the share of a mid-level cache that stays of what the kernel before has written.
const NEAR_BYTES: f64 = 1.5e6;

/// How many neighbours speak for a shape.
const NEIGHBOURS: usize = 8;

/// How far apart, in doublings, kernels still speak for each other.
const REACH: f64 = 1.5;

/// Fewer kernels than these have no fit of their own.
const LEAST: usize = 3;

/// A fitted kind.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    coefficients: [f64; TERMS],
    /// Where each timed kernel is, and the logarithm of its time over the sum's.
    residuals: Vec<(Vec<f64>, f64)>,
    /// Standard deviation of the logarithm of the error for kernels that were left out.
    spread: f64,
}

impl Fit {
    /// Fits timed kernels of one kind; `None` where there are too few.
    pub fn new(kernels: &[&TimedKernel]) -> Option<Fit> {
        if kernels.len() < LEAST {
            return None;
        }
        let rows: Vec<[f64; TERMS]> = kernels.iter().map(|kernel| terms(&kernel.work)).collect();
        let targets: Vec<f64> = kernels.iter().map(|kernel| kernel.us).collect();
        let coefficients = relative(&rows, &targets);
        let residuals = kernels
            .iter()
            .map(|kernel| (place(&kernel.work), (kernel.us / sum(&coefficients, &kernel.work)).ln()))
            .collect();
        let mut fit = Fit { coefficients, residuals, spread: 0.0 };
        let errors = (0..kernels.len()).map(|index| {
            let (at, residual) = &fit.residuals[index];
            residual - fit.correction(at, Some(index))
        });
        fit.spread = (errors.map(|error| error * error).sum::<f64>() / kernels.len() as f64).sqrt();
        Some(fit)
    }

    /// Time, what of it is starting, and the spread of the error's logarithm.
    pub fn time(&self, work: &Workload) -> (f64, f64, f64) {
        let sum = sum(&self.coefficients, work);
        let factor = self.correction(&place(work), None).exp();
        (sum * factor, self.coefficients[0].min(sum * factor), self.spread)
    }

    /// What kernels nearby took beside the sum, as a logarithm; far from all of them nothing is known, so nothing is
    /// corrected.
    fn correction(&self, at: &[f64], without: Option<usize>) -> f64 {
        let mut near: Vec<(f64, f64)> = self
            .residuals
            .iter()
            .enumerate()
            .filter(|(index, _)| Some(*index) != without)
            .map(|(_, (place, residual))| (distance(at, place), *residual))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(NEIGHBOURS);
        let weights = near.iter().map(|(distance, residual)| {
            let weight = (-(distance / REACH).powi(2)).exp();
            (weight, weight * residual)
        });
        let (total, sum) = weights.fold((0.0, 0.0), |(a, b), (weight, part)| (a + weight, b + part));
        // One kernel's worth of doubt.
        sum / (total + DOUBT)
    }
}

/// The weight of knowing nothing, beside that of neighbours.
const DOUBT: f64 = 0.1;

fn terms(work: &Workload) -> [f64; TERMS] {
    let arithmetic = work.products.map_or(work.other_ops, |products| products.macs());
    [
        1.0,
        arithmetic * 1e-3,
        work.read_bytes * 1e-3,
        work.weight_bytes * 1e-3,
        work.written_bytes * 1e-3,
        (work.bytes() - NEAR_BYTES).max(0.0) * 1e-3,
    ]
}

fn sum(coefficients: &[f64; TERMS], work: &Workload) -> f64 {
    let sum: f64 = coefficients.iter().zip(terms(work)).map(|(a, b)| a * b).sum();
    sum.max(LEAST_US)
}

/// No kernel takes less, in microseconds.
const LEAST_US: f64 = 0.05;

/// Where a kernel is among others of its kind, in doublings of what matters.
fn place(work: &Workload) -> Vec<f64> {
    let log = |value: f64| value.max(1.0).log2();
    match &work.products {
        Some(products) => vec![
            log(products.groups) * 0.7,
            log(products.rows) * 0.7,
            log(products.columns) * 0.7,
            log(products.depth / products.window) * 0.7,
            log(products.window),
            log(products.stride),
        ],
        None => vec![log(work.read_bytes) * 0.7, log(work.weight_bytes) * 0.3, log(work.written_bytes) * 0.7],
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
