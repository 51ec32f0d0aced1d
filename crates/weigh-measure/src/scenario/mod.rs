//! Load like a server's, in the four scenarios that MLPerf Inference defines.
//!
//! One inference after the other says how long an inference takes; it does not say what users of a service wait. For
//! that, queries must come when *they* want ([`Scenario::Server`]): the next arrives whether or not the last is done,
//! and its latency counts from the moment it was meant to arrive, so that a stall is paid by everyone who would have
//! waited. A closed loop, where the next query is only sent after the last, leaves those waits out ("coordinated
//! omission").
//!
//! - [`load`]: what is asked: how many queries, how fast, how batched.
//! - [`queue`]: when a batch starts: a pure function of schedule and time, the same for threads and for virtual time.
//! - [`execute`]: [`run`] on threads and the real clock, [`simulate`] in virtual time.
//! - [`outcome`]: what came of it, and whether it is void.
//! - [`early`]: how many queries a percentile takes, and whether a limit was met with 99 % confidence.
//! - [`search`]: the highest rate that meets a limit.
//!
//! `docs/scenarios.md` has the definitions and their sources: V. J. Reddi et al., "MLPerf Inference Benchmark"
//! (arXiv:1911.02549), the MLPerf Inference rules (github.com/mlcommons/inference_policies) and LoadGen
//! (github.com/mlcommons/inference, folder loadgen).

pub mod arrivals;
pub mod early;
pub mod execute;
mod kind;
pub mod load;
pub mod outcome;
pub mod queue;
pub mod search;
mod service;
mod slo;
mod timer;

pub use execute::{run, simulate};
pub use kind::{Scenario, UnknownScenario};
pub use load::{Batching, Closed, Load, LoadError, MAX_QUERIES, Offline, Server};
pub use outcome::{Outcome, Void};
pub use search::{Ended, Probe, Search, SearchPlan, highest_rate};
pub use service::Service;
pub use slo::{Slo, Verdict};
pub use timer::{Timer, VirtualClock};
