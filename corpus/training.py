"""`weigh inspect --training` against what PyTorch counts and keeps in a training step.

Usage: training.py [--weigh PATH]

Models of the zoo stand beside those of torchvision, in training mode and with dropout off: the zoo's graphs are those of
inference and have none. FLOPs are those of PyTorch's flop counter, forward and backward. Its rule for the backward pass
of a convolution ignores groups (torch/utils/flop_counter.py, conv_backward_flop: the products of the weights' gradient
are counted as if every output channel saw every input channel), so it is also run with a rule that divides by them.
What is kept are the bytes of the different storages that autograd saves, parameters and buffers apart.

Where the zoo spells an activation out in several nodes, autograd keeps what each of them needs: the same network is then
measured with that spelling, and again with PyTorch's own function.
"""

import math

import torch
import torchvision
from harness import Tally, arguments, inspect
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

BATCH = 4
MODELS = ["resnet18", "resnet50", "mobilenet_v2", "vgg11", "squeezenet1_0", "densenet121", "vit_b_16"]
FLOPS_WITHIN, BYTES_WITHIN = 0.02, 0.10


class SpelledGelu(torch.nn.Module):
    """As the zoo writes it."""

    def forward(self, x):
        return x * (torch.erf(x / math.sqrt(2)) + 1) * 0.5


def convolution_backward(gradient, x, weights, bias, stride, padding, dilation, transposed, *rest, out_val, **_):
    """FLOPs of the gradients of a convolution: as many products each as forward, groups and all."""
    _, _, mask = rest
    made = x if transposed else gradient
    each = 2 * made.numel() * (weights.numel() // weights.shape[0])
    return each * sum(mask[:2])


convolution_backward._get_raw = True


def network(name, spelled):
    torch.manual_seed(0)
    net = getattr(torchvision.models, name)(weights=None).train()
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for child, inner in module.named_children():
            if spelled and isinstance(inner, torch.nn.GELU):
                setattr(module, child, SpelledGelu())
    return net


def step(name, spelled, rules=None):
    """FLOPs of a step, and bytes that its forward pass keeps."""
    net = network(name, spelled)
    x = torch.randn(BATCH, 3, 224, 224)
    own = {tensor.untyped_storage().data_ptr() for tensor in [*net.parameters(), *net.buffers()]}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            # The tensor is held, so that no other takes its address.
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    # The math form of attention shows its products; others count what they recompute.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False, custom_mapping=rules) as counter:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            y = net(x)
        y.sum().backward()
    return counter.get_total_flops(), sum(bytes for bytes, _ in kept.values())


def main():
    args = arguments(__doc__)
    tally = Tally(
        ("model", 24), ("FLOPs", -15), ("PyTorch", -15), ("by groups", -15), ("", -8), ("kept", -11), ("PyTorch", -11), ("", -8)
    )
    rules = {torch.ops.aten.convolution_backward: convolution_backward}
    for name in MODELS:
        ours = inspect(args.weigh, f"zoo:{name}", "--training", "--dim", f"batch={BATCH}")["training"]
        flops, kept = ours["step_flops"], ours["saved_activation_bytes"]
        forms = [True, False] if name.startswith("vit") else [False]
        for spelled in forms:
            raw, theirs = step(name, spelled)
            grouped, _ = step(name, spelled, rules)
            label = f"{name}, Erf spelled" if spelled else name
            off = flops / grouped - 1
            tally.check(label, "FLOPs", abs(off) <= FLOPS_WITHIN, f"{flops}, PyTorch {grouped}")
            more = kept / theirs - 1
            # With PyTorch's own function there is less to keep: shown, not held against the graph.
            if spelled or len(forms) == 1:
                tally.check(label, "bytes kept", abs(more) <= BYTES_WITHIN, f"{kept}, PyTorch {theirs}")
            tally.line(label, flops, raw, grouped, f"{off:+.2%}", kept, theirs, f"{more:+.2%}")
    tally.close()


if __name__ == "__main__":
    main()
