"""The nine `light` models inside the onnx package: real architectures whose weights are made by ConstantOfShape.

Usage: light.py [--weigh PATH]

weigh must shape and price every node, and count the parameters and buffers that ONNX Runtime holds after folding
(oracle.weights) and the multiply-accumulates that follow from the shapes of onnx.shape_inference (oracle.macs).
"""

import pathlib

import onnx
import onnx.backend.test
from harness import Tally, arguments, inspect
from oracle import macs, weights

PUBLISHED = {
    # parameters, GMACs: torchvision's metadata; these keep the oracle honest
    "light_resnet50": (25_557_032, 4.089),
    "light_squeezenet": (1_235_496, 0.349),  # SqueezeNet 1.1
    "light_vgg19": (143_667_240, 19.632),
    # Caffe splits a batch normalisation in two: each of the 41,824 normalised channels has one more scale and shift
    "light_densenet121": (7_978_856 + 2 * 41_824, 2.834),
}


def main():
    options = arguments(__doc__)
    folder = pathlib.Path(onnx.backend.test.__file__).parent / "data" / "light"
    tally = Tally(("model", 20), ("parameters", -16), ("buffers", -10), ("MACs", -18), ("coverage", -12))
    paths = sorted(folder.glob("*.onnx"))
    tally.check("light models", "count", len(paths) == 9, f"{len(paths)} files in {folder}, expected 9")
    for path in paths:
        name = path.stem
        total, blind = macs(onnx.load(path))
        parameters, buffers = weights(path)
        tally.check(name, "oracle's shapes", not blind, f"unknown: {blind}")
        if name in PUBLISHED:
            agrees = parameters == PUBLISHED[name][0] and round(total / 1e9, 3) == PUBLISHED[name][1]
            tally.check(name, "oracle's totals", agrees, f"{parameters}, {total}: published {PUBLISHED[name]}")
        try:
            report = inspect(options.weigh, path)
        except Exception as error:
            tally.failed(name, error)
            continue
        totals, coverage = report["totals"], report["coverage"]
        complete = coverage["nodes"] == coverage["shaped"] == coverage["priced"] and not coverage["unknown"]
        tally.check(name, "coverage", complete and coverage["nodes"] > 0, coverage)
        tally.line(
            name.removeprefix("light_"),
            tally.equal(name, "parameters", totals["parameters"], parameters),
            tally.equal(name, "buffers", totals["buffers"], buffers),
            tally.equal(name, "MACs", totals["macs"], total),
            f"{coverage['priced']}/{coverage['nodes']}",
        )
    tally.close()


if __name__ == "__main__":
    main()
