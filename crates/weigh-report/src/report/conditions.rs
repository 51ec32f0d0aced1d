//! What a measurement was made under: warm-up, outliers, a busy machine, the data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The inferences between loading and the timed ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WarmUp {
    /// How many, in the process that needed most.
    pub runs: Option<u64>,
    /// Time they took together.
    pub ms: Option<f64>,
    /// Whether times had settled when they ended, in every process.
    pub settled: bool,
}

/// Samples far from the median, in robust standard deviations (1.4826 times the median absolute deviation): more than
/// 3.5 of them (mild) or 10 (severe).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Outliers {
    /// Faster by 3.5 to 10 of them.
    pub mild_low: u64,
    /// Faster by more than 10.
    pub severe_low: u64,
    /// Slower by 3.5 to 10.
    pub mild_high: u64,
    /// Slower by more than 10.
    pub severe_high: u64,
}

/// What the machine did besides measuring. Shares are between 0 and 1; null where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Noise {
    /// Share of processor time that the host took from this virtual machine.
    pub steal: Option<f64>,
    /// Time that a quota held the processes back.
    pub throttled_ms: Option<f64>,
    /// Share of time in which something waited for a processor.
    pub pressure_cpu: Option<f64>,
    /// Share of time in which something waited for memory.
    pub pressure_memory: Option<f64>,
    /// Share of time in which something waited for a disk.
    pub pressure_io: Option<f64>,
    /// Share of the machine's processor time that other processes used.
    pub other_cpu: Option<f64>,
    /// How often the measuring threads were made to wait for others.
    pub involuntary_switches: Option<u64>,
    /// How often a page had to be read from a disk.
    pub major_faults: Option<u64>,
    /// Lowest and highest clock of the processors seen, in MHz.
    pub frequency_mhz: Option<[f64; 2]>,
    /// Runnable tasks, the system's average over a minute.
    pub load_average: Option<f64>,
    /// A fixed piece of work was timed between the rounds: its longest time less its shortest, as a part of the median.
    pub sentinel_variation: Option<f64>,
    /// `quiet`, or in words what disturbed the measurement; null where nothing is known.
    pub verdict: Option<String>,
}

/// Where inputs came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DataSource {
    /// File or folder.
    pub path: String,
    /// Items found there, e.g. images.
    pub items: Option<u64>,
    /// How an item becomes an input, in the words of the command line.
    pub preprocess: Option<String>,
    /// What is made of the outputs.
    pub postprocess: Option<String>,
}
