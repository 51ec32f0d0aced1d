"""Graphs as ONNX Runtime's optimiser leaves them: fused operators and blocked layouts, held against the graph they are from.

Usage: optimised.py FOLDER [--weigh PATH] [--every] [--update-docs]

The architectures of the zoo and the light models of the onnx package go through the optimiser twice; those of SIBLINGS,
which have large files and no operator of their own, only with --every. weigh must shape and price every node of what
comes out, and every tensor must have the shape that ONNX Runtime makes.

* "extended" fuses operators. The MACs must be those of the original.
* "all" also lays convolutions out in blocks of channels. That pads channels to whole blocks, as many as the processor
  has lanes, and makes depthwise convolutions of batch normalisations that could not be folded. How many channels are
  real is not always in the file. So the MACs must be no fewer than those of the original, and no more than those of the
  original with its convolutions replaced by those of the file, counted from the shapes ONNX Runtime makes. Where no
  channel is padded, the two are one number.
"""

import json
import math
import pathlib

import numpy
import onnx
import onnx.backend.test
import onnxruntime
from harness import Tally, arguments, inspect, weigh
from intermediates import compare, input_arguments, is_complete, produced, section, session
from onnx import helper, numpy_helper

LEVELS = {
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}

SIZES = {"batch": 2, "seq": 16, "past": 15}
"""What the open dims of the zoo are bound to."""

SIBLINGS = {
    "alexnet",
    "gpt2",
    "light_bvlc_alexnet",
    "light_vgg19",
    "light_zfnet512",
    "resnet34",
    "resnet101",
    "resnet152",
    "vgg11",
    "vgg16",
    "vgg19",
}

CONVOLUTIONS = {"Conv", "FusedConv"}


def tell_apart(path):
    """Fill every generated weight with a number of its own: the optimiser merges equal weights, and then their readers."""
    model = onnx.load(path)
    stored = {tensor.name for tensor in model.graph.initializer}
    stored |= {node.output[0] for node in model.graph.node if node.op_type == "Constant"}
    for index, node in enumerate(model.graph.node):
        if node.op_type != "ConstantOfShape" or node.input[0] not in stored:
            continue
        old = [numpy_helper.to_array(attribute.t) for attribute in node.attribute]
        kind = old[0].dtype if old else numpy.dtype(numpy.float32)
        if kind.kind == "f":
            del node.attribute[:]
            own = numpy.array([(1 + index / 4096) / 16], kind)
            node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(own)))
    onnx.save(model, path)


def optimise(path, level):
    """The graph that ONNX Runtime would run, as a file with its weights beside it; and the shapes of its inputs."""
    result = path.with_name(f"{path.stem}.{level}.onnx")
    config = {
        "session.optimized_model_external_initializers_file_name": result.name + ".data",
        "session.optimized_model_external_initializers_min_size_in_bytes": "1024",
    }
    inputs = session(path, LEVELS[level], config, optimized_model_filepath=str(result)).get_inputs()
    return result, {entry.name: tuple(SIZES.get(extent, extent) for extent in entry.shape) for entry in inputs}


def convolved(path, made):
    """MACs of all convolutions: each output element sums over (input channels / groups) × kernel."""
    graph = onnx.load(path, load_external_data=False).graph
    weights = {tensor.name: tensor.dims for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in CONVOLUTIONS]
    return sum(math.prod(made[node.output[0]]) * math.prod(weights[node.input[1]][1:]) for node in nodes)


def judge(tally, binary, name, path):
    """Check one model at both levels; its rows for the document."""
    tell_apart(path)
    original, rows, plain = None, [], 0
    for level in LEVELS:
        if level == "all" and not plain:
            break  # no convolution to lay out
        subject = f"{name} ({level})"
        file, shapes = optimise(path, level)
        bound = input_arguments(shapes)
        original = original or inspect(binary, path, *bound)["totals"]["macs"]
        report = inspect(binary, file, *bound)
        coverage, macs = report["coverage"], report["totals"]["macs"]
        tally.check(subject, "coverage", is_complete(coverage), coverage)
        made, _, _ = produced(file, shapes)
        compared = compare(report, made)
        tally.check(subject, "shapes", compared.equal and not compared.wrong, "; ".join(compared.wrong[:5]))
        convolutions = convolved(file, made)
        plain = plain or convolutions
        padded = original - plain + convolutions
        mark = tally.check(subject, "MACs", original <= macs <= padded, f"{macs:,} not in {original:,}..{padded:,}")
        operators = {(node.domain, node.op_type) for node in onnx.load(file, load_external_data=False).graph.node}
        cells = [
            f"{coverage['shaped']}/{coverage['priced']}/{coverage['nodes']}",
            len(operators),
            f"{macs:,}" if mark == "ok" else f"{macs:,} (!)",
            f"{macs - original:+,}" if macs != original else "same",
            f"{padded - original:+,}" if padded != original else "same",
            f"{compared.equal}/{len(made)}",
        ]
        tally.line(subject, *cells)
        rows.append(f"| {name} | {level} | " + " | ".join(map(str, cells)) + " |")
    return rows


def models(binary, folder):
    """(path, a function that makes the file) of every model."""
    for entry in json.loads(weigh(binary, "zoo", "list", "--format", "json"))["zoo"]:
        path = folder / f"{entry['name']}.onnx"
        yield path, lambda path=path: weigh(binary, "zoo", "write", path.stem, "-o", path, "--batch", "2")
    for light in sorted((pathlib.Path(onnx.backend.test.__file__).parent / "data/light").glob("*.onnx")):
        path = folder / light.name
        yield path, lambda path=path, light=light: path.write_bytes(light.read_bytes())


HEADER = [
    "| model | level | shaped/priced/nodes | operators | MACs | beside the original | with padding | tensors equal |",
    "| --- | --- | --: | --: | --: | --: | --: | --: |",
]


def main():
    switches = [("every", "siblings with large files too"), ("update-docs", "write the table of docs/models.md")]
    options = arguments(__doc__, "folder", switches=switches)
    options.folder.mkdir(parents=True, exist_ok=True)
    tally = Tally(
        ("model", 32),
        ("coverage", -12),
        ("operators", -9),
        ("MACs", -15),
        ("original", -12),
        ("padded", -12),
        ("shapes", -8),
    )
    rows = []
    for path, make in models(options.weigh, options.folder):
        if path.stem in SIBLINGS and not options.every:
            continue
        try:
            make()
            rows += judge(tally, options.weigh, path.stem, path)
        except Exception as error:
            tally.failed(path.stem, error)
        for file in options.folder.iterdir():
            file.unlink()
    if options.update_docs:
        section("optimised", HEADER + rows, True)
    tally.close()


if __name__ == "__main__":
    main()
