//! Ceilings as plain data, to be saved and read back.

use serde::{Deserialize, Serialize};

use super::{Level, Plateau};
use crate::Fingerprint;

/// What a machine can do at most, as it was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ceilings {
    /// When, in ISO 8601 and universal time: `2026-11-27T14:00:00Z`.
    pub date: String,
    /// The machine.
    pub fingerprint: Option<Fingerprint>,
    /// Arithmetic, by type, instruction set and threads.
    pub peaks: Vec<Peak>,
    /// Memory, by level, kind of access and threads.
    pub bandwidth: Vec<Bandwidth>,
    /// Reading against the size of what is read.
    pub curve: Vec<Point>,
    /// Where the curve of one thread is level.
    pub plateaus: Vec<Plateau>,
    /// Where the sizes of the levels come from, of one thread and of all.
    pub levels: Vec<Level>,
}

impl Ceilings {
    /// The highest peak of a type over instruction sets, at exactly so many threads.
    pub fn peak(&self, dtype: &str, threads: usize) -> Option<&Peak> {
        let fitting = self.peaks.iter().filter(|peak| peak.dtype == dtype && peak.threads == threads);
        fitting.max_by(|a, b| a.flops_per_s.total_cmp(&b.flops_per_s))
    }

    /// The bandwidth of a level (`L1`, `L2`, `L3`, `DRAM`) at exactly so many threads.
    pub fn bandwidth(&self, level: &str, kind: Kind, threads: usize) -> Option<&Bandwidth> {
        self.bandwidth.iter().find(|row| row.level == level && row.kind == kind && row.threads == threads)
    }
}

/// The rate of multiply-accumulates in registers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// Type of the factors. `bfloat16` is summed in `float32` and `int8` in 32-bit integers; the others in themselves.
    pub dtype: String,
    /// The instruction set: `avx512f`, `amx-bf16`, `neon`; `portable` for what the compiler made of plain Rust.
    pub instructions: String,
    /// Threads that ran together.
    pub threads: usize,
    /// Operations a second of all threads together, two for each multiply-accumulate; the best turn.
    pub flops_per_s: f64,
    /// The same of the middle turn.
    pub median_flops_per_s: f64,
}

/// A way to use memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Reading; 8 bytes an element.
    Read,
    /// Ordinary stores; 8 bytes an element, though most caches read a line before they change it.
    Write,
    /// Stores that go past the caches; 8 bytes an element.
    WritePastCaches,
    /// `a[i] = b[i]`; 16 bytes an element, as STREAM counts.
    Copy,
    /// `a[i] = b[i] + s × c[i]` with ordinary stores; 24 bytes an element, as STREAM counts.
    Triad,
}

impl Kind {
    /// All, in the order in which they are measured.
    pub const ALL: [Kind; 5] = [Kind::Read, Kind::Write, Kind::WritePastCaches, Kind::Copy, Kind::Triad];
}

/// A rate of moving data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bandwidth {
    /// Where the data is: `L1`, `L2`, `L3` or `DRAM`.
    pub level: String,
    /// All arrays of one thread together, in bytes.
    pub working_set_bytes: u64,
    /// What is done.
    pub kind: Kind,
    /// The instruction set, as in [`Peak::instructions`].
    pub instructions: String,
    /// Threads that ran together, each over arrays of its own.
    pub threads: usize,
    /// Bytes a second of all threads together; the best turn.
    pub bytes_per_s: f64,
    /// The same of the middle turn.
    pub median_bytes_per_s: f64,
}

/// A point of the curve of reading against size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Threads that ran together.
    pub threads: usize,
    /// What one thread reads over and over, in bytes.
    pub working_set_bytes: u64,
    /// Bytes a second of all threads together; the best turn.
    pub bytes_per_s: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_peak_of_a_type_counts() {
        let peak = |instructions: &str, threads, flops_per_s| Peak {
            dtype: "float32".into(),
            instructions: instructions.into(),
            threads,
            flops_per_s,
            median_flops_per_s: flops_per_s,
        };
        let peaks = vec![peak("avx2+fma", 1, 1e11), peak("avx512f", 1, 2e11), peak("avx2+fma", 2, 3e11)];
        let ceilings = Ceilings { peaks, ..Ceilings::default() };
        assert_eq!(ceilings.peak("float32", 1).unwrap().instructions, "avx512f");
        assert_eq!(ceilings.peak("float32", 2).unwrap().flops_per_s, 3e11);
        assert_eq!(ceilings.peak("float64", 1), None);
    }
}
