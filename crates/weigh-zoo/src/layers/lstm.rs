//! Long short-term memory.

use weigh_ir::Model;
use weigh_ops::{Cell, Recurrent};

use super::{Layer, LayerError, Setting, extent, positive, product};

/// Long short-term memory: one layer or several on top of each other.
#[derive(Clone, Copy, Debug)]
pub struct Lstm {
    /// Input features.
    pub inputs: i64,
    /// Hidden units.
    pub hidden: i64,
    /// Steps of the sequence.
    pub steps: i64,
    /// How many layers.
    pub layers: i64,
    /// Whether each runs forward and backward, with weights of its own each way.
    pub bidirectional: bool,
}

impl Lstm {
    /// Input, output, forget and cell.
    const GATES: i64 = 4;
    /// More than anyone stacks; each is a node to look at.
    const MOST_LAYERS: i64 = 1000;

    fn directions(&self) -> i64 {
        if self.bidirectional { 2 } else { 1 }
    }

    fn recurrent(&self) -> Recurrent {
        Recurrent {
            cell: Cell::Lstm,
            hidden_size: Some(self.hidden),
            bidirectional: self.bidirectional,
            batch_first: false,
            activations: Vec::new(),
            quantized: false,
        }
    }
}

impl Layer for Lstm {
    fn title(&self) -> String {
        let both = if self.bidirectional { " bidirectional" } else { "" };
        let layers = if self.layers > 1 { format!(", {} layers", self.layers) } else { String::new() };
        format!("lstm {}→{}{both}{layers}", self.inputs, self.hidden)
    }

    fn formula(&self, batch: i64) -> String {
        let both = self.bidirectional.then_some(("2", 2));
        let runs = [&[("4", 4)], both.as_slice(), &[("T", self.steps), ("h", self.hidden)]].concat();
        let (letters, numbers) = product(batch, &runs);
        let (h, i) = (self.hidden, self.inputs);
        let further = if self.bidirectional {
            ("(2·h + h)", format!("(2·{h} + {h})"))
        } else {
            ("2·h", format!("2·{h}"))
        };
        match self.layers {
            1 => format!("{letters}·(i + h) = {numbers}·({i} + {h})"),
            layers => format!(
                "{letters}·(i + h + (L − 1)·{}) = {numbers}·({i} + {h} + {}·{})",
                further.0,
                layers.saturating_sub(1),
                further.1
            ),
        }
    }

    /// Steps come before the batch, as in ONNX; each layer has two biases, for the input and for the state.
    fn build(&self, setting: &Setting) -> Result<Model, LayerError> {
        let extents = [("an input", self.inputs), ("a hidden width", self.hidden)];
        positive(&extents)?;
        positive(&[("a number of steps", self.steps), ("a number of layers", self.layers)])?;
        if self.layers > Lstm::MOST_LAYERS {
            return Err(LayerError::TooMany { limit: Lstm::MOST_LAYERS });
        }
        let directions = self.directions();
        let gates = extent("the width of the gates", Lstm::GATES, self.hidden)?;
        let biases = extent("the number of biases", 2, gates)?;
        let width = extent("the width of the output", directions, self.hidden)?;
        let mut b = setting.builder("lstm")?;
        let mut x = setting.input(&mut b, "input", &[self.steps, setting.batch, self.inputs]);
        let mut outputs = Vec::new();
        for layer in 0..self.layers {
            let inputs = if layer == 0 { self.inputs } else { width };
            x = b.scoped(format!("layer{layer}"), |b| {
                let mut operands = vec![
                    x,
                    setting.weight(b, "weight_ih", &[directions, gates, inputs])?,
                    setting.weight(b, "weight_hh", &[directions, gates, self.hidden])?,
                ];
                if setting.bias {
                    operands.push(setting.bias(b, &[directions, biases])?);
                }
                let made = b.apply_many(self.recurrent(), &operands, 3);
                outputs.push((format!("h_n{layer}"), made[1]));
                outputs.push((format!("c_n{layer}"), made[2]));
                // Both directions side by side.
                let ordered = if self.bidirectional { b.transpose(made[0], &[0, 2, 1, 3]) } else { made[0] };
                Ok(b.reshape(ordered, &[self.steps, setting.batch, width]))
            })?;
        }
        let last = outputs.iter().map(|(name, id)| (name.as_str(), *id));
        Ok(b.finish(std::iter::once(("output", x)).chain(last)))
    }
}
