"""Why the shape of an output or the price of a node cannot be told without running the case, by the ONNX standard."""

import collections.abc
import dataclasses

from node_cases import Case


def always(case, node, real):
    return True


@dataclasses.dataclass(frozen=True)
class Reason:
    operator: str
    text: str
    applies: collections.abc.Callable = always
    """Whether it holds for (case, node, what the output really is)."""

    def explains(self, case: Case, real=None):
        return any(node.op_type == self.operator and self.applies(case, node, real) for node in case.nodes)


def from_data(operand):
    """Whether this operand is computed from the elements of an input that is not stored."""

    def applies(case, node, real):
        return bool(roots(case, node.input[operand]) - case.stored)

    return applies


def roots(case, name):
    """The inputs of the case whose elements decide the elements of a tensor."""
    if name in {value.name for value in case.graph.input}:
        return {name}
    makers = [node for node in case.graph.node if name in node.output and node.op_type not in ("Shape", "Size")]
    return {root for node in makers for operand in node.input for root in roots(case, operand)}


def open_sequence(case, node, real):
    """Whether an input is a sequence, whose type does not say how many members it has, or may be one."""
    return any(value.type.WhichOneof("value") in ("sequence_type", "optional_type") for value in case.graph.input)


def stop_words(case, node, real):
    """Whether there are any."""
    return any(attribute.name == "stopwords" for attribute in node.attribute)


def parts(case, node, real):
    """Whether the output holds the parts, and not how many there are."""
    return real[0] == "string"


def sequence_from_sequence(case, node, real):
    """Whether the output is a sequence as well."""
    return isinstance(real, list) and open_sequence(case, node, real)


OPEN = "the type of the sequence that comes in does not say how many members it has"

UNKNOWN = (
    Reason("ImageDecoder", "the size of the picture is inside its data"),
    Reason("NonMaxSuppression", "how many boxes are kept depends on their scores and places"),
    Reason("StringNormalizer", "how many strings are none of the stop words", stop_words),
    Reason("StringSplit", "the last axis is as long as the most parts of any string", parts),
    Reason("Unique", "how many elements differ", from_data(0)),
    Reason("Loop", "how often it runs is computed from floating-point inputs", from_data(0)),
    Reason("Loop", OPEN, sequence_from_sequence),
    Reason("Identity", OPEN, sequence_from_sequence),
    Reason("OptionalGetElement", OPEN, sequence_from_sequence),
    Reason("SequenceInsert", OPEN, sequence_from_sequence),
    Reason("SequenceMap", OPEN, sequence_from_sequence),
)
"""Of outputs with an extent or an element type that is unknown, the first that applies counts."""

UNPRICED = (
    Reason("NonMaxSuppression", "how many boxes are compared depends on how many were kept before"),
    Reason("ImageDecoder", "the work depends on the format and the size of the picture"),
    Reason("SequenceMap", "it runs once for each member of a sequence of unknown length", open_sequence),
    Reason("Loop", "it runs once for each member of a sequence of unknown length", open_sequence),
)
"""Of nodes without a price."""
