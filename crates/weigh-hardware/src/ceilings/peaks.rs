//! Peaks of arithmetic.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use super::kernels::{self, Arithmetic};
use super::team::{self, Plan, Work};
use super::{Options, Peak, Stopped};

/// How long one call of a kernel lasts, so that asking the clock costs nothing and turns end together.
const CALL: Duration = Duration::from_micros(100);

/// Measures every kernel with one thread and with all; `watch` is told what part is done.
pub(super) fn measure(
    options: &Options,
    watch: &mut dyn FnMut(f64) -> Result<(), Stopped>,
) -> Result<Vec<Peak>, Stopped> {
    let kernels = kernels::arithmetic();
    let counts = [NonZeroUsize::MIN, options.threads];
    let counts = if options.threads == NonZeroUsize::MIN { &counts[..1] } else { &counts[..] };
    let all = kernels.len() * counts.len();
    let mut peaks = Vec::with_capacity(all);
    let plan = Plan { tasks: 1, turns: options.turns, window: options.window };
    for kernel in &kernels {
        for &threads in counts {
            watch(peaks.len() as f64 / all as f64)?;
            let rates = team::run(threads, plan, || Chains::new(kernel, CALL.min(options.window)));
            peaks.extend(rates.into_iter().flatten().map(|rate| Peak {
                dtype: kernel.dtype.to_owned(),
                instructions: kernel.instructions.to_owned(),
                threads: threads.get(),
                flops_per_s: rate.best.round(),
                median_flops_per_s: rate.median.round(),
            }));
        }
    }
    Ok(peaks)
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
