//! What a reader must know beside the figures.

use std::fmt;

/// A reservation about a measurement, to be printed with it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// The time ran out before the least number of warm-up runs.
    WarmUpCutShort {
        /// Warm-up runs there were.
        runs: usize,
        /// Warm-up runs there should have been at least.
        floor: usize,
    },
    /// Warm-up ended at its longest time with latencies still changing.
    StillSettling,
    /// The later samples differ from the earlier ones.
    Drift {
        /// The median of the second half of the samples over that of the first, minus 1.
        change: f64,
    },
    /// The time ran out before the least number of samples.
    FewSamples {
        /// Samples there are.
        samples: usize,
        /// Samples there should have been at least.
        floor: usize,
    },
    /// An inference takes so little time that the clock's steps show in it.
    CoarseTimer {
        /// The clock's resolution in nanoseconds.
        resolution_ns: u64,
    },
    /// The model has no inputs, so the engine may have computed all of it at load time.
    NoInputs,
    /// Intervals are made of the rounds of one process.
    OneProcess,
    /// Intervals are made of the iterations of one round.
    OneRound,
}

/// One line without a full stop.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Note::WarmUpCutShort { runs, floor } => {
                write!(f, "slow model: time for {runs} of at least {floor} warm-up runs")
            }
            Note::StillSettling => write!(f, "latencies had not settled when warm-up ended"),
            Note::Drift { change } => {
                let direction = if change > 0.0 { "slower" } else { "faster" };
                let percent = change.abs() * 100.0;
                write!(
                    f,
                    "not steady: the second half of the samples is {percent:.0} % {direction} than the first"
                )
            }
            Note::FewSamples { samples, floor } => {
                write!(f, "slow model: time for {samples} of at least {floor} samples")
            }
            Note::CoarseTimer { resolution_ns } => {
                write!(
                    f,
                    "an inference takes less than 100 steps of the clock, which are {resolution_ns} ns each"
                )
            }
            Note::NoInputs => {
                write!(f, "the model has no inputs: the engine may have computed it while loading")
            }
            Note::OneProcess => {
                write!(f, "one process: what differs from process to process is not in the interval")
            }
            Note::OneRound => {
                write!(f, "one round: what differs from round to round is not in the interval")
            }
        }
    }
}
