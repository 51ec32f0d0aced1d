//! Small graphs by hand.
#![allow(dead_code)] // not every test uses all of it

use std::sync::Arc;

use weigh_analysis::{Analysis, Options, analyze};
use weigh_ir::{
    DType, Expr, Graph, Model, Node, Operator, Place, Shape, Stored, Tensor, TensorId, Value, bytes_of,
};
use weigh_ops::Elementwise;

/// A graph under construction.
#[derive(Debug, Default)]
pub struct Net(pub Model);

impl Net {
    pub fn new() -> Net {
        Net::default()
    }

    fn add(&mut self, tensor: Tensor) -> TensorId {
        self.0.tensors.push(tensor);
        TensorId::new(self.0.tensors.len() - 1).expect("few tensors")
    }

    /// An input of the graph.
    pub fn input(&mut self, dtype: DType, dims: &[i64]) -> TensorId {
        self.input_of(dtype, Shape::of(dims))
    }

    pub fn input_of(&mut self, dtype: DType, shape: Shape) -> TensorId {
        let name = format!("t{}", self.0.tensors.len());
        let id = self.add(Tensor { dtype: Some(dtype), declared: Some(shape), ..Tensor::named(name) });
        self.0.graph.inputs.push(id);
        id
    }

    /// A stored tensor with data of its own.
    pub fn stored(&mut self, dtype: DType, dims: &[i64]) -> TensorId {
        let offset = 1000 + self.0.tensors.len() as u64;
        self.stored_at(dtype, dims, Place::File { offset }, None)
    }

    /// A stored list of integers.
    pub fn ints(&mut self, values: &[i64]) -> TensorId {
        let offset = 1000 + self.0.tensors.len() as u64;
        let value = Some(Value::ints(values.iter().copied()));
        self.stored_at(DType::I64, &[values.len() as i64], Place::File { offset }, value)
    }

    pub fn stored_at(&mut self, dtype: DType, dims: &[i64], place: Place, value: Option<Value>) -> TensorId {
        let shape = Shape::of(dims);
        let bytes = bytes_of(&shape.elements(), dtype).and_then(|bytes| bytes.as_int()).expect("a size");
        let name = format!("t{}", self.0.tensors.len());
        let stored = Stored { dtype, shape: shape.clone(), bytes: bytes as u64, value, place };
        let stored = Some(Arc::new(stored));
        self.add(Tensor { dtype: Some(dtype), declared: Some(shape), stored, ..Tensor::named(name) })
    }

    /// A tensor that nothing makes yet.
    pub fn tensor(&mut self) -> TensorId {
        let name = format!("t{}", self.0.tensors.len());
        self.add(Tensor::named(name))
    }

    /// A node with one output.
    pub fn node(&mut self, op: impl Operator, inputs: &[TensorId]) -> TensorId {
        self.nodes(op, inputs, 1)[0]
    }

    /// A node with so many outputs.
    pub fn nodes(&mut self, op: impl Operator, inputs: &[TensorId], outputs: usize) -> Vec<TensorId> {
        let made: Vec<TensorId> = (0..outputs).map(|_| self.tensor()).collect();
        self.push(op, inputs, &made, Vec::new());
        made
    }

    pub fn push(&mut self, op: impl Operator, inputs: &[TensorId], outputs: &[TensorId], bodies: Vec<Graph>) {
        let name = format!("n{}", self.0.graph.nodes.len()).into();
        self.0.graph.nodes.push(node(name, op, inputs, outputs, bodies));
    }

    /// An elementwise function.
    pub fn function(&mut self, name: &str, inputs: &[TensorId]) -> TensorId {
        self.node(Elementwise::named(name).expect("an elementwise function"), inputs)
    }

    pub fn relu(&mut self, x: TensorId) -> TensorId {
        self.function("Relu", &[x])
    }

    pub fn output(&mut self, id: TensorId) {
        self.0.graph.outputs.push(id);
    }

    pub fn facts(&self) -> Analysis {
        analyze(&self.0, &Options::default()).expect("it can be analysed")
    }
}

pub fn node(
    name: Box<str>,
    op: impl Operator,
    inputs: &[TensorId],
    outputs: &[TensorId],
    bodies: Vec<Graph>,
) -> Node {
    Node {
        name,
        scope: "".into(),
        op: Arc::new(op),
        inputs: inputs.iter().copied().map(Some).collect(),
        outputs: outputs.iter().copied().map(Some).collect(),
        bodies,
    }
}

/// A plain number.
pub fn int(expr: &Expr) -> i64 {
    expr.as_int().unwrap_or_else(|| panic!("{expr} is no plain number"))
}
