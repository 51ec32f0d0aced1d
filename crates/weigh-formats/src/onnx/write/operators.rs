//! The table from operators to ONNX spellings: one row for each operator type.
//!
//! A spelling is valid from its operator set on. An operator that keeps too little to be written truly (the
//! groups of a group normalisation, the axis of a scatter) has none.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::OnceLock;

use weigh_ir::{DType, Node, Value};
use weigh_ops::{
    Cast, Cell, Conv, ConvTranspose, Dropout, Elementwise, Expand, Gemm, Generated, GlobalPool, Ints, Layout,
    MatMul, Movement, Norm, Normalization, Padding, Pool, Query, Recurrent, Reduce, Split, View, Window,
};

use super::super::dtype;
use super::{data, tensor_header};
use crate::protobuf::Writer;

/// A node in ONNX's words.
pub(super) struct Spelled {
    pub op_type: String,
    /// The operator set from which on this is right.
    pub since: i64,
    pub attributes: Writer,
    /// Lists that ONNX wants as inputs, by the index of the input.
    pub lists: Vec<(usize, Vec<i64>)>,
}

/// The kinds of `AttributeProto`.
const FLOAT: i64 = 1;
const INT: i64 = 2;
const TEXT: i64 = 3;
const TENSOR: i64 = 4;
const INTS: i64 = 7;

impl Spelled {
    fn new(op_type: &str) -> Spelled {
        Spelled { op_type: op_type.to_owned(), since: 1, attributes: Writer::default(), lists: Vec::new() }
    }

    fn since(self, since: i64) -> Spelled {
        Spelled { since, ..self }
    }

    fn attribute(mut self, name: &str, kind: i64, value: impl FnOnce(&mut Writer)) -> Spelled {
        self.attributes.message(5, |attribute| {
            value(attribute.bytes(1, name));
            attribute.int(20, kind);
        });
        self
    }

    fn int(self, name: &str, value: i64) -> Spelled {
        self.attribute(name, INT, |attribute| {
            attribute.int(3, value);
        })
    }

    fn flag(self, name: &str, value: bool) -> Spelled {
        if value { self.int(name, 1) } else { self }
    }

    fn float(self, name: &str, value: f32) -> Spelled {
        self.attribute(name, FLOAT, |attribute| {
            attribute.float(2, value);
        })
    }

    fn text(self, name: &str, value: &str) -> Spelled {
        self.attribute(name, TEXT, |attribute| {
            attribute.bytes(4, value);
        })
    }

    /// A list of integers; an empty one is left out.
    fn ints(self, name: &str, values: &[i64]) -> Spelled {
        if values.is_empty() {
            return self;
        }
        self.attribute(name, INTS, |attribute| {
            for value in values {
                attribute.int(8, *value);
            }
        })
    }

    /// A list that ONNX takes as this input.
    fn list(mut self, input: usize, list: &Ints) -> Spelled {
        if let Ints::Fixed(values) = list
            && !values.is_empty()
        {
            self.lists.push((input, values.clone()));
        }
        self
    }
}

/// An attribute that is a tensor of one element, as a field of the node.
pub(super) fn tensor_attribute(name: &str, dtype: DType, raw: &[u8]) -> Writer {
    let mut node = Writer::default();
    node.message(5, |attribute| {
        let mut tensor = tensor_header("", dtype, &[1]);
        tensor.bytes(9, raw);
        attribute.bytes(1, name).bytes(5, &tensor.0).int(20, TENSOR);
    });
    node
}

type Row = Box<dyn Fn(&dyn Any, &Node) -> Option<Spelled> + Send + Sync>;

/// The rows by operator type.
#[derive(Default)]
struct Table(HashMap<TypeId, Row>);

impl Table {
    fn add<O: Any>(&mut self, spell: fn(&O, &Node) -> Option<Spelled>) {
        let row = move |op: &dyn Any, node: &Node| spell(op.downcast_ref()?, node);
        self.0.insert(TypeId::of::<O>(), Box::new(row));
    }
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table::default();
        table.add(elementwise);
        table.add(cast);
        table.add(matmul);
        table.add(gemm);
        table.add(normalization);
        table.add(conv);
        table.add(conv_transpose);
        table.add(pool);
        table.add(global_pool);
        table.add(view);
        table.add(movement);
        table.add(split);
        table.add(reduce);
        table.add(generated);
        table.add(query);
        table.add(recurrent);
        table.add(|op: &Expand, _| Some(Spelled::new("Expand").list(1, &op.shape)));
        table.add(|_: &Dropout, _| Some(Spelled::new("Dropout")));
        table
    })
}

/// The node's spelling, if it has one.
pub(super) fn spell(node: &Node) -> Option<Spelled> {
    let op: &dyn Any = &*node.op;
    table().0.get(&op.type_id())?(op, node)
}

fn elementwise(op: &Elementwise, _: &Node) -> Option<Spelled> {
    // The shift has a direction, the others are ONNX Runtime's.
    if op.one_sided || op.further != 0 || matches!(op.function.name, "BitShift" | "QuickGelu" | "BiasGelu") {
        return None;
    }
    Some(match op.function.name {
        "FastGelu" => Spelled::new("Gelu").since(20).text("approximate", "tanh"),
        "Gelu" => Spelled::new("Gelu").since(20),
        "Swish" => Spelled::new("Swish").since(24),
        "Mod" if op.signed_rest => Spelled::new("Mod").int("fmod", 1),
        "SwiGLU" => Spelled::new("SwiGLU").since(28),
        name @ ("Mish" | "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "BitwiseNot") => {
            Spelled::new(name).since(18)
        }
        name => Spelled::new(name),
    })
}

fn cast(op: &Cast, _: &Node) -> Option<Spelled> {
    Some(match op.to {
        Some(to) => Spelled::new("Cast").int("to", dtype::number(to)),
        None => Spelled::new("CastLike"),
    })
}

fn matmul(op: &MatMul, _: &Node) -> Option<Spelled> {
    (*op == MatMul::PLAIN).then(|| Spelled::new("MatMul"))
}

fn gemm(op: &Gemm, _: &Node) -> Option<Spelled> {
    let spelled = Spelled::new("Gemm").flag("transA", op.transpose_a).flag("transB", op.transpose_b);
    Some(spelled.float("alpha", op.alpha).float("beta", op.beta))
}

fn normalization(op: &Normalization, _: &Node) -> Option<Spelled> {
    Some(match op.0 {
        Norm::Batch => Spelled::new("BatchNormalization"),
        Norm::Layer { axis } => Spelled::new("LayerNormalization").int("axis", axis),
        Norm::Rms { axis } => Spelled::new("RMSNormalization").since(23).int("axis", axis),
        Norm::LocalResponse { size } => Spelled::new("LRN").int("size", size),
        Norm::Instance => Spelled::new("InstanceNormalization"),
        Norm::MeanVariance => Spelled::new("MeanVarianceNormalization"),
        Norm::Softmax => Spelled::new("Softmax"),
        Norm::LogSoftmax => Spelled::new("LogSoftmax"),
        Norm::Hardmax => Spelled::new("Hardmax"),
        Norm::Group | Norm::Lp => return None,
    })
}

/// The attributes that all sliding windows share.
fn window(spelled: Spelled, window: &Window) -> Spelled {
    let spelled = spelled
        .ints("kernel_shape", &window.kernel)
        .ints("strides", &window.strides)
        .ints("dilations", &window.dilations)
        .flag("ceil_mode", window.ceil);
    match &window.padding {
        Padding::Same => spelled.text("auto_pad", "SAME_UPPER"),
        Padding::Explicit { begin, end } => spelled.ints("pads", &[begin.as_slice(), end].concat()),
    }
}

fn conv(op: &Conv, _: &Node) -> Option<Spelled> {
    let plain = Conv::plain(op.window.clone(), op.groups);
    (*op == plain).then(|| window(Spelled::new("Conv"), &op.window).int("group", op.groups))
}

fn conv_transpose(op: &ConvTranspose, _: &Node) -> Option<Spelled> {
    let spelled = window(Spelled::new("ConvTranspose"), &op.window).int("group", op.groups);
    let output_shape = op.output_shape.as_deref().unwrap_or_default();
    Some(spelled.ints("output_padding", &op.output_padding).ints("output_shape", output_shape))
}

/// Pools other than the maximum have had dilations since 18 or 19.
fn pool(op: &Pool, node: &Node) -> Option<Spelled> {
    let (name, mut moving) = (node.op.name(), op.window.clone());
    let mut since = 1;
    if name != "MaxPool" {
        match moving.dilations.iter().all(|dilation| *dilation == 1) {
            true => moving.dilations.clear(),
            false => since = 19,
        }
    }
    (op.layout == Layout::ChannelsFirst).then(|| window(Spelled::new(name), &moving).since(since))
}

fn global_pool(op: &GlobalPool, node: &Node) -> Option<Spelled> {
    (op.layout == Layout::ChannelsFirst).then(|| Spelled::new(node.op.name()))
}

fn view(op: &View, _: &Node) -> Option<Spelled> {
    Some(match op {
        View::Identity => Spelled::new("Identity"),
        View::BitCast { to } => Spelled::new("BitCast").int("to", dtype::number(*to)).since(26),
        View::Reshape { shape, zero_is_empty } => {
            Spelled::new("Reshape").flag("allowzero", *zero_is_empty).list(1, shape)
        }
        View::Flatten { axis } => Spelled::new("Flatten").int("axis", *axis),
        View::Squeeze { axes } => Spelled::new("Squeeze").list(1, axes),
        View::Unsqueeze { axes } => Spelled::new("Unsqueeze").list(1, axes),
    })
}

fn movement(op: &Movement, _: &Node) -> Option<Spelled> {
    Some(match op {
        Movement::Transpose { order } => {
            Spelled::new("Transpose").ints("perm", order.as_deref().unwrap_or_default())
        }
        Movement::Concat { axis } => Spelled::new("Concat").int("axis", *axis),
        Movement::Slice { starts, ends, axes, steps } => {
            Spelled::new("Slice").list(1, starts).list(2, ends).list(3, axes).list(4, steps)
        }
        Movement::Gather { axis } => Spelled::new("Gather").int("axis", *axis),
        Movement::GatherNd { batch_dims } => Spelled::new("GatherND").int("batch_dims", *batch_dims),
        Movement::Tile { repeats } => Spelled::new("Tile").list(1, repeats),
        Movement::DepthToSpace { block } => Spelled::new("DepthToSpace").int("blocksize", *block),
        Movement::SpaceToDepth { block } => Spelled::new("SpaceToDepth").int("blocksize", *block),
        Movement::GatherElements
        | Movement::Scatter { .. }
        | Movement::Pad { .. }
        | Movement::ReverseSequence => return None,
    })
}

/// Without sizes the number of pieces must be said from 18 on.
fn split(op: &Split, node: &Node) -> Option<Spelled> {
    let spelled = Spelled::new("Split").int("axis", op.axis).list(1, &op.sizes);
    let equal = match &op.sizes {
        Ints::Fixed(sizes) => sizes.is_empty(),
        Ints::Input(index) => node.inputs.get(*index).copied().flatten().is_none(),
    };
    Some(if equal { spelled.since(18).int("num_outputs", node.outputs.len() as i64) } else { spelled })
}

/// Axes are an input from 18 on; for `ReduceSum` they have been one since 13.
fn reduce(op: &Reduce, node: &Node) -> Option<Spelled> {
    let name = node.op.name();
    let spelled = Spelled::new(name).since(if name == "ReduceSum" { 13 } else { 18 });
    let spelled = spelled.int("keepdims", i64::from(op.keep_dims));
    Some(spelled.flag("noop_with_empty_axes", op.noop_when_empty).list(1, &op.axes))
}

fn generated(op: &Generated, _: &Node) -> Option<Spelled> {
    match op {
        Generated::Fill { dtype, value } => {
            let value = match dtype.is_float() {
                true => Value::Floats([(*value)?].into()),
                false => Value::ints([(*value)? as i64]),
            };
            let mut spelled = Spelled::new("ConstantOfShape");
            spelled.attributes = tensor_attribute("value", *dtype, &data::raw(&value, *dtype)?);
            Some(spelled)
        }
        Generated::Range => Some(Spelled::new("Range")),
        Generated::Eye { .. } | Generated::OneHot { .. } => None,
    }
}

fn query(op: &Query, _: &Node) -> Option<Spelled> {
    Some(match op {
        Query::Size => Spelled::new("Size"),
        Query::Shape { start, end } => {
            let spelled = Spelled::new("Shape");
            let spelled = if *start == 0 { spelled } else { spelled.int("start", *start) };
            match end {
                Some(end) => spelled.int("end", *end),
                None => spelled,
            }
        }
    })
}

/// Activations other than the usual ones are kept by their cost, not by name.
fn recurrent(op: &Recurrent, node: &Node) -> Option<Spelled> {
    if op.quantized || !op.activations.is_empty() {
        return None;
    }
    let spelled = Spelled::new(node.op.name()).int("hidden_size", op.hidden_size?);
    let spelled = if op.bidirectional { spelled.text("direction", "bidirectional") } else { spelled };
    let spelled = spelled.flag("layout", op.batch_first);
    Some(match op.cell {
        Cell::Gru { linear_before_reset } => spelled.flag("linear_before_reset", linear_before_reset),
        Cell::Simple | Cell::Lstm => spelled,
    })
}
