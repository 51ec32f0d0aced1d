"""Checks operators of ONNX Runtime's own domain: shapes against ONNX Runtime, multiply-accumulates by hand.

Each row of CASES is a model of one node with small inputs. ONNX Runtime runs it; the shapes of what comes out must be
those that weigh infers. Multiply-accumulates are worked out by hand in the row.
"""

import dataclasses
import pathlib
import tempfile

import numpy
import onnx
import onnxruntime
from harness import Tally, arguments, inspect
from onnx import helper

MICROSOFT = "com.microsoft"
RANDOM = numpy.random.default_rng(1)


def real(*dims):
    return RANDOM.standard_normal(dims).astype(numpy.float32)


def few(*dims, dtype=numpy.uint8):
    return RANDOM.integers(0, 100, dims).astype(dtype)


def ints(*values, dtype=numpy.int32):
    return numpy.array(values, dtype)


def whole(value, dtype=numpy.int64):
    return numpy.array(value, dtype)


SCALE, ZERO = numpy.float32(0.02), numpy.uint8(3)


@dataclasses.dataclass
class Case:
    op: str
    inputs: list
    macs: int
    outputs: int = 1
    attributes: dict = dataclasses.field(default_factory=dict)
    weights: tuple = ()
    """Which inputs the file stores; those that shapes depend on must be among them."""
    domain: str = MICROSOFT


def quantised(*dims):
    return [few(*dims), SCALE, ZERO]


TOKENS, VECTOR, IMAGE = (2, 3, 16), (16,), (1, 4, 6, 6)
WINDOW = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}
CACHE = real(2, 4, 5, 8)

CASES = [
    Case("SkipLayerNormalization", [real(*TOKENS), real(*TOKENS), real(16), real(16), real(16)], 0),
    Case("SkipSimplifiedLayerNormalization", [real(*TOKENS), real(*TOKENS), real(16)], 0),
    Case(
        "EmbedLayerNormalization",
        [few(2, 3, dtype=numpy.int32), None, real(100, 16), real(9, 16), None, real(16), real(16)],
        0,
        outputs=2,
    ),
    Case("BiasGelu", [real(*TOKENS), real(16)], 0),
    Case("FastGelu", [real(*TOKENS), real(16)], 0),
    Case("QuickGelu", [real(*TOKENS)], 0),
    Case("QLinearAdd", [*quantised(2, 3), *quantised(3), SCALE, ZERO], 0),
    Case("QLinearMul", [*quantised(2, 3), *quantised(2, 1), SCALE, ZERO], 0),
    Case("QLinearSigmoid", [*quantised(2, 3), SCALE, ZERO], 0),
    Case("QLinearLeakyRelu", [*quantised(2, 3), SCALE, ZERO], 0),
    Case("QLinearSoftmax", [*quantised(2, 3), SCALE, ZERO], 0, attributes={"opset": 13, "axis": -1}),
    Case("QLinearAveragePool", [*quantised(*IMAGE), SCALE, ZERO], 0, attributes=WINDOW),
    Case("QLinearAveragePool", [*quantised(1, 6, 6, 4), SCALE, ZERO], 0, attributes={**WINDOW, "channels_last": 1}),
    Case("QLinearGlobalAveragePool", [*quantised(*IMAGE), SCALE, ZERO], 0),
    Case("QLinearGlobalAveragePool", [*quantised(1, 6, 6, 4), SCALE, ZERO], 0, attributes={"channels_last": 1}),
    Case("QLinearConcat", [SCALE, ZERO, *quantised(2, 3), *quantised(2, 5)], 0, attributes={"axis": 1}),
    Case("QLinearWhere", [numpy.array([True, False]), *quantised(3, 2), *quantised(1), SCALE, ZERO], 0),
    # 8 outputs of 4·9 products on 3×3 positions.
    Case(
        "QLinearConv",
        [*quantised(1, 6, 6, 4), *quantised(8, 4, 3, 3), SCALE, ZERO],
        8 * 4 * 9 * 9,
        attributes={**WINDOW, "channels_last": 1},
        weights=(3, 4, 5),
    ),
    Case("QGemm", [*quantised(3, 4), *quantised(4, 5), None, SCALE, ZERO], 3 * 4 * 5),
    Case("QGemm", [*quantised(3, 4), *quantised(5, 4)], 3 * 4 * 5, attributes={"transB": 1}),
    Case("NhwcMaxPool", [few(1, 6, 6, 4)], 0, attributes=WINDOW),
    Case("MatMulInteger16", [few(3, 4, dtype=numpy.int16), few(4, 5, dtype=numpy.int16)], 60),
    Case("MatMulIntegerToFloat", [few(3, 4), few(4, 5), SCALE, SCALE, ZERO, ZERO], 60),
    Case("DynamicQuantizeMatMul", [real(3, 4), few(4, 5), SCALE, ZERO], 60),
    Case("FusedConv", [real(*IMAGE), real(8, 4, 3, 3), real(8)], 8 * 36 * 9, attributes={**WINDOW, "activation": "Relu"}),
    Case("FusedGemm", [real(3, 4), real(4, 5), real(5)], 60, attributes={"activation": "Sigmoid"}),
    Case("FusedMatMul", [real(2, 4, 3), real(2, 4, 5)], 120, attributes={"transA": 1, "alpha": 0.5}),
    # 2 goes behind 3: stacks of 3 matrices 2×4 by 4×5.
    Case("FusedMatMul", [real(2, 3, 4), real(3, 4, 5)], 3 * 2 * 4 * 5, attributes={"transBatchA": 1}),
    # Both: stacks of 3 matrices 4×2, as 2 becomes the last but one axis and is exchanged with 4.
    Case("FusedMatMul", [real(2, 3, 4), real(3, 2, 5)], 3 * 4 * 2 * 5, attributes={"transBatchA": 1, "transA": 1}),
    # 64 → 32 in blocks of 32: 2 bytes of 4 bit each.
    Case(
        "MatMulNBits",
        [real(2, 3, 64), few(32, 2, 16), real(32, 2)],
        6 * 64 * 32,
        attributes={"K": 64, "N": 32, "bits": 4, "block_size": 32},
        weights=(1, 2),
    ),
    Case(
        "MatMulBnb4",
        [real(2, 3, 64), few(1024), real(64)],
        6 * 64 * 32,
        attributes={"K": 64, "N": 32, "quant_type": 1, "block_size": 32},
        weights=(1, 2),
    ),
    Case(
        "GatherBlockQuantized",
        [few(10, 32), whole([[1, 2, 3]]), real(10, 2)],
        0,
        attributes={"bits": 4, "block_size": 32, "gather_axis": 0, "quantize_axis": 1},
        weights=(0, 2),
    ),
    # 6 tokens of 8 through 2 of 4 experts with 16 units.
    Case(
        "MoE",
        [real(6, 8), real(6, 4), real(4, 16, 8), real(4, 16), real(4, 8, 16), real(4, 8)],
        6 * 2 * (8 * 16 + 16 * 8),
        attributes={"k": 2, "activation_type": "relu"},
    ),
    # 2·4 heads, 3 queries, 5 + 3 keys, 8 + 8 elements.
    Case(
        "MultiHeadAttention",
        [*(real(2, 3, 32) for _ in range(3)), real(96), None, None, CACHE, CACHE],
        2 * 4 * 3 * 8 * 16,
        outputs=3,
        attributes={"num_heads": 4},
    ),
    # 4 heads on 2 of keys; 5 + 1 keys.
    Case(
        "GroupQueryAttention",
        [real(1, 1, 32), real(1, 1, 16), real(1, 1, 16), real(1, 2, 5, 8), real(1, 2, 5, 8), ints(5), whole(6, numpy.int32)],
        4 * 6 * 16,
        outputs=3,
        attributes={"num_heads": 4, "kv_num_heads": 2},
        weights=(6,),
    ),
    # 6 tokens through 16 → 48; 2 sequences, 4 heads, 3×3 scores of 4 + 4 elements.
    Case(
        "Attention",
        [real(*TOKENS), real(16, 48), real(48)],
        6 * 16 * 48 + 2 * 4 * 9 * 8,
        attributes={"num_heads": 4},
    ),
    # 6 tokens, 2 heads, states of 4×5: k·v into it, it times q and k.
    Case(
        "LinearAttention",
        [real(2, 3, 8), real(2, 3, 8), real(2, 3, 10), real(2, 2, 4, 5), real(2, 3, 2), real(2, 3, 2)],
        6 * 2 * 20 * 3,
        outputs=2,
        attributes={"q_num_heads": 2, "kv_num_heads": 2},
    ),
    Case(
        "CausalConvWithState",
        [real(2, 6, 10), real(6, 1, 4), real(6), real(2, 6, 3)],
        2 * 6 * 10 * 4,
        outputs=2,
    ),
    Case("GatedAdd", [real(*TOKENS), real(*TOKENS), real(2, 3, 1)], 0),
    Case("GatedRMSNorm", [real(*TOKENS), real(16), real(*TOKENS)], 0),
    Case("ScaledSiLU", [real(*TOKENS)], 0),
    Case("UnfoldTensor", [real(2, 9, 4)], 0, attributes={"dim": 1, "size": 3, "step": 2}),
    Case("CDist", [real(5, 3), real(7, 3)], 0, attributes={"metric": "euclidean"}),
    Case("NGramRepeatBlock", [few(2, 9, dtype=numpy.int64), real(2, 120)], 0, attributes={"ngram_size": 3}),
    Case("ExpandDims", [real(2, 3), whole(1, numpy.int32)], 0, weights=(1,)),
    Case("GatherND", [real(4, 5), whole([[1], [2]])], 0),
    Case("Pad", [real(2, 3), whole([0, 1, 1, 0])], 0, weights=(1,)),
    Case("Range", [numpy.float32(1), numpy.float32(6), numpy.float32(2)], 0, weights=(0, 1, 2)),
    Case("Trilu", [real(3, 4)], 0),
    Case("Inverse", [real(2, 3, 3)], None),
    Case("SampleOp", [real(3)], 0),
    # 2 words of 8 letters, 6 places of 3 letters of 4, 6 filters.
    Case("WordConvEmbedding", [few(2, 8, dtype=numpy.int32) % 20, real(6, 1, 3, 4), real(6), real(20, 4)], 2 * 6 * 6 * 12),
    Case("MurmurHash3", [few(2, 3, dtype=numpy.int32)], None),
    Case("CropAndResize", [real(1, 3, 8, 8), abs(real(2, 4)), ints(0, 0), ints(4, 5)], 0, weights=(3,)),
    # Every element of the input meets 3 filters of 9.
    Case(
        "ConvTransposeWithDynamicPads",
        [real(*IMAGE), real(4, 3, 3, 3), whole([1, 0, 1, 2]), real(3)],
        4 * 36 * 27,
        attributes={"strides": [2, 2], "output_padding": [1, 1]},
        weights=(2,),
    ),
    Case(
        "AttnLSTM",
        [
            *[real(5, 2, 3), real(1, 16, 7), real(1, 16, 4), real(1, 32), None, None, None, None],
            *[real(1, 4, 6), real(1, 7, 6), real(1, 6), real(2, 9, 7), None, real(1, 11, 4)],
        ],
        None,
        outputs=3,
        attributes={"hidden_size": 4},
    ),
]


def build(case):
    """The model of a case, and what to feed it."""
    present = [(f"x{i}", value) for i, value in enumerate(case.inputs) if value is not None]
    stored = {f"x{i}" for i in case.weights}
    node = helper.make_node(
        case.op,
        ["" if value is None else f"x{i}" for i, value in enumerate(case.inputs)],
        [f"y{i}" for i in range(case.outputs)],
        domain=case.domain,
        **case.attributes,
    )
    arrays = [(name, numpy.asarray(value)) for name, value in present]
    kind = lambda array: helper.np_dtype_to_tensor_dtype(array.dtype)
    graph = helper.make_graph(
        [node],
        case.op,
        [helper.make_tensor_value_info(n, kind(a), a.shape) for n, a in arrays if n not in stored],
        [helper.make_empty_tensor_value_info(name) for name in node.output],
        [onnx.numpy_helper.from_array(a, n) for n, a in arrays if n in stored],
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    return model, {n: a for n, a in arrays if n not in stored}


def main():
    options = arguments(__doc__)
    session_options = onnxruntime.SessionOptions()
    session_options.log_severity_level = 4
    session_options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    tally = Tally(("operator", 34), ("shapes", 30), ("MACs", -12))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        for case in CASES:
            try:
                model, feeds = build(case)
                onnx.save(model, path)
                session = onnxruntime.InferenceSession(str(path), session_options, providers=["CPUExecutionProvider"])
                wanted = [list(made.shape) for made in session.run(None, feeds)]
                layer = inspect(options.weigh, path)["layers"][0]
            except Exception as error:  # whatever goes wrong is this operator's failure
                tally.failed(case.op, error)
                continue
            shapes = layer["output_shapes"]
            same = tally.check(case.op, "shapes", shapes == wanted, f"weigh says {shapes}, ONNX Runtime {wanted}")
            macs = layer["macs"]
            right = tally.check(case.op, "MACs", macs == case.macs, f"weigh says {macs}, by hand {case.macs}")
            tally.line(case.op, same, f"{macs} {right}")
    tally.close()


if __name__ == "__main__":
    main()
