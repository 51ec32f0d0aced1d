//! Time that is expected, its bounds, and where a measured time goes.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Expected time and the gap",
    about: "On this machine a prediction is fitted to kernels that were timed here (`weigh hardware calibrate`); on a device \
            of the table it rests on published ceilings and a rule for its class. The parts of a gap add up to the measured \
            time.",
    entries: &[
        Entry {
            name: "theoretical_time",
            title: "theoretical",
            aliases: &["theoretical", "theoretical_ms"],
            unit: "ms",
            short: "the time that the arithmetic alone would take: a bound, no expectation",
            formula: "FLOPs / peak FLOPS of the element type on that device",
            json: &[
                "predictions[].theoretical_ms",
                "measurements[].theoretical_ms",
                "measurements[].gap.theoretical_ms",
            ],
            commands: &["weigh MODEL", "weigh measure", "weigh predict"],
            related: &["roofline", "predicted_time", "efficiency", "peak_rate"],
            page: "predicting",
            ..Entry::EMPTY
        },
        Entry {
            name: "roofline",
            title: "roofline",
            aliases: &["roofline_ms", "roofline_time"],
            unit: "ms",
            short: "what arithmetic or memory allow at best, added over kernels",
            long: "A bound too, and never below the theoretical time. The memory level that holds a kernel's data counts.",
            formula: "Σ over kernels of max(FLOPs / peak rate, bytes / bandwidth)",
            json: &["predictions[].roofline_ms", "predictions[].layers[].roofline_ms"],
            commands: &["weigh predict"],
            related: &["intensity", "ridge", "bound", "theoretical_time"],
            source: "Williams, Waterman, Patterson, CACM 2009",
            page: "predicting",
            ..Entry::EMPTY
        },
        Entry {
            name: "predicted_time",
            title: "expected",
            aliases: &["predicted", "expected", "predicted_ms", "expected_time"],
            unit: "ms",
            short: "the time that an inference is expected to take, without running it",
            long: "Of a typical run: it has no tail. Nodes without a price make it a lower bound.",
            json: &["predictions[].predicted_ms", "predictions[].layers[].predicted_ms"],
            commands: &["weigh MODEL", "weigh predict", "weigh compare --on"],
            related: &["prediction_interval", "theoretical_time", "roofline", "latency"],
            page: "predicting",
            ..Entry::EMPTY
        },
        Entry {
            name: "prediction_interval",
            title: "interval of the expected time",
            aliases: &["predicted_ci", "basis_of_prediction"],
            unit: "ms",
            short: "where a measurement is expected; what it is worth depends on the basis",
            long: "Calibrated on this machine it is meant to hold 95 %. For a device of the table it is a factor of two both \
                   ways, by rule, meant to be right more often than not.",
            json: &["predictions[].predicted_ci_ms", "predictions[].basis"],
            commands: &["weigh predict"],
            related: &["predicted_time", "basis", "confidence_interval"],
            page: "predicting",
            ..Entry::EMPTY
        },
        Entry {
            name: "bound",
            title: "bound",
            aliases: &["bottleneck", "limited_by", "compute_bound", "memory_bound", "overhead_bound"],
            short: "what limits the time of a kernel or model: compute, memory or overhead",
            json: &["predictions[].bound", "predictions[].by_bound", "predictions[].layers[].bound"],
            commands: &["weigh predict"],
            related: &["roofline", "intensity", "gap"],
            page: "predicting",
            ..Entry::EMPTY
        },
        Entry {
            name: "peak_rate",
            title: "peak rate",
            aliases: &["peak_flops", "flops_per_second", "ceilings"],
            unit: "FLOPS",
            short: "operations a second at most, 2 for each multiply-accumulate",
            long: "Measured on this machine with loops from registers into registers, or from the device's table with its \
                   source. FLOPS is a rate; FLOPs is a count.",
            json: &["predictions[].ceilings.flops_per_s", "measurements[].gap.ceilings.flops_per_s"],
            commands: &["weigh predict", "weigh hardware show", "weigh hardware calibrate"],
            related: &["bandwidth", "theoretical_time", "ridge"],
            elsewhere: "Datasheets may print rates with sparsity, which are twice as high; weigh takes the dense ones.",
            page: "ceilings",
            ..Entry::EMPTY
        },
        Entry {
            name: "bandwidth",
            title: "bandwidth",
            aliases: &["memory_bandwidth"],
            unit: "B/s",
            short: "bytes a second that a level of memory gives at most",
            json: &["predictions[].ceilings.bandwidths[].bytes_per_s"],
            commands: &["weigh predict", "weigh hardware show", "weigh hardware calibrate"],
            related: &["peak_rate", "bytes_moved", "ridge"],
            source: "McCalpin, STREAM (what a loop names is counted)",
            page: "ceilings",
            ..Entry::EMPTY
        },
        Entry {
            name: "ridge",
            title: "ridge",
            aliases: &["ridge_point", "machine_balance"],
            unit: "FLOP/B",
            short: "the intensity at which arithmetic and memory take the same time on a device",
            formula: "peak rate / bandwidth",
            commands: &["weigh predict"],
            related: &["intensity", "roofline"],
            source: "Williams, Waterman, Patterson, CACM 2009",
            ..Entry::EMPTY
        },
        Entry {
            name: "efficiency",
            title: "efficiency",
            aliases: &["utilization", "mfu"],
            unit: "share",
            short: "theoretical time / measured time",
            long: "4.1 GFLOPs on 35.6 TFLOPS, measured 5 ms: 0.115 ms / 5 ms = 2.3 %.",
            formula: "theoretical / measured",
            json: &["measurements[].efficiency", "measurements[].gap.efficiency", "predictions[].efficiency"],
            commands: &["weigh MODEL", "weigh measure", "weigh predict --measured"],
            related: &["theoretical_time", "gap"],
            elsewhere: "The same as the hardware FLOPs utilisation of one inference; other operations are not in it.",
            page: "predicting",
            ..Entry::EMPTY
        },
        Entry {
            name: "largest_batch",
            title: "largest batch",
            aliases: &["largest_batch_in_memory", "largest_batch_in_time", "max_batch"],
            unit: "samples",
            short: "the largest batch that a device's memory holds, and that a latency limit allows",
            json: &["predictions[].largest_batch_in_memory", "predictions[].largest_batch_in_time"],
            commands: &["weigh predict"],
            related: &["fits", "batch", "sweet_spot"],
            page: "predicting",
            ..Entry::EMPTY
        },
        Entry {
            name: "gap",
            title: "gap",
            aliases: &["waterfall", "why_slow"],
            unit: "ms",
            short: "from the theoretical to the measured time: what each cause adds",
            long: "The first causes rest on measured ceilings and on the prediction. A large or a negative unexplained part means \
                   that the causes above it are to be doubted as much.",
            formula: "measured = arithmetic + memory + overhead + shapes + threads + movement + unexplained",
            json: &["measurements[].gap.parts[].ms", "measurements[].gap.parts[].share"],
            commands: &["weigh MODEL", "weigh measure --explain"],
            related: &[
                "gap.arithmetic",
                "gap.memory",
                "gap.overhead",
                "gap.shapes",
                "gap.threads",
                "gap.movement",
                "gap.unexplained",
                "efficiency",
            ],
            page: "predicting",
            ..Entry::EMPTY
        },
        cause(
            "gap.arithmetic",
            "arithmetic",
            "FLOPs at the peak rate: the theoretical time",
            "Only fewer FLOPs or another \
               element type help.",
        ),
        cause(
            "gap.memory",
            "memory",
            "what products wait for their bytes beyond their arithmetic",
            "A larger batch helps \
               where weights are read for few rows.",
        ),
        cause(
            "gap.overhead",
            "overhead",
            "starting kernels and runs",
            "Many small kernels, or a small batch.",
        ),
        cause(
            "gap.shapes",
            "shapes",
            "products whose shape does not fill vectors, tiles or caches",
            "Extents that are no \
               multiples of the lanes, depthwise convolutions, few rows.",
        ),
        cause(
            "gap.threads",
            "threads",
            "what products lose by threads waiting for each other",
            "Told from shapes only \
               where a time with one thread is known.",
        ),
        cause(
            "gap.movement",
            "movement",
            "work without products: elementwise, normalisation, changes of layout",
            "Operators to fuse, or to leave out.",
        ),
        cause(
            "gap.unexplained",
            "unexplained",
            "the measured time less all causes; it may be negative",
            "A large or \
               negative one means that the kernels as predicted are not those that ran so long.",
        ),
    ],
};

/// One part of the gap.
const fn cause(name: &'static str, title: &'static str, short: &'static str, long: &'static str) -> Entry {
    Entry {
        name,
        title,
        unit: "ms",
        short,
        long,
        json: &["measurements[].gap.parts[].ms"],
        commands: &["weigh measure --explain"],
        related: &["gap"],
        page: "predicting",
        ..Entry::EMPTY
    }
}
