//! What holds for every entry of the table that weigh carries.

use std::collections::BTreeSet;

use weigh_ir::DType;

use super::figure::{Basis, Source};
use super::*;

/// The devices of each file.
fn files() -> Vec<(&'static str, &'static str, Vec<Device>)> {
    let read = |(name, text)| match read::file(name, text, &Origin::BuiltIn) {
        Ok(devices) => (name, text, devices),
        Err(error) => panic!("{error}; {}", error.hint()),
    };
    FILES.into_iter().map(read).collect()
}

/// Every source that a device's figures name, and what figure it is of.
fn grounds(device: &Device) -> Vec<(String, &Source, Basis)> {
    let mut grounds = Vec::new();
    let mut add = |what: String, source, basis| grounds.push((what, source, basis));
    for (precision, unit, rate) in device.rates() {
        add(format!("{unit}.{precision}"), &*rate.dense.source, rate.dense.basis);
    }
    for level in device.levels() {
        level.size.iter().for_each(|size| add(format!("{} size", level.name), &size.source, size.basis));
        level
            .bandwidth
            .iter()
            .for_each(|rate| add(format!("{} bandwidth", level.name), &rate.source, rate.basis));
    }
    let figures = [
        ("clock", device.clock_hertz()),
        ("launch", device.launch_seconds()),
        ("power", device.watts()),
        ("idle", device.idle_watts()),
        ("price", device.price()),
        ("rent", device.rent_per_hour()),
        ("battery", device.battery_watt_hours()),
    ];
    for (what, figure) in figures {
        figure.iter().for_each(|figure| add(what.to_owned(), &figure.source, figure.basis));
    }
    for (_, multiple) in device.multiples() {
        add("multiple".to_owned(), &multiple.source, multiple.basis);
    }
    for (what, figure) in
        [("usable", device.usable_bytes()), ("flash", device.flash_bytes()), ("cores", device.cores())]
    {
        figure.iter().for_each(|figure| add(what.to_owned(), &figure.source, figure.basis));
    }
    grounds
}

#[test]
fn every_file_is_read_and_every_source_is_used() {
    let mut count = 0;
    for (name, text, devices) in files() {
        let used: BTreeSet<String> =
            devices.iter().flat_map(grounds).map(|(_, source, _)| source.title.clone()).collect();
        let titles: BTreeSet<String> = toml::from_str::<toml::Table>(text).unwrap()["sources"]
            .as_table()
            .unwrap()
            .values()
            .map(|source| source["title"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(titles, used, "{name}");
        count += devices.len();
    }
    assert_eq!(Devices::builtin().iter().count(), count);
}

#[test]
fn there_are_enough_of_every_class() {
    let devices = Devices::builtin();
    let of = |class| devices.iter().filter(|device| device.class() == class).count();
    assert!(devices.iter().count() >= 45);
    assert!(Class::ALL.into_iter().all(|class| of(class) >= 8));
}

#[test]
fn no_name_means_two_devices() {
    let devices = Devices::builtin();
    let mut seen = BTreeSet::new();
    for device in devices.iter() {
        assert!(seen.insert(device.id()), "{} is there twice", device.id());
    }
    for device in devices.iter() {
        for name in device.also() {
            assert!(seen.insert(name), "{name} means two devices");
        }
        for name in device.also().iter().map(String::as_str).chain([device.id(), device.title()]) {
            assert_eq!(devices.find(name).map(Device::id), Ok(device.id()), "{name}");
        }
    }
}

#[test]
fn entries_are_complete() {
    for device in Devices::builtin().iter() {
        let id = device.id();
        assert!(device.vendor().is_some() && device.released().is_some(), "{id}: vendor and year");
        let countable = matches!(device.class(), Class::Processor | Class::Microcontroller);
        assert!(
            !countable || (device.cores().is_some() && device.clock_hertz().is_some()),
            "{id}: cores, clock"
        );
        assert!(device.memory_bytes().is_some(), "{id}: memory");
        let unknown: BTreeSet<&str> = device.unknown().map(|(field, _)| field).collect();
        let known = [
            ("bandwidth", device.bandwidth().is_some()),
            ("usable", device.usable_bytes().is_some()),
            ("launch", device.launch_seconds().is_some()),
            ("power", device.watts().is_some()),
        ];
        for (field, known) in known {
            assert!(
                known != unknown.contains(field),
                "{id}: {field} needs a figure, or a reason why there is none"
            );
        }
        let flash = device.flash_bytes().is_some() != unknown.contains("flash");
        assert!(flash || device.class() != Class::Microcontroller, "{id}: flash");
        if let Some(usable) = device.usable_bytes() {
            let all = device.memory_bytes().is_some_and(|size| size.value == usable.value);
            assert!(usable.note.is_some() || all, "{id}: usable needs a reason");
        }
    }
}

#[test]
fn figures_say_what_they_rest_on() {
    for device in Devices::builtin().iter() {
        for (what, source, basis) in grounds(device) {
            let place = format!("{}: {what}", device.id());
            assert!(source.publisher.is_some(), "{place}: {} has no publisher", source.title);
            assert!((2005..=2027).contains(&source.date.year()), "{place}: {}", source.date);
            let own = source.publisher.as_deref() == Some("weigh");
            assert!(!own || basis == Basis::Estimate, "{place}: a judgement of ours is an estimate");
        }
        for (_, _, rate) in device.rates() {
            assert!(rate.dense.basis != Basis::Derived || rate.dense.note.is_some(), "{}", device.id());
        }
        for price in [device.price(), device.rent_per_hour()].into_iter().flatten() {
            assert!(price.source.date.year() >= 2019, "{}: prices have a date", device.id());
        }
    }
}

#[test]
fn figures_are_of_their_class() {
    /// Least and most of: the best dense rate, bandwidth, bytes, watts.
    fn range(class: Class) -> [(f64, f64); 4] {
        match class {
            Class::Accelerator => [(1e13, 2e16), (1e11, 1e13), (8e9, 3e11), (30.0, 1500.0)],
            Class::Processor => [(1e11, 1e15), (3e10, 1e12), (8e9, 1e13), (10.0, 600.0)],
            Class::Edge => [(2e10, 2e14), (4e8, 3e11), (8e6, 7e10), (1.0, 75.0)],
            Class::Microcontroller => [(1e8, 1e12), (1e8, 1e10), (1e5, 1e7), (0.005, 1.0)],
        }
    }
    for device in Devices::builtin().iter() {
        let best = device.rates().map(|(_, _, rate)| rate.dense.value).fold(0.0, f64::max);
        let figures = [
            Some(best),
            device.bandwidth().map(|figure| figure.value),
            device.memory_bytes().map(|figure| figure.value as f64),
            device.watts().map(|figure| figure.value),
        ];
        for (index, (figure, (least, most))) in figures.into_iter().zip(range(device.class())).enumerate() {
            let sane = figure.is_none_or(|figure| (least..=most).contains(&figure));
            assert!(sane, "{}: figure {index} is {figure:?}, not within {least} and {most}", device.id());
        }
        for level in device.levels().iter().skip(1) {
            let (main, inner) = (device.memory_bytes().unwrap().value, level.size.as_ref().unwrap().value);
            assert!(
                inner <= main || level.kind.as_deref() == Some("weights"),
                "{}: {}",
                device.id(),
                level.name
            );
        }
        let launch = device.launch_seconds().unwrap().value;
        assert!((5e-7..=1e-4).contains(&launch), "{}: {launch}", device.id());
    }
}

#[test]
fn rates_are_in_order() {
    for device in Devices::builtin().iter() {
        let dense = |precision, unit| device.rate(precision, unit).map(|rate| rate.dense.value);
        for unit in Unit::ALL {
            // On one unit a narrower format is never slower, but for bf16, which some vector units lack.
            for (narrow, wide) in [
                (Precision::Fp32, Precision::Fp64),
                (Precision::Fp16, Precision::Fp32),
                (Precision::Fp16, Precision::Tf32),
                (Precision::Fp8, Precision::Bf16),
                (Precision::Int8, Precision::Bf16),
                (Precision::Int4, Precision::Int8),
                (Precision::Fp4, Precision::Fp8),
            ] {
                if let (Some(narrow_rate), Some(wide_rate)) = (dense(narrow, unit), dense(wide, unit)) {
                    assert!(narrow_rate >= wide_rate, "{}: {unit} {narrow} below {wide}", device.id());
                }
            }
        }
        for (precision, _, rate) in device.rates() {
            if let Some(sparse) = rate.sparse {
                let ratio = sparse / rate.dense.value;
                assert!(
                    (1.97..=2.02).contains(&ratio),
                    "{}: {precision} sparse is {ratio} × dense",
                    device.id()
                );
            }
        }
    }
}

#[test]
fn ridges_are_plausible() {
    // Operations per byte at the ridge: the machine balance of microcontrollers is near 1, that of accelerators in the
    // hundreds; the Edge TPU has no memory but its host's.
    for device in Devices::builtin().iter().filter(|device| device.id() != "coral-edge-tpu") {
        for dtype in [DType::F32, DType::F16, DType::I8] {
            let Some(ridge) = device.ridge(dtype) else { continue };
            assert!((0.1..=2000.0).contains(&ridge), "{}: {dtype} ridge at {ridge}", device.id());
        }
    }
}

/// Figures that are easily got wrong, from the documents themselves.
#[test]
fn known_figures() {
    let devices = Devices::builtin();
    let peak = |id: &str, dtype| devices.find(id).unwrap().peak(dtype).unwrap().flops();
    // The worked example: 4.1 GFLOPs on an RTX 3090 in float32 are 0.115 ms.
    assert_eq!(peak("rtx-3090", DType::F32), 35.6e12);
    assert_eq!(format!("{:.3}", 4.1e9 / peak("rtx-3090", DType::F32) * 1e3), "0.115");
    // Headlines of these are sparse: 142, 330.4, 1978.9, 242 TFLOPS.
    assert_eq!(peak("rtx-3090", DType::F16), 71e12);
    assert_eq!(peak("rtx-4090", DType::F16), 165.2e12);
    assert_eq!(peak("h100-sxm", DType::F16), 989.4e12);
    assert_eq!(peak("l4", DType::F16), 121e12);
    // float32 is not tf32.
    assert_eq!(peak("a100-80gb", DType::F32), 19.5e12);
    // 28 cores × 2.4 GHz × 2 units × 16 lanes × 2 operations.
    assert_eq!(peak("xeon-platinum-8280", DType::F32), 28.0 * 2.4e9 * 64.0);
    assert_eq!(devices.find("tpu-v5e").unwrap().bandwidth().unwrap().value, 819e9);
    assert_eq!(devices.find("tpu-v5e").unwrap().memory_bytes().unwrap().value, 16 << 30);
    assert_eq!(devices.find("rtx-3090").unwrap().memory_bytes().unwrap().value, 24 << 30);
    assert_eq!(devices.find("stm32h743").unwrap().flash_bytes().unwrap().value, 2 << 20);
}
