//! Devices as reports describe them.

use weigh_hardware::devices::{Basis, Device, Figure, Level, Multiple, Origin, Precision, Rate, Unit};
use weigh_report::report::{
    DeviceFigure, DeviceInfo, DeviceLevel, DeviceMultiple, FigureBasis, Grounds, PeakRate,
};

/// A device with all its figures, as reports describe it.
pub fn device_info(device: &Device) -> DeviceInfo {
    let mut info = DeviceInfo {
        name: device.id().to_owned(),
        title: device.title().to_owned(),
        class: device.class().name().to_owned(),
        vendor: device.vendor().map(str::to_owned),
        released: device.released().map(u32::from),
        file: match device.origin() {
            Origin::File(path) => Some(path.display().to_string()),
            Origin::BuiltIn | Origin::Calibration => None,
        },
        multiples: device.multiples().map(|(unit, of)| (unit.name().to_owned(), multiple(of))).collect(),
        memory_bytes: figure(device.memory_bytes()),
        usable_bytes: figure(device.usable_bytes()),
        flash_bytes: figure(device.flash_bytes()),
        bandwidth_bytes_per_s: figure(device.bandwidth()),
        levels: device.levels().iter().map(level).collect(),
        cores: figure(device.cores()),
        clock_hz: figure(device.clock_hertz()),
        launch_s: figure(device.launch_seconds()),
        watts: figure(device.watts()),
        idle_watts: figure(device.idle_watts()),
        price_usd: figure(device.price()),
        rent_usd_per_hour: figure(device.rent_per_hour()),
        battery_wh: figure(device.battery_watt_hours()),
        unknown: device.unknown().map(|(field, why)| (field.to_owned(), why.to_owned())).collect(),
        ..DeviceInfo::default()
    };
    for precision in Precision::ALL {
        let Some((best, rate)) = device.best(precision) else { continue };
        info.peak_flops.insert(precision.name().to_owned(), peak(best, rate));
        let other = Unit::ALL.into_iter().find(|unit| *unit != best);
        if let Some((unit, rate)) = other.and_then(|unit| Some((unit, device.rate(precision, unit)?))) {
            info.slower_flops.insert(precision.name().to_owned(), peak(unit, rate));
        }
    }
    info
}

fn peak(unit: Unit, rate: &Rate) -> PeakRate {
    PeakRate {
        dense: rate.dense.value,
        sparse: rate.sparse,
        unit: unit.name().to_owned(),
        grounds: grounds(&rate.dense),
    }
}

fn multiple(of: &Figure<Multiple>) -> DeviceMultiple {
    let (bytes, elements) = match of.value {
        Multiple::Bytes(bytes) => (Some(bytes), None),
        Multiple::Elements(elements) => (None, Some(elements)),
    };
    DeviceMultiple { bytes, elements, grounds: grounds(of) }
}

fn level(level: &Level) -> DeviceLevel {
    DeviceLevel {
        name: level.name.clone(),
        kind: level.kind.clone(),
        bytes: figure(level.size.as_ref()),
        bandwidth_bytes_per_s: figure(level.bandwidth.as_ref()),
    }
}

fn figure<T: Copy>(figure: Option<&Figure<T>>) -> Option<DeviceFigure<T>> {
    figure.map(|figure| DeviceFigure { value: figure.value, grounds: grounds(figure) })
}

fn grounds<T>(figure: &Figure<T>) -> Grounds {
    Grounds {
        basis: match figure.basis {
            Basis::Datasheet => FigureBasis::Datasheet,
            Basis::Derived => FigureBasis::Derived,
            Basis::Measured => FigureBasis::Measured,
            Basis::Estimate => FigureBasis::Estimate,
        },
        source: figure.source.title.clone(),
        publisher: figure.source.publisher.clone(),
        date: figure.source.date.to_string(),
        url: figure.source.url.clone(),
        place: figure.place.clone(),
        note: figure.note.clone(),
    }
}
