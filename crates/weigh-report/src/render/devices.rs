//! The figures of a device in the order in which every output shows them.

use weigh_ir::units;

use crate::report::{DeviceFigure, DeviceInfo, Grounds};

/// One figure.
pub(super) struct Row<'r> {
    /// What it is, e.g. `fp16 matrix`.
    pub(super) label: String,
    /// The value in the unit, exactly.
    pub(super) value: f64,
    /// The unit of the exact value, e.g. `FLOP/s`.
    pub(super) unit: &'static str,
    /// The value as people read it.
    pub(super) shown: String,
    /// What it rests on.
    pub(super) grounds: &'r Grounds,
}

/// Formats in which rates are shown: the wide ones first.
const FORMATS: [&str; 9] = ["fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "fp4", "int8", "int4"];

/// Every figure.
pub(super) fn rows(device: &DeviceInfo) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    rates(device, &mut rows);
    for (unit, multiple) in &device.multiples {
        let (value, of) = match (multiple.bytes, multiple.elements) {
            (Some(bytes), _) => (bytes, "bytes"),
            (None, Some(elements)) => (elements, "elements"),
            (None, None) => continue,
        };
        rows.push(Row {
            label: format!("{unit} multiples of"),
            value: f64::from(value),
            unit: of,
            shown: format!("{value} {of}"),
            grounds: &multiple.grounds,
        });
    }
    for level in &device.levels {
        let kind = level.kind.as_ref().map(|kind| format!(", {kind}")).unwrap_or_default();
        rows.extend(bytes(format!("{} memory{kind}", level.name), &level.bytes));
        rows.extend(level.bandwidth_bytes_per_s.iter().map(|figure| Row {
            label: format!("{} bandwidth", level.name),
            ..row("B/s", figure, bandwidth(figure.value))
        }));
    }
    rows.extend(bytes("usable for a model".to_owned(), &device.usable_bytes));
    rows.extend(bytes("flash".to_owned(), &device.flash_bytes));
    rows.extend(device.cores.iter().map(|figure| Row {
        label: "cores".to_owned(),
        value: figure.value as f64,
        unit: "cores",
        shown: figure.value.to_string(),
        grounds: &figure.grounds,
    }));
    let plain = |label: &str, unit, figure, show: fn(f64) -> String| number(label, unit, figure, show);
    rows.extend(plain("clock", "Hz", &device.clock_hz, |value| format!("{}Hz", units::si(value))));
    let launch = |value: f64| units::milliseconds(value * 1e3);
    rows.extend(plain("start of an operator", "s", &device.launch_s, launch));
    rows.extend(plain("power", "W", &device.watts, watts));
    rows.extend(plain("idle", "W", &device.idle_watts, watts));
    rows.extend(plain("price", "USD", &device.price_usd, |value| format!("{} USD", money(value))));
    rows.extend(plain("rent", "USD/h", &device.rent_usd_per_hour, |value| format!("{} USD/h", money(value))));
    rows.extend(plain("battery", "Wh", &device.battery_wh, |value| format!("{} Wh", money(value))));
    rows
}

/// The best rate of each format, then its sparse one, then that of the slower unit.
fn rates<'r>(device: &'r DeviceInfo, rows: &mut Vec<Row<'r>>) {
    for format in FORMATS {
        for rate in [device.peak_flops.get(format), device.slower_flops.get(format)].into_iter().flatten() {
            let mut push = |label: String, value| {
                let shown = rated(format, value);
                rows.push(Row { label, value, unit: operations(format), shown, grounds: &rate.grounds });
            };
            push(format!("{format} {}", rate.unit), rate.dense);
            if let Some(sparse) = rate.sparse {
                push(format!("{format} {}, sparse", rate.unit), sparse);
            }
        }
    }
}

/// Operations of integers are no FLOPs.
fn operations(format: &str) -> &'static str {
    if format.starts_with("int") { "OP/s" } else { "FLOP/s" }
}

/// `35.60 TFLOPS`, `284.0 TOPS`.
fn rated(format: &str, value: f64) -> String {
    let unit = if format.starts_with("int") { "OPS" } else { "FLOPS" };
    format!("{}{unit}", units::si(value))
}

fn bytes(label: String, figure: &Option<DeviceFigure<u64>>) -> Option<Row<'_>> {
    let figure = figure.as_ref()?;
    let value = figure.value as f64;
    Some(Row { label, value, unit: "B", shown: units::bytes(value), grounds: &figure.grounds })
}

fn row<'r>(unit: &'static str, figure: &'r DeviceFigure<f64>, shown: String) -> Row<'r> {
    Row { label: String::new(), value: figure.value, unit, shown, grounds: &figure.grounds }
}

fn number<'r>(
    label: &str,
    unit: &'static str,
    figure: &'r Option<DeviceFigure<f64>>,
    show: fn(f64) -> String,
) -> Option<Row<'r>> {
    let figure = figure.as_ref()?;
    Some(Row { label: label.to_owned(), ..row(unit, figure, show(figure.value)) })
}

/// Titles of the columns that several devices share, their names aside.
pub(super) const COLUMNS: [&str; 8] =
    ["fp32", "16-bit", "int8", "memory", "bandwidth", "power", "USD", "USD/h"];

/// What a device has in those columns.
pub(super) fn cells(device: &DeviceInfo) -> [Option<String>; 8] {
    let rate = |formats: &[&str]| {
        let rates = formats.iter().filter_map(|format| Some(device.peak_flops.get(*format)?.dense));
        rates.reduce(f64::max).map(units::si)
    };
    [
        rate(&["fp32"]),
        rate(&["bf16", "fp16"]),
        rate(&["int8"]),
        device.memory_bytes.as_ref().map(|figure| units::bytes(figure.value as f64)),
        device.bandwidth_bytes_per_s.as_ref().map(|figure| bandwidth(figure.value)),
        device.watts.as_ref().map(|figure| watts(figure.value)),
        device.price_usd.as_ref().map(|figure| money(figure.value)),
        device.rent_usd_per_hour.as_ref().map(|figure| money(figure.value)),
    ]
}

/// `936.0 GB/s`.
fn bandwidth(value: f64) -> String {
    format!("{}B/s", units::si(value))
}

/// `350 W`, `43 mW`.
fn watts(value: f64) -> String {
    match value < 1.0 {
        true => format!("{} mW", units::significant(value * 1e3, 2)),
        false => format!("{value} W"),
    }
}

/// Plain decimals, as prices are written.
fn money(value: f64) -> String {
    match value < 100.0 && value.fract() != 0.0 {
        true => format!("{value:.2}"),
        false => format!("{value:.0}"),
    }
}

/// Where a figure is from: `title, table 9 (NVIDIA, 2021)`.
pub(super) fn origin(grounds: &Grounds) -> String {
    let place = grounds.place.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
    let publisher = grounds.publisher.as_ref().map(|publisher| format!("{publisher}, ")).unwrap_or_default();
    format!("{}{place} ({publisher}{})", grounds.source, grounds.date)
}

/// What a device is, in a few facts.
pub(super) fn facts(device: &DeviceInfo) -> Vec<String> {
    [
        Some(device.name.clone()),
        Some(device.class.clone()),
        device.vendor.clone(),
        device.released.map(|year| year.to_string()),
        device.file.as_ref().map(|file| format!("from {file}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}
