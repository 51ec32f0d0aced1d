//! Figures of one device held against each other.

use super::device::Device;
use super::error::DeviceError;
use super::fields::Fields;
use super::precision::Unit;

/// Refuses figures that contradict each other, and a device that says too little to be of use.
pub(super) fn consistent(device: &Device, fields: &Fields<'_>) -> Result<(), DeviceError> {
    if device.rates.is_empty() {
        let hint = "vector.fp32 = \"35.6 TFLOPS\"; matrix.fp16 = { dense = \"71 TFLOPS\" } for tensor cores and the like";
        return Err(fields.error("vector", "no rate is given", hint));
    }
    for (precision, unit, rate) in device.rates() {
        let dense = rate.dense.value;
        let complain = |message: String| {
            let place = inner(fields, unit).unwrap_or_else(|| fields.clone());
            place.error(
                precision.name(),
                message,
                "what counts is the dense rate; datasheets often print the sparse one",
            )
        };
        match rate.sparse {
            // A hundredth more than twice is how datasheets round.
            Some(sparse) if sparse > dense * 2.02 => {
                return Err(complain("`sparse` is above twice `dense`".to_owned()));
            }
            Some(sparse) if sparse < dense => {
                return Err(complain("`sparse` is below `dense`".to_owned()));
            }
            _ => {}
        }
    }
    if device.bandwidth().is_none() && !device.unknown.contains_key("bandwidth") {
        let hint =
            "memory.main = { size = \"16 GiB\", bandwidth = \"300 GB/s\" }, or unknown.bandwidth = \"why\"";
        return Err(fields.error("memory", "main memory has no bandwidth", hint));
    }
    let (usable, size) = (device.usable_bytes(), device.memory_bytes());
    if let (Some(usable), Some(size)) = (usable, size)
        && usable.value > size.value
    {
        return Err(fields.error(
            "usable",
            "is more than main memory holds",
            "at most the size of memory.main",
        ));
    }
    if let (Some(idle), Some(power)) = (device.idle_watts(), device.watts())
        && idle.value > power.value
    {
        return Err(fields.error("idle", "is above `power`", "watts without work; power is that under load"));
    }
    let known = |field: &str| match field {
        "power" => device.watts().is_some(),
        "idle" => device.idle_watts().is_some(),
        "launch" => device.launch_seconds().is_some(),
        "usable" => device.usable_bytes().is_some(),
        "flash" => device.flash_bytes().is_some(),
        "bandwidth" => device.bandwidth().is_some(),
        "price" => device.price().is_some(),
        "rent" => device.rent_per_hour().is_some(),
        _ => false,
    };
    match device.unknown.keys().find(|field| known(field)) {
        Some(field) => {
            Err(fields.error("unknown", format!("`{field}` has a figure"), "leave one of the two out"))
        }
        None => Ok(()),
    }
}

fn inner<'t>(fields: &Fields<'t>, unit: Unit) -> Option<Fields<'t>> {
    fields.inner(unit.name()).ok().flatten()
}
