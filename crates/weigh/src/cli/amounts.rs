//! Amounts on the command line: [`weigh::ir::units`] reads them, clap reports what is wrong.

use weigh::ir::units::{Dimension, Workload};

/// Milliseconds, more than none: `5ms`.
pub(crate) fn time(text: &str) -> Result<f64, String> {
    above_nothing(text, Dimension::Time)
}

/// Things: `4.1G`.
pub(crate) fn count(text: &str) -> Result<f64, String> {
    Dimension::Count.read(text).map_err(|error| error.to_string())
}

/// Bytes, at least one: `4GiB`, `500MB`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let bytes = above_nothing(text, Dimension::Bytes)?;
    match (1.0..=u64::MAX as f64 / 2.0).contains(&bytes) {
        true => Ok(bytes as u64),
        false => Err(format!("'{text}' is no size that a machine has")),
    }
}

/// Things per second, more than none: `200/s`, `1M/day`.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    above_nothing(text, Dimension::Rate)
}

/// Dollars per hour: `2.50/h`.
pub(crate) fn price(text: &str) -> Result<f64, String> {
    Dimension::Price.read(text).map_err(|error| error.to_string())
}

/// A part of a whole, above 0 and at most 1: `70%`, `0.7`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    match above_nothing(text, Dimension::Share)? {
        share if share <= 1.0 => Ok(share),
        _ => Err(format!("'{text}' is more than the whole")),
    }
}

/// Work: `1M/day`, `10M`.
pub(crate) fn workload(text: &str) -> Result<Workload, String> {
    match Workload::read(text) {
        Ok(work) if work.items > 0.0 => Ok(work),
        Ok(_) => Err("there is nothing to do".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn above_nothing(text: &str, dimension: Dimension) -> Result<f64, String> {
    match dimension.read(text) {
        Ok(amount) if amount > 0.0 => Ok(amount),
        Ok(_) => {
            Err(format!("'{text}' is nothing: write {} such as {}", dimension.name(), dimension.example()))
        }
        Err(error) => Err(error.to_string()),
    }
}
