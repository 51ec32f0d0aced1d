//! The lines of a roofline at their place in the document.

use weigh_predict::roofline::Limits;
use weigh_report::report;

/// What a device can do at most, main memory first.
pub(super) fn described(limits: &Limits, title: &str, dtype: &str, rests_on: &str) -> report::Ceilings {
    let bandwidth = |level: &weigh_predict::roofline::MemoryLevel| report::BandwidthCeiling {
        level: if level.holds_bytes.is_none() { "main".to_owned() } else { level.name.clone() },
        bytes_per_s: level.bytes_per_s,
    };
    report::Ceilings {
        title: title.to_owned(),
        dtype: dtype.to_owned(),
        flops_per_s: limits.flops,
        bandwidths: limits.levels.iter().rev().map(bandwidth).collect(),
        rests_on: rests_on.to_owned(),
    }
}

/// What measured ceilings rest on.
pub(super) const MEASURED: &str = "measured on this machine";
