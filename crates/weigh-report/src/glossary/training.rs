//! What a training step takes.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Training",
    about: "A step is a forward pass, a backward pass from the model's outputs, and an update. The loss is not in the graph and \
            not counted.",
    entries: &[
        Entry {
            name: "training_flops",
            title: "FLOPs of a step",
            aliases: &["step_flops", "backward_flops"],
            unit: "FLOPs",
            short: "FLOPs forward and backward",
            long: "A product that is linear in two operands has as many MACs for each gradient as forward; the model's inputs \
                   need no gradient, so a first layer has none of activations.",
            formula: "forward + gradients of activations + gradients of parameters",
            json: &[
                "training.step_flops",
                "training.forward_flops",
                "training.backward_data_flops",
                "training.backward_weights_flops",
            ],
            commands: &["weigh inspect --training"],
            related: &["flops", "training_peak"],
            elsewhere: "The rule \"three times forward\" leaves the first layer and attention out of account.",
            page: "training",
            ..Entry::EMPTY
        },
        Entry {
            name: "saved_activations",
            title: "activations kept",
            aliases: &["saved_activation_bytes", "kept"],
            unit: "bytes",
            short: "what the forward pass keeps for the backward pass",
            long: "Each piece of memory once, a view as what it views. What an operator keeps follows PyTorch's autograd.",
            json: &["training.saved_activation_bytes", "training.layers[].saved_bytes"],
            commands: &["weigh inspect --training"],
            related: &["training_peak", "checkpointing"],
            source: "Korthikanti et al., arXiv:2205.05198, equation 1 (transformer layers, a test)",
            page: "training",
            ..Entry::EMPTY
        },
        Entry {
            name: "optimizer_state",
            title: "optimiser",
            aliases: &["optimizer", "optimiser", "optimizer_bytes", "master_weights"],
            unit: "bytes",
            short: "what the optimiser keeps, and the float32 copy of mixed precision",
            formula: "bytes for each parameter: sgd 0, momentum 4, adam and adamw 8, adamw-8bit 2 + 8 / 2048",
            json: &["training.optimizer_bytes", "training.master_bytes", "training.gradient_bytes"],
            commands: &["weigh inspect --training"],
            related: &["training_peak"],
            source: "Kingma and Ba, arXiv:1412.6980; Dettmers et al., arXiv:2110.02861; Micikevicius et al., arXiv:1710.03740",
            page: "training",
            ..Entry::EMPTY
        },
        Entry {
            name: "training_peak",
            title: "peak of a step",
            aliases: &["peak_of_a_step", "training_memory"],
            unit: "bytes",
            short: "the most bytes alive at a time in a training step",
            long: "Operators run in the order of the file and nothing overlaps; scratch memory of kernels and fragmentation are \
                   left out. Unknown where an operator's backward pass is.",
            formula: "parameters + copy + gradients + optimiser + max of (activations kept + their gradients)",
            json: &["training.peak_bytes"],
            commands: &["weigh inspect --training"],
            related: &["saved_activations", "optimizer_state", "checkpointing", "peak_memory"],
            page: "training",
            ..Entry::EMPTY
        },
        Entry {
            name: "checkpointing",
            title: "checkpointing",
            aliases: &["checkpoints", "recomputation", "activation_checkpointing"],
            short: "keeping less in the forward pass, and computing it again: bytes saved against FLOPs done twice",
            long: "The placement with the least recomputation within `--memory-limit`, proved or found, beside the rule of the \
                   square root.",
            json: &["training.checkpointing.within_limit", "training.checkpointing.square_root"],
            commands: &["weigh inspect --training"],
            related: &["saved_activations", "training_peak"],
            source: "Chen et al., arXiv:1604.06174; Griewank and Walther, ACM TOMS 799, 2000",
            page: "training",
            ..Entry::EMPTY
        },
    ],
};
