"""What ONNX Runtime's memory grows by in an inference, beside the peak that weigh predicts.

Usage: peak.py FOLDER [--weigh PATH] [--models NAME,...] [--update-docs]

ONNX Runtime folds constants and fuses what it fuses (extended level), and writes the graph that it would run. That
graph is inspected by weigh and run as it stands. Its own arena, memory pattern and reuse of buffers (in place and later)
are off, so that every tensor is allocated when it is made and freed after its last reader: one thread, one node after
the other.

Each model runs in a process of its own. A first inference settles weights and prepacked copies. Then, RUNS times, the
high-water mark of resident memory is reset, an inference runs, and the growth is the mark less what was resident
before; the median counts. The inputs are there before, so they are not in the growth: what weigh predicts is, over
steps, the most that activations and workspace need, less the inputs alive in that step. Freed blocks of
64 KiB and more return to the system at once (MALLOC_MMAP_THRESHOLD_). The batch is so large that
the graph before fusion would need at least LEAST_MIB, since small blocks and pages blur less than that.

This is a measurement, not a test: it never fails because of a figure.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import zlib

from harness import Tally, inspect, weigh

RUNS = 5
LEAST_MIB = 64
"""What the graph before fusion needs is at least this, unless the batch would exceed MOST_BATCH."""
MOST_BATCH = 64
MARKS = ("<!-- peak: begin -->", "<!-- peak: end -->")
PAGE = pathlib.Path(__file__).parent.parent / "docs" / "memory.md"
SIZES = {"seq": 128, "past": 127}
"""What symbols other than the batch are bound to."""

OPTIMIZE, RUN = "--optimize", "--run"


def options(level):
    import onnxruntime

    made = onnxruntime.SessionOptions()
    made.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    made.intra_op_num_threads = made.inter_op_num_threads = 1
    made.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    made.enable_cpu_mem_arena = made.enable_mem_pattern = made.enable_mem_reuse = False
    made.log_severity_level = 3
    return made


def optimize(source, target):
    """In a process of its own: write the graph that ONNX Runtime would run."""
    import onnxruntime

    chosen = options("ORT_ENABLE_EXTENDED")
    chosen.optimized_model_filepath = target
    onnxruntime.InferenceSession(source, chosen, providers=["CPUExecutionProvider"])


def status(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))


def grow(path, sizes):
    """In a process of its own: print how much resident memory each of RUNS inferences adds."""
    import onnxruntime
    from zoo import SIZES as used, synthetic

    used.clear()
    used.update(sizes)
    session = onnxruntime.InferenceSession(path, options("ORT_DISABLE_ALL"), providers=["CPUExecutionProvider"])
    feed = synthetic(session, zlib.crc32(path.encode()))
    session.run(None, feed)
    growth = []
    for _ in range(RUNS):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = status("VmRSS")
        session.run(None, feed)
        growth.append(status("VmHWM") - before)
    print(json.dumps(growth))


def child(*args):
    """Run this script again in a process whose freed memory returns to the system."""
    returning = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
    command = [sys.executable, __file__, *map(str, args)]
    done = subprocess.run(command, env=os.environ | returning, capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    return done.stdout


def predicted(report):
    """(most needed beside the inputs: activations and workspace, its node, the workspace modelled there)."""
    memory = report["memory"]
    inputs = {entry["name"] for entry in report["model"]["inputs"]}
    held = [0] * len(memory["steps"])
    for placed in memory["arena"]["placements"]:
        if placed["tensor"] in inputs:
            for step in range(placed["first"], placed["last"] + 1):
                held[step] += placed["bytes"]
    grown = [
        (step["live_bytes"] - inside + (step["workspace_bytes"] or 0), step["node"], step["workspace_bytes"] or 0)
        for step, inside in zip(memory["steps"], held)
        if step["live_bytes"] is not None
    ]
    return max(grown, key=lambda entry: entry[0])


def bindings(report, batch):
    """Options that bind the symbols of a model."""
    known = {"batch": batch, **SIZES}
    return {name: known.get(name, 8) for name in report["scaling"]["symbols"]} if report["scaling"] else {}


def look(binary, path, sizes):
    dims = [f"--dim={name}={size}" for name, size in sizes.items()]
    return inspect(binary, path, "--memory", *dims)


def measure(binary, name, folder):
    """(batch, predicted bytes, measured bytes, node at the peak, workspace modelled there)."""
    small = inspect(binary, f"zoo:{name}")
    sizes = bindings(small, 1)
    one = predicted(look(binary, f"zoo:{name}", sizes))[0]
    batch = min(MOST_BATCH, math.ceil(LEAST_MIB * 2**20 / one))
    sizes = {key: size for key, size in bindings(small, batch).items() if key != "batch"}
    written, optimised = folder / "written.onnx", folder / "optimised.onnx"
    weigh(binary, "zoo", "write", name, "-o", written, "--batch", batch, "--weights", "zero")
    child(OPTIMIZE, written, optimised)
    most, node, workspace = predicted(look(binary, optimised, sizes))
    growth = json.loads(child(RUN, optimised, json.dumps(sizes)))
    return batch, most, statistics.median(growth), node, workspace


def update_docs(rows):
    lines = ["| model | batch | predicted MiB | measured MiB | measured / predicted |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    before, _, rest = PAGE.read_text().partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text("\n".join([before + MARKS[0], *lines, MARKS[1] + after]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--weigh", default=os.environ.get("WEIGH", "weigh"))
    parser.add_argument("--models", help="names, separated by commas; otherwise the whole zoo")
    parser.add_argument("--update-docs", action="store_true", help="write the table into docs/memory.md")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    listed = json.loads(weigh(chosen.weigh, "zoo", "list", "--format", "json"))["zoo"]
    names = chosen.models.split(",") if chosen.models else [entry["name"] for entry in listed]
    tally = Tally(("model", 20), ("batch", -5), ("predicted MiB", -13), ("measured MiB", -12), ("ratio", -6), ("at", 40))
    rows = []
    for name in names:
        try:
            batch, most, growth, node, workspace = measure(chosen.weigh, name, chosen.folder)
            row = (name, batch, f"{most / 2**20:.1f}", f"{growth / 2**20:.1f}", f"{growth / most:.2f}")
            rows.append(row)
            tally.line(*row, f"{node}, workspace {workspace / 2**20:.1f}")
        except Exception as error:
            print(f"{name}: {error}", flush=True)
        for file in chosen.folder.iterdir():
            file.unlink()
    if chosen.update_docs:
        update_docs(rows)


if __name__ == "__main__":
    if sys.argv[1:2] == [OPTIMIZE]:
        optimize(*sys.argv[2:])
    elif sys.argv[1:2] == [RUN]:
        grow(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main()
