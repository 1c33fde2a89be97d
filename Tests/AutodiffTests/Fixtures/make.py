#!/usr/bin/env python3
"""Writes operations.safetensors beside itself: what PyTorch says of each operation. Needs torch and safetensors.

Everything is computed in double precision and narrowed at the end, so that what a test measures is the engine's error alone. The
leaves lie in the engine's layouts (images NHWC, dense weights HWIO, depthwise weights (3, 3, 1, C)) and are turned inside the graph:
autograd then hands the gradients back in the same layouts.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(20240611)
tensors = {}


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def convolution(x, weights, bias=None, residual=None):
    y = F.conv2d(nchw(x), weights.permute(3, 2, 0, 1), None if bias is None else bias.flatten(), padding=weights.shape[0] // 2)
    return nhwc(y) if residual is None else nhwc(y) + residual


def depthwise(x, weights, bias=None):
    groups = weights.shape[3]
    return nhwc(F.conv2d(nchw(x), weights.permute(3, 2, 0, 1), None if bias is None else bias.flatten(), padding=1, groups=groups))


def layer_norm(x, scale, shift):
    return F.layer_norm(x, (x.shape[3],), scale.flatten(), shift.flatten(), eps=1e-5)


def modulate(x, m):
    scale, shift = m.chunk(2, dim=3)
    return x * (1 + scale) + shift


def gelu_gate(x):
    a, b = x.chunk(2, dim=3)
    return F.gelu(a, approximate="tanh") * b


def attention(q, k, v, temperature):
    n, h, w, c = q.shape
    heads = temperature.numel()

    def split(x):
        return x.reshape(n, h * w, heads, c // heads).permute(0, 2, 3, 1)

    q, k, v = F.normalize(split(q), dim=-1), F.normalize(split(k), dim=-1), split(v)
    weights = (q @ k.transpose(-2, -1) * temperature.reshape(1, heads, 1, 1)).softmax(dim=-1)
    return (weights @ v).permute(0, 3, 1, 2).reshape(n, h, w, c)


def self_attention(x, temperature):
    return attention(*x.chunk(3, dim=3), temperature)


def cross_attention(x, y, temperature):
    return attention(x, *y.chunk(2, dim=3), temperature)


def haar(x):
    a, b, c, d = x[:, ::2, ::2], x[:, ::2, 1::2], x[:, 1::2, ::2], x[:, 1::2, 1::2]
    return torch.cat([a + b + c + d, a + b - c - d, a - b + c - d, a - b - c + d], dim=3) / 2


def inverse_haar(x):
    ll, hl, lh, hh = x.chunk(4, dim=3)
    top = torch.stack([ll + hl + lh + hh, ll + hl - lh - hh], dim=3)
    bottom = torch.stack([ll - hl + lh - hh, ll - hl - lh + hh], dim=3)
    n, h, w, _, c = top.shape
    return torch.stack([top, bottom], dim=2).reshape(n, 2 * h, 2 * w, c) / 2


def gaussian(x, rows, columns):
    return nhwc(F.conv2d(nchw(x), torch.outer(rows.flatten(), columns.flatten())[None, None]))


def record(case, function, constants=(), **shapes):
    """Draws inputs, runs the function forward and backward, and keeps everything under `case/`."""
    inputs = {name: torch.randn(shape, dtype=torch.float64) for name, shape in shapes.items()}
    for name, x in inputs.items():
        if name == "temperature":
            x.abs_().add_(0.5)
        # The engine sees the narrowed numbers; so must the reference.
        inputs[name] = x.float().double().requires_grad_(name not in constants)
    output = function(**inputs)
    gradient = torch.randn(output.shape).double()
    output.backward(gradient)
    keep = {"output": output, "output/gradient": gradient}
    for name, x in inputs.items():
        keep[name] = x
        if x.grad is not None:
            keep[name + "/gradient"] = x.grad
    for name, x in keep.items():
        tensors[f"{case}/{name}"] = x.detach().float().contiguous()


for i, (n, h, w, c, o) in enumerate([(1, 1, 1, 3, 2), (2, 5, 4, 6, 9), (1, 2, 7, 16, 17)]):
    for k in (1, 3):
        x, weights, bias, residual = (n, h, w, c), (k, k, c, o), (1, 1, 1, o), (n, h, w, o)
        if i < 2:
            record(f"convolution{k}-{i}", convolution, x=x, weights=weights)
        record(f"convolution{k}-bias-residual-{i}", convolution, x=x, weights=weights, bias=bias, residual=residual)
for i, (n, h, w, c) in enumerate([(1, 1, 1, 1), (2, 5, 3, 7), (1, 6, 7, 16)]):
    record(f"depthwise-{i}", depthwise, x=(n, h, w, c), weights=(3, 3, 1, c), bias=(1, 1, 1, c))
for i, (n, h, w, c) in enumerate([(1, 1, 1, 16), (2, 3, 3, 32), (1, 2, 3, 48)]):
    record(f"layer-norm-{i}", layer_norm, x=(n, h, w, c), scale=(1, 1, 1, c), shift=(1, 1, 1, c))
    record(f"modulate-each-{i}", modulate, x=(n, h, w, c), m=(n, 1, 1, 2 * c))
    record(f"modulate-all-{i}", modulate, x=(n, h, w, c), m=(1, 1, 1, 2 * c))
    record(f"silu-{i}", lambda x: F.silu(4 * x), x=(n, h, w, c))
    record(f"gelu-gate-{i}", gelu_gate, x=(n, h, w, 2 * c))
for i, (n, h, w, c, heads) in enumerate([(1, 1, 1, 2, 1), (2, 3, 3, 16, 1), (1, 4, 4, 12, 2), (1, 3, 3, 34, 2)]):
    record(f"self-attention-{i}", self_attention, x=(n, h, w, 3 * c), temperature=(1, 1, 1, heads))
    record(f"cross-attention-{i}", cross_attention, x=(n, h, w, c), y=(n, h, w, 2 * c), temperature=(1, 1, 1, heads))
for i, (n, h, w, c) in enumerate([(1, 2, 2, 1), (2, 4, 6, 3), (1, 2, 8, 8)]):
    record(f"haar-{i}", haar, x=(n, h, w, c))
    record(f"inverse-haar-{i}", inverse_haar, x=(n, h - 1, w - 1, 4 * c))
record("filter-0", gaussian, ("rows", "columns"), x=(2, 9, 12, 1), rows=(1, 1, 1, 4), columns=(1, 1, 1, 5))

save_file(tensors, Path(__file__).parent / "operations.safetensors")
