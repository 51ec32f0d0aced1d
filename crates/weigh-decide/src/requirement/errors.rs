//! What is wrong with a requirement as written, and what to do about it.

use weigh_ir::units::NoQuantity;

use super::metrics::STATISTICS;

/// Text that is no requirement, or requirements that contradict each other.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoRequirement {
    /// It has no metric, relation and limit.
    #[error("'{0}' is no requirement")]
    Form(String),
    /// It is no figure that is known already.
    #[error("'{0}' gives no figure")]
    Given(String),
    /// No metric has this name.
    #[error("no metric '{name}'")]
    Metric {
        /// As written.
        name: String,
        /// Similar names.
        nearest: Vec<String>,
    },
    /// A metric of time without such a statistic.
    #[error("{metric} has no '{statistic}'")]
    Statistic {
        /// The metric.
        metric: &'static str,
        /// As written.
        statistic: String,
    },
    /// The document has no such place.
    #[error("the document has no '{step}' in {path}")]
    Path {
        /// The whole path.
        path: String,
        /// The step that leads nowhere.
        step: String,
        /// Similar keys.
        nearest: Vec<String>,
    },
    /// The document has no number there.
    #[error("{path} is no number")]
    NoNumber {
        /// The path.
        path: String,
        /// The keys that it has.
        inside: Vec<String>,
    },
    /// The limit is no amount of what the metric is one of.
    #[error("{metric}: {problem}")]
    Amount {
        /// The metric.
        metric: String,
        /// What is wrong.
        problem: NoQuantity,
    },
    /// `=` for something that is never exactly so.
    #[error("{0} cannot be required to equal a number")]
    Equal(String),
    /// No report can meet both.
    #[error("'{0}' and '{1}' contradict each other")]
    Contradiction(String, String),
    /// No class has this name.
    #[error("no class '{name}'")]
    Class {
        /// As written.
        name: String,
        /// Similar names.
        nearest: Vec<String>,
    },
    /// No change relative to a baseline.
    #[error("'{0}' is no change relative to a baseline")]
    Change(String),
    /// The model has no such layer or module.
    #[error("the model has no layer or module '{name}'")]
    Layer {
        /// As written.
        name: String,
        /// Similar names.
        nearest: Vec<String>,
    },
    /// Layers do not have this metric.
    #[error("layers have no '{name}'")]
    LayerMetric {
        /// As written.
        name: String,
        /// Those that they have.
        known: Vec<&'static str>,
    },
}

impl NoRequirement {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            NoRequirement::Form(_) => {
                "write METRIC<=LIMIT, for example latency.p99<=33ms, throughput>=400/s, parameters<=5M"
                    .to_owned()
            }
            NoRequirement::Given(_) => "write METRIC=AMOUNT, for example latency=75ms".to_owned(),
            NoRequirement::Metric { nearest, .. } | NoRequirement::Class { nearest, .. } => {
                suggest(nearest, "`weigh requirements` lists all metrics and classes")
            }
            NoRequirement::Statistic { .. } => {
                format!("there are {}", STATISTICS.map(|statistic| statistic.name).join(", "))
            }
            NoRequirement::Path { nearest, .. } => suggest(nearest, "`weigh schema` has every path"),
            NoRequirement::NoNumber { inside, .. } if inside.is_empty() => {
                "name a place that holds a number; `weigh schema` has every path".to_owned()
            }
            NoRequirement::NoNumber { inside, .. } => format!("go on with one of {}", inside.join(", ")),
            NoRequirement::Amount { problem, .. } => match problem {
                NoQuantity::Other { example, .. } | NoQuantity::Nothing { example, .. } => {
                    format!("a limit here looks like {example}")
                }
            },
            NoRequirement::Equal(_) => "only counts and sizes are exact: use <= or >=".to_owned(),
            NoRequirement::Contradiction(..) => "no model meets both: remove one".to_owned(),
            NoRequirement::Change(_) => {
                "write \"+5 %\", \"-10 %\" or \"+0 %\"; or an amount: \"+1MiB\"".to_owned()
            }
            NoRequirement::Layer { nearest, .. } => {
                suggest(nearest, "`weigh inspect MODEL --layers` lists all layers, --depth N the modules")
            }
            NoRequirement::LayerMetric { known, .. } => format!("they have {}", known.join(", ")),
        }
    }
}

fn suggest(nearest: &[String], otherwise: &str) -> String {
    match nearest {
        [] => otherwise.to_owned(),
        names => format!("did you mean {}? {otherwise}", names.join(" or ")),
    }
}
