//! Inferences asked for as a service is asked.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Under load",
    about: "`weigh measure --scenario` asks as MLPerf Inference does. A query is the samples that are sent together.",
    entries: &[
        Entry {
            name: "scenario",
            title: "scenario",
            aliases: &["load", "single-stream", "multi-stream", "offline", "server"],
            short: "how inferences are asked for: one after another, several at once, all at once, at random",
            json: &["measurements[].scenario.name"],
            commands: &["weigh measure --scenario"],
            related: &["queue", "highest_rate", "early_stopping"],
            source: "MLPerf Inference rules; Reddi et al., arXiv:1911.02549",
            elsewhere: "A result of weigh is not an MLPerf result, which needs 600 s, a data set and an accuracy run.",
            page: "scenarios",
            ..Entry::EMPTY
        },
        Entry {
            name: "queue",
            title: "queue time",
            aliases: &["queue_time", "waiting"],
            unit: "ms",
            short: "waiting before the inference starts, under a load",
            long: "From the moment a query was meant to arrive. The loop is open: a query arrives whether or not the system is \
                   ready, so a stall counts for everyone who would have come.",
            formula: "start of its batch − its intended arrival",
            json: &["measurements[].scenario.queue"],
            commands: &["weigh measure --scenario"],
            related: &["scenario", "latency", "lag"],
            elsewhere: "Loops that send the next query when the last is done leave these waits out (coordinated omission).",
            page: "scenarios",
            ..Entry::EMPTY
        },
        Entry {
            name: "lag",
            title: "lag",
            aliases: &["void", "late"],
            unit: "ms",
            short: "how late the load generator issued queries; too late, and the run is void",
            long: "Void where the median or the scenario's percentile could have been more than 1 % lower without it, and where \
                   time was up before every query had started. A void run has figures, but no estimate and no verdict.",
            json: &[
                "measurements[].scenario.lag_p99_ms",
                "measurements[].scenario.lag_share",
                "measurements[].scenario.void",
            ],
            commands: &["weigh measure --scenario"],
            related: &["queue"],
            page: "scenarios",
            ..Entry::EMPTY
        },
        Entry {
            name: "early_stopping",
            title: "early-stopping estimate",
            aliases: &["estimate"],
            unit: "ms",
            short: "a percentile bounded from above with 99 % confidence",
            long: "Never below the percentile of the samples; it comes down to it as there are more.",
            json: &["measurements[].scenario.estimate.ms"],
            commands: &["weigh measure --scenario"],
            related: &["percentile", "scenario"],
            source: "MLPerf's load generator, early_stopping.cc",
            page: "scenarios",
            ..Entry::EMPTY
        },
        Entry {
            name: "highest_rate",
            title: "highest rate",
            aliases: &["max_rate", "slo"],
            unit: "/s",
            short: "the highest rate of queries that keeps a limit on a percentile, as a bracket",
            long: "Between the highest rate that met the limit and the lowest that missed it; no narrower than the runs can \
                   tell.",
            json: &["measurements[].scenario.slo.highest_rate", "measurements[].scenario.slo.lowest_missed"],
            commands: &["weigh measure --slo"],
            related: &["scenario", "capacity", "throughput"],
            page: "scenarios",
            ..Entry::EMPTY
        },
    ],
};
