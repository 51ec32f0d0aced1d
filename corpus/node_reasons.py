"""Why the shape of an output or the price of a node cannot be told without running the case, by the ONNX standard."""

import collections.abc
import dataclasses

import numpy
from node_cases import Case


def always(case, node):
    return True


@dataclasses.dataclass(frozen=True)
class Reason:
    operator: str
    text: str
    applies: collections.abc.Callable = always
    """Whether it holds for (case, node)."""

    def explains(self, case: Case):
        return any(node.op_type == self.operator and self.applies(case, node) for node in case.nodes)


def is_data(*operands):
    """Whether one of these operands is an input of the case that is not stored."""

    def applies(case, node):
        given = {value.name for value in case.graph.input} - case.stored
        return any(at < len(node.input) and node.input[at] in given for at in operands)

    return applies


UNKNOWN = (
    Reason("Compress", "how many elements the mask keeps", is_data(1)),
    Reason("ImageDecoder", "the size of the picture is inside its data"),
    Reason("NonMaxSuppression", "how many boxes are kept depends on their scores and places"),
    Reason("NonZero", "how many elements are not zero", is_data(0)),
    Reason("OneHot", "the depth is a floating-point input", is_data(1)),
    Reason("Range", "the limits are floating-point inputs", is_data(0, 1, 2)),
    Reason("StringSplit", "the last axis is as long as the most parts of any string"),
    Reason("Unique", "how many elements differ"),
)
"""Of outputs with an extent or an element type that is unknown, the first that applies counts."""

UNPRICED = (
    Reason("NonMaxSuppression", "how many boxes are compared depends on how many were kept before"),
    Reason("ImageDecoder", "the work depends on the format and the size of the picture"),
)
"""Of nodes without a price."""
