//! Many workers: several fresh processes for each configuration, their rounds interleaved.
//!
//! A pass starts one worker for every configuration, one after the other in an order drawn anew for each pass, so that
//! what changes on the machine over minutes hits all configurations alike, and no two models are in memory together.
//! Pairs that are compared are alive together and take turns round by round ([`compare`]).

mod campaign;
mod failure;
mod measured;
mod pairs;
mod process;

pub use campaign::{Campaign, Outcome, Record, Step};
pub use failure::Failure;
pub use measured::{Measured, StageObservations};
pub use pairs::{Paired, Pairing, compare};
pub use process::{Launcher, Worker};
