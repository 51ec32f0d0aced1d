"""Export torchvision classifiers to ONNX, with both exporters of PyTorch, for static and for dynamic batch.

Usage: torchvision_export.py FOLDER

Every model becomes four files:

    NAME.torchscript.static.onnx     NAME.torchscript.dynamic.onnx
    NAME.dynamo.static.onnx          NAME.dynamo.dynamic.onnx

The files must be true to the model, because they are compared with torchvision's published parameter counts, and that
takes some care with both exporters:

* Both fold a batch normalisation into the convolution before it, which turns 2C parameters (scale, shift) and 2C
  buffers (mean, variance) into C biases: ResNet-50 loses 0.104 % of its parameters. The TorchScript exporter folds at
  export in evaluation mode; `training=PRESERVE` with the model in `eval()` keeps the nodes (and their inference form).
  The dynamo exporter folds in its optimiser; `optimize=False` leaves the graph as translated. The price is
  scaffolding that users of the default never see: shape arithmetic as nodes, and a zero bias made by Expand for
  every convolution that has none.
* The TorchScript exporter folds constants as well: it stores Swin's gathered position biases (49 x 49 per head) in
  place of the tables they come from (169 per head), 308,016 elements more, 1.1 % of Swin-T; hence
  `do_constant_folding=False`.
* The TorchScript exporter merges initialisers that are equal element for element: a fresh batch normalisation is
  all ones and zeros, so dozens of them would share one tensor. Trained weights are never equal, hence the random
  values below.
* The dynamo exporter bakes a dynamic dimension in when the example is of size 1, hence its example of 2.

No weight is read when a model is weighed, so none is kept: large float initialisers refer to a data file that does not
exist. Index tensors stay, as shapes may hang on their values.
"""

import pathlib
import sys
import tempfile
import time
import warnings

import onnx
import onnx_ir
import torch
import torchvision

MODELS = [
    "alexnet",
    "vgg11",
    "squeezenet1_0",
    "resnet18",
    "resnet50",
    "resnext50_32x4d",
    "densenet121",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mnasnet1_0",
    "shufflenet_v2_x1_0",
    "efficientnet_b0",
    "regnet_y_400mf",
    "convnext_tiny",
    "vit_b_16",
    "swin_t",
]

ABSENT = "weights-not-kept.bin"
"""The data file that large float initialisers refer to."""

KEEP = 1024
"""Initialisers of up to this many elements stay in the file."""


def build(name):
    """The model in evaluation mode, every parameter and buffer distinct."""
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None).eval()
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)
    return model


def drop_weights(model):
    """Make the large initialisers of a ModelProto refer to the absent file."""
    offset = 0
    for tensor in model.graph.initializer:
        size = len(tensor.raw_data)
        if size <= 4 * KEEP or tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in [("location", ABSENT), ("offset", offset), ("length", size)]:
            tensor.external_data.add(key=key, value=str(value))
        offset += size


def torchscript(model, dynamic, path):
    axes = {"input": {0: "batch"}, "output": {0: "batch"}} if dynamic else None
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = pathlib.Path(folder) / "whole.onnx"
        torch.onnx.export(
            model,
            (torch.zeros(1, 3, 224, 224),),
            whole,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes=axes,
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
        proto = onnx.load(whole)
    drop_weights(proto)
    onnx.save(proto, path)


def dynamo(model, dynamic, path):
    program = torch.onnx.export(
        model,
        (torch.zeros(2 if dynamic else 1, 3, 224, 224),),
        input_names=["input"],
        output_names=["output"],
        dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096)},) if dynamic else None,
        dynamo=True,
        optimize=False,
        verbose=False,
    )
    offset = 0
    for value in program.model.graph.initializers.values():
        tensor = value.const_value
        if tensor.size > KEEP and tensor.dtype == onnx_ir.DataType.FLOAT:
            value.const_value = onnx_ir.ExternalTensor(
                ABSENT, offset, tensor.nbytes, tensor.dtype, shape=tensor.shape, name=tensor.name
            )
            offset += tensor.nbytes
    path.write_bytes(program.model_proto.SerializeToString())


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    for name in MODELS:
        model = build(name)
        for exporter in (torchscript, dynamo):
            for dynamic in (False, True):
                path = folder / f"{name}.{exporter.__name__}.{'dynamic' if dynamic else 'static'}.onnx"
                start = time.monotonic()
                exporter(model, dynamic, path)
                print(f"{path.name:44} {path.stat().st_size:9} bytes {time.monotonic() - start:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
