//! Words and signs that stand beside figures.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Words and signs",
    about: "Counts and rates have SI prefixes (k, M, G, T are powers of 1000), memory has binary ones (KiB, MiB, GiB are powers \
            of 1024).",
    entries: &[
        Entry {
            name: "unknown",
            title: "unknown",
            aliases: &["unpriced"],
            short: "what weigh cannot tell: listed by name and count, and never zero",
            long: "An operator without a price, a size that nobody knows, a figure that was not measured.",
            json: &["coverage.unknown", "totals.complete.compute", "totals.complete.memory"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["coverage", "at_least"],
            page: "unknown",
            ..Entry::EMPTY
        },
        Entry {
            name: "at_least",
            title: "≥",
            aliases: &["lower_bound_sign", ">="],
            short: "the figure misses something: it is at least that",
            long: "Every total that misses an operator has it. It can show that a limit is exceeded, never that it is kept.",
            json: &["verdicts[].actual_is_lower_bound", "comparisons[].a_is_lower_bound"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["unknown"],
            page: "unknown",
            ..Entry::EMPTY
        },
        Entry {
            name: "assumed",
            title: "assumed",
            aliases: &["open_dims", "bindings", "symbols"],
            short: "an open dim that was bound without being asked: the leading one of each input, to 1",
            long: "`--dim batch=8` binds it otherwise. Other open dims make totals formulas.",
            json: &["assumed", "bindings", "unbound"],
            commands: &["weigh MODEL", "weigh inspect --dim"],
            related: &["scaling"],
            page: "scaling",
            ..Entry::EMPTY
        },
        Entry {
            name: "basis",
            title: "basis",
            aliases: &["rests_on", "measured", "modelled", "computed", "given", "rule"],
            short: "what a figure rests on: measured, computed, predicted, given, or a rule of thumb",
            long: "A guess is never printed as a measurement, and a measurement is never divided by a prediction.",
            json: &[
                "predictions[].basis",
                "advice[].basis",
                "verdicts[].basis",
                "measurements[].energy[].rests_on",
            ],
            commands: &["weigh predict", "weigh advise", "weigh check"],
            related: &["predicted_time", "gain", "energy"],
            ..Entry::EMPTY
        },
    ],
};
