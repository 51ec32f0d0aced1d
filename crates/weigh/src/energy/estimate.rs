//! Energy that is estimated, at the place it has in documents, and what follows from it.

use std::collections::BTreeMap;

use weigh_hardware::Device;
use weigh_hardware::energy::carbon::Grid;
use weigh_hardware::energy::{Basis, Energy, Power, Watts, Work, from_power, modelled, operation_tables};
use weigh_ir::DType;
use weigh_predict::Workload;
use weigh_report::report;

/// The data centre's own needs are not counted.
const POWER_USAGE_EFFECTIVENESS: f64 = 1.0;

/// Energy by published costs of operations and bytes: one estimate for each table that prices all of it.
pub(crate) fn by_operations(kernels: &[&Workload], dtype: Option<DType>) -> Vec<Energy> {
    let mut work = Work { macs: BTreeMap::new(), other_ops: BTreeMap::new(), ..Work::default() };
    for kernel in kernels {
        let dtype = dtype.or(kernel.dtype()).unwrap_or(DType::F32);
        *work.macs.entry(dtype).or_default() += kernel.macs;
        *work.other_ops.entry(dtype).or_default() += kernel.other_ops;
        // Weights come from main memory; activations are taken to stay on the chip.
        work.dram_bytes += kernel.weight_bytes;
        work.cache_bytes += kernel.read_bytes + kernel.written_bytes;
    }
    operation_tables().iter().filter_map(|table| Some(modelled(&work, table).ok()?.energy)).collect()
}

/// Energy by a device's power over a time.
pub(crate) fn by_power(device: &Device, seconds: f64) -> Option<Energy> {
    let idle = device.idle_watts().map(|watts| Watts(watts.value));
    let power = Power { full: Watts(device.watts()?.value), idle, utilisation: 1.0 };
    Some(from_power(&power, seconds))
}

/// What is asked about an energy, beyond how much it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// Watt-hours of the battery that it comes from.
    pub battery_watt_hours: Option<f64>,
    /// Watts that the device takes all the time.
    pub idle_watts: Option<f64>,
    /// Inferences per second that the battery is to last for.
    pub rate: Option<f64>,
    /// Where electricity comes from.
    pub grid: Option<Grid>,
}

/// An energy as documents have it.
pub(crate) fn described(energy: &Energy, question: &Question) -> report::EnergyEstimate {
    let (basis, rests_on) = match &energy.basis {
        Basis::Measured { source, seconds } => ("measured", format!("{source}, over {seconds:.1} s")),
        Basis::Modelled { rests_on } => ("modelled", rests_on.clone()),
    };
    let battery = question.battery_watt_hours.zip(question.rate);
    let idle = question.idle_watts.map(Watts);
    let hours = battery.and_then(|(battery, rate)| energy.battery_hours(battery, rate, idle));
    let grams = |grid: &Grid| grid.grams(energy.joules, POWER_USAGE_EFFECTIVENESS) * 1e6;
    report::EnergyEstimate {
        basis: basis.to_owned(),
        rests_on,
        joules: Some(energy.joules.0),
        inferences_per_watt_hour: energy.inferences_per_watt_hour(),
        battery_hours: hours,
        rate_per_second: hours.and(question.rate),
        grams_co2e_per_million: question.grid.as_ref().map(grams),
        grid: question
            .grid
            .as_ref()
            .map(|grid| format!("{} gCO2e/kWh: {}", grid.grams_per_kilowatt_hour, grid.source)),
    }
}
