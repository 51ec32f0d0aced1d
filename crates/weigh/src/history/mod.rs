//! Measurements of other days: putting them into the history, and telling what it says.

mod digest;
mod keep;
mod series;

pub use keep::{KeepRequest, Kept, keep, model_name};
pub use series::{HistoryRequest, history, history_list, matching};
