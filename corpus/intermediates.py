"""Every tensor inside a graph as ONNX Runtime makes it: shapes to hold weigh's against."""

import dataclasses
import pathlib

import numpy
import onnx
import onnxruntime

PLAIN = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL

NUMPY = {
    "tensor(float)": numpy.float32,
    "tensor(float16)": numpy.float16,
    "tensor(int64)": numpy.int64,
    "tensor(int32)": numpy.int32,
    "tensor(bool)": numpy.bool_,
}


def session(path, level, config=(), **options):
    """A session on one thread; `options` are fields of SessionOptions, `config` are its entries by name."""
    wanted = onnxruntime.SessionOptions()
    wanted.graph_optimization_level = level
    wanted.intra_op_num_threads = wanted.inter_op_num_threads = 1
    wanted.log_severity_level = 4
    for name, value in options.items():
        setattr(wanted, name, value)
    for name, value in dict(config).items():
        wanted.add_session_config_entry(name, value)
    return onnxruntime.InferenceSession(str(path), wanted, providers=["CPUExecutionProvider"])


def synthetic(entries, shapes, values):
    """An input for every entry of a session: the value given for it, ones for a mask, else small random numbers."""
    random = numpy.random.default_rng(7)
    feed = {}
    for entry in entries:
        kind, shape = NUMPY[entry.type], shapes.get(entry.name, entry.shape)
        if entry.name in values:
            feed[entry.name] = numpy.full(shape, values[entry.name], kind)
        elif kind == numpy.bool_ or "mask" in entry.name:
            feed[entry.name] = numpy.ones(shape, kind)
        elif numpy.issubdtype(kind, numpy.integer):
            feed[entry.name] = random.integers(1, 2 if "type" in entry.name else 30, shape).astype(kind)
        else:
            feed[entry.name] = (random.standard_normal(shape) / 10).astype(kind)
    return feed


def bodies(node):
    """The graphs inside a node by name: the branches of If, the body of Loop or Scan."""
    return {a.name: a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH}


def graphs(graph):
    """A graph and all graphs inside its nodes."""
    yield graph
    for node in graph.node:
        for body in bodies(node).values():
            yield from graphs(body)


def run(path, model, shapes, values):
    """Name -> value of every tensor that a node of the main graph makes, nothing optimised.

    Weights beside the model stay there: the file with all its outputs is written into the same folder.
    """
    exposed, file = onnx.ModelProto(), pathlib.Path(path).with_suffix(".exposed.onnx")
    exposed.CopyFrom(model)
    have = {value.name for value in model.graph.output}
    made = [name for node in model.graph.node for name in node.output if name and name not in have]
    exposed.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)
    onnx.save(exposed, file)
    try:
        runtime = session(file, PLAIN)
        results = runtime.run(None, synthetic(runtime.get_inputs(), shapes, values))
    finally:
        file.unlink()
    return dict(zip([value.name for value in runtime.get_outputs()], results))


def take_branches(graph, made):
    """Put the branch that ran in the place of every If of the main graph; whether there was one."""
    nodes, found = [], False
    for node in graph.node:
        if node.op_type != "If":
            nodes.append(node)
            continue
        found = True
        branch = bodies(node)["then_branch" if made[node.input[0]].all() else "else_branch"]
        graph.initializer.extend(branch.initializer)
        nodes.extend(branch.node)
        results = zip(branch.output, node.output)
        nodes.extend(onnx.helper.make_node("Identity", [inner.name], [outer]) for inner, outer in results if outer)
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    return found


def produced(path, shapes, values=()):
    """(name -> shape of every tensor that was made, the file they are from, how many tensors it lacks).

    The shape of what is no tensor is None. Where the graph branches, the file is another one beside it, with the
    branches that ran in their nodes' places; it lacks what other branches make, and what bodies of loops make.
    """
    path, model = pathlib.Path(path), onnx.load(path, load_external_data=False)
    every = sum(len(node.output) for graph in graphs(model.graph) for node in graph.node)
    made = run(path, model, shapes, dict(values))
    while take_branches(model.graph, made):
        path = path.with_name("straight.onnx")
        onnx.save(model, path)
        made = run(path, model, shapes, dict(values))
    shaped = {name: list(v.shape) if isinstance(v, numpy.ndarray) else None for name, v in made.items()}
    return shaped, path, max(0, every - len(shaped))


@dataclasses.dataclass
class Compared:
    equal: int = 0
    excused: int = 0
    """Extents that only data decides, as a table of reasons says."""
    not_tensors: int = 0
    wrong: list = dataclasses.field(default_factory=list)


def compare(report, made, excuses=()):
    """weigh's shape of every tensor beside the one that was made."""
    said = {}
    for layer in report["layers"]:
        said.update(zip(layer["outputs"], layer["output_shapes"]))
    result = Compared()
    for name, shape in made.items():
        if shape is None:
            result.not_tensors += 1
        elif said.get(name) == shape:
            result.equal += 1
        elif name in excuses:
            result.excused += 1
        else:
            result.wrong.append(f"{name}: weigh says {said.get(name)}, ONNX Runtime made {shape}")
    return result


def input_arguments(shapes, values=()):
    """The arguments that tell weigh the shapes of its inputs, and what inputs of one element hold."""
    given = [("--input", f"{name}:{'x'.join(map(str, shape))}") for name, shape in shapes.items() if shape]
    held = [("--value", f"{name}={value}") for name, value in dict(values).items()]
    return [part for pair in given + held for part in pair]


def is_complete(coverage):
    return coverage["nodes"] == coverage["shaped"] == coverage["priced"] > 0 and not coverage["unknown"]


def section(name, lines, update, document="models.md"):
    """Whether the part `name` of a page of docs is these lines; with `update`, make it so."""
    path = pathlib.Path(__file__).parent.parent / "docs" / document
    text = path.read_text()
    start, end = f"<!-- {name}: made by corpus/{name}.py --update-docs -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = text.partition(start)
    old, _, after = rest.partition(end)
    wanted = "\n" + "\n".join(lines) + "\n\n"
    if update:
        path.write_text(before + start + wanted + end + after)
    return update or old == wanted
