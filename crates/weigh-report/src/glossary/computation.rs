//! What an inference computes and moves.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Computation",
    about: "An `If` costs the branch that a known condition takes, or else its dearer one, with a note of both prices; a \
            loop costs the sum of its runs where they can be followed, its body times the trip count where all are alike, \
            and is unknown otherwise. Nodes that see only constants cost nothing: they run once, at load.",
    entries: &[
        Entry {
            name: "macs",
            title: "MACs",
            aliases: &["mac", "multiply_accumulates", "mult_adds", "gmacs"],
            unit: "MACs",
            short: "multiply-accumulates of matrix-like operators",
            long: "Convolutions (any rank, grouped, transposed, deformable), Gemm, MatMul, Einsum, attention, recurrent cells, \
                   and their integer and quantised forms. Bias adds are none. Padding counts, and a causal mask does not \
                   reduce attention: the dense convention of the field.",
            formula: "linear: Co · Ci; convolution: Co · Ci · kh · kw · ho · wo / groups; m×k by k×n: m · n · k",
            json: &[
                "totals.macs",
                "layers[].macs",
                "layers[].macs_formula",
                "modules[].macs",
                "scaling.macs",
            ],
            commands: &["weigh MODEL", "weigh inspect", "weigh compare", "weigh layer"],
            related: &["flops", "other_ops", "conventions"],
            elsewhere: "Many published tables label MACs as \"FLOPs\": the 4.09 of ResNet-50 are G MACs, and its FLOPs are twice \
                        that.",
            page: "operators",
            ..Entry::EMPTY
        },
        Entry {
            name: "flops",
            title: "FLOPs",
            aliases: &["flop", "floating_point_operations", "gflops"],
            unit: "FLOPs",
            short: "2 × MACs",
            long: "A count of operations. FLOPS with a capital S is a rate: operations a second.",
            formula: "2 × MACs",
            json: &["totals.flops", "layers[].flops", "modules[].flops", "scaling.flops"],
            commands: &["weigh MODEL", "weigh inspect", "weigh compare", "weigh predict"],
            related: &["macs", "other_ops", "peak_rate", "conventions"],
            elsewhere: "Some tools print MACs under this name, some add other operations; `weigh inspect MODEL --reconcile` \
                        shows which.",
            page: "conventions",
            ..Entry::EMPTY
        },
        Entry {
            name: "other_ops",
            title: "other operations",
            aliases: &["other_operations", "elementwise"],
            unit: "operations",
            short: "arithmetic of everything else, not in FLOPs",
            long: "Elementwise operators, normalisation, softmax, average pooling, resizing, reductions: each primitive (add, \
                   multiply, divide, root, exp, log, erf, ...) counts once. Comparisons (Relu, max pooling) and moves of \
                   indices are 0.",
            json: &["totals.other_ops", "layers[].other_ops", "modules[].other_ops", "scaling.other_ops"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["macs", "flops"],
            page: "operators",
            ..Entry::EMPTY
        },
        Entry {
            name: "bytes_moved",
            title: "bytes moved",
            aliases: &["traffic"],
            unit: "bytes",
            short: "read and written, summed over operators",
            long: "At the stored types, as if every operator read from memory and wrote to it: no cache and no fusion. Views \
                   move nothing; a gather or slice reads as much as it returns.",
            formula: "Σ over nodes of (inputs + parameters read + outputs written)",
            json: &["totals.bytes_moved", "layers[].bytes_moved", "scaling.bytes_moved"],
            commands: &["weigh MODEL", "weigh inspect", "weigh compare"],
            related: &["intensity", "bandwidth"],
            ..Entry::EMPTY
        },
        Entry {
            name: "intensity",
            title: "intensity",
            aliases: &["arithmetic_intensity", "operational_intensity"],
            unit: "FLOP/B",
            short: "FLOPs per byte moved",
            long: "Above a device's ridge (peak rate / bandwidth) arithmetic limits the time, below it memory does.",
            formula: "FLOPs / bytes moved",
            json: &["totals.arithmetic_intensity", "predictions[].layers[].intensity"],
            commands: &["weigh MODEL", "weigh inspect", "weigh predict"],
            related: &["flops", "bytes_moved", "roofline", "ridge"],
            source: "Williams, Waterman, Patterson, \"Roofline: An Insightful Visual Performance Model\", CACM 2009",
            ..Entry::EMPTY
        },
        Entry {
            name: "coverage",
            title: "coverage",
            aliases: &["priced", "shaped"],
            unit: "share",
            short: "nodes that could be priced / all nodes",
            long: "Nodes in subgraphs count too. Beside it how many have known shapes.",
            json: &["coverage.priced", "coverage.shaped", "coverage.nodes"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["unknown"],
            page: "unknown",
            ..Entry::EMPTY
        },
        Entry {
            name: "scaling",
            title: "scaling",
            aliases: &["symbolic", "formulas"],
            short: "a total as a formula over the model's open dims",
            long: "In every dim that the user did not bind. It is left out, with a note, where the graph pins a dim.",
            json: &["scaling.symbols", "scaling.macs", "scaling.activation_bytes"],
            commands: &["weigh MODEL", "weigh inspect", "weigh inspect --symbolic"],
            related: &["growth", "assumed"],
            page: "scaling",
            ..Entry::EMPTY
        },
        Entry {
            name: "growth",
            title: "growth",
            aliases: &["order_of_growth", "complexity"],
            short: "how a total grows with one open dim: not at all, linearly, quadratically",
            long: "The others held fixed. Floor divisions count as quotients, a minimum as its slowest operand and a maximum as \
                   its fastest.",
            json: &["scaling.growth[].macs", "scaling.growth[].activation_bytes"],
            commands: &["weigh inspect --symbolic"],
            related: &["scaling"],
            page: "scaling",
            ..Entry::EMPTY
        },
        Entry {
            name: "conventions",
            title: "conventions",
            aliases: &["convention", "reconcile"],
            short: "what another tool would count for the same graph",
            long: "A model is broken into terms once, and a tool is a table of weights on them, so two tools differ by exactly \
                   the rows whose weights differ.",
            json: &["conventions[].total", "conventions[].terms"],
            commands: &["weigh inspect --convention", "weigh inspect --reconcile"],
            related: &["macs", "flops"],
            page: "conventions",
            ..Entry::EMPTY
        },
    ],
};
