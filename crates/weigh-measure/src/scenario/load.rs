//! What a run is asked to do.

use serde::{Deserialize, Serialize};

use super::arrivals::poisson;
use super::early::queries_for_estimate;
use super::kind::Scenario;
use super::queue::Queue;
use crate::statistics::Quantile;

pub use super::queue::Batching;

/// Queries of one run at most: a bound on memory, some 200 MB with all that is kept for each.
pub const MAX_QUERIES: usize = 1 << 22;

/// A closed loop: the next query starts when the last is done. It ends with the first query after which there are
/// enough for long enough, or after the longest time, or at [`MAX_QUERIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Queries at least.
    pub min_queries: usize,
    /// Nanoseconds at least.
    pub min_time_ns: u64,
    /// No query starts after this many nanoseconds, but for the first.
    pub max_time_ns: u64,
}

impl Closed {
    /// Enough queries to estimate this percentile by [`super::early`], for 10 s at least and 60 s at most.
    pub fn estimating(quantile: Quantile) -> Closed {
        Closed {
            min_queries: queries_for_estimate(quantile),
            min_time_ns: 10_000_000_000,
            max_time_ns: 60_000_000_000,
        }
    }
}

/// All samples at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offline {
    /// How many samples there are.
    pub samples: usize,
    /// Samples of one inference; the last ones may be fewer.
    pub batch: usize,
    /// No inference starts after this many nanoseconds.
    pub max_time_ns: u64,
}

/// Queries that arrive as they like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Queries per second on average.
    pub rate: f64,
    /// How many queries.
    pub queries: usize,
    /// Decides when they arrive: the same seed, the same arrivals.
    pub seed: u64,
    /// How they become batches.
    pub batching: Batching,
    /// No batch starts later than this many nanoseconds after the last arrival.
    pub grace_ns: u64,
}

impl Server {
    /// How many queries it takes for at least so many over at least so many nanoseconds on average: whichever is more,
    /// as in LoadGen.
    pub fn queries_for(rate: f64, min_queries: usize, min_time_ns: u64) -> usize {
        // Saturates; far too many are refused later.
        min_queries.max((rate * min_time_ns as f64 / 1e9).ceil() as usize)
    }
}

/// A scenario with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Load {
    /// [`Scenario::SingleStream`].
    SingleStream(Closed),
    /// [`Scenario::MultiStream`].
    MultiStream {
        /// Samples per query; at least 1.
        samples_per_query: usize,
        /// For how long.
        closed: Closed,
    },
    /// [`Scenario::Offline`].
    Offline(Offline),
    /// [`Scenario::Server`].
    Server(Server),
}

/// Why a run cannot be done at all.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// More queries than can be kept.
    #[error(
        "{queries} queries are more than the {MAX_QUERIES} that one run can have: ask for less time or a lower rate"
    )]
    TooMany {
        /// How many there would be.
        queries: usize,
    },
    /// Nothing to do.
    #[error("a run needs at least one query of at least one sample")]
    Empty,
    /// A rate that is none.
    #[error("{0} is no rate of queries per second")]
    Rate(f64),
    /// Nothing to run it.
    #[error("a run needs at least one stream")]
    NoStreams,
}

/// What an open loop runs.
pub(super) struct Schedule {
    pub queue: Queue,
    pub max_time_ns: u64,
}

impl Load {
    /// The scenario.
    pub fn scenario(&self) -> Scenario {
        match *self {
            Load::SingleStream(_) => Scenario::SingleStream,
            Load::MultiStream { samples_per_query, .. } => Scenario::MultiStream { samples_per_query },
            Load::Offline(_) => Scenario::Offline,
            Load::Server(_) => Scenario::Server,
        }
    }

    /// The closed loop to run, where it is one.
    pub(super) fn closed(&self) -> Option<Closed> {
        match *self {
            Load::SingleStream(closed) | Load::MultiStream { closed, .. } => Some(closed),
            Load::Offline(_) | Load::Server(_) => None,
        }
    }

    /// The schedule of an open loop; an empty one for closed loops.
    pub(super) fn schedule(&self) -> Schedule {
        match *self {
            Load::SingleStream(_) | Load::MultiStream { .. } => {
                Schedule { queue: Queue::new(Vec::new(), Batching::NONE), max_time_ns: 0 }
            }
            Load::Offline(Offline { samples, batch, max_time_ns }) => {
                let batching = Batching { max: batch, delay_ns: 0 };
                Schedule { queue: Queue::new(vec![0; samples], batching), max_time_ns }
            }
            Load::Server(Server { rate, queries, seed, batching, grace_ns }) => {
                let arrivals = poisson(rate, queries, seed);
                let max_time_ns = arrivals.last().map_or(0, |last| last.saturating_add(grace_ns));
                Schedule { queue: Queue::new(arrivals, batching), max_time_ns }
            }
        }
    }

    /// Whether the load can be run.
    ///
    /// # Errors
    /// [`LoadError::TooMany`] above [`MAX_QUERIES`], [`LoadError::Empty`] for no queries, samples or batch,
    /// [`LoadError::Rate`] for a rate that is not a positive number.
    pub fn check(&self) -> Result<(), LoadError> {
        let (queries, samples) = match *self {
            Load::SingleStream(closed) => (closed.min_queries.max(1), 1),
            Load::MultiStream { samples_per_query, closed } => (closed.min_queries.max(1), samples_per_query),
            Load::Offline(Offline { samples, batch, .. }) => (samples, batch),
            Load::Server(Server { rate, queries, batching, .. }) => {
                if !(rate.is_finite() && rate > 0.0) {
                    return Err(LoadError::Rate(rate));
                }
                (queries, batching.max)
            }
        };
        match (queries, samples) {
            (0, _) | (_, 0) => Err(LoadError::Empty),
            _ if queries > MAX_QUERIES => Err(LoadError::TooMany { queries }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_loads_are_refused() {
        let server = Server { rate: 10.0, queries: 5, seed: 1, batching: Batching::NONE, grace_ns: 0 };
        let check = |change: &dyn Fn(&mut Server)| {
            let mut server = server;
            change(&mut server);
            Load::Server(server).check()
        };
        assert_eq!(check(&|_| ()), Ok(()));
        assert_eq!(check(&|server| server.rate = 0.0), Err(LoadError::Rate(0.0)));
        assert!(matches!(check(&|server| server.rate = f64::NAN), Err(LoadError::Rate(_))));
        assert_eq!(check(&|server| server.queries = 0), Err(LoadError::Empty));
        assert_eq!(check(&|server| server.batching.max = 0), Err(LoadError::Empty));
        let queries = Server::queries_for(1e9, 5, 60_000_000_000);
        assert_eq!(queries, 60_000_000_000);
        let error = check(&|server| server.queries = queries).unwrap_err();
        assert_eq!(error, LoadError::TooMany { queries });
        assert!(error.to_string().starts_with("60000000000 queries are more than the 4194304"));
        assert_eq!(
            Load::Offline(Offline { samples: 3, batch: 0, max_time_ns: 1 }).check(),
            Err(LoadError::Empty)
        );
    }

    #[test]
    fn a_server_gets_whichever_is_more() {
        assert_eq!(Server::queries_for(100.0, 662, 10_000_000_000), 1000);
        assert_eq!(Server::queries_for(10.0, 662, 10_000_000_000), 662);
        assert_eq!(Server::queries_for(f64::INFINITY, 1, 1), usize::MAX);
    }
}
