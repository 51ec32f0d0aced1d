//! A model as the service that a load is put on: a runner for every stream and every number of samples.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use weigh_engine::Session;
use weigh_engine::synthetic::{DEFAULT_LIMIT_BYTES, InputSpec, synthesize};

use crate::clock::MonotonicClock;
use crate::scenario::{self, Load, Outcome, Service};

/// Runs before the load by each runner: allocations of a first inference are no service.
const WARM_UP_RUNS: usize = 2;

/// One stream.
pub(super) struct Stream {
    runners: BTreeMap<usize, Box<dyn Session>>,
}

impl Service for Stream {
    type Error = String;

    fn run(&mut self, samples: usize) -> Result<(), String> {
        let runner = self.runners.get_mut(&samples);
        let runner = runner.ok_or_else(|| format!("no inputs were made for {samples} samples"))?;
        runner.run().map_err(|error| error.to_string())
    }
}

/// Runners over a loaded model for every size, warm. Errors are reasons fit to follow "not measured: ".
pub(super) fn streams(
    session: &dyn Session,
    count: NonZeroUsize,
    sizes: &BTreeMap<usize, Vec<InputSpec>>,
    seed: u64,
) -> Result<Vec<Stream>, String> {
    let runner = |specs: &[InputSpec]| -> Result<Box<dyn Session>, String> {
        let inputs = synthesize(specs, seed, DEFAULT_LIMIT_BYTES).map_err(|error| error.to_string())?;
        let mut runner = session.fork().map_err(|error| error.to_string())?;
        runner.prepare(&inputs).map_err(|error| error.to_string())?;
        for _ in 0..WARM_UP_RUNS {
            runner.run().map_err(|error| error.to_string())?;
        }
        Ok(runner)
    };
    let stream = |_| {
        let runners = sizes.iter().map(|(&size, specs)| Ok((size, runner(specs)?)));
        Ok(Stream { runners: runners.collect::<Result<_, String>>()? })
    };
    (0..count.get()).map(stream).collect()
}

/// Puts the load on the streams.
pub(super) fn serve(streams: &mut [Stream], load: &Load) -> Result<Outcome, String> {
    let never = AtomicBool::new(false);
    scenario::run(load, streams, &MonotonicClock::new(), &never).map_err(|error| error.to_string())
}
