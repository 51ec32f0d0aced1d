//! The battery of a machine that runs on it, through Linux's power_supply folders.
//!
//! Files and units: Documentation/ABI/testing/sysfs-class-power. `power_now` is in microwatts, `current_now` in
//! microamperes and `voltage_now` in microvolts; some batteries tell the first, some the other two. The firmware
//! refreshes them about once a second. `energy_now` would be a counter, but its steps are mostly of 10 mWh (36 J),
//! too coarse for windows of seconds, so power is sampled.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::counters::{Absent, Counter, Integrator, Kind, Scope};
use super::units::Joules;

const SOURCE: &str = "battery";

/// Seconds between two samples.
const SAMPLE: f64 = 0.5;

struct Battery {
    name: String,
    folder: PathBuf,
    since: Instant,
    power: Integrator,
}

impl Counter for Battery {
    fn name(&self) -> &str {
        &self.name
    }

    fn scope(&self) -> Scope {
        Scope::Machine
    }

    fn kind(&self) -> Kind {
        Kind::SampledPower
    }

    fn resolution(&self) -> Option<Joules> {
        None
    }

    fn longest_wait(&self) -> Option<f64> {
        Some(SAMPLE)
    }

    fn read(&mut self) -> Result<Joules, Absent> {
        let watts = watts(&self.folder)?;
        Ok(self.power.add(self.since.elapsed().as_secs_f64(), watts))
    }
}

/// The batteries below a power_supply folder that are discharging.
///
/// # Errors
/// There is none, or the machine runs on mains power.
pub(super) fn open(folder: &Path) -> Result<Vec<Box<dyn Counter>>, Absent> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| is_battery(path)).collect();
    folders.sort();
    let mut batteries: Vec<Box<dyn Counter>> = Vec::new();
    let mut refused = Absent::new(SOURCE, format!("no battery in {}", folder.display()));
    for folder in folders {
        match open_battery(folder) {
            Ok(battery) => batteries.push(Box::new(battery)),
            Err(absent) => refused = absent,
        }
    }
    if batteries.is_empty() { Err(refused) } else { Ok(batteries) }
}

/// Whether it feeds the machine: batteries of mice and keyboards have the scope `Device`.
fn is_battery(folder: &Path) -> bool {
    text(folder, "type").as_deref() == Some("Battery") && text(folder, "scope").as_deref() != Some("Device")
}

fn open_battery(folder: PathBuf) -> Result<Battery, Absent> {
    let watts = watts(&folder)?;
    let own = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{SOURCE} {own}");
    let mut power = Integrator::default();
    power.add(0.0, watts);
    Ok(Battery { name, folder, since: Instant::now(), power })
}

/// What a battery gives in watts.
///
/// # Errors
/// It is not discharging, or tells neither power nor current and voltage.
fn watts(folder: &Path) -> Result<f64, Absent> {
    let status = text(folder, "status").unwrap_or_else(|| "unknown".to_owned());
    if status != "Discharging" {
        let reason = format!("{} is not discharging ({status})", folder.display());
        return Err(Absent::new(SOURCE, reason).hint("unplug the machine"));
    }
    let micro = |file: &str| text(folder, file)?.parse::<f64>().ok().map(|value| value.abs() * 1e-6);
    let power = micro("power_now").or_else(|| Some(micro("current_now")? * micro("voltage_now")?));
    power.ok_or_else(|| Absent::new(SOURCE, format!("{} tells no power", folder.display())))
}

fn text(folder: &Path, file: &str) -> Option<String> {
    Some(fs::read_to_string(folder.join(file)).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn battery(folder: &Path, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let battery = folder.join(name);
        fs::create_dir_all(&battery).unwrap();
        for (file, text) in files {
            fs::write(battery.join(file), format!("{text}\n")).unwrap();
        }
        battery
    }

    #[test]
    fn a_discharging_battery_counts_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        battery(folder.path(), "AC", &[("type", "Mains"), ("online", "0")]);
        battery(folder.path(), "mouse", &[("type", "Battery"), ("scope", "Device")]);
        let files = [("type", "Battery"), ("status", "Discharging"), ("power_now", "12500000")];
        let at = battery(folder.path(), "BAT0", &files);
        let mut counters = open(folder.path()).unwrap();
        assert_eq!(counters.len(), 1);
        assert_eq!((counters[0].name(), counters[0].scope()), ("battery BAT0", Scope::Machine));
        assert_eq!(counters[0].kind(), Kind::SampledPower);
        assert!(counters[0].read().unwrap() >= Joules(0.0));
        assert_eq!(watts(&at), Ok(12.5));
    }

    #[test]
    fn current_times_voltage_will_do() {
        let folder = tempfile::tempdir().unwrap();
        // 1.5 A at 12 V; some drivers tell the current of a discharge as negative.
        let files = [("status", "Discharging"), ("current_now", "-1500000"), ("voltage_now", "12000000")];
        let watts = watts(&battery(folder.path(), "BAT0", &files)).unwrap();
        assert!((watts - 18.0).abs() < 1e-9);
    }

    #[test]
    fn mains_power_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("type", "Battery"), ("status", "Charging"), ("power_now", "1")];
        battery(folder.path(), "BAT0", &files);
        let absent = open(folder.path()).err().unwrap();
        assert!(absent.reason.ends_with("is not discharging (Charging)"), "{absent}");
        assert_eq!(absent.hint.as_deref(), Some("unplug the machine"));
        let silent = battery(folder.path(), "BAT1", &[("status", "Discharging")]);
        assert!(watts(&silent).unwrap_err().reason.ends_with("tells no power"));
    }
}
