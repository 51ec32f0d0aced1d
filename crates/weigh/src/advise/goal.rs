//! What is to get better.

use std::str::FromStr;

use weigh_report::report::Costs;

/// The metric that techniques are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The time of an inference.
    Latency,
    /// Samples per second.
    Throughput,
    /// What a device needs: weights, activations at their peak, workspace.
    Memory,
    /// Multiply-accumulates.
    Compute,
    /// The energy of a sample.
    Energy,
}

impl Goal {
    /// All goals.
    pub const ALL: [Goal; 5] = [Goal::Latency, Goal::Throughput, Goal::Memory, Goal::Compute, Goal::Energy];

    /// What the user calls it.
    pub fn name(self) -> &'static str {
        match self {
            Goal::Latency => "latency",
            Goal::Throughput => "throughput",
            Goal::Memory => "memory",
            Goal::Compute => "compute",
            Goal::Energy => "energy",
        }
    }

    /// Whether it is a matter of time, so that it needs a machine to be expected on.
    pub fn needs_target(self) -> bool {
        matches!(self, Goal::Latency | Goal::Throughput | Goal::Energy)
    }

    /// The goal's metric among costs, in its unit.
    pub(super) fn of(self, costs: &Costs) -> Option<f64> {
        let number = |count: &Option<weigh_report::Count>| Some(count.as_ref()?.number()? as f64);
        match self {
            Goal::Latency => costs.latency_ms,
            Goal::Throughput => costs.throughput_per_second,
            Goal::Memory => number(&costs.device_bytes),
            Goal::Compute => number(&costs.macs),
            Goal::Energy => costs.energy_mj,
        }
    }

    /// How much better that is: the factor by which the metric improves, above 1 for an improvement.
    pub(super) fn improvement(self, gain: f64) -> f64 {
        match self {
            Goal::Throughput => gain,
            _ => 1.0 / gain,
        }
    }
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Goal, String> {
        let names = Goal::ALL.map(Goal::name).join(", ");
        Goal::ALL.into_iter().find(|goal| goal.name() == text).ok_or_else(|| format!("there are {names}"))
    }
}
