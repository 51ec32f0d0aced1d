//! Measurements that were kept: a database of runs, and where the level of a series of them changed.
//!
//! [`Store`] is the database: one SQLite file that several processes may use at the same time. [`change_points`] is the
//! statistics: which of a series' differences are changes of level and which are noise. `docs/history.md` tells all of it.
//!
//! Nothing here reads a clock: when a run was made is told by whoever keeps it.
#![forbid(unsafe_code)]

pub mod change_points;
mod energy_distance;
mod error;
mod levels;
mod rows;
mod schema;
mod store;
pub mod time;

pub use change_points::{Analysis, Change, Level, Run, analyse};
pub use error::StoreError;
pub use levels::ratio;
pub use rows::{Estimate, Figures, Kept, Key, Overview, Record};
pub use store::{Store, usual_path};
