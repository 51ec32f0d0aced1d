//! Running a model on this machine: what it is fed, at which settings, in which processes, and what that says.
//!
//! A [`Subject`] is a model with its inputs; a [`Setting`] is one way to run it. [`Bench::sweep`] measures many
//! settings, [`Bench::versus`] two against each other, [`Bench::serve`] one under the load of a server, and
//! [`Bench::by_layer`] has them tell where the time goes. All of them run the model in worker processes
//! ([`weigh_measure::fleet`]) and give back rows of the document.

mod choice;
mod document;
mod grow;
mod inputs;
mod layers;
mod rebatch;
mod serve;
mod slo;
mod subject;
mod sweep;
mod versus;

use weigh_hardware::Machine;
use weigh_measure::fleet::{Campaign, Launcher};
use weigh_report::report;

pub(crate) use inputs::batch;
pub use serve::{LoadRequest, Served};
pub use slo::{NoSlo, Slo};
pub use subject::{DataRequest, Prepared, Setting, Subject};
pub(crate) use subject::{SEED, batch_symbol};
pub use sweep::{Batches, Swept};
pub use versus::{Compared, SideOfModel};

/// How and for how long to measure.
#[derive(Clone)]
pub struct Bench {
    /// How worker processes are started.
    pub launcher: Launcher,
    /// How many processes, for how long.
    pub campaign: Campaign,
    /// What throughput counts: samples, images, frames, tokens, queries.
    pub unit: String,
    /// A limit on latency to choose a setting by.
    pub slo: Option<Slo>,
    /// Whether to tell where the time of each setting goes.
    pub by_layer: bool,
    /// Bytes of memory that a model may be expected to need; nothing larger is started.
    pub memory_bytes: Option<u64>,
}

/// The engines that models can be run with, as reports list them.
pub fn engines() -> Vec<report::EngineInfo> {
    let automatic = weigh_engine::automatic().name();
    let info = |engine: &&dyn weigh_engine::Engine| {
        let named = report::EngineInfo {
            name: engine.name().to_owned(),
            default: engine.name() == automatic,
            ..report::EngineInfo::default()
        };
        match engine.installation() {
            Ok(found) => report::EngineInfo {
                usable: true,
                version: Some(found.version),
                library: found.library.map(|path| path.display().to_string()),
                providers: found.providers.iter().map(|provider| provider.name().to_owned()).collect(),
                ..named
            },
            Err(missing) => {
                report::EngineInfo { reason: Some(missing.reason), hint: Some(missing.hint), ..named }
            }
        }
    };
    weigh_engine::engines().iter().map(info).collect()
}

/// This machine, as reports describe it.
pub fn machine(machine: &Machine) -> report::Environment {
    let version = |engine: &&dyn weigh_engine::Engine| {
        Some((engine.name().to_owned(), engine.installation().ok()?.version))
    };
    let small = |count: usize| u32::try_from(count).ok();
    let cache = |cache: &weigh_hardware::Cache| {
        let shared_by = small(cache.shared_by)?;
        Some(report::MachineCache { level: cache.level, bytes: cache.bytes, shared_by })
    };
    let gpu = |gpu: &weigh_hardware::Gpu| report::MachineGpu {
        name: gpu.name.clone(),
        memory_bytes: gpu.memory_bytes,
        driver: gpu.driver.clone(),
    };
    report::Environment {
        cpu: Some(machine.cpu.clone()),
        cores: small(machine.usable_cores.get()),
        physical_cores: machine.physical_cores.and_then(small),
        memory_bytes: machine.memory_bytes,
        os: Some(machine.os.clone()),
        arch: Some(machine.arch.to_owned()),
        caches: machine.caches.iter().filter_map(cache).collect(),
        quota: machine.quota,
        gpus: machine.gpus.iter().map(gpu).collect(),
        engines: weigh_engine::engines().iter().filter_map(version).collect(),
        notes: Vec::new(),
    }
}
