//! Honest timing of a model.
//!
//! What is measured, and what the words mean (every one of them appears in reports):
//! - *load*: reading the model and making it ready. Once, by itself.
//! - *first inference*: the run that pays for whatever the engine puts off until then. Once, by itself.
//! - *warm-up*: runs that are thrown away until their times settle ([`sampling`]).
//! - *samples*: the time of each inference after that, one after the other, none dropped. Statistics are made of
//!   these alone ([`statistics`]).
//!
//! The method follows Hoefler and Belli, "Scientific benchmarking of parallel computing systems" (SC'15): order
//! statistics with nonparametric confidence intervals, because latencies are never normally distributed; a mean
//! only for what adds up (time, hence throughput).
//!
//! All time comes through [`Clock`], so no test waits on a real clock.
#![forbid(unsafe_code)]

mod binomial;
mod chi_squared;
pub mod clock;
pub mod measurement;
pub mod memory;
pub mod noise;
mod note;
pub mod observations;
pub mod outliers;
pub mod sampling;
pub mod sentinel;
pub mod statistics;
mod student;
mod throughput;
pub mod versus;
pub mod warm_up;

pub use clock::{Clock, MonotonicClock};
pub use measurement::{MeasureOptions, Measurement, measure, measure_with};
pub use memory::MemoryUse;
pub use noise::{Noise, NoiseReport, NoiseVerdict};
pub use note::Note;
pub use observations::{Observations, Unit};
pub use outliers::Outliers;
pub use sampling::{Phase, Plan, Progress, RoundPlan, Sampling, sample};
pub use sentinel::Sentinel;
pub use statistics::{CONFIDENCE, Distribution, Interval, Percentile, Quantile};
pub use throughput::{Throughput, per_second};
pub use versus::{Comparison, Verdict};
pub use warm_up::{Settling, WarmUp, WarmUpPlan};
