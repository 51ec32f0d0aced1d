"""Models that the tests of the HTML report need: one whose names are hostile, one with very many layers.

Usage: models.py hostile TEXTS.json MODEL.onnx
       models.py chain LAYERS MODEL.onnx
"""

import json
import pathlib
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(name, nodes, weights, value, path, **more):
    """A model from `x` to the last node's output."""
    shape = [1, 8, 16, 16]
    entry = helper.make_tensor_value_info(value, TensorProto.FLOAT, shape)
    out = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, shape)
    domains = {node.domain for node in nodes} - {""}
    imports = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    graph = helper.make_graph(nodes, name, [entry], [out], weights)
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8, **more), path)


def weight(name):
    return numpy_helper.from_array(numpy.zeros([8, 8, 1, 1], numpy.float32), name)


def hostile(texts, path):
    """Every text as the name of a convolution, of its weight, its tensor, a module, and of an operator nobody knows."""
    texts = json.loads(pathlib.Path(texts).read_text("utf-8"))
    nodes, weights, last = [], [], texts[0]
    for index, text in enumerate(texts):
        weights.append(weight(f"{text} weight {index}"))
        made = f"{text} tensor {index}"
        nodes.append(helper.make_node("Conv", [last, weights[-1].name], [made], f"{text}/{index}"))
        last = made
    for index, text in enumerate(texts):
        made = f"{text} unknown {index}"
        nodes.append(helper.make_node(text[:200], [last], [made], f"unknown/{text}", domain="com.example"))
    # Of modules twenty thousand deep.
    weights.append(weight("deep weight"))
    nodes.append(helper.make_node("Conv", [last, weights[-1].name], ["deep"], "a/" * 20_000 + "conv"))
    nodes.append(helper.make_node("Relu", ["deep"], ["y"], "end"))
    save(texts[0], nodes, weights, texts[0], path, producer_name=texts[1], producer_version=texts[2])


def chain(layers, path):
    """Pairs of convolution and activation, in modules of a hundred."""
    nodes, weights, last = [], [weight("w")], "x"
    for index in range(int(layers)):
        made, scope = f"t{index}", f"stage{index // 1000}/block{index // 100}/{index}"
        inputs = [last, "w"] if index % 2 == 0 else [last]
        op, kind = ("Conv", "conv") if index % 2 == 0 else ("Relu", "act")
        nodes.append(helper.make_node(op, inputs, [made], f"/{scope}/{kind}/{op}"))
        last = made
    save("chain", nodes, weights, "x", path)


if __name__ == "__main__":
    {"hostile": hostile, "chain": chain}[sys.argv[1]](*sys.argv[2:])
