//! The energy of an inference: counted while a model runs ([`add_energy`]), or estimated from its work or a power.

mod counted;
mod estimate;

pub use counted::add_energy;
pub(crate) use estimate::{Question, by_operations, by_power, described};
