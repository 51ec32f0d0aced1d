"""Every architecture of the zoo, written as ONNX and judged by the ONNX checker, ONNX Runtime and published totals.

Usage: zoo.py FOLDER [--weigh PATH]

Each is written twice: with a dynamic batch and zero weights (for the checker, and to compare `inspect FILE` with
`inspect zoo:NAME`), and with batch 2 and random weights, which ONNX Runtime loads and, up to RUN_MIB, runs once.
"""

import json
import zlib

import numpy
import onnx
import onnxruntime
import torchvision
from harness import Tally, arguments, inspect, weigh
from intermediates import NUMPY

RUN_MIB = 300
"""Larger models are loaded but not run."""

COMPARED = ("parameters", "buffers", "macs", "flops", "other_ops")

REFERENCE = {
    # name: (parameters, MACs at batch 1), each None where there is nothing to compare with
    # Krizhevsky 2012: 60,954,656 weights and 10,568 biases
    "alexnet-2012": (60_965_224, 724_406_816),
    "mobilenet_v1": (4_231_976, 568_740_352),
    # the output layer shares the token embedding
    "gpt2": (124_439_808, None),
    "gpt2-decode": (124_439_808, None),
}

SIZES = {"batch": 2, "seq": 16, "sequence": 16, "past": 15, "past_seq": 15}
"""What symbols are bound to when a model runs; others become 8."""


def published(name):
    """(parameters, MACs, tolerance of the MACs) for batch 1, each None where nothing is published."""
    if name in REFERENCE:
        return *REFERENCE[name], 0
    try:
        weights = torchvision.models.get_model_weights(name)
    except ValueError:
        return None, None, 0
    meta = getattr(weights, "IMAGENET1K_V1", weights.DEFAULT).meta
    count = meta["_ops"] * 1e9
    return meta["num_params"], count, max(count / 1000, 0.5e6)


def synthetic(session, seed):
    """An input for every input of the session: small random floats, ids below 100, masks of ones."""
    random = numpy.random.default_rng(seed)
    feed = {}
    for entry in session.get_inputs():
        shape = [SIZES.get(d, 8) if isinstance(d, str) else d for d in entry.shape]
        kind = NUMPY[entry.type]
        if kind == numpy.bool_ or "mask" in entry.name:
            feed[entry.name] = numpy.ones(shape, kind)
        elif numpy.issubdtype(kind, numpy.integer):
            feed[entry.name] = random.integers(0, 2 if "type" in entry.name else 100, shape).astype(kind)
        else:
            feed[entry.name] = random.standard_normal(shape).astype(kind)
    return feed


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def judge(tally, binary, name, folder):
    reference = inspect(binary, f"zoo:{name}")
    totals = reference["totals"]

    path = folder / "dynamic.onnx"
    weigh(binary, "zoo", "write", name, "-o", path, "--batch", "dynamic", "--weights", "zero")
    try:
        onnx.checker.check_model(str(path), full_check=True)
        checked = tally.check(name, "checker", True, "")
    except Exception as error:
        checked = tally.check(name, "checker", False, error)
    written = inspect(binary, path)["totals"]
    differing = {key: (written[key], totals[key]) for key in COMPARED if written[key] != totals[key]}
    same = tally.check(name, "file and zoo", not differing, f"(file, zoo): {differing}")

    path = folder / "static.onnx"
    weigh(binary, "zoo", "write", name, "-o", path, "--batch", "2", "--weights", "random")
    model = session(path)
    ran = "loaded"
    if path.stat().st_size <= RUN_MIB * 2**20:
        outputs = model.run(None, synthetic(model, zlib.crc32(name.encode())))
        finite = all(numpy.isfinite(o).all() for o in outputs if numpy.issubdtype(o.dtype, numpy.floating))
        ran = tally.check(name, "outputs finite", outputs and finite, "ONNX Runtime made infinite or undefined outputs")
    else:
        tally.check(name, "loads", True, "")

    parameters, count, tolerance = published(name)
    cells = [totals["parameters"], totals["macs"]]
    if parameters is not None:
        cells[0] = tally.equal(name, "parameters", totals["parameters"], parameters, within=parameters / 1000)
    if count is not None:
        cells[1] = tally.equal(name, "MACs", totals["macs"], count, within=tolerance)
    against = "published" if count else "parameters only" if parameters else "nothing published"
    tally.line(name, *(f"{c:,}" if isinstance(c, int) else c for c in cells), checked, same, ran, against)


def main():
    options = arguments(__doc__, "folder")
    options.folder.mkdir(parents=True, exist_ok=True)
    tally = Tally(
        ("architecture", 20),
        ("parameters", -16),
        ("MACs", -18),
        ("checker", 7),
        ("file = zoo", 10),
        ("ORT runs", 8),
        ("compared with", 20),
    )
    names = [entry["name"] for entry in json.loads(weigh(options.weigh, "zoo", "list", "--format", "json"))["zoo"]]
    for name in names:
        try:
            judge(tally, options.weigh, name, options.folder)
        except Exception as error:
            tally.failed(name, error)
        for file in options.folder.iterdir():
            file.unlink()
    tally.close()


if __name__ == "__main__":
    main()
