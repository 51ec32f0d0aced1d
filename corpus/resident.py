"""The resident memory that a process running ONNX Runtime takes, beside what weigh predicts.

Usage: resident.py [--weigh PATH] [--resident PATH] [--models NAME,...] [--update-docs]

Each model is measured by `weigh measure`, in PROCESSES fresh processes: the most resident memory of a worker while it
loads the model and runs it. `resident`, an example of the crate weigh, predicts that figure from the graph alone. The
form of the prediction and its shares were chosen with the models in FITTED in view; the others were measured afterwards.

What is checked: the median error of all, and of those not fitted, is at most MEDIAN, and none is above MOST. The figures
hold for Linux on x86-64 and for the version of ONNX Runtime in requirements.txt; memory does not depend on how quiet the
machine is.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess

from harness import Tally, weigh

PROCESSES = 3
MEDIAN, MOST = 0.15, 0.40
FITTED = [
    ("alexnet", {}),
    ("alexnet", {"batch": 32}),
    ("alexnet-2012", {}),
    ("alexnet-2012", {"batch": 64}),
    ("vgg11", {}),
    ("vgg16", {}),
    ("vgg16", {"batch": 4}),
    ("vgg19", {}),
    ("squeezenet1_0", {}),
    ("squeezenet1_0", {"batch": 16}),
    ("resnet18", {}),
    ("resnet18", {"batch": 16}),
    ("resnet34", {}),
    ("resnet50", {}),
    ("resnet50", {"batch": 8}),
    ("resnet101", {}),
    ("resnet101", {"batch": 4}),
    ("resnet152", {}),
    ("densenet121", {}),
    ("densenet121", {"batch": 8}),
    ("mobilenet_v1", {}),
    ("mobilenet_v2", {}),
    ("mobilenet_v2", {"batch": 8}),
    ("mobilenet_v3_small", {}),
    ("efficientnet_b0", {}),
    ("efficientnet_b0", {"batch": 8}),
    ("vit_b_16", {}),
    ("vit_b_16", {"batch": 8}),
    ("bert_base", {"seq": 128}),
    ("bert_base", {"batch": 8, "seq": 128}),
    ("gpt2", {"seq": 64}),
    ("gpt2", {"batch": 4, "seq": 128}),
    ("gpt2-decode", {"past": 127}),
    ("lstm", {"batch": 1, "seq": 64}),
]
OTHERS = [
    ("vgg11", {"batch": 8}),
    ("resnet34", {"batch": 4}),
    ("resnet152", {"batch": 8}),
    ("densenet121", {"batch": 2}),
    ("mobilenet_v1", {"batch": 16}),
    ("mobilenet_v3_small", {"batch": 32}),
    ("efficientnet_b0", {"batch": 2}),
    ("vit_b_16", {"batch": 3}),
    ("bert_base", {"batch": 2, "seq": 384}),
    ("gpt2", {"batch": 1, "seq": 512}),
]
MARKS = ("<!-- resident: begin -->", "<!-- resident: end -->")
PAGE = pathlib.Path(__file__).parent.parent / "docs" / "memory.md"


def measured(binary, name, sizes):
    """The most bytes resident in a worker."""
    dims = [f"--dim={key}={size}" for key, size in sizes.items() if key != "batch" or name == "lstm"]
    batch = ["--batch", sizes["batch"]] if "batch" in sizes and name != "lstm" else []
    effort = ["--processes", PROCESSES, "--min-time", "0.3", "--max-time", "30"]
    report = weigh(binary, "measure", f"zoo:{name}", "--engine", "onnxruntime", *dims, *batch, *effort, "--format", "json")
    memory = json.loads(report)["measurements"][0]["memory"]
    return memory["peak_rss_bytes"]


def predicted(program, name, sizes):
    bindings = [f"{key}={size}" for key, size in sizes.items()]
    done = subprocess.run([program, f"zoo:{name}", *bindings], capture_output=True, text=True, check=True, timeout=600)
    return json.loads(done.stdout)


def update_docs(rows):
    lines = ["| model | batch | predicted MiB | measured MiB | error | fitted |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    before, _, rest = PAGE.read_text().partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text("\n".join([before + MARKS[0], *lines, MARKS[1] + after]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weigh", default=os.environ.get("WEIGH", "weigh"))
    parser.add_argument("--resident", default=os.environ.get("RESIDENT", "resident"))
    parser.add_argument("--models", help="names, separated by commas; otherwise all")
    parser.add_argument("--update-docs", action="store_true", help="write the table into docs/memory.md")
    chosen = parser.parse_args()
    tally = Tally(("model", 20), ("batch", -5), ("predicted MiB", -13), ("measured MiB", -12), ("error", -8), ("parts", 60))
    rows, errors = [], {True: [], False: []}
    for name, sizes in FITTED + OTHERS:
        if chosen.models and name not in chosen.models.split(","):
            continue
        try:
            told, seen = predicted(chosen.resident, name, sizes), measured(chosen.weigh, name, sizes)
        except Exception as error:
            tally.failed(name, error)
            continue
        off, is_fitted = told["peak_bytes"] / seen - 1, (name, sizes) in FITTED
        errors[is_fitted].append(abs(off))
        row = (name, sizes.get("batch", 1), f"{told['peak_bytes'] / 2**20:.0f}", f"{seen / 2**20:.0f}", f"{off:+.1%}")
        rows.append((*row, "yes" if is_fitted else "no"))
        tally.line(*row, ", ".join(f"{part['name']} {part['bytes'] / 2**20:.0f}" for part in told["parts"]))
        tally.check(f"{name} {sizes}", "error", abs(off) <= MOST, f"{off:+.1%}")
    for of, some in (("all", errors[True] + errors[False]), ("not fitted", errors[False])):
        if some:
            median = statistics.median(some)
            print(f"{of}: median error {median:.1%} of {len(some)}, at most {max(some):.1%}", flush=True)
            if not chosen.models:
                tally.check(of, "median error", median <= MEDIAN, f"{median:.1%}")
    if chosen.update_docs:
        update_docs(rows)
    tally.close()


if __name__ == "__main__":
    main()
