"""weigh against torchvision's published totals, on the files of torchvision_export.py.

Usage: torchvision_check.py FOLDER [--weigh PATH]

For each model: parameters and multiply-accumulates of all four files within 0.1 % of the metadata that torchvision
publishes with its weights. The published GMACs have three decimals, so half a unit of the last is allowed where that
is more than 0.1 % (below 0.5 GMACs). For the files with a dynamic batch, the formula of `scaling.macs` and
`--dim batch=N` must give exactly N times the count of the static file.

torchvision publishes counts that include attention (ViT-B/16: 17,563,828,224, of which attention 715,327,488), hence
no model needs an exception here.
"""

from harness import Tally, arguments, evaluate, inspect
from torchvision.models import get_model_weights
from torchvision_export import MODELS

BATCHES = (1, 2, 7)


def published(name):
    """(parameters, multiply-accumulates, tolerance of the latter) for 224 x 224 pixels."""
    meta = get_model_weights(name).DEFAULT.meta
    # some second-generation weights are published at other resolutions; the first are at 224
    first = getattr(get_model_weights(name), "IMAGENET1K_V1", None)
    meta = first.meta if first else meta
    count = meta["_ops"] * 1e9
    return meta["num_params"], count, max(count / 1000, 0.5e6)


def check_totals(tally, subject, report, parameters, count, tolerance):
    totals, coverage = report["totals"], report["coverage"]
    complete = coverage["nodes"] == coverage["shaped"] == coverage["priced"] and not coverage["unknown"]
    tally.check(subject, "coverage", complete and coverage["nodes"] > 0, coverage)
    tally.equal(subject, "parameters", totals["parameters"], parameters, within=parameters / 1000)
    tally.equal(subject, "MACs", totals["macs"], count, within=tolerance)
    return [
        f"{totals['parameters']:,}",
        f"{totals['parameters'] - parameters:+,}",
        f"{totals['macs']:,}",
        f"{(totals['macs'] - count) / count:+.3%}",
        f"{tolerance / count:.3%}",
        f"{coverage['priced']}/{coverage['nodes']}",
    ]


def check_scaling(tally, subject, binary, path, report, static):
    """The text for the table: the formula, and whether it holds."""
    formula = report["scaling"]["macs"]
    for batch in BATCHES:
        tally.equal(subject, f"formula at batch {batch}", evaluate(formula, batch=batch), static * batch)
    bound = inspect(binary, path, "--dim", f"batch={BATCHES[-1]}")
    tally.equal(subject, f"--dim batch={BATCHES[-1]}", bound["totals"]["macs"], static * BATCHES[-1])
    return formula


def main():
    options = arguments(__doc__, "folder")
    tally = Tally(
        ("file", 40),
        ("parameters", -12),
        ("off", -8),
        ("MACs", -16),
        ("off", -8),
        ("allowed", -8),
        ("coverage", -10),
        ("MACs as a formula", 40),
    )
    for name in MODELS:
        expected = published(name)
        for exporter in ("torchscript", "dynamo"):
            static = None
            for kind in ("static", "dynamic"):
                path = options.folder / f"{name}.{exporter}.{kind}.onnx"
                subject = path.stem
                try:
                    report = inspect(options.weigh, path)
                    cells = check_totals(tally, subject, report, *expected)
                    if kind == "static":
                        static = report["totals"]["macs"]
                        cells.append("")
                    else:
                        cells.append(check_scaling(tally, subject, options.weigh, path, report, static))
                    tally.line(subject, *cells)
                except Exception as error:
                    tally.failed(subject, error)
    tally.close()


if __name__ == "__main__":
    main()
