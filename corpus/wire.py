"""Protocol-buffer wire format by hand, for files that the Python package of protobuf would refuse to make.

The field numbers are those of onnx.proto3.
"""


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, payload):
    payload = payload.encode() if isinstance(payload, str) else payload
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def node(op, inputs=(), outputs=(), name="", domain="", attributes=b""):
    return b"".join(
        [
            *(block(1, i) for i in inputs),
            *(block(2, o) for o in outputs),
            block(3, name),
            block(4, op),
            attributes,
            block(7, domain),
        ]
    )


def int_attribute(name, value):
    return block(5, block(1, name) + number(3, value) + number(20, 2))


def string_attribute(name, value):
    return block(5, block(1, name) + block(4, value) + number(20, 3))


def graph_attribute(name, graph_bytes):
    return block(5, block(1, name) + block(6, graph_bytes) + number(20, 5))


def tensor(name, dims, raw=None, external=None, kind=1):
    """A TensorProto, float32 unless said; `external` is the location of its data."""
    parts = [*(number(1, d) for d in dims), number(2, kind), block(8, name)]
    if raw is not None:
        parts.append(block(9, raw))
    if external is not None:
        parts += [block(13, block(1, "location") + block(2, external)), number(14, 1)]
    return b"".join(parts)


def value(name, dims, kind=1):
    """A ValueInfoProto of a tensor; a string among the dims is a symbol."""
    shape = b"".join(block(1, block(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return block(1, name) + block(2, block(1, number(1, kind) + block(2, shape)))


def graph(nodes=(), inputs=(), outputs=(), tensors=()):
    return b"".join(
        [
            *(block(1, n) for n in nodes),
            block(2, "g"),
            *(block(5, t) for t in tensors),
            *(block(11, i) for i in inputs),
            *(block(12, o) for o in outputs),
        ]
    )


def function(name, inputs, outputs, nodes, domain="local"):
    return b"".join(
        [
            block(1, name),
            *(block(4, i) for i in inputs),
            *(block(5, o) for o in outputs),
            *(block(7, n) for n in nodes),
            block(9, block(1, "") + number(2, 20)),
            block(9, block(1, domain) + number(2, 1)),
            block(10, domain),
        ]
    )


def model(graph_bytes, functions=()):
    return b"".join(
        [
            number(1, 10),
            block(8, block(1, "") + number(2, 20)),
            block(8, block(1, "local") + number(2, 1)) if functions else b"",
            block(7, graph_bytes),
            *(block(25, f) for f in functions),
        ]
    )
