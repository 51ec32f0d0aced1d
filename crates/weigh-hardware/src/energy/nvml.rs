//! NVIDIA's graphics cards through NVML, whose library comes with the driver and is loaded at run time.
//!
//! Cards since Volta count their energy in millijoules (`nvmlDeviceGetTotalEnergyConsumption`, NVML API reference);
//! of others the power is sampled (`nvmlDeviceGetPowerUsage`, milliwatts), and the counter says so.

use std::sync::Arc;
use std::time::Instant;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::counters::{Absent, Counter, Integrator, Kind, Scope};
use super::units::Joules;

const SOURCE: &str = "nvml";

/// Seconds between two samples of power.
const SAMPLE: f64 = 0.05;

/// One card.
struct Card {
    nvml: Arc<Nvml>,
    index: u32,
    name: String,
    means: Means,
}

/// What the card tells.
enum Means {
    /// Millijoules since the driver was loaded; here those at the opening.
    Energy { first: u64 },
    /// Milliwatts.
    Power { since: Instant, total: Integrator },
}

impl Counter for Card {
    fn name(&self) -> &str {
        &self.name
    }

    fn scope(&self) -> Scope {
        Scope::Gpu
    }

    fn kind(&self) -> Kind {
        match self.means {
            Means::Energy { .. } => Kind::Counted,
            Means::Power { .. } => Kind::SampledPower,
        }
    }

    fn resolution(&self) -> Option<Joules> {
        matches!(self.means, Means::Energy { .. }).then_some(Joules(1e-3))
    }

    fn longest_wait(&self) -> Option<f64> {
        matches!(self.means, Means::Power { .. }).then_some(SAMPLE)
    }

    fn read(&mut self) -> Result<Joules, Absent> {
        let failed = |error: NvmlError| Absent::new(SOURCE, format!("{}: {error}", self.name));
        let device = self.nvml.device_by_index(self.index).map_err(failed)?;
        match &mut self.means {
            Means::Energy { first } => {
                let now = device.total_energy_consumption().map_err(failed)?;
                Ok(Joules(now.saturating_sub(*first) as f64 * 1e-3))
            }
            Means::Power { since, total } => {
                let watts = f64::from(device.power_usage().map_err(failed)?) * 1e-3;
                Ok(total.add(since.elapsed().as_secs_f64(), watts))
            }
        }
    }
}

/// Every card that tells energy or power.
///
/// # Errors
/// There is no driver, no card, or none that tells.
pub(super) fn open() -> Result<Vec<Box<dyn Counter>>, Absent> {
    let nvml = Arc::new(Nvml::init().map_err(|error| absent(&error))?);
    let count = nvml.device_count().map_err(|error| absent(&error))?;
    let mut cards: Vec<Box<dyn Counter>> = Vec::new();
    let mut refused = Absent::new(SOURCE, "there is no NVIDIA card");
    for index in 0..count {
        match card(&nvml, index) {
            Ok(card) => cards.push(Box::new(card)),
            Err(error) => refused = Absent::new(SOURCE, format!("card {index}: {error}")),
        }
    }
    if cards.is_empty() { Err(refused) } else { Ok(cards) }
}

fn card(nvml: &Arc<Nvml>, index: u32) -> Result<Card, NvmlError> {
    let device = nvml.device_by_index(index)?;
    let means = match device.total_energy_consumption() {
        Ok(first) => Means::Energy { first },
        Err(_) => {
            let mut total = Integrator::default();
            total.add(0.0, f64::from(device.power_usage()?) * 1e-3);
            Means::Power { since: Instant::now(), total }
        }
    };
    let model = device.name().unwrap_or_else(|_| "card".to_owned());
    Ok(Card { nvml: Arc::clone(nvml), index, name: format!("{SOURCE} {index} {model}"), means })
}

/// Why NVML is of no use.
fn absent(error: &NvmlError) -> Absent {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => {
            Absent::new(SOURCE, "NVIDIA's library is not on this machine")
        }
        NvmlError::NoPermission => Absent::new(SOURCE, "no permission to ask NVIDIA's driver")
            .hint("let this user read and write /dev/nvidiactl and /dev/nvidia*"),
        error => Absent::new(SOURCE, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_card_or_a_reason() {
        match open() {
            Ok(mut cards) => {
                assert_eq!(cards[0].scope(), Scope::Gpu);
                let first = cards[0].read().unwrap();
                assert!(cards[0].read().unwrap() >= first);
            }
            Err(absent) => assert!(!absent.reason.is_empty()),
        }
    }

    #[test]
    fn reasons_are_plain() {
        assert_eq!(absent(&NvmlError::LibraryNotFound).reason, "NVIDIA's library is not on this machine");
        assert!(absent(&NvmlError::NoPermission).hint.is_some());
    }
}
