//! Requirements, plans and advice.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Decisions",
    about: "Decisions are made from reports alone, so that a saved one decides like a fresh one.",
    entries: &[
        Entry {
            name: "verdict",
            title: "verdict",
            aliases: &["requirement", "met", "missed"],
            short: "whether a requirement is met, missed, or not known to be either",
            long: "Met and missed: the whole interval lies on one side of the limit. An unknown never passes unless \
                   `--allow-unknown` says so: the exit code is 1.",
            json: &["verdicts[].status", "verdicts[].actual", "verdicts[].limit"],
            commands: &["weigh check", "weigh measure --require", "weigh predict --require"],
            related: &["margin", "capacity"],
            page: "requirements",
            ..Entry::EMPTY
        },
        Entry {
            name: "margin",
            title: "margin",
            unit: "share",
            short: "room left, as a share of the limit; negative where it is missed",
            formula: "(limit − actual) / limit; of a least value (actual − limit) / limit",
            json: &["verdicts[].margin"],
            commands: &["weigh check"],
            related: &["verdict"],
            page: "requirements",
            ..Entry::EMPTY
        },
        Entry {
            name: "capacity",
            title: "can handle",
            aliases: &["can_handle", "capacity_per_second"],
            unit: "/s",
            short: "the highest rate that can be asked for: what was finished, or what follows from the latency",
            long: "75 ms for an image against a target of 10 a second: up to 13.3.",
            json: &["verdicts[].capacity_per_second", "plan.configurations[].capacity_per_second"],
            commands: &["weigh check", "weigh plan"],
            related: &["throughput", "servers"],
            page: "requirements",
            ..Entry::EMPTY
        },
        Entry {
            name: "servers",
            title: "servers",
            unit: "servers",
            short: "how many servers a workload takes, by its mean rate, peak, deadline and latency at the peak",
            long: "The largest of the four counts. Latency at the peak comes from a simulated queue: Poisson arrivals, one line, \
                   first come first served.",
            json: &[
                "plan.configurations[].servers",
                "plan.configurations[].servers_ci",
                "plan.configurations[].servers_for",
            ],
            commands: &["weigh plan"],
            related: &["utilisation", "latency_at_peak", "cost"],
            page: "planning",
            ..Entry::EMPTY
        },
        Entry {
            name: "utilisation",
            title: "utilisation",
            aliases: &["peak_utilisation"],
            unit: "share",
            short: "share of the servers' capacity that is used",
            formula: "rate / capacity",
            json: &["plan.configurations[].utilisation", "plan.configurations[].peak_utilisation"],
            commands: &["weigh plan"],
            related: &["servers", "capacity"],
            page: "planning",
            ..Entry::EMPTY
        },
        Entry {
            name: "latency_at_peak",
            title: "latency at the peak",
            unit: "ms",
            short: "a percentile of latency at the peak rate, waiting in line included",
            json: &["plan.configurations[].latency_at_peak_ms", "plan.configurations[].latency_one_fewer_ms"],
            commands: &["weigh plan --slo"],
            related: &["servers", "queue"],
            page: "planning",
            ..Entry::EMPTY
        },
        Entry {
            name: "cost",
            title: "cost",
            aliases: &["price", "cost_per_million"],
            unit: "$",
            short: "money per time, of a plan's chosen configuration",
            long: "The price is given or from the table of devices; without one there is no cost. Electricity is not part of it.",
            formula: "servers · hours · price; per million: cost / items · 10⁶",
            json: &["plan.configurations[].cost", "plan.configurations[].cost_per_million"],
            commands: &["weigh plan"],
            related: &["servers", "energy"],
            page: "planning",
            ..Entry::EMPTY
        },
        Entry {
            name: "gain",
            title: "gain",
            aliases: &["advice"],
            short: "the goal's figure after a change / before it",
            long: "Below 1 where a technique helps, above 1 for throughput. With what it rests on, and with what the technique \
                   needs before the model is as good as it was.",
            json: &["advice[].gain", "advice[].predicted_gain", "advice[].needs"],
            commands: &["weigh advise"],
            related: &["basis"],
            page: "advising",
            ..Entry::EMPTY
        },
        Entry {
            name: "output_difference",
            title: "output difference",
            aliases: &["relative_output_difference"],
            short: "how far two models' outputs are apart on the same inputs, at most",
            json: &["comparisons[].output_difference", "comparisons[].relative_output_difference"],
            commands: &["weigh compare --measure", "weigh measure --versus", "weigh advise --measure"],
            related: &["ratio", "gain"],
            elsewhere: "It is no accuracy, which weigh does not know.",
            page: "comparing",
            ..Entry::EMPTY
        },
    ],
};
