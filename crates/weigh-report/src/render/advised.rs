//! Advice in words and figures, the same in every output.

use weigh_ir::units;

use super::numbers::{share, time};
use crate::report::{Advice, ComparisonVerdict, Costs, Count, Effort};

/// What a goal is measured by, and how its amounts are shown.
pub(super) struct Metric {
    /// The metric's name.
    pub name: &'static str,
    of: fn(&Costs) -> Option<f64>,
    show: fn(f64) -> String,
}

fn number(count: &Option<Count>) -> Option<f64> {
    Some(count.as_ref()?.number()? as f64)
}

/// The metric of a goal; of one that is not known, the size of the model.
pub(super) fn metric(goal: &str) -> Metric {
    match goal {
        "latency" => Metric { name: "latency", of: |costs| costs.latency_ms, show: time },
        "throughput" => {
            let show = units::per_second;
            Metric { name: "throughput", of: |costs| costs.throughput_per_second, show }
        }
        "memory" => Metric { name: "needs", of: |costs| number(&costs.device_bytes), show: units::bytes },
        "compute" => Metric { name: "MACs", of: |costs| number(&costs.macs), show: units::si },
        "energy" => {
            let show = |millijoules: f64| units::joules(millijoules / 1e3);
            Metric { name: "energy", of: |costs| costs.energy_mj, show }
        }
        _ => Metric { name: "size", of: |costs| number(&costs.bytes), show: units::bytes },
    }
}

impl Metric {
    /// The amount, or a question mark.
    pub fn amount(&self, costs: &Costs) -> String {
        (self.of)(costs).map_or("?".to_owned(), self.show)
    }
}

/// A ratio as a change: `-75.0 %`, `+12.3 %`, `same`.
pub(super) fn change(ratio: f64) -> String {
    match (ratio - 1.0) * 100.0 {
        percent if percent.abs() < 0.05 => "same".to_owned(),
        percent => format!("{percent:+.1} %"),
    }
}

/// How one cost changes, where both sides are known.
pub(super) fn changed(advice: &Advice, of: fn(&Costs) -> Option<f64>) -> Option<String> {
    let (before, after) = (of(&advice.before)?, of(&advice.after)?);
    (before > 0.0).then(|| change(after / before))
}

/// Bytes of the stored model.
pub(super) fn size(costs: &Costs) -> Option<f64> {
    number(&costs.bytes)
}

/// Multiply-accumulates.
pub(super) fn macs(costs: &Costs) -> Option<f64> {
    number(&costs.macs)
}

/// Milliseconds.
pub(super) fn latency(costs: &Costs) -> Option<f64> {
    costs.latency_ms
}

/// What a technique takes.
pub(super) fn effort(needs: Effort) -> &'static str {
    match needs {
        Effort::Nothing => "nothing",
        Effort::Check => "a check",
        Effort::Calibration => "calibration",
        Effort::FineTuning => "fine-tuning",
        Effort::Retraining => "retraining",
    }
}

/// What was measured of it: `runs 1.84 × as fast [1.80, 1.88]; outputs differ by 1.2e-3 of the largest`.
pub(super) fn measured(advice: &Advice) -> Option<String> {
    let comparison = advice.measured.as_ref()?;
    let ratio = comparison.ratio?;
    let interval = comparison.ci.map(|[low, high]| format!(" [{low:.3}, {high:.3}]")).unwrap_or_default();
    let verdict = match comparison.verdict {
        Some(ComparisonVerdict::Faster) => "faster",
        Some(ComparisonVerdict::Slower) => "slower",
        Some(ComparisonVerdict::Same) => "as fast",
        Some(ComparisonVerdict::Unclear) | None => "cannot tell",
    };
    let mut text = format!("measured {ratio:.3} of the time{interval}: {verdict}");
    if let Some(predicted) = expected(advice) {
        text += &format!(", {predicted:.3} was expected");
    }
    if let Some(relative) = comparison.relative_output_difference {
        text += &format!("; outputs differ by {} of the largest", share(relative));
    }
    Some(text)
}

/// The ratio of times that was expected.
fn expected(advice: &Advice) -> Option<f64> {
    let (before, after) = (advice.before.latency_ms?, advice.after.latency_ms?);
    (before > 0.0).then_some(after / before)
}

/// Where it applies: `the whole model`, `features/0/Conv and 12 more`.
pub(super) fn place(advice: &Advice) -> String {
    match advice.applies_to.as_slice() {
        [] => "the whole model".to_owned(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
