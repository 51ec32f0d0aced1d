"""The onnx package's node cases as files: what each declares is taken away, what its data says is kept to compare with.

A case is a small graph with inputs and the outputs that belong to them. Two files are made of it, neither of which
says anything about its outputs but their kinds:

    fixed     inputs have the shapes of the case
    symbolic  every extent of every input is a symbol of its own

What decides shapes by the standard is stored in both, for a model would hold it too: integers and truth values of up
to STORED elements, and the floating-point operands in DECIDING.
"""

import dataclasses
import functools
import pathlib
import warnings

import numpy
import onnx
from mac_oracle import CONTRACTIONS
from onnx import TensorProto, helper, numpy_helper

STORED = 64
"""Integers and truth values of up to so many elements may decide a shape."""

INTEGERS = {
    getattr(TensorProto, f"{sign}INT{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64)
} | {TensorProto.BOOL}

DECIDING = {"OneHot": {1}, "Range": {0, 1, 2}, "Resize": {1, 2}, "Upsample": {1}}
"""Operands that decide shapes by the standard though they may be floating-point numbers: depths, limits, scales."""


@dataclasses.dataclass
class Case:
    name: str
    model: onnx.ModelProto
    inputs: list
    outputs: list

    @property
    def graph(self):
        return self.model.graph

    def values(self):
        """(declaration, value) of every input that is given."""
        return list(zip(self.graph.input, self.inputs))

    def expected(self):
        """(name, what it really is) of every output; see `kind`."""
        return [(o.name, kind(o.type, value)) for o, value in zip(self.graph.output, self.outputs)]

    @functools.cached_property
    def nodes(self):
        """All nodes, those of subgraphs included."""
        return list(walk(self.graph))

    @functools.cached_property
    def stored(self):
        """The names of the inputs that are stored in the files."""
        operands = {name for node in self.nodes if node.op_type in CONTRACTIONS for name in node.input}
        deciding = {
            name for node in self.nodes for at, name in enumerate(node.input) if at in DECIDING.get(node.op_type, ())
        }
        # with stored operands only, a matrix product would be made once, at load, and cost nothing
        return {
            value.name
            for value, array in self.values()
            if isinstance(array, numpy.ndarray)
            and array.size <= STORED
            and value.name not in operands
            and (value.name in deciding or value.type.tensor_type.elem_type in INTEGERS)
        }


def collect():
    """Every node case of the onnx package, in the order of their names."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        made = collect_testcases(None)
    cases = (Case(c.name, c.model, *([plain(v) for v in side] for side in c.data_sets[0])) for c in made)
    return sorted(cases, key=lambda case: case.name)


def plain(value):
    """A tensor of a case as an array, even if it is a single number."""
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    return numpy.asarray(value) if isinstance(value, numpy.generic) else value


def walk(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for body in [attribute.g, *attribute.graphs]:
                yield from walk(body)


def kind(declared, value):
    """(element type, shape) of a tensor, a list of those for a sequence, None for an optional that is empty."""
    which = declared.WhichOneof("value")
    if value is None:
        return None
    if which == "optional_type":
        return kind(declared.optional_type.elem_type, value)
    if which == "sequence_type":
        return [kind(declared.sequence_type.elem_type, member) for member in value]
    return element_type(declared.tensor_type.elem_type), list(numpy.shape(value))


def element_type(number):
    """The name weigh gives an element type."""
    name = TensorProto.DataType.Name(number).lower()
    return {"float": "float32", "double": "float64"}.get(name, name)


def forget_shape(declared):
    """Take the shapes out of a type."""
    which = declared.WhichOneof("value")
    if which in ("tensor_type", "sparse_tensor_type"):
        getattr(declared, which).ClearField("shape")
    elif which:
        forget_shape(getattr(declared, which).elem_type)


def bare(case):
    """The case's model with the deciding inputs stored and no shapes but those of the other inputs."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    for value, array in case.values():
        if value.name in case.stored:
            graph.initializer.append(numpy_helper.from_array(array, value.name))
            graph.input.remove(value)
    del graph.value_info[:]
    for output in graph.output:
        forget_shape(output.type)
    return model


def fixed(case):
    return bare(case)


def symbolic(case):
    """The model, and what its symbols stand for in the case.

    weigh takes an input's leading symbol to be 1 unless told otherwise, so every input comes in a box, with an extent
    of 1 in front that a Squeeze takes away. An extent of 0 stays a number: symbols stand for positive ones.
    """
    model = bare(case)
    graph = model.graph
    arrays = {value.name: array for value, array in case.values()}
    symbols, squeezes = {}, []
    for at, value in enumerate(graph.input):
        array = arrays[value.name]
        if not isinstance(array, numpy.ndarray) or array.ndim == 0:
            continue
        names = {f"i{at}_d{axis}": extent for axis, extent in enumerate(array.shape)}
        symbols |= names
        shape = [name if extent else 0 for name, extent in names.items()]
        name = value.name
        value.CopyFrom(helper.make_tensor_value_info(f"{name}/box", value.type.tensor_type.elem_type, [1, *shape]))
        squeezes.append(squeeze(model, value.name, name))
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*squeezes, *rest])
    return model, symbols


def squeeze(model, name, output):
    """A node that takes the first axis away, as the model's version of the standard writes it."""
    version = next((o.version for o in model.opset_import if not o.domain), None)
    if version is None:
        version = 13
        model.opset_import.append(helper.make_opsetid("", version))
    if version < 13:
        return helper.make_node("Squeeze", [name], [output], axes=[0])
    if all(tensor.name != "box/axes" for tensor in model.graph.initializer):
        model.graph.initializer.append(numpy_helper.from_array(numpy.array([0], numpy.int64), "box/axes"))
    return helper.make_node("Squeeze", [name, "box/axes"], [output])


def write(model, path: pathlib.Path):
    path.write_bytes(model.SerializeToString())
    return path
