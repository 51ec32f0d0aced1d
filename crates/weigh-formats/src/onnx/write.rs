//! Graphs as ONNX files: what the reader does, the other way round.
//!
//! A graph keeps what decides shapes and costs, no more; attributes that it does not keep (the epsilon of a
//! normalisation, say) are written as ONNX's defaults. Weights are synthetic: zeros that cost a few bytes, or
//! random numbers. Everything but the data of weights is laid out first, so that the lengths of all messages
//! are known and the data is made right where it belongs: memory follows the size of the file.

mod data;
mod operators;

use std::collections::HashMap;

use weigh_ir::{DType, Expr, Model, Node, Shape, Stored, Tensor, TensorId};
use weigh_ops::Constant;

use super::{MAX_BYTES, dtype};
use crate::protobuf::Writer;
use data::Distribution;

/// The version of the file format: the one that came with operator set 17.
const IR_VERSION: i64 = 8;
/// The oldest operator set written.
const OPSET: i64 = 17;

/// What to write.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// The data of tensors whose elements the graph does not know.
    pub weights: Weights,
}

/// The data of weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// Zeros that a `ConstantOfShape` node makes when the model is loaded: nothing is stored.
    #[default]
    Zero,
    /// Random numbers, stored, of a scale that keeps the model's outputs finite.
    Random {
        /// Equal seeds give equal files.
        seed: u64,
    },
    /// Declared to lie in a file of external data ([`DECLARED`]) that nobody writes: exact sizes in a small file.
    Declared,
}

/// Where declared weights are said to lie.
pub const DECLARED: &str = "weights";

/// Why a graph cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// An operator that the table of spellings lacks, or a form of it that ONNX cannot express.
    #[error("node '{node}': {operator} cannot be written as ONNX")]
    Operator {
        /// The node.
        node: String,
        /// The operator's name.
        operator: String,
    },
    /// A stored tensor whose elements are neither known nor weights.
    #[error("tensor '{tensor}': the graph does not keep its {dtype} elements")]
    Data {
        /// The tensor.
        tensor: String,
        /// Its element type.
        dtype: DType,
    },
    /// More than a protobuf message can hold.
    #[error("the file would have {bytes} bytes, and ONNX files end at 2 GiB")]
    TooLarge {
        /// Bytes of the weights alone.
        bytes: u64,
    },
}

impl WriteError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            WriteError::Operator { .. } | WriteError::Data { .. } => {
                "graphs built by code can be written; of a model read from a file, use the file"
            }
            WriteError::TooLarge { .. } => "zero weights take no room in the file",
        }
    }
}

/// A model as the bytes of an ONNX file.
///
/// # Errors
/// See [`WriteError`].
pub fn write(model: &Model, options: &WriteOptions) -> Result<Vec<u8>, WriteError> {
    let mut layout = Layout { model, parts: Vec::new(), opset: OPSET, declared: 0 };
    layout.stored(options)?;
    for node in &model.graph.nodes {
        layout.node(node)?;
    }
    layout.ends();
    layout.into_file()
}

/// A field of the graph message: bytes that are there, and data that is made when it is written.
struct Part {
    head: Vec<u8>,
    data: Option<(u64, Distribution)>,
}

impl Part {
    fn length(&self) -> u64 {
        self.head.len() as u64 + self.data.as_ref().map_or(0, |(bytes, _)| *bytes)
    }
}

/// The fields of the graph message, in order.
struct Layout<'m> {
    model: &'m Model,
    parts: Vec<Part>,
    opset: i64,
    /// Bytes of weights that are declared and not stored.
    declared: u64,
}

impl<'m> Layout<'m> {
    fn field(&mut self, number: u32, build: impl FnOnce(&mut Writer)) {
        let mut writer = Writer::default();
        writer.message(number, build);
        self.parts.push(Part { head: writer.0, data: None });
    }

    fn name(&self, id: TensorId) -> &'m str {
        &self.model.tensor(id).name
    }

    /// The tensors with data that the graph reads, each as its first reader takes it.
    fn stored(&mut self, options: &WriteOptions) -> Result<(), WriteError> {
        let graph = &self.model.graph;
        let mut readers: HashMap<TensorId, Option<(&Node, usize)>> = HashMap::new();
        for node in &graph.nodes {
            for (index, id) in node.inputs.iter().enumerate() {
                if let Some(id) = id {
                    readers.entry(*id).or_insert(Some((node, index)));
                }
            }
        }
        for id in &graph.outputs {
            readers.entry(*id).or_insert(None);
        }
        for (index, tensor) in self.model.tensors.iter().enumerate() {
            let reader = TensorId::new(index).and_then(|id| readers.get(&id));
            if let (Some(stored), Some(reader)) = (&tensor.stored, reader) {
                self.stored_tensor(tensor, stored, *reader, index as u64, options)?;
            }
        }
        Ok(())
    }

    fn stored_tensor(
        &mut self,
        tensor: &Tensor,
        stored: &Stored,
        reader: Option<(&Node, usize)>,
        index: u64,
        options: &WriteOptions,
    ) -> Result<(), WriteError> {
        let unknown = || WriteError::Data { tensor: tensor.name.to_string(), dtype: stored.dtype };
        let dims = stored.shape.as_ints().ok_or_else(unknown)?;
        if let Some(value) = &stored.value {
            let raw = data::raw(value, stored.dtype).ok_or_else(unknown)?;
            self.initializer(&tensor.name, stored.dtype, &dims, &raw);
            return Ok(());
        }
        match options.weights {
            _ if !stored.dtype.is_float() => return Err(unknown()),
            Weights::Zero => self.zeros(&tensor.name, stored.dtype, &dims),
            Weights::Random { seed } if stored.dtype == DType::F32 => {
                let distribution = Distribution::of(reader, &dims, seed, index);
                let mut fields = tensor_header(&tensor.name, stored.dtype, &dims);
                fields.announce(9, stored.bytes);
                let mut head = Writer::default();
                head.announce(5, fields.0.len() as u64 + stored.bytes);
                head.0.extend_from_slice(&fields.0);
                self.parts.push(Part { head: head.0, data: Some((stored.bytes, distribution)) });
            }
            Weights::Declared if stored.dtype == DType::F32 => self.declare(&tensor.name, stored, &dims),
            Weights::Random { .. } | Weights::Declared => return Err(unknown()),
        }
        Ok(())
    }

    fn initializer(&mut self, name: &str, dtype: DType, dims: &[i64], raw: &[u8]) {
        let mut fields = tensor_header(name, dtype, dims);
        fields.bytes(9, raw);
        self.field(5, |field| field.0.extend_from_slice(&fields.0));
    }

    fn ints(&mut self, name: &str, values: &[i64]) {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, DType::I64, &[values.len() as i64], &raw);
    }

    /// A tensor whose data lies in a file that nobody writes.
    fn declare(&mut self, name: &str, stored: &Stored, dims: &[i64]) {
        let mut fields = tensor_header(name, stored.dtype, dims);
        let (offset, length) = (self.declared.to_string(), stored.bytes.to_string());
        for (key, value) in [("location", DECLARED), ("offset", &offset), ("length", &length)] {
            fields.message(13, |entry| {
                entry.bytes(1, key).bytes(2, value);
            });
        }
        fields.int(14, 1);
        self.declared = self.declared.saturating_add(stored.bytes);
        self.field(5, |field| field.0.extend_from_slice(&fields.0));
    }

    /// A node that makes zeros. It has a shape of its own, so that no two weights look like one.
    fn zeros(&mut self, name: &str, dtype: DType, dims: &[i64]) {
        let shape = format!("{name}/shape");
        self.ints(&shape, dims);
        self.field(1, |node| {
            let path = name.replace('.', "/");
            node.bytes(1, &shape).bytes(2, name).bytes(3, path).bytes(4, "ConstantOfShape");
            if dtype != DType::F32 {
                let zero = vec![0; dtype.bits().unwrap_or(8).div_ceil(8) as usize];
                node.0.extend_from_slice(&operators::tensor_attribute("value", dtype, &zero).0);
            }
        });
    }

    fn node(&mut self, node: &Node) -> Result<(), WriteError> {
        // Constants are among the stored tensors.
        if (&*node.op as &dyn std::any::Any).is::<Constant>() {
            return Ok(());
        }
        let spelled = operators::spell(node).filter(|_| node.bodies.is_empty()).ok_or_else(|| {
            WriteError::Operator { node: node.name.to_string(), operator: node.op.name().to_owned() }
        })?;
        self.opset = self.opset.max(spelled.since);
        let mut inputs: Vec<String> =
            node.inputs.iter().map(|id| id.map_or("", |id| self.name(id)).to_owned()).collect();
        for (index, values) in &spelled.lists {
            let name = format!("{}/input_{index}", node.name);
            self.ints(&name, values);
            inputs.resize(inputs.len().max(index + 1), String::new());
            inputs[*index] = name;
        }
        let outputs: Vec<&str> = node.outputs.iter().map(|id| id.map_or("", |id| self.name(id))).collect();
        self.field(1, |field| {
            for name in &inputs {
                field.bytes(1, name);
            }
            for name in outputs {
                field.bytes(2, name);
            }
            field.bytes(3, &*node.name).bytes(4, &spelled.op_type);
            field.0.extend_from_slice(&spelled.attributes.0);
        });
        Ok(())
    }

    /// The graph's name, inputs and outputs.
    fn ends(&mut self) {
        let model = self.model;
        let name = if model.name.is_empty() { "graph" } else { &model.name };
        let mut head = Writer::default();
        head.bytes(2, name);
        self.parts.push(Part { head: head.0, data: None });
        for (number, ids) in [(11, &model.graph.inputs), (12, &model.graph.outputs)] {
            for id in ids {
                let tensor = model.tensor(*id);
                self.field(number, |info| value_info(info, tensor));
            }
        }
    }

    fn into_file(self) -> Result<Vec<u8>, WriteError> {
        let length: u64 = self.parts.iter().map(Part::length).fold(0, u64::saturating_add);
        let mut file = Writer::default();
        file.int(1, IR_VERSION).bytes(2, "weigh").bytes(3, env!("CARGO_PKG_VERSION"));
        let opset = self.opset;
        file.message(8, |entry| {
            entry.bytes(1, "").int(2, opset);
        });
        file.announce(7, length);
        let bytes = length.saturating_add(file.0.len() as u64);
        if bytes > MAX_BYTES {
            return Err(WriteError::TooLarge { bytes });
        }
        file.0.reserve_exact(length as usize);
        for part in self.parts {
            file.0.extend_from_slice(&part.head);
            if let Some((bytes, distribution)) = part.data {
                distribution.append(bytes, &mut file.0);
            }
        }
        Ok(file.0)
    }
}

/// All fields of a tensor but its data.
fn tensor_header(name: &str, dtype: DType, dims: &[i64]) -> Writer {
    let mut writer = Writer::default();
    for dim in dims {
        writer.int(1, *dim);
    }
    writer.int(2, dtype::number(dtype)).bytes(8, name);
    writer
}

fn value_info(info: &mut Writer, tensor: &Tensor) {
    info.bytes(1, &*tensor.name).message(2, |kind| {
        kind.message(1, |kind| {
            kind.int(1, tensor.dtype.map_or(0, dtype::number));
            if let Some(shape) = &tensor.declared {
                kind.message(2, |field| dimensions(field, shape));
            }
        });
    });
}

fn dimensions(field: &mut Writer, shape: &Shape) {
    for dim in shape.dims() {
        field.message(1, |field| match dim {
            Expr::Int(extent) => {
                field.int(1, *extent);
            }
            formula => {
                field.bytes(2, formula.to_string());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weigh_ir::{Place, Value};
    use weigh_ops::{Conv, Gemm, Ints, Opaque, View, Window};

    use super::*;
    use crate::{Surroundings, read};

    /// An input, two stored tensors and the nodes.
    fn model(ops: Vec<Arc<dyn weigh_ir::Operator>>) -> Model {
        let batch = Expr::symbol("batch");
        let stored = |dims: &[i64]| {
            let shape = Shape::of(dims);
            let bytes = 4 * shape.elements().as_int().expect("plain") as u64;
            Some(Arc::new(Stored { dtype: DType::F32, shape, bytes, value: None, place: Place::Memory }))
        };
        let tensor = |name: &str, declared: Option<Shape>, stored| Tensor {
            dtype: Some(DType::F32),
            declared,
            stored,
            ..Tensor::named(name)
        };
        let mut model = Model {
            tensors: vec![
                tensor("x", Some(Shape::new([&batch * 2 + 1, Expr::Int(4)])), None),
                tensor("w", None, stored(&[3, 4])),
                tensor("b", None, stored(&[3])),
            ],
            ..Model::default()
        };
        let id = |index: usize| TensorId::new(index).expect("few");
        model.graph.inputs.push(id(0));
        for (at, op) in ops.into_iter().enumerate() {
            let inputs = if at == 0 { vec![id(0), id(1), id(2)] } else { vec![id(at + 2)] };
            model.tensors.push(tensor(&format!("y{at}"), None, None));
            model.graph.nodes.push(Node {
                name: format!("layer/{at}").into(),
                scope: "layer".into(),
                op,
                inputs: inputs.into_iter().map(Some).collect(),
                outputs: [Some(id(at + 3))].into_iter().collect(),
                bodies: Vec::new(),
            });
        }
        model.graph.outputs.push(id(model.tensors.len() - 1));
        model
    }

    fn read_back(bytes: &[u8]) -> Model {
        read(bytes, &Surroundings { external_size: &|_| None }).expect("it reads what it writes")
    }

    #[test]
    fn random_weights_are_stored_and_reproducible() {
        let model = model(vec![Arc::new(Gemm::LINEAR)]);
        let write =
            |seed| write(&model, &WriteOptions { weights: Weights::Random { seed } }).expect("writes");
        let bytes = write(1);
        assert_eq!(bytes, write(1));
        assert_ne!(bytes, write(2));
        let back = read_back(&bytes);
        assert_eq!((back.tensors.len(), back.graph.node_count()), (4, 1));
        let input = back.tensor(back.graph.inputs[0]);
        assert_eq!(input.declared, Some(Shape::new([Expr::symbol("batch") * 2 + 1, Expr::Int(4)])));
        let weights: Vec<_> = back.tensors.iter().filter_map(|tensor| tensor.stored.as_ref()).collect();
        assert_eq!(weights.iter().map(|stored| stored.bytes).collect::<Vec<_>>(), [48, 12]);
        // Twelve numbers of variance 1/4: uniform, hence within √(3/4).
        let Some(Value::Floats(values)) = &weights[0].value else { panic!("no values") };
        assert!(values.iter().all(|value| value.abs() <= 0.75f64.sqrt() && *value != 0.0), "{values:?}");
    }

    #[test]
    fn zero_weights_take_no_room() {
        let back = read_back(
            &write(&model(vec![Arc::new(Gemm::LINEAR)]), &WriteOptions::default()).expect("writes"),
        );
        // Each of two weights: a node, its shape and its output.
        assert_eq!((back.tensors.len(), back.graph.node_count()), (4 + 2, 1 + 2));
        assert_eq!(back.graph.nodes[0].op.name(), "ConstantOfShape");
        assert_eq!(back.graph.nodes[2].scope.as_ref(), "layer");
    }

    #[test]
    fn fixed_lists_become_inputs() {
        let axes = View::Unsqueeze { axes: Ints::Fixed(vec![0]) };
        let bytes = write(&model(vec![Arc::new(Gemm::LINEAR), Arc::new(axes)]), &WriteOptions::default());
        let back = read_back(&bytes.expect("writes"));
        let node = back.graph.nodes.last().expect("nodes");
        let list = back.tensor(node.inputs[1].expect("an input"));
        assert_eq!(list.stored.as_ref().and_then(|stored| stored.value.clone()), Some(Value::ints([0])));
    }

    #[test]
    fn what_has_no_spelling_is_named() {
        let ops: [Arc<dyn weigh_ir::Operator>; 2] = [
            Arc::new(Opaque { name: "Mystery".to_owned() }),
            Arc::new(Conv { name: "QLinearConv", ..Conv::plain(Window::square(1, 1, 0), 1) }),
        ];
        for op in ops {
            let name = op.name().to_owned();
            let error = write(&model(vec![op]), &WriteOptions::default()).expect_err("no spelling");
            assert_eq!(error.to_string(), format!("node 'layer/0': {name} cannot be written as ONNX"));
        }
    }

    #[test]
    fn files_end_at_two_gibibytes() {
        let mut model = model(vec![Arc::new(Gemm::LINEAR)]);
        let shape = Shape::of(&[1 << 20, 1 << 10]);
        let stored = Stored { dtype: DType::F32, shape, bytes: 1 << 32, value: None, place: Place::Memory };
        model.tensors[1].stored = Some(Arc::new(stored));
        let error = write(&model, &WriteOptions { weights: Weights::Random { seed: 0 } });
        assert!(matches!(error, Err(WriteError::TooLarge { .. })));
        assert!(write(&model, &WriteOptions::default()).is_ok());
    }
}
