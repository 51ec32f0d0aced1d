//! Techniques that store or compute in fewer bits.

use weigh_ir::DType;
use weigh_rewrite::with_dtype;

use super::ground::{Changed, Ground, Tried};
use super::price::{Target, costs};

/// Everything in 16 bits.
pub(super) fn fp16(ground: &Ground<'_>) -> Vec<Tried> {
    let command = format!("weigh quantize {} --weights fp16 -o fp16.onnx", ground.opened.path);
    vec![computed_in(ground, DType::F16).by(command)]
}

/// The same with the range of 32 bits.
pub(super) fn bf16(ground: &Ground<'_>) -> Vec<Tried> {
    let command = format!("weigh quantize {} --weights bf16 -o bf16.onnx", ground.opened.path);
    vec![computed_in(ground, DType::BF16).by(command)]
}

/// Everything in 8 bits, with scales that were found beforehand.
pub(super) fn int8_static(ground: &Ground<'_>) -> Vec<Tried> {
    let on = match ground.target {
        Target::Device(device) => device.id(),
        _ => "DEVICE",
    };
    vec![
        computed_in(ground, DType::I8).by(format!("weigh predict {} --on {on} --dtype int8", ground.named())),
    ]
}

/// The graph in another type: its sizes, and the time on a device that computes in it.
fn computed_in(ground: &Ground<'_>, dtype: DType) -> Tried {
    let made = match with_dtype(ground.model(), &ground.facts, &ground.options, dtype) {
        Ok(made) => made,
        Err(refusal) => return Tried::refused(refusal.to_string()),
    };
    let mut notes = Vec::new();
    let timed = match ground.target {
        Target::Device(_) => ground.price_in(Some(dtype), None),
        Target::Nowhere => Ok(Default::default()),
        Target::This { .. } => {
            notes.push(format!(
                "engines here compute in the model's own types: no time in {} is known",
                dtype.name()
            ));
            Ok(Default::default())
        }
    };
    let mut after = match timed {
        Ok(timed) => timed,
        Err(why) => return Tried::refused(why),
    };
    let times = after.costs;
    after.costs = costs(&made.facts);
    after.costs.latency_ms = times.latency_ms;
    after.costs.latency_ci_ms = times.latency_ci_ms;
    after.costs.throughput_per_second = times.throughput_per_second;
    after.costs.energy_mj = times.energy_mj;
    if dtype == DType::I8 {
        notes.push("scales and what runtimes leave in float32 come on top".to_owned());
    }
    let before = ground.before.clone();
    Tried::changed(Changed { before, after, applies_to: Vec::new(), notes, runnable: None })
}

pub(super) fn int8_weights(_: &Ground<'_>) -> Vec<Tried> {
    vec![]
}
pub(super) fn int4_weights(_: &Ground<'_>) -> Vec<Tried> {
    vec![]
}
pub(super) fn int8_dynamic(_: &Ground<'_>) -> Vec<Tried> {
    vec![]
}
