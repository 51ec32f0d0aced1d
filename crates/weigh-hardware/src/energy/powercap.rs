//! RAPL, the energy counters of x86 processors, through Linux's powercap folders.
//!
//! Linux names the folders `intel-rapl` on AMD's processors too (Zen and later; `drivers/powercap/intel_rapl_msr.c`).
//! A zone is a folder with `name`, `energy_uj` and `max_energy_range_uj` (Documentation/power/powercap/powercap.rst).
//! Of the zones, `package-N` and its `dram` are counters here. `core` and `uncore` are parts of the package, and `psys`
//! overlaps it, so they are left out.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::counters::{Absent, Counter, Kind, Scope};
use super::units::Joules;

const SOURCE: &str = "rapl";

/// No counter runs at more than this many watts, so one with a range of R joules takes at least R divided by this to
/// wrap around.
const MOST_WATTS: f64 = 1000.0;

/// One zone.
struct Zone {
    name: String,
    scope: Scope,
    file: PathBuf,
    /// What the counter counts to before it starts again, in microjoules.
    range: u64,
    last: u64,
    /// Microjoules since it was opened.
    total: u64,
}

impl Counter for Zone {
    fn name(&self) -> &str {
        &self.name
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn kind(&self) -> Kind {
        Kind::Counted
    }

    /// The file is in microjoules; the processor counts in steps of 15 to 61 µJ, about once a millisecond (Intel SDM
    /// volume 3, MSR_RAPL_POWER_UNIT: 2^-14 J by default; Khan et al. 2018, *RAPL in Action*).
    fn resolution(&self) -> Option<Joules> {
        Some(Joules::from_micro(61.0))
    }

    fn longest_wait(&self) -> Option<f64> {
        Some(Joules::from_micro(self.range as f64).0 / MOST_WATTS / 2.0)
    }

    fn read(&mut self) -> Result<Joules, Absent> {
        let now = number(&self.file).map_err(|error| refusal(&self.file, &error))?;
        self.total = self.total.saturating_add(step(self.last, now, self.range));
        self.last = now;
        Ok(Joules::from_micro(self.total as f64))
    }
}

/// What was counted between two reads, with at most one wrap.
fn step(last: u64, now: u64, range: u64) -> u64 {
    now.checked_sub(last).unwrap_or_else(|| range.saturating_sub(last).saturating_add(now))
}

/// The counters below a powercap folder.
///
/// # Errors
/// There is none, or this process may not read them.
pub(super) fn open(folder: &Path) -> Result<Vec<Box<dyn Counter>>, Absent> {
    let mut zones: Vec<Box<dyn Counter>> = Vec::new();
    let mut refused = None;
    for zone in folders(folder) {
        let Some((name, scope)) = named(folder, &zone) else { continue };
        match open_zone(&zone, name, scope) {
            Ok(zone) => zones.push(Box::new(zone)),
            Err(absent) => refused = refused.or(Some(absent)),
        }
    }
    match (zones.is_empty(), refused) {
        (false, _) => Ok(zones),
        (true, Some(absent)) => Err(absent),
        (true, None) => Err(Absent::new(SOURCE, format!("no energy counter in {}", folder.display()))
            .hint("virtual machines seldom have one; on a machine of your own: modprobe intel_rapl_msr")),
    }
}

/// The zones: `intel-rapl:0` is a package, `intel-rapl:0:1` a part of it. Other names (`intel-rapl-mmio:0`) are the
/// same counters seen another way.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_zone = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("intel-rapl:"))
    };
    let mut zones: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_zone).collect();
    zones.sort();
    zones
}

/// The name and scope of a zone that is a counter here.
fn named(folder: &Path, zone: &Path) -> Option<(String, Scope)> {
    let own = text(&zone.join("name")).ok()?;
    if own.starts_with("package") {
        return Some((format!("{SOURCE} {own}"), Scope::Package));
    }
    if own != "dram" {
        return None;
    }
    let file_name = zone.file_name()?.to_string_lossy().into_owned();
    let (parent, _) = file_name.rsplit_once(':')?;
    let package = text(&folder.join(parent).join("name")).unwrap_or_else(|_| parent.to_owned());
    Some((format!("{SOURCE} {package} dram"), Scope::Memory))
}

fn open_zone(zone: &Path, name: String, scope: Scope) -> Result<Zone, Absent> {
    let (file, range) = (zone.join("energy_uj"), zone.join("max_energy_range_uj"));
    let range = number(&range).map_err(|error| refusal(&range, &error))?;
    let last = number(&file).map_err(|error| refusal(&file, &error))?;
    Ok(Zone { name, scope, file, range, last, total: 0 })
}

fn text(file: &Path) -> io::Result<String> {
    fs::read_to_string(file).map(|text| text.trim().to_owned())
}

fn number(file: &Path) -> io::Result<u64> {
    text(file)?.parse().map_err(|_| io::Error::new(ErrorKind::InvalidData, "it holds no number"))
}

/// Why a file of a zone cannot be read.
fn refusal(file: &Path, error: &io::Error) -> Absent {
    let file = file.display();
    match error.kind() {
        ErrorKind::PermissionDenied => {
            Absent::new(SOURCE, format!("no permission to read {file}: only root may since CVE-2020-8694"))
                .hint(format!("sudo chmod a+r {file} (until the next start), or run as root"))
        }
        _ => Absent::new(SOURCE, format!("cannot read {file}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(folder: &Path, zone: &str, name: &str, energy: &str) -> PathBuf {
        let zone = folder.join(zone);
        fs::create_dir_all(&zone).unwrap();
        fs::write(zone.join("name"), format!("{name}\n")).unwrap();
        fs::write(zone.join("energy_uj"), format!("{energy}\n")).unwrap();
        fs::write(zone.join("max_energy_range_uj"), "262143328850\n").unwrap();
        zone.join("energy_uj")
    }

    #[test]
    fn packages_and_their_memory_are_counters() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let package = zone(at, "intel-rapl:0", "package-0", "1000");
        zone(at, "intel-rapl:0:0", "core", "1");
        zone(at, "intel-rapl:0:1", "dram", "5");
        zone(at, "intel-rapl:1", "psys", "5");
        zone(at, "intel-rapl-mmio:0", "package-0", "5");
        fs::create_dir(at.join("intel-rapl")).unwrap();
        let mut counters = open(at).unwrap();
        let names: Vec<_> = counters.iter().map(|counter| (counter.name(), counter.scope())).collect();
        let expected = [("rapl package-0", Scope::Package), ("rapl package-0 dram", Scope::Memory)];
        assert_eq!(names, expected);
        // What was counted before it was opened is nobody's.
        assert_eq!(counters[0].read(), Ok(Joules(0.0)));
        fs::write(&package, "2501000").unwrap();
        assert_eq!(counters[0].read(), Ok(Joules(2.5)));
        // A range of 262 kJ lasts 262 s at 1000 W; half of that is safe.
        assert!((counters[0].longest_wait().unwrap() - 131.07).abs() < 0.01);
    }

    #[test]
    fn a_counter_that_wraps_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = zone(folder.path(), "intel-rapl:0", "package-0", "262143000000");
        let mut counters = open(folder.path()).unwrap();
        // 328,850 µJ to the end of the range, then 671,150 µJ: one joule.
        fs::write(&file, "671150").unwrap();
        assert_eq!(counters[0].read(), Ok(Joules(1.0)));
        assert_eq!(step(10, 4, 20), 14);
        assert_eq!(step(4, 10, 20), 6);
    }

    #[test]
    fn what_is_missing_has_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let absent = open(&folder.path().join("powercap")).err().unwrap();
        assert!(absent.reason.starts_with("no energy counter in "), "{absent}");
        zone(folder.path(), "intel-rapl:0", "package-0", "much");
        let absent = open(folder.path()).err().unwrap();
        assert!(absent.reason.ends_with("it holds no number"), "{absent}");
    }

    #[test]
    fn no_permission_has_a_hint() {
        let denied = refusal(Path::new("/sys/x/energy_uj"), &ErrorKind::PermissionDenied.into());
        assert!(denied.reason.contains("CVE-2020-8694"), "{denied}");
        assert!(denied.hint.unwrap().starts_with("sudo chmod a+r /sys/x/energy_uj"));
    }

    #[test]
    fn a_counter_that_vanishes_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = zone(folder.path(), "intel-rapl:0", "package-0", "1");
        let mut counters = open(folder.path()).unwrap();
        fs::remove_file(file).unwrap();
        assert!(counters[0].read().is_err());
    }
}
