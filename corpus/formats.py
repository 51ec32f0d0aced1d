"""Figures in other people's tools: annotated files, Netron attachments, traces, metrics.

Usage: formats.py FOLDER [--weigh PATH]

Of every light model of the onnx package, every torchvision export that lies beside FOLDER (models/torchvision) and some
architectures of the zoo: the annotated copy is the original but for its metadata and, where the weights are there (those
of exports are not kept), passes the ONNX checker and gives the same outputs bit for bit in ONNX Runtime; what is read back equals `weigh inspect --format json`; an annotated copy of
the copy is the same file; metrics are parsed by prometheus_client, as both formats that it knows; and Netron's own
sources (package `netron`, where there is a `node` to run them) find the figures of every node. One model is measured, and
its trace obeys the rules of the trace-event format.
"""

import json
import pathlib
import shutil
import subprocess

import netron
import numpy
import onnx
import onnx.backend.test
import onnxruntime
from harness import Tally, arguments, inspect, weigh
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as exposition

ZOO = ("mobilenet_v2", "bert_base", "lstm")
KEYS = ("parameters", "macs", "flops", "other_ops", "bytes_moved")
SIZES = {"batch": 1, "seq": 16}
"""What symbols are bound to; others become 8."""


def metadata(holder):
    """weigh's entries of a model or node."""
    return {e.key.removeprefix("weigh."): e.value for e in holder.metadata_props if e.key.startswith("weigh.")}


def bare(path):
    """The model without weigh's entries, as bytes."""
    model = onnx.load(str(path), load_external_data=False)
    for holder in (model, *model.graph.node):
        kept = [entry for entry in holder.metadata_props if not entry.key.startswith("weigh.")]
        del holder.metadata_props[:]
        holder.metadata_props.extend(kept)
    return model.SerializeToString(deterministic=True)


def has_weights(path):
    """Whether every file that the model keeps weights in is there."""
    places = onnx.load(str(path), load_external_data=False).graph.initializer
    files = {entry.value for place in places for entry in place.external_data if entry.key == "location"}
    return all((path.parent / file).is_file() for file in files)


def runs_alike(tally, name, path, copy):
    """Check that a copy is a model that computes the same; the marks."""
    try:
        onnx.checker.check_model(str(copy), full_check=True)
        checked = tally.check(name, "checker", True, "")
    except Exception as error:
        checked = tally.check(name, "checker", False, str(error)[:300])
    alike = all(numpy.array_equal(a, b, equal_nan=True) for a, b in zip(outputs(path), outputs(copy), strict=True))
    return [checked, tally.check(name, "outputs", alike, "differ from the original's")]


def outputs(path):
    """What ONNX Runtime makes of random inputs that depend on their names only."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    random, feed = numpy.random.default_rng(0), {}
    for entry in session.get_inputs():
        shape = [SIZES.get(extent, 8) if isinstance(extent, str) else extent for extent in entry.shape]
        is_float = "float" in entry.type
        feed[entry.name] = (
            random.standard_normal(shape, dtype=numpy.float32) if is_float else numpy.ones(shape, dtype=numpy.int64)
        )
    return session.run(None, feed)


def annotated(tally, binary, name, path, report):
    """Check an annotated copy; the mark for the table."""
    copy, again = path.with_suffix(".noted.onnx"), path.with_suffix(".again.onnx")
    weigh(binary, "inspect", path, "--annotate", "-o", copy)
    weigh(binary, "inspect", copy, "--annotate", "-o", again)
    marks = [tally.check(name, "copy of the copy", copy.read_bytes() == again.read_bytes(), "differs from the copy")]
    marks.append(tally.check(name, "the rest", bare(copy) == bare(path), "more than metadata was changed"))
    if has_weights(path):
        marks += runs_alike(tally, name, path, copy)
    model, totals = onnx.load(str(copy), load_external_data=False), report["totals"]
    told = metadata(model)
    wrong = [key for key in KEYS if told.get(key) != str(totals[key])]
    marks.append(tally.check(name, "totals", not wrong, [(key, told.get(key), totals[key]) for key in wrong]))
    # A node without a name is told from others by what it makes.
    layers = {layer["outputs"][0]: layer for layer in report["layers"]}
    wrong = []
    for node in model.graph.node:
        told, layer = metadata(node), layers[node.output[0]]
        wrong += [(node.output[0], key) for key in KEYS if told.get(key) != str(layer[key])]
    marks.append(tally.check(name, "nodes", not wrong and len(layers) == len(model.graph.node), wrong[:5]))
    copy.unlink(), again.unlink()
    return "ok" if set(marks) == {"ok"} else "FAILED"


def metrics(tally, binary, name, path, report):
    """Check metrics by both parsers; the mark for the table."""
    text = weigh(binary, "inspect", path, "--format", "prometheus")
    # One for the model, three for its coverage, one for each count that is a number.
    least = 4 + sum(isinstance(report["totals"][key], int) for key in KEYS)
    found = {}
    for parse in (exposition.text_string_to_metric_families, openmetrics.text_string_to_metric_families):
        families = list(parse(text))
        found = {sample.name: sample.value for family in families for sample in family.samples}
        helped = all(family.documentation and family.type == "gauge" for family in families)
        tally.check(name, "metrics", helped and len(families) >= least, f"{len(families)} families")
    counts = {key: report["totals"][key] for key in KEYS}
    # Formulas are no samples.
    wanted = {key: count if isinstance(count, int) else None for key, count in counts.items()}
    wrong = [key for key, count in wanted.items() if found.get(f"weigh_{key}") != count]
    return tally.check(name, "values of metrics", not wrong, [(key, found.get(f"weigh_{key}")) for key in wrong])


def sources(folder):
    """Netron's sources with the class for attachments exported; none where there is no node to run them."""
    if not shutil.which("node"):
        return None
    place = folder / "netron"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(pathlib.Path(netron.__file__).parent, place)
    (place / "package.json").write_text('{"type": "module"}')
    with open(place / "view.js", "a") as view:
        view.write("\nexport const Attachment = metadata.Attachment;\n")
    return place


def shown(tally, binary, name, path, report, place):
    """Check what Netron shows of an attachment; the mark for the table."""
    if place is None:
        return "no node"
    attachment = path.with_suffix(".json")
    weigh(binary, "inspect", path, "--format", "netron", "-o", attachment)
    script = pathlib.Path(__file__).with_name("netron.mjs")
    done = subprocess.run(["node", script, place, path, attachment], capture_output=True, text=True, timeout=120)
    attachment.unlink()
    if done.returncode != 0:
        return tally.check(name, "netron", False, done.stderr.strip().splitlines()[-1:])
    page = json.loads(done.stdout)
    tally.check(name, "attachment", page["opened"] is True, "Netron does not take it for one")
    titles = {"parameters": "parameters", "macs": "MACs", "flops": "FLOPs"}
    wrong = [key for key, title in titles.items() if page["model"]["metrics"].get(title) != report["totals"][key]]
    tally.check(name, "netron's totals", not wrong, page["model"]["metrics"])
    layers, wrong, found = {layer["outputs"][0]: layer for layer in report["layers"]}, [], 0
    for node in page["nodes"]:
        layer = layers.get(node["made"]["name"])
        if layer is None:
            continue
        found += 1
        wanted = {title: layer[key] for key, title in titles.items()}
        by_tensor = {title: node["made"]["metrics"].get(f"{title}, of its {layer['op']}") for title in titles.values()}
        by_name = {title: node["metrics"].get(title) for title in titles.values()}
        if wanted not in (by_tensor, by_name):
            wrong.append((node["name"], node["made"]["name"]))
    return tally.check(name, "netron's nodes", found > 0 and not wrong, f"{len(wrong)} of {found}: {wrong[:5]}")


def trace(tally, binary, path):
    """Check the trace of one measured model against the rules of its format."""
    name, events = f"trace of {path.stem}", json.loads(
        weigh(binary, "measure", path, "--min-time", "0.2", "--processes", "1", "--format", "trace")
    )["traceEvents"]
    report = json.loads(
        weigh(binary, "measure", path, "--min-time", "0.2", "--processes", "1", "--layers", "--format", "json")
    )
    slices = [event for event in events if event["ph"] == "X"]
    named = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
    known = {"M", "X", "C"}
    tally.check(name, "phases", {event["ph"] for event in events} <= known, {event["ph"] for event in events})
    tally.check(name, "tracks", {(e["pid"], e["tid"]) for e in slices} == named and named, named)
    for track in named:
        ns = [(round(e["ts"] * 1e3), round(e["dur"] * 1e3)) for e in slices if (e["pid"], e["tid"]) == track]
        touching = all(a + length == b for (a, length), (b, _) in zip(ns, ns[1:]))
        tally.check(name, "slices touch", ns[0][0] == 0 and touching, ns[:5])
        total = sum(event["args"]["mean_ms"] for event in slices)
        tally.check(name, "sum", abs(sum(length for _, length in ns) / 1e6 - total) < 1e-6, total)
    layers = [layer["layers"] for layer in report["measurements"][0]["layers"] if not layer["added"]]
    told = [event["args"]["layers"] for event in slices if "added" not in event["args"]]
    tally.check(name, "layers", told == layers, f"{told[:3]}, the report has {layers[:3]}")
    counters = [event for event in events if event["ph"] == "C"]
    steps = {layer["name"]: layer["live_bytes"] for layer in report["layers"]}
    wanted = [max((steps[each] for each in group if steps[each] is not None), default=None) for group in told]
    wanted = [bytes for bytes in wanted if bytes is not None]
    tally.check(name, "memory", [c["args"]["bytes"] for c in counters] == wanted, f"{len(counters)} of {len(wanted)}")
    tally.line(path.stem, f"{len(slices)} slices", f"{len(counters)} counters", "", "trace")


def models(binary, folder):
    """Names and paths; files come and go."""
    light = pathlib.Path(onnx.backend.test.__file__).parent / "data" / "light"
    exports = folder.parent / "models" / "torchvision"
    for original in (*sorted(light.glob("*.onnx")), *sorted(exports.glob("*.onnx"))):
        copy = folder / original.name
        copy.write_bytes(original.read_bytes())
        for data in original.parent.glob(f"{original.name}.data"):
            (folder / data.name).write_bytes(data.read_bytes())
        yield original.stem, copy
    for name in ZOO:
        path = folder / f"{name}.onnx"
        weigh(binary, "zoo", "write", name, "-o", path, "--weights", "random")
        yield f"zoo:{name}", path


def main():
    options = arguments(__doc__, "folder")
    options.folder.mkdir(parents=True, exist_ok=True)
    place = sources(options.folder)
    tally = Tally(("model", 24), ("nodes", -11), ("annotated", 12), ("metrics", 8), ("netron", 8))
    for name, path in models(options.weigh, options.folder):
        try:
            report = inspect(options.weigh, path)
            shared = (tally, options.weigh, name, path, report)
            cells = annotated(*shared), metrics(*shared), shown(*shared, place)
            tally.line(name, report["coverage"]["nodes"], *cells)
            if name == "light_squeezenet":
                trace(tally, options.weigh, path)
        except Exception as error:
            tally.failed(name, error)
        for file in options.folder.glob(f"{path.name}*"):
            file.unlink()
    tally.close()


if __name__ == "__main__":
    main()
