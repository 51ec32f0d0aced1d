"""Multiply-accumulates counted from real tensors: every matrix-like operator as the contractions of its definition.

A contraction is an equation over labelled axes, as Einsum writes it, and the operands it is applied to; it takes one
multiply-accumulate at every point of the space that its labels span. Padding counts, the addition of a bias does not.
What an operator does to single elements (activations, gates, masks, scales) is no contraction.
"""

import functools
import math

import numpy
from onnx.helper import get_node_attr_value
from onnx.reference import ReferenceEvaluator


def contraction(equation, *shapes):
    """Points of the index space of an equation, after checking that the operands agree about it."""
    extents = {}
    for labels, shape in zip(equation.split("->")[0].split(","), shapes, strict=True):
        for label, extent in zip(labels, shape, strict=True):
            if extents.setdefault(label, extent) != extent:
                raise ValueError(f"{equation}: {label} is {extents[label]} and {extent} in {shapes}")
    return math.prod(extents.values())


def attribute(node, name, default=None):
    return next((get_node_attr_value(node, name) for a in node.attribute if a.name == name), default)


def convolution(node, inputs, outputs, x=0, w=1):
    """Every output position sees a window of each channel of its group."""
    (x, w), y = (inputs[x], inputs[w]), outputs[0]
    groups, places, window = attribute(node, "group", 1), math.prod(y[2:]), math.prod(w[2:])
    seen = [x[0], groups, x[1] // groups, places, window]
    return contraction("ngcpk,gfck->ngfp", seen, [groups, y[1] // groups, w[1], window])


def quantised_convolution(node, inputs, outputs):
    return convolution(node, inputs, outputs, 0, 3)


def transposed_convolution(node, inputs, outputs):
    """Every input position is spread over a window of each output channel of its group; cropping comes after."""
    x, w = inputs[0], inputs[1]
    groups = attribute(node, "group", 1)
    spread = [x[0], groups, x[1] // groups, math.prod(x[2:])]
    return contraction("ngcp,gcfk->ngfpk", spread, [groups, w[0] // groups, w[1], math.prod(w[2:])])


def causal_convolution(_, inputs, outputs):
    """A window of its own for every channel, at every step; what came before is in front of the steps."""
    (batch, channels, steps), w = outputs[0], inputs[1]
    return contraction("bclk,ck->bcl", [batch, channels, steps, w[2]], [channels, w[2]])


def matrices(a, b):
    """As numpy.matmul: vectors are rows or columns, what is in front broadcasts."""
    a, b = ([1, *a] if len(a) == 1 else a), ([*b, 1] if len(b) == 1 else b)
    batch = math.prod(numpy.broadcast_shapes(a[:-2], b[:-2]))
    return contraction("bmk,bkn->bmn", [batch, *a[-2:]], [batch, *b[-2:]])


def matmul(_, inputs, outputs):
    return matrices(inputs[0], inputs[1])


def quantised_matmul(_, inputs, outputs):
    return matrices(inputs[0], inputs[3])


def gemm(node, inputs, outputs):
    turned = lambda shape, name: shape[::-1] if attribute(node, name, 0) else shape
    return contraction("mk,kn->mn", turned(inputs[0], "transA"), turned(inputs[1], "transB"))


def einsum(node, inputs, outputs):
    """The operator's own equation; with one operand nothing is multiplied."""
    equation = attribute(node, "equation").decode().replace(" ", "")
    if len(inputs) == 1:
        return 0
    terms = equation.split("->")[0].split(",")
    hidden = max(len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, inputs))
    fill = "".join(chr(0x3B1 + at) for at in range(hidden))
    terms = [
        term.replace("...", fill[hidden - (len(shape) - len(term.replace("...", ""))) :])
        for term, shape in zip(terms, inputs)
    ]
    return contraction(",".join(terms), *inputs) * (len(inputs) - 1)


def recurrent(node, inputs, outputs):
    """W and R hold the gates of all directions; every step of every sequence goes through both."""
    x, w, r = inputs[:3]
    steps = math.prod(x[:2])
    return contraction("si,dgi->sdg", [steps, x[2]], w) + contraction("sh,dgh->sdg", [steps, r[2]], r)


def heads(shape, count):
    """[batch, heads, length, size] of an operand that may have its heads in the last axis."""
    return shape if len(shape) == 4 else [shape[0], count, shape[1], shape[2] // count]


def attention(node, inputs, outputs):
    """Scores of all queries with all keys, those of the past too, then as many values summed; masks skip nothing."""
    q = heads(inputs[0], attribute(node, "q_num_heads"))
    k, v = (heads(inputs[at], attribute(node, "kv_num_heads")) for at in (1, 2))
    past = inputs[4] if len(inputs) > 4 and inputs[4] else None
    if past:
        k, v = [[*x[:2], x[2] + past[2], x[3]] for x in (k, v)]
    groups = q[1] // k[1]
    q = [q[0], k[1], groups, *q[2:]]
    scores = [*q[:3], q[3], k[2]]
    return contraction("bhgqd,bhkd->bhgqk", q, k) + contraction("bhgqk,bhkd->bhgqd", scores, v)


def linear_attention(node, inputs, outputs):
    """At every step a state per head of keys is read out by the queries and written by an outer product; the delta
    rules read it out by the key as well, to write what differs."""
    query_heads, key_heads = attribute(node, "q_num_heads"), attribute(node, "kv_num_heads")
    q, k, v = heads(inputs[0], query_heads), heads(inputs[1], key_heads), heads(inputs[2], key_heads)
    state = [k[0], k[1], k[2], k[3], v[3]]  # one for each step
    q = [q[0], k[1], q[1] // k[1], *q[2:]]
    written = contraction("bhtk,bhtv->bhtkv", k, v)
    read = contraction("bhgtk,bhtkv->bhgtv", q, state)
    rule = attribute(node, "update_rule", b"gated_delta").decode()
    retrieved = contraction("bhtk,bhtkv->bhtv", k, state) if "delta" in rule else 0
    return written + read + retrieved


CONTRACTIONS = {
    "Attention": attention,
    "CausalConvWithState": causal_convolution,
    "Conv": convolution,
    "ConvInteger": convolution,
    "ConvTranspose": transposed_convolution,
    "DeformConv": convolution,
    "Einsum": einsum,
    "FlexAttention": attention,
    "GRU": recurrent,
    "Gemm": gemm,
    "LSTM": recurrent,
    "LinearAttention": linear_attention,
    "MatMul": matmul,
    "MatMulInteger": matmul,
    "QLinearConv": quantised_convolution,
    "QLinearMatMul": quantised_matmul,
    "RNN": recurrent,
}
"""Operator -> its multiply-accumulates, from (node, shapes of its inputs, shapes of its outputs)."""


def macs(model, inputs):
    """Multiply-accumulates of a model on real inputs: the reference implementation runs it, every node is watched, and
    counts as often as it is executed."""
    evaluator, counts = ReferenceEvaluator(model), []
    watch(evaluator, counts)
    evaluator.run(None, {value.name: array for value, array in zip(model.graph.input, inputs)})
    return sum(counts)


def watch(evaluator, counts):
    """Make all nodes of an evaluator, those of subgraphs and functions included, leave a count when they run."""
    for node in evaluator.rt_nodes_:
        if node.onnx_node.op_type in CONTRACTIONS:
            node.run = functools.partial(watched, node.run, node.onnx_node, counts)
        for inner in vars(node).values():
            if isinstance(inner, ReferenceEvaluator):
                watch(inner, counts)


def watched(run, node, counts, *inputs, **keywords):
    outputs = run(*inputs, **keywords)
    shapes = [[None if value is None else list(numpy.shape(value)) for value in side] for side in (inputs, outputs)]
    counts.append(CONTRACTIONS[node.op_type](node, *shapes))
    return outputs
