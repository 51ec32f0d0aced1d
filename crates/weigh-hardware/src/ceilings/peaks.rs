//! Peaks of arithmetic.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use super::kernels::{self, Arithmetic};
use super::team::{self, Plan, Rate, Work};
use super::{Options, Peak, Stopped};

/// How long one call of a kernel lasts, so that asking the clock costs nothing and turns end together.
const CALL: Duration = Duration::from_micros(100);

/// How often all kernels are gone through, each time with all turns: what disturbs one pass is often over by the next.
const PASSES: usize = 2;

/// Measures every kernel with one thread and with all; `watch` is told what part is done.
pub(super) fn measure(
    options: &Options,
    watch: &mut dyn FnMut(f64) -> Result<(), Stopped>,
) -> Result<Vec<Peak>, Stopped> {
    let kernels = kernels::arithmetic();
    let mut counts = vec![NonZeroUsize::MIN, options.threads];
    counts.dedup();
    let tasks: Vec<_> =
        kernels.iter().flat_map(|kernel| counts.iter().map(move |&count| (kernel, count))).collect();
    let mut rates = vec![Vec::new(); tasks.len()];
    let plan = Plan { tasks: 1, turns: options.turns, window: options.window };
    for pass in 0..PASSES {
        for (at, &(kernel, threads)) in tasks.iter().enumerate() {
            watch((pass * tasks.len() + at) as f64 / (PASSES * tasks.len()) as f64)?;
            let found = team::run(threads, plan, || Chains::new(kernel, CALL.min(options.window)));
            rates[at].extend(found.into_iter().flatten());
        }
    }
    let peak = |((kernel, threads), rates): ((&Arithmetic, NonZeroUsize), Vec<f64>)| {
        let rate = Rate::of(rates)?;
        Some(Peak {
            dtype: kernel.dtype.to_owned(),
            instructions: kernel.instructions.to_owned(),
            threads: threads.get(),
            flops_per_s: rate.best.round(),
            median_flops_per_s: rate.median.round(),
        })
    };
    Ok(tasks.into_iter().zip(rates).filter_map(peak).collect())
}

/// A kernel, and the number of its steps that last long enough.
struct Chains<'a> {
    kernel: &'a Arithmetic,
    steps: u64,
}

impl<'a> Chains<'a> {
    fn new(kernel: &'a Arithmetic, call: Duration) -> Chains<'a> {
        let mut steps = 64;
        loop {
            let start = Instant::now();
            black_box((kernel.run)(steps));
            if start.elapsed() >= call {
                return Chains { kernel, steps };
            }
            steps *= 2;
        }
    }
}

impl Work for Chains<'_> {
    fn step(&mut self, _: usize) -> f64 {
        black_box((self.kernel.run)(black_box(self.steps)));
        (self.steps * self.kernel.operations()) as f64
    }
}
