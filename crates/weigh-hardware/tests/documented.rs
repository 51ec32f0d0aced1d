//! docs/devices.md lists exactly the devices of the table, and the entry that it shows is one.

use weigh_hardware::devices::{Class, Device, Devices, Precision, Unit};
use weigh_ir::units;

const BEGIN: &str = "--test documented` -->\n";

#[test]
fn every_device_is_documented() {
    documentation::keep_part("devices.md", BEGIN, &list());
}

#[test]
fn the_entry_that_is_shown_is_one() {
    let page = documentation::page("devices.md");
    let shown = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an entry");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.toml"), shown).expect("a file");
    let devices = Devices::load(&[], Some(folder.path())).expect("a device");
    let device = devices.find("my-board").expect("the device");
    let dense = |unit| device.rate(Precision::Int8, unit).map(|rate| rate.dense.value);
    // 4 cores × 1.5 GHz × 32 operations.
    assert_eq!((dense(Unit::Vector), dense(Unit::Matrix)), (Some(192e9), Some(4e12)));
    assert_eq!(device.unknown().next(), Some(("rent", "nobody rents it out")));
}

fn list() -> String {
    let devices = Devices::builtin();
    let table = |class: Class| {
        let rows: String = devices.iter().filter(|device| device.class() == class).map(row).collect();
        let heading = "| name | device | fp32 | 16-bit | int8 | memory | bandwidth | power |\n\
            | --- | --- | --: | --: | --: | --: | --: | --: |\n";
        format!("\n**{}** (`--class {class}`)\n\n{heading}{rows}", class.plural())
    };
    Class::ALL.into_iter().map(table).collect::<String>() + "\n"
}

fn row(device: &Device) -> String {
    let rate = |precisions: &[Precision]| {
        let rates = precisions.iter().filter_map(|precision| Some(device.best(*precision)?.1.dense.value));
        rates.reduce(f64::max).map(units::si)
    };
    let cells = [
        rate(&[Precision::Fp32]),
        rate(&[Precision::Bf16, Precision::Fp16]),
        rate(&[Precision::Int8]),
        device.memory_bytes().map(|figure| units::bytes(figure.value as f64)),
        device.bandwidth().map(|figure| format!("{}B/s", units::si(figure.value))),
        device.watts().map(|figure| match figure.value < 1.0 {
            true => format!("{} mW", units::significant(figure.value * 1e3, 2)),
            false => format!("{} W", figure.value),
        }),
    ];
    let cells: Vec<String> = cells.into_iter().map(Option::unwrap_or_default).collect();
    format!("| `{}` | {} | {} |\n", device.id(), device.title(), cells.join(" | "))
}
