//! Devices that models could run on, each figure with what it rests on. Keys name their unit; rates are dense, and a
//! multiply-accumulate is two operations.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One device. What is not known is null, or missing from a map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeviceInfo {
    /// The name that commands take.
    pub name: String,
    /// The name that people use.
    pub title: String,
    /// `accelerator`, `processor`, `edge` or `microcontroller`.
    pub class: String,
    /// Who makes it.
    pub vendor: Option<String>,
    /// The year of its release.
    pub released: Option<u32>,
    /// The file that the entry is from; null where it is built in.
    pub file: Option<String>,
    /// The best rate in each format, e.g. `fp32`, over the units that have it.
    pub peak_flops: BTreeMap<String, PeakRate>,
    /// The rates of the slower unit, in formats that two units have.
    pub slower_flops: BTreeMap<String, PeakRate>,
    /// What extents of matrices should be multiples of on a unit.
    pub multiples: BTreeMap<String, DeviceMultiple>,
    /// Bytes of main memory.
    pub memory_bytes: Option<DeviceFigure<u64>>,
    /// Bytes of main memory that a model can have.
    pub usable_bytes: Option<DeviceFigure<u64>>,
    /// Bytes of flash.
    pub flash_bytes: Option<DeviceFigure<u64>>,
    /// Bytes per second of main memory.
    pub bandwidth_bytes_per_s: Option<DeviceFigure<f64>>,
    /// All levels of memory, main memory first.
    pub levels: Vec<DeviceLevel>,
    /// Cores, or what the manufacturer calls so.
    pub cores: Option<DeviceFigure<u64>>,
    /// Clock in hertz.
    pub clock_hz: Option<DeviceFigure<f64>>,
    /// Seconds that starting one operator takes.
    pub launch_s: Option<DeviceFigure<f64>>,
    /// Watts under load.
    pub watts: Option<DeviceFigure<f64>>,
    /// Watts without work.
    pub idle_watts: Option<DeviceFigure<f64>>,
    /// Price in US dollars.
    pub price_usd: Option<DeviceFigure<f64>>,
    /// Rent in US dollars per hour.
    pub rent_usd_per_hour: Option<DeviceFigure<f64>>,
    /// Watt-hours of its battery.
    pub battery_wh: Option<DeviceFigure<f64>>,
    /// What is unknown on purpose: the field, and why there is no figure.
    pub unknown: BTreeMap<String, String>,
}

/// A value and what it rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceFigure<T> {
    /// The value, in the unit that the key names.
    pub value: T,
    /// What it rests on.
    #[serde(flatten)]
    pub grounds: Grounds,
}

/// What a figure rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Grounds {
    /// How it came about.
    pub basis: FigureBasis,
    /// Title of the document, page or measurement that it is from.
    pub source: String,
    /// Who published that.
    pub publisher: Option<String>,
    /// When it was published, or as of when it holds: a year, month or day.
    pub date: String,
    /// Its page.
    pub url: Option<String>,
    /// The place in it.
    pub place: Option<String>,
    /// What else must be known to read the figure right.
    pub note: Option<String>,
}

/// How a figure of a device came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FigureBasis {
    /// The manufacturer or the seller says so.
    Datasheet,
    /// Computed from what the manufacturer says.
    Derived,
    /// Somebody measured it.
    Measured,
    /// Nobody says it: a value typical of the class, or a rough judgement.
    #[default]
    Estimate,
}

impl FigureBasis {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            FigureBasis::Datasheet => "datasheet",
            FigureBasis::Derived => "derived",
            FigureBasis::Measured => "measured",
            FigureBasis::Estimate => "estimate",
        }
    }
}

/// A rate in operations per second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PeakRate {
    /// On dense matrices.
    pub dense: f64,
    /// On matrices with the zeros that the device can skip.
    #[serde(default)]
    pub sparse: Option<f64>,
    /// What computes it: `vector` or `matrix`.
    #[serde(default)]
    pub unit: String,
    /// What it rests on.
    #[serde(flatten)]
    pub grounds: Grounds,
}

/// What extents of matrices should be multiples of: so many bytes, or so many elements of any width.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceMultiple {
    /// Bytes.
    #[serde(default)]
    pub bytes: Option<u32>,
    /// Elements.
    #[serde(default)]
    pub elements: Option<u32>,
    /// What it rests on.
    #[serde(flatten)]
    pub grounds: Grounds,
}

/// One level of memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeviceLevel {
    /// `main`, `l3`, `l2`, `l1` or `sram`.
    pub name: String,
    /// What it is made of, e.g. `HBM3`.
    pub kind: Option<String>,
    /// Bytes, over the whole device.
    pub bytes: Option<DeviceFigure<u64>>,
    /// Bytes per second, over the whole device.
    pub bandwidth_bytes_per_s: Option<DeviceFigure<f64>>,
}
