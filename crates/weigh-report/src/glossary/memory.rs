//! What an inference holds.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Memory",
    about: "A step is the execution of one node. An activation is an input of the model or a tensor that a node makes in \
            every inference; what is made of constants alone is made once, at load, and is none. Bodies of `If`, `Loop` \
            and `Scan` are alive in the step of their node: of an `If` the larger branch, of a loop the largest run.",
    entries: &[
        Entry {
            name: "activations",
            title: "activations",
            aliases: &["activations.total", "total_activations"],
            unit: "bytes",
            short: "all inputs and all tensors that nodes produce",
            long: "Elements and bytes, as if nothing were ever freed.",
            json: &["totals.activations.total", "scaling.activation_bytes"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["activations.peak", "in_place"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "activations.peak",
            title: "peak",
            aliases: &["peak_activations", "peak_activation_bytes"],
            unit: "bytes",
            short: "the most bytes of activations alive in one step",
            long: "The largest sum, over execution steps in the order of the file, of what is alive: the step's inputs and \
                   outputs, and whatever a later step still reads. Inputs of the model live from the first step on, its \
                   outputs to the end.",
            formula: "max over steps of Σ bytes of the activations alive",
            json: &["totals.activations.peak", "totals.activations.peak_at", "scaling.peak_activation_bytes"],
            commands: &["weigh MODEL", "weigh inspect", "weigh compare"],
            related: &["activations", "live_bytes", "activations.best_order", "arena", "peak_memory"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "live_bytes",
            title: "memory over steps",
            aliases: &["memory_over_steps", "timeline"],
            unit: "bytes",
            short: "the activations alive while each node runs",
            json: &["layers[].live_bytes", "memory.steps[].live_bytes"],
            commands: &["weigh MODEL", "weigh inspect --memory"],
            related: &["activations.peak"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "in_place",
            title: "in place",
            aliases: &["inplace", "in_place_peak", "in_place_total"],
            unit: "bytes",
            short: "activations where operators write over inputs that nobody needs any more",
            long: "An operator that can write over its input (elementwise, normalisation, dropout, views) adds no tensor \
                   when it is that input's last reader and the sizes agree.",
            json: &[
                "totals.activations.in_place_total",
                "totals.activations.in_place_peak",
                "memory.steps[].in_place_bytes",
            ],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["activations", "activations.peak"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "activations.best_order",
            title: "best order",
            aliases: &["best_order", "best_order_peak"],
            unit: "bytes",
            short: "the peak of the activations in the best order found",
            long: "With the order's name: `file`, as good as any found; `exact`, proved best; `greedy`, found and not \
                   proved. Beside it in JSON whether no order is better.",
            json: &[
                "totals.activations.best_order_peak",
                "totals.activations.best_order",
                "totals.activations.best_order_is_optimal",
                "memory.best_order",
            ],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["activations.peak", "lower_bound"],
            source: "Sethi and Ullman 1970; Liu 1987 (the orders tried first)",
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "lower_bound",
            title: "lower bound of the peak",
            unit: "bytes",
            short: "the largest step's own inputs and outputs: no order has a smaller peak",
            json: &["totals.activations.lower_bound"],
            commands: &["weigh inspect"],
            related: &["activations.best_order"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "arena",
            title: "arena",
            aliases: &["arena_bytes"],
            unit: "bytes",
            short: "a planned block that holds all activations",
            long: "The smallest of several plans (in order and by size, lowest and smallest gap), with an offset for every \
                   activation, aligned to 64 bytes, and verified: no two that are alive in a step overlap. Never below the \
                   peak.",
            json: &["totals.activations.arena_bytes", "memory.arena.bytes", "memory.arena.placements"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["activations.peak"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "workspace",
            title: "workspace",
            aliases: &["workspace_bytes", "scratch"],
            unit: "bytes",
            short: "the largest scratch memory of an operator, modelled",
            long: "What an operator holds while it runs, beside inputs and outputs. Operators do not define it: this is a \
                   model of a usual, unfused implementation, and it is printed as modelled.",
            json: &[
                "totals.workspace_bytes",
                "totals.workspace_for",
                "totals.workspace_at",
                "memory.steps[].workspace_bytes",
            ],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["peak_memory"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "peak_memory",
            title: "needs",
            aliases: &["memory", "needs", "device_memory", "device_bytes"],
            unit: "bytes",
            short: "what a device needs: weights, activations, workspace",
            long: "The weights as stored, and activations and workspace in the step where these are most. The runtime \
                   itself is not in it.",
            formula: "weights + max over steps of (activations alive + workspace)",
            json: &["totals.device_bytes", "totals.device_bytes_at", "predictions[].memory_bytes"],
            commands: &["weigh MODEL", "weigh inspect", "weigh predict"],
            related: &["weight_bytes", "activations.peak", "workspace", "fits", "peak_rss"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "fits",
            title: "fits",
            aliases: &["fit", "does_it_fit"],
            short: "whether a device's memory holds what the model needs, with the margin",
            long: "Three values: where a figure is a formula, or a lower bound that would fit, it is not known. A lower bound \
                   can show that a model does not fit, never that it does. Where weights and activations lie apart (flash \
                   and RAM of a microcontroller) both must fit. What does not fit gets the mildest changes that help: \
                   execution order, smaller batch, fewer bits.",
            json: &[
                "predictions[].fits",
                "predictions[].fit.needs[].margin_bytes",
                "predictions[].fit.remedies",
            ],
            commands: &["weigh predict"],
            related: &["peak_memory", "largest_batch"],
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "peak_rss",
            title: "process",
            aliases: &["rss", "process_memory"],
            unit: "bytes",
            short: "resident memory of the process at its peak",
            long: "Of the worker process that ran the model: program, runtime, weights in all the forms it keeps, and what its \
                   heap did not return.",
            json: &["measurements[].memory.peak_rss_bytes"],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["model_rss", "peak_memory"],
            elsewhere: "It is more than the device needs by definition; docs/memory.md predicts it for ONNX Runtime.",
            page: "memory",
            ..Entry::EMPTY
        },
        Entry {
            name: "model_rss",
            title: "process, for the model",
            unit: "bytes",
            short: "what of the resident memory the model added",
            formula: "peak while running − resident memory before the model was loaded",
            json: &["measurements[].memory.model_rss_bytes"],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["peak_rss"],
            page: "measuring",
            ..Entry::EMPTY
        },
    ],
};
