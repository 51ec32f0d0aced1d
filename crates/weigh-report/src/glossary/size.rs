//! What is stored in the file.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Parameters and sizes",
    about: "What is stored. Nothing here depends on the input.",
    entries: &[
        Entry {
            name: "parameters",
            title: "parameters",
            aliases: &["params", "weights"],
            unit: "elements",
            short: "elements of learned tensors, each storage once",
            long: "However many nodes read a tensor, it counts once. A weight that reaches its node through constant \
                   nodes only (Constant, Identity, Cast, Transpose, Reshape, Concat, DequantizeLinear, ...) is a \
                   parameter, counted at its origin. Packed weights count unpacked; numbers of a model that stand in \
                   attributes (linear models, trees) are parameters too.",
            formula: "linear: Co · Ci; convolution: Co · Ci · kh · kw / groups; a bias adds Co",
            json: &["totals.parameters", "layers[].parameters", "modules[].parameters", "scaling.parameters"],
            commands: &["weigh MODEL", "weigh inspect", "weigh compare", "weigh layer"],
            related: &["buffers", "constants", "model_size"],
            elsewhere: "Tools that count the tensors of a file instead count buffers, scales and shapes with them, and a \
                        shared weight as often as it is stored.",
            ..Entry::EMPTY
        },
        Entry {
            name: "buffers",
            title: "buffers",
            unit: "elements",
            short: "stored state that is not learned",
            long: "The running mean and variance of batch normalisation, above all. Never inside parameters.",
            json: &["totals.buffers"],
            commands: &["weigh MODEL", "weigh inspect", "weigh compare"],
            related: &["parameters", "constants"],
            ..Entry::EMPTY
        },
        Entry {
            name: "constants",
            title: "constants",
            aliases: &["constant_bytes"],
            unit: "bytes",
            short: "shapes, axes, indices, scales, zero points and numbers of formulas",
            long: "A number such as the half in `x · 0.5` is one of them. They count in bytes, and not in parameters.",
            json: &["totals.constant_bytes"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["parameters", "buffers"],
            ..Entry::EMPTY
        },
        Entry {
            name: "model_size",
            title: "model size",
            aliases: &["size", "stored_bytes"],
            unit: "bytes",
            short: "all stored tensors at their own types",
            long: "Per element type, those below a byte packed (4 bits: two in a byte) and blocks with their scales. \
                   Requirements and comparisons take weights that nodes generate as if they were stored: a file that \
                   leaves them out is not a smaller model.",
            formula: "Σ elements × bit width / 8",
            json: &[
                "totals.model_size.stored_bytes",
                "totals.parameter_bytes_by_dtype",
                "totals.weight_bytes",
            ],
            commands: &["weigh MODEL", "weigh inspect", "weigh compare", "weigh quantize"],
            related: &["file_size", "fp16_size", "int8_size", "weight_bytes"],
            elsewhere: "It is not the size of the file, which also has the graph, and may have its weights elsewhere.",
            ..Entry::EMPTY
        },
        Entry {
            name: "file_size",
            title: "file size",
            aliases: &["size_on_disk"],
            unit: "bytes",
            short: "size on disk",
            long: "Of the file, with the files of external data that it names.",
            json: &["totals.model_size.file_bytes", "model.file_bytes"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["model_size"],
            ..Entry::EMPTY
        },
        Entry {
            name: "fp32_size",
            title: "at fp32",
            unit: "bytes",
            short: "the parameters at 32 bits each",
            formula: "4 × parameters",
            json: &["totals.model_size.fp32_bytes"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["model_size"],
            ..Entry::EMPTY
        },
        Entry {
            name: "fp16_size",
            title: "at fp16",
            unit: "bytes",
            short: "the parameters at 16 bits each",
            long: "What they would take, not what the file has; bfloat16 takes as much.",
            formula: "2 × parameters",
            json: &["totals.model_size.fp16_bytes"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["model_size", "int8_size"],
            page: "quantizing",
            ..Entry::EMPTY
        },
        Entry {
            name: "int8_size",
            title: "at int8",
            unit: "bytes",
            short: "the parameters at 8 bits each",
            long: "Without scales and zero points, and as if every one were quantised. `weigh quantize` tells what a file \
                   would really have.",
            formula: "1 × parameters",
            json: &["totals.model_size.int8_bytes"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["model_size", "int4_size"],
            page: "quantizing",
            ..Entry::EMPTY
        },
        Entry {
            name: "int4_size",
            title: "at int4",
            unit: "bytes",
            short: "the parameters at 4 bits each",
            long: "Two in a byte, without scales and zero points.",
            formula: "parameters / 2",
            json: &["totals.model_size.int4_bytes"],
            commands: &["weigh MODEL", "weigh inspect"],
            related: &["model_size", "int8_size"],
            page: "quantizing",
            ..Entry::EMPTY
        },
        Entry {
            name: "weight_bytes",
            title: "weights at run time",
            unit: "bytes",
            short: "what a runtime holds of the stored tensors",
            long: "The stored tensors; where nodes generate them, the parameters, buffers and constants that come out.",
            json: &["totals.weight_bytes"],
            commands: &["weigh inspect"],
            related: &["model_size", "peak_memory"],
            page: "memory",
            ..Entry::EMPTY
        },
    ],
};
