"""Models rewritten by `weigh quantize`: the ONNX checker, ONNX Runtime, sizes as planned, outputs beside the original's.

Usage: quantize.py FOLDER [--weigh PATH] [--update-docs]

Each architecture is written with random weights, rewritten in every way, and both are run by ONNX Runtime on the same
random inputs. Sizes must be within 1 % of what was planned before any weight was read (they are equal). The outputs may
differ by what the type can bring about: the limits below are relative to the largest output, and generous, as random
weights have no margin.
"""

import json

import numpy
import onnx
import onnxruntime
from harness import Tally, arguments, weigh
from intermediates import section, synthetic

MODELS = ("alexnet-2012", "squeezenet1_0", "mobilenet_v2", "resnet18", "resnet50", "bert_base", "lstm")

WAYS = {
    # options: largest difference of outputs, relative to the largest output
    "fp32 --fold-batch-norm": 1e-4,
    "fp16": 0.02,
    "bf16": 0.1,
    "int8": 0.2,
    "int8 --fold-batch-norm": 0.2,
    "int8 --dynamic": 0.5,
    "int4": 1.5,
}


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


SIZES = {"batch": 1, "seq": 16}
"""What symbols are bound to; others become 8."""


def difference(before, after):
    """Largest difference of any output beside that output's largest value."""
    entries = before.get_inputs()
    shapes = {e.name: [SIZES.get(d, 8) if isinstance(d, str) else d for d in e.shape] for e in entries}
    feed = synthetic(entries, shapes, {})
    worst = 0.0
    for a, b in zip(before.run(None, feed), after.run(None, feed)):
        if a.shape != b.shape or not numpy.isfinite(b).all():
            return float("inf")
        worst = max(worst, float(numpy.abs(a.astype(float) - b.astype(float)).max() / (numpy.abs(a).max() or 1)))
    return worst


def judge(tally, binary, name, folder):
    original = folder / f"{name}.onnx"
    weigh(binary, "zoo", "write", name, "-o", original, "--weights", "random")
    before = session(original)
    for way, limit in WAYS.items():
        subject, path = f"{name} {way}", folder / f"{name}.small.onnx"
        told = json.loads(weigh(binary, "quantize", original, "--weights", *way.split(), "-o", path, "--format", "json"))
        found = told["quantization"]
        size = path.stat().st_size
        tally.check(subject, "planned size", abs(size / found["planned_bytes"] - 1) < 0.01, f"{size}: {found}"[:90])
        tally.check(subject, "told size", size == found["file_bytes"], f"{size}, told {found['file_bytes']}")
        try:
            onnx.checker.check_model(str(path), full_check=True)
            tally.check(subject, "checker", True, "")
        except Exception as error:
            tally.check(subject, "checker", False, str(error)[:300])
        gap = difference(before, session(path))
        verdict = tally.check(subject, "outputs", gap <= limit, f"differ by {gap:.2g}, allowed {limit}")
        errors = [t["rms_error"] for t in found["tensors"] if t["rms_error"] is not None]
        part = size / original.stat().st_size
        cells = (f"{size:,}", f"{part:.1%}", f"{max(errors, default=0):.2%}", f"{gap:.1e}")
        tally.line(name, way, *cells, verdict)
        yield f"| {name} | `{way}` | {cells[0]} | {cells[1]} | {cells[2]} | {cells[3]} |"
        path.unlink()
    original.unlink()


HEADER = [
    "| model | `--weights` | bytes | of the original | worst rms error of a weight | largest difference of outputs |",
    "| --- | --- | --: | --: | --: | --: |",
]


def main():
    options = arguments(__doc__, "folder", switches=[("update-docs", "write the table of docs/quantizing.md")])
    options.folder.mkdir(parents=True, exist_ok=True)
    tally = Tally(("model", 16), ("weights", 24), ("bytes", -14), ("part", -7), ("rms", -8), ("outputs", -9), ("", 8))
    rows = []
    for name in MODELS:
        try:
            rows.extend(judge(tally, options.weigh, name, options.folder))
        except Exception as error:
            tally.failed(name, error)
    if options.update_docs:
        section("quantize", HEADER + rows, True, "quantizing.md")
    tally.close()


if __name__ == "__main__":
    main()
