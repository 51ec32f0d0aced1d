//! What a technique brings when it is run: the model and the changed model in turns.

use weigh_report::report::{self, Basis, ComparisonVerdict};

use super::Goal;
use super::ground::{Ground, Runnable};
use super::technique::Technique;
use crate::{SideOfModel, Subject};

/// Ratios closer to 1 than this count as the same.
const BAND: f64 = 0.01;

/// Measures the changed model against the model, where that is asked for, and says so in the row.
pub(super) fn add(ground: &Ground<'_>, technique: &Technique, changed: &Runnable, row: &mut report::Advice) {
    if ground.request.measure.is_none() {
        return;
    }
    (ground.request.tell)(&format!("measuring {}", technique.name));
    match compare(ground, changed) {
        Ok(comparison) => {
            let measured = match ground.request.goal {
                Goal::Latency => comparison.ratio,
                Goal::Throughput => comparison.ratio.map(|ratio| 1.0 / ratio),
                _ => None,
            };
            if let Some(gain) = measured {
                row.predicted_gain = row.gain.replace(gain);
                row.basis = Basis::Measured;
            }
            if !changed.has_weights {
                row.notes.push("measured with other weights: times compare, outputs do not".to_owned());
            }
            row.measured = Some(comparison);
        }
        Err(reason) => row.notes.push(format!("not measured: {reason}")),
    }
}

fn compare(ground: &Ground<'_>, changed: &Runnable) -> Result<report::Comparison, String> {
    let Some(measuring) = &ground.request.measure else { return Err("it was not asked for".to_owned()) };
    let told = |error: std::io::Error| error.to_string();
    let before = Subject::new(ground.opened, &ground.options, None).map_err(told)?;
    let after = Subject::new(&changed.opened, &changed.options, None).map_err(told)?;
    let side = |subject| SideOfModel { subject, setting: measuring.setting.clone(), words: None };
    let compared = measuring.bench.versus([&side(&before), &side(&after)], BAND, &mut |_| {});
    if compared.failed {
        let failed = compared.measurements.iter().find_map(|row| row.failed.clone());
        return Err(failed.unwrap_or_else(|| "one of the two could not be run".to_owned()));
    }
    let mut comparison = compared.comparison;
    if !changed.has_weights {
        (comparison.output_difference, comparison.relative_output_difference) = (None, None);
    }
    if comparison.verdict.is_none() {
        comparison.verdict = Some(ComparisonVerdict::Unclear);
    }
    Ok(comparison)
}
