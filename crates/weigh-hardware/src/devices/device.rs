//! One device: what it can compute, hold and move, what it takes and costs. What is not known is `None`.
//!
//! Rates are operations per second with a multiply-accumulate as two, of dense matrices; bandwidths are bytes per
//! second; times are seconds. All are peaks: no program reaches them, and none exceeds them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use weigh_ir::DType;

use super::figure::Figure;
use super::precision::{Precision, Unit};

/// What kind of device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Phones and edge computers, and their parts.
    Edge,
    /// Microcontrollers: flash and RAM on one chip, no operating system to speak of.
    Microcontroller,
    /// Processors of laptops, desktops and servers, and GPUs built into them.
    Processor,
    /// Cards and modules beside a processor, and rented chips.
    Accelerator,
}

impl Class {
    /// Every class, in the order in which they are shown.
    pub const ALL: [Class; 4] = [Class::Accelerator, Class::Processor, Class::Edge, Class::Microcontroller];

    /// Its word in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Class::Edge => "edge",
            Class::Microcontroller => "microcontroller",
            Class::Processor => "processor",
            Class::Accelerator => "accelerator",
        }
    }

    /// Several of them, in words.
    pub fn plural(self) -> &'static str {
        match self {
            Class::Edge => "phones and edge",
            Class::Microcontroller => "microcontrollers",
            Class::Processor => "processors",
            Class::Accelerator => "accelerators",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where an entry is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The table that weigh carries.
    BuiltIn,
    /// A user's file.
    File(PathBuf),
    /// A calibration: made by code, of the machine it runs on.
    Calibration,
}

/// A peak rate in one format on one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// Operations per second on dense matrices.
    pub dense: Figure<f64>,
    /// The same where the matrices have the zeros that the device can skip; never above twice dense.
    pub sparse: Option<f64>,
}

/// One level of memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Its name: `main`, `l3`, `l2`, `l1`, `sram`.
    pub name: String,
    /// What it is made of, e.g. `HBM3`.
    pub kind: Option<String>,
    /// Bytes that it holds, over the whole device.
    pub size: Option<Figure<u64>>,
    /// Bytes per second that it gives the whole device.
    pub bandwidth: Option<Figure<f64>>,
}

/// What the extents of a matrix should be multiples of, so that no lane idles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiple {
    /// Bytes: the wider the element, the fewer of them.
    Bytes(u32),
    /// Elements of any width.
    Elements(u32),
}

impl Multiple {
    /// The multiple in elements of a format, at least 1.
    pub fn elements(self, precision: Precision) -> u32 {
        match self {
            Multiple::Bytes(bytes) => (bytes.saturating_mul(8) / precision.bits()).max(1),
            Multiple::Elements(elements) => elements.max(1),
        }
    }
}

/// The rate at which an element type is computed, and in what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak<'a> {
    /// The rate.
    pub rate: &'a Rate,
    /// The format that it is computed in.
    pub precision: Precision,
    /// Where it is computed.
    pub unit: Unit,
    /// Whether the format is another than the element type's own, which the device cannot multiply in.
    pub widened: bool,
}

impl Peak<'_> {
    /// Operations per second on dense matrices.
    pub fn flops(&self) -> f64 {
        self.rate.dense.value
    }
}

/// A device.
///
/// Fields that a table can fill have accessors; [`Device::new`] and the `set_` functions make one by code.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) class: Class,
    pub(super) vendor: Option<String>,
    pub(super) released: Option<u16>,
    pub(super) origin: Origin,
    pub(super) also: Vec<String>,
    pub(super) rates: BTreeMap<(Precision, Unit), Rate>,
    pub(super) multiples: BTreeMap<Unit, Figure<Multiple>>,
    pub(super) levels: Vec<Level>,
    pub(super) cores: Option<Figure<u64>>,
    pub(super) clock: Option<Figure<f64>>,
    pub(super) usable: Option<Figure<u64>>,
    pub(super) flash: Option<Figure<u64>>,
    pub(super) launch: Option<Figure<f64>>,
    pub(super) power: Option<Figure<f64>>,
    pub(super) idle: Option<Figure<f64>>,
    pub(super) price: Option<Figure<f64>>,
    pub(super) rent: Option<Figure<f64>>,
    pub(super) battery: Option<Figure<f64>>,
    pub(super) unknown: BTreeMap<String, String>,
}

impl Device {
    /// A device of which nothing is known yet, for figures that a calibration measured.
    pub fn new(id: impl Into<String>, title: impl Into<String>, class: Class) -> Device {
        Device {
            id: id.into(),
            title: title.into(),
            class,
            vendor: None,
            released: None,
            origin: Origin::Calibration,
            also: Vec::new(),
            rates: BTreeMap::new(),
            multiples: BTreeMap::new(),
            levels: Vec::new(),
            cores: None,
            clock: None,
            usable: None,
            flash: None,
            launch: None,
            power: None,
            idle: None,
            price: None,
            rent: None,
            battery: None,
            unknown: BTreeMap::new(),
        }
    }

    /// Says a peak rate in operations per second. Takes the place of what was said of that format and unit.
    pub fn set_rate(&mut self, precision: Precision, unit: Unit, dense: Figure<f64>) {
        self.rates.insert((precision, unit), Rate { dense, sparse: None });
    }

    /// Says what extents should be multiples of on a unit.
    pub fn set_multiple(&mut self, unit: Unit, multiple: Figure<Multiple>) {
        self.multiples.insert(unit, multiple);
    }

    /// Says a level of memory; the first one said is main memory.
    pub fn push_level(&mut self, level: Level) {
        self.levels.push(level);
    }

    /// Says the number of cores.
    pub fn set_cores(&mut self, cores: Figure<u64>) {
        self.cores = Some(cores);
    }

    /// Says how many bytes of main memory a model can have.
    pub fn set_usable(&mut self, bytes: Figure<u64>) {
        self.usable = Some(bytes);
    }

    /// Says the seconds that starting one operator takes.
    pub fn set_launch(&mut self, seconds: Figure<f64>) {
        self.launch = Some(seconds);
    }

    /// Says the watts that it takes under load.
    pub fn set_power(&mut self, watts: Figure<f64>) {
        self.power = Some(watts);
    }

    /// The name that commands take: lower case, digits and dashes.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that people use.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What kind of device it is.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Who makes it.
    pub fn vendor(&self) -> Option<&str> {
        self.vendor.as_deref()
    }

    /// The year of its release.
    pub fn released(&self) -> Option<u16> {
        self.released
    }

    /// Where the entry is from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Other names that find it.
    pub fn also(&self) -> &[String] {
        &self.also
    }

    /// Every rate that is known, by format, then unit.
    pub fn rates(&self) -> impl Iterator<Item = (Precision, Unit, &Rate)> {
        self.rates.iter().map(|((precision, unit), rate)| (*precision, *unit, rate))
    }

    /// The rate of a format on a unit.
    pub fn rate(&self, precision: Precision, unit: Unit) -> Option<&Rate> {
        self.rates.get(&(precision, unit))
    }

    /// The best rate of a format over the units, and the unit.
    pub fn best(&self, precision: Precision) -> Option<(Unit, &Rate)> {
        let rates = Unit::ALL.into_iter().filter_map(|unit| Some((unit, self.rate(precision, unit)?)));
        rates.max_by(|(_, a), (_, b)| a.dense.value.total_cmp(&b.dense.value))
    }

    /// The rate that an element type is computed at: its own where the device has one, else that of the format it is
    /// widened to ([`Precision::for_dtype`]). `None` where the device is known for none of them.
    pub fn peak(&self, dtype: DType) -> Option<Peak<'_>> {
        let mut candidates = Precision::for_dtype(dtype).iter().enumerate();
        candidates.find_map(|(step, precision)| {
            let (unit, rate) = self.best(*precision)?;
            Some(Peak { rate, precision: *precision, unit, widened: step > 0 })
        })
    }

    /// What extents should be multiples of, in elements, where an element type is computed.
    pub fn multiple(&self, dtype: DType) -> Option<Figure<u32>> {
        let peak = self.peak(dtype)?;
        let multiple = self.multiples.get(&peak.unit)?;
        Some(multiple.map(|multiple| multiple.elements(peak.precision)))
    }

    /// What extents should be multiples of on each unit.
    pub fn multiples(&self) -> impl Iterator<Item = (Unit, &Figure<Multiple>)> {
        self.multiples.iter().map(|(unit, multiple)| (*unit, multiple))
    }

    /// The levels of memory, main memory first, then outwards in.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Bytes of main memory.
    pub fn memory_bytes(&self) -> Option<&Figure<u64>> {
        self.levels.first()?.size.as_ref()
    }

    /// Bytes per second of main memory.
    pub fn bandwidth(&self) -> Option<&Figure<f64>> {
        self.levels.first()?.bandwidth.as_ref()
    }

    /// Operations per byte at which arithmetic and main memory take the same time for an element type.
    pub fn ridge(&self, dtype: DType) -> Option<f64> {
        Some(self.peak(dtype)?.flops() / self.bandwidth()?.value)
    }

    /// Bytes of main memory that a model can have; the figure's note says what takes the rest.
    pub fn usable_bytes(&self) -> Option<&Figure<u64>> {
        self.usable.as_ref()
    }

    /// Bytes of flash, where weights and program stand on a microcontroller.
    pub fn flash_bytes(&self) -> Option<&Figure<u64>> {
        self.flash.as_ref()
    }

    /// Cores of a processor, or the units that the manufacturer calls so.
    pub fn cores(&self) -> Option<&Figure<u64>> {
        self.cores.as_ref()
    }

    /// Hertz; the figure's note says of which clock.
    pub fn clock_hertz(&self) -> Option<&Figure<f64>> {
        self.clock.as_ref()
    }

    /// Seconds that starting one operator takes, over and above its work.
    pub fn launch_seconds(&self) -> Option<&Figure<f64>> {
        self.launch.as_ref()
    }

    /// Watts under load: the design power, or what was measured.
    pub fn watts(&self) -> Option<&Figure<f64>> {
        self.power.as_ref()
    }

    /// Watts without work.
    pub fn idle_watts(&self) -> Option<&Figure<f64>> {
        self.idle.as_ref()
    }

    /// Price in US dollars.
    pub fn price(&self) -> Option<&Figure<f64>> {
        self.price.as_ref()
    }

    /// Rent in US dollars per hour.
    pub fn rent_per_hour(&self) -> Option<&Figure<f64>> {
        self.rent.as_ref()
    }

    /// Watt-hours of the battery that it runs on.
    pub fn battery_watt_hours(&self) -> Option<&Figure<f64>> {
        self.battery.as_ref()
    }

    /// What is unknown on purpose: the field, and why there is no figure.
    pub fn unknown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.unknown.iter().map(|(field, why)| (field.as_str(), why.as_str()))
    }
}
