//! What people and programs see of devices. The snapshots were read by eye.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

mod fixtures;

use fixtures::devices;
use weigh_report::{RenderOptions, Report, renderer};

fn show(format: &str, reports: &[Report], width: usize, unicode: bool) -> String {
    let options = RenderOptions { width, unicode, ..RenderOptions::default() };
    renderer(format).unwrap().render(reports, &options)
}

#[test]
fn outputs() {
    for (name, report) in devices::all() {
        let reports = [report];
        insta::assert_snapshot!(format!("{name}_120"), show("table", &reports, 120, true));
        insta::assert_snapshot!(format!("{name}_80"), show("table", &reports, 80, true));
        assert!(show("table", &reports, 120, false).is_ascii());
        insta::assert_snapshot!(format!("{name}_markdown"), show("markdown", &reports, 100, true));
    }
    insta::assert_snapshot!("device_csv", show("csv", &[devices::one()], 100, true));
}

#[test]
fn keys_name_their_unit() {
    let json = serde_json::to_value(devices::one()).unwrap();
    for path in [
        "/devices/0/name",
        "/devices/0/peak_flops/fp16/dense",
        "/devices/0/peak_flops/fp16/sparse",
        "/devices/0/peak_flops/fp32/source",
        "/devices/0/peak_flops/fp32/date",
        "/devices/0/peak_flops/fp32/basis",
        "/devices/0/memory_bytes/value",
        "/devices/0/bandwidth_bytes_per_s/value",
        "/devices/0/usable_bytes/note",
        "/devices/0/watts/value",
        "/devices/0/levels/1/bytes/value",
        "/devices/0/launch_s/basis",
        "/devices/0/price_usd/value",
    ] {
        assert!(json.pointer(path).is_some_and(|value| !value.is_null()), "{path}");
    }
    assert!(json.pointer("/devices/0/rent_usd_per_hour").unwrap().is_null(), "unknown is null");
}

#[test]
fn a_row_for_each_figure() {
    let csv = show("csv", &[devices::one(), devices::several()], 100, true);
    let heading = csv.lines().next().unwrap().split(',').count();
    // Nothing in these rows is quoted but what has a comma.
    let plain = csv.lines().filter(|line| !line.contains('"'));
    assert!(
        plain.clone().count() > 10 && plain.clone().all(|line| line.split(',').count() == heading),
        "{csv}"
    );
    assert!(csv.contains(
        "rtx-3090,NVIDIA GeForce RTX 3090,accelerator,NVIDIA,2020,fp32 vector,35600000000000,FLOP/s,"
    ));
}

#[test]
fn texts_of_users_files_are_harmless() {
    for format in ["table", "markdown", "csv", "json"] {
        let page = show(format, &[devices::evil()], 100, true);
        assert!(!page.contains(['\x1b', '\u{202e}']), "{format}: {page}");
    }
}
