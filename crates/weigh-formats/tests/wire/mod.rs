//! ONNX files by hand, for tests: protobuf messages with the field numbers of onnx.proto, and random numbers
//! that are the same in every run.
#![allow(dead_code)] // not every test uses all of it

/// A message under construction.
#[derive(Clone, Debug, Default)]
pub struct Wire(pub Vec<u8>);

impl Wire {
    pub fn new() -> Wire {
        Wire::default()
    }

    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A field of wire type 0; a negative number takes ten bytes.
    pub fn int(mut self, field: u64, value: i64) -> Wire {
        self.varint(field << 3);
        self.varint(value as u64);
        self
    }

    /// A field of wire type 5.
    pub fn float(mut self, field: u64, value: f32) -> Wire {
        self.varint(field << 3 | 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A field of wire type 2.
    pub fn bytes(mut self, field: u64, content: &[u8]) -> Wire {
        self.varint(field << 3 | 2);
        self.varint(content.len() as u64);
        self.0.extend_from_slice(content);
        self
    }

    pub fn text(self, field: u64, content: &str) -> Wire {
        self.bytes(field, content.as_bytes())
    }

    pub fn message(self, field: u64, content: Wire) -> Wire {
        self.bytes(field, &content.0)
    }
}

/// A `ModelProto` of this graph, at this version of the standard's operators.
pub fn model(graph: Wire, opset: i64) -> Vec<u8> {
    let import = |domain: &str, version| Wire::new().text(1, domain).int(2, version);
    Wire::new()
        .int(1, 8)
        .message(8, import("", opset))
        .message(8, import("com.microsoft", 1))
        .message(7, graph)
        .0
}

/// One declared extent.
#[derive(Clone, Debug)]
pub enum Dim {
    Of(i64),
    Named(&'static str),
    Open,
}

/// A `ValueInfoProto`: the rank may be open.
pub fn value_info(name: &str, dtype: i64, shape: Option<&[Dim]>) -> Wire {
    let mut tensor = Wire::new().int(1, dtype);
    if let Some(dims) = shape {
        let dims = dims.iter().fold(Wire::new(), |all, dim| {
            all.message(
                1,
                match dim {
                    Dim::Of(extent) => Wire::new().int(1, *extent),
                    Dim::Named(name) => Wire::new().text(2, name),
                    Dim::Open => Wire::new(),
                },
            )
        });
        tensor = tensor.message(2, dims);
    }
    Wire::new().text(1, name).message(2, Wire::new().message(1, tensor))
}

/// A `TensorProto` with its data.
pub fn tensor(name: &str, dtype: i64, dims: &[i64], raw: &[u8]) -> Wire {
    let header = dims.iter().fold(Wire::new(), |header, dim| header.int(1, *dim));
    header.int(2, dtype).text(8, name).bytes(9, raw)
}

/// A `TensorProto` of int64.
pub fn ints(name: &str, dims: &[i64], values: &[i64]) -> Wire {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    tensor(name, INT64, dims, &raw)
}

/// A `TensorProto` of float32 zeros.
pub fn zeros(name: &str, dims: &[i64]) -> Wire {
    tensor(name, FLOAT, dims, &vec![0; 4 * dims.iter().product::<i64>() as usize])
}

pub const FLOAT: i64 = 1;
pub const INT64: i64 = 7;

/// A `NodeProto` without attributes.
pub fn node(op: &str, name: &str, inputs: &[&str], outputs: &[&str]) -> Wire {
    let node = inputs.iter().fold(Wire::new(), |node, input| node.text(1, input));
    outputs.iter().fold(node, |node, output| node.text(2, output)).text(3, name).text(4, op)
}

/// An attribute that is an integer.
pub fn attribute(name: &str, value: i64) -> Wire {
    Wire::new().text(1, name).int(3, value).int(20, 2)
}

/// SplitMix64: small, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// One time in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Integers that attributes and shapes hold, and some that they should not.
pub const INTEGERS: &[i64] = &[
    0,
    1,
    1,
    2,
    2,
    3,
    4,
    5,
    7,
    8,
    16,
    -1,
    -1,
    -2,
    -3,
    10,
    64,
    1000,
    i64::MAX,
    i64::MIN,
    1 << 32,
    -(1 << 40),
];

/// Names of attributes, of all operators together.
const NAMES: &[&str] = &[
    "axis",
    "group",
    "dtype",
    "axes",
    "num_heads",
    "keepdims",
    "blocksize",
    "transA",
    "transB",
    "to",
    "start",
    "size",
    "shape",
    "rotary_embedding_dim",
    "perm",
    "pads",
    "output_shape",
    "output_padding",
    "noop_with_empty_axes",
    "mode",
    "linear_before_reset",
    "layout",
    "kv_num_heads",
    "hidden_size",
    "end",
    "ceil_mode",
    "batch_dims",
    "allowzero",
    "value",
    "value_int",
    "value_ints",
    "value_float",
    "value_floats",
    "value_string",
    "value_strings",
    "strides",
    "starts",
    "ends",
    "split",
    "scan_output_axes",
    "scan_input_axes",
    "scan_input_directions",
    "scales",
    "kernel_shape",
    "sampling_ratio",
    "sample_size",
    "qkv_hidden_sizes",
    "q_num_heads",
    "pooled_shape",
    "paddings",
    "output_width",
    "output_height",
    "num_scan_inputs",
    "num_outputs",
    "new_axis",
    "keep_aspect_ratio_policy",
    "k",
    "equation",
    "direction",
    "dilations",
    "coordinate_transformation_mode",
    "block_size",
    "bits",
    "N",
    "K",
    "auto_pad",
    "approximate",
    "antialias",
    "activations",
    "exclusive",
    "reverse",
    "largest",
    "sorted",
    "broadcast",
    "offset_group",
    "p",
    "stash_type",
    "upper",
    "unidirectional",
    "do_rotary",
    "is_causal",
    "channels_last",
    "storage_order",
    "depth",
];

/// Texts that attributes hold, and some that they should not.
const TEXTS: &[&str] = &[
    "",
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "NOTSET",
    "ij,jk->ik",
    "bij,bjk->bik",
    "...ij->...ji",
    "i,i",
    "ii->i",
    "ij->",
    "->",
    ",",
    "a->b",
    "...",
    "...a...->a",
    "iI,jJ",
    "forward",
    "reverse",
    "bidirectional",
    "linear",
    "cubic",
    "nearest",
    "half_pixel",
    "tf_crop_and_resize",
    "stretch",
    "not_larger",
    "not_smaller",
    "CRD",
    "DCR",
    "constant",
    "reflect",
    "avg",
    "max",
    "align_corners",
    "Tanh",
    "Sigmoid",
    "Relu",
    "LeakyRelu",
    "Nonsense",
    "BITS",
    "tanh",
];

/// An `AttributeProto` of random name, kind and value.
pub fn random_attribute(random: &mut Random) -> Wire {
    let name = random.pick(NAMES);
    let attribute = Wire::new().text(1, name);
    let count = random.below(7);
    match random.below(11) {
        0..=3 => attribute.int(3, random.pick(INTEGERS)).int(20, 2),
        4..=6 => (0..count).fold(attribute, |list, _| list.int(8, random.pick(INTEGERS))).int(20, 7),
        7 => {
            attribute.float(2, random.pick(&[0.0, 1.0, -1.0, 0.5, f32::NAN, f32::INFINITY, 1e30])).int(20, 1)
        }
        8 => (0..count)
            .fold(attribute, |list, _| list.float(7, random.pick(&[0.0, 2.0, -1.0, f32::NAN, 1e30])))
            .int(20, 6),
        9 => attribute.text(4, random.pick(TEXTS)).int(20, 3),
        _ if random.once_in(2) => {
            (0..count).fold(attribute, |list, _| list.text(9, random.pick(TEXTS))).int(20, 8)
        }
        _ => attribute.message(5, random_tensor(random, "")).int(20, 4),
    }
}

/// A small `TensorProto`: mostly a list of integers, as shapes and axes are.
pub fn random_tensor(random: &mut Random, name: &str) -> Wire {
    let count = random.below(7);
    match random.below(6) {
        0 => ints(name, &[], &[random.pick(INTEGERS)]),
        1 => zeros(name, &[random.below(4) as i64, 3]),
        2 => zeros(name, &[]),
        3 => tensor(name, 9, &[2], &[0, 1]),
        _ => ints(name, &[count as i64], &(0..count).map(|_| random.pick(INTEGERS)).collect::<Vec<_>>()),
    }
}
