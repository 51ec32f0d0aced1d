"""Counts made without weigh: shapes from onnx.shape_inference, weights from ONNX Runtime, MACs by hand formula."""

import math
import pathlib
import tempfile

import onnx
import onnxruntime

FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE, onnx.TensorProto.BFLOAT16}


def shapes(model):
    """Name -> shape (a tuple of integers and, where unknown, None) of every tensor that shape inference can tell."""
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    graph = inferred.graph
    known = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        kind = value.type.tensor_type
        if value.type.WhichOneof("value") == "tensor_type" and kind.HasField("shape"):
            known.setdefault(
                value.name,
                tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim),
            )
    return known


def attribute(node, name, default):
    for candidate in node.attribute:
        if candidate.name == name:
            return onnx.helper.get_attribute_value(candidate)
    return default


def node_macs(node, known):
    """MACs of one node, None for an operator that has none. KeyError or TypeError: a shape is not known."""
    if node.op_type == "Conv":
        # every output element sums over (input channels / groups) x kernel; the weight is [Co, Ci/g, k...]
        return math.prod(known[node.output[0]]) * math.prod(known[node.input[1]][1:])
    if node.op_type == "Gemm":
        a = known[node.input[0]]
        return math.prod(known[node.output[0]]) * (a[0] if attribute(node, "transA", 0) else a[1])
    if node.op_type == "MatMul":
        return math.prod(known[node.output[0]]) * known[node.input[0]][-1]
    return None


def macs(model):
    """(total multiply-accumulates, names of the nodes whose shapes are not known)."""
    known = shapes(model)
    total, blind = 0, []
    for node in model.graph.node:
        try:
            total += node_macs(node, known) or 0
        except (KeyError, TypeError):
            blind.append(node.name or node.output[0])
    return total, blind


# Rewrites that would merge or make weights. Constant folding stays: it makes ConstantOfShape real.
WEIGHT_REWRITES = [
    "ConstantSharing",
    "ConvAddFusion",
    "ConvBNFusion",
    "ConvMulFusion",
    "EliminateDropout",
    "GemmActivationFusion",
    "MatMulAddFusion",
    "MatMulBNFusion",
]


def weights(path):
    """(parameters, buffers) of a model as ONNX Runtime holds it, counted in elements.

    ONNX Runtime folds all that depends on constants only and writes the graph it would run. What is left as a float
    initialiser is a weight; the running mean and variance of a batch normalisation (inputs 3 and 4) are buffers.
    """
    with tempfile.TemporaryDirectory() as folder:
        folded = pathlib.Path(folder) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(folded)
        options.log_severity_level = 3
        onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=WEIGHT_REWRITES
        )
        graph = onnx.load(folded).graph
    made = [node.op_type for node in graph.node if not any(node.input)]
    if made:
        raise ValueError(f"{path}: constant folding left {made}")
    held = {t.name: math.prod(t.dims) for t in graph.initializer if t.data_type in FLOATS}
    buffers, parameters = set(), set()
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name in held:
                state = node.op_type == "BatchNormalization" and index >= 3
                (buffers if state else parameters).add(name)
    return sum(held[name] for name in parameters), sum(held[name] for name in buffers)
