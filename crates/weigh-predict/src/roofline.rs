//! What arithmetic and memory allow at best: attainable = min(peak, intensity × bandwidth), kernel by kernel
//! (Williams, Waterman, Patterson 2009, "Roofline: an insightful visual performance model").
//!
//! Activations that a level of memory holds are read and written at its bandwidth; weights are read once in an
//! inference, from the nearest level that holds all weights of the model.

use weigh_hardware::Device;
use weigh_hardware::ceilings::{Ceilings, Kind};
use weigh_ir::DType;

use crate::kernel::Workload;

/// What a device or machine can do at most, for one element type and number of threads.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Operations per second, two for each multiply-accumulate.
    pub flops: f64,
    /// The levels of memory, nearest first; the last one holds everything.
    pub levels: Vec<MemoryLevel>,
    /// What extents should be multiples of, so that no lane idles.
    pub lanes: Option<u32>,
    /// Microseconds that starting a kernel takes, where the device's table tells.
    pub launch_us: Option<f64>,
}

/// A level of memory.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryLevel {
    /// Its name.
    pub name: String,
    /// How many bytes it holds; `None` for all there are.
    pub holds_bytes: Option<f64>,
    /// Bytes per second.
    pub bytes_per_s: f64,
}

/// The least time of a kernel, by what needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attainable {
    /// Microseconds of arithmetic at the peak: FLOPs / FLOPS.
    pub compute_us: f64,
    /// Microseconds of moving its bytes.
    pub memory_us: f64,
}

impl Attainable {
    /// Both at the same time.
    pub fn us(&self) -> f64 {
        self.compute_us.max(self.memory_us)
    }
}

/// What limits a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// Arithmetic.
    Compute,
    /// Memory.
    Memory,
    /// Starting it.
    Overhead,
}

impl Limits {
    /// Those of a device of the table; `None` where its peak for the type or its bandwidth is not known.
    pub fn of_device(device: &Device, dtype: DType) -> Option<Limits> {
        let main = device.bandwidth()?.value;
        // Outwards in the table, inwards here.
        let inner = device.levels().iter().skip(1).rev().filter_map(|level| {
            Some(MemoryLevel {
                name: level.name.clone(),
                holds_bytes: Some(level.size.as_ref()?.value as f64),
                bytes_per_s: level.bandwidth.as_ref()?.value,
            })
        });
        let all = MemoryLevel { name: "main".to_owned(), holds_bytes: None, bytes_per_s: main };
        Some(Limits {
            flops: device.peak(dtype)?.flops(),
            levels: inner.chain([all]).collect(),
            lanes: device.multiple(dtype).map(|multiple| multiple.value),
            launch_us: device.launch_seconds().map(|seconds| seconds.value * 1e6),
        })
    }

    /// Those measured on this machine; `None` where the type or the number of threads was not measured.
    pub fn of_machine(ceilings: &Ceilings, dtype: DType, threads: usize) -> Option<Limits> {
        let peak = ceilings.peak(dtype.name(), threads)?;
        let mut levels: Vec<MemoryLevel> = ceilings
            .levels
            .iter()
            .filter(|level| level.threads == threads)
            .filter_map(|level| {
                let bandwidth = ceilings.bandwidth(&level.level, Kind::Triad, threads)?;
                Some(MemoryLevel {
                    name: level.level.clone(),
                    holds_bytes: Some(level.working_set_bytes as f64),
                    bytes_per_s: bandwidth.bytes_per_s,
                })
            })
            .collect();
        levels.last_mut()?.holds_bytes = None;
        let lanes = match peak.instructions.as_str() {
            name if name.starts_with("avx512") || name.starts_with("amx") => Some(64),
            name if name.starts_with("avx") => Some(32),
            name if name.starts_with("neon") => Some(16),
            _ => None,
        };
        let lanes = lanes.zip(dtype.bits()).map(|(bytes, bits)| (bytes * 8 / bits).max(1));
        Some(Limits { flops: peak.flops_per_s, levels, lanes, launch_us: None })
    }

    /// The bandwidth of the nearest level that holds so many bytes.
    pub fn bandwidth(&self, bytes: f64) -> f64 {
        let holds = |level: &&MemoryLevel| level.holds_bytes.is_none_or(|holds| bytes <= holds);
        let found = self.levels.iter().find(holds).or(self.levels.last());
        found.map_or(f64::INFINITY, |level| level.bytes_per_s)
    }

    /// The bandwidth of main memory, in bytes per second.
    pub fn main_bandwidth(&self) -> f64 {
        self.bandwidth(f64::INFINITY)
    }

    /// The least time of a kernel of a model with so many bytes of weights.
    pub fn attainable(&self, work: &Workload, model_weight_bytes: f64) -> Attainable {
        let activations = work.read_bytes + work.written_bytes;
        let moved_s = activations / self.bandwidth(activations)
            + work.weight_bytes / self.bandwidth(model_weight_bytes.max(work.weight_bytes));
        Attainable { compute_us: 2.0 * work.macs / self.flops * 1e6, memory_us: moved_s * 1e6 }
    }
}

/// What limits a kernel that takes so long to start.
pub fn bound(attainable: Attainable, start_us: f64) -> Bound {
    if start_us > attainable.us() {
        Bound::Overhead
    } else if attainable.memory_us > attainable.compute_us {
        Bound::Memory
    } else {
        Bound::Compute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let level = |name: &str, holds_bytes, bytes_per_s| MemoryLevel {
            name: name.to_owned(),
            holds_bytes,
            bytes_per_s,
        };
        Limits {
            flops: 1e12,
            levels: vec![level("L2", Some(1e6), 4e11), level("main", None, 1e11)],
            lanes: Some(16),
            launch_us: None,
        }
    }

    fn work(macs: f64, read_bytes: f64, weight_bytes: f64, written_bytes: f64) -> Workload {
        Workload {
            kind: "convolution".to_owned(),
            dtype: Some("float32".to_owned()),
            macs,
            other_ops: 0.0,
            read_bytes,
            weight_bytes,
            written_bytes,
            products: None,
        }
    }

    /// 500 M multiply-accumulates are 1 GFLOP: 1 ms at 1 TFLOPS. 400 kB of activations fit the L2: 1 µs at 400 GB/s;
    /// 1 MB of weights of a model of 50 MB come from main memory: 10 µs at 100 GB/s.
    #[test]
    fn arithmetic_and_memory_are_counted_apart() {
        let found = limits().attainable(&work(5e8, 2e5, 1e6, 2e5), 5e7);
        assert!((found.compute_us - 1000.0).abs() < 1e-9);
        assert!((found.memory_us - 11.0).abs() < 1e-9);
        assert_eq!(bound(found, 2.0), Bound::Compute);
        // Without arithmetic only its bytes are left, and less than that is no more than starting it.
        let idle = limits().attainable(&work(0.0, 2e5, 0.0, 2e5), 5e7);
        assert_eq!((idle.us(), bound(idle, 0.5), bound(idle, 2.0)), (1.0, Bound::Memory, Bound::Overhead));
    }

    #[test]
    fn what_a_level_does_not_hold_comes_from_the_next() {
        assert_eq!(limits().bandwidth(1e6), 4e11);
        assert_eq!(limits().bandwidth(1e6 + 1.0), 1e11);
        assert_eq!(limits().main_bandwidth(), 1e11);
    }

    /// The fp32 peak of the table: 35.6 TFLOPS, so 4.1 GFLOP take 0.115 ms.
    #[test]
    fn the_worked_example() {
        let devices = weigh_hardware::Devices::builtin();
        let limits = Limits::of_device(devices.find("rtx-3090").unwrap(), DType::F32).unwrap();
        assert_eq!(format!("{:.3}", 4.1e9 / limits.flops * 1e3), "0.115");
    }
}
