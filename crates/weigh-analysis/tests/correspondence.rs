//! Which original layers the nodes of optimised graphs stand for, on graphs in which every joint is plain to see.

mod net;

use std::sync::Arc;

use net::{Net, node};
use weigh_analysis::{Attribution, Group, attribute, correspond};
use weigh_ir::{DType, Graph, Model, Operator, TensorId};
use weigh_ops::{
    BlockedConv, Conv, Dropout, Elementwise, Expand, If, Ints, Layout, MatMul, Movement, Norm, Normalization,
    Opaque, Query, Reorder, View, Window,
};

/// A node: its name, its kind, what it reads, what it makes.
type Line = (&'static str, &'static str, &'static str, &'static str);

/// The operator of a kind; a kind of no table is one that weigh does not know.
fn operator(kind: &str) -> Arc<dyn Operator> {
    let conv = || Conv::plain(Window::square(1, 1, 0), 1);
    match kind {
        "Conv" => Arc::new(conv()),
        "Blocked" => {
            Arc::new(BlockedConv { conv: conv(), activation: 0, inputs: None, outputs: None, weights: None })
        }
        "ReorderInput" => Arc::new(Reorder::Blocks { layout: Layout::ChannelsFirst, padded: None }),
        "ReorderOutput" => Arc::new(Reorder::Plain { layout: Layout::ChannelsFirst, channels: 8 }),
        "BatchNormalization" => Arc::new(Normalization(Norm::Batch)),
        "MatMul" => Arc::new(MatMul::PLAIN),
        "Dropout" => Arc::new(Dropout),
        "Identity" => Arc::new(View::Identity),
        "Reshape" => Arc::new(View::Reshape { shape: Ints::Fixed(vec![-1, 8]), zero_is_empty: false }),
        "Transpose" => Arc::new(Movement::Transpose { order: None }),
        "Shape" => Arc::new(Query::Shape { start: 0, end: None }),
        "Expand" => Arc::new(Expand { shape: Ints::Input(1) }),
        "Concat" => Arc::new(Movement::Concat { axis: 1 }),
        other => match Elementwise::named(other) {
            Some(function) => Arc::new(function),
            None => Arc::new(Opaque { name: other.to_owned() }),
        },
    }
}

/// A graph from lines. Names that start with x are inputs, with w stored tensors; what nothing reads comes out.
fn graph(lines: &[Line]) -> Model {
    let mut net = Net::new();
    let mut ids: Vec<(&str, TensorId)> = Vec::new();
    for (name, kind, reads, makes) in lines {
        let inputs: Vec<TensorId> = reads
            .split_whitespace()
            .map(|read| {
                let known = ids.iter().find(|(known, _)| *known == read).map(|(_, id)| *id);
                let id = known.unwrap_or_else(|| match read.as_bytes()[0] {
                    b'x' => net.input(DType::F32, &[1, 8, 8, 8]),
                    b'w' => net.stored(DType::F32, &[8, 8, 1, 1]),
                    _ => panic!("nothing makes {read}"),
                });
                ids.push((read, id));
                net.0.tensors[id.index()].name = read.into();
                id
            })
            .collect();
        let outputs: Vec<TensorId> = makes
            .split_whitespace()
            .map(|made| {
                let id = net.tensor();
                net.0.tensors[id.index()].name = made.into();
                ids.push((made, id));
                id
            })
            .collect();
        let mut made = node((*name).into(), View::Identity, &inputs, &outputs, Vec::new());
        made.op = operator(kind);
        net.0.graph.nodes.push(made);
    }
    let read: Vec<TensorId> =
        net.0.graph.nodes.iter().flat_map(|node| node.inputs.iter().flatten().copied()).collect();
    let made = net.0.graph.nodes.iter().flat_map(|node| node.outputs.iter().flatten().copied());
    net.0.graph.outputs = made.filter(|id| !read.contains(id)).collect();
    net.0
}

fn names(model: &Model, nodes: &[usize]) -> String {
    nodes.iter().map(|node| &*model.graph.nodes[*node].name).collect::<Vec<_>>().join(" + ")
}

/// `layers = nodes` of every group, then what was lost.
fn joined(original: &[Line], optimised: &[Line]) -> (Vec<String>, String) {
    let (original, optimised) = (graph(original), graph(optimised));
    let found = correspond(&original, &optimised);
    let Attribution { groups, rest, .. } = attribute(&found, &[]);
    assert!(rest.is_empty(), "{rest:?}");
    let told = |Group { layers, nodes, .. }: &Group| {
        format!("{} = {}", names(&original, layers), names(&optimised, nodes))
    };
    (groups.iter().map(told).collect(), names(&original, &found.lost))
}

#[track_caller]
fn check(original: &[Line], optimised: &[Line], groups: &[&str], lost: &str) {
    let (found, gone) = joined(original, optimised);
    assert_eq!(found, groups);
    assert_eq!(gone, lost);
}

#[test]
fn a_graph_is_itself() {
    let lines: &[Line] = &[("a", "Conv", "x w", "ya"), ("b", "Relu", "ya", "yb")];
    check(lines, lines, &["a = a", "b = b"], "");
}

#[test]
fn a_normalisation_and_a_relu_in_a_convolution() {
    check(
        &[
            ("conv", "Conv", "x w1", "c"),
            ("bn", "BatchNormalization", "c w2 w3 w4 w5", "n"),
            ("relu", "Relu", "n", "r"),
            ("last", "Conv", "r w6", "out"),
        ],
        &[("conv_fused", "FusedConv", "x w_new w_bias", "r"), ("last", "Conv", "r w6", "out")],
        &["conv + bn + relu = conv_fused", "last = last"],
        "",
    );
}

#[test]
fn what_does_nothing_is_lost() {
    check(
        &[
            ("conv", "Conv", "x w1", "c"),
            ("same", "Identity", "c", "i"),
            ("drop", "Dropout", "i", "d"),
            ("last", "Conv", "d w2", "out"),
        ],
        &[("conv", "Conv", "x w1", "c"), ("last", "Conv", "c w2", "out")],
        &["conv = conv", "last = last"],
        "same + drop",
    );
    // The output of the graph keeps its name, so the convolution takes over the name of the copy.
    check(
        &[("conv", "Conv", "x w1", "c"), ("same", "Identity", "c", "out")],
        &[("conv", "Conv", "x w1", "out")],
        &["conv = conv"],
        "same",
    );
}

#[test]
fn a_product_and_a_sum_between_two_reshapes() {
    // What lies between the reshapes has no name; the reshapes are there for the product only.
    check(
        &[("matmul", "MatMul", "x w1", "m"), ("add", "Add", "m w2", "a"), ("relu", "Relu", "a", "r")],
        &[
            ("gemm_in", "Reshape", "x", "t1"),
            ("gemm", "Gemm", "t1 w1 w2", "t2"),
            ("gemm_out", "Reshape", "t2", "a"),
            ("relu", "Relu", "a", "r"),
        ],
        &["matmul + add = gemm_in + gemm + gemm_out", "relu = relu"],
        "",
    );
}

#[test]
fn a_skip_normalisation_with_two_results() {
    check(
        &[
            ("one", "MatMul", "x w1", "m"),
            ("skip", "Add", "m x", "s"),
            ("norm", "LayerNorm", "s w2", "n"),
            ("two", "MatMul", "n w3", "p"),
            ("again", "Add", "p s", "out"),
        ],
        &[
            ("one", "MatMul", "x w1", "m"),
            ("SkipLayerNorm", "SkipLayerNormalization", "m x w2", "n s"),
            ("two", "MatMul", "n w3", "p"),
            ("again", "Add", "p s", "out"),
        ],
        &["one = one", "skip + norm = SkipLayerNorm", "two = two", "again = again"],
        "",
    );
}

#[test]
fn an_attention_of_seven_nodes() {
    let original: &[Line] = &[
        ("q", "MatMul", "x w1", "q"),
        ("k", "MatMul", "x w2", "k"),
        ("v", "MatMul", "x w3", "v"),
        ("turn", "Transpose", "k", "kt"),
        ("scores", "MatMul", "q kt", "s"),
        ("soft", "Softmax", "s", "p"),
        ("mix", "MatMul", "p v", "o"),
        ("out", "MatMul", "o w4", "out"),
    ];
    check(
        original,
        &[("Attention_0", "Attention", "x w_qkv", "o"), ("out", "MatMul", "o w4", "out")],
        &["q + k + v + turn + scores + soft + mix = Attention_0", "out = out"],
        "",
    );
}

#[test]
fn a_mask_that_two_attentions_share() {
    // It has no multiply-accumulates, so it does not make one piece of the two; the first has it.
    check(
        &[
            ("mask", "Neg", "x_mask", "m"),
            ("a", "MatMul", "x w1", "a"),
            ("add_a", "Add", "a m", "sa"),
            ("b", "MatMul", "sa w2", "b"),
            ("add_b", "Add", "b m", "sb"),
        ],
        &[("A", "Attention", "x x_mask w1", "sa"), ("B", "Attention", "sa x_mask w2", "sb")],
        &["mask + a + add_a = A", "b + add_b = B"],
        "",
    );
    // Had it some, the time of the two could not be told apart.
    check(
        &[
            ("mask", "MatMul", "x_mask w0", "m"),
            ("add_a", "Add", "x m", "sa"),
            ("add_b", "Add", "sa m", "sb"),
        ],
        &[("A", "Attention", "x x_mask w0", "sa"), ("B", "Attention", "sa x_mask w0", "sb")],
        &["mask + add_a + add_b = A + B"],
        "",
    );
}

#[test]
fn channels_in_blocks() {
    // Convolutions over blocks are named after what they made at first; the second was given the sum and the Relu
    // behind it later. Reordering stands for nothing and belongs to what it feeds.
    let original: &[Line] = &[
        ("conv1", "Conv", "x w1", "c1"),
        ("relu1", "Relu", "c1", "r1"),
        ("conv2", "Conv", "r1 w2", "c2"),
        ("sum", "Add", "c2 r1", "s"),
        ("relu2", "Relu", "s", "r2"),
        ("conv3", "Conv", "r2 w3", "c3"),
        ("mul", "Mul", "c3 r2", "m"),
        ("pool", "Pool", "m", "out"),
    ];
    check(
        original,
        &[
            ("in", "ReorderInput", "x", "t0"),
            ("r1_nchwc", "Blocked", "t0 w1b w_b1", "t1"),
            ("c2_nchwc", "Blocked", "t1 w2b w_b2 t1", "t2"),
            ("c3_nchwc", "Blocked", "t2 w3b", "t3"),
            ("mul", "Mul", "t3 t2", "t4"),
            ("back", "ReorderOutput", "t4", "m"),
            ("pool", "Pool", "m", "out"),
        ],
        &[
            "conv1 + relu1 = in + r1_nchwc",
            "conv2 + sum + relu2 = c2_nchwc",
            "conv3 = c3_nchwc",
            "mul = mul",
            "pool = back + pool",
        ],
        "",
    );
}

#[test]
fn an_activation_over_blocks_that_is_a_node_of_its_own() {
    check(
        &[("conv", "Conv", "x w1", "c"), ("act", "Erf", "c", "e"), ("pool", "Pool", "e", "out")],
        &[
            ("c_nchwc", "Blocked", "x w1b", "t1"),
            ("act", "Erf", "t1", "t2"),
            ("back", "ReorderOutput", "t2", "e"),
            ("pool", "Pool", "e", "out"),
        ],
        &["conv = c_nchwc", "act = act", "pool = back + pool"],
        "",
    );
}

#[test]
fn what_was_folded_is_lost() {
    check(
        &[
            ("made", "Neg", "w1", "n"),
            ("turned", "Transpose", "n", "t"),
            ("conv", "Conv", "x t", "c"),
            ("beside", "Add", "c n", "out"),
        ],
        &[("conv", "Conv", "x w_t", "c"), ("beside", "Add", "c w_n", "out")],
        &["conv = conv", "beside = beside"],
        "made + turned",
    );
}

#[test]
fn what_hangs_on_shapes_only_is_lost_too() {
    // The extents of x are plain, so a table made from them is the same in every inference.
    check(
        &[
            ("shape", "Shape", "x", "s"),
            ("table", "Expand", "w1 s", "t"),
            ("turned", "Neg", "t", "n"),
            ("sum", "Add", "x n", "out"),
        ],
        &[("sum", "Add", "x w_folded", "out")],
        &["sum = sum"],
        "shape + table + turned",
    );
}

#[test]
fn of_two_equal_nodes_one_is_left() {
    check(
        &[
            ("one", "Relu", "x", "r1"),
            ("two", "Relu", "x", "r2"),
            ("a", "Conv", "r1 w1", "a"),
            ("b", "Conv", "r2 w2", "b"),
        ],
        &[("one", "Relu", "x", "r1"), ("a", "Conv", "r1 w1", "a"), ("b", "Conv", "r1 w2", "b")],
        &["one = one", "a = a", "b = b"],
        "two",
    );
}

/// If over a condition, with a Relu and a copy for branches.
fn branching(extra: bool) -> Model {
    let mut net = Net::new();
    let (x, condition) = (net.input(DType::F32, &[4]), net.input(DType::Bool, &[]));
    let mut branch = |op: Arc<dyn Operator>, name: &str| {
        let made = net.tensor();
        net.0.tensors[made.index()].name = name.into();
        let mut inside = node(name.into(), View::Identity, &[x], &[made], Vec::new());
        inside.op = op;
        Graph { inputs: Vec::new(), outputs: vec![made], nodes: vec![inside] }
    };
    let bodies = vec![branch(operator("Relu"), "then"), branch(operator("Identity"), "else")];
    let chosen = net.tensor();
    net.0.tensors[chosen.index()].name = "chosen".into();
    net.push(If, &[condition], &[chosen], bodies);
    let mut last = chosen;
    if extra {
        last = net.node(View::Identity, &[chosen]);
    }
    let out = net.relu(last);
    net.0.tensors[out.index()].name = "out".into();
    net.output(out);
    net.0
}

#[test]
fn what_is_inside_a_node_follows_it() {
    let (original, optimised) = (branching(true), branching(false));
    let found = correspond(&original, &optimised);
    assert_eq!(found.covers, [vec![0], vec![2]]);
    assert_eq!(found.lost, [1]);

    // Where the optimiser knows the condition, it puts the branch in the place of the node.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[4]);
    net.0.tensors[x.index()].name = "t0".into();
    let then = net.relu(x);
    net.0.tensors[then.index()].name = "then".into();
    let out = net.relu(then);
    net.0.tensors[out.index()].name = "out".into();
    net.output(out);
    let found = correspond(&branching(true), &net.0);
    assert_eq!(found.covers, [vec![0], vec![2]]);
}

#[test]
fn times_go_to_groups() {
    let original =
        graph(&[("a", "Conv", "x w1", "c"), ("b", "Relu", "c", "r"), ("c", "Conv", "r w2", "out")]);
    let optimised = graph(&[
        ("in", "ReorderInput", "x", "t0"),
        ("fused", "FusedConv", "t0 w1", "r"),
        ("c", "Conv", "r w2", "out"),
    ]);
    let found = correspond(&original, &optimised);
    assert_eq!(found.added, [true, false, false]);
    let times = attribute(&found, &[Some(0.5), Some(2.0), Some(4.0)]);
    assert_eq!(
        times.groups,
        [
            Group { layers: vec![0, 1], nodes: vec![0, 1], ms: Some(2.5), added_ms: 0.5 },
            Group { layers: vec![2], nodes: vec![2], ms: Some(4.0), added_ms: 0.0 },
        ]
    );
    assert_eq!((times.rest, times.rest_ms), (vec![], 0.0));
    // A node without a measurement leaves its group without one.
    let times = attribute(&found, &[None, Some(2.0)]);
    assert_eq!(times.groups.iter().map(|group| group.ms).collect::<Vec<_>>(), [None, None]);
    // Graphs that have nothing to do with each other.
    let strange = graph(&[("z", "Relu", "x_other", "y_other")]);
    let found = correspond(&original, &strange);
    assert_eq!((found.lost.clone(), found.untraced.clone()), (vec![], vec![0, 1, 2]));
    let times = attribute(&found, &[Some(1.0)]);
    assert_eq!((times.groups, times.rest, times.rest_ms), (vec![], vec![0], 1.0));
}
