//! How sure a measured figure is.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "How sure a time is",
    about: "Inferences are not independent of one another, so every configuration runs in several fresh processes, and \
            intervals are made of what processes say.",
    entries: &[
        Entry {
            name: "percentile",
            title: "percentile",
            aliases: &["p50", "median", "p90", "p95", "p99", "p99.9", "p999", "tail_latency", "quantile"],
            unit: "ms",
            short: "the time that so many percent of samples stay below",
            long: "An order statistic with its 95 % confidence interval. It is refused, not guessed, where there are too few \
                   samples to bound it: 6 for the median, 29 for p90, 59 for p95, 299 for p99, 2995 for p99.9.",
            formula: "samples needed above the median: ln 0.05 / ln p",
            json: &[
                "measurements[].stages.total.p50_ms",
                "measurements[].stages.total.p99_ms",
                "measurements[].stages.total.p99_ci_ms",
                "measurements[].stages.total.refused",
            ],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["latency", "confidence_interval", "samples"],
            elsewhere: "Many tools interpolate a p99 out of ten samples; that is their slowest sample.",
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "confidence_interval",
            title: "95 % CI",
            aliases: &["ci", "interval", "error_bars"],
            short: "a range that holds the true figure in 95 of 100 experiments like this one",
            long: "Student's t over the logarithms of what processes say; of one process over its rounds, with a note. Printed \
                   as `[low, high]` after the figure.",
            json: &["measurements[].stages.total.p50_ci_ms", "measurements[].throughput.ci"],
            commands: &["weigh MODEL", "weigh measure", "weigh compare"],
            related: &["percentile", "prediction_interval", "detectable"],
            source: "Kalibera and Jones, arXiv:2007.10899; for tails Weerahandi 1993, Krishnamoorthy and Mathew 2003",
            elsewhere: "It is not the spread of single inferences, which is `stddev_ms`.",
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "samples",
            title: "samples",
            aliases: &["iterations"],
            unit: "samples",
            short: "timed inferences; none is ever dropped",
            json: &["measurements[].samples", "measurements[].processes", "measurements[].rounds"],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["percentile", "outliers"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "mean",
            title: "mean",
            aliases: &["average", "mean_ms"],
            unit: "ms",
            short: "the sum of all times / their number",
            json: &["measurements[].stages.total.mean_ms"],
            commands: &["weigh measure"],
            related: &["percentile", "stddev", "minimum"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "minimum",
            title: "minimum",
            aliases: &["min", "min_ms"],
            unit: "ms",
            short: "the shortest time: what the work costs undisturbed",
            json: &["measurements[].stages.total.min_ms"],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["percentile", "mean"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "stddev",
            title: "standard deviation",
            aliases: &["standard_deviation", "spread", "stddev_ms"],
            unit: "ms",
            short: "how far single inferences lie from their mean",
            json: &["measurements[].stages.total.stddev_ms"],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["mean", "confidence_interval"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "outliers",
            title: "outliers",
            unit: "samples",
            short: "samples far from the median; counted and told, never dropped",
            long: "Beyond 3.5 robust standard deviations (1.4826 × the median absolute deviation) mild, beyond 10 severe.",
            json: &["measurements[].outliers.mild_high", "measurements[].outliers.severe_high"],
            commands: &["weigh measure"],
            related: &["noise", "samples"],
            source: "Iglewicz and Hoaglin 1993",
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "noise",
            title: "machine",
            aliases: &["busy", "sentinel", "steal", "throttling"],
            short: "what else the machine did meanwhile, and whether that disturbed the figures",
            long: "Other processes, time that a hypervisor took, throttling, waiting for memory and disks, the clock, and the \
                   sentinel: a fixed piece of work that is timed between the rounds.",
            json: &[
                "measurements[].noise.verdict",
                "measurements[].noise.other_cpu",
                "measurements[].noise.sentinel_variation",
            ],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["outliers", "confidence_interval"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "ratio",
            title: "ratio",
            aliases: &["speedup", "faster", "slower", "relative"],
            short: "b / a, with its interval and a verdict: faster, slower, same, unclear",
            long: "Measured in turns, in pairs of fresh processes, so that what slows the machine cancels. Faster and slower need \
                   98 % confidence and more than 1 %; same, that the 95 % interval lies within 1 % of 1.",
            json: &["comparisons[].ratio", "comparisons[].ci", "comparisons[].verdict"],
            commands: &["weigh compare --measure", "weigh measure --versus"],
            related: &["detectable", "confidence_interval"],
            page: "comparing",
            ..Entry::EMPTY
        },
        Entry {
            name: "detectable",
            title: "detectable",
            aliases: &["smallest_difference", "power"],
            unit: "share",
            short: "the smallest difference that an experiment as noisy as this one would have found",
            long: "Four times out of five.",
            json: &["comparisons[].detectable"],
            commands: &["weigh compare --measure", "weigh measure --versus"],
            related: &["ratio"],
            page: "measuring",
            ..Entry::EMPTY
        },
    ],
};
