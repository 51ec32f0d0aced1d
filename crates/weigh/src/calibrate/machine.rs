//! This machine as a device like those of the table, with figures that were measured.

use std::sync::Arc;

use weigh_hardware::Machine;
use weigh_hardware::ceilings::{Ceilings, Kind};
use weigh_hardware::devices::{Basis, Class, Date, Device, Figure, Level, Precision, Source, Unit};

/// The name of this machine among devices.
const ID: &str = "this";

/// This machine as a device: the best rates of all threads that were measured.
pub fn this_device(ceilings: &Ceilings, machine: &Machine) -> Device {
    let day = ceilings.date.get(..10).unwrap_or_default();
    let source = Arc::new(Source {
        title: "calibration of this machine".to_owned(),
        publisher: None,
        date: Date::parse(day).unwrap_or_else(Date::unknown),
        url: None,
    });
    let measured = |value: f64| Figure::new(value, Basis::Measured, Arc::clone(&source));
    let mut device = Device::new(ID, machine.cpu.clone(), Class::Processor);
    let threads = ceilings.peaks.iter().map(|peak| peak.threads).max().unwrap_or(1);
    let fitting = ceilings.peaks.iter().filter(|peak| peak.threads == threads);
    for peak in fitting {
        let Some(precision) = precision(&peak.dtype) else { continue };
        let unit = if peak.instructions.starts_with("amx") { Unit::Matrix } else { Unit::Vector };
        let is_best = device.rate(precision, unit).is_none_or(|rate| rate.dense.value < peak.flops_per_s);
        if is_best {
            let words = format!("{} with {threads} thread(s)", peak.instructions);
            device.set_rate(precision, unit, measured(peak.flops_per_s).with_note(words));
        }
    }
    // Main memory first, then outwards in.
    let levels = ceilings.levels.iter().rev().filter(|level| level.threads == threads);
    for level in levels {
        let bandwidth = ceilings.bandwidth(&level.level, Kind::Triad, threads);
        let is_main = level.level == "DRAM";
        let size = match is_main {
            true => machine.memory_bytes,
            false => Some(level.working_set_bytes),
        };
        device.push_level(Level {
            name: if is_main { "main".to_owned() } else { level.level.to_lowercase() },
            kind: None,
            size: size.map(|bytes| Figure::new(bytes, Basis::Measured, Arc::clone(&source))),
            bandwidth: bandwidth.map(|found| measured(found.bytes_per_s)),
        });
    }
    device.set_cores(Figure::new(machine.usable_cores.get() as u64, Basis::Measured, Arc::clone(&source)));
    if let Some(bytes) = machine.memory_bytes {
        device.set_usable(Figure::new(bytes, Basis::Measured, Arc::clone(&source)));
    }
    device
}

fn precision(dtype: &str) -> Option<Precision> {
    match dtype {
        "float64" => Some(Precision::Fp64),
        "float32" => Some(Precision::Fp32),
        "float16" => Some(Precision::Fp16),
        "bfloat16" => Some(Precision::Bf16),
        "int8" => Some(Precision::Int8),
        _ => None,
    }
}
