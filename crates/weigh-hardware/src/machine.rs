//! Detection of the machine this process runs on.

use std::num::NonZeroUsize;
use std::thread;

use serde::Serialize;
use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System,
};

use crate::caches::{self, Cache};
use crate::features;
use crate::fingerprint::Fingerprint;
use crate::gpus::{self, Gpu};
use crate::processor::{self, Clock, Model};
use crate::{lists, quota};

/// The machine this process runs on, as far as the operating system tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's brand string, trimmed, e.g. `AMD EPYC 7763 64-Core Processor`. A virtual machine often
    /// shows a generic one. `unknown` where the system gives none.
    pub cpu: String,
    /// Physical cores of the whole machine. `None` where the system does not say.
    pub physical_cores: Option<usize>,
    /// Logical processors that this process may use: CPU affinity and cgroup quotas are respected
    /// ([`std::thread::available_parallelism`]).
    pub usable_cores: NonZeroUsize,
    /// Memory in bytes that this process may use: the machine's, or the process's cgroup limit where that is
    /// lower. `None` where the system does not say.
    pub memory_bytes: Option<u64>,
    /// Name and version of the operating system, e.g. `Linux (Debian 12)`.
    pub os: String,
    /// The instruction set architecture this program was built for, e.g. `x86_64`.
    pub arch: &'static str,
    /// Instruction sets that matter to matrix products, e.g. `avx2`, `avx512f`, `neon`.
    pub features: Vec<&'static str>,
    /// Family, model and stepping of the processor. `None` where the system does not say.
    pub model: Option<Model>,
    /// The clock rates that the system tells.
    pub clock: Clock,
    /// Caches for data of the first processor, the nearest first. Empty where the system does not say.
    pub caches: Vec<Cache>,
    /// The processor time that control groups allow, in processors: 1.5 are one and a half. `None` without a quota.
    pub quota: Option<f64>,
    /// Nodes of memory that are near to some processors and far from others. `None` where the system does not say.
    pub numa_nodes: Option<usize>,
    /// NVIDIA's GPUs. Empty without their driver.
    pub gpus: Vec<Gpu>,
}

impl Machine {
    /// Asks the operating system about this machine. Takes a few milliseconds (the first time longer where there is a
    /// driver of GPUs to wake) and never fails: what cannot be found out is `None` or `unknown`.
    pub fn detect() -> Machine {
        let refresh = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let mut system = System::new_with_specifics(refresh).ok();
        let cpu = system.as_ref().and_then(brand).unwrap_or_else(|| "unknown".to_owned());
        Machine {
            clock: processor::clock(&cpu),
            cpu,
            physical_cores: System::physical_core_count().ok().filter(|&cores| cores > 0),
            usable_cores: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            memory_bytes: system.as_mut().and_then(usable_memory),
            os: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
            arch: std::env::consts::ARCH,
            features: features::detect(),
            model: processor::model(),
            caches: caches::detect(),
            quota: quota::detect(),
            numa_nodes: numa_nodes(),
            gpus: gpus::detect(),
        }
    }

    /// What identifies this machine for a saved calibration.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }

    /// The number of threads that suits arithmetic: one for each physical core, but no more than this process
    /// may use. Two hardware threads of one core share its multipliers, so a second one seldom pays.
    pub fn compute_threads(&self) -> NonZeroUsize {
        let physical = self.physical_cores.and_then(NonZeroUsize::new);
        physical.map_or(self.usable_cores, |physical| physical.min(self.usable_cores))
    }
}

/// How many nodes of memory Linux lists.
fn numa_nodes() -> Option<usize> {
    let list = lists::parse(&std::fs::read_to_string("/sys/devices/system/node/online").ok()?)?;
    Some(list.len()).filter(|&nodes| nodes > 0)
}

/// The first processor's brand, its inner runs of spaces made single.
fn brand(system: &System) -> Option<String> {
    let words: Vec<&str> = system.cpus().first()?.brand().split_whitespace().collect();
    Some(words.join(" ")).filter(|brand| !brand.is_empty())
}

/// The machine's memory, or the cgroup limit of this process where that is lower.
fn usable_memory(system: &mut System) -> Option<u64> {
    let machine = Some(system.total_memory()).filter(|&bytes| bytes > 0)?;
    Some(cgroup_limit(system).map_or(machine, |limit| limit.min(machine)))
}

/// Memory in bytes that programs could take now; `None` where the system does not say.
pub(crate) fn free_memory() -> Option<u64> {
    let refresh = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(refresh).ok()?;
    Some(system.available_memory()).filter(|&bytes| bytes > 0)
}

/// The memory limit of this process's cgroup in bytes; `None` without cgroups or without a limit.
fn cgroup_limit(system: &mut System) -> Option<u64> {
    let process = sysinfo::get_current_pid().ok()?;
    let only_this = ProcessesToUpdate::Some(&[process]);
    system.refresh_processes_specifics(only_this, false, ProcessRefreshKind::nothing().without_tasks());
    let limits = system.process(process)?.cgroup_limits()?;
    Some(limits.total_memory).filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(physical_cores: Option<usize>, usable_cores: usize) -> Machine {
        Machine {
            cpu: "test".to_owned(),
            physical_cores,
            usable_cores: NonZeroUsize::new(usable_cores).unwrap(),
            memory_bytes: None,
            os: String::new(),
            arch: "test",
            features: Vec::new(),
            model: None,
            clock: Clock::default(),
            caches: Vec::new(),
            quota: None,
            numa_nodes: None,
            gpus: Vec::new(),
        }
    }

    #[test]
    fn compute_threads_are_physical_cores_within_the_allowance() {
        assert_eq!(machine(Some(8), 16).compute_threads().get(), 8);
        assert_eq!(machine(Some(64), 2).compute_threads().get(), 2);
        assert_eq!(machine(None, 4).compute_threads().get(), 4);
        assert_eq!(machine(Some(0), 4).compute_threads().get(), 4);
    }

    #[test]
    fn this_machine_is_detected() {
        let machine = Machine::detect();
        assert!(!machine.cpu.is_empty() && machine.cpu.trim() == machine.cpu, "{machine:?}");
        assert!(machine.memory_bytes.is_none_or(|bytes| bytes > 1 << 20), "{machine:?}");
        assert_eq!(machine.usable_cores, thread::available_parallelism().unwrap());
        assert!(!machine.os.is_empty() && !machine.arch.is_empty(), "{machine:?}");
    }
}
