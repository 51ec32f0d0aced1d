//! Builds a graph layer by layer, with names and shapes kept along the way.
//!
//! Every node is inferred as it is added, so a layer can ask for the extents of what it reads. A builder that
//! makes operators contradict each other is a mistake in this crate and panics; the tests build every entry.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use smallvec::SmallVec;
use weigh_ir::{
    DType, Expr, Inference, Model, NoBodies, Node, Operator, Place, Shape, Stored, Tensor, TensorId,
    TensorType, Value, bytes_of,
};
use weigh_ops::{
    Conv, Elementwise, Gemm, GlobalPool, Ints, Layout, MatMul, Movement, Norm, Normalization, Pool, Pooling,
    View, Window,
};

use crate::Options;

/// A graph under construction.
pub(crate) struct Builder {
    model: Model,
    /// What inference knows of each tensor.
    types: Vec<TensorType>,
    /// The path of the module being built.
    scope: String,
    /// How often each name was asked for.
    names: HashMap<String, usize>,
    /// Constants by name: each is stored once.
    constants: HashMap<String, TensorId>,
    batch: Expr,
}

/// The shape of a convolution's weights and how they move: square windows.
#[derive(Clone, Copy)]
pub(crate) struct Filters {
    pub channels: i64,
    pub kernel: i64,
    pub stride: i64,
    pub padding: i64,
    pub groups: i64,
}

impl Filters {
    /// So many filters, padded to keep the extents at stride 1.
    pub fn same(channels: i64, kernel: i64, stride: i64) -> Filters {
        Filters { channels, kernel, stride, padding: kernel / 2, groups: 1 }
    }

    /// With this padding.
    pub fn padded(self, padding: i64) -> Filters {
        Filters { padding, ..self }
    }

    /// In so many groups.
    pub fn grouped(self, groups: i64) -> Filters {
        Filters { groups, ..self }
    }
}

impl Builder {
    pub fn new(name: &str, options: &Options) -> Builder {
        let model = Model { name: name.to_owned(), format: "reference".to_owned(), ..Model::default() };
        Builder {
            model,
            types: Vec::new(),
            scope: String::new(),
            names: HashMap::new(),
            constants: HashMap::new(),
            batch: options.batch.extent(),
        }
    }

    /// The extent of the batch.
    pub fn batch(&self) -> Expr {
        self.batch.clone()
    }

    /// The finished graph with these outputs.
    pub fn finish<'n>(mut self, outputs: impl IntoIterator<Item = (&'n str, TensorId)>) -> Model {
        for (name, id) in outputs {
            let (tensor, typed) = (&mut self.model.tensors[id.index()], &self.types[id.index()]);
            tensor.name = name.into();
            tensor.dtype = typed.dtype;
            tensor.declared = typed.shape.clone();
            self.model.graph.outputs.push(id);
        }
        self.model
    }

    /// Builds inside a module; the name may be a path of several.
    pub fn scoped<T>(&mut self, name: impl Display, build: impl FnOnce(&mut Builder) -> T) -> T {
        let outer = self.scope.len();
        if outer > 0 {
            self.scope.push('/');
        }
        self.scope.push_str(&name.to_string());
        let made = build(self);
        self.scope.truncate(outer);
        made
    }

    /// The shape of a tensor.
    pub fn shape(&self, id: TensorId) -> &Shape {
        match &self.types[id.index()].shape {
            Some(shape) => shape,
            None => panic!("'{}' has no shape", self.model.tensor(id).name),
        }
    }

    /// A plain extent of a tensor; the axis may count from the end.
    pub fn extent(&self, id: TensorId, axis: i64) -> i64 {
        let shape = self.shape(id);
        match shape.dim(axis).map(Expr::as_int) {
            Ok(Some(extent)) => extent,
            _ => panic!("axis {axis} of {shape} is no plain extent"),
        }
    }

    /// The name itself the first time, then numbered.
    fn unique(&mut self, name: String) -> String {
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        match *count {
            1 => name,
            again => format!("{name}_{}", again - 1),
        }
    }

    fn add(&mut self, tensor: Tensor, typed: TensorType) -> TensorId {
        self.model.tensors.push(tensor);
        self.types.push(typed);
        match TensorId::new(self.types.len() - 1) {
            Some(id) => id,
            None => panic!("too many tensors"),
        }
    }

    /// An input of the graph.
    pub fn input(&mut self, name: &str, dtype: DType, dims: impl IntoIterator<Item = Expr>) -> TensorId {
        let shape = Shape::new(dims);
        let (dtype, declared) = (Some(dtype), Some(shape.clone()));
        let id = self.add(Tensor { dtype, declared, ..Tensor::named(name) }, TensorType::new(dtype, shape));
        self.model.graph.inputs.push(id);
        id
    }

    /// The input of an image classifier: 224×224 pixels in three colours.
    pub fn images(&mut self) -> TensorId {
        let batch = self.batch();
        self.input("input", DType::F32, [batch, Expr::Int(3), Expr::Int(224), Expr::Int(224)])
    }

    fn store(&mut self, name: String, dtype: DType, dims: &[i64], value: Option<Value>) -> TensorId {
        let shape = Shape::of(dims);
        let bytes = bytes_of(&shape.elements(), dtype).and_then(|bytes| u64::try_from(bytes.as_int()?).ok());
        let Some(bytes) = bytes else { panic!("'{name}' has no size") };
        let stored =
            Stored { dtype, shape: shape.clone(), bytes, value: value.clone(), place: Place::Memory };
        let tensor = Tensor {
            dtype: Some(dtype),
            declared: Some(shape.clone()),
            stored: Some(Arc::new(stored)),
            ..Tensor::named(name)
        };
        self.add(tensor, TensorType::new(Some(dtype), shape).with_value(value))
    }

    /// A learned tensor (or state) of the current module.
    pub fn weight(&mut self, name: &str, dims: &[i64]) -> TensorId {
        self.weight_of(name, DType::F32, dims)
    }

    /// A learned tensor of the current module, of this element type.
    pub fn weight_of(&mut self, name: &str, dtype: DType, dims: &[i64]) -> TensorId {
        let module = self.scope.replace('/', ".");
        let name = if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") };
        let name = self.unique(name);
        self.store(name, dtype, dims, None)
    }

    fn constant(&mut self, name: String, dtype: DType, dims: &[i64], value: Value) -> TensorId {
        if let Some(known) = self.constants.get(&name) {
            return *known;
        }
        let id = self.store(name.clone(), dtype, dims, Some(value));
        self.constants.insert(name, id);
        id
    }

    /// A list of integers: a shape, axes, bounds.
    pub fn ints(&mut self, values: &[i64]) -> TensorId {
        let texts: Vec<String> = values.iter().map(i64::to_string).collect();
        let name = format!("ints_{}", texts.join("_"));
        self.constant(name, DType::I64, &[values.len() as i64], Value::ints(values.iter().copied()))
    }

    /// A single integer.
    pub fn int(&mut self, value: i64) -> TensorId {
        self.constant(format!("int_{value}"), DType::I64, &[], Value::ints([value]))
    }

    /// A single number.
    pub fn number(&mut self, value: f64) -> TensorId {
        let value = f64::from(value as f32);
        self.constant(format!("number_{value}"), DType::F32, &[], Value::Floats([value].into()))
    }

    /// A node with one output.
    pub fn apply(&mut self, op: impl Operator, inputs: &[TensorId]) -> TensorId {
        self.apply_many(op, inputs, 1)[0]
    }

    /// A node with so many outputs.
    pub fn apply_many(&mut self, op: impl Operator, inputs: &[TensorId], outputs: usize) -> Vec<TensorId> {
        let path = match self.scope.as_str() {
            "" => op.name().to_owned(),
            scope => format!("{scope}/{}", op.name()),
        };
        let name = self.unique(path);
        let types: Vec<Option<&TensorType>> = inputs.iter().map(|id| Some(&self.types[id.index()])).collect();
        let mut node =
            Inference { inputs: &types, output_count: outputs, symbol_stem: &name, bodies: &mut NoBodies };
        let inferred = match op.infer(&mut node) {
            Ok(inferred) => inferred,
            Err(stop) => panic!("{name}: {stop}"),
        };
        let made: Vec<TensorId> = inferred
            .into_iter()
            .take(outputs)
            .enumerate()
            .map(|(index, typed)| self.add(Tensor::named(format!("{name}_output_{index}")), typed))
            .collect();
        self.model.graph.nodes.push(Node {
            name: name.into(),
            scope: self.scope.as_str().into(),
            op: Arc::new(op),
            inputs: inputs.iter().copied().map(Some).collect(),
            outputs: made.iter().copied().map(Some).collect::<SmallVec<_>>(),
            bodies: Vec::new(),
        });
        made
    }

    /// An elementwise function.
    pub fn function(&mut self, name: &str, inputs: &[TensorId]) -> TensorId {
        match Elementwise::named(name) {
            Some(op) => self.apply(op, inputs),
            None => panic!("{name} is no elementwise function"),
        }
    }

    /// An elementwise function of one tensor as a module.
    pub fn activation(&mut self, name: impl Display, function: &str, x: TensorId) -> TensorId {
        self.scoped(name, |b| b.function(function, &[x]))
    }

    pub fn relu(&mut self, name: impl Display, x: TensorId) -> TensorId {
        self.activation(name, "Relu", x)
    }

    /// A convolution without bias.
    pub fn conv(&mut self, name: impl Display, x: TensorId, filters: Filters) -> TensorId {
        self.scoped(name, |b| b.convolve(x, filters, false))
    }

    /// A convolution with bias.
    pub fn conv_biased(&mut self, name: impl Display, x: TensorId, filters: Filters) -> TensorId {
        self.scoped(name, |b| b.convolve(x, filters, true))
    }

    fn convolve(&mut self, x: TensorId, filters: Filters, biased: bool) -> TensorId {
        let Filters { channels, kernel, stride, padding, groups } = filters;
        let of_each = self.extent(x, 1) / groups;
        let mut inputs = vec![x, self.weight("weight", &[channels, of_each, kernel, kernel])];
        if biased {
            inputs.push(self.weight("bias", &[channels]));
        }
        self.apply(Conv::plain(Window::square(kernel, stride, padding), groups), &inputs)
    }

    pub fn batch_norm(&mut self, name: impl Display, x: TensorId) -> TensorId {
        self.scoped(name, |b| {
            let channels = [b.extent(x, 1)];
            let stored =
                ["weight", "bias", "running_mean", "running_var"].map(|name| b.weight(name, &channels));
            let [scale, bias, mean, variance] = stored;
            b.apply(Normalization(Norm::Batch), &[x, scale, bias, mean, variance])
        })
    }

    pub fn layer_norm(&mut self, name: impl Display, x: TensorId) -> TensorId {
        self.scoped(name, |b| {
            let width = [b.extent(x, -1)];
            let (scale, bias) = (b.weight("weight", &width), b.weight("bias", &width));
            b.apply(Normalization(Norm::Layer { axis: -1 }), &[x, scale, bias])
        })
    }

    /// A linear layer with bias: of a matrix one `Gemm`; of a stack of them `MatMul` with weights stored as
    /// inputs × outputs, and `Add`. Both as exporters write them.
    pub fn linear(&mut self, name: impl Display, x: TensorId, outputs: i64) -> TensorId {
        self.scoped(name, |b| {
            let inputs = b.extent(x, -1);
            if b.shape(x).rank() == 2 {
                let weight = b.weight("weight", &[outputs, inputs]);
                let bias = b.weight("bias", &[outputs]);
                return b.apply(Gemm::LINEAR, &[x, weight, bias]);
            }
            let weight = b.weight("weight", &[inputs, outputs]);
            let bias = b.weight("bias", &[outputs]);
            let product = b.apply(MatMul::PLAIN, &[x, weight]);
            b.function("Add", &[product, bias])
        })
    }

    pub fn max_pool(&mut self, name: impl Display, x: TensorId, window: Window) -> TensorId {
        let (pooling, layout) = (Pooling::Max, Layout::ChannelsFirst);
        self.scoped(name, |b| b.apply(Pool { pooling, window, layout }, &[x]))
    }

    pub fn average_pool(&mut self, name: impl Display, x: TensorId, window: Window) -> TensorId {
        let (pooling, layout) = (Pooling::Average, Layout::ChannelsFirst);
        let window = Window { dilations: Vec::new(), ..window };
        self.scoped(name, |b| b.apply(Pool { pooling, window, layout }, &[x]))
    }

    pub fn global_average_pool(&mut self, name: impl Display, x: TensorId) -> TensorId {
        let (pooling, layout) = (Pooling::Average, Layout::ChannelsFirst);
        self.scoped(name, |b| b.apply(GlobalPool { pooling, layout }, &[x]))
    }

    pub fn flatten(&mut self, x: TensorId) -> TensorId {
        self.apply(View::Flatten { axis: 1 }, &[x])
    }

    /// Over the last axis.
    pub fn softmax(&mut self, x: TensorId) -> TensorId {
        self.apply(Normalization(Norm::Softmax), &[x])
    }

    /// 0 keeps an extent.
    pub fn reshape(&mut self, x: TensorId, dims: &[i64]) -> TensorId {
        let shape = self.ints(dims);
        self.apply(View::Reshape { shape: Ints::Input(1), zero_is_empty: false }, &[x, shape])
    }

    pub fn unsqueeze(&mut self, x: TensorId, axes: &[i64]) -> TensorId {
        let axes = self.ints(axes);
        self.apply(View::Unsqueeze { axes: Ints::Input(1) }, &[x, axes])
    }

    pub fn transpose(&mut self, x: TensorId, order: &[i64]) -> TensorId {
        self.apply(Movement::Transpose { order: Some(order.to_vec()) }, &[x])
    }

    pub fn gather(&mut self, x: TensorId, indices: TensorId, axis: i64) -> TensorId {
        self.apply(Movement::Gather { axis }, &[x, indices])
    }

    pub fn concat(&mut self, parts: &[TensorId], axis: i64) -> TensorId {
        self.apply(Movement::Concat { axis }, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_modules() {
        let mut b = Builder::new("test", &Options::default());
        let x = b.images();
        let x = b.scoped("layer1", |b| {
            let x = b.conv("conv", x, Filters::same(8, 3, 1));
            let x = b.relu("relu", x);
            b.relu("relu", x)
        });
        let model = b.finish([("output", x)]);
        let names: Vec<&str> = model.graph.nodes.iter().map(|node| &*node.name).collect();
        assert_eq!(names, ["layer1/conv/Conv", "layer1/relu/Relu", "layer1/relu/Relu_1"]);
        assert_eq!(&*model.graph.nodes[0].scope, "layer1/conv");
        assert_eq!(&*model.tensors[1].name, "layer1.conv.weight");
        assert_eq!(&*model.tensor(x).name, "output");
    }
}
