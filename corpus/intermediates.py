"""Every tensor inside a graph, by what ONNX Runtime makes of it: shapes to hold weigh's against."""

import dataclasses
import pathlib

import numpy
import onnx
import onnxruntime

NUMPY = {
    "tensor(float)": numpy.float32,
    "tensor(float16)": numpy.float16,
    "tensor(int64)": numpy.int64,
    "tensor(int32)": numpy.int32,
    "tensor(bool)": numpy.bool_,
}


def session(model, level, **config):
    """A session on one thread: `model` is a path or bytes, `config` are session entries by name."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    for name, value in config.items():
        setattr(options, name, value)
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def synthetic(entries, shapes, values=None):
    """An input for every entry of a session: the given value, ones for masks, else small random numbers."""
    random, values = numpy.random.default_rng(7), values or {}
    feed = {}
    for entry in entries:
        kind, shape = NUMPY[entry.type], shapes[entry.name]
        if entry.name in values:
            feed[entry.name] = numpy.full(shape, values[entry.name], kind)
        elif kind == numpy.bool_ or "mask" in entry.name:
            feed[entry.name] = numpy.ones(shape, kind)
        elif numpy.issubdtype(kind, numpy.integer):
            feed[entry.name] = random.integers(1, 2 if "type" in entry.name else 30, shape).astype(kind)
        else:
            feed[entry.name] = (random.standard_normal(shape) / 10).astype(kind)
    return feed


def graphs(graph):
    """A graph and all graphs inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                yield from graphs(body)


def expose(model):
    """Make every tensor that a node of the main graph makes an output of the graph."""
    have = {value.name for value in model.graph.output}
    made = [name for node in model.graph.node for name in node.output if name and name not in have]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)


def produced(path, shapes, values=None):
    """Name -> shape of every tensor that ONNX Runtime makes, nothing optimised; None for what is no tensor.

    Weights beside the model stay there, so the file with all its outputs is written into the same folder.
    """
    model = onnx.load(path, load_external_data=False)
    expose(model)
    exposed = pathlib.Path(path).with_suffix(".exposed.onnx")
    onnx.save(model, exposed)
    try:
        run = session(exposed, onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL)
        made = run.run(None, synthetic(run.get_inputs(), shapes, values))
    finally:
        exposed.unlink()
    names = [value.name for value in run.get_outputs()]
    return {name: list(value.shape) if isinstance(value, numpy.ndarray) else None for name, value in zip(names, made)}


@dataclasses.dataclass
class Compared:
    equal: int = 0
    excused: int = 0
    """Differ, as a table of reasons allows."""
    not_tensors: int = 0
    in_bodies: int = 0
    """Made by nodes of graphs inside nodes, which cannot be outputs."""
    wrong: list = dataclasses.field(default_factory=list)

    @property
    def all(self):
        return self.equal + self.excused + len(self.wrong)


def compare(report, path, made, excuses=()):
    """weigh's shapes beside those that were made; `excuses` are names whose extents the data alone decides."""
    said = {}
    for layer in report["layers"]:
        said.update(zip(layer["outputs"], layer["output_shapes"]))
    graph = onnx.load(path, load_external_data=False).graph
    bodies = [body for body in graphs(graph) if body is not graph]
    result = Compared(in_bodies=sum(len(node.output) for body in bodies for node in body.node))
    for node in graph.node:
        for name in filter(None, node.output):
            if made[name] is None:
                result.not_tensors += 1
            elif said.get(name) == made[name]:
                result.equal += 1
            elif name in excuses:
                result.excused += 1
            else:
                result.wrong.append(f"{node.op_type} {name}: weigh says {said.get(name)}, ONNX Runtime {made[name]}")
    return result
