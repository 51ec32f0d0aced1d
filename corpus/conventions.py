"""`weigh inspect --reconcile` against the tools it speaks of, each run on the PyTorch model that a file came from.

Usage: conventions.py FOLDER [--weigh PATH]

FOLDER is that of torchvision_export.py: its files keep batch normalisations. Three kinds of file are added beside
them: a recurrent layer, a transformer layer, and models whose batch normalisations the exporter folded.

A tool's number must be weigh's total for it, or that total and the differences of some of the notes that weigh
gives with it: the reasons why a file cannot say what the tool counted. Notes of the kind `up to` explain nothing.
DeepSpeed is heavy to install; where it is absent, what it printed (version 0.19.8) is compared instead. timm's
number is fvcore's.
"""

import contextlib
import io
import itertools
import logging
import warnings

import torch
from harness import Tally, arguments, inspect
from torchvision_export import build, drop_weights

TORCHVISION = [
    "resnet18",
    "resnet50",
    "mobilenet_v2",
    "squeezenet1_0",
    "vgg11",
    "densenet121",
    "efficientnet_b0",
    "vit_b_16",
    "swin_t",
]
FOLDED = ["resnet18", "mobilenet_v2"]

DEEPSPEED = {
    "resnet18": 3636250112,
    "resnet50": 8211108352,
    "mobilenet_v2": 614967488,
    "squeezenet1_0": 1648970968,
    "vgg11": 15239186944,
    "densenet121": 5716881152,
    "efficientnet_b0": 793641400,
    "vit_b_16": 35153981184,
    "swin_t": 9008009616,
    "lstm": 6000640,
    "encoder": 1124352,
}
"""What DeepSpeed 0.19.8 calls `fwd flops`."""


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(32, 64, 2, batch_first=True, bidirectional=True)
        self.fc = torch.nn.Linear(128, 10)

    def forward(self, x):
        return self.fc(self.lstm(x)[0])


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)

    def forward(self, x):
        return self.layer(x)


OWN = {"lstm": (Recurrent, (20, 32)), "encoder": (Encoder, (16, 64))}


def model(name):
    """The model in evaluation mode, and the shape of one input."""
    if name in OWN:
        torch.manual_seed(0)
        make, shape = OWN[name]
        return make().eval(), shape
    return build(name), (3, 224, 224)


def export(name, path, **how):
    if path.exists():
        return
    net, shape = model(name)
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(net, (torch.zeros(1, *shape),), path, dynamo=False, **how)
    import onnx

    proto = onnx.load(path)
    drop_weights(proto)
    onnx.save(proto, path)


def files(folder):
    """(model, what kind of file, path)"""
    for name in TORCHVISION:
        for exporter in ("torchscript", "dynamo"):
            yield name, exporter, folder / f"{name}.{exporter}.static.onnx"
    for name in OWN:
        path = folder / f"{name}.onnx"
        export(name, path)
        yield name, "torchscript", path
    for name in FOLDED:
        path = folder / f"{name}.folded.onnx"
        export(name, path)
        yield name, "folded", path


def flop_counter(net, x):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        net(x)
    return counter.get_total_flops() // 2


def fvcore(net, x):
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(net, x)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return int(analysis.total())


def ptflops(net, x):
    import ptflops

    shape = tuple(x.shape[1:])
    return ptflops.get_model_complexity_info(net, shape, as_strings=False, print_per_layer_stat=False)[0]


def thop(net, x):
    import thop

    return int(thop.profile(net, (x,), verbose=False)[0])


def torchinfo(net, x):
    import torchinfo

    return torchinfo.summary(net, input_data=x, verbose=0).total_mult_adds


def deepspeed(net, x):
    from deepspeed.profiling.flops_profiler import get_model_profile

    return get_model_profile(net, args=[x], print_profile=False, as_string=False, warm_up=0)[0]


TOOLS = [("torchvision", flop_counter), ("fvcore", fvcore), ("ptflops", ptflops), ("thop", thop)]
TOOLS += [("torchinfo", torchinfo), ("deepspeed", deepspeed)]


def counts(name):
    """What every tool says about a model."""
    said = {}
    for tool, count in TOOLS:
        net, shape = model(name)  # afresh: tools leave hooks behind
        try:
            said[tool] = count(net, torch.zeros(1, *shape))
        except ImportError:
            if tool != "deepspeed":
                raise
            said[tool] = DEEPSPEED[name]
    said["timm"] = said["fvcore"]
    return said


def explained(gap, notes):
    """The notes whose differences make up the gap, if some do."""
    usable = [note for note in notes if note["difference"] is not None and "up to" not in note["message"]]
    for size in range(len(usable) + 1):
        for some in itertools.combinations(usable, size):
            if sum(note["difference"] for note in some) == gap:
                return some
    return None


def check(tally, subject, tool, want, convention):
    gap = want - convention["total"]
    sums = sum(term["total"] for term in convention["terms"])
    tally.equal(subject, f"{tool}: sum of terms", sums, convention["total"])
    reasons = explained(gap, convention["notes"])
    detail = f"weigh says {convention['total']:,}, the tool {want:,}: {gap:+,} that no note explains"
    mark = tally.check(subject, tool, reasons is not None and not convention["unknown"], detail)
    why = "; ".join(note["message"].split(":")[0] for note in reasons or [])
    tally.line(subject, tool, f"{want:,}", f"{gap:+,}" if gap else "", mark, why)


def main():
    options = arguments(__doc__, "folder")
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    columns = [("file", 28), ("tool", 11), ("counts", -16), ("off", -12), ("", 6), ("explained by", 60)]
    tally = Tally(*columns)
    said = {}
    for name, kind, path in files(options.folder):
        subject = f"{name} {kind}"
        try:
            if name not in said:
                said[name] = counts(name)
            report = inspect(options.weigh, path, "--reconcile")
            for convention in report["conventions"]:
                tool = convention["name"]
                want = report["totals"]["macs"] if tool == "weigh" else said[name][tool]
                if want is not None:
                    check(tally, subject, tool, want, convention)
        except Exception as error:
            tally.failed(subject, error)
    tally.close()


if __name__ == "__main__":
    main()
