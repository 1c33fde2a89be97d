"""Transforms and layers of Amalgam's networks in PyTorch; see reference.py."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_CHANNELS = 16
"""There is one attention head per 16 channels."""
SINUSOIDS = 64
"""How many sinusoids describe a timestep to the embedding."""


# Fixed transforms


def haar(x: Tensor) -> Tensor:
    """The orthonormal Haar transform: (N, C, H, W) -> (N, 4C, H/2, W/2), channels LL, HL, LH, HH in blocks of C; H and W even."""
    a, b = x[..., 0::2, 0::2], x[..., 0::2, 1::2]
    c, d = x[..., 1::2, 0::2], x[..., 1::2, 1::2]
    return torch.cat([a + b + c + d, a + b - c - d, a - b + c - d, a - b - c + d], dim=1) / 2


def inverse_haar(bands: Tensor) -> Tensor:
    """(N, 4C, H, W) -> (N, C, 2H, 2W)."""
    ll, hl, lh, hh = bands.chunk(4, dim=1)
    top = torch.stack([ll + hl + lh + hh, ll + hl - lh - hh], dim=-1).flatten(-2)
    bottom = torch.stack([ll - hl + lh - hh, ll - hl - lh + hh], dim=-1).flatten(-2)
    return torch.stack([top, bottom], dim=-2).flatten(-3, -2) / 2


def sinusoids(timesteps: Tensor, count: int = SINUSOIDS) -> Tensor:
    """sin(t f_i), then cos(t f_i), with f_i = 10000^(-i / (count/2)): (N) -> (N, count). Angles in double precision, as in the engine."""
    half = count // 2
    frequencies = torch.exp(-math.log(10_000) * torch.arange(half, dtype=torch.float64, device=timesteps.device) / half)
    angles = timesteps.to(torch.float64)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()


def modulate(x: Tensor, m: Tensor) -> Tensor:
    """FiLM (Perez et al. 2018): x (N, C, H, W) under m (N, 2C), the scales (around 1) and then the shifts."""
    scale, shift = m[:, :, None, None].chunk(2, dim=1)
    return x * (1 + scale) + shift


def transposed_attention(query: Tensor, key: Tensor, value: Tensor, temperature: Tensor) -> Tensor:
    """Channels attend to channels (MDTA, Zamir et al. 2022): all (N, C, H, W), temperature (heads); linear in the pixels.

    Softmax_j(temperature * cos(q_i, k_j)) v_j within each head, the channels of q and k being vectors over all pixels.
    """
    n, channels, height, width = query.shape
    heads = temperature.shape[0]
    q, k, v = (y.reshape(n, heads, channels // heads, height * width) for y in (query, key, value))
    logits = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-1, -2) * temperature[:, None, None]
    return (logits.softmax(dim=-1) @ v).reshape(n, channels, height, width)


# Layers


class Norm(nn.Module):
    """LayerNorm over the channels of each pixel."""

    def __init__(self, channels: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],), self.scale, self.shift, eps=1e-5)
        return y.permute(0, 3, 1, 2)


def convolution(kernel: int, inputs: int, outputs: int) -> nn.Conv2d:
    """Dense convolution with bias and zero padding, kernel 1 or 3."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


def depthwise(channels: int) -> nn.Conv2d:
    """3x3 convolution of each channel by itself."""
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels)


class Attention(nn.Module):
    """Transposed self-attention: 1x1, then 3x3 depthwise convolutions give query, key and value."""

    def __init__(self, channels: int):
        super().__init__()
        self.expand = convolution(1, channels, 3 * channels)
        self.local = depthwise(3 * channels)
        self.project = convolution(1, channels, channels)
        self.temperature = nn.Parameter(torch.ones(channels // HEAD_CHANNELS))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.local(self.expand(x)).chunk(3, dim=1)
        return self.project(transposed_attention(query, key, value, self.temperature))


class FeedForward(nn.Module):
    """Gated feed-forward (GDFN): GELU (tanh form) of one half times the other."""

    def __init__(self, channels: int):
        super().__init__()
        hidden = 2 * channels
        self.expand = convolution(1, channels, 2 * hidden)
        self.local = depthwise(2 * hidden)
        self.project = convolution(1, hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        gate, signal = self.local(self.expand(x)).chunk(2, dim=1)
        return self.project(F.gelu(gate, approximate="tanh") * signal)


class TransformerBlock(nn.Module):
    """Restormer's block: x + MDTA(LN(x)), then x + GDFN(LN(x))."""

    def __init__(self, channels: int):
        super().__init__()
        self.attention_norm = Norm(channels)
        self.attention = Attention(channels)
        self.feed_forward_norm = Norm(channels)
        self.feed_forward = FeedForward(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.feed_forward_norm(x))


class CrossAttention(nn.Module):
    """x plus the attention of x's queries to y's keys and values."""

    def __init__(self, channels: int):
        super().__init__()
        self.query_norm = Norm(channels)
        self.key_value_norm = Norm(channels)
        self.query = convolution(1, channels, channels)
        self.query_local = depthwise(channels)
        self.key_value = convolution(1, channels, 2 * channels)
        self.key_value_local = depthwise(2 * channels)
        self.project = convolution(1, channels, channels)
        self.temperature = nn.Parameter(torch.ones(channels // HEAD_CHANNELS))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        query = self.query_local(self.query(self.query_norm(x)))
        key, value = self.key_value_local(self.key_value(self.key_value_norm(y))).chunk(2, dim=1)
        return x + self.project(transposed_attention(query, key, value, self.temperature))


class HaarTransformerBlock(nn.Module):
    """The low Haar band through a Transformer block, the three detail bands through convolutions, joined again."""

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels
        self.transformer = TransformerBlock(channels)
        self.detail_local = depthwise(3 * channels)
        self.detail_mix = convolution(1, 3 * channels, 3 * channels)

    def forward(self, x: Tensor) -> Tensor:
        low, details = haar(x).split([self.channels, 3 * self.channels], dim=1)
        details = details + self.detail_mix(F.silu(self.detail_local(details)))
        return inverse_haar(torch.cat([self.transformer(low), details], dim=1))


class HaarDown(nn.Conv2d):
    """Half the height and width: Haar transform, then a mix of its bands."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(4 * inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(haar(x))


class HaarUp(nn.Conv2d):
    """Twice the height and width: four bands from a mix, then the inverse transform."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, 4 * outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return inverse_haar(super().forward(x))


class TimestepEmbedding(nn.Module):
    """(N) -> (N, channels): sinusoids, then two dense layers, each through SiLU."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Linear(SINUSOIDS, channels)
        self.second = nn.Linear(channels, channels)

    def forward(self, timesteps: Tensor) -> Tensor:
        return F.silu(self.second(F.silu(self.first(sinusoids(timesteps)))))


class ResidualBlock(nn.Module):
    """x + Conv(SiLU(FiLM_t(Conv(LN(x)))))."""

    def __init__(self, channels: int, embedding: int):
        super().__init__()
        self.norm = Norm(channels)
        self.first = convolution(3, channels, channels)
        self.modulation = nn.Linear(embedding, 2 * channels)
        self.second = convolution(3, channels, channels)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return x + self.second(F.silu(modulate(self.first(self.norm(x)), self.modulation(embedding))))
