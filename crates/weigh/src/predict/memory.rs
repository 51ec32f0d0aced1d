//! Whether a model fits a device, at the place it has in documents.

use weigh_hardware::Device;
use weigh_hardware::devices::Class;
use weigh_ir::DType;
use weigh_predict::demand::{Demand, Precision};
use weigh_predict::fit::{Change, Fit, MemoryLimits, Verdict, fit, remedies};
use weigh_report::report;

/// The memory of a device that a model can use.
pub(super) fn limits(device: &Device) -> MemoryLimits {
    let usable = device.usable_bytes().or(device.memory_bytes()).map(|bytes| bytes.value);
    match device.class() {
        // Weights stand in flash and activations in RAM.
        Class::Microcontroller => MemoryLimits {
            flash_bytes: device.flash_bytes().map(|bytes| bytes.value),
            ram_bytes: usable,
            ..MemoryLimits::default()
        },
        _ => MemoryLimits { usable_bytes: usable, ..MemoryLimits::default() },
    }
}

/// The precision that an element type is.
pub(super) fn precision(dtype: Option<DType>) -> Precision {
    match dtype {
        None => Precision::Stored,
        Some(DType::F16 | DType::BF16) => Precision::Fp16,
        Some(DType::I8 | DType::U8) => Precision::Int8,
        Some(DType::I4 | DType::U4) => Precision::Int4,
        Some(_) => Precision::Fp32,
    }
}

/// Whether it fits; `None` where that is unknown.
pub(super) fn fits(found: &Fit) -> Option<bool> {
    match found.verdict {
        Verdict::Fits => Some(true),
        Verdict::DoesNotFit => Some(false),
        Verdict::Unknown => None,
    }
}

/// The need at every precision, and what would make it fit where it does not.
pub(super) fn described(
    limits: &MemoryLimits,
    present: Precision,
    batch: Option<u64>,
    demand: &mut dyn FnMut(Option<u64>, Precision) -> Option<Demand>,
) -> report::Fit {
    let mut needs = Vec::new();
    for precision in Precision::ALL {
        let Some(asked) = demand(batch, precision) else { continue };
        let found = fit(&asked, limits);
        needs.push(report::FitNeed {
            dtype: precision.name().to_owned(),
            weight_bytes: asked.weight_bytes,
            activation_bytes: asked.working_bytes,
            fits: fits(&found),
            margin_bytes: found.needs.iter().map(|need| need.margin_bytes()).min().flatten(),
        });
    }
    let now = demand(batch, present).map(|asked| fit(&asked, limits));
    let is_short = now.is_some_and(|now| now.verdict == Verdict::DoesNotFit);
    let found = if is_short { remedies(limits, present, batch, demand) } else { Vec::new() };
    let remedies = found.into_iter().map(|remedy| report::FitRemedy {
        change: match remedy.change {
            Change::BestOrder => "best order".to_owned(),
            Change::Batch(batch) => format!("batch {batch}"),
            Change::Precision(precision) => precision.name().to_owned(),
        },
        needed_bytes: remedy.fit.needs.iter().map(|need| need.needed_bytes).max().flatten(),
        fits: fits(&remedy.fit),
    });
    report::Fit {
        usable_bytes: limits.usable_bytes,
        flash_bytes: limits.flash_bytes,
        ram_bytes: limits.ram_bytes,
        needs,
        remedies: remedies.collect(),
    }
}
