//! What serving a workload takes: servers, time, money, energy. Keys name their unit; money is in dollars.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Basis, Interval};

/// A workload, and the ways of serving it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Plan {
    /// What is to be done.
    pub workload: PlannedWorkload,
    /// The ways of doing it, in the order they were asked for.
    pub configurations: Vec<Configuration>,
    /// The cheapest configuration that meets everything; its position, from 0. Null where none surely does.
    pub choice: Option<usize>,
    /// Why that one, or why none.
    pub why: String,
}

/// What is to be done, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlannedWorkload {
    /// Items in all, where they come once; items of one period where they come again and again.
    pub items: Option<f64>,
    /// That period in hours.
    pub period_h: Option<f64>,
    /// What the items are: samples, images, tokens.
    pub unit: String,
    /// Mean rate per second.
    pub rate_per_second: Option<f64>,
    /// The highest rate per second that must be served.
    pub peak_per_second: Option<f64>,
    /// The hours within which all must be done.
    pub deadline_h: Option<f64>,
    /// A limit on a percentile of latency, waiting included, e.g. `p99<=100ms`.
    pub slo: Option<String>,
    /// How long a batch may wait to be filled; null where it takes what is there.
    pub max_delay_ms: Option<f64>,
    /// The share of its capacity that a server may be used at.
    pub utilisation: f64,
    /// The servers that there are; null where as many are taken as it needs.
    pub servers: Option<u64>,
    /// Days that a cost is told for.
    pub days: Option<f64>,
}

/// One way of doing it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Configuration {
    /// What it is called: model, engine or device, batch.
    pub name: String,
    /// The engine, where it ran or would run here.
    pub engine: Option<String>,
    /// The device; `this` for this machine.
    pub device: Option<String>,
    /// Element type computed in.
    pub dtype: Option<String>,
    /// Samples per inference.
    pub batch: Option<u64>,
    /// Requests that one server works on at the same time.
    pub streams: Option<u64>,
    /// What its speed rests on.
    pub basis: Option<Basis>,
    /// Time of one inference.
    pub service_ms: Option<f64>,
    /// Its interval.
    pub service_ci_ms: Option<Interval>,
    /// Standard deviation of the time of an inference; null where it is taken to be constant.
    pub service_stddev_ms: Option<f64>,
    /// Items per second that one server finishes when it never waits.
    pub throughput_per_second: Option<f64>,
    /// Its interval.
    pub throughput_ci: Option<Interval>,
    /// Hours that one server needs for all items; for a period, hours of each period.
    pub one_server_h: Option<f64>,
    /// Its interval.
    pub one_server_ci_h: Option<Interval>,
    /// Servers needed.
    pub servers: Option<u64>,
    /// With the ends of the interval of the speed: at best, at worst.
    pub servers_ci: Option<[u64; 2]>,
    /// What asks for that many: `mean rate`, `peak rate`, `latency at peak`, `deadline`.
    pub servers_for: Option<String>,
    /// Hours until all is done, with that many servers.
    pub hours: Option<f64>,
    /// Items per second that all servers together finish when they never wait.
    pub capacity_per_second: Option<f64>,
    /// The longest that an inference may take for those servers to keep up with the highest rate.
    pub budget_ms: Option<f64>,
    /// Share of capacity used at the mean rate.
    pub utilisation: Option<f64>,
    /// Share of capacity used at the peak rate.
    pub peak_utilisation: Option<f64>,
    /// The percentile of latency at the peak rate, waiting included, that the queueing model expects.
    pub latency_at_peak_ms: Option<f64>,
    /// Its interval, of the simulation alone.
    pub latency_at_peak_ci_ms: Option<Interval>,
    /// The same percentile with one server fewer; null where the line would grow without end, or was not asked for.
    pub latency_one_fewer_ms: Option<f64>,
    /// The model of the queue and its assumptions, in words.
    pub queue: Option<String>,
    /// Dollars per hour and server.
    pub price_per_h: Option<f64>,
    /// Where the price is from.
    pub price_source: Option<String>,
    /// Dollars per day, or, for items that come once, for all of them.
    pub cost: Option<f64>,
    /// Its interval.
    pub cost_ci: Option<Interval>,
    /// Whether `cost` is per day.
    pub cost_is_daily: bool,
    /// Dollars for the days of the workload.
    pub cost_over_days: Option<f64>,
    /// Dollars per million items.
    pub cost_per_million: Option<f64>,
    /// Its interval.
    pub cost_per_million_ci: Option<Interval>,
    /// Joules for one item.
    pub joules_per_item: Option<f64>,
    /// Kilowatt-hours per day, or for all items, with what the building takes.
    pub kilowatt_hours: Option<f64>,
    /// Kilograms of CO2 equivalent per day, or for all items.
    pub co2_kg: Option<f64>,
    /// The grid that the emissions are of.
    pub grid: Option<String>,
    /// What the energy rests on.
    pub energy_basis: Option<Basis>,
    /// The counter, the table or the power that it is from.
    pub energy_source: Option<String>,
    /// Cost / cost of the first configuration.
    pub relative_cost: Option<f64>,
    /// Whether it meets everything that was asked.
    pub meets: super::Status,
    /// What to know about it.
    pub notes: Vec<String>,
}
