//! The processor's caches, as the system reports them.
//!
//! A virtual machine often reports the host's last cache, most of which others use: [`crate::ceilings`] measures.

use serde::{Deserialize, Serialize};

/// What a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheKind {
    /// Data.
    Data,
    /// Data and instructions.
    Unified,
}

/// One of the first processor's caches for data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// 1 is nearest to the processor.
    pub level: u8,
    /// What it holds.
    pub kind: CacheKind,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many logical processors share it.
    pub shared_by: usize,
    /// How many such caches there are, taken that all are shared alike.
    pub count: usize,
}

/// The caches, the nearest first; empty where the system does not say.
pub(crate) fn detect() -> Vec<Cache> {
    let mut found = system::caches();
    found.sort_by_key(|cache| cache.level);
    found
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::lists;

    const PROCESSORS: &str = "/sys/devices/system/cpu";

    pub(super) fn caches() -> Vec<Cache> {
        of(Path::new(PROCESSORS))
    }

    /// The first processor's caches in a folder that is laid out as `/sys/devices/system/cpu` (kernel documentation,
    /// `ABI/testing/sysfs-devices-system-cpu`).
    pub(super) fn of(processors: &Path) -> Vec<Cache> {
        let online = fs::read_to_string(processors.join("online")).ok();
        let online = online.and_then(|list| lists::parse(&list)).map_or(1, |list| list.len());
        let Ok(entries) = fs::read_dir(processors.join("cpu0/cache")) else { return Vec::new() };
        let read = |entry: std::io::Result<fs::DirEntry>| {
            let folder = entry.ok()?.path();
            let text = |name| fs::read_to_string(folder.join(name)).ok();
            cache(&text("level")?, &text("type")?, &text("size")?, &text("shared_cpu_list")?, online)
        };
        entries.filter_map(read).collect()
    }

    /// A cache from the texts of its files; `None` for one of instructions, or where a text is not understood.
    fn cache(level: &str, kind: &str, size: &str, sharing: &str, online: usize) -> Option<Cache> {
        let kind = match kind.trim() {
            "Data" => CacheKind::Data,
            "Unified" => CacheKind::Unified,
            _ => return None,
        };
        let shared_by = lists::parse(sharing)?.len().max(1);
        let bytes = bytes(size)?;
        Some(Cache {
            level: level.trim().parse().ok()?,
            kind,
            bytes,
            shared_by,
            count: online.div_ceil(shared_by),
        })
    }

    /// Sizes are written with a unit: `48K`, `2048K`, `8M`.
    fn bytes(text: &str) -> Option<u64> {
        let text = text.trim();
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let unit = match unit {
            "" => 1,
            "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(unit).filter(|&bytes| bytes > 0)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_files_of_a_cache() {
            let l1 = cache("1\n", "Data\n", "48K\n", "0,32\n", 64).unwrap();
            assert_eq!(l1, Cache { level: 1, kind: CacheKind::Data, bytes: 49_152, shared_by: 2, count: 32 });
            let l3 = cache("3\n", "Unified\n", "491520K\n", "0-1\n", 2).unwrap();
            assert_eq!((l3.bytes, l3.shared_by, l3.count), (480 << 20, 2, 1));
            assert_eq!(cache("1", "Instruction", "64K", "0", 2), None);
        }

        #[test]
        fn texts_that_are_no_caches() {
            for (level, size, sharing) in
                [("one", "48K", "0"), ("1", "K", "0"), ("1", "48X", "0"), ("1", "0K", "0"), ("1", "48K", "a")]
            {
                assert_eq!(cache(level, "Data", size, sharing, 2), None, "{level} {size} {sharing}");
            }
            assert_eq!(bytes("99999999999999999999"), None);
            assert_eq!(bytes("18446744073709551615G"), None);
            assert_eq!(bytes("8M"), Some(8 << 20));
        }

        #[test]
        fn no_folder_is_no_cache() {
            assert!(of(Path::new("/nowhere")).is_empty());
        }
    }
}

/// The deterministic cache parameters of `cpuid` (leaf 4, AMD's 0x8000001d).
#[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
mod system {
    use super::*;

    pub(super) fn caches() -> Vec<Cache> {
        let Some(parameters) = raw_cpuid::CpuId::new().get_cache_parameters() else { return Vec::new() };
        let online = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cache = |found: raw_cpuid::CacheParameter| {
            let kind = match found.cache_type() {
                raw_cpuid::CacheType::Data => CacheKind::Data,
                raw_cpuid::CacheType::Unified => CacheKind::Unified,
                _ => return None,
            };
            let lines = found.sets() as u64 * found.associativity() as u64;
            let bytes = lines * found.coherency_line_size() as u64 * found.physical_line_partitions() as u64;
            let shared_by = found.max_cores_for_cache().clamp(1, online);
            Some(Cache { level: found.level(), kind, bytes, shared_by, count: online.div_ceil(shared_by) })
        };
        parameters.filter_map(cache).collect()
    }
}

/// Apple's `sysctl`, of the fast cores (`perflevel0`).
#[cfg(all(target_os = "macos", not(target_arch = "x86_64")))]
mod system {
    use std::process::Command;

    use super::*;

    pub(super) fn caches() -> Vec<Cache> {
        let ask = |name: &str| {
            let told = Command::new("/usr/sbin/sysctl").args(["-n", name]).output().ok()?;
            String::from_utf8(told.stdout).ok()?.trim().parse::<u64>().ok().filter(|&number| number > 0)
        };
        let cores = ask("hw.perflevel0.logicalcpu").map_or(1, |cores| cores as usize);
        let first = ask("hw.perflevel0.l1dcachesize").map(|bytes| Cache {
            level: 1,
            kind: CacheKind::Data,
            bytes,
            shared_by: 1,
            count: cores,
        });
        let second = ask("hw.perflevel0.l2cachesize").map(|bytes| {
            let shared_by = ask("hw.perflevel0.cpusperl2").map_or(1, |cpus| cpus as usize).max(1);
            Cache { level: 2, kind: CacheKind::Unified, bytes, shared_by, count: cores.div_ceil(shared_by) }
        });
        first.into_iter().chain(second).collect()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_arch = "x86_64")))]
mod system {
    use super::*;

    pub(super) fn caches() -> Vec<Cache> {
        Vec::new()
    }
}
