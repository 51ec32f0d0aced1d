"""Optimised graphs joined to their originals: every layer with MACs in one group, with the MACs of what computes it.

Usage: correspondence.py FOLDER [--weigh PATH]

The architectures of the zoo, the light models of the onnx package and, as far as they lie beside FOLDER, the
torchvision exports (models/torchvision, those with a static batch) and the packages of pypi.py (wheels) go through ONNX
Runtime's optimiser at three levels. The example `correspondence` of the crate weigh (variable CORRESPONDENCE, otherwise
built here) joins each result to its original. No layer with MACs may be untraced or lost, no node that computes may be
left over, and in every group both sides must have the same MACs: more only where channels are padded to blocks. A
convolution over blocks has a sum in its group where it has one itself.
"""

import json
import pathlib
import subprocess

import onnx
import onnxruntime
from harness import Tally, arguments
from intermediates import session
from optimised import SIBLINGS, models, tell_apart
from rebatch import example, exports, packaged

LEVELS = {
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}

PADDING = 4
"""How much larger a group may be where channels are padded to whole blocks: 4 channels become 16."""

OPEN = 640
"""What open extents are when formulas are compared."""


class Sizes(dict):
    def __missing__(self, name):
        return OPEN


def macs(nodes):
    """The multiply-accumulates of these; None where one is not priced."""
    try:
        return sum(eval(text, {"__builtins__": {}, "min": min, "max": max}, Sizes()) for _, _, text in nodes)
    except TypeError:
        return None


def optimise(path, level):
    """The graph that ONNX Runtime would run, its weights beside it."""
    result = path.with_name(f"{path.stem}.{level}.onnx")
    config = {
        "session.optimized_model_external_initializers_file_name": result.name + ".data",
        "session.optimized_model_external_initializers_min_size_in_bytes": "1024",
    }
    session(path, LEVELS[level], config, optimized_model_filepath=str(result))
    return result


def sums(path):
    """For each convolution over blocks, by name, whether it adds a tensor."""
    nodes = onnx.load(path, load_external_data=False).graph.node
    blocked = [node for node in nodes if node.domain == "com.microsoft.nchwc" and node.op_type == "Conv"]
    return {node.name: len(node.input) > 3 and bool(node.input[3]) for node in blocked}


def judge(tally, binary, subject, path, given, level):
    """Check one graph."""
    file = optimise(path, level)
    done = subprocess.run([binary, path, file, *given], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    told = json.loads(done.stdout)
    tally.check(subject, "untraced", not [n for n in told["untraced"] if n[2] != "0"], told["untraced"][:5])
    tally.check(subject, "lost", not [node for node in told["lost"] if node[2] != "0"], told["lost"][:5])
    tally.check(subject, "left over", not [node for node in told["rest"] if node[2] != "0"], told["rest"][:5])
    wrong, padded, largest = [], 0, 0
    adds = sums(file)
    for group in told["groups"]:
        before, after = macs(group["layers"]), macs(group["nodes"])
        largest = max(largest, len(group["layers"]))
        if before is None or after is None:
            same = before is after is None
        elif level == "all" and adds:
            # A normalisation may have become a depthwise convolution.
            became = all(node[1] != "Conv" for node in group["layers"])
            same = before <= after <= before * PADDING or became
            padded += before != after
        else:
            same = before == after
        if not same:
            wrong.append((before, after, group["layers"][0]))
        asked = sum(adds.get(node[0], False) for node in group["nodes"])
        have = sum(layer[1] in ("Add", "Sum") for layer in group["layers"])
        if asked > have:
            wrong.append(("a sum is elsewhere", group["nodes"][0]))
    tally.check(subject, "MACs of groups", not wrong, wrong[:5])
    cells = [len(told["groups"]), largest, len(told["lost"]), len(told["untraced"]), padded]
    tally.line(subject, level, *cells, "ok" if not wrong else "FAILED")


def sources(options):
    """(name, a file, shapes and values of its inputs) of every model."""
    for path, make in models(options.weigh, options.folder):
        if path.stem not in SIBLINGS:
            make()
            tell_apart(path)
            yield path.stem, path, []
    yield from exports(options.folder)
    yield from packaged(options.folder)


def main():
    options = arguments(__doc__, "folder")
    options.folder.mkdir(parents=True, exist_ok=True)
    binary = example("correspondence")
    tally = Tally(
        ("model", 60),
        ("level", 8),
        ("groups", -6),
        ("largest", -7),
        ("lost", -5),
        ("untraced", -8),
        ("padded", -6),
        ("MACs", 6),
    )
    for subject, path, given in sources(options):
        for level in LEVELS:
            try:
                judge(tally, binary, subject, path, given, level)
            except Exception as error:
                tally.failed(f"{subject} ({level})", error)
            for file in options.folder.glob(f"{path.stem}.{level}.onnx*"):
                file.unlink()
        path.unlink(missing_ok=True)
    tally.close()


if __name__ == "__main__":
    main()
