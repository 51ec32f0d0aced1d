//! Numbers with units, as people write and read them: SI prefixes for counts and rates, IEC prefixes for memory.
//!
//! Whatever the command line, a budget or a table says of an amount is [read](Dimension::read) and printed here, so that
//! `33ms`, `1M/day` and `20 MiB` mean the same everywhere.

mod dimension;
mod print;
mod read;

pub use dimension::Dimension;
pub use print::{
    bytes, dollars, grams, joules, milliseconds, per_second, percent, si, significant, time_unit, watts,
};
pub use read::{NoQuantity, Workload};
