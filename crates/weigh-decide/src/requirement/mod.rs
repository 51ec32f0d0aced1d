//! Requirements on any figure of a report, and whether they are met.
//!
//! A [`Requirement`] is a limit on a [`Subject`]: a metric by name ([`METRICS`]) or any number of the document by its
//! path. [`Evidence`] looks the subject up in a report and says how well it is known; [`judge`] makes a verdict of that:
//!
//! - met or missed only where the whole interval lies on one side of the limit;
//! - a total that misses an operator is a lower bound: it can show that an upper limit is missed, never that it is met;
//! - where a report has several configurations, each of them has to keep the requirement, and each has its own verdict.
//!
//! A [`Budget`] is a file of limits, absolute, relative to a baseline ([`judge_relative`]) and on single layers.

mod baseline;
mod budget;
mod causes;
mod classes;
mod errors;
mod evidence;
mod judge;
mod layers;
mod limit;
mod made;
mod metrics;
mod paths;
mod relative;

mod subject;

pub use baseline::{differences, machine_differences};
pub use budget::{Budget, BudgetError};
pub use causes::add_causes;
pub use classes::{CLASSES, Class, class};
pub use errors::NoRequirement;
pub use evidence::{Evidence, Found, Given, Known};
pub use judge::judge;
pub use layers::LayerLimit;
pub use limit::{Relation, Requirement, contradiction};
pub use metrics::{Better, METRICS, Metric, Needs, STATISTICS, Statistic};
pub use relative::{Baseline, Relative, judge_relative};
pub use subject::Subject;
