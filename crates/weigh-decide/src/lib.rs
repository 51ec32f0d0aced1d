//! What follows from reports: whether requirements are met, how models compare, what serving a workload takes.
//!
//! Everything here reads [`weigh_report::Report`]s and knows no files, clocks or engines: a saved report decides like a
//! fresh one. What a report does not know stays unknown; it never becomes a pass.
#![forbid(unsafe_code)]

pub mod compare;
pub mod plan;
pub mod requirement;
