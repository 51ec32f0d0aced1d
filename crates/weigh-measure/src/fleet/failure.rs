//! Why a configuration was not measured, fit to follow "not measured: ".

use std::fmt;

/// Why a worker gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The worker says that it cannot be done.
    Refused(String),
    /// The process ended.
    Crashed {
        /// How: `exit status 101`, `signal 11`.
        how: String,
        /// The last line that it wrote to standard error.
        said: Option<String>,
    },
    /// The process was killed from outside, as the system does when memory runs out.
    Killed {
        /// Resident memory when it was last looked at.
        resident_bytes: Option<u64>,
    },
    /// No answer came.
    Hung {
        /// After how many seconds it was given up.
        seconds: u64,
    },
    /// The process could not be started, or its pipes broke.
    Lost(String),
    /// The user ended it.
    Interrupted,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(reason) | Failure::Lost(reason) => f.write_str(reason),
            Failure::Crashed { how, said: Some(said) } => write!(f, "the worker crashed ({how}): {said}"),
            Failure::Crashed { how, said: None } => write!(f, "the worker crashed ({how})"),
            Failure::Killed { resident_bytes } => {
                write!(f, "the worker was killed (signal 9), as systems do when memory runs out")?;
                resident_bytes.map_or(Ok(()), |bytes| {
                    write!(f, "; it held {:.0} MiB when last looked at", bytes as f64 / f64::from(1 << 20))
                })
            }
            Failure::Hung { seconds } => write!(f, "the worker hung: no answer in {seconds} s"),
            Failure::Interrupted => f.write_str("interrupted"),
        }
    }
}
