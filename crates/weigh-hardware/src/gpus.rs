//! NVIDIA's GPUs, asked through NVML, the library that comes with the driver and is loaded at run time.

use std::sync::OnceLock;

use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::Clock;
use serde::{Deserialize, Serialize};

/// A GPU of this machine. What the driver does not tell is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// The product's name: `NVIDIA H100 80GB HBM3`.
    pub name: String,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Version of the driver.
    pub driver: Option<String>,
    /// The power limit in force, in milliwatts.
    pub power_limit_mw: Option<u32>,
    /// The highest clock of the multiprocessors, in MHz.
    pub max_sm_mhz: Option<u32>,
    /// The highest clock of the memory, in MHz.
    pub max_memory_mhz: Option<u32>,
    /// Width of the memory's bus in bits.
    pub memory_bus_bits: Option<u32>,
    /// What kernels must be compiled for: `9.0`.
    pub compute_capability: Option<String>,
    /// Generation of PCI Express that the GPU can use here.
    pub pcie_generation: Option<u32>,
    /// Lanes of PCI Express that the GPU can use here.
    pub pcie_lanes: Option<u32>,
}

/// The GPUs, in the driver's order; none without the library. The library is asked once: it may take a second.
pub(crate) fn detect() -> Vec<Gpu> {
    static FOUND: OnceLock<Vec<Gpu>> = OnceLock::new();
    FOUND.get_or_init(|| ask().unwrap_or_default()).clone()
}

fn ask() -> Option<Vec<Gpu>> {
    let library = Nvml::init().ok()?;
    let driver = library.sys_driver_version().ok();
    let gpu = |index| {
        let device = library.device_by_index(index).ok()?;
        let capability = device.cuda_compute_capability().ok();
        Some(Gpu {
            name: device.name().ok()?,
            memory_bytes: device.memory_info().ok().map(|memory| memory.total),
            driver: driver.clone(),
            power_limit_mw: device.enforced_power_limit().ok(),
            max_sm_mhz: device.max_clock_info(Clock::SM).ok(),
            max_memory_mhz: device.max_clock_info(Clock::Memory).ok(),
            memory_bus_bits: device.memory_bus_width().ok(),
            compute_capability: capability.map(|found| format!("{}.{}", found.major, found.minor)),
            pcie_generation: device.max_pcie_link_gen().ok(),
            pcie_lanes: device.max_pcie_link_width().ok(),
        })
    };
    Some((0..library.device_count().ok()?).filter_map(gpu).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_machine_without_the_library_has_none() {
        // Whatever is here: no panic, and every GPU has a name.
        assert!(super::detect().iter().all(|gpu| !gpu.name.is_empty()));
    }
}
