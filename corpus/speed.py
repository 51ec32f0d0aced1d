"""`weigh inspect` beside onnx.shape_inference on the same files: wall time and peak memory.

Usage: speed.py FOLDER [--weigh PATH]

weigh is timed twice: in process, from file to facts (examples/time_inspect.rs), and as a whole process with its JSON.
onnx is measured in process, in three ways; the interpreter is started and the package imported before its clock starts:

    infer_shapes        on a ModelProto loaded beforehand; the clock sees the call only
    load + infer        reading the file as well, what a script has to do
    infer_shapes_path   from file to file

Last come small graphs, the onnx package's node cases with only their inputs declared (node_cases.py): all files one after
the other in one process. There onnx reads and infers in C++ alone, from the bytes of a file, without a ModelProto in
Python.

Times are minimum and median of RUNS runs (fewer for large files); memory is the peak of a process that does it once.
onnx needs about 10 GiB for the largest file.
"""

import json
import pathlib
import statistics
import sys

import node_cases
import wire
from harness import Tally, arguments, measure, weigh

RUNS = 20
LARGE_RUNS = 3

IN_PYTHON = """
import json, sys, time
import onnx, onnx.shape_inference
from onnx.onnx_cpp2py_export import shape_inference
way, runs, path, *more = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
model = onnx.load(path) if way == "infer_shapes" else None
times = []
for _ in range(runs):
    start = time.perf_counter()
    if way == "infer_shapes":
        onnx.shape_inference.infer_shapes(model)
    elif way == "load + infer":
        onnx.shape_inference.infer_shapes(onnx.load(path))
    elif way == "from bytes":
        for each in (path, *more):
            with open(each, "rb") as file:
                shape_inference.infer_shapes(file.read(), False, False, False)
    else:
        onnx.shape_inference.infer_shapes_path(path, path + ".inferred")
    times.append(time.perf_counter() - start)
print(json.dumps(times))
"""


def chain(path, nodes):
    """A chain of element-wise nodes with a residual now and then, the batch a symbol."""
    operators = ["Relu", "Sigmoid", "Add"]
    made = []
    for i in range(nodes):
        operator = operators[i % 3]
        inputs = [f"t{i}", f"t{max(0, i - 2)}"] if operator == "Add" else [f"t{i}"]
        made.append(wire.node(operator, inputs, [f"t{i + 1}"], f"node{i}"))
    shape = ["batch", 64, 56, 56]
    path.write_bytes(wire.model(wire.graph(made, [wire.value("t0", shape)], [wire.value(f"t{nodes}", shape)])))


def two_gigabytes(path):
    """Matrix products with 31 x 64 MiB of stored weights, one short of protobuf's limit of 2 GiB.

    The weights are zeros, a hole in the file: it takes no space, yet whoever reads them gets as many bytes.
    """
    side, count = 4096, 31
    weights = 4 * side * side
    pieces, holes = [], []
    nodes = [wire.node("MatMul", [f"t{i}", f"w{i}"], [f"t{i + 1}"], f"matmul{i}") for i in range(count)]
    for i in range(count):
        head = wire.number(1, side) * 2 + wire.number(2, 1) + wire.block(8, f"w{i}") + wire.varint(9 << 3 | 2)
        head += wire.varint(weights)
        pieces.append(wire.varint(5 << 3 | 2) + wire.varint(len(head) + weights) + head)
        holes.append(weights)
    shape = ["batch", side]
    rest = wire.graph(nodes, [wire.value("t0", shape)], [wire.value(f"t{count}", shape)])
    length = len(rest) + sum(map(len, pieces)) + sum(holes)
    with path.open("wb") as file:
        file.write(wire.model(b"")[:-2])  # without the empty graph, which the next line starts anew
        file.write(wire.varint(7 << 3 | 2) + wire.varint(length) + rest)
        for piece, hole in zip(pieces, holes):
            file.write(piece)
            file.seek(hole, 1)
        file.truncate()


def files(options):
    """(title, path, runs) of what is compared file by file."""
    for name in ("resnet50", "bert_base"):
        path = options.folder / f"{name}.onnx"
        weigh(options.weigh, "zoo", "write", name, "-o", path, "--batch", "dynamic", "--weights", "zero")
        yield name, path, RUNS
    path = options.folder / "chain.onnx"
    chain(path, 10_000)
    yield "10,000 nodes", path, RUNS
    path = options.folder / "two-gigabytes.onnx"
    two_gigabytes(path)
    yield "2 GB of weights", path, LARGE_RUNS


def succeed(result, what):
    if result.exit != 0:
        raise RuntimeError(f"{what}: exit {result.exit}: {result.stderr[-500:]}")
    return result


def milliseconds(times):
    """Minimum and median of times in seconds, for the table."""
    return f"{min(times) * 1000:.2f}", f"{statistics.median(times) * 1000:.2f}"


def in_weigh(options, runs, *paths):
    """weigh in process, over all of these files in each run."""
    timer = pathlib.Path(options.weigh).resolve().parent / "examples" / "time_inspect"
    return succeed(measure([timer, runs, *paths]), "time_inspect")


def in_onnx(way, runs, *paths):
    """onnx in process, over all of these files in each run."""
    return succeed(measure([sys.executable, "-c", IN_PYTHON, way, runs, *paths]), way)


def node_case_files(options):
    folder = options.folder / "nodes"
    folder.mkdir(exist_ok=True)
    return [node_cases.write(node_cases.fixed(case), folder / f"{case.name}.onnx") for case in node_cases.collect()]


def small_graphs(tally, options):
    """The rows of the node cases, and the ratio."""
    paths, way, medians = node_case_files(options), "from bytes", []
    size = f"{sum(path.stat().st_size for path in paths) / 2**20:.1f}"
    for tool, result in (
        ("weigh load + analyse", in_weigh(options, RUNS, *paths)),
        (f"onnx {way}", in_onnx(way, RUNS, *paths)),
    ):
        times = json.loads(result.stdout)
        medians.append(statistics.median(times))
        tally.line(f"{len(paths):,} node cases", size, tool, *milliseconds(times), f"{result.peak_mib:.0f}")
    print(f"weigh's median over the node cases is {medians[0] / medians[1]:.2f} of onnx's")
    for path in paths:
        path.unlink()


def main():
    options = arguments(__doc__, "folder")
    options.folder.mkdir(parents=True, exist_ok=True)
    tally = Tally(("file", 16), ("MiB", -8), ("tool", 24), ("min ms", -10), ("median ms", -10), ("peak MiB", -10))
    floor = succeed(measure(["true"]), "true")
    print(f"an empty process: {floor.seconds * 1000:.1f} ms, {floor.peak_mib:.0f} MiB (the least this can tell)")
    for title, path, runs in files(options):
        size = f"{path.stat().st_size / 2**20:.1f}"
        command = [options.weigh, "inspect", path, "--format", "json"]
        results = [succeed(measure(command), "weigh") for _ in range(runs)]
        times, peak = [r.seconds for r in results], max(r.peak_mib for r in results)
        tally.line(title, size, "weigh (whole process)", *milliseconds(times), f"{peak:.0f}")
        inside = in_weigh(options, runs, path)
        tally.line(title, size, "weigh load + analyse", *milliseconds(json.loads(inside.stdout)), f"{inside.peak_mib:.0f}")
        for way in ("infer_shapes", "load + infer", "infer_shapes_path"):
            times, once = in_onnx(way, runs, path), in_onnx(way, 1, path)
            tally.line(title, size, f"onnx {way}", *milliseconds(json.loads(times.stdout)), f"{once.peak_mib:.0f}")
        for made in (path, path.with_name(path.name + ".inferred")):
            made.unlink(missing_ok=True)
    small_graphs(tally, options)


if __name__ == "__main__":
    main()
