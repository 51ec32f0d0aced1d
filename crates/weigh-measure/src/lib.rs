//! Honest timing of a model.
//!
//! What is measured, and what the words mean (every one of them appears in reports):
//! - *load*: reading the model and making it ready. Once, by itself.
//! - *first inference*: the run that pays for whatever the engine puts off until then. Once, by itself.
//! - *warm-up*: runs that are thrown away until their times settle ([`warm_up`]).
//! - *samples*: the time of each inference after that, in rounds, in fresh processes, none dropped ([`sampling`]).
//!   Statistics are made of these alone ([`observations`]; of a single round, [`statistics`]).
//! - *outliers*: samples far from the others, counted and told ([`outliers`]).
//! - *noise*: what else went on meanwhile ([`noise`], [`sentinel`]).
//! - *versus*: whether B is faster than A ([`versus`]).
//! - *scenario*: queries that come as they like ([`scenario`]).
//!
//! A [`worker`] is a process that loads one model and runs it when told; the [`fleet`] starts several for each
//! configuration and puts together what they find.
//!
//! The method follows Hoefler and Belli, "Scientific benchmarking of parallel computing systems" (SC'15), and Kalibera
//! and Jones, "Quantifying performance changes with effect size confidence intervals" (arXiv:2007.10899): order
//! statistics, because latencies are never normally distributed; a mean only for what adds up (time, hence
//! throughput); and intervals over processes, because only those are independent. `docs/measuring.md` tells all of it.
//!
//! All time comes through [`Clock`], so no test waits on a real clock.
#![forbid(unsafe_code)]

mod binomial;
mod chi_squared;
pub mod clock;
pub mod fleet;
pub mod memory;
pub mod noise;
mod note;
pub mod observations;
pub mod outliers;
pub mod sampling;
pub mod scenario;
pub mod sentinel;
pub mod statistics;
pub mod student;
mod throughput;
pub mod versus;
pub mod warm_up;
pub mod worker;

pub use clock::{Clock, MonotonicClock};
pub use memory::MemoryUse;
pub use noise::{Noise, NoiseReport, NoiseVerdict};
pub use note::Note;
pub use observations::{Observations, Unit};
pub use outliers::Outliers;
pub use sampling::{Plan, RoundPlan};
pub use sentinel::Sentinel;
pub use statistics::{CONFIDENCE, Distribution, Interval, Percentile, Quantile};
pub use throughput::{Throughput, per_second};
pub use versus::{Comparison, Verdict};
pub use warm_up::{Settling, WarmUp, WarmUpPlan};
