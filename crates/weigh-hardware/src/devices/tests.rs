//! Finding devices, users' files, and every complaint with its place.

use proptest::prelude::*;
use weigh_ir::DType;

use super::*;

/// A user's device; `{}` takes more fields.
fn entry(more: &str) -> String {
    format!(
        r#"
[sources.mine]
title = "my bench"
date = "2026-11"

[[device]]
id = "my-board"
class = "edge"
source = "mine"
vector.fp32 = "50 GFLOPS"
memory.main = {{ size = "4 GiB", bandwidth = "12.8 GB/s" }}
{more}
"#
    )
}

fn read_text(text: &str) -> Result<Vec<Device>, DeviceError> {
    read::file("my.toml", text, &Origin::File("my.toml".into()))
}

#[test]
fn names_are_found_however_they_are_written() {
    let devices = Devices::builtin();
    for name in ["rtx-3090", "RTX 3090", "rtx3090", "NVIDIA GeForce RTX 3090", "nvidia_geforce_rtx_3090"] {
        assert_eq!(devices.find(name).map(Device::id), Ok("rtx-3090"), "{name}");
    }
    assert_eq!(devices.find("A100-SXM-80GB").map(Device::id), Ok("a100-80gb"));
    let nearest = |name: &str| devices.find(name).unwrap_err().nearest;
    assert_eq!(nearest("rtx-3080")[0], "rtx-3090");
    assert_eq!(nearest("h100"), ["h100-sxm", "h100-pcie"]);
    assert_eq!(nearest("raspberry pi")[..2], ["raspberry-pi-4", "raspberry-pi-5"]);
    assert_eq!(nearest("3090")[0], "rtx-3090");
    assert!(nearest("").is_empty() && nearest("---").is_empty());
    let error = devices.find("quux").unwrap_err();
    assert_eq!(
        (error.to_string(), error.hint()),
        ("no device 'quux'".into(), "`weigh hardware list` names all".into())
    );
}

#[test]
fn a_type_without_a_unit_is_widened_and_says_so() {
    let devices = Devices::builtin();
    let peak = |id: &str, dtype| {
        let peak = devices.find(id).unwrap().peak(dtype)?;
        Some((peak.precision, peak.unit, peak.widened))
    };
    assert_eq!(peak("h100-sxm", DType::I4), Some((Precision::Int8, Unit::Matrix, true)));
    assert_eq!(peak("t4", DType::BF16), Some((Precision::Fp32, Unit::Vector, true)));
    assert_eq!(peak("epyc-7742", DType::I8), Some((Precision::Fp32, Unit::Vector, true)));
    assert_eq!(peak("rtx-3090", DType::F32), Some((Precision::Fp32, Unit::Vector, false)));
    assert_eq!(peak("mi300x", DType::U8), Some((Precision::Int8, Unit::Matrix, false)));
    // What a device is not known to compute has no rate: never a narrower format's.
    assert_eq!(peak("tpu-v5e", DType::F32), None);
    assert_eq!(peak("coral-edge-tpu", DType::F32), None);
    assert_eq!(peak("rtx-3090", DType::String), None);
}

#[test]
fn lanes_are_of_the_unit_and_the_format() {
    let devices = Devices::builtin();
    let multiple = |id: &str, dtype| devices.find(id).unwrap().multiple(dtype).map(|figure| figure.value);
    assert_eq!(multiple("rtx-3090", DType::F16), Some(8)); // 16 bytes
    assert_eq!(multiple("rtx-3090", DType::I8), Some(16));
    assert_eq!(multiple("rtx-3090", DType::F32), Some(32)); // a warp
    assert_eq!(multiple("xeon-platinum-8280", DType::F32), Some(16)); // 512 bits
    assert_eq!(multiple("tpu-v4", DType::BF16), Some(128));
    assert_eq!(multiple("tpu-v4", DType::F64), None);
}

#[test]
fn a_users_device_with_little_said() {
    let devices = read_text(&entry("")).unwrap();
    let device = &devices[0];
    assert_eq!((device.id(), device.title()), ("my-board", "my-board"));
    assert_eq!(device.peak(DType::F32).unwrap().flops(), 50e9);
    assert_eq!(device.bandwidth().unwrap().source.title, "my bench");
    assert!(device.watts().is_none() && device.usable_bytes().is_none());
}

#[test]
fn complaints_name_file_line_and_field() {
    for (more, line, field, message) in [
        ("power = \"-5 W\"", 12, "power", "not positive"),
        ("power = \"nan W\"", 12, "power", "not finite"),
        ("power = \"5 MW\"", 12, "power", "no unit"),
        ("power = 5", 12, "power", "expected a text in quotes, found integer"),
        ("power = { value = \"5 W\", source = \"other\" }", 12, "power.source", "no source \"other\""),
        ("power = { source = \"mine\" }", 12, "power.value", "is missing"),
        ("power = { value = \"5 W\", basis = \"hope\" }", 12, "power.basis", "no basis \"hope\""),
        ("\nidle = \"6 W\"\npower = \"5 W\"", 13, "idle", "above `power`"),
        ("usable = \"5 GiB\"", 12, "usable", "more than main memory"),
        ("matrix.fp16 = { dense = \"1 TFLOPS\", sparse = \"3 TFLOPS\" }", 12, "matrix.fp16", "above twice"),
        ("matrix.fp16 = { sparse = \"3 TFLOPS\" }", 12, "matrix.fp16", "`dense` or `of`"),
        ("matrix.fp16 = { of = [[4, \"1 GHz\"]] }", 12, "matrix.fp16.of", "no list of"),
        ("matrix.fp16 = { of = [[0, \"1 GHz\", 8]] }", 12, "matrix.fp16.of", "out of range"),
        ("matrix.fp16 = { of = [[9999, \"20 GHz\", 9999999]] }", 12, "matrix.fp16.of", "absurd"),
        ("matrix.fp17 = \"1 TFLOPS\"", 12, "matrix.fp17", "no such field"),
        ("powr = \"5 W\"", 12, "powr", "no such field"),
        ("released = 1066", 12, "released", "out of range"),
        ("cores = \"four\"", 12, "cores", "expected a whole number"),
        ("memory.l2 = { kind = \"SRAM\" }", 12, "memory.l2.size", "is missing"),
        ("unknown.power = \"\"", 12, "unknown.power", "is empty"),
        ("power = \"5 W\"\nunknown.power = \"secret\"", 13, "unknown", "has a figure"),
        ("multiple.vector = { bytes = 4, elements = 4 }", 12, "multiple.vector", "`bytes` or `elements`"),
        ("also = \"board\"", 12, "also", "no list"),
        ("id = \"again\"", 12, "", "duplicate key"),
    ] {
        let error = read_text(&entry(more)).unwrap_err();
        assert_eq!((error.file(), error.line()), ("my.toml", Some(line)), "{more}: {error}");
        assert_eq!(error.field(), field, "{more}: {error}");
        assert!(error.message().contains(message) && !error.hint().is_empty(), "{more}: {error}");
    }
    let error = read_text(&entry("powr = \"5 W\"")).unwrap_err();
    assert_eq!(error.to_string(), "my.toml, line 12: my-board: powr: no such field");
    assert_eq!(error.hint(), "did you mean `power`?");
}

#[test]
fn what_is_missing_is_named() {
    let without = |part: &str| {
        let text: String =
            entry("").lines().filter(|line| !line.starts_with(part)).map(|l| l.to_owned() + "\n").collect();
        let error = read_text(&text).unwrap_err();
        (error.field().to_owned(), error.message().to_owned())
    };
    assert_eq!(without("id"), ("id".into(), "is missing".into()));
    assert_eq!(without("class"), ("class".into(), "is missing".into()));
    assert_eq!(without("memory"), ("memory".into(), "is missing".into()));
    assert_eq!(without("vector"), ("vector".into(), "no rate is given".into()));
    assert_eq!(without("source ="), ("vector.fp32".into(), "has no source".into()));
    assert_eq!(without("date"), ("sources.mine.date".into(), "is missing".into()));
    for text in ["", "x = 1", "device = 3", "device = [3]", "[[device]]\nid = \"A b\"\nclass = \"edge\""] {
        assert!(read_text(text).is_err(), "{text}");
    }
    let twice = entry("").replace("[sources.mine]\ntitle = \"my bench\"\ndate = \"2026-11\"\n", "");
    let error = read_text(&(entry("") + &twice)).unwrap_err();
    assert_eq!((error.line(), error.message()), (Some(16), "is there twice in this file"));
}

#[test]
fn users_files_come_after_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let devices = folder.path().join("devices");
    assert_eq!(Devices::load(&[], Some(&devices)).unwrap().iter().count(), Devices::builtin().iter().count());
    std::fs::create_dir(&devices).unwrap();
    std::fs::write(devices.join("b.toml"), entry("power = \"5 W\"").replace("my-board", "rtx-3090")).unwrap();
    std::fs::write(devices.join("a.toml"), entry("")).unwrap();
    std::fs::write(devices.join("notes.txt"), "no device").unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, entry("power = \"6 W\"")).unwrap();
    let loaded = Devices::load(std::slice::from_ref(&file), Some(&devices)).unwrap();
    assert_eq!(loaded.iter().count(), Devices::builtin().iter().count() + 1);
    assert_eq!(loaded.find("rtx-3090").unwrap().watts().unwrap().value, 5.0);
    assert_eq!(loaded.find("my-board").unwrap().watts().unwrap().value, 6.0);
    let replaced: Vec<&str> = loaded.replaced().iter().map(|replaced| replaced.id.as_str()).collect();
    assert_eq!(replaced, ["rtx-3090", "my-board"]);
    assert_eq!(loaded.replaced()[1].by, file);
    let missing = Devices::load(&["nowhere.toml".into()], None).unwrap_err();
    assert!(
        missing.line().is_none() && missing.to_string().starts_with("nowhere.toml: cannot be read"),
        "{missing}"
    );
}

#[test]
fn a_calibration_is_a_device() {
    let source = std::sync::Arc::new(Source {
        title: "calibration on this machine".to_owned(),
        publisher: None,
        date: Date::parse("2026-11-27").unwrap(),
        url: None,
    });
    let mut device = Device::new("this", "this machine", Class::Processor);
    let measured = |value| Figure::new(value, Basis::Measured, source.clone());
    device.set_rate(Precision::Fp32, Unit::Vector, measured(1e11));
    device.push_level(Level {
        name: "main".to_owned(),
        kind: None,
        size: Some(measured(0.0).map(|_| 8 << 30)),
        bandwidth: Some(measured(1e10)),
    });
    assert_eq!(device.ridge(DType::F32), Some(10.0));
    assert_eq!(device.peak(DType::F16).map(|peak| peak.widened), Some(true));
    assert_eq!(device.origin(), &Origin::Calibration);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is cut out of a file, reading it ends in devices or a complaint, never in a panic.
    #[test]
    fn damaged_files_are_refused_or_read(start in 0usize..400, length in 0usize..40, put in "\\PC{0,6}") {
        let text = entry("power = { value = \"5 W\", note = \"ä\" }\nmatrix.int8 = { of = [[4, \"1 GHz\", 8]] }");
        let cut: String = text.chars().take(start).chain(put.chars()).chain(text.chars().skip(start + length)).collect();
        if let Err(error) = read_text(&cut) {
            prop_assert!(!error.message().is_empty() && !error.hint().is_empty());
        }
    }
}
