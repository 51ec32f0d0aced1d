//! The techniques that are tried on a model: one row each.

use weigh_report::report::{self, Basis, Effort, PredictionBasis};

use super::ground::{Ground, Outcome, Tried};
use super::price::changes;
use super::{Goal, measure, precision, running, smaller, structure, training};

/// Something that can be done about a model.
#[derive(Debug)]
pub struct Technique {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// What it may help.
    pub goals: &'static [Goal],
    /// Whether it is about a training step and not an inference.
    pub is_of_training: bool,
    /// What it takes before the model is as good as it was.
    pub needs: Effort,
    /// Where it is from.
    pub source: &'static str,
    /// Tries it: one row for each way of doing it.
    pub(super) attempt: fn(&Ground<'_>) -> Vec<Tried>,
}

const ALL: &[Goal] = &Goal::ALL;
const SIZE: &[Goal] = &[Goal::Memory, Goal::Latency, Goal::Throughput, Goal::Energy];

/// Every technique, in no order of merit: what they bring is found out.
pub const TECHNIQUES: &[Technique] = &[
    Technique {
        name: "fp16",
        about: "weights in 16 bits, activations too where a device computes so",
        goals: SIZE,
        is_of_training: false,
        needs: Effort::Check,
        source: "Micikevicius et al., Mixed Precision Training, ICLR 2018",
        attempt: precision::fp16,
    },
    Technique {
        name: "bf16",
        about: "weights in 16 bits with the range of 32, activations too where a device computes so",
        goals: SIZE,
        is_of_training: false,
        needs: Effort::Check,
        source: "Kalamkar et al., A Study of BFLOAT16 for Deep Learning Training, 2019",
        attempt: precision::bf16,
    },
    Technique {
        name: "int8 weights",
        about: "weights in 8 bits with a scale per channel, widened where they are read",
        goals: SIZE,
        is_of_training: false,
        needs: Effort::Check,
        source: "Krishnamoorthi, Quantizing deep convolutional networks for efficient inference, 2018, section 3.1.3",
        attempt: precision::int8_weights,
    },
    Technique {
        name: "int4 weights",
        about: "weights in 4 bits with a scale per block, widened where they are read",
        goals: SIZE,
        is_of_training: false,
        needs: Effort::Check,
        source: "ONNX operator specification, DequantizeLinear-21, blocked; Dettmers and Zettlemoyer, The case for 4-bit precision, ICML 2023",
        attempt: precision::int4_weights,
    },
    Technique {
        name: "int8 dynamic",
        about: "weights in 8 bits, activations made 8 bits as they come",
        goals: SIZE,
        is_of_training: false,
        needs: Effort::Check,
        source: "ONNX operator specification, DynamicQuantizeLinear, MatMulInteger, ConvInteger",
        attempt: precision::int8_dynamic,
    },
    Technique {
        name: "int8 static",
        about: "weights and activations in 8 bits, with scales found beforehand",
        goals: SIZE,
        is_of_training: false,
        needs: Effort::Calibration,
        source: "Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, CVPR 2018",
        attempt: precision::int8_static,
    },
    Technique {
        name: "depthwise separable",
        about: "a dense convolution as one for each channel and one of 1×1 across channels",
        goals: ALL,
        is_of_training: false,
        needs: Effort::Retraining,
        source: "Howard et al., MobileNets, 2017",
        attempt: structure::separable,
    },
    Technique {
        name: "channel pruning",
        about: "channels taken out, and everything downstream with them",
        goals: ALL,
        is_of_training: false,
        needs: Effort::FineTuning,
        source: "Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017",
        attempt: structure::pruning,
    },
    Technique {
        name: "low-rank",
        about: "a layer's weights as the product of two thin ones",
        goals: ALL,
        is_of_training: false,
        needs: Effort::FineTuning,
        source: "Denton et al., Exploiting Linear Structure Within Convolutional Networks, NIPS 2014",
        attempt: structure::low_rank_factors,
    },
    Technique {
        name: "batch-norm folding",
        about: "normalisations with stored statistics become part of the convolution before them",
        goals: ALL,
        is_of_training: false,
        needs: Effort::Nothing,
        source: "Jacob et al., CVPR 2018, section 3.2",
        attempt: structure::folding,
    },
    Technique {
        name: "smaller input",
        about: "images of fewer pixels",
        goals: ALL,
        is_of_training: false,
        needs: Effort::FineTuning,
        source: "Tan and Le, EfficientNet, ICML 2019, equation 3: cost grows with the square of the resolution",
        attempt: structure::smaller,
    },
    Technique {
        name: "larger batch",
        about: "more samples in one inference",
        goals: &[Goal::Throughput, Goal::Energy],
        is_of_training: false,
        needs: Effort::Nothing,
        source: "Williams et al., Roofline, CACM 2009: weights are read once for the batch",
        attempt: running::larger_batch,
    },
    Technique {
        name: "best execution order",
        about: "the same nodes in the order that keeps least alive",
        goals: &[Goal::Memory],
        is_of_training: false,
        needs: Effort::Nothing,
        source: "Liberis and Lane, Neural networks on microcontrollers: saving memory at inference via operator reordering, 2019",
        attempt: running::best_order,
    },
    Technique {
        name: "patches of early layers",
        about: "the layers that hold the peak computed in tiles, one after the other",
        goals: &[Goal::Memory],
        is_of_training: false,
        needs: Effort::Nothing,
        source: "Lin et al., MCUNetV2: memory-efficient patch-based inference, NeurIPS 2021",
        attempt: running::patches,
    },
    Technique {
        name: "distillation",
        about: "a reference model of the same task trained to give this model's outputs",
        goals: ALL,
        is_of_training: false,
        needs: Effort::Retraining,
        source: "Hinton et al., Distilling the Knowledge in a Neural Network, 2015",
        attempt: smaller::architectures,
    },
    Technique {
        name: "activation checkpointing",
        about: "what the backward pass needs is computed again instead of kept",
        goals: &[Goal::Memory],
        is_of_training: true,
        needs: Effort::Nothing,
        source: "Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016",
        attempt: training::checkpointing,
    },
    Technique {
        name: "mixed precision training",
        about: "activations and gradients in 16 bits beside a float32 copy of the weights",
        goals: &[Goal::Memory],
        is_of_training: true,
        needs: Effort::Check,
        source: "Micikevicius et al., ICLR 2018",
        attempt: training::mixed_precision,
    },
];

impl Technique {
    /// Whether the user may mean it: its name, or a part of the name, with hyphens or blanks.
    pub fn answers_to(&self, name: &str) -> bool {
        let plain = |text: &str| text.to_lowercase().replace(['-', '_'], " ");
        !name.trim().is_empty() && plain(self.name).contains(&plain(name.trim()))
    }

    /// The command that runs what can be run of it.
    fn check(&self, ground: &Ground<'_>) -> String {
        format!("weigh advise {} --only {} --measure", ground.named(), self.name.replace(' ', "-"))
    }

    /// What came of trying it, as documents have it.
    pub(super) fn row(&self, ground: &Ground<'_>, tried: Tried) -> report::Advice {
        let goal = ground.request.goal;
        let mut row = report::Advice {
            technique: self.name.to_owned(),
            about: self.about.to_owned(),
            goal: goal.name().to_owned(),
            needs: self.needs,
            source: Some(self.source.to_owned()),
            command: tried.command,
            basis: Basis::Computed,
            ..report::Advice::default()
        };
        if let Some(way) = &tried.way {
            row.technique = format!("{}, {way}", self.name);
        }
        match tried.outcome {
            Outcome::Refused(why) => {
                row.refused = true;
                row.command = None;
                row.notes.push(why);
            }
            Outcome::Changed(changed) => {
                row.applies_to = changed.applies_to;
                row.time_basis = changed.after.time_basis;
                row.basis = match row.time_basis.filter(|_| goal.needs_target()) {
                    // What devices of a class reach of their peaks is a rule, not a computation.
                    Some(PredictionBasis::DeviceClass) => Basis::Rule,
                    _ => Basis::Computed,
                };
                row.changes = changes(&changed.before.costs, &changed.after.costs);
                row.gain = goal
                    .of(&changed.before.costs)
                    .zip(goal.of(&changed.after.costs))
                    .filter(|(before, _)| *before > 0.0)
                    .map(|(before, after)| after / before);
                row.before = changed.before.costs;
                row.after = changed.after.costs;
                row.notes = changed.notes;
                // What is not known of the model either is said once, of the model.
                let known = &ground.before.notes;
                row.notes.extend(changed.after.notes.into_iter().filter(|note| !known.contains(note)));
                if let Some(runnable) = &changed.runnable {
                    row.command = row.command.or_else(|| Some(self.check(ground)));
                    measure::add(ground, self, runnable, &mut row);
                }
            }
        }
        row
    }
}
