//! Files that are wrong in every way that can be made up, and what holds for weigh whatever it is given: reading
//! and weighing end soon, without a panic, in an error or in facts that agree with each other and can be shown.
//!
//! [`bytes`] and [`messages`] change files, [`graphs`] makes new ones, [`check`] tries one, [`try_all`] sees that
//! none takes too long.
#![allow(clippy::missing_panics_doc)]

pub mod bytes;
pub mod graphs;
mod invariants;
pub mod messages;
mod watch;
#[allow(missing_docs, clippy::should_implement_trait)]
#[path = "../../crates/weigh-formats/tests/wire/mod.rs"]
pub mod wire;

pub use invariants::{Outcome, check};
pub use watch::{FOR_EVER, PATIENCE, Tally, try_all};
