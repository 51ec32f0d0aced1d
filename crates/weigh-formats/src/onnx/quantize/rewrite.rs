//! Nodes put in other words: those that read weights, and those that make them from what is stored.

use super::QuantizeError;
use super::builder::{Builder, New};
use super::choose::{Choice, Stored, Through};
use super::dynamic::{self, Product};
use super::file::Part;
use super::form::Form;
use super::nodes;
use super::operator_set::{WITH_AXIS, stuck_at};
use super::source::SourceNode;

/// A node that takes weights as they are stored.
struct Taker<'n, 'a> {
    node: &'n SourceNode<'a>,
    label: String,
    /// The stored tensor, and what it becomes.
    tensor: usize,
    new: New,
    inputs: &'n [String],
    output: &'n String,
}

impl Builder<'_, '_> {
    /// A node of the main graph; `constant` is the stored tensor that it is, if it is one.
    pub(super) fn node(&mut self, index: usize, constant: Option<usize>) -> Result<(), QuantizeError> {
        for tensor in self.widened.remove(&index).unwrap_or_default() {
            self.widen(tensor);
        }
        let source = self.source;
        let Some(node) = source.nodes.get(index) else { return Ok(()) };
        if let Some(tensor) = constant {
            self.tensor(tensor, node.range.clone());
            return Ok(());
        }
        if self.folds.iter().any(|fold| fold.normalization == index) {
            return Ok(());
        }
        let own = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
        let (mut inputs, mut outputs) = (own(&node.proto.inputs), own(&node.proto.outputs));
        let fold = self.folds.iter().find(|fold| fold.convolution == index);
        if let Some((fold, after)) = fold.and_then(|fold| Some((fold, source.nodes.get(fold.normalization)?)))
        {
            inputs.resize(3, String::new());
            inputs[2] = fold.bias_name.clone();
            outputs = own(&after.proto.outputs);
            outputs.truncate(1);
        }
        if let (Some((tensor, through, new)), Some(output)) = (self.weight_of(index), outputs.first()) {
            let taker = Taker { node, label: source.label(index), tensor, new, inputs: &inputs, output };
            let made = match through {
                Through::Rows => self.rows_of(&taker)?,
                _ => self.product(&taker)?,
            };
            self.parts.extend(made.into_iter().map(Part::Node));
            return Ok(());
        }
        if fold.is_some() {
            self.parts.push(Part::Node(nodes::rewired(node.message, &inputs, &outputs, None)?));
            return Ok(());
        }
        let carried = match self.raise {
            Some(raise) => {
                raise.node(node.message, &mut self.names).map_err(|stuck| stuck_at(source, raise, stuck))?
            }
            None => None,
        };
        match carried {
            Some(nodes) => self.parts.extend(nodes.into_iter().map(Part::Node)),
            None => self.copy(node.range.clone()),
        }
        Ok(())
    }

    /// The stored tensor that a node takes as it is stored, and what it becomes.
    fn weight_of(&self, node: usize) -> Option<(usize, Through, New)> {
        let inputs = &self.source.nodes.get(node)?.proto.inputs;
        inputs.iter().find_map(|name| {
            let tensor = *self.source.stored.get(name)?;
            match self.choices.get(tensor)? {
                Choice::As(Stored { through: through @ (Through::Rows | Through::Integers), .. }) => {
                    Some((tensor, *through, self.new.get(&tensor)?.clone()))
                }
                _ => None,
            }
        })
    }

    /// The nodes that make a tensor of what is stored.
    fn widen(&mut self, index: usize) {
        let Some((tensor, new)) = self.source.tensors.get(index).zip(self.new.get(&index).cloned()) else {
            return;
        };
        let Some(Choice::As(stored)) = self.choices.get(index) else { return };
        let name = tensor.name.replace('.', "/");
        let made = match (stored.form, &new.scales) {
            (Form::I8 { .. }, Some((scales, _))) if self.opset < WITH_AXIS => {
                let float = self.names.fresh(tensor.name, "integers");
                vec![
                    nodes::to_float(&format!("{name}/cast"), &new.data, &float),
                    nodes::node("Mul", &name, &[&float, scales], &[tensor.name], &[]),
                ]
            }
            (Form::I8 { axis, .. }, Some((scales, _))) => {
                let axis = [("axis", axis as i64)];
                vec![nodes::node("DequantizeLinear", &name, &[&new.data, scales], &[tensor.name], &axis)]
            }
            (Form::I4 { axis, block }, Some((scales, _))) => {
                let how = [("axis", axis as i64), ("block_size", block as i64)];
                vec![nodes::node("DequantizeLinear", &name, &[&new.data, scales], &[tensor.name], &how)]
            }
            _ => vec![nodes::to_float(&name, &new.data, tensor.name)],
        };
        self.parts.extend(made.into_iter().map(Part::Node));
    }

    /// A `Gather` of rows as they are stored, which are widened after it.
    fn rows_of(&mut self, taker: &Taker<'_, '_>) -> Result<Vec<Vec<u8>>, QuantizeError> {
        let Taker { node, label, new, inputs, output, .. } = taker;
        let Some(indices) = inputs.get(1) else { return Ok(Vec::new()) };
        let gathered = self.names.fresh(output, "rows");
        let of = |table: &str| [table.to_owned(), indices.clone()];
        let rows = nodes::rewired(node.message, &of(&new.data), std::slice::from_ref(&gathered), None)?;
        let cast = format!("{label}/cast");
        let Some((scales, _)) = &new.scales else {
            return Ok(vec![rows, nodes::to_float(&cast, &gathered, output)]);
        };
        let (float, scale) = (self.names.fresh(output, "integers"), self.names.fresh(output, "scales"));
        Ok(vec![
            rows,
            nodes::to_float(&cast, &gathered, &float),
            nodes::node("Gather", &format!("{label}/scales"), &[scales, indices], &[&scale], &[]),
            nodes::node("Mul", &format!("{label}/scaled"), &[&float, &scale], &[output], &[]),
        ])
    }

    /// A product with integers.
    fn product(&mut self, taker: &Taker<'_, '_>) -> Result<Vec<Vec<u8>>, QuantizeError> {
        let Taker { node, label, tensor, new, inputs, output } = taker;
        let (Some(input), Some((scales, _))) = (inputs.first(), &new.scales) else { return Ok(Vec::new()) };
        let mut made = Vec::new();
        if !self.activations.contains_key(input) {
            let (activation, quantize) = dynamic::activation(input, &mut self.names);
            self.activations.insert(input.clone(), activation);
            made.push(quantize);
        }
        let Some(activation) = self.activations.get(input) else { return Ok(Vec::new()) };
        let rank = self.source.tensors.get(*tensor).map_or(0, |tensor| tensor.dims.len());
        let job = Product {
            message: node.message,
            op_type: node.proto.op_type,
            label,
            activation,
            weight: (&new.data, scales),
            bias: inputs.get(2).map(String::as_str).filter(|bias| !bias.is_empty()),
            spatial: rank.saturating_sub(2),
            output,
        };
        made.extend(dynamic::product(&job, &mut self.names)?);
        Ok(made)
    }
}
