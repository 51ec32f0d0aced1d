"""Hostile and broken files: weigh answers each with a result or a clear error, fast, in little memory, without a panic.

Usage: bad_input.py FOLDER [--weigh PATH]

The files are made anew in FOLDER. Expectations per file: ERROR is exit code 2 with a message that helps (a hint, an
offset or a node), RESULT is exit code 0 with a JSON document, EITHER leaves the choice.
"""

import json
import random
import shutil

import wire
from harness import Tally, arguments, measure

SECONDS = 10
MIB = 1024
ADDRESS_SPACE_GIB = 8
"""A runaway allocation ends here, instead of taking the machine down."""

ERROR, RESULT, EITHER = (2,), (0,), (0, 2)
X = [wire.value("x", [1, 3, 8, 8])]
Y = [wire.value("y", [1, 3, 8, 8])]
RELU = wire.node("Relu", ["x"], ["y"], "relu")
SOUND = wire.model(wire.graph([RELU], X, Y, [wire.tensor("w", [64], bytes(256))]))

CASES = []
"""(name, expected exit codes, function from the path to make)."""


def case(name, expected):
    def register(make):
        CASES.append((name, expected, make))
        return make

    return register


def simple(name, expected, content):
    CASES.append((name, expected, lambda path: path.write_bytes(content)))


def graph_case(name, expected, *args, functions=()):
    simple(name, expected, wire.model(wire.graph(*args), functions))


# Not a model at all.
simple("sound", RESULT, SOUND)
simple("empty", ERROR, b"")
simple("text", ERROR, b"this is not a model\n" * 50)
simple("random", ERROR, random.Random(1).randbytes(65536))
simple("zeros", ERROR, bytes(65536))
simple("length-2^63", ERROR, b"\x3a" + wire.varint(2**63 - 1) + b"x")
simple("varint-without-end", ERROR, b"\xff" * 4096)
case("directory", ERROR)(lambda path: path.mkdir())
case("missing", ERROR)(lambda path: None)
for cut in (1, 3, len(SOUND) // 3, len(SOUND) // 2, len(SOUND) - 1):
    simple(f"cut-at-{cut}-of-{len(SOUND)}", ERROR, SOUND[:cut])

# Graphs that make no sense.
graph_case("cycle", ERROR, [wire.node("Add", ["x", "b"], ["a"], "one"), wire.node("Relu", ["a"], ["b"], "two")], X, Y)
graph_case("self-loop", ERROR, [wire.node("Relu", ["y"], ["y"], "loop")], X, Y)
graph_case("input-from-nowhere", ERROR, [wire.node("Relu", ["ghost"], ["y"], "relu")], X, Y)
graph_case("output-from-nowhere", EITHER, [RELU], X, [wire.value("ghost", [1])])
graph_case("tensor-made-twice", ERROR, [RELU, wire.node("Sigmoid", ["x"], ["y"], "again")], X, Y)
graph_case("initializer-twice", EITHER, [RELU], X, Y, [wire.tensor("w", [1], bytes(4))] * 2)
graph_case(
    "node-names-twice", RESULT, [wire.node("Relu", ["x"], ["a"], "n"), wire.node("Relu", ["a"], ["y"], "n")], X, Y
)
graph_case("no-nodes", EITHER, [], X, X)
graph_case("no-operator-name", EITHER, [wire.node("", ["x"], ["y"], "nameless")], X, Y)
graph_case("operator-unheard-of", RESULT, [wire.node("Frobnicate", ["x"], ["y"], "frob", "com.example")], X, Y)
CONV = [wire.tensor("w", [3, 3, 1, 1], bytes(36))]
graph_case(
    "group-is-a-string",
    EITHER,
    [wire.node("Conv", ["x", "w"], ["y"], "conv", attributes=wire.string_attribute("group", "one"))],
    X,
    Y,
    CONV,
)
graph_case(
    "group-is-zero",
    EITHER,
    [wire.node("Conv", ["x", "w"], ["y"], "conv", attributes=wire.int_attribute("group", 0))],
    X,
    Y,
    CONV,
)
graph_case(
    "group-is-min-int",
    EITHER,
    [wire.node("Conv", ["x", "w"], ["y"], "conv", attributes=wire.int_attribute("group", -(2**63)))],
    X,
    Y,
    CONV,
)
graph_case(
    "axis-is-max-int",
    EITHER,
    [wire.node("Softmax", ["x"], ["y"], "softmax", attributes=wire.int_attribute("axis", 2**63 - 1))],
    X,
    Y,
)
graph_case("no-inputs-given", EITHER, [wire.node("Conv", [], ["y"], "conv")], X, Y)
graph_case("name-is-not-utf8", EITHER, [wire.node("Relu", ["x"], ["y"], b"\xff\xfe\xc3\x28")], X, Y)

# Shapes and sizes.
graph_case("dims-negative-input", EITHER, [RELU], [wire.value("x", [1, -3, 8, 8])], Y)
graph_case("dims-negative-tensor", ERROR, [RELU], X, Y, [wire.tensor("w", [-1, 4], bytes(16))])
graph_case(
    "dims-overflow-tensor",
    ERROR,
    [wire.node("Add", ["x", "w"], ["y"], "add")],
    X,
    Y,
    [wire.tensor("w", [2**40, 2**40], bytes(4))],
)
graph_case("dims-overflow-input", EITHER, [RELU], [wire.value("x", [2**40, 2**40])], [wire.value("y", [2**40, 2**40])])
graph_case(
    "dims-overflow-external",
    EITHER,
    [wire.node("Add", ["x", "w"], ["y"], "add")],
    X,
    Y,
    [wire.tensor("w", [2**62, 2**62], external="w.bin")],
)
graph_case("dims-four-million", ERROR, [RELU], X, Y, [wire.tensor("w", [1] * 4_000_000, bytes(4))])
graph_case(
    "data-too-short", ERROR, [wire.node("Add", ["x", "w"], ["y"], "add")], X, Y, [wire.tensor("w", [64], bytes(255))]
)
graph_case(
    "data-too-long", ERROR, [wire.node("Add", ["x", "w"], ["y"], "add")], X, Y, [wire.tensor("w", [1], bytes(4096))]
)
graph_case(
    "dtype-unheard-of",
    EITHER,
    [wire.node("Add", ["x", "w"], ["y"], "add")],
    X,
    Y,
    [wire.tensor("w", [1], bytes(4), kind=9999)],
)
graph_case("external-parent-folder", EITHER, [RELU], X, Y, [wire.tensor("w", [64], external="../../etc/passwd")])
graph_case("external-absolute", EITHER, [RELU], X, Y, [wire.tensor("w", [64], external="/etc/passwd")])
# 2^62 outputs by a shape that a node computes
graph_case(
    "expand-to-2^62",
    EITHER,
    [wire.node("Expand", ["w", "shape"], ["y"], "expand")],
    X,
    [wire.value("y", [2**31, 2**31])],
    [wire.tensor("w", [1], bytes(4)), wire.tensor("shape", [2], (2**31).to_bytes(8, "little") * 2, kind=7)],
)
graph_case(
    "range-of-2^60",
    EITHER,
    [wire.node("Range", ["a", "b", "c"], ["y"], "range")],
    X,
    [wire.value("y", [2**60], kind=7)],
    [wire.tensor(n, [], v.to_bytes(8, "little"), kind=7) for n, v in [("a", 0), ("b", 2**60), ("c", 1)]],
)

# Local functions.
X1, Y1 = [wire.value("x", [8])], [wire.value("y", [8])]
CALL = wire.node("f", ["x"], ["y"], "call", "local")
graph_case("function-calls-itself", ERROR, [CALL], X1, Y1, functions=[wire.function("f", ["x"], ["y"], [CALL])])
graph_case(
    "functions-call-each-other",
    ERROR,
    [CALL],
    X1,
    Y1,
    functions=[
        wire.function("f", ["x"], ["y"], [wire.node("g", ["x"], ["y"], "to g", "local")]),
        wire.function("g", ["x"], ["y"], [wire.node("f", ["x"], ["y"], "to f", "local")]),
    ],
)
LEVELS = 60
graph_case(
    "functions-2^60-calls",
    EITHER,
    [wire.node(f"f{LEVELS}", ["x"], ["y"], "call", "local")],
    X1,
    Y1,
    functions=[
        wire.function("f0", ["x"], ["y"], [wire.node("Relu", ["x"], ["y"])]),
        *(
            wire.function(
                f"f{level}",
                ["x"],
                ["y"],
                [
                    wire.node(f"f{level - 1}", ["x"], ["t"], "", "local"),
                    wire.node(f"f{level - 1}", ["t"], ["y"], "", "local"),
                ],
            )
            for level in range(1, LEVELS + 1)
        ),
    ],
)


# Too much of something.
@case("million-nodes", EITHER)
def million_nodes(path):
    nodes = (wire.node("Relu", [f"t{i}"], [f"t{i + 1}"], f"n{i}") for i in range(1_000_000))
    path.write_bytes(wire.model(wire.graph(nodes, [wire.value("t0", [8])], [wire.value("t1000000", [8])])))


def nested_ifs(levels):
    """If in If, the branches of the innermost being a Relu of the outermost input."""
    branch = wire.graph([wire.node("Relu", ["x"], ["y0"])], outputs=[wire.value("y0", [8])])
    for level in range(1, levels + 1):
        both = wire.graph_attribute("then_branch", branch)
        other = wire.graph([wire.node("Relu", ["x"], ["e"])], outputs=[wire.value("e", [8])])
        both += wire.graph_attribute("else_branch", other)
        outer = wire.node("If", ["c"], [f"y{level}"], f"if{level}", attributes=both)
        branch = wire.graph([outer], outputs=[wire.value(f"y{level}", [8])])
    inputs = [wire.value("x", [8]), wire.value("c", [], kind=9)]
    return wire.model(wire.graph([outer], inputs, [wire.value(f"y{levels}", [8])]))


case("nested-ifs-20", RESULT)(lambda path: path.write_bytes(nested_ifs(20)))
case("nested-ifs-1000", EITHER)(lambda path: path.write_bytes(nested_ifs(1000)))


@case("fifty-million-empty-nodes", EITHER)
def empty_nodes(path):
    path.write_bytes(wire.number(1, 10) + wire.block(7, b"\x0a\x00" * 50_000_000))


@case("fifty-million-empty-dims", EITHER)
def empty_dims(path):
    shape = wire.block(2, b"\x0a\x00" * 50_000_000)
    value = wire.block(1, "x") + wire.block(2, wire.block(1, wire.number(1, 1) + shape))
    path.write_bytes(wire.model(wire.graph([RELU], [value], Y)))


@case("nested-groups", EITHER)
def nested_groups(path):
    """A million nested groups of an unknown field (wire type 3): skipping them must not recurse without bound."""
    path.write_bytes(wire.varint(100 << 3 | 3) * 1_000_000 + wire.varint(100 << 3 | 4) * 1_000_000 + SOUND)


def explains(result, path):
    """Whether the message says more than which file: a hint, a place in the file, a node or tensor."""
    text = result.stderr.replace(str(path), "").lower()
    return any(word in text for word in ("hint:", "offset", "byte", "node", "tensor"))


def is_json(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def main():
    options = arguments(__doc__, "folder")
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    tally = Tally(
        ("file", 28), ("allowed", 8), ("exit", -5), ("seconds", -8), ("MiB", -7), ("", 7), ("first line of stderr", 90)
    )
    for name, expected, make in CASES:
        path = options.folder / f"{name}.onnx"
        make(path)
        got = measure([options.weigh, "inspect", path, "--format", "json"], timeout=60, memory_gib=ADDRESS_SPACE_GIB)
        marks = [
            tally.check(
                name, "exit code", got.exit in expected, f"{got.exit}, expected one of {expected}: {got.stderr[:300]}"
            ),
            tally.check(name, "no panic", "panicked" not in got.stderr, got.stderr[:500]),
            tally.check(name, "time", got.seconds < SECONDS, f"{got.seconds:.1f} s, allowed {SECONDS}"),
            tally.check(name, "memory", got.peak_mib < MIB, f"{got.peak_mib:.0f} MiB, allowed {MIB}"),
        ]
        if got.exit == 0:
            marks.append(tally.check(name, "document", is_json(got.stdout), "stdout is not a JSON document"))
        elif got.exit == 2:
            marks.append(tally.check(name, "message", explains(got, path), f"helps nobody: {got.stderr[:300]!r}"))
        first = (got.stderr.strip().splitlines() or [""])[0]
        verdict = "ok" if set(marks) == {"ok"} else "FAILED"
        allowed = "/".join(map(str, expected))
        tally.line(name, allowed, got.exit, f"{got.seconds:.2f}", f"{got.peak_mib:.0f}", verdict, first[:90])
        if path.is_file() and path.stat().st_size > 10_000_000:
            path.unlink()
    tally.close()


if __name__ == "__main__":
    main()
