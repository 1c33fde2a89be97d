#!/usr/bin/env python3
"""Writes the fixtures of NetworksTests beside itself. Needs torch, numpy and safetensors.

layers.safetensors    layers forward and backward, their parameters under the names that the package gives them
training.safetensors  steps of torch.optim.AdamW behind torch.nn.utils.clip_grad_norm_, and sinusoidal embeddings
python.safetensors    a small file by the Python package, for the reader

Layers are computed in double precision and narrowed at the end; leaves lie in the engine's layouts (images NHWC, dense weights HWIO,
depthwise weights (3, 3, 1, C)) and are turned inside the graph.
"""

import math
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file

HERE = Path(__file__).parent
torch.manual_seed(20240612)
tensors = {}


def convolution(x, p, name, groups=1):
    weights, bias = p[name + ".weight"], p[name + ".bias"]
    y = F.conv2d(x.permute(0, 3, 1, 2), weights.permute(3, 2, 0, 1), bias.flatten(), padding=weights.shape[0] // 2, groups=groups)
    return y.permute(0, 2, 3, 1)


def depthwise(x, p, name):
    return convolution(x, p, name, groups=x.shape[3])


def norm(x, p, name):
    return F.layer_norm(x, (x.shape[3],), p[name + ".scale"].flatten(), p[name + ".shift"].flatten(), eps=1e-5)


def attention(q, k, v, temperature):
    n, h, w, c = q.shape
    heads = temperature.numel()

    def split(x):
        return x.reshape(n, h * w, heads, c // heads).permute(0, 2, 3, 1)

    q, k, v = F.normalize(split(q), dim=-1), F.normalize(split(k), dim=-1), split(v)
    weights = (q @ k.transpose(-2, -1) * temperature.reshape(1, heads, 1, 1)).softmax(dim=-1)
    return (weights @ v).permute(0, 3, 1, 2).reshape(n, h, w, c)


def transformer_block(x, p):
    q, k, v = depthwise(convolution(norm(x, p, "attention_norm"), p, "attention.expand"), p, "attention.local").chunk(3, dim=3)
    x = x + convolution(attention(q, k, v, p["attention.temperature"]), p, "attention.project")
    a, b = depthwise(convolution(norm(x, p, "feed_forward_norm"), p, "feed_forward.expand"), p, "feed_forward.local").chunk(2, dim=3)
    return x + convolution(F.gelu(a, approximate="tanh") * b, p, "feed_forward.project")


def cross_attention(x, p, y):
    q = depthwise(convolution(norm(x, p, "query_norm"), p, "query"), p, "query_local")
    k, v = depthwise(convolution(norm(y, p, "key_value_norm"), p, "key_value"), p, "key_value_local").chunk(2, dim=3)
    return x + convolution(attention(q, k, v, p["temperature"]), p, "project")


def residual_block(x, p, embedding):
    scale, shift = convolution(embedding, p, "modulation").chunk(2, dim=3)
    inner = convolution(norm(x, p, "norm"), p, "first") * (1 + scale) + shift
    return x + convolution(F.silu(inner), p, "second")


def embedding(p, t, count):
    half = count // 2
    angles = t.double()[:, None] * torch.exp(-math.log(10_000) * torch.arange(half).double() / half)
    x = torch.cat([angles.sin(), angles.cos()], dim=1).float().double()[:, None, None]
    return F.silu(convolution(F.silu(convolution(x, p, "first")), p, "second"))


def dense(p, name, kernel, inputs, outputs):
    p[name + ".weight"] = torch.randn(kernel, kernel, inputs, outputs) / math.sqrt(kernel * kernel * inputs)
    p[name + ".bias"] = 0.1 * torch.randn(1, 1, 1, outputs)


def local(p, name, channels):
    p[name + ".weight"] = torch.randn(3, 3, 1, channels) / 3
    p[name + ".bias"] = 0.1 * torch.randn(1, 1, 1, channels)


def scale_and_shift(p, name, channels):
    p[name + ".scale"] = 1 + 0.2 * torch.randn(1, 1, 1, channels)
    p[name + ".shift"] = 0.2 * torch.randn(1, 1, 1, channels)


def record(case, function, parameters, **inputs):
    """Runs a layer forward and backward; parameters under `case/name`, inputs under `case/input.name`."""
    p = {name: x.float().double().requires_grad_() for name, x in parameters.items()}
    inputs = {name: x.float().double().requires_grad_() for name, x in inputs.items()}
    output = function(p=p, **inputs)
    gradient = torch.randn(output.shape).double()
    output.backward(gradient)
    keep = {"output": output, "output/gradient": gradient}
    for name, x in [*p.items(), *(("input." + name, x) for name, x in inputs.items())]:
        keep[name], keep[name + "/gradient"] = x, x.grad
    for name, x in keep.items():
        tensors[f"{case}/{name}"] = x.detach().float().contiguous()


for i, (shape, heads, hidden) in enumerate([((2, 3, 5, 16), 2, 48), ((1, 1, 1, 16), 1, 16)]):
    p, c = {}, shape[3]
    scale_and_shift(p, "attention_norm", c)
    dense(p, "attention.expand", 1, c, 3 * c)
    local(p, "attention.local", 3 * c)
    dense(p, "attention.project", 1, c, c)
    p["attention.temperature"] = torch.rand(1, 1, 1, heads) + 0.5
    scale_and_shift(p, "feed_forward_norm", c)
    dense(p, "feed_forward.expand", 1, c, 2 * hidden)
    local(p, "feed_forward.local", 2 * hidden)
    dense(p, "feed_forward.project", 1, hidden, c)
    record(f"transformer-block-{i}", transformer_block, p, x=torch.randn(shape))

p, c = {}, 32
scale_and_shift(p, "query_norm", c)
scale_and_shift(p, "key_value_norm", c)
dense(p, "query", 1, c, c)
local(p, "query_local", c)
dense(p, "key_value", 1, c, 2 * c)
local(p, "key_value_local", 2 * c)
dense(p, "project", 1, c, c)
p["temperature"] = torch.rand(1, 1, 1, c // 16) + 0.5
record("cross-attention-0", cross_attention, p, x=torch.randn(2, 4, 3, c), y=torch.randn(2, 4, 3, c))

p, c = {}, 16
scale_and_shift(p, "norm", c)
dense(p, "first", 3, c, c)
dense(p, "modulation", 1, 16, 2 * c)
dense(p, "second", 3, c, c)
record("residual-block-0", residual_block, p, x=torch.randn(2, 5, 7, c), embedding=torch.randn(2, 1, 1, 16))

p = {}
dense(p, "first", 1, 12, 16)
dense(p, "second", 1, 16, 16)
record("timestep-embedding-0", lambda p: embedding(p, torch.tensor([0, 1, 37, 999]), 12), p)
save_file(tensors, HERE / "layers.safetensors")

# AdamW in double. The gradients' norms lie on both sides of the clip.
tensors = {}
decayed = torch.randn(3, 3, 2, 4).float().double().requires_grad_()
plain = torch.randn(1, 1, 1, 4).float().double().requires_grad_()
groups = [{"params": [decayed], "weight_decay": 0.05}, {"params": [plain], "weight_decay": 0.0}]
optimiser = torch.optim.AdamW(groups, lr=0.02, betas=(0.9, 0.999), eps=1e-8)
tensors["start.weight"], tensors["start.bias"] = decayed.detach().float().clone(), plain.detach().float().clone()
for step in range(8):
    size = [5.0, 0.01, 0.05, 20.0, 0.02, 1.0, 0.001, 0.3][step]
    for name, x in (("weight", decayed), ("bias", plain)):
        gradient = size * torch.randn(x.shape)
        tensors[f"{step}.{name}/gradient"] = gradient.clone()
        x.grad = gradient.double()
    norm_before = torch.nn.utils.clip_grad_norm_([decayed, plain], 1.0)
    optimiser.step()
    tensors[f"{step}.norm"] = norm_before.float().reshape(1)
    tensors[f"{step}.weight"], tensors[f"{step}.bias"] = decayed.detach().float().clone(), plain.detach().float().clone()

times = torch.tensor([0, 1, 2, 499, 1000])
angles = times.double()[:, None] * torch.exp(-math.log(10_000) * torch.arange(16).double() / 16)
tensors["sinusoids"] = torch.cat([angles.sin(), angles.cos()], dim=1).float()
save_file(tensors, HERE / "training.safetensors")

numbers = {
    "scalar": numpy.array(2.5, dtype=numpy.float32),
    "vector": numpy.array([1.0, -0.0, 3.4028235e38], dtype=numpy.float32),
    "grid.weight": numpy.arange(6, dtype=numpy.float32).reshape(2, 3),
    "four": numpy.arange(-4, 4, dtype=numpy.float32).reshape(1, 2, 2, 2),
}
save_arrays(numbers, HERE / "python.safetensors", metadata={"made by": "the Python package", "ümlaut": "µ"})
