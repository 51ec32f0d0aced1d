"""Time a worker of weigh beside a plain Python loop over ONNX Runtime with the same options, turn by turn.

Usage: loop.py FOLDER [--weigh BINARY]

Both processes hold the model at the same time and take turns, so that what else the machine does hits both. A ratio
of medians outside 0.97 to 1.03 fails. Not part of the usual run: it needs a machine that does nothing else.
"""

import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy
import onnxruntime

import harness

MODELS = {"resnet50": {}, "mobilenet_v2": {}, "bert_base": {"seq": 128}}
TIMES, PAIRS, ROUNDS, SECONDS = 3, 3, 8, 0.6
THREADS = len(os.sched_getaffinity(0))
LIMITS = 0.97, 1.03


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def plain_loop(model, specs):
    """What a person would write; told by a line on stdin when to go on for a while."""
    run = session(model)
    random = numpy.random.default_rng(0)
    feed = {}
    for spec in specs:
        if spec["dtype"].lower() in ("f32", "float32"):
            feed[spec["name"]] = random.random(spec["shape"], numpy.float32)
        else:
            feed[spec["name"]] = random.integers(0, 2, spec["shape"]).astype(numpy.int64)
    for _ in range(10):
        run.run(None, feed)
    for line in sys.stdin:
        run.run(None, feed)
        times, end = [], time.perf_counter() + float(line)
        while time.perf_counter() < end:
            start = time.perf_counter()
            run.run(None, feed)
            times.append(time.perf_counter() - start)
        print(json.dumps(times), flush=True)


class Talker:
    """A process that answers each line with a line."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def setup(model, specs):
    """A worker's orders, as crates/weigh-measure/src/worker/protocol.rs has them."""
    options = {"threads": THREADS, "optimization": "all", "provider": "cpu"}
    feed = {"synthetic": {"specs": specs, "seed": 1}}
    warm_up = dict(min_runs=5, min_time=duration(0.5), max_time=duration(3), max_runs=1000)
    setup = dict(engine="onnxruntime", options=options, model=str(model), feed=feed, batch=1, streams=1, warm_up=warm_up)
    return json.dumps({"prepare": setup})


def duration(seconds):
    """A std::time::Duration as JSON."""
    return {"secs": int(seconds), "nanos": round(seconds % 1 * 1e9)}


def ratio(binary, model, specs):
    """The median of weigh's times over the median of the loop's, over several pairs of processes."""
    weigh_times, loop_times = [], []
    for pair in range(PAIRS):
        loop = Talker(sys.executable, __file__, "--loop", str(model), json.dumps(specs))
        worker = Talker(binary, "worker")
        answer = worker.ask(setup(model, specs))
        if "ready" not in answer:
            raise RuntimeError(answer)
        plan = dict(min_time=duration(SECONDS), min_runs=1, max_time=duration(60), max_runs=1000000)
        order = json.dumps({"round": plan})
        for turn in range(ROUNDS):
            # Neither side always follows the other.
            for side in ("loop", "weigh") if (turn + pair) % 2 else ("weigh", "loop"):
                if side == "loop":
                    loop_times += loop.ask(str(SECONDS))
                else:
                    weigh_times += [t / 1e9 for t in worker.ask(order)["round"]["iterations"]]
        loop.close()
        worker.close()
    return statistics.median(weigh_times), statistics.median(loop_times)


def main():
    args = harness.arguments(__doc__, "folder")
    args.folder.mkdir(parents=True, exist_ok=True)
    tally = harness.Tally(("model", 14), ("time", 5), ("weigh ms", -9), ("loop ms", -9), ("ratio", -7), ("", 8))
    for name, dims in MODELS.items():
        model = args.folder / f"{name}.onnx"
        if not model.exists():
            harness.weigh(args.weigh, "zoo", "write", name, "--weights", "random", "-o", model)
        bind = [word for dim, size in dims.items() for word in ("--dim", f"{dim}={size}")]
        report = harness.inspect(args.weigh, model, *bind)
        bound = report["bindings"]
        specs = [
            {
                "name": tensor["name"],
                "dtype": tensor["dtype"],
                "shape": [size if isinstance(size, int) else bound[size] for size in tensor["shape"]],
                "fill": "uniform" if tensor["dtype"] == "float32" else {"below": 2},
            }
            for tensor in report["model"]["inputs"]
        ]
        for turn in range(TIMES):
            ours, plain = ratio(args.weigh, model, specs)
            value = ours / plain
            mark = tally.check(
                name, f"ratio {turn + 1}", LIMITS[0] <= value <= LIMITS[1] and math.isfinite(value), f"{value:.4f}"
            )
            tally.line(name, turn + 1, f"{ours * 1e3:.3f}", f"{plain * 1e3:.3f}", f"{value:.4f}", mark)
    tally.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--loop"]:
        plain_loop(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main()
