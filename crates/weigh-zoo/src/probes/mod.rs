//! Micro-models that show how fast an engine is at each kind of operator, as a function of shape.
//!
//! They are made of the blocks that real networks are made of, so that operators meet what they meet there: inputs that
//! the operator before has just written, weights that all others have pushed out of the caches, fusions that the engine
//! knows. Small blocks stand in small models and large ones in large models, because a small layer of a small model
//! finds its weights in a near cache. None is an architecture of the zoo or of anybody else.

mod attention;
mod convolution;
mod elementwise;
mod movement;
mod products;

use weigh_ir::{DType, Expr, Model, TensorId};
use weigh_ops::{Ints, Reduce};

use crate::builder::Builder;
use crate::{Batch, Options};

/// One micro-model.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Its name.
    pub name: &'static str,
    /// How it is to be run.
    pub runs: &'static [Run],
    build: fn(&mut Sections),
}

/// One way to run a micro-model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Samples in one inference.
    pub batch: i64,
    /// Whether the file leaves the batch open: engines fuse less where they do not know it.
    pub open: bool,
}

const ONE: Run = Run { batch: 1, open: false };
const ONE_OPEN: Run = Run { batch: 1, open: true };
const FOUR_OPEN: Run = Run { batch: 4, open: true };
const SIX: Run = Run { batch: 6, open: false };

impl Probe {
    /// The micro-model for a run.
    pub fn model(&self, run: Run) -> Model {
        let batch = if run.open { Batch::Symbolic } else { Batch::Fixed(run.batch) };
        let builder = Builder::new(self.name, &Options { batch });
        let mut sections = Sections { builder, outputs: Vec::new() };
        (self.build)(&mut sections);
        let names: Vec<String> = (0..sections.outputs.len()).map(|index| format!("output_{index}")).collect();
        let outputs = names.iter().map(String::as_str).zip(sections.outputs.iter().copied());
        sections.builder.finish(outputs)
    }
}

/// Every micro-model.
pub const PROBES: &[Probe] = &[
    Probe { name: "probe-mobile", runs: &[ONE, SIX], build: convolution::mobile },
    Probe { name: "probe-residual", runs: &[ONE, SIX], build: convolution::residual },
    Probe { name: "probe-plain", runs: &[ONE, FOUR_OPEN], build: convolution::plain },
    Probe { name: "probe-dense", runs: &[ONE, SIX], build: convolution::dense },
    Probe { name: "probe-grouped", runs: &[ONE, SIX], build: convolution::grouped },
    Probe { name: "probe-stem", runs: &[ONE, SIX], build: convolution::stem },
    Probe { name: "probe-shuffle", runs: &[ONE, SIX], build: convolution::shuffle },
    Probe { name: "probe-signal", runs: &[ONE], build: convolution::signal },
    Probe { name: "probe-channels-last", runs: &[ONE_OPEN, SIX], build: convolution::channels_last },
    Probe { name: "probe-encoder-small", runs: &[ONE, ONE_OPEN, SIX], build: attention::small },
    Probe { name: "probe-encoder-large", runs: &[ONE, ONE_OPEN, FOUR_OPEN], build: attention::large },
    Probe { name: "probe-windows", runs: &[ONE_OPEN, SIX], build: attention::windows },
    Probe { name: "probe-products", runs: &[ONE, SIX], build: products::products },
    Probe { name: "probe-recurrent", runs: &[ONE, SIX], build: products::recurrent },
    Probe { name: "probe-elementwise", runs: &[ONE], build: elementwise::elementwise },
    Probe { name: "probe-movement", runs: &[ONE], build: movement::movement },
    Probe { name: "probe-tiny", runs: &[ONE], build: elementwise::tiny },
];

/// A micro-model under construction: independent sections, each from an input of its own to an output.
struct Sections {
    builder: Builder,
    outputs: Vec<TensorId>,
}

impl Sections {
    /// A section over an input of these extents behind the batch.
    fn section(&mut self, extents: &[i64], build: impl FnOnce(&mut Builder, TensorId) -> TensorId) {
        let index = self.outputs.len();
        let batch = self.builder.batch();
        let dims = std::iter::once(batch).chain(extents.iter().map(|extent| Expr::Int(*extent)));
        let input = self.builder.input(&format!("input_{index}"), DType::F32, dims);
        let output = self.builder.scoped(format!("section{index}"), |b| build(b, input));
        self.outputs.push(output);
    }

    /// A section whose output is a few numbers: what is written before them finds its place again in every run, as it
    /// does inside a network.
    fn reduced(&mut self, extents: &[i64], build: impl FnOnce(&mut Builder, TensorId) -> Vec<TensorId>) {
        self.section(extents, |b, x| {
            let made = build(b, x);
            let summed: Vec<TensorId> = made.into_iter().map(|made| summed(b, made)).collect();
            b.concat(&summed, 0)
        });
    }
}

/// The sum over all axes, as a list of one number.
fn summed(b: &mut Builder, x: TensorId) -> TensorId {
    let sum = match Reduce::named("ReduceSum", Ints::Fixed(Vec::new()), false, false) {
        Some(op) => b.apply(op, &[x]),
        None => panic!("there is no sum"),
    };
    b.reshape(sum, &[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_is_built_and_written() {
        for probe in PROBES {
            for run in probe.runs {
                let model = probe.model(*run);
                assert!(!model.graph.nodes.is_empty() && !model.graph.outputs.is_empty(), "{}", probe.name);
            }
        }
    }
}
