//! The time of a kernel on a device that is not here, from its published ceilings.
//!
//! A device's table says what it can do at most. What runtimes reach of that is a matter of the class of device: shares
//! below are rules, not measurements, of the order that dense layers reach in practice, and the interval around a
//! prediction made with them is wide on purpose (an uncalibrated roofline is a bound more than a predictor).

use weigh_hardware::devices::Class;

use crate::kernel::Workload;
use crate::roofline::{Attainable, Bound, Limits, bound};

/// What runtimes reach on a class of devices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Share of the peak in large products.
    pub arithmetic: f64,
    /// Share of the bandwidth.
    pub memory: f64,
    /// Elements of output that occupy the whole device, however many multipliers it has.
    pub filled_by: f64,
    /// Microseconds of starting a kernel, where the device's table does not tell.
    pub launch_us: f64,
}

/// A time that rests on a rule is right within this factor, more often than not; the interval is that factor both ways.
pub const INTERVAL_FACTOR: f64 = 2.0;

/// The shares of a class.
pub fn reach(class: Class) -> Reach {
    match class {
        Class::Accelerator => Reach { arithmetic: 0.6, memory: 0.75, filled_by: 3e5, launch_us: 5.0 },
        Class::Processor => Reach { arithmetic: 0.65, memory: 0.7, filled_by: 1.0, launch_us: 2.0 },
        Class::Edge => Reach { arithmetic: 0.4, memory: 0.6, filled_by: 3e4, launch_us: 20.0 },
        Class::Microcontroller => Reach { arithmetic: 0.35, memory: 0.6, filled_by: 1.0, launch_us: 20.0 },
    }
}

/// The expected time of a kernel on a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceTime {
    /// Microseconds.
    pub us: f64,
    /// Of that, what starting it takes.
    pub start_us: f64,
    /// What the ceilings allow at best.
    pub attainable: Attainable,
    /// What the expected time is limited by: arithmetic that is slow because it cannot fill the device counts as such.
    pub bound: Bound,
}

/// What a kernel of a model with so many bytes of weights takes.
pub fn time(limits: &Limits, reach: &Reach, work: &Workload, model_weight_bytes: f64) -> DeviceTime {
    let attainable = limits.attainable(work, model_weight_bytes);
    let start_us = limits.launch_us.unwrap_or(reach.launch_us);
    let arithmetic_us = attainable.compute_us / (reach.arithmetic * occupied(limits, reach, work));
    let memory_us = attainable.memory_us / reach.memory;
    let expected = Attainable { compute_us: arithmetic_us, memory_us };
    DeviceTime { us: start_us + expected.us(), start_us, attainable, bound: bound(expected, start_us) }
}

/// The share of the arithmetic units that a kernel's shape can occupy: lanes that its extents do not fill idle, and so
/// do cores that its output is too small for.
fn occupied(limits: &Limits, reach: &Reach, work: &Workload) -> f64 {
    let Some(products) = &work.products else { return 1.0 };
    let lanes = f64::from(limits.lanes.unwrap_or(1));
    let filled = |extent: f64| extent / ((extent / lanes).ceil() * lanes).max(1.0);
    let outputs = products.groups * products.rows * products.columns;
    let multipliers = limits.flops / 2.0 / CLOCK_HZ;
    let spread = (outputs / reach.filled_by.min(OUTPUTS_EACH * multipliers)).min(1.0);
    (filled(products.columns) * filled(products.depth) * spread).max(LEAST)
}

/// Elements of output that keep one multiplier busy while results are on their way: what a thread of a dense product
/// accumulates at least (Volkov, Demmel 2008, "Benchmarking GPUs to tune dense linear algebra": 16).
const OUTPUTS_EACH: f64 = 16.0;

/// Devices that need many outputs at once run at one to two billion cycles a second.
const CLOCK_HZ: f64 = 1.5e9;

/// However awkward its shape, a kernel reaches this share.
const LEAST: f64 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Products;
    use crate::roofline::MemoryLevel;

    fn limits() -> Limits {
        let main = MemoryLevel { name: "main".to_owned(), holds_bytes: None, bytes_per_s: 1e12 };
        Limits { flops: 1e13, levels: vec![main], lanes: Some(8), launch_us: Some(4.0) }
    }

    fn product(rows: f64, columns: f64, depth: f64) -> Workload {
        Workload {
            kind: "product with weights".to_owned(),
            dtype: Some("float32".to_owned()),
            macs: rows * columns * depth,
            other_ops: 0.0,
            read_bytes: 0.0,
            weight_bytes: 0.0,
            written_bytes: 0.0,
            products: Some(Products { groups: 1.0, rows, columns, depth, window: 1.0, stride: 1.0 }),
        }
    }

    /// 4096³ MACs are 137.4 GFLOP: 13.74 ms at the peak, 22.9 ms at six tenths of it, and 4 µs to start.
    #[test]
    fn a_large_product_reaches_the_share_of_its_class() {
        let found = time(&limits(), &reach(Class::Accelerator), &product(4096.0, 4096.0, 4096.0), 0.0);
        assert!((found.attainable.compute_us - 13743.9).abs() < 0.1, "{found:?}");
        assert!((found.us - (13743.9 / 0.6 + 4.0)).abs() < 0.2, "{found:?}");
    }

    /// 6 TFLOPS are 2000 multipliers at 1.5 GHz: 32,000 outputs occupy them, 64 × 100 of them a fifth. What a device with
    /// more has is occupied by what fills its class.
    #[test]
    fn few_outputs_leave_multipliers_idle() {
        let reach = reach(Class::Accelerator);
        let share = |flops| {
            occupied(&Limits { flops, lanes: None, ..limits() }, &reach, &product(64.0, 100.0, 4096.0))
        };
        assert!((share(6e12) - 0.2).abs() < 1e-12);
        assert!((share(6e14) - 6400.0 / reach.filled_by).abs() < 1e-12);
    }

    /// Nine columns take two vectors of eight: 9/16 of the lanes work.
    #[test]
    fn lanes_that_an_extent_does_not_fill_idle() {
        let reach = Reach { filled_by: 1.0, ..reach(Class::Accelerator) };
        let share = occupied(&limits(), &reach, &product(4096.0, 9.0, 4096.0));
        assert!((share - 9.0 / 16.0).abs() < 1e-12);
    }
}
